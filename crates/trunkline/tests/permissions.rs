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
    ("connect:UpdateQueueOutboundEmailConfig", "the lab has no email addresses"),
    ("s3:GetBucketAcl", "asked for by AWS's documentation"),
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
    let site = Site::new("read_role: reader\n");
    site.bootstrap();
    // With the deploy role gone, whatever works works with the other one.
    without(&site, "deploy", None);
    site.done(&["export", "--env", "prod"]);
    site.done(&["plan", "--env", "prod", "--include", "users"]);
    let ran = site.run(&["apply", "--env", "prod", "--yes", "--include", "users"]);
    assert_ne!(ran.code, Some(0), "the read role writes\n{}", ran.err);
}
