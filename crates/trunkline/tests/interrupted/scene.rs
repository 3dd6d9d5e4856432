//! A lab, accounts in it, and a project with every kind (`tests/oracle/center`) that the real program deploys
//! through a proxy which strikes; clones of the project come and go, the state store stays.

use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use trunkline_center::Cloud as _;
use trunkline_lab::{Deed, Fault, Options};
use trunkline_testkit::{Home, LabServer, MemoryCloud, Oracle, Proxy, Ran, seed, wait_until};

pub(crate) const REGION: &str = "us-west-2";
const NUMBER: &str = "+15550100001";
const LIMIT: Duration = Duration::from_secs(480);

/// A lab for many scenes, and what judges them.
pub(crate) struct World {
    server: LabServer,
    oracle: Option<RefCell<Oracle>>,
    accounts: Cell<u64>,
}

/// An account with an instance, what the project binds to, and a place for the project's state.
pub(crate) struct Scene<'w> {
    world: &'w World,
    pub(crate) account: String,
    pub(crate) proxy: Proxy,
    keeps: Keeps,
    state: Home,
}

/// Which commit of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// The first: everything is made.
    First,
    /// The next: something of every kind is changed.
    Changed,
}

/// Where the project keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// In a folder that all share.
    Folder,
    /// In a bucket of the account.
    Bucket,
}

impl World {
    pub(crate) fn new() -> Self {
        let server = LabServer::unrecorded(Options {
            throttle: false,
            search_lag_seconds: 2.0,
            ..Options::default()
        });
        Self {
            server,
            oracle: Oracle::start().map(RefCell::new),
            accounts: Cell::new(300_000_000_000),
        }
    }

    /// A scene in an account of its own.
    pub(crate) fn scene(&self, keeps: Keeps) -> Scene<'_> {
        let account = (self.accounts.get() + 1).to_string();
        self.accounts.set(self.accounts.get() + 1);
        let proxy = Proxy::start(&self.server.url(), &format!("acme-state-{account}"));
        let scene = Scene { world: self, account, proxy, keeps, state: Home::new() };
        scene.seed();
        scene
    }
}

