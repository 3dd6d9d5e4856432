//! Executions that meet: superseding, queues, parallel ones, new definitions.

use crate::world::{Counting, World, action, pipeline, start};
use trunkline_engine::event::ActionStatus;
use trunkline_engine::{Answer, Command, Event, Machine, RefusalKind, Settings};
use trunkline_model::pipeline::ExecutionMode::{Parallel, Queued, Superseded};
use trunkline_model::pipeline::PipelineVariable;

#[test]
fn stages_run_in_order_and_groups_in_theirs() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a@1", "b@1", "c@5"])]));
    let one = world.start();
    assert_eq!(world.action_is("Source", "Source"), "InProgress");
    world.source();
    assert_eq!(
        (world.stage_is("Source"), world.stage_is("Build")),
        ("Succeeded".into(), "InProgress".into())
    );
    world.succeed("Build", "a");
    assert_eq!(world.action_is("Build", "c"), "-");
    world.succeed("Build", "b");
    assert_eq!(world.action_is("Build", "c"), "InProgress");
    world.succeed("Build", "c");
    assert_eq!(world.status(&one), "Succeeded");
    assert!(world.live().is_empty());
}

#[test]
fn a_failed_action_lets_its_siblings_end_and_later_groups_not_begin() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a", "b", "c@2"])]));
    let one = world.start();
    world.source();
    world.fail("Build", "a");
    assert_eq!(world.status(&one), "InProgress");
    assert_eq!(world.action_is("Build", "b"), "InProgress");
    world.succeed("Build", "b");
    assert_eq!((world.status(&one), world.stage_is("Build")), ("Failed".into(), "Failed".into()));
    assert_eq!(world.action_is("Build", "c"), "-");
}

#[test]
fn vector_01_superseding_happens_only_between_stages() {
    let mut world = World::new(pipeline(Superseded, &[("Approve", &["Ask!"]), ("Deploy", &["d"])]));
    let one = world.start();
    world.source();
    // The approval holds the lock of its stage; the second waits before it.
    let two = world.start();
    world.source();
    assert_eq!(world.inside("Approve"), one);
    assert_eq!(world.waiting("Approve"), [two.as_str()]);
    // The slot holds one: the third takes the place of the second, not of the first.
    let three = world.start();
    world.source();
    assert_eq!(world.status(&two), "Superseded");
    assert_eq!(world.status(&one), "InProgress");
    assert_eq!(world.waiting("Approve"), [three.as_str()]);
    world.succeed("Approve", "Ask");
    assert_eq!(world.inside("Approve"), three);
    assert_eq!(world.inside("Deploy"), one);
}

#[test]
fn vector_01_an_open_transition_lets_the_newest_in() {
    let mut world = World::new(pipeline(Superseded, &[("Deploy", &["d"])]));
    world.disable("Deploy");
    let closed = world.closed().remove(0);
    assert_eq!((closed.stage.as_str(), closed.reason.as_str()), ("Deploy", "not now"));
    assert_eq!(closed.by.as_deref(), Some("ann"));
    let (one, two) = (world.start(), world.start());
    world.source();
    world.source();
    assert_eq!(world.status(&one), "Superseded");
    assert_eq!(world.waiting("Deploy"), [two.as_str()]);
    assert_eq!(world.stage_is("Deploy"), "-");
    world.enable("Deploy");
    assert!(world.closed().is_empty());
    assert_eq!(world.inside("Deploy"), two);
}

#[test]
fn an_outbound_transition_holds_what_leaves_its_stage() {
    let mut world = World::new(pipeline(Superseded, &[("Deploy", &["d"])]));
    let side = trunkline_engine::event::TransitionSide::Outbound;
    let (stage, reason) = ("Source".to_owned(), "later".to_owned());
    world.give(Command::DisableTransition { stage, side, reason, by: None }).unwrap();
    let one = world.start();
    world.source();
    assert_eq!(world.waiting("Deploy"), [one.as_str()]);
    world.give(Command::EnableTransition { stage: "Source".into(), side, by: None }).unwrap();
    assert_eq!(world.inside("Deploy"), one);
}

#[test]
fn queued_executions_keep_their_order_and_are_not_superseded() {
    let mut world = World::new(pipeline(Queued, &[("Deploy", &["d"])]));
    let one = world.start();
    let two = world.start();
    let three = world.start();
    assert_eq!(world.waiting("Source"), [two.as_str(), three.as_str()]);
    world.source();
    world.source();
    world.source();
    assert_eq!(world.inside("Deploy"), one);
    assert_eq!(world.waiting("Deploy"), [two.as_str(), three.as_str()]);
    world.fail("Deploy", "d");
    assert_eq!(world.inside("Deploy"), two);
    world.succeed("Deploy", "d");
    assert_eq!(world.inside("Deploy"), three);
    assert_eq!((world.status(&one), world.status(&two)), ("Failed".into(), "Succeeded".into()));
}

#[test]
fn parallel_executions_do_not_notice_each_other() {
    let mut world = World::new(pipeline(Parallel, &[("Deploy", &["d"])]));
    let (one, two) = (world.start(), world.start());
    for execution in [&two, &one] {
        let source = world.execution(execution).stages[0].actions[0].clone();
        let id = source.action_execution.expect("it began");
        world.machine.outcome(execution, &id, crate::world::source_outcome(), world.now);
        world.settle();
    }
    for execution in [&one, &two] {
        let deploy = world.execution(execution).stages[1].clone();
        assert_eq!(deploy.actions[0].status, Some(ActionStatus::InProgress));
    }
}

