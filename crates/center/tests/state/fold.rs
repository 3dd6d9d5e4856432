//! What a run leaves remembered, wherever it was cut and however often it is folded.

use crate::samples::{INSTANCE, both, events, plan, some_plan, step, wanted};
use proptest::prelude::*;
use serde_json::json;
use trunkline_center::apply::{Event, StepResult};
use trunkline_center::plan::{Action, Plan};
use trunkline_center::state::{Applied, AppliedResource, Ledger, advance, advance_ledger, settle};

/// The events of a run, with steps failing and their ends lost as `fates` say.
fn history(plan: &Plan, fates: &[u8]) -> Vec<Event> {
    let mut all = Vec::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let [started, done] = both(step, number);
        let failed = json!({
            "event": "step-failed", "step": step.id, "code": "TL0605", "message": "refused",
        });
        let failed: Event = serde_json::from_value(failed).expect("an event");
        match fates[number % fates.len()] % 5 {
            0 => {}
            1 => all.push(started),
            2 => all.extend([started, failed]),
            3 => all.extend([started.clone(), started, done]),
            _ => all.extend([started, done]),
        }
    }
    all
}

fn earlier() -> Applied {
    let mut applied = Applied::new(INSTANCE);
    applied.insert(wanted("hours", "Day", "h-1", "old"));
    applied.insert(wanted("queue", "Gone", "q-9", "old"));
    applied
}

proptest! {
    #[test]
    fn any_part_and_then_the_whole_is_the_whole(
        fates in prop::collection::vec(any::<u8>(), 1..6),
        cut in any::<prop::sample::Index>(),
        known in any::<bool>(),
    ) {
        let plan = some_plan();
        let all = history(&plan, &fates);
        let before = known.then(earlier);
        let whole = advance(before.as_ref(), &plan, &all);
        let part = advance(before.as_ref(), &plan, &all[..cut.index(all.len() + 1)]);
        prop_assert_eq!(&advance(Some(&part), &plan, &all), &whole);
        prop_assert_eq!(&advance(Some(&whole), &plan, &all), &whole);
        let ledger = Ledger::default();
        let whole = advance_ledger(&ledger, &plan, &all);
        let part = advance_ledger(&ledger, &plan, &all[..cut.index(all.len() + 1)]);
        prop_assert_eq!(&advance_ledger(&part, &plan, &all), &whole);
    }
}

#[test]
fn a_whole_run_is_remembered_with_the_ids_that_it_made() {
    let plan = some_plan();
    let applied = advance(Some(&earlier()), &plan, &events(&plan));
    let queue = applied.get("queue", "Sales").expect("the queue");
    assert_eq!((queue.id.as_str(), &queue.body["Description"]), ("id-0", &json!("new")));
    assert!(applied.resources.values().all(|r| r.begun.is_empty()));
    assert_eq!(applied.get("prompt", "Beep").expect("without a step").id, "p-1");
    assert!(applied.get("queue", "Gone").is_some(), "what the plan does not touch stays");
    let drafts: Vec<String> = applied.own_drafts().into_iter().collect();
    assert_eq!(drafts, ["draft 4"], "the last one");
}

/// Whether a description may be the resource's without anybody having changed it.
fn may_hold(resource: &AppliedResource, description: &str) -> bool {
    let mut bodies = std::iter::once(&resource.body).chain(&resource.begun);
    bodies.any(|body| body["Description"] == description)
}

#[test]
fn a_run_that_stopped_leaves_fields_that_may_hold_either() {
    let plan = some_plan();
    let [started, _] = both(&plan.steps[2], 2);
    let applied = advance(Some(&earlier()), &plan, &[started]);
    let hours = applied.get("hours", "Day").expect("the hours");
    for value in ["old", "new"] {
        assert!(may_hold(hours, value), "{value}");
    }
    assert!(!may_hold(hours, "somebody's"));
    assert!(applied.get("queue", "Sales").is_none(), "its steps were not begun");
}

