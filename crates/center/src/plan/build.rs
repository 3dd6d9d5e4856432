//! Makes a plan out of documents and a snapshot. Everything that is wrong is reported at once.

use super::{
    Action, Change, Live, PLAN_VERSION, Plan, PlanTarget, PlannedChange, Step, StepsOf, check,
    order,
};
use crate::bindings::Bindings;
use crate::document::{Document, Documents, subject};
use crate::export::document_body;
use crate::kind::Kind;
use crate::kinds;
use crate::portable::Portable;
use crate::resolve::{Resolver, Unresolved};
use crate::resource::{Instance, Resource};
use crate::snapshot::Snapshot;
use crate::state::Baseline;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_flow::reference::{self, Piece};
use trunkline_model::{Diagnostic, Report};

/// How a plan is made.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// The project's name; set as a tag on what is made.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Deploy flows as drafts; callers hear nothing new.
    pub as_drafts: bool,
    /// Overwrite drafts that people have not published.
    pub overwrite_drafts: bool,
    /// Belief: a published flow may name one that is only saved.
    pub published_may_name_saved: bool,
    /// Take out of use what the project made and no longer holds.
    pub prune: bool,
    /// The bucket through which prompt audio reaches the account.
    pub staging_bucket: Option<String>,
    /// Fingerprints of drafts that this project wrote: they are nobody's unpublished work.
    pub own_drafts: BTreeSet<String>,
    /// Overwrite what changed in the instance since the last apply.
    pub overwrite_drift: bool,
}

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    /// What is wanted.
    pub documents: &'a Documents,
    /// What is there.
    pub snapshot: &'a Snapshot,
    /// What the environment binds.
    pub bindings: &'a Bindings,
    /// What is remembered of the target.
    pub baseline: &'a Baseline,
    /// How the plan is made.
    pub options: &'a PlanOptions,
}

type Pair<'a> = (&'static dyn Kind, &'a Document, Option<&'a Resource>);

/// Ids of flows and modules whose drafts must be read before `build`: those whose published content
/// is not what is wanted.
pub fn drafts_needed(input: &PlanInput<'_>) -> Vec<(&'static str, String)> {
    let resolver = resolver(input);
    let bodies = live_bodies(input);
    let differs = |(kind, wanted, live): Pair<'_>| {
        let live = live.filter(|r| r.draft.is_none())?;
        Change::between(kind, wanted, bodies.of(live), &resolver, input.options)?;
        kind.has_drafts().then(|| (live.kind, live.id.clone()))
    };
    pairs(input).into_iter().filter_map(differs).collect()
}

/// Adds steps and changes that no document asks for.
pub(crate) type Extra<'a> = &'a mut dyn FnMut(&mut Vec<Step>, &mut Vec<PlannedChange>);

/// Makes the plan; all problems at once.
pub fn build(input: &PlanInput<'_>) -> Result<Plan, Report> {
    build_with(input, &mut |_, _| {})
}

/// The same, with further steps, which are ordered and resolved together with its own.
pub(crate) fn build_with(input: &PlanInput<'_>, extra: Extra<'_>) -> Result<Plan, Report> {
    let resolver = resolver(input);
    let bodies = live_bodies(input);
    let (mut steps, mut changes) = (Vec::new(), Vec::new());
    let (mut findings, mut problems) = (Vec::new(), Vec::new());
    let skipped = check::unresolved(input, &resolver, &mut findings, &mut problems);
    for (kind, wanted, live) in pairs(input) {
        if skipped.contains(&(wanted.kind, wanted.name.as_str())) {
            continue;
        }
        let there = live.and_then(|l| bodies.of(l));
        let Some(change) = Change::between(kind, wanted, there, &resolver, input.options) else {
            continue;
        };
        let refused = kind.refuse(&change).into_iter().chain(kept(kind, &change));
        problems.extend(refused.map(|mut problem| {
            problem.place.file = problem.place.file.or_else(|| wanted.file.clone());
            problem
        }));
        let before = steps.len();
        let (name, spec) = (wanted.name.as_str(), kind.spec());
        let mut of = StepsOf { spec, kind, name, steps: &mut steps, findings: &mut findings };
        kind.steps(&change, &mut of);
        if steps.len() > before {
            changes.push(planned(kind, &change, steps[before].action));
        }
    }
    if input.options.prune {
        super::prune::retire(input, &mut steps, &mut changes);
    }
    extra(&mut steps, &mut changes);
    if !problems.is_empty() {
        return Err(Report(problems));
    }
    let mut steps = order::order(steps).map_err(|cycle| unbreakable(&cycle.0))?;
    resolve_now(&mut steps, &resolver)?;
    let attachments = attachments(input, &steps);
    let target = target(&input.snapshot.instance, input.options);
    let project = input.options.project.clone();
    let version = PLAN_VERSION;
    let wanted = Vec::new();
    Ok(Plan { version, project, target, changes, steps, findings, attachments, wanted })
}

fn resolver<'a>(input: &PlanInput<'a>) -> Resolver<'a> {
    let Snapshot { instance, names, .. } = input.snapshot;
    Resolver { instance, names, bindings: input.bindings }
}

fn pairs<'a>(input: &PlanInput<'a>) -> Vec<Pair<'a>> {
    let mut all = Vec::new();
    for kind in kinds::ALL {
        let name = kind.spec().name;
        for wanted in input.documents.iter().filter(|d| d.kind == name) {
            all.push((*kind, wanted, input.snapshot.get(name, &wanted.name)));
        }
    }
    all
}

