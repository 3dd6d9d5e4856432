//! Conditions of stages.

use crate::world::{World, pipeline};
use trunkline_engine::event::{ConditionKind, ConditionStatus};
use trunkline_engine::settings::OnFailureEngages;
use trunkline_engine::{ActionOutcome, Command, Event, Recorded, RefusalKind, Settings};
use trunkline_model::pipeline::ExecutionMode::Superseded;
use trunkline_model::pipeline::{
    Condition, ConditionResult, Conditions, OnFailure, Pipeline, RetryMode, Rule, RuleType,
};

pub fn rule(provider: &str, configuration: &[(&str, &str)]) -> Rule {
    let pairs = configuration.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let (category, provider) = ("Rule".to_owned(), provider.to_owned());
    Rule {
        name: "rule".into(),
        rule_type_id: RuleType { category, provider, ..RuleType::default() },
        configuration: pairs.collect(),
        ..Rule::default()
    }
}

pub fn condition(result: Option<ConditionResult>, rules: Vec<Rule>) -> Conditions {
    Conditions { conditions: vec![Condition { result, rules }] }
}

fn check(operator: &str, value: &str) -> Rule {
    let variable = ("Variable", "#{Git.CommitId}");
    rule("VariableCheck", &[variable, ("Operator", operator), ("Value", value)])
}

/// The stage Build with a condition before its entry.
fn guarded(result: Option<ConditionResult>, rule: Rule) -> Pipeline {
    let mut definition = pipeline(Superseded, &[("Build", &["a"]), ("Deploy", &["d"])]);
    definition.stages[1].before_entry = Some(condition(result, vec![rule]));
    definition
}

fn begun(definition: Pipeline) -> (World, String) {
    let mut world = World::new(definition);
    let one = world.start();
    world.source();
    (world, one)
}

fn condition_is(world: &World, stage: &str, kind: ConditionKind) -> String {
    format!("{:?}", world.condition(stage, kind).status)
}

#[test]
fn vector_06_a_skipped_stage_lets_the_next_run() {
    let skip = Some(ConditionResult::Skip);
    let (world, one) = begun(guarded(skip, check("EQ", "another")));
    assert_eq!(world.stage_is("Build"), "Skipped");
    assert_eq!(world.action_is("Build", "a"), "-");
    assert_eq!(world.stage_is("Deploy"), "InProgress");
    assert_eq!(world.status(&one), "InProgress");
}

#[test]
fn vector_06_a_condition_that_holds_lets_the_stage_run() {
    for (operator, value) in
        [("EQ", "c0ffee"), ("NE", "x"), ("CONTAINS", "0ff"), ("MATCHES", "[a-f0-9]+")]
    {
        let (world, _) = begun(guarded(Some(ConditionResult::Skip), check(operator, value)));
        assert_eq!(world.stage_is("Build"), "InProgress", "{operator}");
        assert_eq!(condition_is(&world, "Build", ConditionKind::BeforeEntry), "Succeeded");
    }
}

#[test]
fn a_condition_before_the_entry_fails_the_stage_and_may_be_overridden() {
    let (mut world, one) = begun(guarded(None, check("MATCHES", "c0ff")));
    assert_eq!((world.stage_is("Build"), world.status(&one)), ("Failed".into(), "Failed".into()));
    let over = |condition| Command::OverrideCondition {
        stage: "Build".into(),
        execution: one.clone(),
        condition,
        by: Some("ann".into()),
    };
    let refused = world.give(over(ConditionKind::OnSuccess));
    assert_eq!(refused, Err(RefusalKind::ConditionNotOverridable));
    world.give(over(ConditionKind::BeforeEntry)).unwrap();
    assert_eq!(condition_is(&world, "Build", ConditionKind::BeforeEntry), "Overridden");
    assert_eq!(world.action_is("Build", "a"), "InProgress");
    world.succeed("Build", "a");
    world.succeed("Deploy", "d");
    assert_eq!(world.status(&one), "Succeeded");
}

#[test]
fn a_failed_condition_is_evaluated_again_by_a_retry() {
    let (mut world, one) = begun(guarded(None, rule("Commands", &[])));
    world.machine.outcome(&one, &rule_id(&world), crate::world::failure(), world.now);
    world.settle();
    assert_eq!(world.status(&one), "Failed");
    world.retry("Build", &one, RetryMode::FailedActions).unwrap();
    let id = rule_id(&world);
    let run = world.machine.run(&one, &id).expect("it is carried out");
    assert_eq!((run.action.as_str(), run.rule), ("rule", Some(ConditionKind::BeforeEntry)));
    world.crash();
    assert!(world.machine.run(&one, &id).unwrap().recovered);
    world.machine.outcome(&one, &id, ActionOutcome::success(), world.now);
    world.settle();
    assert_eq!(world.action_is("Build", "a"), "InProgress");
}

/// The id of the one rule of a condition.
fn evaluated(world: &World, stage: &str, kind: ConditionKind) -> String {
    world.condition(stage, kind).rules[0].action_execution.clone().expect("it began")
}

fn rule_id(world: &World) -> String {
    evaluated(world, "Build", ConditionKind::BeforeEntry)
}

#[test]
fn a_window_is_waited_for() {
    // The world begins on a Tuesday at 22:13 UTC.
    let window =
        rule("DeploymentWindow", &[("Cron", "* * 9-16 ? * MON-FRI *"), ("TimeZone", "UTC")]);
    let (mut world, _) = begun(guarded(None, window));
    assert_eq!(condition_is(&world, "Build", ConditionKind::BeforeEntry), "InProgress");
    world.crash();
    let opens = world.machine.wakes_at(world.now).expect("it opens");
    let text = jiff::Timestamp::from_millisecond(opens).unwrap().to_string();
    assert_eq!(text, "2023-11-15T09:00:00Z");
    world.now = opens;
    world.settle();
    assert_eq!(world.action_is("Build", "a"), "InProgress");
}

