//! Makes a plan out of documents and a snapshot. Everything that is wrong is reported at once.

use super::bodies::{Adjusted, Bodies};
use super::rename::Renaming;
use super::resolving::resolve_now;
use super::{
    Action, Change, PLAN_VERSION, Plan, PlanTarget, PlannedChange, Step, StepsOf, check, order,
    remember,
};
use crate::bindings::Bindings;
use crate::document::{Document, Documents};
use crate::identity::{self, Ground, Paired};
use crate::kind::Kind;
use crate::ownership::{self, Limits, Owner};
use crate::renames::Renames;
use crate::resolve::Resolver;
use crate::resource::{Instance, Resource};
use crate::snapshot::Snapshot;
use crate::state::{AppliedResource, Baseline};
use crate::{drift, kinds};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What the configuration leaves to others.
    pub limits: Limits,
    /// The record of renames.
    pub renames: Renames,
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

pub(super) type Pair<'a> = (&'static dyn Kind, &'a Document, Option<&'a Resource>);

/// Ids of flows and modules whose drafts must be read before `build`: those whose published content
/// is not what is wanted.
pub fn drafts_needed(input: &PlanInput<'_>) -> Vec<(&'static str, String)> {
    let paired = identity::pair(input);
    let input = &under_names(input, paired.as_ref());
    let resolver = resolver(input);
    let bodies = Bodies::of_documents(input, input.documents.iter());
    let differs = |(kind, wanted, live): Pair<'_>| {
        let live = live.filter(|r| r.draft.is_none())?;
        Change::between(kind, wanted, bodies.of(live), &resolver, input.options)?;
        kind.has_drafts().then(|| (live.kind, live.id.clone()))
    };
    pairs(input).into_iter().filter_map(differs).collect()
}

/// The input with the documents' names for what is there.
pub(super) fn under_names<'a>(input: &PlanInput<'a>, paired: Option<&'a Paired>) -> PlanInput<'a> {
    match paired {
        Some(Paired { snapshot, baseline, .. }) => PlanInput { snapshot, baseline, ..*input },
        None => *input,
    }
}

/// What a plan is put together in.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    changes: Vec<PlannedChange>,
    findings: Vec<Diagnostic>,
    problems: Vec<Diagnostic>,
    wanted: Vec<AppliedResource>,
}

/// Adds steps and changes that no document asks for.
pub(crate) type Extra<'a> = &'a mut dyn FnMut(&mut Vec<Step>, &mut Vec<PlannedChange>);

/// Makes the plan; all problems at once.
pub fn build(input: &PlanInput<'_>) -> Result<Plan, Report> {
    build_under(input, identity::pair(input).as_ref(), &mut |_, _| {})
}

/// The same, under names that are known, and with further steps, which are ordered and resolved together
/// with its own.
pub(crate) fn build_under(
    original: &PlanInput<'_>,
    paired: Option<&Paired>,
    extra: Extra<'_>,
) -> Result<Plan, Report> {
    let input = &under_names(original, paired);
    let resolver = resolver(input);
    let bodies = Bodies::of_documents(input, input.documents.iter());
    let adjusted = Adjusted::new(input, &bodies);
    let (mut draft, mut renamings) = (Draft::default(), Vec::new());
    let Draft { findings, problems, .. } = &mut draft;
    let skipped = check::unresolved(input, &resolver, findings, problems);
    for (kind, wanted, live) in pairs(input) {
        let selected = input.options.limits.takes(wanted.kind, &wanted.name);
        if !selected || skipped.contains(&(wanted.kind, wanted.name.as_str())) {
            continue;
        }
        let wanted = adjusted.of(wanted);
        if live.is_none() && is_given_up(input, wanted, &mut draft.findings) {
            continue;
        }
        draft.wanted.extend(remember::applied(original, input, wanted));
        let there = live.and_then(|l| bodies.of(l));
        let renamed = there.filter(|l| l.resource.called.is_some());
        if let (Some(live), Some(paired)) = (renamed, paired) {
            let key = (wanted.kind, wanted.name.clone());
            let ground = paired.grounds.get(&key).copied().unwrap_or(Ground::Recorded);
            renamings.push(Renaming { kind, wanted, live, ground });
        }
        if let Some(change) = Change::between(kind, wanted, there, &resolver, input.options) {
            add(input, kind, &change, &mut draft);
        }
    }
    rename_all(input, renamings, &mut draft);
    let mut claims = Vec::new();
    if input.options.prune {
        let Draft { steps, changes, findings, .. } = &mut draft;
        super::prune::retire(input, steps, changes, &mut claims, findings);
    }
    extra(&mut draft.steps, &mut draft.changes);
    if !draft.problems.is_empty() {
        return Err(Report(draft.problems));
    }
    let Draft { steps, changes, findings, wanted, .. } = draft;
    let mut steps = order::order(steps).map_err(|cycle| unbreakable(&cycle.0))?;
    resolve_now(&mut steps, &resolver)?;
    claims.extend(remember::gained(input, &steps));
    claims.extend(remember::lost(original, input, &steps));
    claims.extend(remember::moved(original, input, &steps));
    claims.extend(remember::back_in_use(input));
    let mut forgotten = remember::forgotten(original);
    let limits = &input.options.limits;
    claims.retain(|claim| limits.takes(&claim.kind, &claim.name));
    forgotten.retain(|(kind, name)| limits.takes(kind, name));
    let attachments = attachments(input, &steps);
    let target = target(&input.snapshot.instance, input.options);
    let project = input.options.project.clone();
    let version = PLAN_VERSION;
    Ok(Plan {
        version,
        project,
        target,
        changes,
        steps,
        findings,
        attachments,
        wanted,
        forgotten,
        claims,
        renames: remember::renames(original),
        unseen: Vec::new(),
    })
}

