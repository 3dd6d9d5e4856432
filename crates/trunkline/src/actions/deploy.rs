//! Deploy `Trunkline`: this program's plan or apply, as a process in the unpacked input artifact.
//!
//! Before it starts anything, the release is looked at: whether it was where it has to be first, and whether it
//! would undo a fix. After an apply it is recorded. An apply that an earlier start of the same execution left
//! unfinished is resumed by `trunkline apply` itself, which knows it by the execution.

use super::artifacts::aside;
use super::builds::{Work, carry_out, unpack};
use super::git::View;
use super::plans::{self, Made, PlanArtifact};
use super::releases::{self, Deployed};
use super::source::read_project;
use super::{Ended, Job, Shared};
use crate::clock;
use crate::planning::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use trunkline_build::{Build, Folders, NoVault};
use trunkline_config::{Project, State};
use trunkline_engine::{ActionOutcome, ArtifactRef, Revision};
use trunkline_model::{Diagnostic, Environment, Report};
use trunkline_store::Release;

/// How many releases of an environment are looked at.
const RELEASES: usize = 500;

/// Whether it plans or applies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plan,
    Apply,
}

/// What is deployed, and where to.
struct Deployment {
    /// That folder within the repository: empty, or with a slash at its end.
    prefix: String,
    project: Project,
    environment: Environment,
    region: Option<String>,
    mode: Mode,
    scope: Scope,
    drop_fix: bool,
    release: String,
    revision: Option<Revision>,
    /// The plan that is applied; without one, the apply plans anew.
    plan: Option<PlanArtifact>,
}

/// `{Deploy, Custom, Trunkline}`.
pub(super) async fn deploy(shared: Arc<Shared>, job: Job) -> Ended {
    let work = Work::make(&shared, &job)?;
    let (input, plan) = inputs(&shared, &job, &work).await?;
    let mut deployment = Deployment::of(&job, &work.path("source"), input.revision.clone())?;
    deployment.take(&shared, &job, plan)?;
    shared.introduce(&job, &deployment);
    let judged = shared.may_deploy(&deployment).await;
    match deployment.mode {
        Mode::Apply => judged?,
        // Nobody should be asked to approve what will then be refused without having been told.
        Mode::Plan => shared.foretell(&job, &judged),
    }
    let saved = work.path("plan.json");
    let build = shared.process(&job, &work, &deployment, &saved)?;
    let result = carry_out(&shared, &job, &build, &NoVault).await?;
    let variables = deployment.variables(counts(&saved).await);
    if let Some(failure) = shared.own_failure(&job, &result) {
        let summary = Some(failure.message.clone());
        return Ok(ActionOutcome {
            failure: Some(failure),
            summary,
            variables,
            ..ActionOutcome::default()
        });
    }
    let mut artifacts = Vec::new();
    match (deployment.mode, job.run.outputs.first()) {
        (Mode::Apply, _) => shared.record(&job, &deployment)?,
        (Mode::Plan, None) => {}
        (Mode::Plan, Some(output)) => {
            let regions = deployment.regions();
            let bytes = plans::pack(&job, &deployment.made(&regions), &saved).await?;
            let (id, size) = shared.artifacts.put(bytes).await?;
            let (name, revision) = (output.name.clone(), deployment.revision.clone());
            artifacts.push(ArtifactRef { name, id, size, revision });
        }
    }
    let summary = Some(deployment.summary(&variables));
    Ok(ActionOutcome { variables, summary, artifacts, ..ActionOutcome::default() })
}

/// Unpacks the documents into `source`, and the plan where there is one.
async fn inputs<'a>(
    shared: &Arc<Shared>,
    job: &'a Job,
    work: &Work,
) -> Result<(&'a ArtifactRef, Option<PlanArtifact>), Report> {
    let wrong = |message: &str| Diagnostic::error("TL0114", message).report();
    let source = work.path("source");
    let Some(first) = job.run.inputs.first() else {
        return Err(wrong("the action has no input artifact to deploy"));
    };
    unpack(shared, job, first, &source).await?;
    let Some(second) = job.run.inputs.get(1) else { return Ok((first, None)) };
    let other = work.folder("plan")?;
    unpack(shared, job, second, &other).await?;
    if let Some(plan) = PlanArtifact::read(&other) {
        return Ok((first, Some(plan)));
    }
    // They may stand the other way round.
    let aside = work.path("aside");
    let swapped = std::fs::rename(&source, &aside)
        .and_then(|()| std::fs::rename(&other, &source))
        .and_then(|()| std::fs::rename(&aside, &other));
    swapped.map_err(|error| crate::files::failed(&other.display().to_string(), &error))?;
    let plan = PlanArtifact::read(&other)
        .ok_or_else(|| wrong("of two input artifacts, one must be the plan of an action before"))?;
    Ok((second, Some(plan)))
}

