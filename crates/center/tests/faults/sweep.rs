//! Every write of an apply fails once in every way, or the process dies there; the next run of the same
//! command ends like the run that nothing disturbed.

use crate::crash::Crash;
use crate::dump::named;
use crate::files::{everything, outside};
use crate::stage::{Stage, documents};
use serde_json::Value;
use std::collections::BTreeMap;
use trunkline_center::{Documents, File};
use trunkline_testkit::Blow;

/// What happens to one write.
#[derive(Clone, Debug)]
pub enum Fault {
    Blow(Blow),
    CrashBefore,
    CrashAfter,
}

pub const FAULTS: [Fault; 7] = [
    Fault::Blow(Blow::LostBefore),
    Fault::Blow(Blow::LostAfter),
    Fault::Blow(Blow::Throttled),
    Fault::Blow(Blow::Refused("InternalServiceException")),
    Fault::Blow(Blow::Expired),
    Fault::CrashBefore,
    Fault::CrashAfter,
];

/// Every fault at every write where `TRUNKLINE_FAULTS` is `all`; else each write meets some of them.
const STRIDE: usize = 11;

/// How a target ended: what the service says, and what an export gives.
#[derive(PartialEq)]
pub struct End {
    dump: BTreeMap<String, Value>,
    published: Vec<File>,
    drafts: Vec<File>,
}

pub fn end(stage: &Stage) -> End {
    End { dump: named(stage), published: stage.exported(false), drafts: stage.exported(true) }
}

pub fn fresh(belief: bool) -> Stage {
    let mut stage = Stage::believing(belief, belief);
    outside(&mut stage);
    stage
}

/// Where two texts begin to differ, with a little around it.
pub fn difference(key: &str, found: Option<&Value>, expected: Option<&Value>) -> String {
    let text = |v: Option<&Value>| v.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let (found, expected) = (text(found), text(expected));
    let same = found.chars().zip(expected.chars()).take_while(|(a, b)| a == b).count();
    let part = |s: &str| s.chars().skip(same.saturating_sub(60)).take(160).collect::<String>();
    format!("{key}: {}\n   instead of {}", part(&found), part(&expected))
}

/// What differs, for people.
pub fn differences(found: &End, expected: &End) -> Vec<String> {
    let keys = found.dump.keys().chain(expected.dump.keys());
    let differs = keys.filter(|k| found.dump.get(*k) != expected.dump.get(*k));
    let mut all: Vec<String> =
        differs.map(|k| difference(k, found.dump.get(k), expected.dump.get(k))).collect();
    let files = |e: &End| [e.published.clone(), e.drafts.clone()].concat();
    let (mine, theirs) = (files(found), files(expected));
    all.extend(mine.iter().filter(|f| !theirs.contains(f)).map(|(p, _)| format!("export: {p}")));
    all
}

/// Lets a fault happen at a write from now; returns the crash that the run has to be told of.
pub fn strike(stage: &Stage, fault: &Fault, at: usize) -> Option<Crash> {
    match fault {
        Fault::Blow(blow) => {
            stage.cloud.fail(at, blow.clone());
            None
        }
        Fault::CrashBefore => Some(Crash::Before(at)),
        Fault::CrashAfter => Some(Crash::After(at)),
    }
}

/// Runs once under a fault and once more; says whether the first run came to its end by itself.
fn disturbed(
    wanted: &Documents,
    belief: bool,
    fault: &Fault,
    at: usize,
    expected: &End,
) -> Result<bool, String> {
    let stage = fresh(belief);
    let crash = strike(&stage, fault, at);
    let first = stage.attempt(wanted, crash);
    let whole = first.as_ref().is_some_and(|o| o.failures.is_empty() && o.done == o.total);
    if let (Fault::Blow(Blow::LostBefore | Blow::LostAfter), false) = (fault, whole) {
        let why = first.map(|o| o.failures).unwrap_or_default();
        println!(
            "   {fault:?} at {at}: {:?}",
            why.first().map(|d| format!("{} {} {:?}", d.code, d.message, d.place))
        );
    }
    let plan = stage.plan(wanted).map_err(|r| format!("no second plan: {r:#?}"))?;
    let left = plan.steps.len();
    // What stayed a draft is tried again each time.
    let second = stage.attempt(wanted, None).expect("nothing kills it");
    if !second.failures.is_empty() {
        return Err(format!("the second run failed, {left} steps left: {:#?}", second.failures));
    }
    let found = end(&stage);
    if found != *expected {
        return Err(format!("ends otherwise: {:#?}", differences(&found, expected)));
    }
    let third = stage.plan(wanted).map_err(|r| format!("no third plan: {r:#?}"))?;
    let third: Vec<&str> = third.steps.iter().map(|s| s.id.as_str()).collect();
    if third != ALWAYS_TRIED {
        return Err(format!("left to do: {third:?}"));
    }
    Ok(whole)
}

/// What the service refuses to publish is tried again by every run.
const ALWAYS_TRIED: [&str; 1] = ["flow/Broken/UpdateContactFlowContent"];

#[track_caller]
fn sweep(belief: bool) {
    let wanted = documents(&everything());
    let stage = fresh(belief);
    let before = stage.cloud.writes();
    let (_, outcome) = stage.deploy(&wanted);
    let writes = stage.cloud.writes() - before;
    assert_eq!(outcome.drafts.len(), 1, "{:#?}", outcome.drafts);
    stage.attempt(&wanted, None);
    let expected = end(&stage);
    let all = std::env::var("TRUNKLINE_FAULTS").is_ok_and(|v| v == "all");
    let stride = if all { 1 } else { STRIDE };
    let (mut failures, mut points) = (Vec::new(), 0);
    println!("belief {belief}: {writes} writes");
    for (number, fault) in FAULTS.iter().enumerate() {
        let (mut equal, mut whole, mut tried) = (0, 0, 0);
        for at in (1..=writes).filter(|at| (at + number) % stride == 0) {
            tried += 1;
            match disturbed(&wanted, belief, fault, at, &expected) {
                Ok(ended) => {
                    equal += 1;
                    whole += usize::from(ended);
                }
                Err(why) => failures.push(format!("{fault:?} at write {at}: {why}")),
            }
        }
        println!(
            "{:<45} points {tried:>3}  equal {equal:>3}  ended at once {whole:>3}",
            format!("{fault:?}")
        );
        points += tried;
    }
    let shown: String = failures.iter().take(6).map(|f| format!("{f}\n")).collect();
    assert!(failures.is_empty(), "{} of {points} points fail:\n{shown}", failures.len());
}

#[test]
fn any_write_may_fail_where_published_flows_may_name_saved_ones() {
    sweep(true);
}

#[test]
fn any_write_may_fail_where_they_may_not() {
    sweep(false);
}
