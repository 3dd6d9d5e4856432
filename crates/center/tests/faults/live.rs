//! On an instance where people work: what is read before what, what is overwritten never, in which order
//! callers meet a deployment.

use crate::crash::Crash;
use crate::dump::raw;
use crate::files::{hours, inbound, queue, say, second, to_flow};
use crate::stage::{Run, Stage, Text, documents};
use crate::sweep::fresh;
use crate::unasked::saved_over;
use serde_json::json;
use trunkline_center::apply::Event;
use trunkline_center::plan::{Action, Phase, phases};
use trunkline_testkit::{Blow, Seen};

fn flows(text: &str) -> Vec<Text> {
    vec![inbound("A", vec![say(text), to_flow("B")]), inbound("B", vec![say(text)])]
}

fn queues(count: &str) -> Vec<Text> {
    let limits = format!("MaxContacts: {count}\n");
    vec![hours(), queue("Sales", &limits), queue("Service", &limits)]
}

fn limit(stage: &Stage, name: &str, count: usize) {
    let id = stage.id_of("queue", name);
    stage.called("UpdateQueueMaxContacts", json!({ "QueueId": id, "MaxContacts": count }));
}

/// A run of the second version over the first, before anything of it is done.
fn begun(first: &[Text], second: &[Text]) -> (Stage, Run) {
    let stage = Stage::new();
    stage.deploy(&documents(first));
    let run = stage.run(&documents(second));
    (stage, run)
}

fn writes(stage: &Stage) -> Vec<Seen> {
    stage.cloud.seen().into_iter().filter(|seen| seen.write).collect()
}

#[test]
fn an_edit_of_anything_stops_an_apply_before_the_first_step_that_anybody_notices() {
    let (stage, mut run) = begun(&queues("10"), &queues("20"));
    // The last of the steps would meet it.
    limit(&stage, "Service", 11);
    let before = raw(&stage);
    stage.cloud.forget();
    let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
    assert_eq!(outcome.failures[0].code, "TL0502");
    assert_eq!(outcome.failures[0].place.subject.as_deref(), Some("queue \"Service\""));
    assert_eq!(writes(&stage), []);
    assert_eq!(raw(&stage), before);
}

#[test]
fn what_is_quiet_goes_on_while_everything_is_looked_at() {
    let second = [queues("20"), flows("New")].concat();
    let (stage, mut run) = begun(&queues("10"), &second);
    limit(&stage, "Sales", 11);
    let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
    assert_eq!(outcome.failures[0].code, "TL0502");
    let noticed = writes(&stage).into_iter().filter(|w| w.operation == "UpdateQueueMaxContacts");
    assert_eq!(noticed.count(), 0);
}

#[test]
fn the_reads_before_a_deployment_are_counted_as_they_are_made() {
    for files in [flows("Two"), queues("20"), [flows("Two"), queues("20")].concat()] {
        let first = [flows("One"), queues("10")].concat();
        let (stage, mut run) = begun(&first, &files);
        stage.cloud.forget();
        stage.carry_on(&mut run, None);
        let counted = run.plan.calls();
        let made = stage.cloud.counts();
        let made =
            made.into_iter().map(|(operation, count)| (format!("connect.{operation}"), count));
        assert_eq!(counted, made.collect());
    }
}

/// The answer of the only write is lost with the process; somebody works meanwhile; the run is taken up.
#[track_caller]
fn in_doubt(work: impl Fn(&Stage)) -> (Stage, Run, Option<String>, usize) {
    let (stage, mut run) = begun(&queues("10"), &[hours(), queue("Sales", "MaxContacts: 20\n")]);
    stage.carry_on(&mut run, Some(Crash::After(1)));
    work(&stage);
    stage.cloud.forget();
    let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
    let code = outcome.failures.first().map(|d| d.code.clone());
    let sent = writes(&stage).len();
    (stage, run, code, sent)
}

fn max(stage: &Stage) -> serde_json::Value {
    let id = stage.id_of("queue", "Sales");
    stage.called("DescribeQueue", json!({ "QueueId": id }))["Queue"]["MaxContacts"].clone()
}

#[test]
fn a_write_that_took_effect_is_not_sent_again() {
    let (stage, run, code, sent) = in_doubt(|_| {});
    assert_eq!((code, sent, max(&stage)), (None, 0, json!(20)));
    let adopted = |e: &Event| {
        matches!(e, Event::StepDone { result: trunkline_center::apply::StepResult::Adopted, .. })
    };
    assert!(run.events.iter().any(adopted));
}

#[test]
fn a_write_that_did_not_take_effect_is_sent_again() {
    let (stage, _, code, sent) = in_doubt(|stage| limit(stage, "Sales", 10));
    assert_eq!((code, sent, max(&stage)), (None, 1, json!(20)));
}

