//! Real payloads of providers: none makes the reader stumble, and pushes give the reference and commits that the
//! payload itself has. The files are other people's and lie beside the repository, or where `TRUNKLINE_CORPUS` points.

use axum::http::HeaderMap;
use serde_json::Value;
use std::path::{Path, PathBuf};
use trunkline_web::events::Event;
use trunkline_web::{Provider, parse};

fn payloads() -> Vec<(String, Value)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUNKLINE_CORPUS").map_or_else(beside, PathBuf::from);
    let Ok(entries) = std::fs::read_dir(folder.join("webhooks")) else {
        eprintln!("skipped: no corpus of real files ({})", folder.display());
        return Vec::new();
    };
    let read = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, serde_json::from_str(&std::fs::read_to_string(&path).ok()?).ok()?))
    };
    entries.flatten().filter_map(|entry| read(entry.path())).collect()
}

fn headers(name: &str, value: &str) -> HeaderMap {
    let name: axum::http::HeaderName = name.parse().expect("a name");
    HeaderMap::from_iter([(name, value.parse().expect("a value"))])
}

#[test]
fn no_real_payload_makes_a_reader_stumble_whoever_it_claims_to_be_from() {
    let events = [
        "push",
        "pull_request",
        "repo:push",
        "repo:refs_changed",
        "pr:opened",
        "pullrequest:created",
        "",
    ];
    for (_, payload) in payloads() {
        for (_, provider) in Provider::ALL {
            for event in events {
                for header in ["x-github-event", "x-event-key"] {
                    // What comes back is checked below; here it counts that something does.
                    let _ = parse(*provider, &headers(header, event), &payload);
                }
            }
        }
    }
}

#[test]
fn real_pushes_give_their_reference_and_commits() {
    let mut seen = 0;
    for (name, payload) in payloads() {
        let text =
            |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (event, reference, after) = if name.starts_with("octokit") && name.contains("__push__")
        {
            let event = parse(Provider::GitHub, &headers("x-github-event", "push"), &payload);
            (event, text("/ref").to_owned(), text("/after"))
        } else if name.contains("gitlab__tag-event") || name.contains("gitlab__push") {
            let event = parse(Provider::GitLab, &HeaderMap::new(), &payload);
            (event, text("/ref").to_owned(), text("/after"))
        } else if name.contains("bitbucket__repo-push") {
            let event = parse(Provider::Bitbucket, &headers("x-event-key", "repo:push"), &payload);
            let branch = text("/push/changes/0/new/name");
            (event, format!("refs/heads/{branch}"), text("/push/changes/0/new/target/hash"))
        } else {
            continue;
        };
        let Event::Push(moved) = &event else { panic!("{name}: {event:?}") };
        assert_eq!(moved[0].reference, reference, "{name}");
        let gone = after.bytes().all(|b| b == b'0');
        assert_eq!(moved[0].after.as_deref(), Some(after).filter(|_| !gone), "{name}");
        seen += 1;
    }
    assert!(seen > 0 || payloads().is_empty(), "the corpus has pushes");
}
