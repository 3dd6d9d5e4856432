//! A folder as a store: what it promises, and that of many who write at once each number is somebody's.

use super::*;
use std::sync::{Arc, Barrier};

fn store() -> (tempfile::TempDir, FolderStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("state");
    (folder, FolderStore::new(root))
}

fn put(store: &FolderStore, key: &str, text: &str, on: Condition) -> Option<String> {
    store.write(key, text.as_bytes(), &on).expect("a folder")
}

fn text(store: &FolderStore, key: &str) -> Option<String> {
    let held = store.read(key).expect("a folder")?;
    Some(String::from_utf8(held.stored.bytes).expect("text"))
}

#[test]
fn what_is_read_is_what_was_written_last_and_reading_makes_nothing() {
    let (folder, store) = store();
    assert_eq!(text(&store, "a/lock.json"), None);
    assert_eq!(store.keys("a/").expect("a folder"), Vec::<String>::new());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    let first = put(&store, "a/lock.json", "1", Condition::Absent).expect("it is new");
    assert_eq!(put(&store, "a/lock.json", "2", Condition::Absent), None);
    let second = put(&store, "a/lock.json", "2", Condition::Is(first.clone()));
    assert_eq!(put(&store, "a/lock.json", "3", Condition::Is(first)), None);
    assert_eq!(put(&store, "a/lock.json", "3", Condition::Absent), None);
    assert_eq!(text(&store, "a/lock.json").as_deref(), Some("2"));
    put(&store, "a/lock.json", "1", Condition::Always).expect("the last one wins");
    let stale = second.expect("nobody wrote since");
    assert_eq!(put(&store, "a/lock.json", "4", Condition::Is(stale)), None);
    assert_eq!(text(&store, "a/lock.json").as_deref(), Some("1"));
    put(&store, "a/runs/1/x", "", Condition::Absent).expect("an empty one");
    put(&store, "ab/x", "", Condition::Always).expect("another target");
    assert_eq!(store.keys("a/").expect("a folder"), ["a/lock.json", "a/runs/1/x"]);
    assert_eq!(store.keys("a/runs/").expect("a folder"), ["a/runs/1/x"]);
    store.remove("a/lock.json").expect("a folder");
    store.remove("a/lock.json").expect("a folder");
    assert_eq!(text(&store, "a/lock.json"), None);
    put(&store, "a/lock.json", "5", Condition::Absent).expect("it is new again");
}

#[test]
fn a_number_that_was_cleared_away_cannot_be_taken_again() {
    let (_folder, store) = store();
    let first = put(&store, "lock.json", "1", Condition::Absent).expect("it is new");
    let second = put(&store, "lock.json", "2", Condition::Is(first)).expect("a successor");
    put(&store, "lock.json", "3", Condition::Is(second)).expect("another one");
    // Who read the first version long ago writes its successor only now.
    assert!(!store.place("lock.json", 1, b"late").expect("a folder"));
    assert!(!store.place("lock.json", 0, b"late").expect("a folder"));
    assert_eq!(text(&store, "lock.json").as_deref(), Some("3"));
    assert_eq!(store.numbers("lock.json").expect("a folder"), [2]);
}

#[test]
fn of_many_who_write_at_once_one_succeeds_each_time() {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let (_folder, store) = store();
    let (store, barrier) = (Arc::new(store), Arc::new(Barrier::new(WRITERS)));
    put(&store, "count", "0", Condition::Absent).expect("it is new");
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (store, barrier) = (store.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                let mut done = 0;
                while done < EACH {
                    let held = store.read("count").expect("a folder").expect("a count");
                    let count: usize = String::from_utf8(held.stored.bytes)
                        .expect("text")
                        .parse()
                        .expect("a number");
                    let on = Condition::Is(held.stored.version);
                    if put(&store, "count", &(count + 1).to_string(), on).is_some() {
                        done += 1;
                    }
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|w| w.join().expect("it ends"));
    let count: usize = text(&store, "count").expect("a count").parse().expect("a number");
    // Who was overtaken at once may take his write for one that failed, and counts again.
    assert!(count >= WRITERS * EACH, "{count}: a write was lost");
}

#[test]
fn a_folder_that_is_a_file_is_a_failure_to_write_and_nothing_to_read() {
    let (folder, store) = store();
    fs::write(folder.path().join("state"), "a file").expect("a folder");
    assert_eq!(text(&store, "a/lock.json"), None);
    assert!(store.write("a/lock.json", b"1", &Condition::Absent).is_err());
}

#[test]
fn folders_in_which_nothing_is_left_go_with_their_last_file() {
    let (_folder, store) = store();
    for key in ["a/runs/1/journal/1", "a/runs/1/ended.json", "a/lock.json"] {
        put(&store, key, "x", Condition::Absent).expect("it is new");
    }
    store.remove("a/runs/1/journal/1").expect("a folder");
    assert!(!store.root.join("a/runs/1/journal").exists());
    store.remove("a/runs/1/ended.json").expect("a folder");
    assert!(!store.root.join("a/runs").exists() && store.root.join("a/lock.json").is_file());
    store.remove("a/lock.json").expect("a folder");
    assert!(store.root.is_dir());
}
