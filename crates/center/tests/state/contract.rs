//! What every store promises, held against those of this crate and its tests.

use crate::samples::wait;
use serde_json::json;
use std::sync::Arc;
use trunkline_center::state::{Condition, S3Store, Store, StoreError};
use trunkline_lab::{Lab, Options};
use trunkline_testkit::{Blow, MemoryCloud, MemoryStore};

async fn put(
    store: &dyn Store,
    key: &str,
    text: &str,
    on: Condition,
) -> Result<String, StoreError> {
    store.put(key, text.as_bytes().to_vec(), on).await
}

async fn text(store: &dyn Store, key: &str) -> Option<String> {
    let found = store.get(key).await.expect("a read");
    found.map(|f| String::from_utf8(f.bytes).expect("text"))
}

/// Goes through everything that a store promises.
fn keeps_its_promises(store: &dyn Store) {
    wait(async {
        assert_eq!(store.get("a/lock.json").await, Ok(None));
        assert_eq!(store.list("a/").await, Ok(vec![]));
        let first = put(store, "a/lock.json", "1", Condition::Absent).await.expect("it is new");
        let taken = put(store, "a/lock.json", "2", Condition::Absent).await;
        assert_eq!(taken, Err(StoreError::Changed("a/lock.json".to_owned())));
        assert_eq!(text(store, "a/lock.json").await.as_deref(), Some("1"));
        let read = store.get("a/lock.json").await.expect("a read").expect("an object");
        assert_eq!(read.version, first);
        let second = put(store, "a/lock.json", "2", Condition::Is(first.clone())).await;
        let second = second.expect("nobody wrote since");
        assert_ne!(first, second);
        let late = put(store, "a/lock.json", "3", Condition::Is(first)).await;
        assert_eq!(late, Err(StoreError::Changed("a/lock.json".to_owned())));
        let nowhere = put(store, "a/none", "3", Condition::Is(second)).await;
        assert_eq!(nowhere, Err(StoreError::Changed("a/none".to_owned())));
        put(store, "a/lock.json", "4", Condition::Always).await.expect("the last one wins");
        put(store, "a/runs/1/x", "", Condition::Absent).await.expect("an empty one");
        put(store, "ab/x", "", Condition::Always).await.expect("another target");
        assert_eq!(store.list("a/").await, Ok(vec!["a/lock.json".into(), "a/runs/1/x".into()]));
        assert_eq!(store.list("a/runs/").await, Ok(vec!["a/runs/1/x".into()]));
        store.delete("a/runs/1/x").await.expect("a delete");
        store.delete("a/runs/1/x").await.expect("another one");
        assert_eq!(store.get("a/runs/1/x").await, Ok(None));
        assert_eq!(text(store, "a/lock.json").await.as_deref(), Some("4"));
    });
}

fn bucket() -> Arc<MemoryCloud> {
    let lab = Lab::open(Options { throttle: false, ..Options::default() }).expect("a lab");
    let cloud = MemoryCloud::new(&lab, "111122223333", "us-west-2");
    cloud.must("s3", "CreateBucket", json!({ "Bucket": "acme-state" }));
    Arc::new(cloud)
}

#[test]
fn the_memory_keeps_the_promises_of_a_store() {
    keeps_its_promises(&MemoryStore::new());
}

#[test]
fn a_bucket_keeps_the_promises_of_a_store() {
    keeps_its_promises(&S3Store::new(bucket(), "acme-state", ""));
    let cloud = bucket();
    keeps_its_promises(&S3Store::new(cloud.clone(), "acme-state", "team/acme"));
    let keys = cloud.must("s3", "ListObjectsV2", json!({ "Bucket": "acme-state" }));
    assert_eq!(keys["Contents"][0]["Key"], "team/acme/a/lock.json");
}

#[test]
fn a_list_of_a_bucket_goes_through_all_its_pages() {
    let cloud = bucket();
    for number in 0..1100 {
        let key = format!("a/journal/{number:06}.jsonl");
        cloud.must("s3", "PutObject", json!({ "Bucket": "acme-state", "Key": key }));
    }
    let keys = wait(S3Store::new(cloud, "acme-state", "").list("a/journal/")).expect("a list");
    assert_eq!(keys.len(), 1100);
    assert!(keys.is_sorted());
}

#[test]
fn a_conditional_write_whose_answer_was_lost_is_known_by_its_bytes() {
    for blow in [Blow::LostAfter, Blow::LostBefore] {
        let cloud = bucket();
        let store = S3Store::new(cloud.clone(), "acme-state", "");
        wait(async {
            cloud.fail(1, blow.clone());
            let version = put(&store, "a/lock.json", "ours", Condition::Absent).await;
            let version = version.unwrap_or_else(|e| panic!("{blow:?}: {e}"));
            cloud.fail(1, blow.clone());
            let next =
                put(&store, "a/lock.json", "ours again", Condition::Is(version.clone())).await;
            next.unwrap_or_else(|e| panic!("{blow:?}: {e}"));
            cloud.fail(1, blow.clone());
            let late = put(&store, "a/lock.json", "late", Condition::Is(version)).await;
            assert_eq!(late, Err(StoreError::Changed("a/lock.json".to_owned())), "{blow:?}");
        });
    }
}

#[test]
fn a_bucket_that_is_not_there_fails_with_what_the_service_says() {
    let store = S3Store::new(bucket(), "no-such-bucket", "");
    let error = wait(store.get("a/lock.json")).expect_err("no bucket");
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}