/// Adds what a change needs: its steps, or the reasons why it is not made.
fn add(input: &PlanInput<'_>, kind: &'static dyn Kind, change: &Change<'_>, draft: &mut Draft) {
    let wanted = change.wanted;
    let mut refused: Vec<Diagnostic> = kind.refuse(change);
    refused.extend(kept(kind, change));
    refused.extend(super::steps::too_many_tags(kind.spec(), change));
    let (mut steps, mut findings) = (std::mem::take(&mut draft.steps), Vec::new());
    let before = steps.len();
    let (name, spec) = (wanted.name.as_str(), kind.spec());
    let mut of = StepsOf { spec, kind, name, steps: &mut steps, findings: &mut findings };
    kind.steps(change, &mut of);
    super::rename::await_names(input, kind, wanted, change.live, &mut steps[before..]);
    if steps.len() > before {
        draft.changes.push(planned(kind, change, steps[before].action));
        refused.extend(not_ours(input, kind, change, &mut findings));
    }
    draft.steps = steps;
    draft.findings.extend(findings);
    draft.problems.extend(refused.into_iter().map(|mut problem| {
        problem.place.file = problem.place.file.or_else(|| wanted.file.clone());
        problem
    }));
}

/// Adds what gives resources the names of their documents; what somebody named in the instance only where
/// that may be overwritten.
fn rename_all(input: &PlanInput<'_>, all: Vec<Renaming<'_>>, draft: &mut Draft) {
    let (mut made, mut problems) = (Vec::new(), Vec::new());
    for one in all {
        let PlanOptions { project, limits, overwrite_drift, .. } = input.options;
        if limits.owned_whole(one.wanted.kind, &one.wanted.name) {
            continue;
        }
        let live = one.live.resource;
        let owner = ownership::owner(one.kind, live, project, &input.baseline.ledger);
        let name = live.called.clone().unwrap_or_default();
        let line = format!("name  \"{name}\"  ->  \"{}\"", one.wanted.name);
        if let Some(refused) = ownership::refusal(&owner, live.kind, &live.name, &[line]) {
            problems.push(refused);
        } else if one.ground == Ground::Instance && !overwrite_drift {
            problems.push(super::rename::refusal(&one));
        } else {
            made.push(one);
        }
    }
    super::rename::rename(input, &made, &mut draft.steps, &mut draft.changes, &mut problems);
    draft.problems.extend(problems);
}

/// Why a live resource is not overwritten: it is somebody else's, or somebody changed it.
fn not_ours(
    input: &PlanInput<'_>,
    kind: &dyn Kind,
    change: &Change<'_>,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let Some(live) = change.live else { return Vec::new() };
    let owner = ownership::owner(kind, live, &input.options.project, &input.baseline.ledger);
    if owner != Owner::Ours {
        let lines = kind.describe(change).0;
        return ownership::refusal(&owner, live.kind, &live.name, &lines).into_iter().collect();
    }
    let base = drift::base_of(input, live);
    let (mut layout, mut rest) = (Vec::new(), Vec::new());
    for field in drift::drifted(input, kind, change, base) {
        let found = drift::refusal(kind, change, field, base);
        if kind.has_drafts() && field.field == "layout" { &mut layout } else { &mut rest }
            .push(found);
    }
    // Where the designer draws a block is nobody's work; it alone stops nothing.
    if input.options.overwrite_drift || rest.is_empty() {
        rest.append(&mut layout);
        let overwritten = rest.drain(..).map(drift::overwritten);
        findings.extend(overwritten);
    }
    rest
}

/// Whether somebody deleted what the instance owns: it is not made again. Notes what else was deleted.
fn is_given_up(input: &PlanInput<'_>, wanted: &Document, findings: &mut Vec<Diagnostic>) -> bool {
    let base = drift::remembered(input).and_then(|a| a.get(wanted.kind, &wanted.name));
    // Without an id it may never have been made.
    let Some(base) = base.filter(|b| b.begun.is_empty()) else { return false };
    if input.options.limits.owned_whole(&base.kind, &base.name) {
        return true;
    }
    let message = format!("{} was deleted in the instance and is made again", wanted.subject());
    findings.push(Diagnostic::warning("TL0412", message).on(wanted.subject()));
    false
}

pub(super) fn resolver<'a>(input: &PlanInput<'a>) -> Resolver<'a> {
    let Snapshot { instance, names, .. } = input.snapshot;
    Resolver { instance, names, bindings: input.bindings }
}

pub(super) fn pairs<'a>(input: &PlanInput<'a>) -> Vec<Pair<'a>> {
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

fn planned(kind: &dyn Kind, change: &Change<'_>, action: Action) -> PlannedChange {
    let (lines, layout_only) = kind.describe(change);
    let action = if change.live.is_none() { Action::Create } else { action };
    let (kind, name) = (change.wanted.kind.to_owned(), change.wanted.name.clone());
    PlannedChange { action, kind, name, lines, layout_only }
}

fn attachments(input: &PlanInput<'_>, steps: &[Step]) -> BTreeMap<String, String> {
    let sent = steps.iter().filter_map(|s| s.call.attachment.as_ref());
    let bytes = |name: &String| {
        let bytes = input.documents.attachments.get(name)?;
        Some((name.clone(), STANDARD.encode(bytes)))
    };
    sent.filter_map(bytes).collect()
}

pub(super) fn target(instance: &Instance, options: &PlanOptions) -> PlanTarget {
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
