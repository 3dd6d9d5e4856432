//! From a project and a connected target to a plan: read, compare, order.

use crate::connect::Connected;
use crate::context::Located;
use crate::journal;
use crate::limits::limits;
use std::collections::BTreeSet;
use trunkline_center::plan::{self, Plan, PlanInput, PlanOptions};
use trunkline_center::quotas;
use trunkline_center::renames::Renames;
use trunkline_center::select::{Only, Selection};
use trunkline_center::state::{Baseline, Remembered, TargetState};
use trunkline_center::{Documents, ReadOptions, Snapshot, kind_named};
use trunkline_config::{Project, matches};
use trunkline_model::{Diagnostic, EnvironmentUse, Region, Report, Severity, Target};

/// What `plan` and `apply` are asked for; the same options for both.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct PlanArguments {
    /// Deploy to this environment (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Deploy flows and modules as drafts: callers hear nothing new
    #[arg(long)]
    pub(crate) draft: bool,
    /// Overwrite drafts that nobody has published
    #[arg(long)]
    pub(crate) overwrite_drafts: bool,
    /// Overwrite what changed in the instance since the last apply
    #[arg(long)]
    pub(crate) overwrite_drift: bool,
    /// Take out of use what the project made and no longer holds
    #[arg(long)]
    pub(crate) prune: bool,
    /// Manage this kind too: `users` (can be repeated)
    #[arg(long, value_name = "KIND")]
    pub(crate) include: Vec<String>,
    /// Allow an environment that people build in as the target
    #[arg(long)]
    pub(crate) into_build: bool,
    /// Deploy only these: a kind, or KIND:NAME in which `*` stands for anything (can be repeated)
    #[arg(long, value_name = "KIND[:NAME]")]
    pub(crate) only: Vec<String>,
    /// Deploy what the selected ones refer to as well
    #[arg(long, requires = "only")]
    pub(crate) with_dependencies: bool,
    /// Bots and content, or content only
    #[arg(long, value_enum, default_value = "full", value_name = "SCOPE")]
    pub(crate) scope: Scope,
}

/// How much of a project a deployment takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scope {
    /// Bots, functions and content
    #[default]
    Full,
    /// Content only: what belongs to bots and functions is left as it is
    Partial,
}

impl Scope {
    /// The kinds that belong to bots and functions.
    const APART: &[&str] = &["bot-association", "lambda-association"];

    /// Whether a deployment of this scope looks at a kind.
    pub(crate) fn takes(self, kind: &str) -> bool {
        self == Self::Full || !Self::APART.contains(&kind)
    }
}

impl PlanArguments {
    /// What `--only` takes; None: everything. TL0716: there is no such kind.
    fn selection(&self) -> Result<Option<Selection>, Report> {
        let given = !self.only.is_empty();
        given.then(|| Selection::parse(&self.only)).transpose()
    }
}

/// The targets that a plan is for. TL0112: people build in it; TL0716: `--only` names a kind that there is not.
pub(crate) fn targets(arguments: &PlanArguments, located: &Located) -> Result<Vec<Target>, Report> {
    let name = arguments.environment.as_deref().ok_or_else(|| {
        Diagnostic::error("TL0901", "no environment was given").help("add `--env ENVIRONMENT`")
    })?;
    let targets = located.targets(name, arguments.region.as_deref())?;
    arguments.selection()?;
    let built_in = targets.iter().any(|t| t.environment.used_for == EnvironmentUse::Build);
    if built_in && !arguments.into_build {
        return Err(Diagnostic::error("TL0112", format!("people build in `{name}`"))
            .because("its configuration says `use: build`: it is exported, not deployed to")
            .help("deploy to another environment, or insist with `--into-build`")
            .report());
    }
    Ok(targets)
}

/// How the target is read.
pub(crate) fn read_options(
    located: &Located,
    include: &[String],
    drafts: bool,
    recent: BTreeSet<String>,
) -> ReadOptions {
    let singular = |kind: &String| kind.strip_suffix('s').unwrap_or(kind).to_owned();
    ReadOptions {
        drafts,
        recent,
        include: include.iter().map(singular).collect(),
        search_returns_content: located.project.settings.search_returns_content.unwrap_or(true),
    }
}

/// A plan, and what it was made from.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) snapshot: Snapshot,
}

/// What plans of a target are made from: everything read, nothing decided.
pub(crate) struct Prepared {
    documents: Documents,
    pub(crate) snapshot: Snapshot,
    baseline: Baseline,
    options: PlanOptions,
    /// What is worth knowing about the baseline.
    findings: Vec<Diagnostic>,
}

