//! `trunkline doctor`: looks at everything that a deployment needs, and says what to do about what is not
//! well. Reads only, but for one small object that it writes to the state store and deletes again.

mod builds;
mod permissions;
mod probe;

use super::Outcome;
use crate::connect::{self, Access};
use crate::context::{App, CONFIG, Located};
use crate::exit::Exit;
use crate::render::{counted, printable};
use crate::{files, journal, runtime};
use serde::Serialize;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use trunkline_aws::{Aws, Client, Options};
use trunkline_center::{Call, Cloud as _, Documents, call_failed, find_instance};
use trunkline_model::{EnvironmentUse, Report, Target};

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline doctor --env prod")]
pub(crate) struct Arguments {
    /// Only this environment (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    environment: Option<String>,
    /// Find out what AWS does where its documentation leaves it open, by throwaway flows in an environment that
    /// nobody depends on, and set the configuration's `settings`
    #[arg(long, requires = "environment")]
    probe: bool,
    /// Do not ask before the probe
    #[arg(short, long, requires = "probe")]
    yes: bool,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    verdict: Verdict,
    /// The target; none for what all targets share.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    check: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Check {
    fn new(verdict: Verdict, check: &'static str, message: String) -> Self {
        Self { verdict, target: None, check, message, notes: Vec::new(), help: None }
    }
}

/// What was found so far; each check is printed as soon as it is made.
struct Findings<'a> {
    app: &'a App,
    target: Option<String>,
    all: Vec<Check>,
}

impl Findings<'_> {
    /// Adds a check; the target is filled in here.
    fn add(&mut self, mut found: Check) {
        found.target.clone_from(&self.target);
        if !self.app.printer.is_json() {
            self.show(&found);
        }
        self.all.push(found);
    }

    fn show(&self, found: &Check) {
        let paint = self.app.printer.paint;
        let verdict = match found.verdict {
            Verdict::Ok => "ok    ".to_owned(),
            Verdict::Warn => paint.yellow("warn  "),
            Verdict::Fail => paint.red("fail  "),
        };
        let check = found.check;
        let printer = &self.app.printer;
        let head = format!("  {verdict}{check:<15} ");
        printer.hanging(&head, 24, &printable(&found.message));
        let head = " ".repeat(24);
        for note in &found.notes {
            let note = if printer.is_verbose() { note.clone() } else { brief(note) };
            printer.hanging(&head, 24, &format!("note: {}", printable(&note)));
        }
        if let Some(help) = &found.help {
            printer.hanging(&head, 24, &format!("help: {}", printable(help)));
        }
    }

    fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(Check::new(Verdict::Ok, check, message.into()));
    }

    fn warn(&mut self, check: &'static str, message: impl Into<String>, help: &str) {
        let help = Some(help.to_owned());
        self.add(Check { help, ..Check::new(Verdict::Warn, check, message.into()) });
    }

    fn fail(&mut self, check: &'static str, report: &Report) {
        for found in &report.0 {
            let message = format!("{} [{}]", found.message, found.code);
            let (notes, help) = (found.notes.clone(), found.help.clone());
            self.add(Check { notes, help, ..Check::new(Verdict::Fail, check, message) });
        }
    }

    /// Keeps what a step gave, or why it failed.
    fn keep<T>(&mut self, check: &'static str, step: Result<T, Report>) -> Option<T> {
        step.map_err(|report| self.fail(check, &report)).ok()
    }

    fn on(&mut self, target: &Target) {
        self.target = Some(target.label());
        if !self.app.printer.is_json() {
            self.app.printer.result(&format!("\n{}", printable(&target.label())));
        }
    }
}

