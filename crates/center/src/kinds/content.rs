//! What flows and modules share: content and layout, drafts, publishing, stubs.

use crate::cloud::CallError;
use crate::document::Document;
use crate::kind::{Kind, Spec};
use crate::plan::{
    Action, Change, Check, StepCall, StepsOf, Stub, fingerprint, made, tag_changes, tags_to_set,
};
use crate::read::{Reader, Summary, as_map, is_empty, json_of, resource_of, text};
use crate::resource::Resource;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use trunkline_flow::{canonical, compare, content, reference};
use trunkline_model::Diagnostic;

/// The identifier that tells a stub of ours from somebody's draft.
const STUB_IDENTIFIER: &str = "trunkline-stub";
const DESCRIBES_AT_ONCE: usize = 16;

/// How a kind with drafts calls things.
pub(super) struct Draftable {
    /// The kind's data.
    pub(super) spec: &'static Spec,
    /// The member of a List row that says SAVED.
    pub(super) status_of_summary: &'static str,
    /// What Describe answers for something that was never published.
    pub(super) not_published: &'static str,
    /// Changes the content.
    pub(super) update_content: &'static str,
    /// Changes description and state.
    pub(super) update_metadata: &'static str,
    /// The member of the metadata call that archives.
    pub(super) state_member: &'static str,
    /// Whether create takes `Status`.
    pub(super) create_takes_status: bool,
    /// Fields that the content call writes.
    pub(super) content_members: &'static [&'static str],
    /// Fields that travel beside the content as JSON in a text, and the members that take them.
    pub(super) beside_content: &'static [(&'static str, &'static str)],
}

/// A stub's content.
pub(super) fn stub_of(action: &str, parameters: Value, transitions: Value) -> Value {
    json!({
        "Version": "2019-10-30",
        "StartAction": STUB_IDENTIFIER,
        "Actions": [{
            "Identifier": STUB_IDENTIFIER, "Type": action,
            "Parameters": parameters, "Transitions": transitions,
        }],
    })
}

/// Whether a body holds a stub that an interrupted apply left behind.
fn is_stub(body: &Map<String, Value>) -> bool {
    let content = body.get("content");
    content.and_then(|c| c.get("StartAction")).and_then(Value::as_str) == Some(STUB_IDENTIFIER)
}

/// Splits the answer's `Content` into content and layout, and gives the other fields the document's names.
pub(super) fn normalise(body: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = body.shift_remove("Content") {
        let (logic, layout) = match serde_json::from_str::<Value>(&text) {
            Ok(whole) => content::split(whole),
            // The service keeps what it was given; what does not parse stays a text.
            Err(_) => (Value::String(text), None),
        };
        body.insert("content".to_owned(), logic);
        if let Some(layout) = layout {
            body.insert("layout".to_owned(), layout);
        }
    }
    let renamed = [
        ("Type", "type"),
        ("Description", "description"),
        ("Status", "status"),
        ("State", "state"),
    ];
    for (theirs, ours) in renamed {
        if let Some(Value::String(text)) = body.shift_remove(theirs) {
            let lower = matches!(ours, "status" | "state");
            body.insert(ours.to_owned(), json!(if lower { text.to_lowercase() } else { text }));
        }
    }
    if body.get("state") == Some(&json!("active")) {
        body.shift_remove("state");
    }
}

/// Reads all: content from Search where it returns it, else one Describe each; drafts where asked for.
pub(super) async fn read(
    kind: &dyn Kind,
    draftable: &Draftable,
    reader: &Reader<'_>,
) -> Result<Vec<Resource>, CallError> {
    let spec = draftable.spec;
    let Some(list) = &spec.list else { return Ok(Vec::new()) };
    let (set, found) = futures_util::try_join!(
        reader.pages(list.operation, list.items, json_of(list.input)),
        search(draftable, reader)
    )?;
    let (id, arn, name) = list.members;
    stream::iter(set.into_iter().map(|row| {
        let summary = Summary { id: text(&row, id), arn: text(&row, arn), name: text(&row, name) };
        let saved = text(&row, draftable.status_of_summary).eq_ignore_ascii_case("saved");
        let known = found.get(&summary.id).filter(|b| {
            !saved
                && !reader.options.recent.contains(&summary.id)
                && b.get("Name").and_then(Value::as_str) == Some(&summary.name)
        });
        let known = known.cloned();
        async move {
            let body = match known {
                Some(body) => Some(body),
                None => describe_one(draftable, reader, &summary.id, saved).await?,
            };
            let Some(body) = body else { return Ok(None) };
            let mut resource = resource_of(kind, &summary, body);
            resource.retired = resource.body.get("state") == Some(&json!("archived"));
            if reader.options.drafts {
                read_draft(kind, draftable, reader, &mut resource).await?;
            }
            Ok(Some(resource))
        }
    }))
    .buffer_unordered(DESCRIBES_AT_ONCE)
    .try_filter_map(|found| async move { Ok(found) })
    .try_collect()
    .await
}

