//! Messages of SQS: pushes to a repository elsewhere that EventBridge tells of, through the lab's queue.

use crate::server::{LIMIT, Server, hosted_source};
use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_lab::{Deed, Fault, Principal, Request, When};
use trunkline_model::{AccountId, Region};
use trunkline_testkit::{LabServer, wait_until};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";

/// A lab with the queue `pushes`, and a server that reads it and polls next to never.
struct Site {
    server: Server,
    lab: LabServer,
}

impl Site {
    /// The pipeline `web` follows `main` of `acme`, which lies elsewhere, and has run once. `queue` is the
    /// queue as `server.yaml` names it.
    fn new(queue: &str) -> Self {
        let lab = LabServer::start();
        let site = Self { server: Server::new(), lab };
        site.sqs(
            "CreateQueue",
            json!({ "QueueName": "pushes", "Attributes": { "VisibilityTimeout": "1" } }),
        );
        let Self { mut server, lab } = site;
        let endpoint = ("AWS_ENDPOINT_URL", lab.url());
        let key = ("AWS_ACCESS_KEY_ID", ACCOUNT.to_owned());
        server.variables = vec![endpoint, key, ("AWS_SECRET_ACCESS_KEY", "x".to_owned())];
        server.work();
        server.commit("page.txt", "one\n");
        std::fs::create_dir(server.home.join("origin.git")).expect("a folder can be made");
        server.must("origin.git", &["init", "--quiet", "--bare", "--initial-branch=main", "."]);
        let origin = format!("file://{}", server.home.join("origin.git").display());
        server.must("work", &["remote", "add", "origin", &origin]);
        server.must("work", &["push", "--quiet", "origin", "main"]);
        let config = server.home.read("project/trunkline.yaml");
        let config = format!("{config}repositories:\n  acme: {origin}\n");
        server.home.write("project/trunkline.yaml", config);
        let command = format!("cat page.txt >> {}", server.home.join("ran").display());
        server.pipeline("web", &hosted_source("acme", "main"), "", &command);
        let queue = queue.replace("@LAB@", &lab.url());
        server
            .home
            .write("data/server.yaml", format!("queues: [{{ {queue}, region: {REGION} }}]\n"));
        server.start();
        server.ran("one\n");
        server.succeeded("web");
        Self { server, lab }
    }

    fn sqs(&self, operation: &str, mut input: Value) -> Value {
        if input.get("QueueName").is_none() {
            input["QueueUrl"] = json!(format!("{}/{ACCOUNT}/pushes", self.lab.url()));
        }
        let account = AccountId::parse(ACCOUNT).expect("an account");
        let request = Request {
            region: Region::parse(REGION).expect("a region"),
            principal: Principal::root(&account),
            account,
            service: "sqs".to_owned(),
            operation: operation.to_owned(),
            input,
            body: Vec::new(),
        };
        self.lab.lab().handle(&request, Timestamp::now()).expect("the lab takes it").members
    }

    /// What EventBridge sends of a push to a repository.
    fn tell(&self, repository: &str, branch: &str, commit: &str) {
        let detail = json!({ "event": "referenceUpdated", "repositoryName": repository,
            "referenceType": "branch", "referenceName": branch, "commitId": commit });
        let event = json!({ "version": "0", "source": "aws.codecommit", "account": ACCOUNT,
            "detail-type": "CodeCommit Repository State Change", "detail": detail });
        self.send(&event.to_string());
    }

    fn send(&self, body: &str) {
        self.sqs("SendMessage", json!({ "MessageBody": body }));
    }

    /// Pushes a commit with that page, of which nobody tells.
    fn push(&self, page: &str) -> String {
        let commit = self.server.commit("page.txt", page);
        self.server.must("work", &["push", "--quiet", "origin", "main"]);
        commit
    }

    /// How many messages the queue holds.
    fn held(&self) -> u32 {
        let answer = self.sqs("GetQueueAttributes", json!({ "AttributeNames": ["All"] }));
        let count =
            |name: &str| answer["Attributes"][name].as_str().and_then(|n| n.parse::<u32>().ok());
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        names.iter().filter_map(|name| count(name)).sum()
    }

    #[track_caller]
    fn holds(&self, count: u32) {
        wait_until(&format!("{count} messages are left"), LIMIT, || {
            (self.held() == count).then_some(())
        });
    }

    fn count(&self) -> usize {
        self.server.executions("web").len()
    }
}

#[test]
fn a_push_that_a_message_tells_of_starts_once_and_no_other_message_starts_anything() {
    let site = Site::new("name: pushes");
    let first = site.server.must("work", &["rev-parse", "HEAD"]);
    let second = site.push("two\n");
    site.tell("acme", "main", &second);
    site.server.ran("one\ntwo\n");
    site.server.succeeded("web");
    site.holds(0);
    // The same again, an older one that comes late, other branches and repositories, and what is no event.
    site.tell("acme", "main", &second);
    site.tell("acme", "main", &first);
    site.tell("acme", "other", &second);
    site.tell("elsewhere", "main", &second);
    site.send("{\"detail-type\": \"CodeCommit Pull Request State Change\"}");
    site.send("no event");
    site.holds(1);
    assert_eq!(site.count(), 2);
    // What cannot be read stands in nobody's way.
    let third = site.push("three\n");
    site.tell("acme", "main", &third);
    site.server.ran("one\ntwo\nthree\n");
    site.server.succeeded("web");
    site.holds(1);
    assert_eq!(site.count(), 3);
}

#[test]
fn a_server_killed_before_a_message_is_deleted_does_not_start_again() {
    let mut site = Site::new("url: \"@LAB@/111122223333/pushes\"");
    let drop = |operation: &str, when: When| {
        let fault = Fault { times: 0, when, ..Fault::new("sqs", operation, Deed::Drop) };
        site.lab.lab().inject(fault);
    };
    // Started, and not deleted.
    drop("DeleteMessage", When::Before);
    let second = site.push("two\n");
    site.tell("acme", "main", &second);
    site.server.ran("one\ntwo\n");
    site.server.succeeded("web");
    site.server.kill();
    assert_eq!(site.held(), 1);
    site.lab.lab().clear_faults();
    site.server.start();
    site.holds(0);
    assert_eq!(site.count(), 2);
    site.server.kill();
    // Received, and nothing done.
    let fault =
        Fault { times: 0, when: When::After, ..Fault::new("sqs", "ReceiveMessage", Deed::Drop) };
    site.lab.lab().inject(fault);
    let third = site.push("three\n");
    site.tell("acme", "main", &third);
    site.server.start();
    site.server.ran("one\ntwo\nthree\n");
    site.server.kill();
    assert_eq!(site.held(), 1);
    site.lab.lab().clear_faults();
    site.server.start();
    site.holds(0);
    site.server.succeeded("web");
    assert_eq!(site.count(), 3);
}
