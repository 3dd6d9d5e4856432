//! The agency's pipelines: what is pushed to a branch is deployed to its environment by a server in the shared
//! account, only where the same release was before, and to nothing that is switched off.

use super::{Agency, SHARED};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;
use trunkline_store::{Access, Head, Store};
use trunkline_testkit::{Home, wait_until};

/// How long one pipeline may take on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(480);

/// Branches with their environments, in the order in which a release goes through them.
const WAVES: &[&[(&str, &str)]] = &[
    &[
        ("feature", "feature"),
        ("develop", "dev"),
        ("sandbox1", "sandbox1"),
        ("sandbox2", "sandbox2"),
    ],
    &[("sandbox3", "sandbox3"), ("qa", "qa")],
    &[("dibt", "dibt"), ("staging", "staging")],
    &[("uat", "uat")],
    &[("main", "prod")],
];

/// The twins for a fix, in the order in which it goes through them.
const FIXES: &[&str] = &["qa-fix", "uat-fix", "prod-fix"];

/// The part of the center that these tests deploy: enough for a flow, its queue and a bot.
const CENTER: &[&str] = &[
    "bot-associations/JobReport%2Flive.yaml",
    "flows/Callback.json",
    "flows/Outbound whisper.json",
    "hours/Callbacks.yaml",
    "queues/Callbacks.yaml",
];

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agency")
}

