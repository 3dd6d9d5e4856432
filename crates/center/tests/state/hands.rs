//! Who may write: one at a time, and nobody after somebody else.

use crate::samples::{events, holder, meta, now, snapshot, some_plan, state, wait};
use std::sync::Arc;
use std::time::Duration;
use trunkline_center::apply::{Event, Journal, JournalError};
use trunkline_center::plan::Plan;
use trunkline_center::state::{RunResult, SeenLock, StoreJournal, TargetState, Verdict, Watch};
use trunkline_model::Report;
use trunkline_testkit::MemoryStore;

/// Takes the lock as it is now.
async fn take(state: &TargetState, run: &str) -> u64 {
    let seen = state.lock().await.expect("a lock");
    let held = state.take(&seen, holder(run)).await.expect("the store").expect("as it was seen");
    held.lock.token
}

/// Takes the lock and begins the run `r1`, of which these events are done.
async fn begin(state: &TargetState, plan: &Plan, done: &[Event]) -> StoreJournal {
    let token = take(state, "r1").await;
    let begun = state.begin(&meta("r1", token), plan, &snapshot(), now()).await;
    let mut journal = begun.expect("begun");
    journal.append_all(done).await.expect("its own");
    journal
}

/// What a journal says to somebody who has lost it.
async fn loses(journal: &mut dyn Journal, event: &Event) -> Report {
    match journal.append_all(std::slice::from_ref(event)).await {
        Err(JournalError::Lost(report)) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_two_who_see_a_free_lock_one_gets_it() {
    let state = state(&Arc::new(MemoryStore::new()));
    wait(async {
        let seen = state.lock().await.expect("a lock");
        let first = state.take(&seen, holder("a")).await.expect("the store");
        assert_eq!(state.take(&seen, holder("b")).await, Ok(None));
        let held = first.expect("it was free");
        let renewed = state.renew(&held).await.expect("the store").expect("still ours");
        assert_eq!(state.renew(&held).await, Ok(None), "an old version");
        state.release(&renewed).await.expect("the store").expect("still ours");
        let free = state.lock().await.expect("a lock").lock;
        assert_eq!((free.token, free.holder, free.last_run.as_deref()), (1, None, Some("a")));
    });
}

#[test]
fn who_takes_over_raises_the_token_and_the_earlier_holder_can_neither_renew_nor_release() {
    let state = state(&Arc::new(MemoryStore::new()));
    wait(async {
        let seen = state.lock().await.expect("a lock");
        let held = state.take(&seen, holder("a")).await.expect("the store").expect("free");
        assert_eq!(take(&state, "b").await, 2);
        assert_eq!(state.renew(&held).await, Ok(None));
        assert_eq!(state.release(&held).await, Ok(None));
        let lock = state.lock().await.expect("a lock").lock;
        assert_eq!(lock.holder.map(|h| h.run).as_deref(), Some("b"));
        let seen = state.lock().await.expect("a lock");
        let freed = state.unlock(&seen).await.expect("the store").expect("as it was seen");
        assert_eq!((freed.lock.token, freed.lock.holder), (3, None));
    });
}

#[test]
fn a_late_write_of_the_earlier_holder_is_refused_and_names_who_goes_on() {
    let (state, plan) = (state(&Arc::new(MemoryStore::new())), some_plan());
    let all = events(&plan);
    wait(async {
        let mut old = begin(&state, &plan, &all[..3]).await;
        let token = take(&state, "r1").await;
        let (mut new, before) = state.go_on("r1", token, "jane on host", now()).await.expect("on");
        assert_eq!(before, all[..3]);
        let report = loses(&mut old, &all[3]).await;
        assert_eq!(report.0[0].code, "TL0509");
        assert!(report.0[0].notes[0].contains("jane on host goes on"), "{report:?}");
        new.append_all(&all[3..]).await.expect("its own now");
        let later = loses(&mut old, &all[4]).await;
        assert_eq!(later.0[0].code, "TL0509", "once lost is lost");
        let events = state.run("r1").await.expect("the run").plain_events();
        assert_eq!(events.len(), all.len() + 1, "nothing of the late writes is there");
    });
}

#[test]
fn another_apply_ends_a_run_that_stopped_and_fences_its_journal() {
    let (state, plan) = (state(&Arc::new(MemoryStore::new())), some_plan());
    let all = events(&plan);
    wait(async {
        let mut old = begin(&state, &plan, &all[..4]).await;
        let token = take(&state, "r2").await;
        state.settle_unfinished("r2", token, "jane on host", &now()).await.expect("settled");
        let report = loses(&mut old, &all[4]).await;
        assert!(report.0[0].notes[0].contains("jane on host began run r2"), "{report:?}");
        let end = state.head_of("r1").await.expect("the run").end.expect("it ended");
        assert_eq!(end.result, RunResult::Superseded("r2".to_owned()));
        assert_eq!(state.unfinished().await, Ok(vec![]));
        assert!(state.applied().await.expect("a read").is_some(), "what it did is remembered");
    });
}

#[test]
fn runs_are_in_the_order_of_their_tokens_whatever_the_clocks_said() {
    let (state, plan) = (state(&Arc::new(MemoryStore::new())), some_plan());
    wait(async {
        // The second one's clock, and so its id, is earlier.
        for run in ["20270105-120000-0001", "20270104-090000-0002", "20270104-100000-0003"] {
            let token = take(&state, run).await;
            state.begin(&meta(run, token), &plan, &snapshot(), now()).await.expect("begun");
            state.end(run, RunResult::Complete, "t").await.expect("ended");
        }
        let runs = state.runs().await.expect("the runs");
        let tokens: Vec<u64> = runs.iter().map(|r| r.meta.token).collect();
        assert_eq!(tokens, [3, 2, 1]);
    });
}

#[test]
fn a_waiter_tells_a_living_holder_from_a_dead_one_by_its_own_clock() {
    let seen = |version: &str, run: Option<&str>| {
        let mut seen = SeenLock { version: Some(version.to_owned()), ..SeenLock::default() };
        seen.lock.holder = run.map(holder);
        seen
    };
    let at = Duration::from_secs;
    let mut watch = Watch::default();
    assert!(matches!(watch.see(&SeenLock::default(), at(0)), Verdict::Free));
    assert!(matches!(watch.see(&seen("1", Some("a")), at(1)), Verdict::Unknown(_)));
    assert!(matches!(watch.see(&seen("1", Some("a")), at(30)), Verdict::Unknown(_)));
    assert!(matches!(watch.see(&seen("2", Some("a")), at(31)), Verdict::Alive(_)), "it renewed");
    assert!(matches!(watch.see(&seen("2", Some("a")), at(60)), Verdict::Unknown(_)));
    assert!(matches!(watch.see(&seen("2", Some("a")), at(61)), Verdict::Dead(_)), "silent");
    assert!(matches!(watch.see(&seen("3", None), at(62)), Verdict::Free));
}
