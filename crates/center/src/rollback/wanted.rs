//! What there shall be: documents of what was before, field by field, except what others changed since.

use super::touched::{Touched, by_id};
use super::{Findings, RollbackInput};
use crate::document::{Document, Documents, subject, tags_key};
use crate::export::document_body;
use crate::kind::{Kind, KindName};
use crate::kinds;
use crate::plan::fingerprint;
use crate::portable::Portable;
use crate::read::is_empty;
use crate::resource::{Names, Resource};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use trunkline_flow::reference::{self, Piece, Reference};
use trunkline_flow::rewrite;
use trunkline_model::Diagnostic;

type Body = Map<String, Value>;

/// Fields that a content call writes.
const CONTENT: [&str; 3] = ["content", "layout", "settings"];

/// A draft that there shall be beside what is published.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: KindName,
    /// The name that the resource shall have.
    pub(super) name: String,
    /// The name that it had before the run.
    pub(super) before: String,
    /// Its content as a document's fields; None: what is published, and no draft.
    pub(super) content: Option<Body>,
    /// Whether it is there already, unless publishing overwrites it.
    pub(super) is_there: bool,
}

/// Longer values are cut where they are told.
const VALUE_CHARACTERS_AT_MOST: usize = 80;

/// What there shall be.
#[derive(Debug, Default)]
pub(super) struct Goal {
    pub(super) documents: Documents,
    pub(super) drafts: Vec<Draft>,
}

/// Bodies of both times as documents.
struct Bodies<'a> {
    before: Portable<'a>,
    now: Portable<'a>,
}

fn body_of(portable: &mut Portable<'_>, kind: &dyn Kind, resource: &Resource, body: &Body) -> Body {
    document_body(kind, &resource.name, body.clone(), &resource.tags, portable)
}

/// `displaced` goes by temporary names until it is taken away.
pub(super) fn of(
    input: &RollbackInput<'_>,
    touched: &Touched,
    displaced: &[((KindName, String), String)],
    found: &mut Findings,
) -> Goal {
    let mut goal = Goal::default();
    let names = names_now(input);
    let mut bodies = Bodies {
        before: Portable::new(&input.before.instance, &names, input.bindings),
        now: Portable::new(&input.now.instance, &input.now.names, input.bindings),
    };
    for (kind, name) in &touched.there {
        let (Some(kind), Some(before)) = (kinds::get(kind), input.before.get(kind, name)) else {
            continue;
        };
        let now = by_id(input.now, before.kind, &before.id);
        let now = now.or_else(|| input.now.get(before.kind, name));
        if kind.system(before) && now.is_none() {
            continue;
        }
        let Some(document) = one(input, touched, kind, before, now, &mut bodies, &mut goal, found)
        else {
            continue;
        };
        goal.documents.attachments.extend(before.attachments.clone());
        // Names of a snapshot are different from each other.
        goal.documents.insert(document).unwrap_or_default();
    }
    for ((kind, name), _) in displaced {
        let (Some(kind), Some(now)) = (kinds::get(kind), input.now.get(kind, name)) else {
            continue;
        };
        let body = body_of(&mut bodies.now, kind, now, &now.body);
        let document = Document { kind: now.kind, name: name.clone(), body, file: None };
        goal.documents.insert(document).unwrap_or_default();
    }
    goal
}

/// The names of before, of what is still there as it is called now: a reference follows it.
fn names_now(input: &RollbackInput<'_>) -> Names {
    let mut names = input.before.names.clone();
    for before in &input.before.resources {
        let now = by_id(input.now, before.kind, &before.id);
        if let Some(now) = now.filter(|now| now.name != before.name) {
            names.insert(now.kind, &now.name, before.entry());
        }
    }
    names
}

/// What the run wrote into a resource, as a document with the names of now.
fn written(input: &RollbackInput<'_>, before: &Resource, now: &Resource) -> Option<Body> {
    let of_kind = || input.run.wanted.iter().filter(|w| w.kind == before.kind);
    let same_id = of_kind().find(|w| !w.id.is_empty() && w.id == before.id);
    let found = |name: &str| of_kind().find(|w| w.name == name);
    let wrote = same_id.or_else(|| found(&before.name)).or_else(|| found(&now.name))?;
    let mut body = Value::Object(wrote.body.clone());
    let called_now = |reference: &Reference| {
        let before = input.before.get(&reference.kind, &reference.name)?;
        by_id(input.now, before.kind, &before.id).map(|now| now.name.clone())
    };
    let follow = |text: &str| {
        let mut pieces = reference::parse(text).ok()?;
        for piece in &mut pieces {
            if let Piece::Ref(reference) = piece
                && let Some(name) = called_now(reference)
            {
                reference.name = name;
            }
        }
        Some(reference::render(&pieces))
    };
    let walked: Result<(), Infallible> = rewrite::map_strings(&mut body, &mut |_, text| {
        Ok(if reference::is_candidate(text) { follow(text) } else { None })
    });
    match walked {
        Ok(()) => Some(crate::read::as_map(body)),
    }
}

