//! Approvals.

use crate::world::{World, pipeline};
use trunkline_engine::command::Approval;
use trunkline_engine::{Command, RefusalKind};
use trunkline_model::pipeline::ExecutionMode::{Parallel, Superseded};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn world() -> World {
    let mut world = World::new(pipeline(Superseded, &[("Approve", &["Ask!"]), ("Deploy", &["d"])]));
    world.start();
    world.source();
    world
}

fn token(world: &World) -> String {
    waiting(world, &world.inside("Approve")).expect("the approval waits")
}

/// The token of an execution's approval, while it waits.
fn waiting(world: &World, execution: &str) -> Option<String> {
    world.execution(execution).waiting.pop().map(|w| w.token)
}

fn answer(token: &str) -> Approval {
    Approval {
        stage: "Approve".into(),
        action: "Ask".into(),
        token: token.into(),
        summary: "looks right".into(),
        by: Some("bea".into()),
    }
}

#[test]
fn an_approved_action_succeeds_with_the_comment() {
    let mut world = world();
    let token = token(&world);
    world.give(Command::Approve(answer(&token))).unwrap();
    let action = world.action("Approve", "Ask").unwrap();
    assert_eq!(action.summary.as_deref(), Some("looks right"));
    assert_eq!(action.by.as_deref(), Some("bea"));
    assert_eq!(waiting(&world, &world.inside("Approve")), None);
    assert_eq!(world.stage_is("Deploy"), "InProgress");
}

#[test]
fn a_rejected_action_fails() {
    let mut world = world();
    let (token, execution) = (token(&world), world.inside("Approve"));
    world.give(Command::Reject(answer(&token))).unwrap();
    assert_eq!(world.failure("Approve", "Ask").code, "ApprovalRejected");
    assert_eq!(world.status(&execution), "Failed");
}

#[test]
fn a_token_is_for_one_answer_and_each_retry_has_its_own() {
    let mut world = world();
    let (first, execution) = (token(&world), world.inside("Approve"));
    let wrong = world.give(Command::Approve(answer("another")));
    assert_eq!(wrong, Err(RefusalKind::InvalidApprovalToken));
    world.give(Command::Reject(answer(&first))).unwrap();
    let again = world.give(Command::Approve(answer(&first)));
    assert_eq!(again, Err(RefusalKind::ApprovalAlreadyCompleted));
    world.retry("Approve", &execution, Default::default()).unwrap();
    assert_ne!(token(&world), first);
    let old = world.give(Command::Approve(answer(&first)));
    assert_eq!(old, Err(RefusalKind::InvalidApprovalToken));
}

#[test]
fn a_comment_has_a_limit() {
    let mut world = world();
    let token = token(&world);
    let long = Approval { summary: "x".repeat(513), ..answer(&token) };
    assert_eq!(world.give(Command::Approve(long)), Err(RefusalKind::Validation));
    let action = Approval { action: "Other".into(), ..answer(&token) };
    assert_eq!(world.give(Command::Approve(action)), Err(RefusalKind::ActionNotFound));
}

#[test]
fn an_approval_lapses_after_seven_days() {
    let mut world = world();
    let execution = world.inside("Approve");
    let lapses = world.machine.wakes_at(world.now).expect("something is to happen by itself");
    assert!((7 * DAY - 60_000..=7 * DAY).contains(&(lapses - world.now)));
    world.now = lapses - 1;
    world.settle();
    assert_eq!(world.status(&execution), "InProgress");
    world.now = lapses;
    world.settle();
    assert_eq!(world.status(&execution), "Failed");
    assert_eq!(world.failure("Approve", "Ask").code, "Timeout");
}

#[test]
fn an_approval_has_its_own_timeout_where_it_says() {
    let mut definition = pipeline(Superseded, &[("Approve", &["Ask!"])]);
    definition.stages[1].actions[0].timeout_in_minutes = Some(5);
    let mut world = World::new(definition);
    world.start();
    world.source();
    world.now += 5 * 60_000;
    world.settle();
    assert_eq!(world.stage_is("Approve"), "Failed");
}

#[test]
fn an_approval_goes_on_waiting_through_a_crash() {
    let mut world = world();
    let before = token(&world);
    world.crash();
    assert_eq!(token(&world), before);
    assert_eq!(world.action("Approve", "Ask").unwrap().interruptions, 0);
}

#[test]
fn in_parallel_the_token_is_found_with_the_execution() {
    let mut world = World::new(pipeline(Parallel, &[("Approve", &["Ask!"])]));
    let one = world.start();
    world.source();
    let two = world.start();
    world.source();
    let token = waiting(&world, &one).expect("it waits");
    assert!(waiting(&world, &two).is_some_and(|other| other != token));
    world.give(Command::Approve(answer(&token))).unwrap();
    assert_eq!((world.status(&one), world.status(&two)), ("Succeeded".into(), "InProgress".into()));
}