impl Deployment {
    fn of(job: &Job, source: &Path, revision: Option<Revision>) -> Result<Self, Report> {
        let wrong = |message: String| Err(Diagnostic::error("TL0114", message).report());
        let mode = match job.setting("Mode") {
            None | Some("apply") => Mode::Apply,
            Some("plan") => Mode::Plan,
            Some(other) => return wrong(format!("`Mode` is `plan` or `apply`, not `{other}`")),
        };
        let scope = match job.setting("Scope") {
            None | Some("full") => Scope::Full,
            Some("partial") => Scope::Partial,
            Some(other) => return wrong(format!("`Scope` is `full` or `partial`, not `{other}`")),
        };
        let folder = job.setting("Directory").unwrap_or_default().trim_matches('/').to_owned();
        if folder.split('/').any(|part| part == "..") {
            return wrong(format!("`Directory` leads out of the artifact: `{folder}`"));
        }
        let root = source.join(&folder);
        let project = read_project(&root)?.ok_or_else(|| {
            Diagnostic::error("TL0109", "the input artifact holds no trunkline.yaml")
                .help("`Directory` says in which folder of it the project is")
                .report()
        })?;
        let environment = project.environment(job.required("Environment")?)?.clone();
        Ok(Self {
            release: releases::release_of(&root)?,
            prefix: if folder.is_empty() { folder } else { format!("{folder}/") },
            project,
            environment,
            region: job.setting("Region").map(str::to_owned),
            mode,
            scope,
            drop_fix: job.setting("DropFix") == Some("true"),
            revision,
            plan: None,
        })
    }

    /// Takes the plan that is to be applied. TL0114: it is not of this, or the mode has no use for it.
    fn take(
        &mut self,
        shared: &Shared,
        job: &Job,
        plan: Option<PlanArtifact>,
    ) -> Result<(), Report> {
        let wrong = |message: &str| Err(Diagnostic::error("TL0114", message).report());
        match (self.mode, plan) {
            (Mode::Plan, Some(_)) => wrong("`Mode: plan` takes the documents alone"),
            (Mode::Apply, _) if !job.run.outputs.is_empty() => {
                wrong("`Mode: apply` makes no output artifact")
            }
            // What an earlier execution planned is over; going back to its documents needs a plan of its own.
            (Mode::Apply, Some(plan))
                if job.run.rollback_target.is_some() && !plan.is_of(&job.run.execution) =>
            {
                let line = "the plan is of the execution that this goes back to: planned anew";
                shared.say(&job.run.action_execution, [line.to_owned()]);
                Ok(())
            }
            (_, plan) => {
                let regions = self.regions();
                plan.iter().try_for_each(|plan| plan.fits(&self.made(&regions)))?;
                self.plan = plan;
                Ok(())
            }
        }
    }

    /// What a plan of this is made for.
    fn made<'a>(&'a self, regions: &'a [String]) -> Made<'a> {
        Made {
            environment: &self.environment.name,
            release: &self.release,
            scope: if self.scope == Scope::Full { "full" } else { "partial" },
            regions,
        }
    }

    /// The regions that are deployed to.
    fn regions(&self) -> Vec<String> {
        match &self.region {
            Some(region) => vec![region.clone()],
            None => self.environment.regions.iter().map(|r| r.as_str().to_owned()).collect(),
        }
    }

    fn commit(&self) -> Option<&str> {
        self.revision.as_ref().map(|revision| revision.id.as_str())
    }

    /// The first characters of the release, for people.
    fn short(&self) -> &str {
        self.release.get(..12).unwrap_or(&self.release)
    }

