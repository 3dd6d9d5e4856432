//! Webhooks: who is believed, and that the server's own mirror, not the payload, says what a push changed.

use crate::server::{Server, connected_source};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Two components of one repository, each with a pipeline of its own.
struct Monorepo {
    server: Server,
    deliveries: u32,
}

impl Monorepo {
    /// Serves two pipelines that follow `web/` and `api/` of a repository elsewhere, whose webhooks come from GitLab.
    fn new() -> Self {
        Self::of("gitlab")
    }

    fn of(provider: &str) -> Self {
        let mut server = Server::new();
        server.work();
        server.commit("README.md", "read me\n");
        let origin = server.origin("acme/site");
        server.must("work", &["push", "--quiet", &origin, "main"]);
        for part in ["web", "api"] {
            let triggers = format!(
                "  triggers:\n  - providerType: CodeStarSourceConnection\n    gitConfiguration:\n      sourceActionName: \
                 Git\n      push:\n      - branches: {{ includes: [\"**\"] }}\n        filePaths: {{ includes: \
                 [\"{part}/**\"] }}\n"
            );
            server.pipeline(part, &connected_source("acme/site"), &triggers, "true");
        }
        let settings = format!(
            "webhooks:\n  acme/site:\n    provider: {provider}\n    secrets: [{{ env: WEB_SECRET }}, {{ env: \
             WEB_SECRET_2 }}]\n"
        );
        server.home.write("data/server.yaml", settings);
        server.start();
        // The first look takes what is there for known.
        server.has_looked_at("acme/site");
        Self { server, deliveries: 0 }
    }

    fn commit_of(&self, name: &str) -> String {
        self.server.must("work", &["rev-parse", name])
    }

    /// Pushes a branch to the repository elsewhere.
    fn push(&self, arguments: &[&str]) {
        let origin = format!("file://{}", self.server.home.join("origin.git").display());
        self.server.must("work", &[&["push", "--quiet", &origin], arguments].concat());
    }

    /// Delivers a payload of GitLab; returns the pipelines that it started.
    fn deliver(&mut self, payload: &Value) -> Vec<String> {
        self.deliveries += 1;
        let id = format!("delivery-{}", self.deliveries);
        let (status, answer) = self.gitlab(payload, &id, "first");
        assert_eq!(status, 200, "{answer}");
        started(&answer)
    }

    fn gitlab(&self, payload: &Value, id: &str, secret: &str) -> (u16, Value) {
        let headers = [("X-Gitlab-Token", secret), ("X-Gitlab-Event-UUID", id)];
        let body = payload.to_string();
        self.server.http("POST /webhooks/gitlab/acme/site", &headers, body.as_bytes())
    }
}

/// The pipelines that a delivery started.
pub(crate) fn started(answer: &Value) -> Vec<String> {
    let all = answer["started"].as_array().into_iter().flatten();
    all.map(|one| one["pipeline"].as_str().unwrap_or_default().to_owned()).collect()
}

/// GitLab's payload of a push. The list of commits tells of `files` only.
fn push(reference: &str, before: Option<&str>, after: Option<&str>, files: &[&str]) -> Value {
    let zero = "0".repeat(40);
    let commits: Vec<_> =
        files.iter().map(|file| json!({ "id": "x", "modified": [file] })).collect();
    json!({
        "object_kind": "push", "ref": reference, "before": before.unwrap_or(&zero),
        "after": after.unwrap_or(&zero), "commits": commits, "total_commits_count": files.len() + 1,
    })
}

#[test]
fn vector_19_a_gitlab_push_of_21_commits_starts_what_its_unlisted_commit_changed() {
    let mut repo = Monorepo::new();
    let before = repo.commit_of("main");
    repo.server.commit("web/page.txt", "one\n");
    for number in 0..20 {
        repo.server.commit("notes.txt", &format!("{number}\n"));
    }
    repo.push(&["main"]);
    let payload =
        push("refs/heads/main", Some(&before), Some(&repo.commit_of("main")), &["notes.txt"; 20]);
    assert_eq!(repo.deliver(&payload), ["web"]);
}