impl Scene<'_> {
    fn cloud(&self) -> MemoryCloud {
        MemoryCloud::new(self.world.server.lab(), &self.account, REGION)
    }

    /// Makes what stands in the account before the first deployment.
    fn seed(&self) {
        let (cloud, account) = (self.cloud(), &self.account);
        let instance = seed::instance(&cloud, "SAML", &self.alias());
        for bucket in ["acme-staging", "acme-recordings", "acme-state"] {
            cloud.must("s3", "CreateBucket", json!({ "Bucket": format!("{bucket}-{account}") }));
        }
        seed::function(&cloud, "lookup");
        seed::bot_alias(&cloud, &seed::bot(&cloud, "Concierge"), "live");
        let number = json!({ "TargetArn": instance["Arn"], "PhoneNumber": NUMBER });
        cloud.must("connect", "ClaimPhoneNumber", number);
    }

    pub(crate) fn alias(&self) -> String {
        format!("acme-{}", self.account)
    }

    /// A fresh clone of the project, which is a home of its own as well.
    pub(crate) fn clone_of_project(&self, version: Version) -> Home {
        let home = Home::new();
        let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle");
        home.copy(&oracle.join("center"), "");
        if version == Version::Changed {
            home.copy(&oracle.join("change"), "");
        }
        let state = match self.keeps {
            Keeps::Folder => self.state.path().display().to_string(),
            Keeps::Bucket => format!("s3://acme-state-{}", self.account),
        };
        let marks = [("@STATE@", &*state), ("@ACCOUNT@", &*self.account), ("@NUMBER@", NUMBER)];
        home.fill("trunkline.yaml", &marks);
        // The search for a configuration ends here.
        std::fs::create_dir(home.join(".git")).expect("a folder");
        home
    }

    fn command(&self, clone: &Home, url: &str, words: &[&str]) -> Command {
        clone.program(env!("CARGO_BIN_EXE_trunkline"), url, &self.account, words)
    }

    /// Runs the program in a clone, through the proxy.
    pub(crate) fn run(&self, clone: &Home, words: &[&str]) -> Ran {
        let (out, err) = (clone.join("stdout.txt"), clone.join("stderr.txt"));
        let file = |path| std::fs::File::create(path).expect("a file");
        let mut command = self.command(clone, &self.proxy.url(), words);
        let child = command.stdout(file(&out)).stderr(file(&err)).spawn();
        let status = self.proxy.run(child.expect("the program starts"), LIMIT);
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        Ran { code: status.code(), out: text(&out), err: text(&err) }
    }

    /// Lets the lab carry an operation out at once and answer it late.
    pub(crate) fn hold(&self, operation: &str, milliseconds: u64) {
        let fault = Fault::new("connect", operation, Deed::Delay);
        let account = Some(self.account.clone());
        self.world.server.lab().inject(Fault { delay_ms: milliseconds, account, ..fault });
    }

    /// Applies, and sends the program a signal once the journal has an operation as begun.
    pub(crate) fn run_until_begun(&self, clone: &Home, operation: &str, signal: &str) -> Ran {
        let words = ["apply", "--env", "prod", "--yes", "--include", "users"];
        let mut command = self.command(clone, &self.proxy.url(), &words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let child = child.expect("the program starts");
        let begun = format!("/{operation}\"");
        wait_until(operation, LIMIT, || {
            self.journals().iter().any(|(_, text)| text.contains(&begun)).then_some(())
        });
        let kill = format!("kill -{signal} {}", child.id());
        let sent = Command::new("sh").arg("-c").arg(kill).status();
        assert!(sent.expect("a shell").success());
        let output = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        Ran { code: output.status.code(), out: String::new(), err }
    }

    /// How many steps the journals have as begun and not as done.
    pub(crate) fn open_steps(&self) -> usize {
        let (mut begun, mut done) = (BTreeSet::new(), BTreeSet::new());
        let journals = self.journals();
        let lines = journals.iter().flat_map(|(run, text)| text.lines().map(move |l| (run, l)));
        for (run, line) in lines {
            let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
            // Steps of different runs may be called the same.
            let step = (run.clone(), event["step"].as_str().unwrap_or_default().to_owned());
            match event["event"].as_str() {
                Some("step-started") => begun.insert(step),
                Some("step-done") => done.insert(step),
                _ => false,
            };
        }
        begun.difference(&done).count()
    }

    /// The parts of journals, each with its run.
    fn journals(&self) -> Vec<(String, String)> {
        if self.keeps == Keeps::Folder {
            let mut found = Vec::new();
            texts(self.state.path(), &mut found);
            return found;
        }
        let (cloud, bucket) = (self.cloud(), format!("acme-state-{}", self.account));
        let listed = cloud.must("s3", "ListObjectsV2", json!({ "Bucket": bucket }));
        let keys = listed["Contents"].as_array().cloned().unwrap_or_default();
        let keys = keys.iter().filter_map(|row| row["Key"].as_str()).filter(|k| is_journal(k));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let read = |key: &str| {
            let url = format!("http://lab/{bucket}/{key}");
            let bytes = runtime.block_on(cloud.fetch(&url)).expect("an object");
            (run_of(key), String::from_utf8_lossy(&bytes).into_owned())
        };
        keys.map(read).collect()
    }

    /// Everything that the instance holds, where there is an oracle.
    pub(crate) fn dump(&self) -> Option<serde_json::Value> {
        let mut oracle = self.world.oracle.as_ref()?.borrow_mut();
        Some(oracle.dump(&self.world.server.url(), &self.account, REGION, &self.alias()))
    }

    /// What an instance lacks of what the documents say: by the oracle, or else by a plan.
    pub(crate) fn differences(&self, clone: &Home) -> Vec<String> {
        if let Some(oracle) = &self.world.oracle {
            let url = self.world.server.url();
            return oracle.borrow_mut().differences(clone.path(), "prod", &url);
        }
        let words = ["plan", "--env", "prod", "--include", "users", "--exit-code"];
        let ran = self.run(clone, &words);
        if ran.code == Some(0) { Vec::new() } else { vec![ran.out + &ran.err] }
    }
}

fn is_journal(path: &str) -> bool {
    path.ends_with(".jsonl") && path.contains("/journal/")
}

/// The run in the path of a part of its journal: `.../runs/RUN/journal/...`.
fn run_of(path: &str) -> String {
    path.split("/runs/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("").to_owned()
}

/// The journals under a folder.
fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, found);
        } else if is_journal(&path.display().to_string()) {
            let run = run_of(&path.display().to_string());
            found.extend(std::fs::read_to_string(&path).map(|text| (run, text)));
        }
    }
}
