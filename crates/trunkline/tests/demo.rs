//! The demo as a visitor starts it: no home, no terminal, no account.

use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use trunkline_lab::Options;
use trunkline_testkit::LabServer;

/// Runs the demo with nothing of the environment but where programs are.
fn demo(folder: &Path, path: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.arg("demo").args(arguments).current_dir(folder).env_clear();
    command.env("PATH", path).env("TMPDIR", folder).stdin(Stdio::null());
    command.output().expect("the program runs")
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
    let ran = demo(folder.path(), &search_path(), &["--headless", "--record", "record"]);
    let (out, err) = (text(&ran.stdout), text(&ran.stderr));
    assert_eq!(ran.status.code(), Some(0), "{out}\n{err}");
    assert_eq!(err, "");

    let chapters = out.lines().filter(|l| l.ends_with(" emulated AWS")).count();
    assert_eq!(chapters, 9, "{out}");
    for wanted in [
        "This is emulated AWS",
        "$ trunkline export --env build",
        "$ trunkline apply --env staging --yes",
        "      ~ Menu (Get customer input)",
        "          + key 3   -> Set moving queue",
        " connect/flows/Main menu.json | ",
        "error[TL0409]: `MaxContacts` was changed in the instance since the last apply",
        "  ~ queue  Outages   UpdateQueueMaxContacts by sam.supervisor, ",
        "$ trunkline rollback --env prod --yes",
        "$ trunkline serve --port 0 &",
        "$ git push --quiet server main",
        "  Deploy / Plan  succeeded  2 to create, 3 to update in prod (us-west-2, us-east-1)",
        "  Deploy / Approve  waits for a person, until ",
        "$ trunkline pipeline approve tidewater-prod --comment Seen",
        "  Deploy / us-west-2  succeeded  release ",
        "  Deploy / us-east-1  succeeded  release ",
    ] {
        assert!(out.lines().any(|l| l.starts_with(wanted)), "{wanted}\n{out}");
    }
    assert_eq!(
        out.matches("No changes: the instance is as the documents say.").count(),
        5,
        "{out}"
    );
    assert!(out.lines().any(|l| l.starts_with("release ") && l.ends_with(" is recorded for prod")));
    // What pipelines print holds ids and paths, which are as long as they are.
    let (before, after) = out.split_once("\n8. From a push to production ").expect("a chapter");
    let after = after.split_once("\n9. Done ").expect("a chapter").1;
    let lines = before.lines().chain(after.lines());
    let wide: Vec<_> = lines.filter(|l| l.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:#?}");

    let record = std::fs::read_to_string(folder.path().join("record")).expect("a record");
    if let Some(kept) = LabServer::record_file() {
        std::fs::write(kept, &record).expect("the record is kept for the wire check");
    }
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
    let ran = demo(folder.path(), "/nowhere", &["--headless", "--keep", "kept"]);
    let out = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{out}\n{}", text(&ran.stderr));
    assert!(out.contains("git was not found") && !out.contains("$ git"), "{out}");
    let kept = folder.path().join("kept");
    assert!(kept.join("project/connect/flows/Main menu.json").is_file());
    assert!(kept.join("lab").is_dir() && out.contains("trunkline lab --strict-roles"), "{out}");

    let again = demo(folder.path(), "/nowhere", &["--headless", "--keep", "kept"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("--keep"), "{}", text(&again.stderr));
}

#[test]
fn a_signal_ends_the_demo_and_leaves_nothing() {
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(["demo", "--headless"]).current_dir(folder.path()).env_clear();
    command.env("PATH", search_path()).env("TMPDIR", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut server = String::new();
    let begun = lines.by_ref().map(|l| l.expect("text")).any(|line| {
        if line.starts_with("http://") {
            server.clone_from(&line);
        }
        line.starts_with("$ trunkline pipeline watch")
    });
    assert!(begun, "the demo's server carries a pipeline out");
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    lines.for_each(drop);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let address = server.strip_prefix("http://").expect("the server told its address");
    assert!(std::net::TcpStream::connect(address).is_err(), "the server has ended, too");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Runs the doctor in the project of a demo that was kept, against a lab of its own.
fn doctor(project: &Path, url: &str, secret: &str, arguments: &[&str]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(["doctor", "--json"]).args(arguments).current_dir(project).env_clear();
    command.env("PATH", search_path()).env("HOME", project).stdin(Stdio::null());
    command.env("AWS_ENDPOINT_URL", url).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "222233334444").env("AWS_SECRET_ACCESS_KEY", secret);
    let ran = command.output().expect("the program runs");
    let out = text(&ran.stdout);
    (ran.status.code().expect("a code"), serde_json::from_str(&out).expect("JSON"))
}

/// The checks with a verdict, as `target: check`.
fn verdicts(found: &Value, verdict: &str) -> Vec<String> {
    let all = found["checks"].as_array().expect("checks").iter();
    let name = |c: &Value| {
        let target = c["target"].as_str().unwrap_or("all");
        format!("{target}: {}", c["check"].as_str().unwrap_or_default())
    };
    all.filter(|c| c["verdict"] == verdict).map(name).collect()
}

#[test]
fn the_doctor_finds_the_demo_well_and_tells_what_is_not() {
    let folder = TempDir::new().expect("a folder");
    let ran = demo(folder.path(), &search_path(), &["--headless", "--keep", "kept"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    let (project, data) = (folder.path().join("kept/project"), folder.path().join("kept/lab"));
    let options = Options { data: Some(data), strict_roles: true, ..Options::default() };
    let lab = LabServer::with(options);

    let (code, found) = doctor(&project, &lab.url(), "x", &[]);
    assert_eq!((code, &found["failed"], &found["warned"]), (0, &0.into(), &0.into()), "{found}");
    assert!(verdicts(&found, "ok").contains(&"prod / us-east-1: staging bucket".to_owned()));

    let config = std::fs::read_to_string(project.join("trunkline.yaml")).expect("a configuration");
    let config = config
        .replace("instance: tide-staging", "instance: nobody")
        .replace("trunkline-read", "nobody")
        .replace("tidewater-{environment}-{region}", "nobody");
    std::fs::write(project.join("trunkline.yaml"), config).expect("written");
    let (code, found) = doctor(&project, &lab.url(), "x", &["--env", "staging"]);
    let failed = ["role to read", "instance", "staging bucket"];
    let failed = failed.map(|check| format!("staging / us-west-2: {check}"));
    assert_eq!((code, verdicts(&found, "fail")), (1, failed.to_vec()), "{found}");
    assert!(
        found["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .all(|c| { c["verdict"] == "ok" || c["help"].is_string() })
    );

    let (code, found) = doctor(&project, &lab.url(), "wrong", &["--env", "staging"]);
    assert_eq!((code, verdicts(&found, "fail")), (1, vec!["all: credentials".to_owned()]));
}
