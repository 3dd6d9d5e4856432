//! The roles that `env bootstrap` makes are enough, and no more than that: on a lab that enforces policies, a
//! project with every kind is exported, planned, applied, changed and pruned with them; and each action that is
//! taken away makes one of these commands fail, with the action's name and the ARN, and complete once it is back.
//!
//! A sample of the actions by default; every one of them with `TRUNKLINE_FAULTS=all` (`cargo xtask faults`).

#[path = "permissions/changes.rs"]
mod changes;
#[path = "permissions/site.rs"]
mod site;

use site::{Course, Site, without};
use std::collections::BTreeSet;
use trunkline_center::permissions::{Access, Need, needs};

/// What the lab cannot ask for, with the reason.
const UNREACHED: &[(&str, &str)] = &[
    ("connect:DescribeUserHierarchyGroup", "only while the search index lags"),
    ("connect:ListHoursOfOperationOverrides", "only while the search index lags"),
    ("connect:UpdateQueueOutboundEmailConfig", "the lab has no email addresses"),
];

/// How many of the actions a sample has.
const SAMPLE: usize = 5;

fn declared() -> Vec<Need> {
    needs(&trunkline_center::KINDS.iter().map(|k| k.spec().name).collect())
}

/// What makes a command fail where it is missing.
fn needed() -> Vec<Need> {
    let fails = |n: &Need| matches!(n.access, Access::Read | Access::Write);
    let known = |n: &Need| !UNREACHED.iter().any(|(action, _)| *action == n.action);
    declared().into_iter().filter(|n| fails(n) && known(n)).collect()
}

#[test]
fn the_bootstrapped_role_is_enough_and_every_action_of_it_is_needed() {
    let course = Course::run();
    let declared: BTreeSet<String> = declared().into_iter().map(|n| n.action).collect();
    let undeclared: Vec<String> =
        course.written().into_iter().filter(|action| !declared.contains(action)).collect();
    assert!(undeclared.is_empty(), "called, and not declared: {undeclared:?}");
    let all = needed();
    let whole = std::env::var("TRUNKLINE_FAULTS").is_ok_and(|v| v == "all");
    let step = if whole { 1 } else { all.len().div_ceil(SAMPLE) };
    let mut never = Vec::new();
    for need in all.iter().step_by(step) {
        if !course.needs(&need.action) {
            never.push(need.action.clone());
        }
    }
    assert!(never.is_empty(), "no command fails without these: {never:?}");
}

#[test]
fn the_read_role_is_enough_to_export_and_to_plan() {
    let site = Site::new("read_role: reader\nexternal_id: hush\nsource_identity: true\n");
    site.configure_git("[user]\n  email = ann@example.com\n");
    site.bootstrap();
    // With the deploy role gone, whatever works works with the other one.
    without(&site, "deploy", None);
    site.done(&["export", "--env", "prod"]);
    site.done(&["plan", "--env", "prod", "--include", "users"]);
    let ran = site.run(&["apply", "--env", "prod", "--yes", "--include", "users"]);
    assert_ne!(ran.code, Some(0), "the read role writes\n{}", ran.err);
    let sessions = site.sessions();
    assert!(!sessions.is_empty());
    for session in sessions {
        assert_eq!(session["RoleSessionName"], "ann@example.com");
        assert_eq!(session["SourceIdentity"], "ann@example.com");
        assert_eq!(session["ExternalId"], "hush");
    }
}

#[test]
fn the_read_role_is_enough_to_tell_drift_and_who_did_it() {
    let site = Site::new("read_role: reader\n");
    site.bootstrap();
    site.done(&["apply", "--env", "prod", "--include", "users", "--yes"]);
    site.done(&["drift", "--env", "prod", "--exit-code"]);
    site.set_limit("Sales", 3);
    without(&site, "deploy", None);
    let drift = &["drift", "--env", "prod", "--exit-code"];
    let ran = site.run(drift);
    assert_eq!(ran.code, Some(2), "{}\n{}", ran.out, ran.err);
    for said in ["MaxContacts  12  ->  3", "UpdateQueueMaxContacts by "] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
    // Who did it is a convenience; what changed is told without it too.
    without(&site, "reader", Some("cloudtrail:LookupEvents"));
    let ran = site.run(drift);
    assert_eq!(ran.code, Some(2), "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("by whom is not known"), "{}", ran.out);
    assert!(ran.err.contains("AccessDeniedException"), "{}", ran.err);
}

#[test]
fn the_doctor_probes_only_what_nobody_depends_on_and_writes_what_it_finds() {
    let site = Site::new("");
    site.bootstrap();
    let ran = site.run(&["doctor", "--probe", "--env", "prod"]);
    assert!(ran.err.contains("error[TL0505]"), "nobody was asked\n{}", ran.err);
    let config = site.configuration();
    site.configure(&config.replace("    instance:", "    approval: required\n    instance:"));
    let ran = site.run(&["doctor", "--probe", "--env", "prod", "--yes"]);
    assert!(ran.err.contains("error[TL0619]"), "{}", ran.err);
    site.configure(&config);
    site.done(&["doctor", "--probe", "--env", "prod", "--yes"]);
    let found = site.configuration();
    for setting in ["published_may_name_saved: true", "search_returns_content: true"] {
        assert!(found.contains(setting), "{found}");
    }
    let checks = site.done(&["doctor", "--env", "prod"]).out;
    assert!(checks.contains("actions allowed, as IAM simulates it"), "{checks}");
    without(&site, "deploy", Some("connect:CreateQueue"));
    let ran = site.run(&["doctor", "--env", "prod"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    for said in ["missing: connect:CreateQueue on arn:aws:connect:", "env bootstrap --env prod"] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
}
