//! The engine's log: what was appended is there, in order, whatever happens to who appended it.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use trunkline_engine::event::{ExecutionStart, ExecutionStatus, TriggerKind, TriggerRef};
use trunkline_engine::ports::{Batch, Notice, Query};
use trunkline_engine::{Event, ExecutionRow, Log as _, LogError, Recorded};
use trunkline_model::pipeline::ExecutionMode;
use trunkline_store::{Access, Store};

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("trunkline.db"), Access::Write).expect("it opens")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn trigger() -> TriggerRef {
    TriggerRef { kind: TriggerKind::StartPipelineExecution, detail: "ann".to_owned() }
}

fn started(execution: &str, variables: &[(String, String)]) -> Event {
    Event::ExecutionStarted(Box::new(ExecutionStart {
        execution: execution.to_owned(),
        version: 1,
        trigger: trigger(),
        variables: variables.iter().cloned().collect(),
        source_revisions: Vec::new(),
        client_request_token: None,
        rollback: None,
    }))
}

fn waits(execution: &str, stage: &str) -> Event {
    Event::ExecutionWaits { execution: execution.to_owned(), stage: stage.to_owned() }
}

fn row(id: &str, status: ExecutionStatus, succeeded: &[&str]) -> ExecutionRow {
    ExecutionRow {
        id: id.to_owned(),
        status,
        status_summary: None,
        started_at: 7,
        updated_at: 8,
        version: 1,
        mode: ExecutionMode::Superseded,
        trigger: trigger(),
        rollback_target: None,
        variables: BTreeMap::new(),
        source_revisions: Vec::new(),
        revisions: Vec::new(),
        artifacts: Vec::new(),
        namespaces: BTreeMap::new(),
        succeeded_stages: succeeded.iter().map(|s| (*s).to_owned()).collect(),
    }
}

/// Appends events after `after`, with rows.
fn append(
    store: &Store,
    pipeline: &str,
    after: u64,
    events: Vec<Event>,
    rows: &[ExecutionRow],
) -> Result<(), LogError> {
    let number = |(i, event)| Recorded { seq: after + 1 + i as u64, at: 1_000, event };
    let events: Vec<Recorded> = events.into_iter().enumerate().map(number).collect();
    store.append(pipeline, &Batch { after, events: &events, rows, notices: &[] })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_appended_comes_back_the_same_after_opening_again(
        batches in prop::collection::vec(
            prop::collection::vec((0..3_u8, ".{0,12}", ".{0,40}"), 1..5), 1..6),
        snapshot in 0..8_u64,
    ) {
        let folder = folder();
        let mut all = Vec::new();
        for batch in batches {
            // Opened for each batch, as by one process after the other.
            let store = open(folder.path());
            let after = all.len() as u64;
            let events: Vec<Recorded> = batch.into_iter().enumerate().map(|(i, (kind, id, text))| {
                let event = match kind {
                    0 => started(&id, &[(text.clone(), text)]),
                    1 => waits(&id, &text),
                    _ => Event::TransitionEnabled {
                        stage: text,
                        side: trunkline_engine::event::TransitionSide::Inbound,
                        by: Some(id),
                    },
                };
                Recorded { seq: after + 1 + i as u64, at: i as i64 * 1_000_000_000, event }
            }).collect();
            let batch = Batch { after, events: &events, rows: &[], notices: &[] };
            store.append("main", &batch).unwrap();
            store.append("other", &batch).unwrap();
            all.extend(events);
        }
        let store = open(folder.path());
        prop_assert_eq!(&store.load("main").unwrap().events, &all);
        prop_assert_eq!(store.pipelines().unwrap(), ["main", "other"]);
        for one in &all {
            let Some(execution) = one.event.execution() else { continue };
            let of = |r: &&Recorded| r.event.execution() == Some(execution);
            let expected: Vec<Recorded> = all.iter().filter(of).cloned().collect();
            prop_assert_eq!(store.events("main", execution).unwrap(), expected);
        }
        let seq = snapshot.min(all.len() as u64);
        store.snapshot("main", seq, "{\"a\":1}").unwrap();
        store.snapshot("main", 0, "older").unwrap();
        let loaded = store.load("main").unwrap();
        let kept = if seq == 0 { "older" } else { "{\"a\":1}" };
        prop_assert_eq!(loaded.snapshot, Some((seq, kept.to_owned())));
        prop_assert_eq!(&loaded.events[..], &all[seq as usize..]);
    }
}

#[test]
fn events_that_do_not_follow_the_last_one_are_refused_whole() {
    let folder = folder();
    let store = open(folder.path());
    append(&store, "main", 0, vec![waits("a", "s")], &[]).unwrap();
    let row = row("b", ExecutionStatus::InProgress, &[]);
    for after in [0, 2] {
        let refused =
            append(&store, "main", after, vec![waits("b", "s")], std::slice::from_ref(&row));
        assert!(matches!(refused, Err(LogError::Moved { found: 1, .. })), "{refused:?}");
    }
    assert_eq!(store.load("main").unwrap().events.len(), 1);
    assert_eq!(store.execution("main", "b").unwrap(), None);
}