#[test]
fn vector_19_new_forced_and_deleted_branches_count_by_what_the_mirror_knows() {
    let mut repo = Monorepo::new();
    let base = repo.commit_of("main");
    repo.server.must("work", &["checkout", "--quiet", "-b", "topic"]);
    let one = repo.server.commit("api/a.txt", "one\n");
    repo.push(&["topic"]);
    // A new branch: what it has that the default branch lacks.
    assert_eq!(
        repo.deliver(&push("refs/heads/topic", None, Some(&one), &["web/lie.txt"])),
        ["api"]
    );
    // A forced push: what differs from before, whatever the payload lists.
    repo.server.must("work", &["reset", "--quiet", "--hard", &base]);
    let two = repo.server.commit("web/b.txt", "two\n");
    repo.push(&["--force", "topic"]);
    let forced = push("refs/heads/topic", Some(&one), Some(&two), &[]);
    assert_eq!(repo.deliver(&forced), ["api", "web"]);
    assert!(repo.deliver(&forced).is_empty(), "told twice under another id, it starts once");
    repo.push(&[":topic"]);
    let deleted = push("refs/heads/topic", Some(&two), None, &["web/b.txt"]);
    assert!(repo.deliver(&deleted).is_empty());
    repo.push(&["topic"]);
    let again = push("refs/heads/topic", None, Some(&two), &[]);
    assert_eq!(repo.deliver(&again), ["web"], "made again, it is new, at the same commit too");
}

#[test]
fn vector_19_a_replayed_delivery_starts_nothing_and_a_forged_one_is_refused() {
    let repo = Monorepo::new();
    let before = repo.commit_of("main");
    let after = repo.server.commit("web/page.txt", "one\n");
    repo.push(&["main"]);
    let payload = push("refs/heads/main", Some(&before), Some(&after), &[]);
    let (status, answer) = repo.gitlab(&payload, "one", "second");
    assert_eq!(
        (status, started(&answer)),
        (200, vec!["web".to_owned()]),
        "the second secret counts too"
    );
    let (status, answer) = repo.gitlab(&payload, "one", "first");
    assert_eq!((status, answer["result"].as_str()), (200, Some("already")));
    let other = push("refs/heads/main", Some(&after), Some(&before), &[]);
    assert_eq!(repo.gitlab(&other, "one", "first").0, 409);
    assert_eq!(repo.server.executions("web").len(), 1);
}

#[test]
fn vector_19_a_bitbucket_push_of_6_commits_starts_what_its_unlisted_commit_changed() {
    let repo = Monorepo::of("bitbucket");
    let before = repo.commit_of("main");
    repo.server.commit("web/page.txt", "one\n");
    for number in 0..5 {
        repo.server.commit("notes.txt", &format!("{number}\n"));
    }
    repo.push(&["main"]);
    let side =
        |commit: &str| json!({ "type": "branch", "name": "main", "target": { "hash": commit } });
    let commits: Vec<_> = (0..5).map(|n| json!({ "hash": format!("{n}") })).collect();
    let payload = json!({ "push": { "changes": [{
        "old": side(&before), "new": side(&repo.commit_of("main")), "forced": false, "truncated": true,
        "commits": commits,
    }] } });
    let (status, answer) = repo.bitbucket(&payload, "first", "six");
    assert_eq!((status, started(&answer)), (200, vec!["web".to_owned()]), "{answer}");
}

impl Monorepo {
    fn bitbucket(&self, payload: &Value, secret: &str, id: &str) -> (u16, Value) {
        let body = payload.to_string();
        let signature = signature(secret, body.as_bytes());
        let headers = [
            ("X-Hub-Signature", signature.as_str()),
            ("X-Request-UUID", id),
            ("X-Event-Key", "repo:push"),
        ];
        self.server.http("POST /webhooks/bitbucket/acme/site", &headers, body.as_bytes())
    }
}

#[test]
fn webhooks_that_nobody_signed_or_that_are_too_large_are_refused() {
    let repo = Monorepo::new();
    let send = |path: &str, headers: &[(&str, &str)]| {
        repo.server.http(&format!("POST /webhooks/{path}"), headers, b"{}").0
    };
    assert_eq!(send("gitlab/acme/site", &[]), 401);
    assert_eq!(send("gitlab/acme/site", &[("X-Gitlab-Token", "wrong")]), 401);
    assert_eq!(send("github/acme/site", &[("X-Gitlab-Token", "first")]), 404);
    assert_eq!(send("gitlab/other", &[("X-Gitlab-Token", "first")]), 404);
    assert_eq!(send("sourcehut/acme/site", &[]), 404);
    // Refused by what it says of itself, before any of it is read.
    let large = [("X-Gitlab-Token", "first"), ("Content-Length", "26214401")];
    assert_eq!(repo.server.http("POST /webhooks/gitlab/acme/site", &large, b"").0, 413);
    let token = [("X-Gitlab-Token", "first")];
    let (status, _) = repo.server.http("POST /webhooks/gitlab/acme/site", &token, b"{no JSON");
    assert_eq!(status, 400);
    assert!(repo.server.executions("web").is_empty());
}

/// HMAC-SHA256, as the standard describes it.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let pad = |with: u8| key.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], body].concat());
    let outer = Sha256::digest([&pad(0x5c)[..], &inner[..]].concat());
    let digits: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}