async fn search(
    draftable: &Draftable,
    reader: &Reader<'_>,
) -> Result<BTreeMap<String, Map<String, Value>>, CallError> {
    let mut found = BTreeMap::new();
    let Some(search) =
        draftable.spec.search.as_ref().filter(|_| reader.options.search_returns_content)
    else {
        return Ok(found);
    };
    let input = json!({ "MaxResults": search.page });
    for row in reader.pages(search.operation, search.items, input).await? {
        // Whether Search returns the content is a belief; a row without it is described.
        if row.get("Content").is_some_and(|c| !is_empty(c)) {
            found.insert(text(&row, "Id"), as_map(row));
        }
    }
    Ok(found)
}

async fn describe_one(
    draftable: &Draftable,
    reader: &Reader<'_>,
    id: &str,
    saved: bool,
) -> Result<Option<Map<String, Value>>, CallError> {
    let draft = format!("{id}:$SAVED");
    let first =
        crate::read::describe(reader, draftable.spec, if saved { &draft } else { id }).await;
    let body = match first {
        Err(error) if error.is(draftable.not_published) => {
            crate::read::describe(reader, draftable.spec, &draft).await?
        }
        other => other?,
    };
    Ok(body.map(|mut body| {
        if saved {
            body.insert("Status".to_owned(), json!("SAVED"));
        }
        body
    }))
}

/// Reads what is saved beside what is published, where it differs.
pub(super) async fn read_draft(
    kind: &dyn Kind,
    draftable: &Draftable,
    reader: &Reader<'_>,
    resource: &mut Resource,
) -> Result<(), CallError> {
    if resource.body.get("status") == Some(&json!("saved")) || resource.draft.is_some() {
        return Ok(());
    }
    let draft = format!("{}:$SAVED", resource.id);
    if let Some(mut body) = crate::read::describe(reader, draftable.spec, &draft).await? {
        kind.normalise(&mut body);
        let of = |body: &Map<String, Value>| -> Map<String, Value> {
            let chosen = draftable.content_members.iter();
            chosen.filter_map(|m| Some(((*m).to_owned(), body.get(*m)?.clone()))).collect()
        };
        let (draft, published) = (of(&body), of(&resource.body));
        if draft != published {
            resource.draft = Some(draft);
        }
    }
    Ok(())
}

fn wants_draft(wanted: &Document) -> bool {
    wanted.body.get("status") == Some(&json!("saved"))
}

/// Held against a wanted draft: the draft where there is one, else what is published.
pub(super) fn comparable(resource: &Resource, wanted: &Document) -> Map<String, Value> {
    let mut body = resource.body.clone();
    if wants_draft(wanted) {
        overlay(&mut body, resource);
    }
    body
}

fn overlay(body: &mut Map<String, Value>, resource: &Resource) {
    if let Some(draft) = &resource.draft {
        body.shift_remove("layout");
        body.extend(draft.clone());
    }
    body.insert("status".to_owned(), json!("saved"));
}

/// What is exported: the published content; with `drafts` the draft.
pub(super) fn exportable(resource: &Resource, drafts: bool) -> Option<Map<String, Value>> {
    let mut body = resource.body.clone();
    let saved_only = body.get("status") == Some(&json!("saved"));
    if saved_only && !drafts || is_stub(&body) && resource.draft.is_none() {
        return None;
    }
    if drafts && (resource.draft.is_some() || saved_only) {
        overlay(&mut body, resource);
    }
    Some(body)
}

/// Canonical key order of content and layout.
pub(super) fn canonical(body: &mut Map<String, Value>) {
    for field in ["content", "layout"] {
        if let Some(value) = body.get_mut(field) {
            canonical::canonicalise(value);
        }
    }
}