#[test]
fn a_window_goes_by_the_clock_on_the_wall() {
    // By the smoothed time it is Tuesday at 22:13; somebody has set the clock to half past eight.
    let window = rule("DeploymentWindow", &[("Cron", "* * 9-16 ? * MON-FRI *")]);
    let minutes = |n: i64| n * 60_000;
    let mut world = World::new(guarded(None, window));
    let ahead = minutes(10 * 60 + 17);
    world.machine.set_ahead(ahead);
    world.start();
    world.source();
    let opens = world.machine.wakes_at(world.now).expect("it opens");
    let text = jiff::Timestamp::from_millisecond(opens + ahead).unwrap().to_string();
    assert_eq!(text, "2023-11-15T09:00:00Z");
    // It is set back while the window is waited for.
    world.machine.set_ahead(0);
    world.now = opens;
    world.settle();
    assert_eq!(condition_is(&world, "Build", ConditionKind::BeforeEntry), "InProgress");
    world.machine.set_ahead(ahead);
    world.settle();
    assert_eq!(world.action_is("Build", "a"), "InProgress");
}

#[test]
fn a_retry_ends_the_evaluation_of_the_condition_after_the_failure() {
    let mut definition = pipeline(Superseded, &[("Build", &["a"])]);
    let conditions = condition(Some(ConditionResult::Skip), vec![rule("Commands", &[])]).conditions;
    definition.stages[1].on_failure = Some(OnFailure { conditions, ..OnFailure::default() });
    let (mut world, one) = begun(definition);
    world.fail("Build", "a");
    let judging = evaluated(&world, "Build", ConditionKind::OnFailure);
    assert!(world.machine.run(&one, &judging).is_some());
    let all = world.retry("Build", &one, RetryMode::AllActions);
    assert_eq!(all, Err(RefusalKind::Conflict));
    world.retry("Build", &one, RetryMode::FailedActions).unwrap();
    let told = |events: &[Recorded]| {
        events.iter().any(|e| {
            matches!(e.event, Event::ConditionEnded { status: ConditionStatus::Cancelled, .. })
        })
    };
    assert!(world.log.look(crate::world::NAME, told));
    assert!(world.machine.run(&one, &judging).is_none(), "nobody waits for it any more");
    let again = world.retry("Build", &one, RetryMode::FailedActions);
    assert_eq!(again, Err(RefusalKind::StageNotRetryable), "nothing has failed");
    world.succeed("Build", "a");
    assert_eq!(world.status(&one), "Succeeded");
}

#[test]
fn by_a_setting_a_closed_window_fails() {
    let window = rule("DeploymentWindow", &[("Cron", "* * 9-16 ? * MON-FRI *")]);
    let settings = Settings { window_waits: false, ..Settings::default() };
    let mut world = World::with(guarded(None, window), settings);
    let one = world.start();
    world.source();
    assert_eq!(world.status(&one), "Failed");
}

#[test]
fn a_condition_after_success_fails_the_stage_and_may_roll_it_back() {
    let mut definition = pipeline(Superseded, &[("Deploy", &["d"])]);
    let failing = condition(Some(ConditionResult::Rollback), vec![rule("Commands", &[])]);
    definition.stages[1].on_success = Some(failing);
    let mut world = World::new(definition);
    let verdict = |world: &mut World, outcome: ActionOutcome| {
        let execution = world.inside("Deploy");
        let id = evaluated(world, "Deploy", ConditionKind::OnSuccess);
        world.machine.outcome(&execution, &id, outcome, world.now);
        world.settle();
    };
    let one = world.start();
    world.source();
    world.succeed("Deploy", "d");
    assert_eq!(world.status(&one), "InProgress");
    verdict(&mut world, ActionOutcome::success());
    assert_eq!(world.status(&one), "Succeeded");
    let two = world.start();
    world.source();
    world.succeed("Deploy", "d");
    verdict(&mut world, crate::world::failure());
    assert_eq!(world.status(&two), "Failed");
    assert!(world.row(&world.inside("Deploy")).rollback_target.is_some());
}

#[test]
fn a_condition_after_failure_engages_as_the_setting_says() {
    for (engages, status) in
        [(OnFailureEngages::WhenMet, "Skipped"), (OnFailureEngages::WhenNotMet, "Failed")]
    {
        let mut definition = pipeline(Superseded, &[("Build", &["a"])]);
        let conditions =
            condition(Some(ConditionResult::Skip), vec![check("EQ", "c0ffee")]).conditions;
        definition.stages[1].on_failure = Some(OnFailure { conditions, ..OnFailure::default() });
        let settings = Settings { on_failure_engages: engages, ..Settings::default() };
        let mut world = World::with(definition, settings);
        world.start();
        world.source();
        world.fail("Build", "a");
        assert_eq!(world.stage_is("Build"), status);
    }
}

#[test]
fn a_stop_ends_the_evaluation_of_a_condition() {
    let (mut world, one) = begun(guarded(None, rule("Commands", &[])));
    world.stop(&one, false).unwrap();
    assert_eq!(world.status(&one), "Stopped");
    assert_eq!(condition_is(&world, "Build", ConditionKind::BeforeEntry), "Cancelled");
}
