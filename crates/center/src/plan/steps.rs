//! Steps of one resource, by the data of its kind.

use super::{Action, Adopt, Change, Step, StepCall, before};
use crate::document::tags_key;
use crate::kind::{Create, Members, Spec, Update};
use crate::ownership::TAGS_AT_MOST;
use crate::portable::id_field;
use crate::read::{as_map, json_of};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_flow::reference::{self, Reference};
use trunkline_flow::rewrite;
use trunkline_model::Diagnostic;

/// The tag that says which project made a resource.
pub const PROJECT_TAG: &str = "trunkline:project";

/// Collects the steps of one resource.
pub struct StepsOf<'a> {
    /// The kind's data.
    pub spec: &'static Spec,
    /// The kind's way to shape input.
    pub kind: &'static dyn crate::kind::Kind,
    /// The resource's name.
    pub name: &'a str,
    /// Where the steps go.
    pub steps: &'a mut Vec<Step>,
    /// Warnings and notes go here.
    pub findings: &'a mut Vec<Diagnostic>,
}

impl StepsOf<'_> {
    /// The reference to the resource's own id.
    pub fn own_id(&self) -> String {
        Reference::new(self.spec.name, self.name).form("id").to_string()
    }

    /// The name as the service has it, escaped for a step's input.
    pub fn own_name(&self) -> String {
        reference::escape(&self.spec.own_name(self.name))
    }

    /// Adds a step with a Connect call; the instance's id is added to the input.
    pub fn connect(
        &mut self,
        action: Action,
        operation: &str,
        input: Map<String, Value>,
    ) -> &mut Step {
        let call = self.connect_call(operation, input);
        self.step(action, call)
    }

    /// Makes a Connect call: instance id, explicit id forms, and the kind's own shape.
    pub fn connect_call(&self, operation: &str, mut input: Map<String, Value>) -> StepCall {
        let mut value = Value::Object(std::mem::take(&mut input));
        explicit_ids(self.spec, &mut value);
        let mut input = as_map(value);
        self.kind.input(operation, &mut input);
        let mut whole = Map::new();
        whole.insert("InstanceId".to_owned(), json!("${instance.id:this}"));
        whole.extend(input);
        let (service, operation) = ("connect".to_owned(), operation.to_owned());
        StepCall { service, operation, input: Value::Object(whole), attachment: None }
    }

    /// Adds a step.
    pub fn step(&mut self, action: Action, call: StepCall) -> &mut Step {
        let base = format!("{}/{}/{}", self.spec.name, self.name, call.operation);
        let again = format!("{base}#");
        let own = |s: &&Step| s.kind == self.spec.name && s.name == self.name;
        let own = self.steps.iter().rev().take_while(own);
        let same = own.filter(|s| s.id == base || s.id.starts_with(&again)).count();
        let id = if same == 0 { base } else { format!("{base}#{}", same + 1) };
        let (kind, name) = (self.spec.name.to_owned(), self.name.to_owned());
        self.steps.push(Step {
            id,
            action,
            kind,
            name,
            call,
            provides: None,
            made: None,
            needs: Vec::new(),
            after: Vec::new(),
            check: None,
            lists: Vec::new(),
            as_draft: Vec::new(),
            adopt: None,
            stub: None,
        });
        self.steps.last_mut().expect("just pushed")
    }
}

/// The steps of a resource whose kind is all data.
pub fn by_spec(spec: &'static Spec, change: &Change<'_>, steps: &mut StepsOf<'_>) {
    match change.live {
        None => create(spec, change, steps),
        Some(_) => update(spec, change, steps),
    }
}

fn create(spec: &'static Spec, change: &Change<'_>, steps: &mut StepsOf<'_>) {
    let Some(create) = &spec.create else { return };
    let body = &change.wanted.body;
    let mut input = Map::new();
    input.insert(spec.name_member.to_owned(), json!(steps.own_name()));
    for field in create.fields {
        if let Some(value) = body.get(*field) {
            let members = spec.members.iter().find(|m| m.field == *field);
            input.insert((*field).to_owned(), first_batch(value, members));
        }
    }
    if create.tags {
        input.insert("Tags".to_owned(), tags_to_set(spec, body, change));
    }
    made(steps, spec, create, input);
    for update in spec.updates {
        let later: Vec<_> = update.fields.iter().filter(|f| !create.fields.contains(f)).collect();
        if later.iter().any(|f| body.contains_key(**f)) {
            push_update(spec, update, change, steps);
        }
    }
    for members in spec.members {
        let wanted = list(body.get(members.field));
        let skip = if create.fields.contains(&members.field) { members.batch } else { 0 };
        batches(steps, spec, members.associate, members, wanted.into_iter().skip(skip).collect());
    }
}

