//! Pull requests, told by signed webhooks of GitHub.

use crate::server::{LIMIT, Server, connected_source};
use crate::webhooks::{signature, started};
use serde_json::{Value, json};
use trunkline_store::{Access, Pending, Store};
use trunkline_testkit::wait_until;

const TRIGGERS: &str = "  triggers:\n  - providerType: CodeStarSourceConnection\n    gitConfiguration:\n      \
    sourceActionName: Git\n      pullRequest:\n      - events: [OPEN, UPDATED]\n        branches: { includes: [main] }\n";

/// A repository elsewhere, with a pipeline that checks its pull requests.
struct Forge(Server);

impl Forge {
    fn new() -> Self {
        let server = Server::new();
        server.work();
        server.commit("page.txt", "one\n");
        let origin = server.origin("acme/site");
        server.must("work", &["push", "--quiet", &origin, "main"]);
        server.must("work", &["checkout", "--quiet", "-b", "topic"]);
        server.pipeline("checks", &connected_source("acme/site"), TRIGGERS, "true");
        let settings =
            "webhooks:\n  acme/site: { provider: github, secrets: [{ env: WEB_SECRET }] }\n";
        server.home.write("data/server.yaml", settings);
        Self(server)
    }

    /// Begins to serve, and waits for the look at the start: it goes on with pull requests that are pending, and is not
    /// to come before who tells of one.
    fn start(&mut self) {
        self.pend("Closed", &"0".repeat(40), "0");
        self.0.start();
        self.has_none_pending();
    }

    /// Keeps a pull request as a server does that took it.
    fn pend(&self, action: &str, commit: &str, id: &str) {
        let body = json!({ "repository": "acme/site", "provider": "github", "pull": {
            "action": action, "number": 7, "base": "main", "head": "topic", "commit": commit,
            "foreign": false } });
        let pending = Pending {
            kind: "pull".to_owned(),
            key: format!("github acme/site:{id}"),
            body: body.to_string(),
            at: jiff::Timestamp::now(),
        };
        let store = Store::open(&self.0.home.join("data/trunkline.db"), Access::Write);
        let store = store.expect("a database");
        store.deliver_pending("github", id, id, &pending).expect("it is kept");
    }

    /// Waits until none is pending.
    fn has_none_pending(&self) {
        let path = self.0.home.join("data/trunkline.db");
        wait_until("no pull request is pending", LIMIT, || {
            let pending = Store::open(&path, Access::Read).ok()?.pending("pull").ok()?;
            pending.is_empty().then_some(())
        });
    }

    /// Offers a commit as pull request 7.
    fn offer(&self, commit: &str) {
        let to = format!("{commit}:refs/pull/7/head");
        let origin = self.0.origin("acme/site");
        self.0.must("work", &["push", "--quiet", "--force", &origin, &to]);
    }

    fn deliver(&self, event: &str, body: &Value, id: &str, secret: &str) -> (u16, Value) {
        let body = body.to_string();
        let signed = signature(secret, body.as_bytes());
        let headers = [
            ("X-Hub-Signature-256", signed.as_str()),
            ("X-GitHub-Event", event),
            ("X-GitHub-Delivery", id),
        ];
        self.0.http("POST /webhooks/github/acme/site", &headers, body.as_bytes())
    }

    /// Tells of pull request 7; returns what was started.
    #[track_caller]
    fn tell(&self, action: &str, commit: &str, id: &str) -> Vec<String> {
        let (status, answer) = self.deliver("pull_request", &pull(action, commit, id), id, "first");
        assert_eq!(status, 200, "{answer}");
        started(&answer)
    }
}

/// GitHub's payload of a pull request. `when` is what no two of them have in common.
fn pull(action: &str, commit: &str, when: &str) -> Value {
    let repository = json!({ "full_name": "acme/site" });
    json!({ "action": action, "pull_request": { "number": 7, "updated_at": when,
        "head": { "ref": "topic", "sha": commit, "repo": repository },
        "base": { "ref": "main", "repo": repository } } })
}

#[test]
fn pull_requests_start_what_checks_them_once_for_each_time_that_they_change() {
    let mut forge = Forge::new();
    forge.start();
    let body = json!({ "zen": "Keep it." });
    let (status, answer) = forge.deliver("ping", &body, "ping", "first");
    assert_eq!((status, &answer["notes"][0]), (200, &json!("pong")));
    assert_eq!(forge.deliver("ping", &body, "ping", "another").0, 401);

    let one = forge.0.commit("page.txt", "two\n");
    forge.offer(&one);
    assert_eq!(forge.tell("opened", &one, "1"), ["checks"]);
    let newest = forge.0.executions("checks")[0].clone();
    let detail = newest["trigger"]["detail"].as_str().expect("a text");
    assert!(detail.contains("pull request 7 OPEN") && detail.contains(&one[..8]), "{detail}");
    forge.0.succeeded("checks");
    // Overheard and sent again: the id is not signed.
    let body = pull("opened", &one, "1");
    let (status, answer) = forge.deliver("pull_request", &body, "another", "first");
    assert_eq!((status, answer["result"].as_str()), (200, Some("already")), "{answer}");

    let two = forge.0.commit("page.txt", "three\n");
    for (commit, id) in [(&one, "2"), (&two, "3"), (&one, "4")] {
        forge.offer(commit);
        assert_eq!(forge.tell("synchronize", commit, id), ["checks"], "{id}");
        assert!(forge.tell("synchronize", commit, &format!("{id} again")).is_empty(), "{id}");
    }
    assert!(forge.tell("closed", &one, "5").is_empty());
    assert_eq!(forge.0.executions("checks").len(), 4);
}

#[test]
fn a_pull_request_that_a_server_took_and_did_not_come_to_is_done_by_the_next_one() {
    let mut forge = Forge::new();
    let commit = forge.0.commit("page.txt", "two\n");
    forge.offer(&commit);
    forge.pend("Open", &commit, "1");
    forge.0.start();
    forge.0.succeeded("checks");
    forge.has_none_pending();
    assert_eq!(forge.0.executions("checks").len(), 1);
}
