//! An account with an instance on a lab that enforces policies, the project with every kind, and its bootstrapped
//! roles. A `Course` runs the commands once and keeps what everything was like before each of them.

use crate::changes::{ADDED, Change, FIRST, SECOND};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use trunkline_center::permissions::action;
use trunkline_lab::Options;
use trunkline_testkit::{Home, LabServer, MemoryCloud, Ran, seed};

const ACCOUNT: &str = "444455556666";
/// The account of the credentials that the program is started with.
const TOOLS: &str = "777788889999";
const REGION: &str = "us-west-2";
const NUMBER: &str = "+15550100001";

/// A lab, kept in a folder, and a project.
pub(crate) struct Site {
    home: Home,
    server: LabServer,
}

impl Site {
    /// An instance and a project without roles; `more` are lines of its configuration.
    pub(crate) fn new(more: &str) -> Self {
        let home = Home::new();
        let center = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/center");
        home.copy(&center, "project");
        let marks = [("@STATE@", ".trunkline/state"), ("@ACCOUNT@", ACCOUNT), ("@NUMBER@", NUMBER)];
        home.fill("project/trunkline.yaml", &marks);
        let config = home.read("project/trunkline.yaml");
        home.write("project/trunkline.yaml", format!("{config}role: deploy\n{more}"));
        std::fs::create_dir(home.join("project/.git")).expect("the search for a project ends here");
        change(&home, FIRST);
        let site = Self { server: serve(&home), home };
        site.seed();
        site
    }

    /// The same as another site was when it was copied.
    fn copy_of(folder: &Path) -> Self {
        let home = Home::new();
        home.copy(folder, "");
        Self { server: serve(&home), home }
    }

    /// The account itself, to which everything is allowed.
    pub(crate) fn cloud(&self) -> MemoryCloud {
        MemoryCloud::new(self.server.lab(), ACCOUNT, REGION)
    }

    fn seed(&self) {
        let cloud = self.cloud();
        let instance = seed::instance(&cloud, "SAML", &format!("acme-{ACCOUNT}"));
        for bucket in ["acme-staging", "acme-recordings"] {
            cloud.must("s3", "CreateBucket", json!({ "Bucket": format!("{bucket}-{ACCOUNT}") }));
        }
        seed::function(&cloud, "lookup");
        seed::bot_alias(&cloud, &seed::bot(&cloud, "Concierge"), "live");
        let number = json!({ "TargetArn": instance["Arn"], "PhoneNumber": NUMBER });
        cloud.must("connect", "ClaimPhoneNumber", number);
    }

    /// Writes git's configuration.
    pub(crate) fn configure_git(&self, text: &str) {
        self.home.write("gitconfig", text);
    }

