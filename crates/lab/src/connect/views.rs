//! Views: of the customer, with a draft beside what is published, and of AWS, which are read-only.
//!
//! Versions are absent. AWS's own views have ids such as `form`. The content's hash is not printed: the
//! model's pattern for it lets one character through.

use serde_json::{Value, json};

use super::call::{Call, Operation, in_use, invalid, merge, public, refused, text_of};
use super::flows::{DRAFT, PUBLISHED, qualifier};
use super::kind::{FIELDS, Kind};
use super::state::Instance;
use super::store::Object;
use super::{flows, modules, page, resource};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "view",
    arn: "view",
    label: "ViewId",
    wrapper: "View",
    list: "ViewsSummaryList",
    summary: &[
        ("Id", "_id"),
        ("Arn", "_arn"),
        ("Name", "Name"),
        ("Type", "Type"),
        ("Status", "Status"),
        ("Description", "Description"),
    ],
    found: "Views",
    fields: FIELDS,
    conditions: &[("ViewTypeCondition", "Type"), ("ViewStatusCondition", "Status")],
    quota: "views",
    stamped: false,
    qualified: true,
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateView", create),
    ("DescribeView", describe),
    ("UpdateViewContent", update_content),
    ("UpdateViewMetadata", |call| {
        own(call)?;
        check_words(call)?;
        let (id, body) = call.target(&KIND)?;
        let mut body = Object::clone(&body);
        body.insert("LastModifiedTime".to_owned(), call.seconds());
        resource::rename(call, &KIND, &id, &mut body)?;
        merge(&mut body, call.input, &["Description"]);
        call.save(&KIND, &id, body)?;
        Ok(json!({}))
    }),
    ("DeleteView", |call| {
        let (id, _) = own(call)?;
        if is_shown(call.instance()?, &id) {
            return Err(in_use(format!("View is in use by a flow: {id}")));
        }
        resource::delete(call, &KIND)
    }),
    ("ListViews", list),
    ("SearchViews", |call| resource::search(call, &KIND, |body| shown(body, false))),
];

/// The most characters of a view's template.
const LONGEST: usize = 400_000;

/// The customer's view that the request names.
fn own(call: &Call<'_, '_>) -> Result<(String, Object), Failure> {
    let (id, body) = call.target(&KIND)?;
    match text_of(&body, "Type") {
        "AWS_MANAGED" => Err(refused("Views of AWS cannot be changed")),
        _ => Ok((id, Object::clone(&body))),
    }
}

/// Views are the only kind whose names, descriptions and actions keep to certain characters.
fn check_words(call: &Call<'_, '_>) -> Result<(), Failure> {
    let content = call.member("Content").and_then(|content| content.get("Actions"));
    let actions = content.and_then(Value::as_array).into_iter().flatten();
    let actions = actions.filter_map(Value::as_str).map(|action| (action, ""));
    let mut words = [(call.text("Name"), ""), (call.text("Description"), ",")].into_iter();
    match words.by_ref().chain(actions).find(|(word, more)| !plain(word, more)) {
        Some((word, _)) => Err(invalid(format!("Not allowed in a view: {word}"))),
        None => Ok(()),
    }
}

/// Letters, digits, a few signs, those of `more`, and spaces, but none at the start.
fn plain(word: &str, more: &str) -> bool {
    let sign = |c: char| "_.:/=+-@()'".contains(c) || more.contains(c);
    let space = |c: char| c.is_whitespace() && !c.is_control();
    let fits = |c: char| c.is_alphabetic() || c.is_numeric() || sign(c);
    !word.starts_with(space) && word.chars().all(|c| fits(c) || space(c))
}

/// The content of a request, with the input schema that the service derives from the template.
fn content(call: &Call<'_, '_>) -> Result<Value, Failure> {
    let mut content = call.member("Content").cloned().unwrap_or_default();
    let template = content.get("Template").and_then(Value::as_str).unwrap_or_default();
    if template.chars().count() > LONGEST {
        return Err(invalid("Content is too long"));
    }
    if !template.is_empty() && serde_json::from_str::<Value>(template).is_err() {
        return Err(invalid("Template is not valid JSON"));
    }
    content["InputSchema"] = json!("{}");
    Ok(content)
}

