//! The text of an environment's first pipeline: source, check, and one stage with plan, approval and deployment
//! region by region, so that nothing else is deployed between a plan and its apply; for an environment that
//! people build in, an export and its check.
//!
//! `pipeline new` writes it. What it makes is read without a finding; a test holds the two together.

use crate::Project;
use crate::edit::{name as plain, quote};
use std::fmt::Write as _;
use trunkline_model::{Approval, Environment, EnvironmentUse};

/// What a new pipeline shall be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StarterOptions {
    /// The repository; the project's name where it is absent. For a connection `OWNER/NAME`.
    pub repository: Option<String>,
    /// The ARN of a connection to GitHub, GitLab or Bitbucket. Without it the repository is one that
    /// `serve` hosts or mirrors.
    pub connection: Option<String>,
    /// Part of a repository whose changes alone start it.
    pub component: Option<Component>,
}

/// A part of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Its name, which becomes part of the pipeline's.
    pub name: String,
    /// Globs of its files.
    pub paths: Vec<String>,
}

/// Returns the name of an environment's pipeline: project, environment and component.
pub fn pipeline_name(
    project: &Project,
    environment: &Environment,
    component: Option<&str>,
) -> String {
    let parts: Vec<&str> =
        [Some(&*project.name), Some(&*environment.name), component].into_iter().flatten().collect();
    clean(&parts.join("-"))
}

/// Writes the pipeline of an environment as YAML.
pub fn default_pipeline(
    project: &Project,
    environment: &Environment,
    options: &StarterOptions,
) -> String {
    let component = options.component.as_ref();
    let name = pipeline_name(project, environment, component.map(|c| c.name.as_str()));
    let mut text = Text::default();
    let export = environment.used_for == EnvironmentUse::Build;
    text.head(environment, export);
    text.line(0, "pipeline:");
    text.line(1, format!("name: {}", plain(&name)));
    text.line(1, "pipelineType: V2");
    text.line(
        1,
        "executionMode: SUPERSEDED   # a newer push takes the place of one that waits; or QUEUED",
    );
    if let Some(component) = component.filter(|_| !export) {
        text.trigger(environment, component);
    }
    if !export {
        text.line(1, "variables:");
        text.line(2, "- { name: DropFix, defaultValue: \"false\" }   # `trunkline pipeline run --drop-fix` sets it");
    }
    text.line(1, "stages:");
    if export {
        text.export(project, environment, options);
        text.check();
    } else {
        text.source(project, environment, options);
        text.check();
        text.deploy(environment);
    }
    text.0
}

/// Keeps the characters that names of pipelines may have.
fn clean(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".@-_".contains(c);
    name.chars().map(|c| if allowed(c) { c } else { '-' }).take(100).collect()
}

