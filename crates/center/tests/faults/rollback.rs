//! A rollback brings back what was there before, in every managed field, and nothing else.

use crate::crash::Crash;
use crate::dump::named;
use crate::files::{everything, hours, inbound, queue, say, second, to_flow};
use crate::stage::{Run, Stage, Text, documents};
use crate::sweep::{difference, fresh};
use crate::unasked::saved_over;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_center::rollback::Rollback;
use trunkline_testkit::Blow;

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

#[test]
fn a_second_deployment_is_taken_back_to_the_first() {
    for belief in [true, false] {
        let stage = fresh(belief);
        stage.deploy(&documents(&everything()));
        let before = comparable(&stage);
        let mut run = stage.run(&documents(&second()));
        let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
        assert_eq!(outcome.failures, []);
        let back = undone(&stage, &run, &before).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(back.kept, []);
        assert_eq!(back.cannot, [], "belief {belief}");
    }
}

#[test]
fn what_was_emptied_or_deleted_before_the_answer_was_lost_is_known() {
    let files = [inbound("A", vec![to_flow("B")]), inbound("B", vec![to_flow("A")])];
    for number in 1..=3 {
        let stage = fresh(true);
        let before = comparable(&stage);
        let mut run = stage.run(&documents(&files));
        stage.carry_on(&mut run, None);
        stage.cloud.forget();
        stage.cloud.fail(number, Blow::LostAfter);
        let back = undone(&stage, &run, &before).unwrap_or_else(|why| panic!("{number}: {why}"));
        assert_eq!(back.plan.steps.len(), 3, "one is emptied first");
    }
}

/// Applies a first version, lets somebody work, applies a second one and lets somebody work again; the rollback
/// must end as `expected` says of the flow: what callers hear, and the draft. Returns what it tells.
#[track_caller]
fn flow_after(
    first: &[Text],
    theirs_before: Option<&str>,
    second: &[Text],
    theirs_since: Option<&str>,
    expected: (&str, &str),
) -> (Vec<String>, Vec<String>) {
    let mut stage = Stage::new();
    stage.deploy(&documents(first));
    stage.options.overwrite_drafts = true;
    if let Some(text) = theirs_before {
        saved_over(&stage, "flow", "A", text);
    }
    let mut run = stage.run(&documents(second));
    let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
    assert_eq!(outcome.failures, []);
    if let Some(text) = theirs_since {
        saved_over(&stage, "flow", "A", text);
    }
    let back = undo(&stage, &run).unwrap_or_else(|why| panic!("{why}"));
    let id = stage.id_of("flow", "A");
    let says = |id: &str| {
        let flow = stage.called("DescribeContactFlow", json!({ "ContactFlowId": id }));
        let content = flow["ContactFlow"]["Content"].as_str().expect("content").to_owned();
        let content: Value = serde_json::from_str(&content).expect("JSON");
        content["Actions"][0]["Parameters"]["Text"].as_str().expect("a text").to_owned()
    };
    let found = (says(&id), says(&format!("{id}:$SAVED")));
    assert_eq!((found.0.as_str(), found.1.as_str()), expected);
    let again = stage.undoing(&run).expect("a second rollback");
    assert_eq!(again.plan.steps, []);
    let texts = |all: &[trunkline_model::Diagnostic]| {
        all.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
    };
    (texts(&back.cannot), texts(&back.kept))
}

fn a(text: &str) -> Vec<Text> {
    vec![inbound("A", vec![say(text)])]
}

fn a_draft(text: &str) -> Vec<Text> {
    vec![crate::files::flow("A", "CONTACT_FLOW", "saved", vec![say(text)])]
}

#[test]
fn drafts_come_back_beside_what_is_published() {
    let nothing = (Vec::<String>::new(), Vec::<String>::new());
    let told = flow_after(&a("One"), Some("Mine"), &a("Two"), None, ("One", "Mine"));
    assert_eq!(told, nothing);
    assert_eq!(flow_after(&a("One"), None, &a_draft("Two"), None, ("One", "One")), nothing);
    let told = flow_after(&a("One"), Some("Mine"), &a_draft("Two"), None, ("One", "Mine"));
    assert_eq!(told, nothing);
}

#[test]
fn a_draft_that_somebody_saved_since_stays() {
    let (cannot, kept) = flow_after(&a("One"), None, &a("Two"), Some("New"), ("One", "New"));
    assert_eq!(cannot, Vec::<String>::new());
    assert_eq!(kept, ["TL0531 flow \"A\" has a draft that somebody saved since; it stays"]);
}

#[test]
fn what_was_only_saved_is_a_draft_again_and_stays_published() {
    let (cannot, _) = flow_after(&a_draft("One"), None, &a("Two"), None, ("Two", "One"));
    assert_eq!(cannot, ["TL0530 flow \"A\" stays published"]);
}

