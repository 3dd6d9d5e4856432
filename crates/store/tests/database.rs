//! The database itself: who may open it, what is told of one that cannot be used, and what a killed writer leaves.

use jiff::Timestamp;
use std::path::{Path, PathBuf};
use trunkline_store::{Access, Changes, Delivery, Error, Head, Pending, Release, Running, Store};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("trunkline.db");
    (folder, path)
}

fn open(path: &Path) -> Store {
    Store::open(path, Access::Write).expect("it opens")
}

/// Opens for both, and says what that fails with.
fn refusals(path: &Path) -> Vec<String> {
    [Access::Write, Access::Read]
        .into_iter()
        .filter_map(|access| Store::open(path, access).err())
        .map(|error| error.diagnostic(path).code)
        .collect()
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let (_folder, path) = folder();
    drop(open(&path));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 999).unwrap();
    assert_eq!(refusals(&path), ["TL0880", "TL0880"]);
    let version: i64 = raw.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 999);
}

#[test]
fn a_file_that_is_no_database_is_told_and_kept() {
    let (_folder, path) = folder();
    let text = "not a database, but something of somebody's\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    assert_eq!(refusals(&path), ["TL0881", "TL0881"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_folder_that_is_not_there_and_a_database_that_is_only_read_are_told() {
    let (folder, path) = folder();
    assert!(matches!(Store::open(&path, Access::Read), Err(Error::Absent)));
    assert!(!path.exists(), "reading makes nothing");
    assert_eq!(refusals(&folder.path().join("no/such/trunkline.db"))[0], "TL0884");
    drop(open(&path));
    let reading = Store::open(&path, Access::Read).unwrap();
    let refused = reading.forget_deliveries(at(1)).unwrap_err();
    assert_eq!(refused.diagnostic(&path).code, "TL0884");
}

#[test]
fn a_full_disk_fails_the_write_and_loses_nothing() {
    let (_folder, path) = folder();
    let store = open(&path);
    store.deliver("github", "before", "aa", at(1)).unwrap();
    drop(store);
    // A limit on pages is what a full disk looks like to SQLite.
    let raw = rusqlite::Connection::open(&path).unwrap();
    let pages: i64 = raw.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    raw.pragma_update(None, "max_page_count", pages).unwrap();
    let error = (0..10_000)
        .find_map(|i| {
            let body = "x".repeat(500);
            raw.execute("INSERT INTO deliveries VALUES ('p', ?1, ?2, 0)", (i.to_string(), body))
                .err()
        })
        .expect("it becomes full");
    assert_eq!(Error::from(error).diagnostic(&path).code, "TL0882");
    drop(raw);
    assert_eq!(
        open(&path).deliver("github", "before", "aa", at(2)).unwrap(),
        Delivery::Repeated(at(1))
    );
}

#[test]
fn a_delivery_is_new_once_and_after_it_was_forgotten_and_one_told_again_under_another_id_is_known()
{
    let (_folder, path) = folder();
    let store = open(&path);
    assert_eq!(store.deliver("github", "d-1", "aa", at(10)).unwrap(), Delivery::New);
    assert_eq!(store.deliver("gitlab", "d-1", "aa", at(11)).unwrap(), Delivery::New);
    assert_eq!(store.deliver("github", "d-1", "aa", at(20)).unwrap(), Delivery::Repeated(at(10)));
    assert_eq!(store.deliver("github", "d-1", "bb", at(20)).unwrap(), Delivery::Forged(at(10)));
    assert_eq!(store.forget_deliveries(at(11)).unwrap(), 1);
    assert_eq!(store.deliver("github", "d-1", "bb", at(30)).unwrap(), Delivery::New);
    assert_eq!(store.delivery("github", "d-2", "bb").unwrap(), Delivery::Replayed(at(30)));
    assert_eq!(store.delivery("gitlab", "d-2", "bb").unwrap(), Delivery::New);
    assert_eq!(store.deliver("github", "d-2", "bb", at(31)).unwrap(), Delivery::Replayed(at(30)));
    assert_eq!(store.delivery("github", "d-2", "bb").unwrap(), Delivery::Repeated(at(31)));
}