/// Adds the create step of a resource.
pub fn made(
    steps: &mut StepsOf<'_>,
    spec: &'static Spec,
    create: &Create,
    input: Map<String, Value>,
) {
    let (id, arn) = create.made;
    let key = (spec.name.to_owned(), steps.name.to_owned());
    let adopt = spec.list.as_ref().map(|list| {
        let own = str::to_owned;
        let (i, a, n) = list.members;
        let mut list_input = as_map(json_of(list.input));
        list_input.extend(beside(spec, &input, true));
        Adopt {
            list: (own(list.operation), own(list.items), own(i), own(a), own(n)),
            list_input: Value::Object(list_input),
        }
    });
    let step = steps.connect(Action::Create, create.operation, input);
    step.provides = Some(key);
    step.made = Some((id.to_owned(), arn.to_owned()));
    step.adopt = adopt;
}

fn update(spec: &'static Spec, change: &Change<'_>, steps: &mut StepsOf<'_>) {
    let stays = |f: &&str| spec.kept.contains(f) && !change.wanted.body.contains_key(*f);
    for update in spec.updates {
        if update.fields.iter().any(|f| change.differs(f) && !stays(f)) {
            push_update(spec, update, change, steps);
        }
    }
    for field in spec.kept.iter().filter(|f| change.differs(f) && stays(f)) {
        let message = format!("`{field}` stays as it is: the service cannot empty it");
        let found = Diagnostic::warning("TL0406", message).on(change.wanted.subject());
        steps.findings.push(found.help("write the text that it shall have into the document"));
    }
    for members in spec.members {
        if change.differs(members.field) {
            change_members(spec, members, change, steps);
        }
    }
    tag_changes(spec, change, steps);
}

fn push_update(spec: &'static Spec, update: &Update, change: &Change<'_>, steps: &mut StepsOf<'_>) {
    let mut input = beside(spec, &change.wanted.body, false);
    input.insert(spec.id_member.to_owned(), json!(steps.own_id()));
    if update.name {
        input.insert(spec.name_member.to_owned(), json!(steps.own_name()));
    }
    for field in update.fields {
        match change.wanted.body.get(*field) {
            Some(value) => {
                input.insert((*field).to_owned(), value.clone());
            }
            // What the document no longer says is emptied where it can be.
            None if spec.kept.contains(field) => {}
            None => {
                let before = change.before.and_then(|b| b.get(*field));
                input.extend(before.and_then(emptied).map(|v| ((*field).to_owned(), v)));
            }
        }
    }
    let name = steps.name;
    let step = steps.connect(Action::Update, update.operation, input);
    if let Some(live) = change.live {
        (step.check, step.lists) = before::checks(spec, update.fields, live);
        if let Some(check) = step.check.as_mut().filter(|_| update.name && spec.rename.is_some()) {
            check.names = before::names(spec, name, live);
        }
    }
}

