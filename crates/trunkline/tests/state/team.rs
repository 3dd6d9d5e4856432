//! Two people with clones of one project that share a state store: a folder, or a bucket.

use crate::stage::{CONFIG, Ran, Stage, TARGET, TOOLS};
use serde_json::{Value, json};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use trunkline_lab::{Deed, Fault, When};
use trunkline_testkit::{Home, wait_until};

pub(crate) const LIMIT: Duration = Duration::from_secs(240);
pub(crate) const BUCKET: &str = "acme-trunkline-state";
const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

/// Where the state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Folder,
    Bucket,
}

/// A lab and what a team shares.
pub(crate) struct Team {
    pub(crate) stage: Stage,
    pub(crate) place: Place,
    shared: Home,
}

/// A running program that does not outlive its test.
pub(crate) struct Running(Option<Child>);

impl Team {
    /// A lease of one second lets the tests of dead holders end soon.
    pub(crate) fn new(place: Place) -> Self {
        Self::with(place, 1)
    }

    /// One whose holders are never taken for dead: a machine that is busy may keep them from a sign of life for long.
    pub(crate) fn of_the_living(place: Place) -> Self {
        Self::with(place, 10)
    }

    fn with(place: Place, lease: u32) -> Self {
        let (stage, shared) = (Stage::new(), Home::new());
        stage.cloud(TOOLS).must("s3", "CreateBucket", json!({ "Bucket": BUCKET }));
        let team = Self { stage, place, shared };
        let state = match place {
            Place::Folder => team.shared.path().display().to_string(),
            Place::Bucket => format!("s3://{BUCKET}/team"),
        };
        let more = format!("state: {state}\nsettings: {{ lock_lease: {lease}, search_lag: 0 }}\n");
        team.stage.home.write("trunkline.yaml", format!("{CONFIG}{more}"));
        team
    }

    /// A clone of the project, which is a home of its own as well.
    pub(crate) fn clone_of_project(&self) -> Home {
        let home = Home::new();
        home.copy(self.stage.home.path(), "");
        home
    }

    /// The program in a clone.
    pub(crate) fn command(&self, clone: &Home, arguments: &[&str]) -> Command {
        let mut command = self.stage.command(arguments);
        command.current_dir(clone.path()).env("HOME", clone.path());
        command
    }

    /// Runs the program in a clone to its end.
    pub(crate) fn run(&self, clone: &Home, arguments: &[&str]) -> Ran {
        ran(self.command(clone, arguments).output().expect("the program runs"))
    }