#[test]
fn what_somebody_wrote_after_a_lost_answer_is_not_overwritten() {
    let (stage, _, code, sent) = in_doubt(|stage| limit(stage, "Sales", 30));
    assert_eq!((code.as_deref(), sent, max(&stage)), (Some("TL0502"), 0, json!(30)));
}

#[test]
fn a_draft_that_somebody_saved_after_a_lost_answer_is_not_overwritten() {
    let (stage, mut run) = begun(&flows("One"), &[inbound("B", vec![say("Two")])]);
    stage.carry_on(&mut run, Some(Crash::After(1)));
    saved_over(&stage, "flow", "B", "Mine");
    let before = raw(&stage);
    let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
    assert_eq!(outcome.failures[0].code, "TL0502");
    assert_eq!(raw(&stage), before);
}

#[test]
fn a_call_that_may_not_be_made_is_made_once_more_after_the_fix_and_no_other_is() {
    let refusals = [Blow::Expired, Blow::Refused("AccessDeniedException"), Blow::Throttled];
    for blow in refusals {
        let wanted = documents(&second());
        let usual = fresh(true);
        let before = usual.cloud.writes();
        let mut whole = usual.run(&wanted);
        usual.carry_on(&mut whole, None);
        let expected = usual.cloud.writes() - before;
        for at in [1, expected / 2, expected] {
            let stage = fresh(true);
            let (before, mut run) = (stage.cloud.writes(), stage.run(&wanted));
            stage.cloud.fail(at, blow.clone());
            let stopped = stage.carry_on(&mut run, None).expect("nothing kills it");
            assert_eq!(stopped.failures.len(), 1, "{blow:?}: {:#?}", stopped.failures);
            let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
            assert_eq!(outcome.failures, [], "{blow:?} at {at}");
            assert_eq!(stage.cloud.writes() - before, expected + 1, "{blow:?} at {at}");
        }
    }
}

#[test]
fn a_module_that_stays_a_draft_is_taken_up_wherever_it_was_left() {
    let refused = |text: &str| {
        let both = json!({ "Text": text, "SSML": "<speak>Hello</speak>" });
        vec![crate::files::module("M", vec![("MessageParticipant", both)])]
    };
    let wanted = documents(&refused("Hello"));
    let usual = Stage::new();
    let before = usual.cloud.writes();
    let (_, outcome) = usual.deploy(&wanted);
    assert_eq!(outcome.drafts.len(), 1);
    for at in 1..=usual.cloud.writes() - before {
        for crash in [Crash::Before(at), Crash::After(at)] {
            let stage = Stage::new();
            let mut run = stage.run(&wanted);
            stage.carry_on(&mut run, Some(crash));
            let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
            assert_eq!(outcome.failures, [], "{crash:?}");
            assert_eq!(outcome.drafts.len(), 1, "{crash:?}");
            assert_eq!(crate::dump::named(&stage), crate::dump::named(&usual), "{crash:?}");
        }
        let stage = Stage::new();
        let mut run = stage.run(&wanted);
        stage.cloud.fail(at, Blow::Expired);
        stage.carry_on(&mut run, None);
        let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
        assert_eq!((outcome.failures, outcome.drafts.len()), (Vec::new(), 1), "expired at {at}");
    }
}

#[test]
fn callers_meet_nothing_before_everything_new_is_there_and_numbers_lead_elsewhere_last() {
    let stage = fresh(true);
    stage.deploy(&documents(&crate::files::everything()));
    let mut run = stage.run(&documents(&second()));
    let steps = &run.plan.steps;
    let phases = phases(steps);
    assert!(phases.is_sorted(), "{phases:?}");
    for (step, phase) in steps.iter().zip(&phases) {
        let new = step.action == Action::Create;
        let flips = step.kind == "phone-flow";
        assert!(!new || *phase == Phase::Quiet, "{}", step.id);
        assert_eq!(flips, *phase == Phase::Flip, "{}", step.id);
    }
    let mixed = run.plan.mixed();
    assert!(mixed.steps > 10 && mixed.steps < steps.len() / 2 + 10, "{mixed:?}");
    stage.cloud.forget();
    stage.carry_on(&mut run, None);
    let seen = writes(&stage);
    let at = |operation: &str| seen.iter().rposition(|w| w.operation == operation).expect("a call");
    let first = |operation: &str| seen.iter().position(|w| w.operation == operation).expect("one");
    assert!(at("CreateContactFlow") < first("UpdateQueueMaxContacts"));
    assert!(at("CreateQueue") < first("UpdateHoursOfOperation"));
    let flip = at("AssociatePhoneNumberContactFlow");
    assert!(flip > at("UpdateContactFlowModuleContent") && flip > at("UpdateQueueMaxContacts"));
    assert!(flip < first("DisassociateQueueQuickConnects"));
}
