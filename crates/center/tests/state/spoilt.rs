//! Objects that are not what was written: a coded error each, and nothing is overwritten.

use crate::samples::{events, holder, meta, now, snapshot, some_plan, state, wait};
use std::sync::Arc;
use trunkline_center::apply::{Journal, JournalError};
use trunkline_center::state::{RunResult, TargetState};
use trunkline_model::Report;
use trunkline_testkit::{MemoryStore, Mishap};

const RUN: &str = "test-us-west-2/runs/r1";

/// A store with a lock, a run that stopped, and a baseline.
fn used() -> (Arc<MemoryStore>, TargetState) {
    let store = Arc::new(MemoryStore::new());
    let (state, plan) = (state(&store), some_plan());
    let all = events(&plan);
    wait(async {
        let seen = state.lock().await.expect("a lock");
        state.take(&seen, holder("r1")).await.expect("the store").expect("free");
        let mut journal =
            state.begin(&meta("r1", 1), &plan, &snapshot(), now()).await.expect("begun");
        for pair in all[..6].chunks(2) {
            journal.append_all(pair).await.expect("its own");
        }
        let settled = trunkline_center::state::settle(None, &plan);
        state.save_applied(&settled).await.expect("saved");
    });
    (store, state)
}

/// Spoils an object, sees what is said about it, and that everything else is as it was.
#[track_caller]
fn refused<T: std::fmt::Debug>(
    key: &str,
    bytes: Option<&[u8]>,
    code: &str,
    read: impl AsyncFn(&TargetState) -> Result<T, Report>,
) {
    let (store, state) = used();
    store.spoil(key, bytes);
    let before = store.objects();
    let report = wait(read(&state)).expect_err("it is spoilt");
    assert_eq!(report.0[0].code, code, "{report:?}");
    assert!(report.0[0].help.is_some());
    let named = key.rsplit('/').next().expect("a name");
    let told = format!("{} {:?}", report.0[0].message, report.0[0].notes);
    assert!(told.contains(named) || code == "TL0522", "{told}");
    assert_eq!(store.objects(), before, "nothing is overwritten");
}

#[test]
fn every_object_that_is_cut_off_is_named() {
    let lock = async |s: &TargetState| s.lock().await;
    let baseline = async |s: &TargetState| s.baseline().await;
    let run = async |s: &TargetState| s.run("r1").await;
    let runs = async |s: &TargetState| s.runs().await;
    let half = Some(&b"{\"version\": 1, \"hal"[..]);
    refused("test-us-west-2/lock.json", half, "TL0521", lock);
    refused("test-us-west-2/applied.json", half, "TL0521", baseline);
    refused("test-us-west-2/ledger.json", half, "TL0521", baseline);
    refused(&format!("{RUN}/run.json"), half, "TL0521", runs);
    refused(&format!("{RUN}/plan.json"), half, "TL0521", baseline);
    refused(&format!("{RUN}/plan.json"), None, "TL0521", run);
    refused(&format!("{RUN}/before.json"), half, "TL0521", run);
    refused(&format!("{RUN}/journal/000002.jsonl"), half, "TL0521", baseline);
    refused(&format!("{RUN}/journal/000002.jsonl"), None, "TL0521", baseline);
    let blob = "blobs/sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    refused(blob, Some(b"abd"), "TL0521", run);
    refused(blob, None, "TL0521", run);
}

#[test]
fn objects_of_another_version_are_not_guessed_at() {
    let lock = async |s: &TargetState| s.lock().await;
    let baseline = async |s: &TargetState| s.baseline().await;
    let later = Some(&br#"{"version": 2, "surprise": true}"#[..]);
    refused("test-us-west-2/lock.json", later, "TL0522", lock);
    refused("test-us-west-2/applied.json", later, "TL0522", baseline);
    refused(&format!("{RUN}/run.json"), later, "TL0522", baseline);
}

#[test]
fn a_link_that_was_changed_breaks_the_chain() {
    let (store, _) = used();
    let key = format!("{RUN}/journal/000002.jsonl");
    let text = String::from_utf8(store.objects()[&key].clone()).expect("text");
    let changed = text.replace("CreateQueue", "CreateQueuf");
    assert_ne!(text, changed);
    refused(&key, Some(changed.as_bytes()), "TL0521", async |s: &TargetState| {
        s.events("r1").await.map_err(|mut report| {
            // The link that does not follow is the one after it.
            report.0[0].message = report.0[0].message.replace("000003", "000002");
            report
        })
    });
}

#[test]
fn no_run_of_that_id_and_no_way_out_of_the_store() {
    let (_, state) = used();
    for run in ["r2", "../r1", "", "r1/../r1"] {
        let report = wait(state.run(run)).expect_err("there is none");
        assert_eq!(report.0[0].code, "TL0523", "{run}");
    }
}

#[test]
fn a_disk_that_is_full_stops_the_journal_and_loses_nothing_before() {
    for mishap in [Mishap::Full, Mishap::Lost, Mishap::Gone] {
        let store = Arc::new(MemoryStore::new());
        let (state, plan) = (state(&store), some_plan());
        let all = events(&plan);
        wait(async {
            let mut journal =
                state.begin(&meta("r1", 1), &plan, &snapshot(), now()).await.expect("begun");
            journal.append_all(&all[..3]).await.expect("room");
            store.fail(1, mishap);
            let error = journal.append_all(&all[3..5]).await.expect_err("no room");
            assert!(matches!(error, JournalError::Failed(_)), "{error:?}");
            store.heal();
            let there = state.run("r1").await.expect("the run").plain_events();
            let known = if mishap == Mishap::Lost { 5 } else { 3 };
            assert_eq!(there, all[..known], "{mishap:?}");
            let (mut journal, before) = state.go_on("r1", 2, "jane", now()).await.expect("on");
            journal.append_all(&all[before.len()..]).await.expect("room");
            state.end("r1", RunResult::Complete, "t").await.expect("ended");
            let applied = state.applied().await.expect("a read").expect("remembered");
            assert!(applied.get("queue", "Sales").is_some());
        });
    }
}
