//! A rollback brings back what was there before, in every managed field, and nothing else.

use crate::dump::named;
use crate::files::everything;
use crate::stage::{Run, Stage, documents};
use crate::sweep::{difference, fresh};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_center::rollback::Rollback;

pub type Dump = BTreeMap<String, Value>;

/// What the service holds, without what it cannot delete.
pub fn comparable(stage: &Stage) -> Dump {
    let mut all = named(stage);
    all.retain(|key, _| !key.starts_with("agent-status/Lunch"));
    all
}

pub fn differences(found: &Dump, expected: &Dump) -> Vec<String> {
    let keys: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let differs = keys.into_iter().filter(|k| found.get(*k) != expected.get(*k));
    differs.map(|k| difference(k, found.get(k), expected.get(k))).collect()
}

/// Undoes a run to the end; says what went wrong.
pub fn undo(stage: &Stage, run: &Run) -> Result<Rollback, String> {
    let back = stage.undoing(run).map_err(|report| format!("no rollback: {report:#?}"))?;
    let mut undone = Run { plan: back.plan.clone(), ..run.clone() };
    undone.events.clear();
    let outcome = stage.carry_on(&mut undone, None).expect("nothing kills it");
    match outcome.failures.is_empty() {
        true => Ok(back),
        false => Err(format!("the rollback failed: {:#?}", outcome.failures)),
    }
}

/// Undoes a run; the instance must be as it was, and a second rollback must find nothing to do.
pub fn undone(stage: &Stage, run: &Run, before: &Dump) -> Result<Rollback, String> {
    let back = undo(stage, run)?;
    let different = differences(&comparable(stage), before);
    if !different.is_empty() {
        return Err(format!("after the rollback: {different:#?}"));
    }
    let again = stage.undoing(run).map_err(|report| format!("no second: {report:#?}"))?;
    let left: Vec<&str> = again.plan.steps.iter().map(|s| s.id.as_str()).collect();
    if left.is_empty() { Ok(back) } else { Err(format!("left to undo: {left:?}")) }
}

#[test]
fn a_first_deployment_is_taken_back() {
    for belief in [true, false] {
        let stage = fresh(belief);
        let before = comparable(&stage);
        let mut run = stage.run(&documents(&everything()));
        stage.carry_on(&mut run, None);
        assert!(comparable(&stage).len() > before.len() + 20);
        let back = undone(&stage, &run, &before).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(back.kept, []);
        let cannot: Vec<&str> = back.cannot.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(
            cannot,
            ["agent-status \"Lunch\" cannot be deleted; it is taken out of use"],
            "belief {belief}"
        );
    }
}