    /// The inputs with which roles were assumed.
    pub(crate) fn sessions(&self) -> Vec<Value> {
        let log = self.home.read("lab/requests.jsonl");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|row| row["operation"] == "AssumeRole")
            .map(|row| row["input"].clone())
            .collect()
    }

    /// The text of the project's configuration.
    pub(crate) fn configuration(&self) -> String {
        self.home.read("project/trunkline.yaml")
    }

    /// Writes the project's configuration.
    pub(crate) fn configure(&self, text: &str) {
        self.home.write("project/trunkline.yaml", text);
    }

    fn instance(&self) -> Value {
        let all = self.cloud().must("connect", "ListInstances", json!({}));
        all["InstanceSummaryList"][0]["Id"].clone()
    }

    /// Changes how many contacts a queue takes, as somebody at the console would.
    pub(crate) fn set_limit(&self, queue: &str, limit: u32) {
        let (cloud, id) = (self.cloud(), self.instance());
        let queues = cloud.must("connect", "ListQueues", json!({ "InstanceId": id }));
        let rows = queues["QueueSummaryList"].as_array().expect("queues");
        let row = rows.iter().find(|row| row["Name"] == queue).expect("the queue");
        let input = json!({ "InstanceId": id, "QueueId": row["Id"], "MaxContacts": limit });
        // The history tells of what was done by the clock that the program has.
        let (now, place) = (jiff::Timestamp::now(), (ACCOUNT, REGION));
        self.server.connect(now, place, "UpdateQueueMaxContacts", input);
    }

    /// Users are never pruned, and what they use cannot be deleted: a person takes them away.
    fn dismiss_users(&self) {
        let (cloud, id) = (self.cloud(), self.instance());
        let users = cloud.must("connect", "ListUsers", json!({ "InstanceId": id }));
        for user in users["UserSummaryList"].as_array().expect("users") {
            let input = json!({ "InstanceId": id, "UserId": user["Id"] });
            cloud.must("connect", "DeleteUser", input);
        }
    }

    /// Makes the roles by the template, with the account's own credentials.
    pub(crate) fn bootstrap(&self) {
        let words = ["env", "bootstrap", "--env", "prod", "--trust", TOOLS, "--apply", "--yes"];
        self.run_as(ACCOUNT, &words).done(&words);
    }

    /// Runs the program in the project.
    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.run_as(TOOLS, words)
    }

    fn run_as(&self, key: &str, words: &[&str]) -> Ran {
        let program = env!("CARGO_BIN_EXE_trunkline");
        let mut command = self.home.program(program, &self.server.url(), key, words);
        command.current_dir(self.home.join("project"));
        Ran::of(command)
    }

    /// Runs the program, which must end with 0.
    #[track_caller]
    pub(crate) fn done(&self, words: &[&str]) -> Ran {
        self.run(words).done(words)
    }
}

/// The commands of a course, in order.
const COMMANDS: &[&[&str]] = &[
    &["export", "--env", "prod", "-C", "../elsewhere"],
    &["plan", "--env", "prod", "--include", "users"],
    &["apply", "--env", "prod", "--include", "users", "--yes"],
    &["apply", "--env", "prod", "--include", "users", "--yes"],
    &["apply", "--env", "prod", "--include", "users", "--yes", "--prune"],
    &["apply", "--env", "prod", "--include", "users", "--yes", "--prune"],
];

/// Taken back at the end, from how things were before this command.
const ROLLBACK: (usize, &[&str]) = (3, &["rollback", "--env", "prod", "--yes"]);

const RESUME: &[&str] = &["resume", "--env", "prod"];

/// Everything done once, with what it was like before each command.
pub(crate) struct Course {
    before: Vec<Home>,
    after: [Site; 2],
}

impl Course {
    /// Runs all commands with the bootstrapped role; each has to succeed.
    pub(crate) fn run() -> Self {
        let mut site = Site::new("");
        site.bootstrap();
        let elsewhere = site.home.join("elsewhere");
        std::fs::create_dir_all(elsewhere.join(".git")).expect("a folder");
        let config = site.home.join("project/trunkline.yaml");
        std::fs::copy(config, elsewhere.join("trunkline.yaml")).expect("a copy");
        let mut before = Vec::new();
        for (number, command) in COMMANDS.iter().enumerate() {
            match number {
                3 => second_state(&site.home),
                4 => {
                    std::fs::remove_dir_all(site.home.join("project/connect")).expect("a folder");
                    site.dismiss_users();
                }
                _ => {}
            }
            // The lab's folder is whole once the lab has ended.
            let kept = Home::new();
            let Site { home, server } = site;
            drop(server);
            kept.copy(home.path(), "");
            site = Site { server: serve(&home), home };
            before.push(kept);
            site.done(command);
        }
        let rolled_back = Self::at(&before, ROLLBACK.0);
        rolled_back.done(ROLLBACK.1);
        Self { before, after: [site, rolled_back] }
    }

    fn at(before: &[Home], number: usize) -> Site {
        Site::copy_of(before[number].path())
    }

