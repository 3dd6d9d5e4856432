//! A project, its server as a process of its own, and the client of git. Everything ends with the test.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use trunkline_store::{Access, Store};
use trunkline_testkit::{Home, wait_until};

pub(crate) const LIMIT: Duration = Duration::from_secs(240);

const CONFIG: &str = "\
version: 1
project: acme
environments:
  uat: { account: \"444455556666\", regions: [us-west-2], instance: acme-uat, branch: uat, enabled: false }
";

/// The command that serves the project.
pub(crate) const SERVE: &[&str] =
    &["serve", "--port", "0", "--poll", "60", "--project", "project", "--data", "data"];

/// A project in a home, and its server while it runs.
pub(crate) struct Server {
    pub(crate) home: Home,
    child: Option<Child>,
    pub(crate) url: String,
    /// What its commands see beside the home's own variables.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Server {
    /// A project without pipelines; nothing runs yet.
    pub(crate) fn new() -> Self {
        let home = Home::new();
        home.write("project/trunkline.yaml", CONFIG);
        std::fs::create_dir(home.join("project/.git")).expect("the search for a project ends here");
        std::fs::create_dir(home.join("data")).expect("a folder can be made");
        Self { home, child: None, url: String::new(), variables: Vec::new() }
    }

    /// Adds a pipeline: its source action, its triggers as YAML, and a command that it runs.
    pub(crate) fn pipeline(&self, name: &str, source: &str, triggers: &str, command: &str) {
        let text = format!(
            "pipeline:\n  name: {name}\n  roleArn: arn:aws:iam::111122223333:role/pipeline\n  \
             artifactStore: {{ type: S3, location: artifacts }}\n  pipelineType: V2\n{triggers}  stages:\n  \
             - name: Source\n    actions:\n    - name: Git\n      actionTypeId: {source}\n      \
             outputArtifacts: [{{ name: Code }}]\n  - name: Test\n    actions:\n    - name: Run\n      \
             actionTypeId: {{ category: Compute, owner: AWS, provider: Commands, version: \"1\" }}\n      \
             inputArtifacts: [{{ name: Code }}]\n      commands: ['{command}']\n"
        );
        self.home.write(format!("project/pipelines/{name}.yaml"), text);
    }

    /// A pipeline that follows `main` of the hosted repository `web` and notes what it found in `ran`.
    pub(crate) fn hosted(&self) {
        let command = format!("cat page.txt >> {}", self.home.join("ran").display());
        self.pipeline("web", &hosted_source("web", "main"), "", &command);
    }

    /// Begins to serve.
    pub(crate) fn start(&mut self) {
        let command = self.command(SERVE);
        self.start_with(command);
    }

    /// Begins to serve by a command, which is `SERVE` in one way or another.
    pub(crate) fn start_with(&mut self, mut command: Command) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it has a pipe");
        let _ = BufReader::new(out).read_line(&mut line);
        let mut err = child.stderr.take().expect("it has a pipe");
        if line.is_empty() {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            let _ = child.wait();
            panic!("the server did not start: {text}");
        }
        // Read to the end, so that the server never waits for us.
        std::thread::spawn(move || std::io::copy(&mut err, &mut std::io::sink()));
        self.url = line.trim().to_owned();
        self.child = Some(child);
    }

    /// The number of the server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Kills the server, which can do nothing about it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours");
            child.wait().expect("it is ours");
        }
    }

    /// Asks the server to end, and waits for it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = child.id().to_string();
            let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
            assert!(asked.success());
            let ended =
                wait_until("the server ends", LIMIT, || child.try_wait().expect("it is ours"));
            assert!(ended.success(), "{ended}");
        }
    }

    /// A command of the program.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(env!("CARGO_BIN_EXE_trunkline"));
        command.args(arguments).env("WEB_SECRET", "first").env("WEB_SECRET_2", "second");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs git in a folder of the home.
    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) -> Output {
        let mut command = self.home.command("git");
        command.current_dir(self.home.join(folder)).args(arguments);
        command.env("GIT_TERMINAL_PROMPT", "0").output().expect("git is there")
    }

    /// Runs git, which must work; returns what it printed.
    #[track_caller]
    pub(crate) fn must(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.git(folder, arguments);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {err}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The address of a repository elsewhere, read through a mirror; `trunkline.yaml` says where it is.
    pub(crate) fn origin(&self, name: &str) -> String {
        let folder = self.home.join("origin.git");
        let address = format!("file://{}", folder.display());
        if !folder.exists() {
            std::fs::create_dir(&folder).expect("a folder can be made");
            self.must("origin.git", &["init", "--quiet", "--bare", "--initial-branch=main", "."]);
            let config = self.home.read("project/trunkline.yaml");
            let config = format!("{config}repositories:\n  {name}: {address}\n");
            self.home.write("project/trunkline.yaml", config);
        }
        address
    }

    /// A clone without a remote, in `work`.
    pub(crate) fn work(&self) {
        std::fs::create_dir(self.home.join("work")).expect("a folder can be made");
        self.must("work", &["init", "--quiet", "--initial-branch=main"]);
    }

    /// Commits a file; returns the commit.
    pub(crate) fn commit(&self, path: &str, text: &str) -> String {
        self.home.write(format!("work/{path}"), text);
        self.must("work", &["add", "."]);
        self.must("work", &["commit", "--quiet", "-m", path]);
        self.must("work", &["rev-parse", "HEAD"])
    }

    /// A token for git.
    pub(crate) fn token(&self, name: &str, more: &[&str]) -> String {
        let arguments = [&["serve", "token", "add", name, "--data", "../data"], more].concat();
        let mut command = self.command(&arguments);
        let output = command.current_dir(self.home.join("project")).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The address of a hosted repository, with a token.
    pub(crate) fn repository(&self, name: &str, token: &str) -> String {
        format!("{}/git/{name}.git", self.url.replace("http://", &format!("http://git:{token}@")))
    }

    /// Sends a request; returns status and body.
    pub(crate) fn http(&self, head: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("the server listens");
        let mut text = format!("{head} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in [("Host", host), ("Content-Length", &body.len().to_string())] {
            if !headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        // A server that refuses early may close before all is sent.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(body));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// What callers of the API have to send.
    pub(crate) fn bearer(&self) -> String {
        let info: Value = serde_json::from_str(&self.home.read("data/server.json")).expect("JSON");
        format!("Bearer {}", info["token"].as_str().expect("a token"))
    }

    /// Gives a command; returns status and body.
    pub(crate) fn tell(&self, pipeline: &str, command: &Value) -> (u16, Value) {
        let head = format!("POST /api/pipelines/{pipeline}/commands");
        let bearer = self.bearer();
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        self.http(&head, &headers, command.to_string().as_bytes())
    }

    /// Asks the API.
    pub(crate) fn api(&self, path: &str) -> Value {
        let headers = [("Authorization", &*self.bearer())];
        let (status, body) = self.http(&format!("GET /api/{path}"), &headers, b"");
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The executions of a pipeline, newest first.
    pub(crate) fn executions(&self, pipeline: &str) -> Vec<Value> {
        let body = self.api(&format!("pipelines/{pipeline}/executions"));
        body["executions"].as_array().expect("a list").clone()
    }

    /// Waits until the newest execution of a pipeline succeeded.
    #[track_caller]
    pub(crate) fn succeeded(&self, pipeline: &str) {
        wait_until(&format!("{pipeline} succeeds"), LIMIT, || {
            let newest = self.executions(pipeline).into_iter().next()?;
            assert_ne!(newest["status"], "Failed", "{newest}");
            (newest["status"] == "Succeeded").then_some(())
        });
    }

    /// Waits until the server has looked at a repository elsewhere, as it does once it listens. A push before that may
    /// be found by that look, and then not by who tells of it.
    pub(crate) fn has_looked_at(&self, name: &str) {
        let path = self.home.join("data/trunkline.db");
        wait_until(&format!("{name} is looked at"), LIMIT, || {
            let heads = Store::open(&path, Access::Read).ok()?.heads_of(name).ok()?;
            (!heads.is_empty()).then_some(())
        });
    }

    /// Waits for a text in the file `ran`.
    #[track_caller]
    pub(crate) fn ran(&self, text: &str) {
        let path = self.home.join("ran");
        wait_until(&format!("the pipeline ran: {text:?}"), LIMIT, || {
            std::fs::read_to_string(&path).ok().filter(|found| found == text)
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A source action of CodeCommit, as YAML.
pub(crate) fn hosted_source(repository: &str, branch: &str) -> String {
    format!(
        "{{ category: Source, owner: AWS, provider: CodeCommit, version: \"1\" }}\n      configuration: {{ \
         RepositoryName: {repository}, BranchName: {branch} }}"
    )
}

/// A source action of a connection, as YAML.
pub(crate) fn connected_source(repository: &str) -> String {
    format!(
        "{{ category: Source, owner: AWS, provider: CodeStarSourceConnection, version: \"1\" }}\n      \
         configuration: {{ ConnectionArn: \"arn:aws:codeconnections:us-west-2:111122223333:connection/aaaa\", \
         FullRepositoryId: {repository}, BranchName: main }}"
    )
}