impl Prepared {
    /// What a plan is made from.
    pub(crate) fn input<'a>(&'a self, connected: &'a Connected) -> PlanInput<'a> {
        let Self { documents, snapshot, baseline, options, .. } = self;
        PlanInput { documents, snapshot, bindings: &connected.bindings, baseline, options }
    }
}

/// Plans one target. Reads the state store, takes no lock, writes nothing.
pub(crate) async fn plan(
    connected: &Connected,
    located: &Located,
    documents: &Documents,
    arguments: &PlanArguments,
    state: &TargetState,
) -> Result<Planned, Report> {
    let mut prepared = prepare(connected, located, documents, arguments, state).await?;
    if let Some(source) = &connected.source {
        let selection = arguments.selection()?;
        let left = not_copied_only(&mut prepared, selection.as_ref());
        prepared.findings.extend(written_elsewhere(connected, source, &left));
    } else if let Some(selection) = arguments.selection()? {
        let input = prepared.input(connected);
        let only = plan::narrow(&input, &selection, arguments.with_dependencies)?;
        prepared.options.limits.only = Some(only);
    }
    let mut plan = plan::build(&prepared.input(connected))
        .map_err(|report| crate::files::with_lines(&located.root, report))?;
    plan.findings.extend(prepared.findings);
    plan.findings.extend(within_quotas(connected, &prepared.snapshot, &plan).await?);
    Ok(Planned { plan, snapshot: prepared.snapshot })
}

/// Leaves to a replica's plan what AWS does not copy. Returns what waits for copies that are not there yet.
fn not_copied_only(prepared: &mut Prepared, selection: Option<&Selection>) -> Vec<String> {
    let names = &prepared.snapshot.names;
    let is_there = |kind: &str, name: &str| names.get(kind, name).is_some();
    let (only, left) = Only::of_replica(selection, &prepared.documents, &is_there);
    prepared.options.limits.only = Some(only);
    left
}

/// TL0430: most of a replica is written in another region.
fn written_elsewhere(connected: &Connected, source: &Region, left: &[String]) -> Vec<Diagnostic> {
    let message =
        format!("this is the replica of {source}: AWS copies there what is written in {source}");
    let mut found = Diagnostic::note("TL0430", message).on(connected.target.label());
    if !left.is_empty() {
        let what = left.join(", ");
        found = found.because(format!("planned once the copies are there, by `apply`: {what}"));
    }
    vec![found]
}

/// Holds what a plan makes against the account's quotas; gives back what does not stop it. TL0615: more than a
/// quota allows.
async fn within_quotas(
    connected: &Connected,
    snapshot: &Snapshot,
    plan: &Plan,
) -> Result<Vec<Diagnostic>, Report> {
    let counts = quotas::counts(snapshot, &plan.changes);
    let found = quotas::compare(&connected.client, &connected.instance, &counts).await;
    let on_target = |found: Diagnostic| found.on(connected.target.label());
    let (beyond, rest): (Vec<_>, Vec<_>) =
        found.into_iter().map(on_target).partition(|d| d.severity == Severity::Error);
    if beyond.is_empty() { Ok(rest) } else { Err(Report(beyond)) }
}

/// Reads what a plan of one target is made from.
pub(crate) async fn prepare(
    connected: &Connected,
    located: &Located,
    documents: &Documents,
    arguments: &PlanArguments,
    state: &TargetState,
) -> Result<Prepared, Report> {
    let target = &connected.target;
    let Remembered { mut baseline, recent, drafts } = remembered(located, state).await?;
    let findings = of_another_instance(connected, &mut baseline).into_iter().collect();
    let read = read_options(located, &arguments.include, false, recent);
    let all = documents;
    let documents = documents_for(located, documents, target, arguments);
    let snapshot = connected.snapshot(Some(&documents), &read).await?;
    let options = PlanOptions {
        as_drafts: arguments.draft,
        overwrite_drafts: arguments.overwrite_drafts,
        prune: arguments.prune,
        overwrite_drift: arguments.overwrite_drift,
        limits: limits(&located.project, arguments.scope, all, &snapshot, &baseline),
        renames: renames(located)?,
        ..plan_options(located, target, drafts)
    };
    let mut prepared = Prepared { documents, snapshot, baseline, options, findings };
    let needed = plan::drafts_needed(&prepared.input(connected));
    connected.read_drafts(&mut prepared.snapshot, &needed, &read).await?;
    Ok(prepared)
}

/// What every plan of a target goes by. `drafts`: those that are ours.
pub(crate) fn plan_options(
    located: &Located,
    target: &Target,
    drafts: BTreeSet<String>,
) -> PlanOptions {
    let Project { name, settings, .. } = &located.project;
    PlanOptions {
        project: name.clone(),
        environment: target.environment.name.clone(),
        published_may_name_saved: settings.published_may_name_saved.unwrap_or(true),
        staging_bucket: target.environment.staging_bucket.clone(),
        own_drafts: drafts,
        ..PlanOptions::default()
    }
}