/// A server of the agency's project, and the working copy that is pushed from.
struct Server<'a> {
    agency: &'a Agency,
    work: Home,
    child: Child,
    token: String,
    address: String,
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Begins to serve; gives the process and where it listens. It looks at branches by itself only at its start.
fn serve(agency: &Agency) -> (Child, String) {
    let mut command = agency.command(SHARED, &["serve", "--port", "0", "--poll", "1440"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("the program starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("it has a pipe");
    let _ = BufReader::new(out).read_line(&mut line);
    (child, line.trim().to_owned())
}

impl<'a> Server<'a> {
    fn start(agency: &'a Agency) -> Self {
        let token = agency.done(&["serve", "token", "add", "ann"]).out.trim().to_owned();
        let (child, url) = serve(agency);
        let address = url.replace("http://", &format!("http://ann:{token}@"));
        let work = Home::new();
        for file in CENTER {
            let text = std::fs::read_to_string(example().join("connect").join(file));
            work.write(format!("benefits/connect/{file}"), text.expect("a document"));
        }
        work.write("benefits/trunkline.yaml", agency.home.read("trunkline.yaml"));
        let server = Self { agency, work, child, token, address };
        server.repository("benefits");
        server
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Serves again, at another address.
    fn again(&mut self) {
        let (child, url) = serve(self.agency);
        self.child = child;
        self.address = url.replace("http://", &format!("http://ann:{}@", self.token));
    }

    /// Makes a folder a repository with one commit; its remote is the hosted one of that name.
    fn repository(&self, name: &str) {
        self.git(name, &["init", "--quiet", "-b", "work"]);
        self.git(name, &["remote", "add", "origin", &self.hosted(name)]);
        self.commit(name, "The first");
    }

    /// The address of a hosted repository.
    fn hosted(&self, name: &str) -> String {
        format!("{}/git/{name}.git", self.address)
    }

    /// Puts a repository's commit on `develop` while nobody serves, and has whoever serves next know it: it starts
    /// nothing.
    fn put(&self, repository: &str) {
        let folder = self.agency.home.join(".trunkline/serve");
        let hosted = folder.join(format!("repositories/{repository}.git")).display().to_string();
        self.git(repository, &["push", "--quiet", &hosted, "HEAD:refs/heads/develop"]);
        let revision = self.git(repository, &["rev-parse", "HEAD"]);
        let store = Store::open(&folder.join("trunkline.db"), Access::Write).expect("a database");
        for pipeline in ["*", "benefits-components", "benefits-dev"] {
            let head = Head {
                pipeline: pipeline.to_owned(),
                repository: repository.to_owned(),
                reference: "refs/heads/develop".to_owned(),
                revision: revision.clone(),
                at: jiff::Timestamp::now(),
            };
            assert!(store.set_head(&head).expect("it can be written"));
        }
    }

    fn git(&self, folder: &str, words: &[&str]) -> String {
        let mut command = self.work.command("git");
        let output = command.args(words).current_dir(self.work.join(folder)).output();
        let output = output.expect("git runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?}: {err}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn commit(&self, folder: &str, message: &str) {
        self.git(folder, &["add", "."]);
        self.git(folder, &["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    fn push(&self, repository: &str, branch: &str) {
        self.git(repository, &["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
    }

    /// The executions of an environment's pipeline, newest first.
    fn executions(&self, pipeline: &str) -> Vec<Value> {
        let ran = self.agency.run(&["pipeline", "show", pipeline, "--json"]);
        let view: Value = serde_json::from_str(&ran.out).unwrap_or_default();
        view["executions"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until a pipeline that was started ends, or somebody is asked; gives the exit code.
    fn watched(&self, pipeline: &str) -> Option<i32> {
        wait_until(&format!("{pipeline} starts"), LIMIT, || self.executions(pipeline).pop());
        self.agency.run(&["pipeline", "watch", pipeline, "--until-asked"]).code
    }

    /// Pushes to a branch and follows what it starts, with the answer that is asked for.
    #[track_caller]
    fn deployed(&self, environment: &str) {
        let name = format!("benefits-{environment}");
        let mut code = self.watched(&name);
        let asks = environment.starts_with("prod");
        assert_eq!(code == Some(5), asks, "{name} asks where its environment says so: {code:?}");
        if asks {
            let plan = self.agency.done(&["pipeline", "logs", &name, "--action", "Plan"]).out;
            assert!(plan.contains("Plan: "), "the plan is there to be seen: {plan}");
            let before = self.agency.done(&["log", "--env", environment]).out;
            assert!(!before.contains("apply"), "nothing is deployed before: {before}");
            self.agency.done(&["pipeline", "approve", &name, "--comment", "Seen"]);
            code = self.watched(&name);
        }
        let logs = self.agency.run(&["pipeline", "logs", &name]);
        assert_eq!(code, Some(0), "{name}\n{}\n{}", logs.out, logs.err);
        assert!(logs.out.contains(&format!("is recorded for {environment}")), "{}", logs.out);
    }
}

/// The agency with all that its instances need, and without the freeze, as the time of day is none of the tests'.
fn agency(wanted: &[&str]) -> Agency {
    let agency = Agency::new();
    let config = agency.home.read("trunkline.yaml").replace(
        ", rate: 0.5,\n               freeze: [\"Mon-Fri 08:00-17:00 America/Chicago\"] }",
        ", rate: 0.5 }",
    );
    assert!(!config.contains("freeze:"), "the freeze is out of the way");
    // An environment that is switched off has its accounts, too.
    agency.home.write("trunkline.yaml", config.replace(", enabled: false", ""));
    let project = agency.project();
    let places: Vec<_> = project.environments.iter().collect();
    let of_use = |name: &str| wanted.is_empty() || wanted.contains(&name);
    places.iter().filter(|p| of_use(&p.name)).for_each(|place| agency.seed(&project, place));
    agency.home.write("trunkline.yaml", config);
    agency
}

/// How many bots an environment's instance knows.
fn bots(agency: &Agency, environment: &str) -> usize {
    let project = agency.project();
    let place = project.environment(environment).expect("it is there");
    let cloud = agency.cloud(place.account.as_str(), place.regions[0].as_str());
    let all = cloud.must("connect", "ListInstances", json!({}));
    let id = &all["InstanceSummaryList"][0]["Id"];
    let bots = cloud.must("connect", "ListBots", json!({ "InstanceId": id, "LexVersion": "V2" }));
    bots["LexBots"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_push_to_each_branch_is_deployed_to_its_environment() {
    let agency = agency(&[]);
    let server = Server::start(&agency);
    // Too early: the release was nowhere before.
    server.push("benefits", "uat");
    assert_eq!(server.watched("benefits-uat"), Some(1), "uat comes after staging");
    for wave in WAVES {
        for (branch, environment) in *wave {
            if *environment == "uat" {
                server.commit("benefits", "The same release again");
            }
            server.push("benefits", branch);
        }
        wave.iter().for_each(|(_, environment)| server.deployed(environment));
    }
    // Content only, for those who try things out.
    assert_eq!((bots(&agency, "qa"), bots(&agency, "sandbox1")), (1, 0));
    // An environment answers to each of its names.
    let release = |name: &str| agency.done(&["log", "--env", name]).out;
    assert_eq!(release("performance"), release("uat"));
    assert!(release("customer-uat").contains("staging / us-east-1"), "{}", release("staging"));
    assert!(release("prod").contains("us-east-1") && release("prod").contains("us-west-2"));

    // The twins are switched off, until the day of a fix.
    for branch in FIXES {
        server.push("benefits", branch);
        assert!(server.executions(&format!("benefits-{branch}")).is_empty(), "{branch} is off");
    }
    let config = agency.home.read("trunkline.yaml").replace(", enabled: false", "");
    agency.home.write("trunkline.yaml", &config);
    server.work.write("benefits/trunkline.yaml", &config);
    server.fix();
    for branch in FIXES {
        server.push("benefits", branch);
        server.deployed(branch);
    }
}

impl Server<'_> {
    /// Commits a fix: the callbacks' queue takes fewer callers.
    fn fix(&self) {
        let file = "benefits/connect/queues/Callbacks.yaml";
        let text = self.work.read(file).replace("MaxContacts: 100", "MaxContacts: 90");
        self.work.write(file, text);
        self.commit("benefits", "Fewer callers wait for a callback");
    }
}

/// The components beside the center's own, with what their builds write down.
const COMPONENTS: &[(&str, &str)] = &[
    ("benefits-connect", "instance"),
    ("benefits-backend-common", "backend"),
    ("benefits-callback-queue", "callbacks"),
    ("benefits-table-data", "data"),
];

#[test]
fn five_components_are_deployed_in_their_order_with_bots_or_without() {
    let agency = agency(&["dev"]);
    let mut server = Server::start(&agency);
    let ran = agency.home.join("ran");
    for (repository, what) in COMPONENTS {
        let line = format!("{what} $Environment $AccountNumber");
        let spec = format!(
            "version: 0.2\nphases: {{ build: {{ commands: ['echo \"{line}\" >> {}'] }} }}\n",
            ran.display()
        );
        server.work.write(format!("{repository}/buildspec.yml"), spec);
        server.repository(repository);
    }
    // Put there without the server, which would start the pipeline with each of them.
    server.kill();
    for repository in COMPONENTS.iter().map(|(repository, _)| *repository).chain(["benefits"]) {
        server.put(repository);
    }
    server.again();
    server.git("benefits", &["remote", "set-url", "origin", &server.hosted("benefits")]);
    let name = "benefits-components";
    let run = |words: &[&str]| {
        let ran = agency.run(&[&["pipeline", "run", name], words].concat());
        assert_eq!(ran.code, Some(0), "{words:?}\n{}\n{}", ran.out, ran.err);
    };
    run(&["--var", "Scope=partial"]);
    let dev = "dev 333344445555";
    let lines = agency.home.read("ran");
    let order: Vec<_> = lines.lines().collect();
    assert_eq!(order, COMPONENTS.iter().map(|(_, w)| format!("{w} {dev}")).collect::<Vec<_>>());
    assert_eq!(began(&agency, name), ["Instance", "Backend", "Callbacks", "Center", "Data"]);
    assert_eq!(bots(&agency, "dev"), 0, "content only");
    run(&[]);
    assert_eq!(bots(&agency, "dev"), 1, "bots and content");

    // A push of the center is for its own pipeline; a tag takes all five.
    server.push("benefits", "develop-2");
    server.commit("benefits", "More");
    server.push("benefits", "develop");
    server.deployed("dev");
    assert_eq!(server.executions(name).len(), 2, "a push to develop starts dev's own pipeline");
    server.git("benefits", &["push", "--quiet", "origin", "HEAD:refs/tags/all-1"]);
    assert_eq!(server.executions(name).len(), 3, "a tag starts all five");
    assert_eq!(server.watched(name), Some(0));
}

/// The stages of a pipeline's newest execution behind its sources, in the order in which their actions began.
fn began(agency: &Agency, pipeline: &str) -> Vec<String> {
    let shown = agency.done(&["pipeline", "show", pipeline, "latest", "--json"]).out;
    let view: Value = serde_json::from_str(&shown).expect("JSON");
    let stages = view["stages"].as_array().expect("stages").iter().skip(1);
    let mut found: Vec<(String, String)> = stages
        .map(|stage| {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            (text(&stage["actions"][0]["startedAt"]), text(&stage["name"]))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn every_pipeline_of_the_agency_is_valid_and_every_environment_has_one() {
    let agency = Agency::new();
    let folder = example().join("pipelines");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let paths: Vec<String> = files.iter().map(|file| format!("pipelines/{file}")).collect();
    let words = ["pipeline", "validate"].into_iter().chain(paths.iter().map(String::as_str));
    agency.done(&words.collect::<Vec<_>>());
    // Notes are no warnings.
    agency.done(&["check", "--strict"]);
    for place in agency.project().environments {
        assert!(files.contains(&format!("{}.yaml", place.name)), "{} has none", place.name);
    }
}
