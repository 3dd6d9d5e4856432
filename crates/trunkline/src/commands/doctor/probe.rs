//! `doctor --probe`: sets the beliefs of the configuration by what an instance does. It makes and deletes flows,
//! so it takes only an environment that nobody depends on, and asks.

use crate::clock::Stopwatch;
use crate::commands::Outcome;
use crate::confirm::confirm;
use crate::connect::{self, Access};
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::{journal, runtime};
use serde_json::json;
use std::time::Duration;
use trunkline_center::call_failed;
use trunkline_center::probe::{self, Probed, Wait};
use trunkline_config::set_settings;
use trunkline_model::{Approval, Diagnostic, Environment, EnvironmentUse, Report};

/// The machine's clock.
struct Clock(Stopwatch);

impl Wait for Clock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(super) fn run(environment: Option<&str>, yes: bool, app: &App) -> Outcome {
    let located = app.project()?;
    let name = environment.ok_or_else(|| {
        Diagnostic::error("TL0901", "no environment was given")
            .help("add `--env ENVIRONMENT`: one that nobody depends on")
    })?;
    let target = located.targets(name, None)?.into_iter().next();
    let target = target.expect("an environment has a region");
    refuse(&target.environment, &located)?;
    let question = format!(
        "Make flows named `{}...` in {}, look at what AWS does, and delete them?",
        probe::PREFIX,
        target.label()
    );
    confirm(app, &question, &target.environment.name, yes)?;
    let aws = connect::aws(app)?;
    let probed = runtime::block_on(async {
        let run = journal::run_id();
        let connected = connect::connect(&aws, &located, target, Access::Write, &run).await?;
        app.printer.say(&connected.headline());
        let clock = Clock(Stopwatch::start());
        let (client, instance) = (&connected.client, &connected.instance);
        probe::probe(client, instance, &clock, &run).await.map_err(|e| call_failed(&e))
    })?;
    record(&probed, &located, app)
}

/// TL0619: people, callers or a pipeline depend on the environment.
fn refuse(environment: &Environment, located: &Located) -> Result<(), Report> {
    let reason = if environment.approval == Approval::Required {
        "a person must approve what is deployed to it"
    } else if environment.branch.is_some() {
        "a branch is deployed to it"
    } else if environment.used_for == EnvironmentUse::Build {
        "people build in it"
    } else {
        return Ok(());
    };
    let message = format!("environment `{}` may not be probed", environment.name);
    Err(Diagnostic::error("TL0619", message)
        .in_file(&located.project.file)
        .because(reason)
        .help("probe an environment that nobody depends on")
        .report())
}

/// Writes what was found into the configuration.
fn record(probed: &Probed, located: &Located, app: &App) -> Outcome {
    let mut settings = Vec::new();
    let flags = [
        ("published_may_name_saved", probed.published_may_name_saved),
        ("search_returns_content", probed.search_returns_content),
    ];
    for (name, value) in flags {
        if let Some(value) = value {
            settings.push((name.to_owned(), value.to_string()));
        }
    }
    // One look is no upper bound: the lag is raised, to twice of what was seen, and never lowered.
    let lag = probed.search_lag.map(|s| (s * 2.0).ceil());
    if let Some(lag) = lag.filter(|lag| *lag > located.project.settings.search_lag) {
        settings.push(("search_lag".to_owned(), format!("{lag:.0}")));
    }
    let path = located.root.join(&located.project.file);
    let failed = |error: std::io::Error| {
        Diagnostic::error("TL0208", error.to_string()).in_file(&located.project.file).report()
    };
    let text = std::fs::read_to_string(&path).map_err(failed)?;
    let changed = set_settings(&text, &settings);
    if changed != text {
        std::fs::write(&path, changed).map_err(failed)?;
    }
    if app.printer.is_json() {
        let body = json!({
            "published_may_name_saved": probed.published_may_name_saved,
            "search_returns_content": probed.search_returns_content,
            "search_lag": probed.search_lag,
        });
        app.printer.json("doctor-probe", &body);
        return Ok(Exit::Done);
    }
    let known = |value: Option<bool>| value.map_or("not known".to_owned(), |v| v.to_string());
    let lag = probed.search_lag.map_or("not known".to_owned(), |s| format!("{s:.1} s"));
    app.printer.result(&format!(
        "published_may_name_saved  {}\nsearch_returns_content    {}\nsearch lag seen           {lag}",
        known(probed.published_may_name_saved),
        known(probed.search_returns_content)
    ));
    app.printer.say(&format!("{}: `settings` say so now", located.project.file));
    Ok(Exit::Done)
}