/// The kinds of a plan that are only read where somebody asks for them.
pub(crate) fn opt_in_kinds(plan: &Plan) -> Vec<String> {
    let kinds = plan.steps.iter().map(|step| step.kind.clone());
    kinds.filter(|kind| kind_named(kind).is_some_and(|k| k.opt_in())).collect()
}

/// TL0716: a pattern for `kind:name` names a kind that there is not.
pub(crate) fn check_kinds(patterns: &[String]) -> Result<(), Report> {
    let named =
        |pattern: &&String| !pattern.split(':').next().is_some_and(|kind| kind.contains('*'));
    let named: Vec<String> = patterns.iter().filter(named).cloned().collect();
    Selection::parse(&named).map(drop)
}

/// Whether a resource is meant by patterns for `kind:name`; without patterns all are.
pub(crate) fn is_meant(patterns: &[String], kind: &str, name: &str) -> bool {
    let resource = format!("{kind}:{name}");
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, &resource))
}

/// The record of renames; nothing where there is no file.
fn renames(located: &Located) -> Result<Renames, Report> {
    match std::fs::read(located.root.join(trunkline_center::renames::FILE)) {
        Ok(bytes) => Renames::parse(&bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Renames::default()),
        Err(error) => {
            let problem = Diagnostic::error("TL0208", error.to_string());
            Err(problem.in_file(trunkline_center::renames::FILE).report())
        }
    }
}

/// What is there before a plan that was saved earlier is carried out, drafts of what it touches included.
pub(crate) async fn before(
    connected: &Connected,
    located: &Located,
    plan: &Plan,
    state: &TargetState,
) -> Result<Snapshot, Report> {
    let recent = remembered(located, state).await?.recent;
    let read = read_options(located, &opt_in_kinds(plan), false, recent);
    let mut snapshot = connected.snapshot(None, &read).await?;
    let touched =
        |kind: &str, name: &str| plan.steps.iter().any(|s| s.kind == kind && s.name == name);
    let drafts =
        snapshot.resources.iter().filter(|r| r.draft.is_none() && touched(r.kind, &r.name));
    let drafts: Vec<_> = drafts
        .filter(|r| kind_named(r.kind).is_some_and(|k| k.has_drafts()))
        .map(|r| (r.kind, r.id.clone()))
        .collect();
    connected.read_drafts(&mut snapshot, &drafts, &read).await?;
    Ok(snapshot)
}

/// What is remembered for the next read of a target.
pub(crate) async fn remembered(
    located: &Located,
    state: &TargetState,
) -> Result<Remembered, Report> {
    state.remembered(&journal::is_within(located.project.settings.search_lag)).await
}

/// Forgets a baseline that is another instance's. TL0524: the warning that says so.
fn of_another_instance(connected: &Connected, baseline: &mut Baseline) -> Option<Diagnostic> {
    let arn = &connected.instance.arn;
    let other = baseline.applied.as_ref().filter(|a| a.instance != *arn)?.instance.clone();
    *baseline = Baseline::default();
    let alias = &connected.instance.alias;
    Some(
        Diagnostic::warning("TL0524", format!("`{alias}` is another instance than was applied to"))
            .on(connected.target.label())
            .because(format!("applied to was {other}; this is {arn}"))
            .help("if that was intended, apply: it starts anew; if not, check trunkline.yaml"),
    )
}

/// The documents as one target wants them: in scope, with its overrides, as drafts where asked for.
fn documents_for(
    located: &Located,
    documents: &Documents,
    target: &Target,
    arguments: &PlanArguments,
) -> Documents {
    let project = &located.project;
    let included: BTreeSet<&str> =
        arguments.include.iter().map(|k| k.strip_suffix('s').unwrap_or(k)).collect();
    let mut wanted = Documents::default();
    wanted.attachments.clone_from(&documents.attachments);
    for document in documents.iter() {
        let opt_in = kind_named(document.kind).is_some_and(|k| k.opt_in());
        let out = !arguments.scope.takes(document.kind)
            || !project.scope.holds(document.kind, &document.name)
            || project.is_external(document.kind, &document.name)
            || opt_in && !included.contains(document.kind);
        if out {
            continue;
        }
        let mut document = document.clone();
        document.body.extend(project.overrides_for(document.kind, &document.name, target));
        if arguments.draft && matches!(document.kind, "flow" | "module") {
            document.body.insert("status".to_owned(), "saved".into());
        }
        let inserted = wanted.insert(document);
        debug_assert!(inserted.is_ok(), "names were unique before");
    }
    wanted
}
