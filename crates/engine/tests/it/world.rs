//! A machine with a log in memory, driven by hand. After every step the log is replayed, and what it
//! makes must be what the machine is.

use crate::memory::MemoryLog;
use trunkline_engine::command::RollbackTarget;
use trunkline_engine::event::{ConditionKind, TransitionSide, TriggerKind, TriggerRef};
use trunkline_engine::ports::{Batch, Origin};
use trunkline_engine::view::{
    ActionView, ConditionView, ExecutionView, StageView, Transition, execution, transitions,
};
use trunkline_engine::{
    ActionOutcome, ActionRun, Answer, ArtifactRef, Command, Event, ExecutionRow, Failure,
    FailureKind, Ids, Log, Machine, Millis, Recorded, RefusalKind, Revision, Settings,
};
use trunkline_model::pipeline::{
    Action, ActionType, ArtifactName, Category, ExecutionMode, OutputArtifact, Pipeline, RetryMode,
    Stage,
};

pub const NAME: &str = "main";

/// Ids that count.
pub struct Counting(pub u64);

impl Ids for Counting {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("id-{}", self.0)
    }
}

pub struct World {
    pub machine: Machine,
    pub log: MemoryLog,
    pub ids: Counting,
    pub now: Millis,
    pub settings: Settings,
    /// Compare with a replay after every step.
    pub compare: bool,
}

impl World {
    pub fn new(pipeline: Pipeline) -> Self {
        Self::with(pipeline, Settings::default())
    }

    pub fn with(pipeline: Pipeline, settings: Settings) -> Self {
        let mut machine = Machine::new(NAME, settings.clone());
        machine.tell(Origin { account: "111122223333".into(), region: "eu-west-1".into() });
        let log = MemoryLog::default();
        let mut world = Self {
            machine,
            log,
            ids: Counting(0),
            now: 1_700_000_000_000,
            settings,
            compare: true,
        };
        world.define(pipeline);
        world
    }

    /// Gives a command and does what follows.
    pub fn give(&mut self, command: Command) -> Result<Answer, RefusalKind> {
        self.now += 1;
        let answer = self.machine.decide(&command, self.now, &mut self.ids);
        self.settle();
        // As the executor does: what the state forgot is looked up in the log.
        answer.map_err(|refusal| {
            let row = command.execution().and_then(|id| self.log.execution(NAME, id).unwrap());
            match row {
                Some(row) if refusal.kind == RefusalKind::PipelineExecutionNotFound => {
                    refusal.of_ended(&command, row.status).kind
                }
                _ => refusal.kind,
            }
        })
    }

    /// Does what follows by itself, commits it, and checks that a replay comes to the same.
    pub fn settle(&mut self) {
        self.machine.advance(self.now, &mut self.ids);
        let pending = self.machine.batch();
        let batch = Batch {
            after: pending.after,
            events: &pending.events,
            rows: &pending.rows,
            notices: &pending.notices,
        };
        self.log.append(NAME, &batch).unwrap();
        if self.compare {
            assert!(self.replayed().snapshot() == self.machine.snapshot(), "a replay differs");
        }
    }

    /// The machine that the log makes.
    pub fn replayed(&self) -> Machine {
        let loaded = self.log.load(NAME).unwrap();
        let mut machine = match &loaded.snapshot {
            Some((_, state)) => Machine::restore(state, self.settings.clone()).unwrap(),
            None => Machine::new(NAME, self.settings.clone()),
        };
        loaded.events.iter().for_each(|e| machine.replay(e));
        machine
    }

    /// The server ends without a word and is started again.
    pub fn crash(&mut self) {
        self.machine = self.replayed();
        self.machine.tell(Origin { account: "111122223333".into(), region: "eu-west-1".into() });
        self.machine.recover(self.now);
        self.settle();
    }

    pub fn define(&mut self, pipeline: Pipeline) {
        self.give(Command::Define { pipeline: Box::new(pipeline), closed: vec![], by: None })
            .unwrap();
    }

    pub fn start(&mut self) -> String {
        self.try_start().unwrap()
    }

    pub fn try_start(&mut self) -> Result<String, RefusalKind> {
        match self.give(start())? {
            Answer::Started { execution } => Ok(execution),
            other => panic!("{other:?}"),
        }
    }

    /// An execution, as `show --json` prints it.
    pub fn execution(&self, id: &str) -> ExecutionView {
        let row = self.row(id);
        let events = self.log.events(NAME, id).unwrap();
        let shown = execution(&self.definition(Some(row.version)), &row, &events);
        serde_json::from_str(&serde_json::to_string(&shown).unwrap()).unwrap()
    }