/// Takes our own layout of a file, or another tool's; refuses the legacy format.
pub(super) fn adopt_file(
    path: &str,
    fields: Map<String, Value>,
    is_module: bool,
) -> Result<Map<String, Value>, Diagnostic> {
    let ours = fields.contains_key("content") && fields.contains_key("name");
    let mut fields = if ours { fields } else { super::foreign::read(path, fields, is_module)? };
    if let Some(content) = fields.get("content") {
        let problem = content::check_format(content).err();
        let problem = problem.or_else(|| content::limit_problems(content, None).into_iter().next());
        if let Some(problem) = problem {
            return Err(problem.on(format!("flow {}", fields["name"])));
        }
    }
    if !is_module {
        fields.entry("status").or_insert_with(|| json!("published"));
    }
    canonical(&mut fields);
    Ok(fields)
}

/// Somebody's unpublished work is not overwritten without being told to.
pub(super) fn refuse(change: &Change<'_>) -> Vec<Diagnostic> {
    let Some(live) = change.live else { return Vec::new() };
    let touched = ["content", "layout", "status"].iter().any(|f| change.differs(f));
    let saved_only = live.body.get("status") == Some(&json!("saved"));
    let draft = live.draft.as_ref().or(saved_only.then_some(&live.body));
    let Some(draft) = draft.filter(|_| touched && !change.options.overwrite_drafts) else {
        return Vec::new();
    };
    let ours = is_stub(draft) || change.options.own_drafts.contains(&draft_fingerprint(draft));
    // A draft that already says what is wanted loses nothing.
    let said = if saved_only { change.before } else { change.draft };
    if ours || said.is_some_and(|b| b.get("content") == change.wanted.body.get("content")) {
        return Vec::new();
    }
    let subject = change.wanted.subject();
    vec![
        Diagnostic::error("TL0405", format!("{subject} has a draft that nobody has published"))
            .on(subject)
            .because("deploying over it would lose what somebody saved in the console")
            .help(
                "publish or discard it in the console, or overwrite it with `--overwrite-drafts`",
            ),
    ]
}

/// Fingerprints a draft as it stands in the instance.
pub(crate) fn draft_fingerprint(body: &Map<String, Value>) -> String {
    fingerprint(&["content", "layout"], body)
}

/// Blocks and branches where the content differs; fields for the rest.
pub(super) fn describe_content(change: &Change<'_>) -> (Vec<String>, bool) {
    let of = |body: Option<&Map<String, Value>>| {
        let body = body.cloned().unwrap_or_default();
        let logic = body.get("content").cloned().unwrap_or_default();
        content::join(logic, body.get("layout").cloned())
    };
    let diff = compare::compare(&of(change.before), &of(Some(&change.wanted.body)));
    (compare::lines(&diff), diff.only_layout)
}

/// Says what changes.
pub(super) fn describe(change: &Change<'_>) -> (Vec<String>, bool) {
    if change.live.is_none() {
        let count = change.wanted.body.get("content").and_then(|c| c.get("Actions"));
        let count = count.and_then(Value::as_array).map_or(0, Vec::len);
        let status = text(&Value::Object(change.wanted.body.clone()), "status");
        return (
            vec![format!(
                "{} blocks, {}",
                count,
                if status.is_empty() { "published" } else { &status }
            )],
            false,
        );
    }
    let content_differs = change.differs("content") || change.differs("layout");
    let (mut lines, only_layout) =
        if content_differs { describe_content(change) } else { (Vec::new(), false) };
    let others: Vec<_> = change
        .fields
        .iter()
        .filter(|f| f.field != "content" && f.field != "layout")
        .cloned()
        .collect();
    let only_layout = only_layout && others.is_empty();
    let rest = Change { fields: others, ..*change };
    lines.extend(crate::plan::field_lines(&rest));
    (lines, only_layout)
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
pub(super) fn create(
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
pub(super) fn update(draftable: &'static Draftable, change: &Change<'_>, steps: &mut StepsOf<'_>) {
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
        steps.connect(Action::Update, draftable.update_metadata, input);
    }
    tag_changes(spec, change, steps);
}

/// The read before content is written: what is saved must be what the plan saw, draft or not.
pub(super) fn saved_check(draftable: &Draftable, live: &Resource) -> Option<Check> {
    let describe = draftable.spec.describe.as_ref()?;
    let mut seen = live.body.clone();
    if let Some(draft) = &live.draft {
        seen.shift_remove("layout");
        seen.extend(draft.clone());
    }
    let id = format!("{}:$SAVED", live.id);
    Some(Check {
        operation: describe.operation.to_owned(),
        input: json!({ "InstanceId": "${instance.id:this}", draftable.spec.id_member: id }),
        fields: draftable.content_members.iter().map(|f| (*f).to_owned()).collect(),
        fingerprint: fingerprint(draftable.content_members, &seen),
    })
}