    /// Whether a command fails without an action, naming it and an ARN, and completes once it is back.
    pub(crate) fn needs(&self, action: &str) -> bool {
        let order = self.likely(action);
        let in_order = order.into_iter().map(|number| (number, COMMANDS[number]));
        in_order.chain([ROLLBACK]).any(|(number, command)| {
            let site = Self::at(&self.before, number);
            let whole = without(&site, "deploy", Some(action));
            let ran = site.run(command);
            if ran.code == Some(0) {
                return false;
            }
            let said = &ran.err;
            assert!(said.contains("error[TL0604]"), "{action}\n{said}");
            assert!(said.contains(&format!("the role lacks {action}")), "{action}\n{said}");
            let arn = said.contains("on arn:")
                || said.contains("instance is arn:")
                || said.contains("resource: *");
            assert!(arn, "no ARN: {action}\n{said}");
            put(&site, "deploy", &whole);
            // A run that stopped on its way is gone on with; what failed before it began is done again.
            let again = if said.contains("can be resumed") { RESUME } else { command };
            site.done(again);
            true
        })
    }

    /// The commands by how likely they need an action: reads first where it reads.
    fn likely(&self, action: &str) -> Vec<usize> {
        let verb = action.split(':').nth(1).unwrap_or_default();
        let reads = ["Describe", "List", "Search", "Get"].iter().any(|v| verb.starts_with(v));
        if reads && !action.starts_with("s3:") { vec![0, 1, 3, 2, 4, 5] } else { vec![3, 2, 4, 5] }
    }

    /// The actions of every write that the program made, from the lab's log.
    pub(crate) fn written(&self) -> BTreeSet<String> {
        let logs = self.after.each_ref().map(|site| site.home.read("lab/requests.jsonl"));
        let lines = logs.iter().flat_map(|log| log.lines());
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let by_role = lines.filter(|row| row["principal"]["role"].is_string());
        let name = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
        by_role.map(|row| action(&name(&row, "service"), &name(&row, "operation"))).collect()
    }
}

fn second_state(home: &Home) {
    change(home, SECOND);
    for (path, text) in ADDED {
        home.write(format!("project/connect/{path}"), text);
    }
}

fn change(home: &Home, changes: &[Change]) {
    for (path, from, to) in changes {
        let path = format!("project/connect/{path}");
        let text = home.read(&path);
        assert!(text.contains(from), "{path} lacks {from}");
        home.write(&path, text.replacen(from, to, 1));
    }
}

fn serve(home: &Home) -> LabServer {
    LabServer::with(Options {
        strict_roles: true,
        throttle: false,
        search_lag_seconds: 0.0,
        data: Some(home.join("lab")),
        ..Options::default()
    })
}

/// Takes an action out of a role's policy, or all of it; returns the policy as it was.
pub(crate) fn without(site: &Site, role: &str, action: Option<&str>) -> Value {
    let input = json!({ "RoleName": role, "PolicyName": "trunkline" });
    let found = site.cloud().must("iam", "GetRolePolicy", input);
    let document = decoded(found["PolicyDocument"].as_str().expect("a document"));
    let whole: Value = serde_json::from_str(&document).expect("JSON");
    let mut less = whole.clone();
    let mut removed = 0;
    for statement in less["Statement"].as_array_mut().expect("statements") {
        let actions = statement["Action"].as_array_mut().expect("actions");
        let before = actions.len();
        actions.retain(|a| action.is_some_and(|action| a != action));
        removed += before - actions.len();
    }
    assert!(removed > 0, "{action:?} is not in the policy");
    less["Statement"].as_array_mut().expect("statements").retain(|s| s["Action"] != json!([]));
    put(site, role, &less);
    whole
}

fn put(site: &Site, role: &str, document: &Value) {
    let text = document.to_string();
    let input = json!({ "RoleName": role, "PolicyName": "trunkline", "PolicyDocument": text });
    site.cloud().must("iam", "PutRolePolicy", input);
}

/// IAM answers documents percent-encoded.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).expect("UTF-8")
}