/// What stands for nothing in the place of a value; None where nothing does.
fn emptied(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(json!("")),
        Value::Array(_) => Some(json!([])),
        Value::Object(_) => Some(json!({})),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The members that stand beside the id; as ids where `explicit` and they are references.
pub fn beside(spec: &Spec, body: &Map<String, Value>, explicit: bool) -> Map<String, Value> {
    let chosen = spec.beside.iter();
    let chosen = chosen.filter_map(|f| Some(((*f).to_owned(), body.get(*f)?.clone())));
    let mut members = Value::Object(chosen.collect());
    if explicit {
        explicit_ids(spec, &mut members);
    }
    as_map(members)
}

fn list(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn first_batch(value: &Value, members: Option<&Members>) -> Value {
    match (members, value) {
        (Some(members), Value::Array(items)) => {
            Value::Array(items.iter().take(members.batch).cloned().collect())
        }
        _ => value.clone(),
    }
}

fn batches(
    steps: &mut StepsOf<'_>,
    spec: &'static Spec,
    (operation, member): (&str, &str),
    members: &Members,
    items: Vec<Value>,
) {
    for batch in items.chunks(members.batch) {
        let mut input = Map::new();
        input.insert(spec.id_member.to_owned(), json!(steps.own_id()));
        input.insert(member.to_owned(), Value::Array(batch.to_vec()));
        steps.connect(Action::Associate, operation, input);
    }
}

fn change_members(
    spec: &'static Spec,
    members: &Members,
    change: &Change<'_>,
    steps: &mut StepsOf<'_>,
) {
    let before = list(change.before.and_then(|b| b.get(members.field)));
    let after = list(change.wanted.body.get(members.field));
    let has = |items: &[Value], item: &Value| {
        items.iter().find(|i| (members.key)(i) == (members.key)(item)).cloned()
    };
    let added = after.iter().filter(|i| has(&before, i).is_none()).cloned().collect();
    let changed: Vec<Value> =
        after.iter().filter(|i| has(&before, i).is_some_and(|b| b != **i)).cloned().collect();
    let gone = before.iter().filter(|i| has(&after, i).is_none()).cloned().collect();
    let known = steps.steps.len();
    // Additions first: a caller in between finds more, never less.
    let mut all: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    let mut batch = |call: (&str, &str), items: Vec<Value>, keys: bool| {
        for items in items.chunks(members.batch) {
            let was = items.iter().filter_map(|i| has(&before, i)).collect();
            let is = items.iter().filter_map(|i| has(&after, i)).collect();
            all.push((was, is));
        }
        let sent = if keys { items.iter().map(members.key).collect() } else { items };
        batches(steps, spec, call, members, sent);
    };
    batch(members.associate, added, false);
    if let Some(update) = members.update {
        batch(update, changed, false);
    }
    batch(members.disassociate, gone, true);
    let Some(live) = change.live else { return };
    for (step, touched) in steps.steps[known..].iter_mut().zip(all) {
        step.check = before::members(spec, members, touched, live);
    }
}

/// The tags of a new resource: the document's, and the project's own.
pub fn tags_to_set(spec: &Spec, body: &Map<String, Value>, change: &Change<'_>) -> Value {
    let mut tags = as_map(body.get(tags_key(spec.format)).cloned().unwrap_or_default());
    if tags.len() >= TAGS_AT_MOST {
        // No room for ours: the ledger says whose it is.
        return Value::Object(tags);
    }
    tags.insert(PROJECT_TAG.to_owned(), json!(reference::escape(&change.options.project)));
    Value::Object(tags)
}

/// Adds the steps that set and remove tags of a resource that is there.
pub fn tag_changes(spec: &'static Spec, change: &Change<'_>, steps: &mut StepsOf<'_>) {
    let key = tags_key(spec.format);
    if !change.differs(key) {
        return;
    }
    let Some(live) = change.live else { return };
    let said = as_map(change.before.and_then(|b| b.get(key)).cloned().unwrap_or_default());
    let after = as_map(change.wanted.body.get(key).cloned().unwrap_or_default());
    let set: Map<String, Value> = after
        .iter()
        .filter(|(k, v)| said.get(*k) != Some(v))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let unset: Vec<&String> = said.keys().filter(|k| !after.contains_key(*k)).collect();
    let call = |operation: &str, member: &str, value: Value| StepCall {
        service: "connect".to_owned(),
        operation: operation.to_owned(),
        input: json!({ "resourceArn": live.arn, member: value }),
        attachment: None,
    };
    let both = after.keys().filter(|k| !said.contains_key(*k)).count() + said.len();
    // With old and new together there may be no room: then the old ones go first.
    let freed = (TAGS_FREED.to_owned(), format!("{}/{}", spec.name, steps.name));
    let crowded = both + others(live, &said) > TAGS_AT_MOST;
    if !set.is_empty() {
        let check = before::check_tags(spec, live, &set, &[]);
        let step = steps.step(Action::Update, call("TagResource", "tags", Value::Object(set)));
        step.after.extend(crowded.then(|| freed.clone()));
        step.check = check;
    }
    if !unset.is_empty() {
        let step = steps.step(Action::Update, call("UntagResource", "tagKeys", json!(unset)));
        step.provides = crowded.then_some(freed);
        step.check = before::check_tags(spec, live, &Map::new(), &unset);
    }
}

/// The kind under which the ordering knows that there is room for tags; no reference can have it.
const TAGS_FREED: &str = "(tags freed)";

/// How many tags a resource has that no document says; AWS does not count its own.
fn others(live: &Resource, said: &Map<String, Value>) -> usize {
    live.tags.keys().filter(|k| !said.contains_key(*k) && !k.starts_with("aws:")).count()
}

/// The error for more tags than a resource carries, the project's own among them.
pub(super) fn too_many_tags(spec: &Spec, change: &Change<'_>) -> Option<Diagnostic> {
    let key = tags_key(spec.format);
    if !change.differs(key) {
        return None;
    }
    let of = |body: Option<&Map<String, Value>>| {
        as_map(body.and_then(|b| b.get(key)).cloned().unwrap_or_default())
    };
    let (before, after) = (of(change.before), of(Some(&change.wanted.body)));
    let others = change.live.map_or(0, |live| others(live, &before));
    let all = after.len() + others;
    (all > TAGS_AT_MOST).then(|| {
        let message = format!("it would have {all} tags; there is room for {TAGS_AT_MOST}");
        let found = Diagnostic::error("TL0423", message).on(change.wanted.subject()).path(key);
        let found = match others {
            0 => found,
            _ => found.because(format!("{others} of them are not the document's: Trunkline's own")),
        };
        found.help("take tags out of the document")
    })
}

/// Gives references in id fields their form: such a field holds the id, every other place the ARN.
pub(crate) fn explicit_ids(spec: &Spec, input: &mut Value) {
    let walked = rewrite::map_strings::<()>(input, &mut |path, text| {
        let form = match id_field(spec.ids, path) {
            None | Some("bucket" | "key" | "origin") => return Ok(None),
            Some("number") => "number",
            Some(_) => "id",
        };
        let reference = Reference::whole(text).filter(|r| r.form.is_none());
        Ok(reference.map(|r| r.form(form).to_string()))
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
}
