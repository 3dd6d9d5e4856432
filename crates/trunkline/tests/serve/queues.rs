//! Messages of SQS: pushes to a repository elsewhere, and objects of S3, that EventBridge tells of through the lab's
//! queue.

use crate::server::{LIMIT, SERVE, Server, hosted_source};
use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_lab::{Deed, Fault, Options, Principal, Request, When};
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
    /// Makes the queue and its role, and serves the pipeline `web`, which follows `main` of `acme` and runs once.
    fn begin(mut self) -> Self {
        self.create();
        self.role();
        let command = format!("cat page.txt >> {}", self.server.home.join("ran").display());
        self.server.pipeline("web", &hosted_source("acme", "main"), "", &command);
        self.server.start();
        self.server.ran("one\n");
        self.server.succeeded("web");
        self
    }

    /// A lab without the queue, and a server that does not run yet and has no pipeline. `queue` is the queue as
    /// `server.yaml` names it.
    fn before(queue: &str) -> Self {
        let quick = Options { throttle: false, search_lag_seconds: 0.0, ..Options::default() };
        let lab = LabServer::with(Options { strict_roles: true, ..quick });
        let mut server = Server::new();
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
        let queue = queue.replace("@LAB@", &lab.url());
        let settings = format!("queues: [{{ {queue}, region: {REGION} }}]\n");
        server.home.write("data/server.yaml", settings);
        Self { server, lab }
    }

    fn create(&self) {
        let attributes = json!({ "VisibilityTimeout": "1" });
        self.sqs("CreateQueue", json!({ "QueueName": "pushes", "Attributes": attributes }));
    }

    /// A role that may do what `docs/serve.md` names, and nothing else.
    fn role(&self) {
        let trust = json!({ "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") } }] });
        let policy = json!({ "Statement": [{ "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueUrl"],
            "Resource": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:pushes") }] });
        let role = json!({ "RoleName": "pushes", "AssumeRolePolicyDocument": trust.to_string() });
        let put = json!({ "RoleName": "pushes", "PolicyName": "p", "PolicyDocument": policy.to_string() });
        self.call("iam", "CreateRole", role, b"");
        self.call("iam", "PutRolePolicy", put, b"");
    }

    fn sqs(&self, operation: &str, mut input: Value) -> Value {
        if input.get("QueueName").is_none() {
            input["QueueUrl"] = json!(format!("{}/{ACCOUNT}/pushes", self.lab.url()));
        }
        self.call("sqs", operation, input, b"")
    }

    fn call(&self, service: &str, operation: &str, input: Value, body: &[u8]) -> Value {
        let account = AccountId::parse(ACCOUNT).expect("an account");
        let request = Request {
            region: Region::parse(REGION).expect("a region"),
            principal: Principal::root(&account),
            account,
            service: service.to_owned(),
            operation: operation.to_owned(),
            input,
            body: body.to_vec(),
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
    let site = Site::before("name: pushes, role: \"arn:aws:iam::111122223333:role/pushes\"");
    // A repository whose server takes connections and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let stuck = format!("http://{}/stuck.git", silent.local_addr().expect("it has one"));
    let config = site.server.home.read("project/trunkline.yaml");
    site.server.home.write("project/trunkline.yaml", format!("{config}  stuck: {stuck}\n"));
    site.server.pipeline("stuck", &hosted_source("stuck", "main"), "", "true");
    let mut site = site.begin();
    let first = site.server.must("work", &["rev-parse", "HEAD"]);
    site.tell("stuck", "main", &first);
    let second = site.push("two\n");
    site.tell("acme", "main", &second);
    site.server.ran("one\ntwo\n");
    site.server.succeeded("web");
    site.holds(1);
    // The same again, an older one that comes late, other branches and repositories, and what is no event.
    site.tell("acme", "main", &second);
    site.tell("acme", "main", &first);
    site.tell("acme", "other", &second);
    site.tell("elsewhere", "main", &second);
    site.send("{\"detail-type\": \"CodeCommit Pull Request State Change\"}");
    site.send("no event");
    site.holds(2);
    assert_eq!(site.count(), 2);
    // What cannot be read stands in nobody's way.
    let third = site.push("three\n");
    site.tell("acme", "main", &third);
    site.server.ran("one\ntwo\nthree\n");
    site.server.succeeded("web");
    site.holds(2);
    assert_eq!(site.count(), 3);
    // A server that ends does not wait for messages.
    let never =
        Fault { times: 0, delay_ms: 3_600_000, ..Fault::new("sqs", "ReceiveMessage", Deed::Delay) };
    site.lab.lab().inject(never);
    site.server.stop();
}

#[test]
fn a_write_to_s3_starts_who_takes_the_object_once_and_who_can_never_start_is_told_of() {
    let mut site = Site::before("name: pushes");
    let source = "{ category: Source, owner: AWS, provider: S3, version: \"1\" }\n      configuration: { \
                  S3Bucket: code, S3ObjectKey: site.zip }";
    let command = format!("cat page.txt >> {}", site.server.home.join("ran").display());
    site.server.pipeline("web", source, "", &command);
    // Nobody gives its variable a value.
    site.server.pipeline("strict", source, "  variables:\n  - { name: Asked }\n", "true");
    site.server.must("work", &["archive", "--format=zip", "--output=../site.zip", "HEAD"]);
    let zip = std::fs::read(site.server.home.join("site.zip")).expect("git wrote it");
    let place = json!({ "Bucket": "code", "Key": "site.zip" });
    site.call("s3", "CreateBucket", json!({ "Bucket": "code" }), b"");
    site.call("s3", "PutObject", place, &zip);
    let err = site.server.home.join("err").display().to_string();
    let script = format!("exec \"$0\" \"$@\" 2>{err}");
    let mut shell = site.server.home.command("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_trunkline")]).args(SERVE);
    shell.envs(site.server.variables.iter().map(|(name, value)| (name, value)));
    site.server.start_with(shell);
    // The queue is made later.
    site.create();
    let tell = |key: &str, sequencer: &str| {
        let object = json!({ "key": key, "sequencer": sequencer });
        let detail = json!({ "bucket": { "name": "code" }, "object": object });
        let event =
            json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": detail });
        site.send(&event.to_string());
    };
    tell("site.zip", "0062E99A88DC407460");
    site.server.ran("one\n");
    site.server.succeeded("web");
    tell("site.zip", "0062E99A88DC407460");
    tell("site.zip", "0062E99A88DC40");
    tell("other.zip", "0062E99A88DC407461");
    site.holds(0);
    assert_eq!(site.count(), 1);
    let said = site.server.home.read("err");
    assert!(said.contains("strict is not started: ") && said.contains("Asked"), "{said}");
    tell("site.zip", "0062E99A88DC407462");
    site.server.ran("one\none\n");
    site.server.succeeded("web");
    assert_eq!(site.count(), 2);
}

#[test]
fn a_server_killed_before_a_message_is_deleted_does_not_start_again() {
    let mut site = Site::before("url: \"@LAB@/111122223333/pushes\"").begin();
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
