//! A small contact center to deploy: a project in a home, a strict lab with a build instance, an empty target
//! and their roles, and the real program run on both. Counts what the lab's accounts went through.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use trunkline_lab::Options;
use trunkline_testkit::documents::HOURS;
#[allow(unused_imports, reason = "each test binary uses its part")]
pub(crate) use trunkline_testkit::documents::{content, document, flow};
use trunkline_testkit::{Home, LabServer, MemoryCloud, seed};

pub(crate) const BUILD: &str = "111122223333";
pub(crate) const TARGET: &str = "444455556666";
/// The account of the credentials that the program is started with.
pub(crate) const TOOLS: &str = "777788889999";
pub(crate) const REGION: &str = "us-west-2";

pub(crate) const CONFIG: &str = "\
version: 1
project: acme
environments:
  rnd: { account: \"111122223333\", regions: [us-west-2], instance: acme-rnd, use: build }
  prod: { account: \"444455556666\", regions: [us-west-2], instance: acme-prod }
role: deploy
";

const QUEUE: &str = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 7\n";

/// A project, a lab and two accounts.
pub(crate) struct Stage {
    pub(crate) home: Home,
    pub(crate) server: LabServer,
    log: Home,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[allow(dead_code, reason = "each test binary uses its part")]
impl Ran {
    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

#[allow(dead_code, reason = "each test binary uses its part")]
impl Stage {
    /// The project is deployable as it is: hours, a queue, a flow.
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    /// The same in a lab with further options.
    pub(crate) fn with(options: Options) -> Self {
        let (home, log) = (Home::new(), Home::new());
        std::fs::create_dir(home.join(".git")).expect("the search for a project ends here");
        let server = LabServer::with(Options {
            strict_roles: true,
            throttle: false,
            search_lag_seconds: 0.0,
            data: Some(log.path().to_owned()),
            ..options
        });
        let stage = Self { home, server, log };
        for (account, alias) in [(BUILD, "acme-rnd"), (TARGET, "acme-prod")] {
            seed::instance(&stage.cloud(account), "CONNECT_MANAGED", alias);
            stage.role(account, TOOLS);
            stage.policy(account, &["connect:*", "lambda:*", "lex:*", "s3:*"], &[]);
        }
        stage.home.write("trunkline.yaml", CONFIG);
        stage.home.write("connect/hours/Main line.yaml", HOURS);
        stage.home.write("connect/queues/Sales.yaml", QUEUE);
        stage.home.write("connect/flows/Main.json", flow("Main", "${queue:Sales}"));
        stage
    }

    /// The lab as an account sees it.
    pub(crate) fn cloud(&self, account: &str) -> MemoryCloud {
        MemoryCloud::new(self.server.lab(), account, REGION)
    }

    /// Makes the role `deploy` of an account, which trusts another account.
    pub(crate) fn role(&self, account: &str, trusted: &str) {
        let principal = json!({ "AWS": format!("arn:aws:iam::{trusted}:root") });
        let trust = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }
        ]});
        let input = json!({ "RoleName": "deploy", "AssumeRolePolicyDocument": trust.to_string() });
        self.cloud(account).must("iam", "CreateRole", input);
    }

    /// Sets what the role `deploy` of an account may do and what not.
    pub(crate) fn policy(&self, account: &str, may: &[&str], may_not: &[&str]) {
        let mut statements = vec![json!({ "Effect": "Allow", "Action": may, "Resource": "*" })];
        if !may_not.is_empty() {
            statements.push(json!({ "Effect": "Deny", "Action": may_not, "Resource": "*" }));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let input =
            json!({ "RoleName": "deploy", "PolicyName": "deploy", "PolicyDocument": policy });
        self.cloud(account).must("iam", "PutRolePolicy", input);
    }

    /// The id of an account's first instance.
    pub(crate) fn instance(&self, account: &str) -> String {
        let all = self.cloud(account).must("connect", "ListInstances", json!({}));
        all["InstanceSummaryList"][0]["Id"].as_str().expect("an instance").to_owned()
    }

    /// Calls an operation of Connect on an account's instance, as somebody at the console would.
    pub(crate) fn connect(&self, account: &str, operation: &str, mut input: Value) -> Value {
        input["InstanceId"] = json!(self.instance(account));
        self.cloud(account).must("connect", operation, input)
    }

    /// The id of a named resource: by List operation, items and the members of name and id.
    pub(crate) fn id(&self, account: &str, list: (&str, &str), name: &str) -> String {
        let all = self.connect(account, list.0, json!({ "MaxResults": 100 }));
        let rows = all[list.1].as_array().expect("rows");
        let row = rows.iter().find(|r| r["Name"] == name).unwrap_or_else(|| panic!("no {name}"));
        row["Id"].as_str().expect("an id").to_owned()
    }

    /// Makes the command without running it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_trunkline");
        self.home.program(program, &self.server.url(), TOOLS, arguments)
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code().expect("an exit code"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Runs the program, which must end with 0.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Runs the program, which must refuse with this exit code and error, say all of these, and change
    /// nothing: neither a file of the project nor anything in AWS.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str], exit: i32, code: &str, says: &[&str]) -> Ran {
        let before = (self.files(), self.writes());
        let ran = self.run(arguments);
        says_all(&ran, exit, code, says);
        assert_eq!(self.writes(), before.1, "something was written to AWS\n{}", ran.err);
        assert!(self.files() == before.0, "files changed\n{}", ran.err);
        ran
    }

    /// How many requests changed something in AWS; sessions are not counted.
    pub(crate) fn writes(&self) -> usize {
        self.requests().iter().filter(|r| r["service"] != "sts").count()
    }

    /// How many requests of an operation changed something.
    #[allow(dead_code, reason = "each test binary uses its part")]
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.requests().iter().filter(|r| r["operation"] == operation).count()
    }

    fn requests(&self) -> Vec<Value> {
        let text = self.log.read("requests.jsonl");
        // The last line may be half written while the lab works.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Every file but the locks of targets: a command takes and gives one back before it refuses.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.home.path(), &mut found);
        let lock = |path: &Path| path.iter().any(|p| p.to_string_lossy().starts_with("lock.json"));
        found.retain(|path, _| !lock(path));
        found
    }
}

/// The run ended with this code and this error, and said all of these on stderr.
#[track_caller]
pub(crate) fn says_all(ran: &Ran, exit: i32, code: &str, says: &[&str]) {
    assert_eq!(ran.code, exit, "{}\n{}", ran.out, ran.err);
    for says in [&[format!("error[{code}]").as_str()], says].concat() {
        assert!(ran.err.contains(says), "`{says}` is not in:\n{}", ran.err);
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.insert(path.clone(), std::fs::read(&path).expect("a file can be read"));
        }
    }
}
