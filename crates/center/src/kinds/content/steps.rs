//! The steps that create and change what can be drafted.

use super::{Draftable, wants_draft};
use crate::plan::{
    Action, Change, Check, StepCall, StepsOf, Stub, fingerprint, made, tag_changes, tags_to_set,
};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_flow::{content, reference};

/// Whether a body as a document says it is a stub that an apply of ours left behind.
pub(crate) fn is_stub_of_ours(body: &Map<String, Value>) -> bool {
    super::is_stub(body)
}

/// The content of a stub for a flow or module whose body as a document this is; None for other kinds.
pub(crate) fn stub_for(kind: &str, body: &Map<String, Value>) -> Option<Value> {
    match kind {
        "flow" => {
            let flow_type = body.get("type").and_then(Value::as_str).unwrap_or("CONTACT_FLOW");
            crate::kinds::flow::stub_content(flow_type)
        }
        "module" => Some(crate::kinds::module::stub_content()),
        _ => None,
    }
}

fn whole_content(body: &Map<String, Value>) -> Value {
    let logic = body.get("content").cloned().unwrap_or_default();
    json!({ "$json": content::join(logic, body.get("layout").cloned()) })
}

/// What travels beside the content; what the document no longer says is sent as an empty object.
fn beside_content(draftable: &Draftable, change: &Change<'_>) -> Map<String, Value> {
    let member = |(field, member): &(&str, &str)| {
        let wanted = change.wanted.body.get(*field).cloned();
        let value = wanted.or_else(|| change.differs(field).then(|| json!({})))?;
        let text = if value.is_string() { value } else { json!({ "$json": value }) };
        Some(((*member).to_owned(), text))
    };
    draftable.beside_content.iter().filter_map(member).collect()
}

/// The call that writes content: `draft` decides whether callers hear it.
fn content_call(
    draftable: &Draftable,
    change: &Change<'_>,
    steps: &StepsOf<'_>,
    content: Value,
    draft: bool,
) -> StepCall {
    let mut input = Map::new();
    let id = steps.own_id();
    input.insert(
        draftable.spec.id_member.to_owned(),
        json!(if draft { format!("{id}:$SAVED") } else { id }),
    );
    input.insert("Content".to_owned(), content);
    input.extend(beside_content(draftable, change));
    steps.connect_call(draftable.update_content, input)
}

/// Creates with content; the stub and the later content stand by for cycles.
pub(in crate::kinds) fn create(
    draftable: &'static Draftable,
    change: &Change<'_>,
    steps: &mut StepsOf<'_>,
    mut input: Map<String, Value>,
    stub: &Value,
    published_stub: bool,
) {
    let (spec, body) = (draftable.spec, &change.wanted.body);
    let draft = wants_draft(change.wanted);
    input.insert(spec.name_member.to_owned(), json!(reference::escape(steps.name)));
    if let Some(description) = body.get("description") {
        input.insert("Description".to_owned(), description.clone());
    }
    input.insert("Tags".to_owned(), tags_to_set(spec, body, change));
    input.extend(beside_content(draftable, change));
    let with = |content: Value, published: bool| {
        let mut input = input.clone();
        input.insert("Content".to_owned(), content);
        if draftable.create_takes_status {
            input.insert("Status".to_owned(), json!(if published { "PUBLISHED" } else { "SAVED" }));
        }
        input
    };
    let stub_text = json!({ "$json": stub });
    let own_draft = content_call(draftable, change, steps, whole_content(body), true);
    let later = content_call(draftable, change, steps, whole_content(body), draft);
    let create = spec.create.as_ref().map(|c| (c, c.operation));
    let Some((create, operation)) = create else { return };
    let stub_call = steps.connect_call(operation, with(stub_text.clone(), published_stub));
    let as_draft = if draftable.create_takes_status {
        vec![steps.connect_call(operation, with(whole_content(body), false))]
    } else {
        vec![stub_call.clone(), own_draft.clone()]
    };
    // What cannot be created as a draft is created as a stub, and its draft written after.
    let stub_first = draft && !draftable.create_takes_status;
    let first = if stub_first { stub_text } else { whole_content(body) };
    made(steps, spec, create, with(first, !draft));
    let position = steps.steps.len() - 1;
    let action = if draft { Action::Update } else { Action::Publish };
    let content_step = {
        let step = steps.step(action, later);
        step.as_draft = if draft { Vec::new() } else { vec![own_draft] };
        steps.steps.pop().expect("just pushed")
    };
    if stub_first {
        steps.steps.push(content_step);
    } else {
        let step = &mut steps.steps[position];
        step.as_draft = if draft { Vec::new() } else { as_draft };
        step.stub = Some(Stub { create: stub_call, content: Box::new(content_step) });
    }
    if body.get("state") == Some(&json!("archived")) {
        let mut input = Map::new();
        input.insert(spec.id_member.to_owned(), json!(steps.own_id()));
        input.insert(draftable.state_member.to_owned(), json!("ARCHIVED"));
        steps.connect(Action::Update, draftable.update_metadata, input);
    }
}