#[expect(clippy::too_many_arguments, reason = "one place calls it")]
fn one(
    input: &RollbackInput<'_>,
    touched: &Touched,
    kind: &'static dyn Kind,
    before: &Resource,
    now: Option<&Resource>,
    bodies: &mut Bodies<'_>,
    goal: &mut Goal,
    found: &mut Findings,
) -> Option<Document> {
    let spec = kind.spec();
    let who = subject(spec.name, &before.name);
    let mut old = body_of(&mut bodies.before, kind, before, &before.body);
    if spec.name == "instance-attributes" {
        narrow(&mut old, touched);
    }
    let name = now.map_or(&before.name, |now| &now.name);
    let document =
        |body: Body| Some(Document { kind: spec.name, name: name.clone(), body, file: None });
    let Some(now) = now else {
        if !touched.deleted.contains(&(spec.name, before.name.clone())) {
            found.kept.push(gone(&who));
            return None;
        }
        if !before.id.is_empty() {
            found.cannot.push(new_id(&who));
        }
        let draft = before.draft.as_ref().map(|d| body_of(&mut bodies.before, kind, before, d));
        if let Some(content) = draft {
            let (kind, name, before) = (spec.name, name.clone(), before.name.clone());
            let content = Some(content);
            goal.drafts.push(Draft { kind, name, before, content, is_there: false });
        }
        return document(old);
    };
    if now.name != before.name {
        let taken = input.now.get(before.kind, &before.name).is_some();
        found.kept.push(renamed(&who, &now.name, taken));
    }
    let mut live = body_of(&mut bodies.now, kind, now, &now.body);
    if spec.name == "instance-attributes" {
        narrow(&mut live, touched);
    }
    let wrote = written(input, before, now);
    let wrote = wrote.as_ref();
    let is_saved = |body: &Body| body.get("status") == Some(&json!("saved"));
    if kind.has_drafts() && !is_saved(&live) {
        let mut old_draft =
            before.draft.as_ref().map(|d| body_of(&mut bodies.before, kind, before, d));
        if is_saved(&old) {
            // It cannot be unpublished: what it says to callers stays, what was there is a draft again.
            found.cannot.push(stays_published(&who));
            old_draft = Some(content_of(&old));
            for field in CONTENT {
                put(&mut old, field, live.get(field).cloned());
            }
            put(&mut old, "status", live.get("status").cloned());
        }
        let live_draft = now.draft.as_ref().map(|d| body_of(&mut bodies.now, kind, now, d));
        let drafts = (old_draft.as_ref(), live_draft.as_ref());
        let theirs = is_theirs(touched, now, drafts, wrote);
        if theirs {
            found.kept.push(draft_kept(&who));
        }
        let content = if theirs { live_draft.clone() } else { old_draft };
        let is_there = content.as_ref().map(content_of) == live_draft.as_ref().map(content_of);
        if content.is_some() || live_draft.is_some() {
            let (kind, name, before) = (spec.name, name.clone(), before.name.clone());
            let content = content.as_ref().map(content_of);
            goal.drafts.push(Draft { kind, name, before, content, is_there });
        }
    }
    document(chosen(kind, &who, &old, &live, wrote, found))
}

/// Field by field, what was before; what others changed since, and what the service cannot empty, as it is.
fn chosen(
    kind: &dyn Kind,
    who: &str,
    old: &Body,
    live: &Body,
    wrote: Option<&Body>,
    found: &mut Findings,
) -> Body {
    let spec = kind.spec();
    let mut body = Map::new();
    let mut fields: Vec<&str> = spec.fields.to_vec();
    fields.push(tags_key(spec.format));
    for field in fields {
        let three = Three {
            old: old.get(field),
            live: live.get(field),
            wrote: wrote.map(|w| w.get(field)),
        };
        let is_stub = kind.has_drafts() && CONTENT.contains(&field) && kinds::is_stub_of_ours(live);
        let mut choice = if is_stub { Chosen::Old } else { three.choose() };
        let cannot_empty = (spec.keeps.contains(&field) || spec.kept.contains(&field))
            && three.old.is_none_or(is_empty)
            && !three.live.is_none_or(is_empty);
        if choice == Chosen::Old && cannot_empty {
            found.cannot.push(cannot_be_emptied(who, field));
            choice = Chosen::Live;
        } else if choice == Chosen::Live && !Three::same(three.old, three.live) {
            found.kept.push(field_kept(who, field, three.live));
        }
        let value = if choice == Chosen::Live { three.live } else { three.old };
        put(&mut body, field, value.cloned());
    }
    body
}

/// Only the switches that the run wrote.
fn narrow(body: &mut Body, touched: &Touched) {
    if let Some(Value::Object(attributes)) = body.get_mut("Attributes") {
        attributes.retain(|name, _| touched.attributes.contains(name));
    }
}

fn put(body: &mut Body, field: &str, value: Option<Value>) {
    match value {
        Some(value) => body.insert(field.to_owned(), value),
        None => body.shift_remove(field),
    };
}

