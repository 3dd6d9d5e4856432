//! The life of a run: what is written comes back, and a store that fails at any write is put right by
//! whoever comes next.

use crate::samples::{events, holder, meta, now, snapshot, some_plan, state, wait};
use std::sync::Arc;
use trunkline_center::apply::Journal;
use trunkline_center::state::{Baseline, RunResult, TargetState};
use trunkline_model::Report;
use trunkline_testkit::{MemoryStore, Mishap};

/// Takes the lock, does everything, gives it back; stops at the first write that fails.
async fn live(state: &TargetState) -> Result<(), Report> {
    let plan = some_plan();
    let seen = state.lock().await?;
    let held = state.take(&seen, holder("r1")).await?.expect("nobody else is there");
    let token = held.lock.token;
    state.settle_unfinished("r1", token, "jane", &now()).await?;
    let mut journal = state.begin(&meta("r1", token), &plan, &snapshot(), now()).await?;
    for pair in events(&plan).chunks(2) {
        let failed = |e| trunkline_model::Diagnostic::error("TL0504", format!("{e}")).report();
        journal.append_all(pair).await.map_err(failed)?;
    }
    state.end("r1", RunResult::Complete, "t").await?;
    state.release(&held).await.map(drop)
}

/// What the next command does with a run that stopped: it goes on with it from its journal.
async fn repair(state: &TargetState) -> Result<(), Report> {
    let plan = some_plan();
    let seen = state.lock().await?;
    let held = state.take(&seen, holder("r1")).await?.expect("nobody else is there");
    for head in state.unfinished().await? {
        let (mut journal, before) =
            state.go_on(&head.meta.run, held.lock.token, "jane", now()).await?;
        let left: Vec<_> = events(&plan).into_iter().filter(|e| !before.contains(e)).collect();
        let failed = |e| trunkline_model::Diagnostic::error("TL0504", format!("{e}")).report();
        journal.append_all(&left).await.map_err(failed)?;
        state.end(&head.meta.run, RunResult::Complete, "t").await?;
    }
    state.release(&held).await.map(drop)
}

fn remembered(state: &TargetState) -> Baseline {
    wait(state.baseline()).expect("a baseline")
}

#[test]
fn everything_that_is_known_of_a_run_comes_back() {
    let state = state(&Arc::new(MemoryStore::new()));
    wait(live(&state)).expect("a store");
    let record = wait(state.run("r1")).expect("the run");
    assert_eq!(record.plan, some_plan());
    assert_eq!(record.plain_events(), events(&some_plan()));
    let (before, expected) = (record.before.expect("a snapshot"), snapshot());
    assert_eq!(before.resources, expected.resources);
    assert_eq!(before.instance, expected.instance);
    assert_eq!(before.names.get("user", "jane"), expected.names.get("user", "jane"));
    let end = record.end.expect("it ended");
    assert_eq!((end.result, end.done, end.drafts), (RunResult::Complete, 5, 0));
}

#[test]
fn a_store_that_fails_at_any_write_is_put_right_by_whoever_comes_next() {
    let whole = state(&Arc::new(MemoryStore::new()));
    wait(live(&whole)).expect("a store");
    let expected = remembered(&whole);
    let mut points = 0;
    for number in 1.. {
        let store = Arc::new(MemoryStore::new());
        store.fail(number, Mishap::Full);
        if wait(live(&state(&store))).is_ok() {
            break;
        }
        for mishap in [Mishap::Full, Mishap::Lost, Mishap::Gone] {
            let store = Arc::new(MemoryStore::new());
            let state = state(&store);
            store.fail(number, mishap);
            if wait(live(&state)).is_ok() {
                // The answer that was lost is one that says that the bytes are there already.
                assert_eq!(mishap, Mishap::Lost);
                continue;
            }
            store.heal();
            let begun = !wait(state.runs()).expect("the runs").is_empty();
            // The baseline is whole even before anybody repairs it.
            remembered(&state);
            wait(repair(&state)).expect("a store that works");
            match begun {
                true => assert_eq!(remembered(&state), expected, "write {number}, {mishap:?}"),
                false => assert_eq!(remembered(&state), Baseline::default()),
            }
            assert_eq!(wait(state.unfinished()), Ok(vec![]), "write {number}, {mishap:?}");
            points += 1;
        }
    }
    assert!(points >= 30, "{points} points");
}

#[test]
fn ids_written_lately_and_own_drafts_are_remembered_for_the_next_read() {
    let state = state(&Arc::new(MemoryStore::new()));
    wait(live(&state)).expect("a store");
    let found = wait(state.remembered(&|_| true)).expect("a read");
    assert!(found.recent.contains("w-0") && found.recent.contains("w-4"), "{found:?}");
    assert_eq!(found.drafts.into_iter().collect::<Vec<_>>(), ["draft 4"]);
    let found = wait(state.remembered(&|_| false)).expect("a read");
    assert!(found.recent.is_empty());
}