#[test]
fn what_others_changed_since_stays_and_is_told() {
    let stage = Stage::new();
    stage.deploy(&documents(&[hours(), queue("Sales", "MaxContacts: 10\nDescription: One\n")]));
    let second = [
        hours(),
        queue("Sales", "MaxContacts: 20\nDescription: Two\n"),
        queue("Service", ""),
        queue("Other", "Description: Ours\n"),
        inbound("A", vec![to_flow("B")]),
        inbound("B", vec![say("Hello")]),
    ];
    let mut run = stage.run(&documents(&second));
    stage.carry_on(&mut run, None);
    let id = stage.id_of("queue", "Sales");
    stage.called("UpdateQueueMaxContacts", json!({ "QueueId": id, "MaxContacts": 30 }));
    let id = stage.id_of("queue", "Other");
    let input = json!({ "QueueId": id, "Name": "Other", "Description": "Mine" });
    stage.called("UpdateQueueName", input);
    let content = |file: &Text| {
        let document: Value = serde_json::from_str(&file.1).expect("JSON");
        document["content"].to_string().replace("${flow:B}", &stage.id_of("flow", "B"))
    };
    let theirs = content(&inbound("Theirs", vec![to_flow("B")]));
    let input = json!({ "Name": "Theirs", "Type": "CONTACT_FLOW", "Content": theirs });
    stage.called("CreateContactFlow", input);
    let back = undo(&stage, &run).unwrap_or_else(|why| panic!("{why}"));
    let kept: Vec<&str> = back.kept.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(
        kept,
        [
            "`MaxContacts` of queue \"Sales\" was changed since; it stays",
            "queue \"Other\" stays: its Description was changed since",
            "flow \"B\" stays: flow \"Theirs\" uses it",
        ]
    );
    let all = comparable(&stage);
    let there = |key: &str| all.contains_key(key);
    assert!(there("queue/Other") && there("flow/B") && there("flow/Theirs"), "{:?}", all.keys());
    assert!(!there("queue/Service") && !there("flow/A"), "{:?}", all.keys());
    let sales = &all["queue/Sales"]["Queue"];
    assert_eq!((&sales["MaxContacts"], &sales["Description"]), (&json!(30), &json!("One")));
}

#[test]
fn a_text_that_the_service_cannot_empty_stays_and_is_told() {
    let stage = Stage::new();
    stage.deploy(&documents(&[hours(), queue("Sales", "")]));
    let mut run = stage.run(&documents(&[hours(), queue("Sales", "Description: Two\n")]));
    stage.carry_on(&mut run, None);
    let back = undo(&stage, &run).unwrap_or_else(|why| panic!("{why}"));
    let cannot: Vec<&str> = back.cannot.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(cannot, ["`Description` of queue \"Sales\" stays"]);
}

#[test]
fn what_somebody_renamed_since_keeps_its_name_and_is_found_by_its_id() {
    let stage = Stage::new();
    let files = |count: &str, text: &str| {
        vec![
            hours(),
            queue("Sales", &format!("MaxContacts: {count}\n")),
            inbound("A", vec![crate::files::to_queue("Sales"), say(text)]),
        ]
    };
    stage.deploy(&documents(&files("10", "One")));
    let before = comparable(&stage);
    let mut run = stage.run(&documents(&files("20", "Two")));
    stage.carry_on(&mut run, None);
    let id = stage.id_of("queue", "Sales");
    stage.called("UpdateQueueName", json!({ "QueueId": id, "Name": "Service" }));
    let back = undo(&stage, &run).unwrap_or_else(|why| panic!("{why}"));
    let kept: Vec<&str> = back.kept.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(kept, ["queue \"Sales\" is called `Service` since; it keeps that name"]);
    stage.called("UpdateQueueName", json!({ "QueueId": id, "Name": "Sales" }));
    assert_eq!(differences(&comparable(&stage), &before), Vec::<String>::new());
}

#[test]
fn a_rollback_is_taken_up_and_taken_back_like_any_other_run() {
    let stage = fresh(true);
    stage.deploy(&documents(&everything()));
    let first = comparable(&stage);
    let mut run = stage.run(&documents(&second()));
    stage.carry_on(&mut run, None);
    let after = comparable(&stage);
    let back = stage.undoing(&run).expect("a rollback");
    let (before, plan) = (stage.whole(), back.plan);
    let half = plan.steps.len() / 2;
    let mut backwards = Run { before, plan, events: Vec::new() };
    assert!(stage.carry_on(&mut backwards, Some(Crash::After(half))).is_none());
    let outcome = stage.carry_on(&mut backwards, None).expect("nothing kills it");
    assert_eq!(outcome.failures, []);
    assert_eq!(differences(&comparable(&stage), &first), Vec::<String>::new());
    let forwards = undone(&stage, &backwards, &after).unwrap_or_else(|why| panic!("{why}"));
    assert!(forwards.cannot.iter().all(|d| d.message.ends_with("has another id then")));
    assert!(forwards.cannot.len() > 5, "{:#?}", forwards.cannot);
}

