//! Old runs are removed: which may go, and that a removal which is cut off anywhere leaves nothing half there.

use crate::samples::{events, holder, meta, now, snapshot, some_plan, state, wait};
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_center::apply::Journal;
use trunkline_center::state::{Baseline, Holder, RunResult, TargetState};
use trunkline_model::Report;
use trunkline_testkit::{MemoryStore, Mishap};

/// Begins a run, journals everything, and ends it; None: it only stops.
async fn a_run(state: &TargetState, run: &str, end: Option<RunResult>) {
    let seen = state.lock().await.expect("a lock");
    let held = state.take(&seen, holder(run)).await.expect("the store").expect("free");
    let (plan, token) = (some_plan(), held.lock.token);
    let begun = state.begin(&meta(run, token), &plan, &snapshot(), now()).await;
    let mut journal = begun.expect("begun");
    for pair in events(&plan).chunks(6) {
        journal.append_all(pair).await.expect("its own");
    }
    if let Some(end) = end {
        state.end(run, end, &format!("ended {run}")).await.expect("ended");
    }
    state.release(&held).await.expect("the store");
}

/// Runs with these ids and ends, oldest first; another target beside them.
fn history(runs: &[(&str, Option<RunResult>)]) -> (Arc<MemoryStore>, TargetState) {
    let store = Arc::new(MemoryStore::new());
    let all = state(&store);
    let other = TargetState::named(store.clone(), "test", "us-east-1");
    wait(async {
        a_run(&other, "r0", Some(RunResult::Complete)).await;
        for (run, end) in runs {
            a_run(&all, run, end.clone()).await;
        }
    });
    (store, all)
}

fn complete(run: &str) -> (&str, Option<RunResult>) {
    (run, Some(RunResult::Complete))
}

fn stopped(run: &str) -> (&str, Option<RunResult>) {
    (run, Some(RunResult::Superseded(String::new())))
}

/// Takes the lock and removes everything beyond the newest `keep`.
async fn prune(state: &TargetState, keep: usize) -> Result<Vec<String>, Report> {
    let seen = state.lock().await?;
    let pruning = Holder { run: String::new(), ..holder("") };
    let held = state.take(&seen, pruning).await?.expect("nobody else is there");
    for run in state.remnants().await? {
        state.remove(&run, held.lock.token).await?;
    }
    let mut removed = Vec::new();
    for head in state.removable(keep, &|_| true).await? {
        state.remove(&head.meta.run, held.lock.token).await?;
        removed.push(head.meta.run);
    }
    state.release(&held).await?;
    Ok(removed)
}

/// What is remembered but the lock and the runs `gone`.
fn without(store: &MemoryStore, gone: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let mut objects = store.objects();
    objects.retain(|key, _| {
        let of = |run: &&str| key.starts_with(&format!("test-us-west-2/runs/{run}/"));
        !key.ends_with("lock.json") && !gone.iter().any(of)
    });
    objects
}

#[track_caller]
fn check(runs: &[(&str, Option<RunResult>)], keep: usize, gone: &[&str]) {
    let (store, state) = history(runs);
    let (left, baseline) = (without(&store, gone), wait(state.baseline()));
    assert_eq!(wait(prune(&state, keep)).expect("a store"), gone);
    assert_eq!(without(&store, &[]).keys().collect::<Vec<_>>(), left.keys().collect::<Vec<_>>());
    assert_eq!(without(&store, &[]), left, "what stays is as it was");
    assert_eq!(wait(state.baseline()), baseline);
}

#[test]
fn the_newest_stay_and_the_newest_complete_one_and_what_has_not_ended() {
    check(&[complete("r1"), complete("r2"), complete("r3")], 2, &["r1"]);
    check(&[complete("r1"), complete("r2"), complete("r3")], 5, &[]);
    check(&[complete("r1"), complete("r2"), stopped("r3"), stopped("r4")], 1, &["r1", "r3"]);
    check(&[("r1", None), complete("r2"), complete("r3")], 1, &["r2"]);
}

#[test]
fn only_what_may_go_by_its_end_goes() {
    let (_, state) = history(&[complete("r1"), complete("r2"), complete("r3")]);
    let going = wait(state.removable(1, &|end| end.ended != "ended r1")).expect("the runs");
    let going: Vec<String> = going.into_iter().map(|head| head.meta.run).collect();
    assert_eq!(going, ["r2"]);
}

#[test]
fn a_run_that_was_removed_is_unknown_like_one_that_never_was() {
    let (_, state) = history(&[complete("r1"), complete("r2")]);
    let head = wait(state.head_of("r1")).expect("the run");
    wait(prune(&state, 1)).expect("a store");
    assert_eq!(wait(state.run("r1")).expect_err("gone").0[0].code, "TL0523");
    // Somebody was about to read it.
    assert_eq!(wait(state.record(head)).expect_err("gone").0[0].code, "TL0523");
    let left: Vec<String> =
        wait(state.runs()).expect("the runs").into_iter().map(|h| h.meta.run).collect();
    assert_eq!(left, ["r2"]);
}

#[test]
fn a_removal_that_is_cut_off_at_any_delete_leaves_whole_runs_and_is_finished_by_the_next() {
    let runs = [complete("r1"), stopped("r2"), complete("r3")];
    let (mut points, mut number) = (0, 1);
    loop {
        for mishap in [Mishap::Full, Mishap::Lost, Mishap::Gone] {
            let (store, state) = history(&runs);
            let (left, baseline) = (without(&store, &["r1", "r2"]), wait(state.baseline()));
            store.fail(number, mishap);
            if wait(prune(&state, 1)).is_ok() {
                // There are no more writes than that.
                assert!(points >= 30, "{points} points");
                return;
            }
            store.heal();
            for head in wait(state.runs()).expect("the runs") {
                let record = wait(state.run(&head.meta.run)).expect("a whole run");
                assert_eq!(record.plain_events(), events(&some_plan()), "write {number}");
                assert!(record.before.is_some() && record.end.is_some());
            }
            assert_eq!(wait(state.unfinished()), Ok(vec![]), "write {number}, {mishap:?}");
            assert_eq!(wait(state.baseline()), baseline);
            wait(prune(&state, 1)).expect("a store that works");
            assert_eq!(without(&store, &[]), left, "write {number}, {mishap:?}");
            points += 1;
        }
        number += 1;
    }
}

#[test]
fn who_has_lost_the_lock_removes_nothing_and_nobody_what_has_not_ended() {
    let (store, state) = history(&[complete("r1"), complete("r2"), ("r3", None)]);
    let before = store.objects();
    wait(async {
        let token = state.lock().await.expect("a lock").lock.token;
        let lost = state.remove("r1", token - 1).await.expect_err("somebody else's");
        assert_eq!(lost.0[0].code, "TL0509");
        state.remove("r3", token).await.expect("it stays");
    });
    assert_eq!(store.objects(), before);
    assert_ne!(wait(state.baseline()), Ok(Baseline::default()));
}

#[test]
fn what_the_last_run_wrote_lately_is_known_after_a_prune_whatever_its_id() {
    let early = complete("a");
    let (_, state) = history(&[complete("w"), complete("x"), complete("y"), complete("z"), early]);
    let of_the_last = |at: &str| !at.starts_with("ended") || at == "ended a";
    let recent = || wait(state.remembered(&of_the_last)).expect("a store").recent;
    let before = recent();
    assert!(!before.is_empty());
    assert_eq!(wait(prune(&state, 4)).expect("a store"), ["w"]);
    assert_eq!(recent(), before);
}
