//! Counts against Service Quotas: what does not fit is known before the first write.

use crate::stage::{Stage, TARGET};
use std::collections::BTreeMap;
use trunkline_lab::Options;

const PLAN: &[&str] = &["plan", "--env", "prod"];
const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

/// A stage whose target has this quota of queues; one queue comes with the instance.
fn stage(queues: usize) -> Stage {
    let quotas = BTreeMap::from([("queues".to_owned(), queues)]);
    let stage = Stage::with(Options { quotas, ..Options::default() });
    stage.policy(TARGET, &["connect:*", "lambda:*", "lex:*", "s3:*", "servicequotas:*"], &[]);
    stage
}

#[test]
fn what_a_quota_does_not_allow_stops_a_plan() {
    let says = ["there are 1 now and 2 after the plan", "`Queues per instance` is 1"];
    stage(1).refused(PLAN, 1, "TL0615", &says);
    stage(1).refused(APPLY, 1, "TL0615", &says);
}

#[test]
fn what_nearly_uses_up_a_quota_is_told_and_done() {
    let stage = stage(2);
    let ran = stage.done(&[PLAN, &["--json"]].concat());
    let findings = ran.json()["plans"][0]["findings"].clone();
    let has = |code: &str| findings.as_array().is_some_and(|f| f.iter().any(|f| f["code"] == code));
    // The lab has no quotas of flows and hours.
    assert!(has("TL0614") && has("TL0616"), "{findings:#}");
    let ran = stage.done(APPLY);
    assert!(ran.err.contains("warning[TL0614]"), "{}", ran.err);
    // What makes nothing asks for no quotas.
    let ran = stage.done(PLAN);
    assert!(!ran.err.contains("TL061"), "{}", ran.err);
}

#[test]
fn quotas_that_nobody_may_read_stop_nothing() {
    let stage = stage(1);
    stage.policy(TARGET, &["connect:*", "lambda:*", "lex:*", "s3:*"], &[]);
    let ran = stage.done(PLAN);
    assert!(ran.err.contains("note[TL0616]"), "{}", ran.err);
    assert!(ran.err.contains("ListServiceQuotas: AccessDenied"), "{}", ran.err);
}