#[test]
fn what_a_look_changes_is_recorded_as_one_and_what_is_pending_waits() {
    let (_folder, path) = folder();
    let store = open(&path);
    let head = |pipeline: &str, reference: &str, revision: &str| Head {
        pipeline: pipeline.to_owned(),
        repository: "web".to_owned(),
        reference: reference.to_owned(),
        revision: revision.to_owned(),
        at: at(1),
    };
    let pending = |key: &str, at| Pending {
        kind: "start".to_owned(),
        key: key.to_owned(),
        body: "{}".to_owned(),
        at,
    };
    let other = Head { repository: "api".to_owned(), ..head("*", "main", "1") };
    let heads = vec![head("*", "main", "1"), head("a", "main", "1"), head("*", "dev", "1"), other];
    let later = vec![pending("b", at(2)), pending("a", at(3))];
    let changes = Changes { heads, pending: later, ..Changes::default() };
    store.record(&changes).unwrap();
    assert_eq!(store.heads_of("web").unwrap().len(), 3);
    assert_eq!(store.pending("start").unwrap(), [pending("b", at(2)), pending("a", at(3))]);
    let delivered = store.deliver_pending("github", "d", "aa", &pending("c", at(4))).unwrap();
    assert_eq!(delivered, Delivery::New);
    let again = store.deliver_pending("github", "e", "aa", &pending("d", at(4))).unwrap();
    assert_eq!(again, Delivery::Replayed(at(4)), "it asks for nothing new");
    let changes = Changes {
        heads: vec![head("*", "dev", "2")],
        gone: vec![("web".to_owned(), "main".to_owned())],
        done: vec![("start".to_owned(), "b".to_owned())],
        ..Changes::default()
    };
    store.record_soon(&changes).unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(store.heads_of("web").unwrap(), [head("*", "dev", "2")], "all that was gone");
    assert_eq!(store.heads_of("api").unwrap().len(), 1);
    assert_eq!(store.pending("start").unwrap(), [pending("a", at(3)), pending("c", at(4))]);
}

#[test]
fn a_head_says_whether_it_moved() {
    let (_folder, path) = folder();
    let store = open(&path);
    let head = |revision: &str, second| Head {
        pipeline: "main".to_owned(),
        repository: "acme".to_owned(),
        reference: "refs/heads/main".to_owned(),
        revision: revision.to_owned(),
        at: at(second),
    };
    assert!(store.set_head(&head("a1", 1)).unwrap());
    assert!(!store.set_head(&head("a1", 2)).unwrap(), "the same revision starts once");
    assert!(store.set_head(&head("b2", 3)).unwrap());
    assert!(store.set_head(&head("a1", 4)).unwrap(), "a branch may go back");
    assert_eq!(store.head("main", "acme", "refs/heads/main").unwrap(), Some(head("a1", 4)));
    assert_eq!(store.head("main", "acme", "refs/heads/other").unwrap(), None);
    assert_eq!(store.heads().unwrap(), [head("a1", 4)]);
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let (_folder, path) = folder();
    let running = Running { run: "a-1-2".to_owned(), at: at(6) };
    let release = Release {
        environment: "prod".to_owned(),
        release: "cd".repeat(32),
        revision: None,
        at: at(7),
        execution: Some("e-1".to_owned()),
        body: serde_json::json!({ "regions": ["us-west-2"], "text": "it's \"quoted\" 🦀" }),
    };
    let store = open(&path);
    store.process_started(&running).unwrap();
    store.released(&release).unwrap();
    // The same execution tells it again after a crash.
    store.released(&Release { at: at(8), ..release.clone() }).unwrap();
    drop(store);
    let store = Store::open(&path, Access::Read).unwrap();
    assert_eq!(store.processes().unwrap(), std::slice::from_ref(&running));
    assert_eq!(store.releases(Some("prod"), 9).unwrap(), std::slice::from_ref(&release));
    assert_eq!(store.releases(Some("uat"), 9).unwrap(), []);
    assert_eq!(store.releases(None, 9).unwrap(), [release]);
    drop(store);
    let store = open(&path);
    store.process_ended("a-1-2").unwrap();
    assert_eq!(store.processes().unwrap(), []);
}