#[test]
fn executions_are_listed_newest_first_and_those_that_have_not_ended_by_themselves() {
    let folder = folder();
    let store = open(folder.path());
    let ids = ["e-9", "e-1", "e-5"];
    for (i, id) in ids.into_iter().enumerate() {
        let row = row(id, ExecutionStatus::InProgress, &[]);
        append(&store, "main", i as u64, vec![waits(id, "s")], &[row]).unwrap();
    }
    let ended = row("e-1", ExecutionStatus::Succeeded, &["Source", "Deploy"]);
    append(&store, "main", 3, vec![waits("e-1", "s")], std::slice::from_ref(&ended)).unwrap();
    let listed = |query: Query| -> Vec<String> {
        store.executions("main", &query).unwrap().into_iter().map(|row| row.id).collect()
    };
    assert_eq!(listed(Query::default()), ["e-5", "e-1", "e-9"]);
    assert_eq!(listed(Query { limit: 1, ..Query::default() }), ["e-5"]);
    assert_eq!(listed(Query { before: Some("e-1".to_owned()), ..Query::default() }), ["e-9"]);
    assert_eq!(store.execution("main", "e-1").unwrap(), Some(ended));
    assert_eq!(store.execution("other", "e-1").unwrap(), None);
    let unfinished = Query { unfinished: true, ..Query::default() };
    assert_eq!(listed(unfinished), ["e-5", "e-9"]);
    let like = |prefix| store.executions_like("main", prefix).unwrap().len();
    assert_eq!((like("e-"), like("e-5"), like("x"), like("%")), (2, 1, 0, 0));
    assert!(store.executions_like("other", "e-5").unwrap().is_empty());
}

#[test]
fn notices_wait_until_every_receiver_was_told() {
    let folder = folder();
    let store = open(folder.path());
    let events = [Recorded { seq: 1, at: 0, event: waits("a", "s") }];
    let notices = ["one", "two"].map(|body| Notice { seq: 1, body: body.to_owned() });
    store
        .append("main", &Batch { after: 0, events: &events, rows: &[], notices: &notices })
        .unwrap();
    let bodies = |after| -> Vec<String> {
        store.notices_after(after, 9).unwrap().into_iter().map(|n| n.body).collect()
    };
    assert_eq!(bodies(store.cursor("hook").unwrap()), ["one", "two"]);
    let first = store.notices_after(0, 1).unwrap()[0].id;
    store.set_cursor("hook", first).unwrap();
    assert_eq!(bodies(store.cursor("hook").unwrap()), ["two"]);
    assert_eq!(bodies(store.cursor("file").unwrap()), ["one", "two"]);
    assert_eq!(store.forget_notices(first).unwrap(), 1);
    assert_eq!(bodies(0), ["two"]);
}

/// Says on stdout what it has committed, until it is killed.
fn write_without_end(folder: &Path) {
    let store = open(folder);
    for seq in 0.. {
        let id = format!("e-{seq}");
        let row = row(&id, ExecutionStatus::InProgress, &[]);
        append(&store, "main", seq, vec![started(&id, &[])], &[row]).expect("it is kept");
        println!("committed {}", seq + 1);
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_committed() {
    // The test is the writer, too, in a process of its own.
    if let Some(folder) = std::env::var_os("TRUNKLINE_TEST_FOLDER") {
        return write_without_end(Path::new(&folder));
    }
    let folder = folder();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_writer_loses_nothing_that_it_committed", "--nocapture"])
        .env("TRUNKLINE_TEST_FOLDER", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(number) = line.unwrap().strip_prefix("committed ") {
            said = number.parse().unwrap();
        }
        if said == 25 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let store = open(folder.path());
    let events = store.load("main").unwrap().events;
    assert!(said >= 25 && events.len() >= said, "{} of {said}", events.len());
    assert_eq!(store.executions("main", &Query::default()).unwrap().len(), events.len());
    append(&store, "main", events.len() as u64, vec![waits("e-0", "s")], &[]).unwrap();
}

#[test]
fn of_a_long_past_only_what_is_asked_for_is_read() {
    let folder = folder();
    let store = open(folder.path());
    let last = row("last", ExecutionStatus::Succeeded, &["Deploy"]);
    let body = serde_json::to_string(&last).unwrap();
    let event = serde_json::to_string(&waits("e", "s")).unwrap();
    let raw = rusqlite::Connection::open(store.path()).unwrap();
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)";
    let rows = format!(
        "{numbers} INSERT INTO executions SELECT printf('e-%06d', i), 'main', i, 1, ?1 FROM n"
    );
    raw.execute(&rows, [body]).unwrap();
    let rows =
        format!("{numbers} INSERT INTO events SELECT 'main', i, printf('e-%06d', i), 0, ?1 FROM n");
    raw.execute(&rows, [event]).unwrap();
    drop(raw);
    store.snapshot("main", 1_000, "{}").unwrap();
    append(&store, "main", 1_000, vec![waits("last", "s")], std::slice::from_ref(&last)).unwrap();
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.pipelines().unwrap(), ["main"]);
    assert_eq!(store.load("main").unwrap().events.len(), 1, "only the unfinished are replayed");
    let first = Query { limit: 20, ..Query::default() };
    let middle = Query { before: Some("e-000500".to_owned()), ..first.clone() };
    for query in [first, middle] {
        assert_eq!(store.executions("main", &query).unwrap().len(), 20);
    }
    // What waits since the first of them is found, and nothing of the others.
    let waits = row("e-000001", ExecutionStatus::InProgress, &[]);
    let entered = Event::StageEntered { execution: waits.id.clone(), stage: "Approve".to_owned() };
    append(&store, "main", 1_001, vec![entered], std::slice::from_ref(&waits)).unwrap();
    let unfinished = Query { unfinished: true, ..Query::default() };
    assert_eq!(store.executions("main", &unfinished).unwrap(), std::slice::from_ref(&waits));
    assert_eq!(store.entered("main").unwrap(), [("Approve".to_owned(), waits.id.clone())]);
    // What one execution did, and what belongs to none.
    assert_eq!(store.events("main", "e-000500").unwrap().len(), 1);
    assert!(store.own_events("main").unwrap().is_empty());
}