#[test]
fn vector_08_a_new_definition_cancels_what_runs() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"]), ("Deploy", &["d"])]));
    let one = world.start();
    world.source();
    let two = world.start();
    world.define(pipeline(Superseded, &[("Build", &["a", "b"]), ("Deploy", &["d"])]));
    assert_eq!((world.status(&one), world.status(&two)), ("Cancelled".into(), "Cancelled".into()));
    assert_eq!(world.stage_is("Build"), "Cancelled");
    assert_eq!(world.action_is("Build", "a"), "Abandoned");
    assert_eq!(world.definition(None).version, 2);
    let refused = world.retry("Build", &one, Default::default());
    assert_eq!(refused, Err(RefusalKind::StageNotRetryable));
    // The stage is free for the next.
    let three = world.start();
    world.source();
    assert_eq!(world.inside("Build"), three);
}

#[test]
fn vector_08_the_same_definition_again_changes_nothing() {
    let definition = pipeline(Superseded, &[("Build", &["a"])]);
    let mut world = World::new(definition.clone());
    let one = world.start();
    let answer =
        world.give(Command::Define { pipeline: Box::new(definition), closed: vec![], by: None });
    assert_eq!(answer, Ok(Answer::Defined { version: 1, changed: false }));
    assert_eq!(world.status(&one), "InProgress");
}

#[test]
fn a_first_definition_and_its_closed_stages_are_one_commit() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let define = |machine: &mut Machine, stage: &str, reason: &str| {
        let command = Command::Define {
            pipeline: Box::new(pipeline(Superseded, &[("Deploy", &["d"])])),
            closed: vec![(stage.to_owned(), reason.to_owned())],
            by: None,
        };
        let decided = machine.decide(&command, 0, &mut Counting(0));
        let events: Vec<Event> = machine.batch().events.into_iter().map(|e| e.event).collect();
        (decided.map_err(|refusal| refusal.kind), events)
    };
    let mut fresh = Machine::new(crate::world::NAME, Settings::default());
    let nowhere = define(&mut fresh, "Nowhere", "freeze");
    assert_eq!(nowhere, (Err(RefusalKind::StageNotFound), vec![]));
    assert_eq!(define(&mut fresh, "Deploy", ""), (Err(RefusalKind::Validation), vec![]));
    let (_, events) = define(&mut fresh, "Deploy", "freeze");
    assert!(
        matches!(&events[..], [Event::Defined { .. }, Event::TransitionDisabled { stage, .. }]
            if stage == "Deploy"),
        "{events:?}"
    );
    let (_, events) = define(&mut world.machine, "Deploy", "freeze");
    assert!(matches!(&events[..], [Event::Defined { .. }]), "a later one closes nothing");
}

#[test]
fn vector_08_by_a_setting_what_runs_ends_by_its_own_definition() {
    let settings = Settings { cancel_on_edit: false, ..Settings::default() };
    let mut world = World::with(pipeline(Superseded, &[("Old", &["a"])]), settings);
    let one = world.start();
    world.define(pipeline(Superseded, &[("New", &["a"])]));
    world.source();
    assert_eq!(world.inside("Old"), one);
    world.succeed("Old", "a");
    assert_eq!(world.status(&one), "Succeeded");
}

#[test]
fn vector_20_the_51st_queued_execution_is_refused() {
    for mode in [Queued, Parallel] {
        let mut world = World::new(pipeline(mode, &[("Build", &["a"])]));
        let first = world.start();
        (1..50).for_each(|_| drop(world.start()));
        let refused = world.try_start();
        assert_eq!(refused, Err(RefusalKind::ConcurrentPipelineExecutionsLimitExceeded));
        world.stop(&first, true).unwrap();
        world.start();
    }
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    (0..60).for_each(|_| drop(world.start()));
    assert_eq!(world.live().len(), 2);
}

#[test]
fn a_start_token_starts_once() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let with_token = |token: &str| match start() {
        Command::Start { trigger, variables, source_revisions, .. } => Command::Start {
            trigger,
            variables,
            source_revisions,
            client_request_token: Some(token.to_owned()),
        },
        other => other,
    };
    let first = world.give(with_token("push-1")).unwrap();
    assert_eq!(world.give(with_token("push-1")).unwrap(), first);
    world.crash();
    assert_eq!(world.give(with_token("push-1")).unwrap(), first);
    assert_ne!(world.give(with_token("push-2")).unwrap(), first);
    assert_eq!(world.give(with_token("no spaces")), Err(RefusalKind::Validation));
}

#[test]
fn a_variable_without_a_default_needs_a_value() {
    let mut definition = pipeline(Superseded, &[("Build", &["a"])]);
    let name = "Environment".to_owned();
    definition.variables = vec![PipelineVariable { name, default_value: None, description: None }];
    let mut world = World::new(definition);
    assert_eq!(world.try_start(), Err(RefusalKind::Validation));
}

#[test]
fn a_rule_that_nothing_evaluates_is_refused_when_it_is_read() {
    let mut world = World::new(pipeline(Superseded, &[("Build", &["a"])]));
    let mut definition = pipeline(Superseded, &[("Build", &["a"])]);
    definition.stages[1].actions.push(action("b"));
    definition.stages[1].before_entry = Some(super::conditions::condition(
        None,
        vec![super::conditions::rule("CloudWatchAlarm", &[])],
    ));
    let refused =
        world.give(Command::Define { pipeline: Box::new(definition), closed: vec![], by: None });
    assert_eq!(refused, Err(RefusalKind::Validation));
    assert_eq!(world.definition(None).version, 1);
}