    /// Runs it; it must end with 0.
    #[track_caller]
    pub(crate) fn done(&self, clone: &Home, arguments: &[&str]) -> Ran {
        let ran = self.run(clone, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Begins an apply that hangs at an operation: before the call takes effect, or before its answer.
    pub(crate) fn hangs_at(&self, clone: &Home, operation: &str, when: When) -> Running {
        self.hangs_for(clone, operation, when, 3_600_000)
    }

    /// Begins to run the program in a clone.
    pub(crate) fn begin(&self, clone: &Home, arguments: &[&str]) -> Running {
        let mut command = self.command(clone, arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running(Some(child.expect("the program starts")))
    }

    /// The same for so many milliseconds, or until faults are cleared.
    pub(crate) fn hangs_for(
        &self,
        clone: &Home,
        operation: &str,
        when: When,
        delay_ms: u64,
    ) -> Running {
        let held = Fault::new("connect", operation, Deed::Delay);
        self.stage.server.lab().inject(Fault { when, delay_ms, ..held });
        let running = self.begin(clone, APPLY);
        let suffix = format!("/{operation}");
        wait_until(operation, LIMIT, || {
            let begun = |e: &Value| {
                let step = e["step"].as_str().unwrap_or_default();
                e["event"] == "step-started" && step.ends_with(&suffix)
            };
            // What is begun may not have been sent yet.
            let arrived = self.stage.count(operation) > 0;
            (arrived && self.events().iter().any(begun)).then_some(())
        });
        running
    }

    /// The run that began last: ids of one second have no order, tokens have.
    pub(crate) fn run_id(&self) -> String {
        let keys = self.keys();
        let heads = keys.iter().filter_map(|key| {
            let run = key.strip_prefix("prod-us-west-2/runs/")?.strip_suffix("/run.json")?;
            let head: Value = serde_json::from_slice(&self.object(key)).ok()?;
            Some((head["token"].as_u64()?, run.to_owned()))
        });
        heads.max().expect("a run").1
    }

    /// The objects of the state store by key.
    pub(crate) fn keys(&self) -> Vec<String> {
        match self.place {
            Place::Folder => {
                let mut keys = Vec::new();
                collect(self.shared.path(), self.shared.path(), &mut keys);
                keys.sort();
                keys
            }
            Place::Bucket => {
                let input = json!({ "Bucket": BUCKET, "Prefix": "team/" });
                let all = self.stage.cloud(TOOLS).must("s3", "ListObjectsV2", input);
                let rows = all["Contents"].as_array().into_iter().flatten();
                let keys = rows.filter_map(|r| r["Key"].as_str()?.strip_prefix("team/"));
                keys.map(str::to_owned).collect()
            }
        }
    }

    /// The bytes of an object.
    pub(crate) fn object(&self, key: &str) -> Vec<u8> {
        match self.place {
            Place::Folder => fs::read(self.path(key)).unwrap_or_default(),
            Place::Bucket => {
                let lab = self.stage.server.lab();
                let request = get(&format!("team/{key}"));
                let output = lab.handle(&request, jiff::Timestamp::now());
                output.map(|o| o.body.unwrap_or_default()).unwrap_or_default()
            }
        }
    }

    /// Where an object of a folder is: the last of those that replaced it, or the file of its name.
    pub(crate) fn path(&self, key: &str) -> PathBuf {
        assert_eq!(self.place, Place::Folder);
        let next = fs::read_dir(self.shared.join(format!("{key}.next")));
        let next = next.into_iter().flatten().flatten().map(|e| e.path());
        next.filter(|p| !p.to_string_lossy().ends_with(".new"))
            .max()
            .unwrap_or_else(|| self.shared.join(key))
    }

    /// The events of all journals, oldest run first.
    pub(crate) fn events(&self) -> Vec<Value> {
        let links = self.keys().into_iter().filter(|k| k.contains("/journal/"));
        let texts = links.map(|k| String::from_utf8(self.object(&k)).unwrap_or_default());
        let lines = texts.flat_map(|t| t.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.filter_map(|l| serde_json::from_str(&l).ok()).collect()
    }

    /// The lock as it is stored.
    pub(crate) fn lock(&self) -> Value {
        serde_json::from_slice(&self.object("prod-us-west-2/lock.json")).unwrap_or_default()
    }

    /// What an object of a folder says is changed, as if another machine had written it.
    pub(crate) fn edit(&self, key: &str, edit: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&self.object(key)).expect("JSON");
        edit(&mut value);
        fs::write(self.path(key), value.to_string()).expect("a file");
    }

    /// Everything is deployed, once, and nothing is left to do.
    #[track_caller]
    pub(crate) fn is_complete(&self, clone: &Home) {
        self.done(clone, &["plan", "--env", "prod", "--exit-code"]);
        for create in ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"] {
            assert_eq!(self.stage.count(create), 1, "{create}");
        }
    }

    /// How many writes Connect has seen in the target.
    pub(crate) fn writes(&self) -> usize {
        ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"]
            .iter()
            .map(|operation| self.stage.count(operation))
            .sum()
    }
}

fn get(key: &str) -> trunkline_lab::Request {
    let account = trunkline_model::AccountId::parse(TOOLS).expect("twelve digits");
    trunkline_lab::Request {
        principal: trunkline_lab::Principal::root(&account),
        account,
        region: trunkline_model::Region::parse("us-west-2").expect("a region"),
        service: "s3".to_owned(),
        operation: "GetObject".to_owned(),
        input: json!({ "Bucket": BUCKET, "Key": key }),
        body: Vec::new(),
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("an exit code");
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

impl Running {
    /// Ends it at once, with SIGKILL.
    pub(crate) fn kill(mut self) {
        let mut child = self.0.take().expect("it runs");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }

    /// Sends it a signal: `STOP`, `CONT`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.as_ref().expect("it runs").id();
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")).status();
        assert!(sent.expect("a shell").success());
    }

    /// Waits until it says something on stderr, of which this takes what came until then.
    pub(crate) fn says(&mut self, words: &str) {
        let child = self.0.as_mut().expect("it runs");
        let err = child.stderr.as_mut().expect("it is piped");
        let (mut said, mut byte) = (Vec::new(), [0]);
        while !said.windows(words.len()).any(|part| part == words.as_bytes()) {
            let read = err.read(&mut byte).expect("it can be read");
            assert!(read > 0, "it ended without `{words}`: {}", String::from_utf8_lossy(&said));
            said.push(byte[0]);
        }
    }

    /// Waits for its end.
    pub(crate) fn ends(mut self) -> Ran {
        let mut child = self.0.take().expect("it runs");
        wait_until("the program ends", LIMIT, || child.try_wait().expect("a child"));
        ran(child.wait_with_output().expect("its output"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn collect(root: &Path, folder: &Path, keys: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let key = path.strip_prefix(root).expect("below it").display().to_string();
        match key.strip_suffix(".next") {
            Some(replaced) => keys.push(replaced.to_owned()),
            None if path.is_dir() => collect(root, &path, keys),
            None => keys.push(key),
        }
    }
}

/// The account that is deployed to.
pub(crate) const ACCOUNT: &str = TARGET;