/// What the service cannot empty.
fn kept(kind: &dyn Kind, change: &Change<'_>) -> Vec<Diagnostic> {
    let gone = |field: &&&str| {
        let there = change.before.is_some_and(|b| b.contains_key(**field));
        there && !change.wanted.body.contains_key(**field)
    };
    let refused = |field: &&str| {
        Diagnostic::error("TL0406", format!("`{field}` cannot be taken away"))
            .on(change.wanted.subject())
            .because("the service takes another value for it, but not none")
            .help(format!("give `{field}` a value"))
    };
    kind.spec().keeps.iter().filter(gone).map(refused).collect()
}

/// What is there as documents would say it: body, and draft where there is one.
struct Bodies<'a>(BTreeMap<(&'static str, &'a str), (Body, Option<Body>)>);

type Body = Map<String, Value>;

impl Bodies<'_> {
    fn of<'a>(&'a self, resource: &'a Resource) -> Option<Live<'a>> {
        let (body, draft) = self.0.get(&(resource.kind, resource.name.as_str()))?;
        Some(Live { resource, body, draft: draft.as_ref() })
    }
}

fn live_bodies<'a>(input: &PlanInput<'a>) -> Bodies<'a> {
    let snapshot = input.snapshot;
    let mut portable = Portable::new(&snapshot.instance, &snapshot.names, input.bindings);
    let wanted: BTreeMap<(&str, &str), &Document> =
        input.documents.iter().map(|d| ((d.kind, d.name.as_str()), d)).collect();
    let mut bodies = BTreeMap::new();
    for resource in &snapshot.resources {
        let (Some(wanted), Some(kind)) =
            (wanted.get(&(resource.kind, resource.name.as_str())), kinds::get(resource.kind))
        else {
            continue;
        };
        let mut document =
            |body: Body| document_body(kind, &resource.name, body, &resource.tags, &mut portable);
        let body = document(kind.comparable(resource, wanted));
        let draft = resource.draft.clone().map(&mut document);
        bodies.insert((resource.kind, resource.name.as_str()), (body, draft));
    }
    Bodies(bodies)
}

fn planned(kind: &dyn Kind, change: &Change<'_>, action: Action) -> PlannedChange {
    let (lines, layout_only) = kind.describe(change);
    let action = if change.live.is_none() { Action::Create } else { action };
    let (kind, name) = (change.wanted.kind.to_owned(), change.wanted.name.clone());
    PlannedChange { action, kind, name, lines, layout_only }
}

/// Resolves everything that has a value already; what steps make stays a reference.
fn resolve_now(steps: &mut [Step], resolver: &Resolver<'_>) -> Result<(), Report> {
    let pending: BTreeSet<(String, String)> =
        steps.iter().filter(|s| s.made.is_some()).filter_map(|s| s.provides.clone()).collect();
    let mut problems = Vec::new();
    for step in steps.iter_mut() {
        let who = subject(&step.kind, &step.name);
        let inputs = std::iter::once(&mut step.call.input)
            .chain(step.as_draft.iter_mut().map(|c| &mut c.input))
            .chain(step.check.iter_mut().map(|c| &mut c.input))
            .chain(step.adopt.iter_mut().map(|a| &mut a.list_input));
        for input in inputs {
            let walked =
                trunkline_flow::rewrite::map_strings::<()>(input, &mut |path, text| match partly(
                    text, resolver, &pending,
                ) {
                    Ok(new) => Ok(new),
                    Err(why) => {
                        let message = format!("a reference cannot be resolved: {why:?}");
                        problems.push(
                            Diagnostic::error("TL0204", message).on(&who).path(path.to_string()),
                        );
                        Ok(None)
                    }
                });
            debug_assert!(walked.is_ok(), "the visitor never fails");
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Report(problems)) }
}

fn partly(
    text: &str,
    resolver: &Resolver<'_>,
    pending: &BTreeSet<(String, String)>,
) -> Result<Option<String>, Unresolved> {
    if !reference::is_candidate(text) {
        return Ok(None);
    }
    let pieces = reference::parse(text).map_err(|e| Unresolved::Malformed(e.to_string()))?;
    let resolve = |piece: Piece| match piece {
        Piece::Ref(r) if !pending.contains(&(r.kind.clone(), r.name.clone())) => {
            resolver.reference(&r).map(Piece::Text)
        }
        other => Ok(other),
    };
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (resolve(piece)?, merged.last_mut()) {
            // Side by side, two texts could read as an escape that neither of them is.
            (Piece::Text(more), Some(Piece::Text(text))) => text.push_str(&more),
            (piece, _) => merged.push(piece),
        }
    }
    Ok(Some(reference::render(&merged)))
}

fn attachments(input: &PlanInput<'_>, steps: &[Step]) -> BTreeMap<String, String> {
    let sent = steps.iter().filter_map(|s| s.call.attachment.as_ref());
    let bytes = |name: &String| {
        let bytes = input.documents.attachments.get(name)?;
        Some((name.clone(), STANDARD.encode(bytes)))
    };
    sent.filter_map(bytes).collect()
}

fn target(instance: &Instance, options: &PlanOptions) -> PlanTarget {
    PlanTarget {
        environment: options.environment.clone(),
        account: instance.account.to_string(),
        region: instance.region.to_string(),
        alias: instance.alias.clone(),
        instance_id: instance.id.clone(),
        instance_arn: instance.arn.clone(),
    }
}

fn unbreakable(steps: &[String]) -> Report {
    Diagnostic::error("TL0407", "resources refer to each other in a cycle without a flow or module")
        .because(format!("the steps are: {}", steps.join(", ")))
        .report()
}