    /// The output variables: what it is, and how much a plan changes.
    fn variables(&self, counts: Option<BTreeMap<String, usize>>) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::from([
            ("Environment".to_owned(), self.environment.name.clone()),
            ("Regions".to_owned(), self.regions().join(",")),
            ("Release".to_owned(), self.release.clone()),
        ]);
        variables.extend(self.commit().map(|commit| ("CommitId".to_owned(), commit.to_owned())));
        if let Some(counts) = counts {
            let changes: usize = counts.values().sum();
            variables.insert("Changes".to_owned(), changes.to_string());
            variables.insert("Summary".to_owned(), in_words(&counts));
        }
        variables
    }

    fn summary(&self, variables: &BTreeMap<String, String>) -> String {
        let (to, regions) = (&self.environment.name, self.regions().join(", "));
        match self.mode {
            Mode::Apply => format!("release {} deployed to {to} ({regions})", self.short()),
            Mode::Plan => {
                let words = variables.get("Summary").map_or("nothing", String::as_str);
                format!("{words} in {to} ({regions})")
            }
        }
    }

    /// The command line of this program, in the unpacked artifact. Builds find it by its name, and a short line is
    /// one that people can read in the log.
    fn words(&self, saved: &Path) -> Vec<String> {
        let text = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let mut words = text(&["trunkline"]);
        if !self.prefix.is_empty() {
            words.extend(text(&["-C", &self.prefix]));
        }
        // Both lie beside the artifact's folder.
        let shown = |path: &Path| match (self.prefix.is_empty(), path.strip_prefix(beside(saved))) {
            (true, Ok(path)) => format!("../{}", path.display()),
            _ => path.display().to_string(),
        };
        let planned = self.plan.as_ref().map(|plan| shown(&plan.file()));
        match (self.mode, &planned) {
            (Mode::Plan, _) => words.extend(text(&["plan", "--out", &shown(saved)])),
            (Mode::Apply, Some(plan)) => words.extend(text(&["apply", plan, "--yes"])),
            (Mode::Apply, None) => words.extend(text(&["apply", "--yes"])),
        }
        if planned.is_none() {
            words.extend(text(&["--env", &self.environment.name]));
        }
        words.extend(self.region.iter().flat_map(|region| text(&["--region", region])));
        if self.scope == Scope::Partial {
            words.extend(text(&["--scope", "partial"]));
        }
        words
    }
}