/// A note of people's length: of a long list the first ones, and how many more there are.
fn brief(note: &str) -> String {
    const MOST: usize = 120;
    let items: Vec<&str> = note.split(", ").collect();
    let mut length = 0;
    let fits = |item: &&&str| {
        length += item.chars().count() + 2;
        length <= MOST
    };
    let shown = items.iter().take_while(fits).count().max(1);
    match items.len() - shown {
        0 => note.to_owned(),
        more => {
            format!("{} and {more} more (`-v` and `--json` name all)", items[..shown].join(", "))
        }
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    if arguments.probe {
        return probe::run(arguments.environment.as_deref(), arguments.yes, app);
    }
    let mut findings = Findings { app, target: None, all: Vec::new() };
    let project = app.project();
    if let Some(located) = findings.keep("configuration", project) {
        look(arguments, &located, &mut findings)?;
    } else {
        git(None, &mut findings);
    }
    let count = |verdict| findings.all.iter().filter(|c| c.verdict == verdict).count();
    let (failed, warned) = (count(Verdict::Fail), count(Verdict::Warn));
    if app.printer.is_json() {
        let body = json!({ "checks": findings.all, "failed": failed, "warned": warned });
        app.printer.json("doctor", &body);
    } else {
        let all = counted(findings.all.len(), "check");
        app.printer.result(&format!("\n{all}: {failed} failed, {warned} with a warning"));
    }
    Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
}

fn look(
    arguments: &Arguments,
    located: &Located,
    findings: &mut Findings<'_>,
) -> Result<(), Report> {
    let project = &located.project;
    let environments = counted(project.environments.len(), "environment");
    findings.ok("configuration", format!("{CONFIG}: {}, {environments}", project.name));
    git(Some(located), findings);
    builds::look(located, findings);
    let documents = findings.keep("documents", files::load(&located.root));
    if let Some(documents) = &documents {
        match documents.len() {
            0 => findings.warn("documents", "there are none yet", "`trunkline export` writes them"),
            count => findings.ok("documents", format!("{count}, all readable")),
        }
    }
    let names: Vec<String> = match &arguments.environment {
        Some(name) => vec![name.clone()],
        None => {
            let enabled = project.environments.iter().filter(|e| e.enabled);
            enabled.map(|e| e.name.clone()).collect()
        }
    };
    let mut targets = Vec::new();
    for name in names {
        targets.extend(located.targets(&name, None)?);
    }
    let Some(first) = targets.first() else { return Ok(()) };
    let Some(aws) = findings.keep("credentials", connect::aws(findings.app)) else { return Ok(()) };
    let region = first.region.clone();
    runtime::block_on(async {
        let own = aws.client(Options::new(region)).await.map_err(|e| call_failed(&e));
        permissions::clock(&aws, findings);
        let Some(own) = findings.keep("credentials", own) else { return Ok(()) };
        findings.ok("credentials", own.identity().arn.clone());
        permissions::store(&aws, located, findings).await;
        for target in targets {
            findings.on(&target);
            look_at(&aws, &own, &target, documents.as_ref(), findings).await;
        }
        Ok(())
    })
}

fn git(located: Option<&Located>, findings: &mut Findings<'_>) {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("git");
        if let Some(located) = located {
            command.current_dir(&located.root);
        }
        let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    match (ask(&["--version"]), ask(&["rev-parse", "--is-inside-work-tree"])) {
        (None, _) => {
            findings.warn("git", "was not found", "install git to keep the project's history")
        }
        (Some(_), None) if located.is_some() => {
            findings.warn("git", "the project is in no repository", "`git init` makes one");
        }
        (Some(version), _) => findings.ok("git", version),
    }
}

async fn look_at(
    aws: &Aws,
    own: &Client,
    target: &Target,
    documents: Option<&Documents>,
    findings: &mut Findings<'_>,
) {
    let prompts = documents.is_some_and(|d| d.iter().any(|d| d.kind == "prompt"));
    let run = journal::run_id();
    let environment = &target.environment;
    let mut reader = None;
    if environment.read_role.is_some() && environment.read_role != environment.role {
        let client = connect::client(aws, target, Access::Read, &run).await;
        reader = findings.keep("role to read", client);
        if let Some(client) = &reader {
            findings.ok("role to read", role_of(client, true));
        }
    }
    // Nothing is deployed to where people build, so no role need be there that may write.
    let deployed = environment.used_for != EnvironmentUse::Build || reader.is_none();
    let mut writer = None;
    if deployed {
        let client = connect::client(aws, target, Access::Write, &run).await;
        writer = findings.keep("role", client);
    }
    if let Some(client) = &writer {
        findings.ok("role", role_of(client, environment.role.is_some()));
    }
    if let Some(client) = reader.as_ref().or(writer.as_ref()) {
        let alias = target.instance_alias();
        let found = find_instance(client, &environment.account, &target.region, &alias).await;
        if let Some(instance) = findings.keep("instance", found) {
            findings.ok("instance", format!("{alias}   {}", instance.id));
            for (client, reads) in [(&reader, true), (&writer, false)] {
                let Some(client) = client else { continue };
                permissions::check(own, client, target, &instance, documents, reads, findings)
                    .await;
            }
        }
    }
    match (&environment.staging_bucket, &writer) {
        (Some(bucket), Some(client)) => look_at_bucket(client, bucket, findings).await,
        (None, _) if prompts => findings.warn(
            "staging bucket",
            "none is set, but there are prompts to deploy",
            "name one as `staging_bucket` in trunkline.yaml",
        ),
        _ => {}
    }
}

/// The role's name, without the session's.
fn role_of(client: &Client, assumed: bool) -> String {
    let arn = client.identity().arn.as_str();
    if !assumed {
        return format!("none is set; your own credentials are used: {arn}");
    }
    let role = arn.split_once(":assumed-role/").map_or(arn, |(_, role)| role);
    let role = role.rsplit_once('/').map_or(role, |(role, _)| role);
    format!("{role} in {}", client.identity().account)
}

async fn look_at_bucket(client: &Client, bucket: &str, findings: &mut Findings<'_>) {
    let call = Call::new("s3", "HeadBucket", json!({ "Bucket": bucket }));
    let answer = client.call(call).await.map_err(|error| {
        let mut report = call_failed(&error);
        // HEAD has no body, so that the service cannot say more than the code.
        for found in &mut report.0 {
            found.message = format!("`{bucket}` cannot be used: {}", error.code);
            found.help =
                Some(format!("the role needs s3:ListBucket and s3:PutObject on `{bucket}`"));
        }
        report
    });
    let Some(answer) = findings.keep("staging bucket", answer) else { return };
    let region = answer.output.get("BucketRegion").and_then(Value::as_str).unwrap_or_default();
    if region.is_empty() || region == client.region().as_str() {
        findings.ok("staging bucket", bucket);
    } else {
        let help = "Connect reads prompts from a bucket of its own region: give each region one";
        findings.warn("staging bucket", format!("{bucket} is in {region}"), help);
    }
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn a_long_list_is_its_beginning_and_how_many_more_there_are() {
        let names: Vec<String> = (10..70).map(|n| format!("connect:DescribeNumber{n}")).collect();
        let note = format!("not known (60): {}", names.join(", "));
        let told = brief(&note);
        assert!(told.starts_with("not known (60): connect:DescribeNumber10, connect:"), "{told}");
        assert!(told.ends_with(" and 56 more (`-v` and `--json` name all)"), "{told}");
        assert_eq!(brief("nothing is, so to say, long"), "nothing is, so to say, long");
    }
}