pub(super) fn content_of(body: &Body) -> Body {
    let chosen = CONTENT.iter().filter_map(|f| Some(((*f).to_owned(), body.get(*f)?.clone())));
    chosen.collect()
}

/// Whether a draft is neither what was before nor what the run wrote.
fn is_theirs(
    touched: &Touched,
    now: &Resource,
    (old, live): (Option<&Body>, Option<&Body>),
    wrote: Option<&Body>,
) -> bool {
    let (Some(raw), Some(live)) = (&now.draft, live) else { return false };
    let ours = touched.drafts.contains(&kinds::draft_fingerprint(raw));
    let print = |body: &Body| fingerprint(&CONTENT, body);
    let known = [old, wrote].into_iter().flatten().any(|b| print(b) == print(live));
    !ours && !known
}

/// A field at three times; `wrote` is None where nothing is known of what the run wrote.
struct Three<'a> {
    old: Option<&'a Value>,
    live: Option<&'a Value>,
    wrote: Option<Option<&'a Value>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Chosen {
    Old,
    Live,
}

impl Three<'_> {
    fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
        let of = |v: Option<&Value>| {
            let mut value = v.filter(|v| !is_empty(v)).cloned();
            value.iter_mut().for_each(Value::sort_all_objects);
            value
        };
        of(a) == of(b)
    }

    /// What was before, unless somebody else changed it since.
    fn choose(&self) -> Chosen {
        let Some(wrote) = self.wrote else { return Chosen::Old };
        let ours = Self::same(self.live, self.old)
            || Self::same(self.live, wrote)
            || Self::is_between(self.old, self.live, wrote)
            || Self::is_partly(self.old, self.live, wrote);
        if ours { Chosen::Old } else { Chosen::Live }
    }

    /// A map of which each member is as it was or as it was to be: tags are set by one call and taken away
    /// by another, and the run may have stopped between them.
    fn is_partly(old: Option<&Value>, live: Option<&Value>, wrote: Option<&Value>) -> bool {
        let all = [old, live, wrote];
        if !all.iter().flatten().all(|v| v.is_object()) || all.iter().flatten().next().is_none() {
            return false;
        }
        let keys = all.iter().flatten().filter_map(|v| v.as_object()).flat_map(Map::keys);
        let member = |of: Option<&Value>, key: &str| of.and_then(|v| v.get(key)).cloned();
        keys.into_iter().all(|key| {
            let live = member(live, key);
            live == member(old, key) || live == member(wrote, key)
        })
    }

    /// A set that is on its way from the one to the other.
    fn is_between(old: Option<&Value>, live: Option<&Value>, wrote: Option<&Value>) -> bool {
        let empty = Vec::new();
        let items = |v: Option<&'_ Value>| v.and_then(Value::as_array).cloned();
        let Some(live) = items(live).or_else(|| live.is_none().then(Vec::new)) else {
            return false;
        };
        let (Some(old), Some(wrote)) = (
            items(old).or_else(|| old.is_none().then(|| empty.clone())),
            items(wrote).or_else(|| wrote.is_none().then(|| empty.clone())),
        ) else {
            return false;
        };
        live.iter().all(|one| old.contains(one) || wrote.contains(one))
            && old.iter().filter(|one| wrote.contains(one)).all(|one| live.contains(one))
    }
}

fn gone(who: &str) -> Diagnostic {
    Diagnostic::warning("TL0531", format!("{who} was deleted since; it stays away")).on(who)
}

fn renamed(who: &str, name: &str, taken: bool) -> Diagnostic {
    let message = format!("{who} is called `{name}` since; it keeps that name");
    let found = Diagnostic::warning("TL0531", message).on(who);
    if taken { found.because("another one has its name of before") } else { found }
}

fn draft_kept(who: &str) -> Diagnostic {
    let message = format!("{who} has a draft that somebody saved since; it stays");
    Diagnostic::warning("TL0531", message).on(who)
}

fn field_kept(who: &str, field: &str, live: Option<&Value>) -> Diagnostic {
    let value = live.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let value: String = value.chars().take(VALUE_CHARACTERS_AT_MOST).collect();
    let message = format!("`{field}` of {who} was changed since; it stays");
    Diagnostic::warning("TL0531", message).on(who).because(format!("it is {value}"))
}

fn new_id(who: &str) -> Diagnostic {
    let message = format!("{who} is made again and has another id then");
    Diagnostic::warning("TL0530", message).on(who)
}

fn stays_published(who: &str) -> Diagnostic {
    let message = format!("{who} stays published");
    Diagnostic::warning("TL0530", message).on(who).because(
        "the service cannot take back a publication; what was saved before is its draft again",
    )
}

fn cannot_be_emptied(who: &str, field: &str) -> Diagnostic {
    Diagnostic::warning("TL0530", format!("`{field}` of {who} stays"))
        .on(who)
        .because("the service takes another value for it, but not none")
}