#[test]
fn what_was_refused_for_publishing_keeps_what_callers_hear() {
    let plan = plan(
        vec![step("flow", "Main", "UpdateContactFlowContent", Action::Update)],
        vec![wanted("flow", "Main", "f-1", "new")],
    );
    let mut before = Applied::new(INSTANCE);
    before.insert(wanted("flow", "Main", "f-1", "old"));
    let [started, done] = both(&plan.steps[0], 0);
    let done = match done {
        Event::StepDone { step, id, arn, wrote, draft, .. } => {
            Event::StepDone { step, result: StepResult::Draft, id, arn, wrote, draft }
        }
        other => other,
    };
    let applied = advance(Some(&before), &plan, &[started, done]);
    let flow = applied.get("flow", "Main").expect("the flow");
    assert_eq!(flow.body["Description"], "old");
    assert_eq!(flow.begun.len(), 1);
}

#[test]
fn names_that_are_exchanged_are_known_by_id_all_the_way() {
    let mut before = Applied::new(INSTANCE);
    before.insert(wanted("queue", "A", "q-1", "one"));
    before.insert(wanted("queue", "B", "q-2", "two"));
    let plan = plan(
        vec![
            step("queue", "A", "UpdateQueueName", Action::Update),
            step("queue", "B", "UpdateQueueName", Action::Update),
        ],
        vec![wanted("queue", "A", "q-2", "two"), wanted("queue", "B", "q-1", "one")],
    );
    let all: Vec<Event> = plan.steps.iter().enumerate().flat_map(|(n, s)| both(s, n)).collect();
    for cut in 0..=all.len() {
        let part = advance(Some(&before), &plan, &all[..cut]);
        for (id, value) in [("q-1", "one"), ("q-2", "two")] {
            let found = part.of_id("queue", id).unwrap_or_else(|| panic!("{id} after {cut}"));
            assert!(may_hold(found, value), "{id} after {cut}");
        }
        assert_eq!(advance(Some(&part), &plan, &all), advance(Some(&before), &plan, &all));
    }
    let whole = advance(Some(&before), &plan, &all);
    let ids = |name| whole.get("queue", name).map(|r| r.id.as_str());
    assert_eq!((ids("A"), ids("B"), whole.resources.len()), (Some("q-2"), Some("q-1"), 2));
}

#[test]
fn the_ledger_holds_what_was_begun_without_a_tag_until_it_is_deleted() {
    let mut made = step("hours-override", "Day/Christmas", "CreateOverride", Action::Create);
    made.call.input = json!({});
    let gone = step("hours-override", "Day/Easter", "DeleteOverride", Action::Delete);
    let plan = plan(vec![made, gone], vec![]);
    let mut ledger = Ledger::default();
    ledger.insert("hours-override", "Day/Easter");
    let [created, _] = both(&plan.steps[0], 0);
    let [begun, deleted] = both(&plan.steps[1], 1);
    let ledger = advance_ledger(&ledger, &plan, &[created, begun.clone()]);
    assert!(ledger.holds("hours-override", "Day/Christmas"));
    assert!(ledger.holds("hours-override", "Day/Easter"), "its end is not known");
    let ledger = advance_ledger(&ledger, &plan, &[begun, deleted]);
    assert!(!ledger.holds("hours-override", "Day/Easter"));
}

#[test]
fn a_plan_without_steps_starts_a_baseline_and_another_instance_a_new_one() {
    let plan = plan(vec![], vec![wanted("prompt", "Beep", "p-1", "as it is")]);
    let settled = settle(None, &plan);
    assert!(settled.get("prompt", "Beep").is_some());
    let mut other = Applied::new("arn:aws:connect:us-west-2:111122223333:instance/other");
    other.insert(wanted("prompt", "Old", "p-0", "other"));
    let settled = settle(Some(&other), &plan);
    assert_eq!((settled.instance.as_str(), settled.resources.len()), (INSTANCE, 1));
}