#[test]
fn what_a_run_retired_or_deleted_comes_back() {
    let mut stage = fresh(true);
    // People stay, and what they use.
    stage.deploy(&documents(&everything()));
    stage.options.prune = true;
    let less: Vec<Text> = second_of_few();
    let wanted = documents(&less);
    // The first apply retires, the second deletes.
    for round in ["retired", "deleted"] {
        let before = comparable(&stage);
        let mut run = stage.run(&wanted);
        let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
        assert_eq!(outcome.failures, [], "{round}");
        assert_ne!(differences(&comparable(&stage), &before), Vec::<String>::new(), "{round}");
        let back = undone(&stage, &run, &before).unwrap_or_else(|why| panic!("{round}: {why}"));
        assert_eq!(back.kept, [], "{round}");
        let mut again = stage.run(&wanted);
        stage.carry_on(&mut again, None);
    }
}

#[test]
fn what_was_taken_out_of_use_is_put_to_use_again_without_a_question() {
    let mut stage = fresh(true);
    let wanted = documents(&everything());
    stage.deploy(&wanted);
    let before = comparable(&stage);
    stage.options.prune = true;
    stage.deploy(&documents(&second_of_few()));
    assert_ne!(differences(&comparable(&stage), &before), Vec::<String>::new());
    stage.options.prune = false;
    let (plan, outcome) = stage.deploy(&wanted);
    assert_eq!(outcome.failures, []);
    let again: Vec<&str> = plan.steps.iter().map(|s| s.id.as_str()).collect();
    assert!(again.iter().any(|id| id.starts_with("agent-status/Lunch/")), "{again:?}");
    assert!(again.iter().any(|id| id.starts_with("module/Ask/")), "{again:?}");
}

/// A project that holds little of what the first version held.
fn second_of_few() -> Vec<Text> {
    vec![hours(), inbound("Main", vec![say("Hello")])]
}

#[test]
fn what_something_that_stays_still_uses_is_not_pruned_and_its_users_are_told() {
    let mut stage = fresh(true);
    stage.deploy(&documents(&everything()));
    stage.options.prune = true;
    let wanted = documents(&second_of_few());
    for round in ["retires", "deletes"] {
        let plan = stage.plan(&wanted).unwrap_or_else(|report| panic!("{round}: {report:#?}"));
        let told: BTreeMap<String, Vec<String>> = plan
            .findings
            .iter()
            .filter(|found| found.code == "TL0533")
            .map(|found| (found.message.clone(), found.notes.clone()))
            .collect();
        let coach = &told["security-profile \"Coach\" is still used and stays"];
        assert_eq!(coach, &["user \"alice\" uses it"], "{round}");
        // What that uses stays as well.
        let sales = &told["queue \"Sales\" is still used and stays"];
        assert!(sales.contains(&"routing-profile \"Agents\" uses it".to_owned()), "{sales:#?}");
        let touched: Vec<&str> = plan.steps.iter().map(|s| s.id.as_str()).collect();
        let kept = |id: &&&str| id.contains("/Coach/") || id.contains("/Agents/");
        assert_eq!(touched.iter().find(kept), None, "{round}");
        let (_, outcome) = stage.deploy(&wanted);
        assert_eq!(outcome.done, outcome.total, "{round}");
    }
    let all = comparable(&stage);
    assert!(all.contains_key("security-profile/Coach") && !all.contains_key("module/Ask"));
}

#[test]
fn what_somebody_works_on_while_a_rollback_is_about_to_delete_it_stays() {
    let stage = fresh(true);
    let mut run = stage.run(&documents(&[hours(), queue("Sales", "")]));
    stage.carry_on(&mut run, None).expect("nothing kills it");
    let back = stage.undoing(&run).expect("a rollback");
    let mut undone = Run { plan: back.plan, events: Vec::new(), ..run };
    let id = stage.id_of("queue", "Sales");
    stage.called("UpdateQueueMaxContacts", json!({ "QueueId": id, "MaxContacts": 5 }));
    let before = named(&stage);
    let outcome = stage.carry_on(&mut undone, None).expect("nothing kills it");
    let codes: Vec<&str> = outcome.failures.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["TL0502"]);
    assert_eq!(named(&stage), before);
}