    /// A definition, or the newest one.
    pub fn definition(&self, version: Option<u32>) -> Pipeline {
        let found = |event: &Event| match event {
            Event::Defined { pipeline, .. } if version.is_none_or(|v| v == pipeline.version) => {
                Some(pipeline.as_ref().clone())
            }
            _ => None,
        };
        self.log.look(NAME, |all| all.iter().rev().find_map(|e| found(&e.event))).unwrap()
    }

    /// What lists show of an execution.
    pub fn row(&self, id: &str) -> ExecutionRow {
        self.log.execution(NAME, id).unwrap().expect("a row")
    }

    /// The executions that have not ended, oldest first.
    pub fn live(&self) -> Vec<String> {
        let started = |e: &Recorded| match &e.event {
            Event::ExecutionStarted(start) => Some(start.execution.clone()),
            _ => None,
        };
        let mut all: Vec<String> =
            self.log.look(NAME, |events| events.iter().filter_map(started).collect());
        all.retain(|id| !self.row(id).status.ended());
        assert_eq!(all.len(), self.machine.live());
        all
    }

    fn entered(&self, name: &str) -> Option<String> {
        let entered = |e: &Recorded| match &e.event {
            Event::StageEntered { execution, stage } if stage == name => Some(execution.clone()),
            _ => None,
        };
        self.log.look(NAME, |events| events.iter().rev().find_map(entered))
    }

    /// A stage, as the execution has it that entered it last.
    pub fn stage(&self, name: &str) -> Option<StageView> {
        let shown = self.execution(&self.entered(name)?);
        shown.stages.into_iter().find(|s| s.name == name)
    }

    /// The status of a stage for the execution that entered it last.
    pub fn stage_is(&self, name: &str) -> String {
        self.stage(name).and_then(|s| s.status).map_or("-".into(), |s| format!("{s:?}"))
    }

    /// The execution that entered a stage last.
    pub fn inside(&self, name: &str) -> String {
        self.entered(name).expect("it was entered")
    }

    /// The executions that wait before a stage.
    pub fn waiting(&self, name: &str) -> Vec<String> {
        let waits =
            |id: &String| self.execution(id).stages.iter().any(|s| s.name == name && s.waits);
        let mut waiting = self.live();
        waiting.retain(waits);
        waiting
    }

    /// The closed transitions.
    pub fn closed(&self) -> Vec<Transition> {
        self.log.look(NAME, transitions)
    }

    /// How often a stage was retried, by itself or by people.
    pub fn retries(&self, stage: &str) -> (usize, usize) {
        let retried = |by_itself: bool| {
            let is = |e: &&Recorded| {
                matches!(&e.event, Event::StageRetried { stage: s, automatic, .. }
                    if s == stage && *automatic == by_itself)
            };
            self.log.look(NAME, |events| events.iter().filter(is).count())
        };
        (retried(true), retried(false))
    }

    /// A condition of a stage, as the execution met it that entered last.
    pub fn condition(&self, stage: &str, kind: ConditionKind) -> ConditionView {
        let conditions = self.stage(stage).expect("it was entered").conditions;
        conditions.into_iter().find(|c| c.kind == kind).expect("it was evaluated")
    }

    /// The action as the latest execution of its stage has it, once it began.
    pub fn action(&self, stage: &str, action: &str) -> Option<ActionView> {
        let found = self.stage(stage)?.actions.into_iter().find(|a| a.name == action).unwrap();
        Some(found).filter(|a| a.action_execution.is_some())
    }

    pub fn action_is(&self, stage: &str, action: &str) -> String {
        let status = self.action(stage, action).and_then(|a| a.status);
        status.map_or("-".into(), |s| format!("{s:?}"))
    }

    /// The id of the last execution of an action.
    pub fn id(&self, stage: &str, action: &str) -> String {
        self.action(stage, action).and_then(|a| a.action_execution).expect("the action began")
    }

    /// The code of what an action failed with.
    pub fn failure(&self, stage: &str, action: &str) -> Failure {
        self.action(stage, action).and_then(|a| a.failure).expect("the action failed")
    }

    /// What an action that is under way was given.
    pub fn run(&self, stage: &str, action: &str) -> ActionRun {
        let id = self.id(stage, action);
        self.machine.run(&self.inside(stage), &id).unwrap()
    }

    /// Ends an action of the execution that is in the stage.
    pub fn end(&mut self, stage: &str, action: &str, outcome: ActionOutcome) {
        let id = self.id(stage, action);
        let execution = self.inside(stage);
        self.now += 1;
        self.machine.outcome(&execution, &id, outcome, self.now);
        self.settle();
    }

    pub fn succeed(&mut self, stage: &str, action: &str) {
        self.end(stage, action, ActionOutcome::success());
    }