/// The folder in which a file lies.
fn beside(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

/// How many resources saved plans create, update and so on; None where there are none.
async fn counts(saved: &Path) -> Option<BTreeMap<String, usize>> {
    let saved = saved.to_owned();
    let counted = aside(move || {
        let text = std::fs::read(saved).unwrap_or_default();
        let Ok(plans) = serde_json::from_slice::<Value>(&text) else { return Ok(None) };
        let mut counts = BTreeMap::new();
        let plans = plans.get("plans").unwrap_or(&plans).as_array().into_iter().flatten();
        for change in plans.flat_map(|plan| plan["changes"].as_array().into_iter().flatten()) {
            if let Some(action) = change["action"].as_str() {
                *counts.entry(action.to_owned()).or_default() += 1;
            }
        }
        Ok(Some(counts))
    });
    counted.await.ok().flatten()
}

fn in_words(counts: &BTreeMap<String, usize>) -> String {
    let one = |(action, number): (&String, &usize)| format!("{number} to {action}");
    let words: Vec<String> = counts.iter().map(one).collect();
    if words.is_empty() { "nothing to change".to_owned() } else { words.join(", ") }
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl Shared {
    /// Says in the log what is about to happen.
    fn introduce(&self, job: &Job, deployment: &Deployment) {
        let name = &deployment.environment.name;
        let commit = deployment.commit().map_or(String::new(), |c| format!(", commit {c}"));
        let mut lines = vec![format!("release {}{commit}, for {name}", deployment.short())];
        if let Some(role) = &job.run.role_arn {
            lines.push(format!("with the role {role} first"));
        }
        if deployment.plan.is_some() {
            lines.push("exactly what was planned is applied, or nothing".to_owned());
        }
        if let Some(target) = &job.run.rollback_target {
            lines.push(format!("this goes back to what execution {target} deployed"));
            lines.push("what was made since then stays".to_owned());
        }
        if job.run.recovered || job.run.attempt > 1 {
            lines.push("an earlier start was interrupted: what it began is resumed".to_owned());
        }
        self.say(&job.run.action_execution, lines);
    }

    /// Says in a plan's log what an apply of it would be refused for.
    fn foretell(&self, job: &Job, judged: &Result<(), Report>) {
        let all = judged.as_ref().err().into_iter().flat_map(|report| &report.0);
        let lines: Vec<String> = all
            .flat_map(|d| {
                let first = format!("an apply of this will be refused: {d}");
                std::iter::once(first).chain(d.notes.iter().cloned()).chain(d.help.clone())
            })
            .collect();
        if !lines.is_empty() {
            self.say(&job.run.action_execution, lines);
        }
    }

    /// Judges a release before anything is started. TL0113: it comes too early; TL0545: it undoes a fix; TL0546:
    /// whether it does is not known.
    async fn may_deploy(&self, deployment: &Deployment) -> Result<(), Report> {
        let Deployment { project, environment, release, .. } = deployment;
        let partial = deployment.scope == Scope::Partial;
        let store = &self.setting.store;
        let of = |name: &str| -> Result<Vec<Deployed>, Report> {
            let all = store.releases(Some(name), RELEASES);
            let all = all.map_err(|error| error.diagnostic(store.path()).report())?;
            Ok(all.iter().map(|r| judged(r, partial)).collect())
        };
        releases::check_after(project, environment, release, &of)?;
        if deployment.drop_fix {
            return Ok(());
        }
        let last = |name: &str| of(name).map(|all| all.into_iter().next());
        let mut fixes = Vec::new();
        for fix in releases::fix_environments(project, environment) {
            // The same documents have the fix, whatever commit holds them.
            let found = last(&fix.name)?.filter(|deployed| deployed.release != *release);
            fixes.extend(found.map(|deployed| (fix.name.clone(), deployed.commit)));
        }
        if fixes.is_empty() {
            return Ok(());
        }
        let current = last(&environment.name)?.and_then(|deployed| deployed.commit);
        let unknown = |why: &str| releases::unknown(&environment.name, &fixes, why);
        let Some(commit) = deployment.commit() else {
            return Err(unknown("what is deployed is of no commit"));
        };
        let mut why = format!("no repository that the server reads has commit {commit}");
        for view in View::all(&self.mirrors()) {
            if !view.has(commit).await {
                continue;
            }
            let lost =
                releases::lost(&view, &deployment.prefix, commit, current.as_deref(), &fixes).await;
            match lost {
                Ok(lost) => return releases::refuse_lost(&environment.name, &lost),
                Err(reason) => why = reason,
            }
        }
        Err(unknown(&why))
    }

    /// The process: this program in the unpacked artifact, with this one's way to AWS.
    fn process(
        &self,
        job: &Job,
        work: &Work,
        deployment: &Deployment,
        saved: &Path,
    ) -> Result<Build, Report> {
        let words = deployment.words(saved);
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let folders = Folders {
            source: work.path("source"),
            scratch: work.folder("scratch")?,
            ..Folders::default()
        };
        let id = format!("{}-{}", job.run.action_execution, job.run.attempt);
        let command = format!("exec {}", words.join(" "));
        let mut build = Build::of_commands(id, vec![command], Vec::new(), Vec::new(), folders);
        let (mut variables, secrets) = self.own_variables();
        let own = [
            ("TRUNKLINE_EXECUTION", job.run.execution.clone()),
            ("TRUNKLINE_COMMIT", deployment.commit().unwrap_or_default().to_owned()),
            ("TRUNKLINE_STATE", self.state_folder(&deployment.project)),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        variables.extend(super::credentials::first_role(job));
        build.predefined = variables;
        build.secrets = secrets;
        build.host = self.host();
        // A deployment may wait for rates and for people's locks; the engine's own deadline ends it.
        build.limits.timeout = TIMEOUT;
        Ok(build)
    }

    /// Where a project's state is kept that says a folder: beside the project that the server was started in, where
    /// it is the same one, else in the data folder. Empty for a bucket.
    fn state_folder(&self, project: &Project) -> String {
        let State::Folder(folder) = &project.state else { return String::new() };
        let same = self.project().ok().flatten().is_some_and(|own| own.name == project.name);
        let path = if same {
            self.setting.root.join(folder)
        } else {
            let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
            let name: String = project.name.chars().map(plain).collect();
            self.setting.data.root().join("state").join(name)
        };
        std::path::absolute(&path).unwrap_or(path).display().to_string()
    }

    /// Records what was deployed.
    fn record(&self, job: &Job, deployment: &Deployment) -> Result<(), Report> {
        let scope = if deployment.scope == Scope::Full { "full" } else { "partial" };
        let release = Release {
            environment: deployment.environment.name.clone(),
            release: deployment.release.clone(),
            revision: deployment.commit().map(str::to_owned),
            at: clock::now(),
            execution: Some(job.run.execution.clone()),
            body: json!({
                "regions": deployment.regions(), "scope": scope, "pipeline": job.run.pipeline,
                "project": deployment.project.name, "rollback": job.run.rollback_target,
            }),
        };
        self.setting
            .store
            .released(&release)
            .map_err(|error| error.diagnostic(&self.setting.data.database()).report())?;
        let (short, name) = (deployment.short(), &release.environment);
        self.say(&job.run.action_execution, [format!("release {short} is recorded for {name}")]);
        Ok(())
    }
}

/// What an apply may take; approvals and windows are waited for outside of it.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(8 * 3600);

/// A release of the store. A part is as good as the whole where only a part is asked for.
fn judged(release: &Release, partial: bool) -> Deployed {
    let regions = release.body["regions"].as_array().into_iter().flatten();
    Deployed {
        release: release.release.clone(),
        commit: release.revision.clone(),
        regions: regions.filter_map(|r| r.as_str().map(str::to_owned)).collect(),
        whole: partial || release.body["scope"] != "partial",
    }
}
