//! Writes a database with many executions that are over, as the engine makes them, for measurements:
//! `history FILE PIPELINES EXECUTIONS COMMANDS`. Prints how many events it wrote.

use std::path::Path;
use trunkline_engine::event::{TriggerKind, TriggerRef};
use trunkline_engine::ports::Batch;
use trunkline_engine::{
    ActionOutcome, Command, Event, Ids, Log as _, Machine, Recorded, Revision, Settings,
};
use trunkline_store::{Access, Store};

/// Executions in one transaction.
const AT_ONCE: usize = 100;
/// When the first execution began, and what lies between two, in milliseconds.
const BEGAN: i64 = 1_760_000_000_000;
const BETWEEN: i64 = 60_000;

struct Counted(u64);

impl Ids for Counted {
    fn next(&mut self) -> String {
        self.0 += 1;
        // Spread over the index as random ids are.
        let spread = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{:08x}-{:04x}-4000-8000-{:012x}", spread >> 32, (spread >> 16) & 0xffff, self.0)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, pipelines, executions, commands] = &arguments[..] else {
        panic!("history FILE PIPELINES EXECUTIONS COMMANDS");
    };
    let number = |text: &String| text.parse::<usize>().expect("a number");
    let store = Store::open(Path::new(file), Access::Write).expect("a database");
    let mut ids = Counted(0);
    let mut events = 0;
    for pipeline in 0..number(pipelines) {
        let name = format!("past-{pipeline}");
        events += write(&store, &name, number(executions), number(commands), &mut ids);
    }
    println!("{events} events");
}

/// Writes the executions of one pipeline.
fn write(store: &Store, name: &str, count: usize, commands: usize, ids: &mut Counted) -> u64 {
    let mut machine = Machine::new(name, Settings::default());
    let definition = serde_json::from_value(definition(name, commands)).expect("a pipeline");
    let define = Command::Define { pipeline: Box::new(definition), closed: vec![], by: None };
    machine.decide(&define, BEGAN, ids).expect("it can be defined");
    let mut written: Vec<Recorded> = Vec::new();
    let mut rows = Vec::new();
    let mut after = 0;
    for execution in 0..count {
        let mut now = BEGAN + BETWEEN * i64::try_from(execution).expect("few");
        let trigger = TriggerRef {
            kind: TriggerKind::CloudWatchEvent,
            detail: format!("site refs/heads/main push {execution}"),
        };
        let start = Command::Start {
            trigger,
            variables: Default::default(),
            source_revisions: Vec::new(),
            client_request_token: None,
        };
        machine.decide(&start, now, ids).expect("it can be started");
        loop {
            machine.advance(now, ids);
            let pending = machine.batch();
            if pending.events.is_empty() {
                break;
            }
            now += 20;
            for recorded in &pending.events {
                if let Event::ActionStarted(start) = &recorded.event {
                    let (id, action) = (&start.execution, &start.action_execution);
                    machine.outcome(id, action, outcome(execution), now);
                }
            }
            written.extend(pending.events);
            rows.extend(pending.rows);
        }
        // The last ones stay without a snapshot: a start replays them.
        if execution % AT_ONCE == AT_ONCE - 1 || execution + 1 == count {
            let batch = Batch { after, events: &written, rows: &rows, notices: &[] };
            store.append(name, &batch).expect("it is written");
            after = machine.seq();
            written.clear();
            rows.clear();
            if execution + 1 < count {
                store.snapshot(name, after, &machine.snapshot()).expect("it is written");
            }
        }
    }
    after
}

fn outcome(execution: usize) -> ActionOutcome {
    let id = format!("{:040x}", (execution as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let revision = Revision { id, summary: Some(format!("Change {execution}")), url: None };
    ActionOutcome { revision: Some(revision), ..ActionOutcome::default() }
}

fn definition(name: &str, commands: usize) -> serde_json::Value {
    let kind = |category: &str, provider: &str| serde_json::json!({ "category": category, "owner": "AWS", "provider": provider, "version": "1" });
    let runs: Vec<_> = (1..=commands)
        .map(|n| {
            serde_json::json!({ "name": format!("Run{n}"), "actionTypeId": kind("Compute", "Commands"),
                "commands": ["true"], "runOrder": n })
        })
        .collect();
    serde_json::json!({ "name": name, "pipelineType": "V2", "stages": [
        { "name": "Source", "actions": [{ "name": "Git", "actionTypeId": kind("Source", "CodeCommit"),
            "configuration": { "RepositoryName": "site", "BranchName": "main" },
            "outputArtifacts": [{ "name": "Code" }] }] },
        { "name": "Build", "actions": runs },
    ] })
}