    pub fn fail(&mut self, stage: &str, action: &str) {
        self.end(stage, action, failure());
    }

    /// Ends the source action, with its artifact and a commit.
    pub fn source(&mut self) {
        self.end("Source", "Source", source_outcome());
    }

    pub fn status(&self, execution: &str) -> String {
        format!("{:?}", self.row(execution).status)
    }

    pub fn retry(
        &mut self,
        stage: &str,
        execution: &str,
        mode: RetryMode,
    ) -> Result<Answer, RefusalKind> {
        let (stage, execution) = (stage.to_owned(), execution.to_owned());
        self.give(Command::Retry { stage, execution, mode, by: None })
    }

    pub fn stop(&mut self, execution: &str, abandon: bool) -> Result<Answer, RefusalKind> {
        let (execution, reason) = (execution.to_owned(), Some("enough".to_owned()));
        self.give(Command::Stop { execution, abandon, reason, by: None })
    }

    /// Rolls a stage back; as the executor does, what the target brought is read from the log.
    pub fn roll_back(&mut self, stage: &str, target: &str) -> Result<Answer, RefusalKind> {
        let row = self.log.execution(NAME, target).unwrap();
        let found = row.map(|row| Box::new(RollbackTarget::of_row(stage, row)));
        let (stage, target) = (stage.to_owned(), target.to_owned());
        self.give(Command::Rollback { stage, target, by: None, found })
    }

    pub fn disable(&mut self, stage: &str) {
        let (stage, reason) = (stage.to_owned(), "not now".to_owned());
        let side = TransitionSide::Inbound;
        self.give(Command::DisableTransition { stage, side, reason, by: Some("ann".into()) })
            .unwrap();
    }

    pub fn enable(&mut self, stage: &str) {
        let (stage, side) = (stage.to_owned(), TransitionSide::Inbound);
        self.give(Command::EnableTransition { stage, side, by: None }).unwrap();
    }
}

pub fn start() -> Command {
    let trigger = TriggerRef { kind: TriggerKind::StartPipelineExecution, detail: "ann".into() };
    Command::Start {
        trigger,
        variables: Default::default(),
        source_revisions: Vec::new(),
        client_request_token: None,
    }
}

pub fn failure() -> ActionOutcome {
    ActionOutcome::failed(FailureKind::JobFailed, "Exit", "the command ended with 1")
}

pub fn source_outcome() -> ActionOutcome {
    let revision = Revision { id: "c0ffee".into(), ..Revision::default() };
    ActionOutcome {
        artifacts: vec![ArtifactRef {
            name: "Code".into(),
            id: "0".repeat(64),
            size: 10,
            revision: Some(revision.clone()),
        }],
        revision: Some(revision),
        variables: [("CommitId".to_owned(), "c0ffee".to_owned())].into(),
        ..ActionOutcome::success()
    }
}

/// `Source`, then stages of actions; an action is `name`, `name@runOrder` or `name!` for an approval.
pub fn pipeline(mode: ExecutionMode, stages: &[(&str, &[&str])]) -> Pipeline {
    let source = Stage { name: "Source".into(), actions: vec![source()], ..Stage::default() };
    let others = stages.iter().map(|(name, actions)| Stage {
        name: (*name).to_owned(),
        actions: actions.iter().map(|text| action(text)).collect(),
        ..Stage::default()
    });
    Pipeline {
        name: NAME.into(),
        execution_mode: mode,
        stages: std::iter::once(source).chain(others).collect(),
        version: 1,
        ..Pipeline::default()
    }
}

fn source() -> Action {
    Action {
        name: "Source".into(),
        action_type_id: kind(Category::Source, "CodeCommit"),
        run_order: 1,
        output_artifacts: vec![OutputArtifact { name: "Code".into(), files: vec![] }],
        namespace: Some("Git".into()),
        ..Action::default()
    }
}

pub fn action(text: &str) -> Action {
    let (name, order) = text.split_once('@').unwrap_or((text, "1"));
    let approval = name.ends_with('!');
    Action {
        name: name.trim_end_matches('!').to_owned(),
        action_type_id: match approval {
            true => kind(Category::Approval, "Manual"),
            false => kind(Category::Compute, "Commands"),
        },
        run_order: order.parse().unwrap(),
        input_artifacts: if approval { vec![] } else { vec![ArtifactName { name: "Code".into() }] },
        ..Action::default()
    }
}

pub fn kind(category: Category, provider: &str) -> ActionType {
    let (owner, version) = ("AWS".to_owned(), "1".to_owned());
    ActionType { category, owner, provider: provider.to_owned(), version }
}
