//! Whether an environment may be applied to now and from here: freeze windows, `apply_from`, and how a person
//! breaks the glass with `--reason`. Every command that writes to a target asks before its first write; who asks
//! records the answer in the history. Pure: time and invoker are parameters. What must have been applied before
//! (`after`) is not judged here.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use trunkline_config::{ApplyFrom, Project, frozen};
use trunkline_model::{Diagnostic, Environment, Report};

/// Who started the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvokedBy {
    /// A person, at a shell.
    Person,
    /// A pipeline's execution, by its id.
    Pipeline(String),
}

/// A rule that was broken for a reason; recorded in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BreakGlass {
    /// What `--reason` says.
    pub(crate) reason: String,
    /// The rules that did not hold: codes of diagnostics.
    pub(crate) rules: Vec<String>,
}

/// Says whether a command may write to an environment. None: every rule holds. TL0610, TL0611: it
/// may not, unless a reason is given, which is not empty then.
pub(crate) fn may_apply(
    project: &Project,
    environment: &Environment,
    now: Timestamp,
    invoked_by: &InvokedBy,
    reason: Option<&str>,
) -> Result<Option<BreakGlass>, Report> {
    let Some(rules) = project.delivery.get(&environment.name) else { return Ok(None) };
    let mut broken = Vec::new();
    if rules.apply_from == ApplyFrom::Pipeline && *invoked_by == InvokedBy::Person {
        broken.push(only_a_pipeline(environment));
    }
    if let Some(window) = frozen(&rules.freeze, now) {
        broken.push(in_a_freeze(environment, &window));
    }
    if broken.is_empty() {
        return Ok(None);
    }
    match reason.map(str::trim).filter(|r| !r.is_empty()) {
        Some(reason) => {
            let rules = broken.into_iter().map(|d| d.code).collect();
            Ok(Some(BreakGlass { reason: reason.to_owned(), rules }))
        }
        None => Err(Report(broken.into_iter().map(|d| d.in_file(&project.file)).collect())),
    }
}

fn only_a_pipeline(environment: &Environment) -> Diagnostic {
    let name = &environment.name;
    Diagnostic::error("TL0611", format!("only a pipeline may apply to `{name}`"))
        .because("its configuration says `apply_from: pipeline`, and no pipeline runs this command")
        .help("start the pipeline; in an emergency, `--reason TEXT` applies from here and is recorded")
}

fn in_a_freeze(environment: &Environment, window: &trunkline_config::Frozen<'_>) -> Diagnostic {
    let (name, freeze) = (&environment.name, window.freeze);
    let there = clock(window.ends, freeze.zone());
    let mut found = Diagnostic::error("TL0610", format!("`{name}` is frozen until {there}"))
        .because(format!("the window is `{}`", freeze.text()));
    if freeze.zone() != &TimeZone::UTC {
        found = found.because(format!("that is {}", clock(window.ends, &TimeZone::UTC)));
    }
    found.help("apply after that; in an emergency, `--reason TEXT` applies now and is recorded")
}

/// A time as clocks of a zone show it: `Mon 2026-11-23 19:00 America/Los_Angeles`.
fn clock(time: Timestamp, zone: &TimeZone) -> String {
    let shown = time.to_zoned(zone.clone());
    let zone = zone.iana_name().unwrap_or("UTC");
    format!("{} {zone}", shown.strftime("%a %Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "version: 1\nproject: acme\nenvironments:\n  prod: { account: \"111122223333\", \
        regions: [us-west-2], instance: acme, RULES }\n";
    const FREEZE: &str = "freeze: [\"Mon-Fri 07:00-19:00 America/Los_Angeles\"]";
    /// A Monday, 08:00 in Los Angeles.
    const WITHIN: &str = "2026-11-23T16:00:00Z";

    fn check(
        rules: &str,
        now: &str,
        invoked_by: &InvokedBy,
        reason: Option<&str>,
    ) -> Result<Option<BreakGlass>, Report> {
        let text = CONFIG.replace("RULES", rules);
        let project = trunkline_config::parse(&text, "trunkline.yaml").expect("a configuration");
        let now = now.parse().expect("a time");
        may_apply(&project, &project.environments[0], now, invoked_by, reason)
    }

    fn codes(report: &Report) -> Vec<&str> {
        report.0.iter().map(|d| d.code.as_str()).collect()
    }

    #[test]
    fn without_rules_everybody_may_apply() {
        let found = check("approval: required", WITHIN, &InvokedBy::Person, Some("because"));
        assert_eq!(found, Ok(None));
    }

    #[test]
    fn a_freeze_binds_people_and_pipelines_and_says_when_it_ends() {
        for by in [InvokedBy::Person, InvokedBy::Pipeline("e-1".to_owned())] {
            let report = check(FREEZE, WITHIN, &by, None).expect_err("frozen");
            assert_eq!(codes(&report), ["TL0610"]);
            let message = &report.0[0].message;
            assert!(message.ends_with("Mon 2026-11-23 19:00 America/Los_Angeles"), "{message}");
            let notes = &report.0[0].notes;
            assert!(notes.iter().any(|n| n.ends_with("Tue 2026-11-24 03:00 UTC")), "{notes:?}");
        }
        assert_eq!(check(FREEZE, "2026-11-24T03:00:00Z", &InvokedBy::Person, None), Ok(None));
        let utc = "freeze: [\"Sat-Sun UTC\"]";
        let report = check(utc, "2026-11-28T01:00:00Z", &InvokedBy::Person, None).expect_err("so");
        assert_eq!(report.0[0].notes, ["the window is `Sat-Sun UTC`"]);
    }

    #[test]
    fn only_pipelines_apply_where_that_is_asked_for() {
        let rules = "apply_from: pipeline";
        let report = check(rules, WITHIN, &InvokedBy::Person, None).expect_err("a person");
        assert_eq!(codes(&report), ["TL0611"]);
        assert_eq!(check(rules, WITHIN, &InvokedBy::Pipeline("e-1".to_owned()), None), Ok(None));
    }

    #[test]
    fn a_reason_breaks_the_rules_and_says_which() {
        let both = format!("{FREEZE}, apply_from: pipeline");
        let found = check(&both, WITHIN, &InvokedBy::Person, Some(" the menu is silent "));
        let found = found.expect("a reason").expect("a broken rule");
        assert_eq!(found.reason, "the menu is silent");
        assert_eq!(found.rules, ["TL0611", "TL0610"]);
        let report = check(&both, WITHIN, &InvokedBy::Person, Some("  ")).expect_err("no reason");
        assert_eq!(codes(&report), ["TL0611", "TL0610"]);
    }
}
