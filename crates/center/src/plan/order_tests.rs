//! The order of steps: needs first, cycles broken by the fewest stubs, phone numbers and removals last.

use super::order::{Unbreakable, order};
use super::{Action, Step, StepCall, Stub};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn call(operation: &str, input: Value) -> StepCall {
    let (service, operation) = ("connect".to_owned(), operation.to_owned());
    StepCall { service, operation, input, attachment: None }
}

fn step(kind: &str, name: &str, operation: &str, action: Action, refers: &[String]) -> Step {
    Step {
        id: format!("{kind}/{name}/{operation}"),
        action,
        kind: kind.to_owned(),
        name: name.to_owned(),
        call: call(operation, json!({ "Refers": refers })),
        provides: None,
        made: None,
        needs: Vec::new(),
        check: None,
        lists: Vec::new(),
        as_draft: Vec::new(),
        adopt: None,
        after: Vec::new(),
        stub: None,
    }
}

/// A create step of `kind:name`, which refers to others by `kind:name`.
fn create(who: &str, refers: &[&str]) -> Step {
    let (kind, name) = who.split_once(':').expect("kind and name");
    let refers: Vec<String> = refers.iter().map(|r| format!("${{{r}}}")).collect();
    let mut made = step(kind, name, "Create", Action::Create, &refers);
    made.provides = Some((kind.to_owned(), name.to_owned()));
    made.made = Some(("Id".to_owned(), "Arn".to_owned()));
    if kind == "flow" {
        let content = step(kind, name, "Content", Action::Update, &refers);
        made.stub = Some(Stub { create: call("Stub", json!({})), content: Box::new(content) });
    }
    made
}

/// The steps in order, as `kind/name/operation`; a create that became a stub says so.
fn ordered(steps: Vec<Step>) -> Vec<String> {
    let steps = order(steps).expect("an order");
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for step in &steps {
        for need in &step.needs {
            assert!(done.contains(need.as_str()), "{} comes before {need}", step.id);
        }
        done.insert(&step.id);
    }
    steps.iter().map(|s| format!("{}/{}/{}", s.kind, s.name, s.call.operation)).collect()
}

fn stubs(order: &[String]) -> Vec<&str> {
    order.iter().filter_map(|s| s.strip_suffix("/Stub")).collect()
}

#[test]
fn what_is_referred_to_comes_first() {
    let steps = vec![create("queue:Q", &["hours:H"]), create("hours:H", &[])];
    assert_eq!(ordered(steps), ["hours/H/Create", "queue/Q/Create"]);
}

#[test]
fn two_flows_that_name_each_other_need_one_stub() {
    let order = ordered(vec![create("flow:A", &["flow:B"]), create("flow:B", &["flow:A"])]);
    assert_eq!(order, ["flow/A/Stub", "flow/B/Create", "flow/A/Content"]);
}

#[test]
fn a_flow_that_names_itself_is_a_stub_first() {
    let order = ordered(vec![create("flow:A", &["flow:A"])]);
    assert_eq!(order, ["flow/A/Stub", "flow/A/Content"]);
}

#[test]
fn a_ring_of_three_needs_one_stub() {
    let ring = [("flow:A", ["flow:B"]), ("flow:B", ["flow:C"]), ("flow:C", ["flow:A"])];
    let order = ordered(ring.iter().map(|(who, to)| create(who, to)).collect());
    assert_eq!(stubs(&order).len(), 1, "{order:?}");
}

#[test]
fn the_flow_in_the_middle_of_many_cycles_is_the_only_stub() {
    let others = ["flow:A", "flow:B", "flow:D", "flow:E"];
    let mut steps: Vec<Step> = others.iter().map(|o| create(o, &["flow:Menu"])).collect();
    steps.push(create("flow:Menu", &others));
    let order = ordered(steps);
    assert_eq!(stubs(&order), ["flow/Menu"]);
}

#[test]
fn a_queue_and_its_whisper_flow() {
    let steps = vec![create("queue:Q", &["flow:Whisper"]), create("flow:Whisper", &["queue:Q"])];
    let order = ordered(steps);
    assert_eq!(order, ["flow/Whisper/Stub", "queue/Q/Create", "flow/Whisper/Content"]);
}

#[test]
fn a_cycle_without_a_flow_is_refused() {
    let steps = vec![create("hours:A", &["hours:B"]), create("hours:B", &["hours:A"])];
    let refused = order(steps).expect_err("no order");
    assert_eq!(refused, Unbreakable(vec!["hours/A/Create".into(), "hours/B/Create".into()]));
}

#[test]
fn an_association_comes_before_what_uses_it_and_does_not_wait_for_itself() {
    let refers = ["${lambda:lookup}".to_owned()];
    let mut associate =
        step("lambda-association", "lookup", "Associate", Action::Associate, &refers);
    associate.provides = Some(("lambda".to_owned(), "lookup".to_owned()));
    let mut alias = associate.clone();
    alias.id = "lambda-association/lookup:live/Associate".to_owned();
    let order = ordered(vec![create("flow:A", &["lambda:lookup"]), associate, alias]);
    assert_eq!(order.last().map(String::as_str), Some("flow/A/Create"));
}

#[test]
fn numbers_flip_after_every_change_and_removals_come_last() {
    let phone = step("phone-flow", "Main", "Associate", Action::Associate, &[]);
    let removal = step("queue", "Old", "Delete", Action::Delete, &[]);
    let order = ordered(vec![removal, phone, create("flow:A", &[]), create("queue:Q", &[])]);
    assert_eq!(order[2..], ["phone-flow/Main/Associate", "queue/Old/Delete"]);
}

proptest! {
    /// Any flows that name any flows come out whole, needs first, every stub followed by its content.
    #[test]
    fn every_graph_of_flows_has_an_order(edges in prop::collection::vec((0usize..14, 0usize..14), 0..60)) {
        let mut named: BTreeMap<usize, Vec<String>> = (0..14).map(|n| (n, Vec::new())).collect();
        for (from, to) in edges {
            named.entry(from).or_default().push(format!("flow:F{to}"));
        }
        let steps: Vec<Step> = named
            .iter()
            .map(|(n, to)| {
                let to: Vec<&str> = to.iter().map(String::as_str).collect();
                create(&format!("flow:F{n}"), &to)
            })
            .collect();
        let order = ordered(steps);
        for n in 0..14 {
            let at = |what: &str| order.iter().position(|s| *s == format!("flow/F{n}/{what}"));
            match at("Stub") {
                Some(stub) => prop_assert!(at("Content").is_some_and(|content| content > stub)),
                None => prop_assert!(at("Create").is_some() && at("Content").is_none()),
            }
        }
    }
}
