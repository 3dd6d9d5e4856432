//! The demo as a visitor starts it: no home, no terminal, no account.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest that a headless demo may take, for machines that are busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the demo with nothing of the environment but where programs are.
fn demo(folder: &Path, path: &str, arguments: &[&str]) -> (Output, Duration) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.arg("demo").args(arguments).current_dir(folder).env_clear();
    command.env("PATH", path).env("TMPDIR", folder).stdin(Stdio::null());
    let start = Instant::now();
    (command.output().expect("the program runs"), start.elapsed())
}

fn search_path() -> String {
    std::env::var("PATH").expect("programs are somewhere")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The access keys that signed the calls of a service in a record.
fn keys(record: &str, service: &str) -> Vec<String> {
    let exchanges = record.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
    exchanges
        .filter(|e| e["service"] == service)
        .filter_map(|e| {
            let signed = e["request"]["headers"]["authorization"].as_str()?.to_owned();
            let (_, credential) = signed.split_once("Credential=")?;
            Some(credential.split('/').next()?.to_owned())
        })
        .collect()
}

#[test]
fn the_demo_plays_to_its_end_with_the_credentials_of_roles_only() {
    let folder = TempDir::new().expect("a folder");
    let (ran, took) = demo(folder.path(), &search_path(), &["--headless", "--record", "record"]);
    let (out, err) = (text(&ran.stdout), text(&ran.stderr));
    assert_eq!(ran.status.code(), Some(0), "{out}\n{err}");
    assert!(took < LIMIT, "{took:?}");
    assert_eq!(err, "");

    let chapters = out.lines().filter(|l| l.ends_with(" emulated AWS")).count();
    assert_eq!(chapters, 7, "{out}");
    for wanted in [
        "This is emulated AWS",
        "$ trunkline export --env build",
        "$ trunkline apply --env staging --yes",
        "      ~ Menu (Get customer input)",
        "          + key 3   -> Set moving queue",
    ] {
        assert!(out.lines().any(|l| l.starts_with(wanted)), "{wanted}\n{out}");
    }
    assert_eq!(
        out.matches("No changes: the instance is as the documents say.").count(),
        3,
        "{out}"
    );
    let widest = out.lines().map(|l| l.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}\n{out}");

    let record = std::fs::read_to_string(folder.path().join("record")).expect("a record");
    let connect = keys(&record, "connect");
    assert!(connect.len() > 100, "{}", connect.len());
    assert!(connect.iter().all(|key| key.starts_with("ASIA")), "{connect:?}");
    assert!(keys(&record, "sts").iter().all(|key| key == "222233334444"));
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().collect();
    assert_eq!(left.len(), 1, "only the record is left: {left:?}");
}

#[test]
fn without_git_the_demo_goes_on_without_commits_and_keeps_what_it_is_asked_to_keep() {
    let folder = TempDir::new().expect("a folder");
    let (ran, _) = demo(folder.path(), "/nowhere", &["--headless", "--keep", "kept"]);
    let out = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{out}\n{}", text(&ran.stderr));
    assert!(out.contains("git was not found") && !out.contains("$ git"), "{out}");
    let kept = folder.path().join("kept");
    assert!(kept.join("project/connect/flows/Main menu.json").is_file());
    assert!(kept.join("lab").is_dir() && out.contains("trunkline lab --strict-roles"), "{out}");

    let (again, _) = demo(folder.path(), "/nowhere", &["--headless", "--keep", "kept"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("--keep"), "{}", text(&again.stderr));
}