/// Changes content, description, state and tags of what is there.
pub(in crate::kinds) fn update(
    draftable: &'static Draftable,
    change: &Change<'_>,
    steps: &mut StepsOf<'_>,
) {
    let spec = draftable.spec;
    let Some(live) = change.live else { return };
    let body = &change.wanted.body;
    if draftable.content_members.iter().chain(&["status"]).any(|f| change.differs(f)) {
        let draft = wants_draft(change.wanted);
        let only_status = !draftable.content_members.iter().any(|f| change.differs(f));
        let action = if only_status { Action::Publish } else { Action::Update };
        let call = content_call(draftable, change, steps, whole_content(body), draft);
        let fallback = content_call(draftable, change, steps, whole_content(body), true);
        let step = steps.step(action, call);
        step.as_draft = if draft { Vec::new() } else { vec![fallback] };
        step.check = saved_check(draftable, live);
    }
    let (described, state) = (change.differs("description"), change.differs("state"));
    if described || state {
        let mut input = Map::new();
        input.insert(spec.id_member.to_owned(), json!(live.id));
        if described {
            input.insert(
                "Description".to_owned(),
                body.get("description").cloned().unwrap_or_else(|| json!("")),
            );
        }
        if state {
            let archived = body.get("state") == Some(&json!("archived"));
            input.insert(
                draftable.state_member.to_owned(),
                json!(if archived { "ARCHIVED" } else { "ACTIVE" }),
            );
        }
        let seen = [(described, "description"), (state, "state")];
        let seen: Vec<&str> = seen.into_iter().filter(|(d, _)| *d).map(|(_, f)| f).collect();
        let step = steps.connect(Action::Update, draftable.update_metadata, input);
        step.check = saved_read(draftable, live, &seen, &live.body);
    }
    tag_changes(spec, change, steps);
}

/// Drafts that name each other can be published only if one of them is published as a stub first:
/// until now nobody could reach it, so nobody hears the stub.
pub(in crate::kinds) fn publish_in_cycles(
    draftable: &'static Draftable,
    change: &Change<'_>,
    steps: &mut StepsOf<'_>,
    stub: &Value,
) {
    let saved_only = change.live.is_some_and(|l| l.body.get("status") == Some(&json!("saved")));
    if !saved_only || wants_draft(change.wanted) {
        return;
    }
    let ours = |s: &crate::plan::Step| {
        let named = (s.kind.as_str(), s.name.as_str()) == (draftable.spec.name, steps.name);
        named && s.call.operation == draftable.update_content
    };
    let Some(position) = steps.steps.iter().position(ours) else { return };
    let create = content_call(draftable, change, steps, json!({ "$json": stub }), false);
    let (call, as_draft) = {
        let step = &steps.steps[position];
        (step.call.clone(), step.as_draft.clone())
    };
    steps.step(Action::Publish, call).as_draft = as_draft;
    let content = steps.steps.pop().expect("just pushed");
    let step = &mut steps.steps[position];
    step.provides = Some((draftable.spec.name.to_owned(), steps.name.to_owned()));
    step.stub = Some(Stub { create, content: Box::new(content) });
}

/// The read before content is written: what is saved must be what the plan saw, draft or not.
pub(in crate::kinds) fn saved_check(draftable: &Draftable, live: &Resource) -> Option<Check> {
    let mut seen = live.body.clone();
    if let Some(draft) = &live.draft {
        seen.shift_remove("layout");
        seen.extend(draft.clone());
    }
    saved_read(draftable, live, draftable.content_members, &seen)
}

/// The read of what is saved, there being something published or not.
pub(in crate::kinds) fn saved_read(
    draftable: &Draftable,
    live: &Resource,
    fields: &[&str],
    seen: &Map<String, Value>,
) -> Option<Check> {
    let describe = draftable.spec.describe.as_ref()?;
    let id = format!("{}:$SAVED", live.id);
    let input = json!({ "InstanceId": "${instance.id:this}", draftable.spec.id_member: id });
    Some(Check {
        fields: fields.iter().map(|f| (*f).to_owned()).collect(),
        fingerprint: fingerprint(fields, seen),
        ..Check::by(describe.operation, input)
    })
}