/// Whether an active flow or module shows the view.
fn is_shown(instance: &Instance, id: &str) -> bool {
    [&flows::KIND, &modules::KIND].iter().any(|kind| {
        instance.store(kind).any(|body| {
            let named = |member| text_of(body, member).contains(id);
            text_of(body, "State") != "ARCHIVED" && (named(PUBLISHED) || named(DRAFT))
        })
    })
}

/// Takes the draft out of a view's body; false where nothing is published.
pub(super) fn publish_only(body: &mut Object) -> bool {
    body.shift_remove(DRAFT);
    body.contains_key(PUBLISHED) || text_of(body, "Type") == "AWS_MANAGED"
}

fn put(body: &mut Object, content: Value, status: &str) {
    if status == "PUBLISHED" {
        body.shift_remove(DRAFT);
        body.insert(PUBLISHED.to_owned(), content);
        body.insert("Status".to_owned(), json!("PUBLISHED"));
    } else {
        body.insert(DRAFT.to_owned(), content);
    }
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(answer) = call.remembered() {
        return Ok(answer);
    }
    call.instance()?;
    check_words(call)?;
    let content = content(call)?;
    let mut body = Object::new();
    merge(&mut body, call.input, &["Name", "Description", "Status"]);
    body.insert("Type".to_owned(), json!("CUSTOMER_MANAGED"));
    body.insert("CreatedTime".to_owned(), call.seconds());
    body.insert("LastModifiedTime".to_owned(), call.seconds());
    put(&mut body, content, call.text("Status"));
    let id = resource::create(call, &KIND, body)?;
    let body = call.instance()?.store(&KIND).get(&id).cloned().unwrap_or_default();
    let answer = json!({ "View": shown(&body, true) });
    Ok(call.remember(answer))
}

/// What is printed of a view: its draft where that is asked for and there is one.
fn shown(body: &Object, draft: bool) -> Object {
    let mut shown = public(body);
    let saved = body.get(DRAFT).filter(|_| draft || !body.contains_key(PUBLISHED));
    if let Some(content) = saved.or(body.get(PUBLISHED)) {
        shown.insert("Content".to_owned(), content.clone());
        shown.insert(
            "Status".to_owned(),
            json!(if saved.is_some() { "SAVED" } else { "PUBLISHED" }),
        );
    }
    shown
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    // The ARN of a view of AWS ends in a version, and is told by being the view's own.
    let own = call.text(KIND.label) == text_of(&body, "Arn");
    let draft = !own && qualifier(call, &KIND)? == "$SAVED";
    Ok(json!({ "View": shown(&body, draft) }))
}

fn update_content(call: &mut Call<'_, '_>) -> Outcome {
    let (id, mut body) = own(call)?;
    let content = content(call)?;
    let status = call.text("Status");
    put(&mut body, content, status);
    body.insert("LastModifiedTime".to_owned(), call.seconds());
    let answer = json!({ "View": shown(&body, status == "SAVED") });
    call.save(&KIND, &id, body)?;
    Ok(answer)
}

/// Sorted by type, then by name.
fn list(call: &mut Call<'_, '_>) -> Outcome {
    let wanted = call.text("Type").to_owned();
    let store = call.instance()?.store(&KIND);
    let all = store.iter().filter(|(_, body)| wanted.is_empty() || text_of(body, "Type") == wanted);
    let key = |body: &Object| format!("{}\n{}", text_of(body, "Type"), text_of(body, "Name"));
    let mut all: Vec<_> = all.map(|(_, body)| (key(body), body)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let (items, next) = page::cut(call, all.into_iter())?;
    let items: Vec<Value> = items.into_iter().map(|body| resource::summary(&KIND, body)).collect();
    Ok(resource::with_next(json!({ KIND.list: items }), next))
}