fn branch(environment: &Environment) -> String {
    plain(environment.branch.as_deref().unwrap_or("main"))
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, level: usize, line: impl AsRef<str>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{}{}", "  ".repeat(level), line.as_ref());
    }

    fn head(&mut self, environment: &Environment, export: bool) {
        let name = environment.name.replace(['\n', '\r'], " ");
        if export {
            self.line(
                0,
                format!(
                    "# Exports what people built in {name}, commits it to a branch, and checks it."
                ),
            );
        } else {
            self.line(0, format!("# Deploys to {name} what is pushed to its branch: check, plan, then region by region."));
        }
        self.line(0, "# `trunkline pipeline validate FILE` checks this file; docs/pipelines.md tells what can be here.");
    }

    fn trigger(&mut self, environment: &Environment, component: &Component) {
        let paths: Vec<String> = component.paths.iter().map(|p| quote(p)).collect();
        self.line(1, "triggers:");
        self.line(2, "- providerType: CodeStarSourceConnection");
        self.line(3, "gitConfiguration:");
        self.line(4, "sourceActionName: Documents");
        self.line(4, "push:");
        self.line(5, format!("- branches: {{ includes: [{}] }}", branch(environment)));
        self.line(6, format!("filePaths: {{ includes: [{}] }}", paths.join(", ")));
    }

    fn stage(&mut self, name: &str) {
        self.line(2, format!("- name: {name}"));
        self.line(3, "actions:");
    }

    fn action(&mut self, name: &str, category: &str, owner: &str, provider: &str) {
        self.line(4, format!("- name: {}", plain(name)));
        self.line(
            5,
            format!("actionTypeId: {{ category: {category}, owner: {owner}, provider: {provider}, version: \"1\" }}"),
        );
    }

    fn setting(&mut self, key: &str, value: &str) {
        self.line(6, format!("{key}: {}", plain(value)));
    }

    fn source(&mut self, project: &Project, environment: &Environment, options: &StarterOptions) {
        let repository = options.repository.as_deref().unwrap_or(&project.name);
        self.stage("Source");
        match &options.connection {
            Some(connection) => {
                self.action("Documents", "Source", "AWS", "CodeStarSourceConnection");
                self.line(5, "namespace: source");
                self.line(5, "configuration:");
                self.setting("ConnectionArn", connection);
                self.setting("FullRepositoryId", repository);
            }
            None => {
                self.action("Documents", "Source", "AWS", "CodeCommit");
                self.line(5, "namespace: source");
                self.line(5, "configuration:");
                self.setting("RepositoryName", repository);
            }
        }
        self.line(6, format!("BranchName: {}", branch(environment)));
        self.line(5, "outputArtifacts: [{ name: Documents }]");
    }

    fn export(&mut self, project: &Project, environment: &Environment, options: &StarterOptions) {
        let repository = options.repository.as_deref().unwrap_or(&project.name);
        self.stage("Source");
        self.action("Export", "Source", "Custom", "TrunklineExport");
        self.line(5, "configuration:");
        self.setting("Environment", &environment.name);
        self.setting("Repository", repository);
        self.line(6, format!("Branch: {}", branch(environment)));
        self.line(6, "# Schedule: \"0 3 * * *\"   # every night, beside starts by hand");
        self.line(5, "outputArtifacts: [{ name: Documents }]");
    }

    fn check(&mut self) {
        self.stage("Check");
        self.action("Check", "Compute", "AWS", "Commands");
        self.line(5, "commands:");
        self.line(6, "- trunkline check");
        self.line(5, "inputArtifacts: [{ name: Documents }]");
    }

    /// The plan, the approval of it where the environment asks for one, and what applies it: the primary region
    /// first, the others one after the other.
    fn deploy(&mut self, environment: &Environment) {
        self.stage("Deploy");
        self.action("Plan", "Deploy", "Custom", "Trunkline");
        self.line(5, "namespace: plan");
        self.line(5, "configuration:");
        self.setting("Environment", &environment.name);
        self.setting("Mode", "plan");
        self.setting("DropFix", "#{variables.DropFix}");
        self.line(5, "inputArtifacts: [{ name: Documents }]");
        self.line(5, "outputArtifacts: [{ name: Plan }]");
        let mut order = 1;
        if environment.approval == Approval::Required {
            order += 1;
            self.action("Approve", "Approval", "AWS", "Manual");
            self.line(5, format!("runOrder: {order}"));
            self.line(5, "configuration:");
            let name = &environment.name;
            let what = format!("Commit #{{source.CommitId}} goes to {name}: #{{plan.Summary}}.");
            self.setting("CustomData", &what);
        }
        for region in &environment.regions {
            order += 1;
            self.action(region.as_str(), "Deploy", "Custom", "Trunkline");
            self.line(5, format!("runOrder: {order}"));
            self.line(5, "configuration:");
            self.setting("Environment", &environment.name);
            self.setting("Region", region.as_str());
            self.setting("DropFix", "#{variables.DropFix}");
            self.line(5, "inputArtifacts: [{ name: Documents }, { name: Plan }]");
        }
    }
}
