//! Exports by pipeline: what people built goes through git to whoever follows the branch.

use crate::project::{DATA, Project, action, commands, says, source, stage};
use crate::stage::BUILD;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;
use trunkline_testkit::wait_until;

const LIMIT: Duration = Duration::from_secs(240);

/// The server of a project; it ends with the test.
struct Server(Child);

impl Server {
    /// Begins to serve; looks at branches by itself only at its start.
    fn start(project: &Project) -> Self {
        let mut command = project.stage.command(&["serve", "--port", "0", "--poll", "1440"]);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it has a pipe");
        BufReader::new(out).read_line(&mut line).expect("an address");
        assert!(line.starts_with("http://"), "{line}");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A project whose pipeline `export` commits to `main`, and whose pipeline `follow` tells of each commit.
fn project(schedule: &str) -> Project {
    let project = Project::new();
    let configuration =
        format!("configuration: {{ Environment: rnd, Repository: acme, Branch: main{schedule} }}");
    let rest = ["namespace: exported", configuration.as_str(), "outputArtifacts: [{ name: App }]"];
    let export = action("Export", "Source/Custom/TrunklineExport", &rest);
    let lines = ["echo \"$CHANGED changed\"", "ls connect"];
    let changed = ["environmentVariables: [{ name: CHANGED, value: '#{exported.Changed}' }]"];
    let tell = commands("Tell", "App", &lines, &changed);
    let stages = [stage("Source", &[export]), stage("Tell", &[tell])];
    project.define("export", &stages, "");
    let ran = project.stage.home.join("ran").display().to_string();
    let note = format!("echo $CODEBUILD_RESOLVED_SOURCE_VERSION >> {ran}");
    let stages = [source("main"), stage("Note", &[commands("Note", "App", &[&note], &[])])];
    project.define("follow", &stages, "");
    std::fs::remove_dir_all(project.stage.home.join("connect")).expect("documents to remove");
    project.write(".gitignore", "/.trunkline/\n/ran\n");
    project.push("main", "An empty center");
    project
}

/// The commits that were followed.
fn followed(project: &Project, number: usize) -> Vec<String> {
    let path = project.stage.home.join("ran");
    wait_until(&format!("{number} commits are followed"), LIMIT, || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines.len() >= number).then_some(lines)
    })
}

/// Runs the export at the server, to its end.
#[track_caller]
fn export(project: &Project) {
    let ran = project.run("export", &[]);
    assert_eq!(ran.code, 0, "{}\n{}\n{}", ran.out, ran.err, project.logs("export"));
}

fn ended(project: &Project, status: &str) -> Value {
    wait_until("the export ends", LIMIT, || {
        let view = project.stage.run(&["pipeline", "show", "export", "latest", "--json"]);
        let view: Value = serde_json::from_str(&view.out).ok()?;
        let now = view["status"].as_str()?.to_owned();
        assert!(now == "InProgress" || now == status, "{view}");
        (now == status).then_some(view)
    })
}

fn head(project: &Project) -> String {
    project.git(&["-C", &format!("{DATA}/repositories/acme.git"), "rev-parse", "main"])
}

/// Makes or changes a queue at the console.
fn describe(project: &Project, name: &str, text: &str) {
    let hours = project.stage.id(
        BUILD,
        ("ListHoursOfOperations", "HoursOfOperationSummaryList"),
        "Basic Hours",
    );
    let queues = project.stage.connect(BUILD, "ListQueues", json!({ "MaxResults": 100 }));
    let rows = queues["QueueSummaryList"].as_array().expect("rows");
    match rows.iter().find(|row| row["Name"] == name) {
        Some(row) => {
            let input = json!({ "QueueId": row["Id"], "Name": name, "Description": text });
            project.stage.connect(BUILD, "UpdateQueueName", input);
        }
        None => {
            let input = json!({ "Name": name, "HoursOfOperationId": hours, "Description": text });
            project.stage.connect(BUILD, "CreateQueue", input);
        }
    }
}

#[test]
fn an_export_is_committed_merged_and_followed_at_once() {
    let project = project("");
    describe(&project, "Sales", "as it was");
    let _server = Server::start(&project);
    followed(&project, 1);
    export(&project);
    let first = head(&project);
    assert_eq!(followed(&project, 2)[1], first, "whoever follows the branch was started");
    says(&project.logs("export"), &["A connect/queues/Sales.yaml", "files of rnd changed on main"]);
    says(
        &project.git(&["-C", &format!("{DATA}/repositories/acme.git"), "log", "-1", "--format=%s"]),
        &["rnd"],
    );

    // Nothing changed: no commit, nobody is started.
    export(&project);
    says(&project.logs("export"), &["rnd holds what main says", "0 changed"]);
    assert_eq!(head(&project), first);

    // The console and the repository changed different things: both stay.
    project.git(&["pull", "--quiet", "origin", "main"]);
    let text = project.stage.home.read("connect/queues/Sales.yaml");
    project.write("connect/queues/Sales.yaml", text.replace("as it was", "as the repository says"));
    project.push("main", "Say it otherwise");
    describe(&project, "Support", "new");
    export(&project);
    project.git(&["pull", "--quiet", "origin", "main"]);
    says(&project.stage.home.read("connect/queues/Sales.yaml"), &["as the repository says"]);
    says(&project.stage.home.read("connect/queues/Support.yaml"), &["new"]);
    let merged = head(&project);
    assert!(followed(&project, 3).contains(&merged));

    // Both changed the same: the export fails, and pushes nothing.
    describe(&project, "Sales", "as the console says");
    let ran = project.run("export", &[]);
    assert_eq!(ran.code, 1, "{}\n{}", ran.out, ran.err);
    says(&project.logs("export"), &["Sales"]);
    assert_eq!(head(&project), merged);
}

#[test]
fn an_export_that_was_due_while_nobody_served_is_made_up_for() {
    let project = project(", Schedule: '0 3 * * *'");
    describe(&project, "Sales", "by night");
    drop(Server::start(&project));
    let store = trunkline_store::Store::open(
        &project.stage.home.join(DATA).join("trunkline.db"),
        trunkline_store::Access::Write,
    );
    let store = store.expect("the database");
    let known = || {
        let heads = store.heads().expect("they can be read");
        heads.into_iter().find(|head| head.repository == "schedule")
    };
    // It was killed soon after its start.
    let mut known = known().unwrap_or_else(|| trunkline_store::Head {
        pipeline: "export".to_owned(),
        repository: "schedule".to_owned(),
        reference: "0 3 * * * UTC".to_owned(),
        revision: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
    });
    known.revision = "2026-01-01T00:00:00Z".to_owned();
    store.set_head(&known).expect("it is written");
    drop(store);
    let _server = Server::start(&project);
    let view = wait_until("the export begins", LIMIT, || {
        let view = project.stage.run(&["pipeline", "show", "export", "latest", "--json"]);
        serde_json::from_str::<Value>(&view.out).ok().filter(|_| view.code == 0)
    });
    says(&view["trigger"].to_string(), &["schedule 0 3 * * *"]);
    ended(&project, "Succeeded");
    says(
        &project.git(&[
            "-C",
            &format!("{DATA}/repositories/acme.git"),
            "show",
            "main:connect/queues/Sales.yaml",
        ]),
        &["by night"],
    );
}
