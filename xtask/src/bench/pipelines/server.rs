//! A server of pipelines as a process, what it is sent, and how commands of its pipelines are heard: a command
//! writes a word into a named pipe, and the time is when it arrives here. No process is started for that, so what is
//! measured is the fork of the command's shell, the shell's own start, and waking up here.

use super::definitions::{self, REPOSITORY};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Words from commands, with the time at which they came.
pub(super) struct Ear {
    pub(super) path: PathBuf,
    words: Receiver<(String, Instant)>,
}

impl Ear {
    pub(super) fn new(path: PathBuf) -> Result<Self> {
        let made = Command::new("mkfifo").arg(&path).status().context("mkfifo")?;
        ensure!(made.success(), "mkfifo failed");
        // Open for writing too: it has no end while nobody writes.
        let file = fs::OpenOptions::new().read(true).write(true).open(&path)?;
        let (sender, words) = channel();
        std::thread::spawn(move || {
            for line in BufReader::with_capacity(4096, file).lines().map_while(Result::ok) {
                if sender.send((line, Instant::now())).is_err() {
                    return;
                }
            }
        });
        Ok(Self { path, words })
    }

    /// A shell command that says a word: builtins only.
    pub(super) fn say(&self, word: &str) -> String {
        format!("echo {word} >'{}'", self.path.display())
    }

    /// When a word comes next.
    pub(super) fn hear(&self, word: &str) -> Result<Instant> {
        loop {
            let (heard, at) = self
                .words
                .recv_timeout(PATIENCE)
                .with_context(|| format!("no command said `{word}`"))?;
            if heard == word {
                return Ok(at);
            }
        }
    }

    /// Forgets what was said so far.
    pub(super) fn forget(&self) {
        while self.words.try_recv().is_ok() {}
    }
}

/// A server that runs, ended on drop.
pub(super) struct Server {
    binary: PathBuf,
    folder: PathBuf,
    process: Child,
    pub(super) url: String,
    /// From its start to its address.
    pub(super) started_in: Duration,
    deliveries: usize,
}

/// Makes a project with pipelines in a folder.
pub(super) fn project(folder: &Path, ear: &Ear) -> Result<()> {
    let pipelines = folder.join("project/pipelines");
    fs::create_dir_all(&pipelines)?;
    // The search for a project ends here.
    fs::create_dir_all(folder.join("project/.git"))?;
    fs::create_dir_all(folder.join("data"))?;
    let config = "version: 1\nproject: bench\nenvironments:\n  prod: { account: \"444455556666\", regions: [us-west-2], instance: bench }\n";
    fs::write(folder.join("project/trunkline.yaml"), config)?;
    for (name, definition) in definitions::all(|word| ear.say(word)) {
        fs::write(pipelines.join(format!("{name}.json")), format!("{definition:#}\n"))?;
    }
    let hooks = format!(
        "version: 1\nwebhooks:\n  {REPOSITORY}: {{ provider: gitlab, secrets: [{{ env: BENCH_SECRET }}] }}\n"
    );
    Ok(fs::write(folder.join("data/server.yaml"), hooks)?)
}

impl Server {
    /// Starts a server of the project in a folder.
    pub(super) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let log = fs::File::create(folder.join("server.log"))?;
        let started = Instant::now();
        let mut process = program(binary, folder, &["serve", "--port", "0", "--poll", "60"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the server")?;
        let mut url = String::new();
        let out = process.stdout.take().context("the server's stdout")?;
        BufReader::new(out).read_line(&mut url)?;
        let started_in = started.elapsed();
        let url = url.trim().to_owned();
        if !url.starts_with("http://") {
            process.wait()?;
            bail!("the server did not start: {}", fs::read_to_string(folder.join("server.log"))?);
        }
        let (binary, folder) = (binary.to_owned(), folder.to_owned());
        Ok(Self { binary, folder, process, url, started_in, deliveries: 0 })
    }

    /// A command of the program, with the server's data.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        program(&self.binary, &self.folder, words)
    }

    /// The folder of the hosted repository.
    pub(super) fn repository(&self) -> PathBuf {
        self.folder.join("data/repositories").join(format!("{REPOSITORY}.git"))
    }

    /// The server's process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells of a push by a webhook; gives the time at which all of it was sent.
    pub(super) fn webhook(&mut self, branch: &str, after: &str) -> Result<Instant> {
        self.deliveries += 1;
        let body = format!(
            "{{\"object_kind\":\"push\",\"ref\":\"refs/heads/{branch}\",\"before\":\"{after}\",\"after\":\"{after}\"}}"
        );
        let headers = format!(
            "X-Gitlab-Token: {SECRET}\r\nwebhook-id: {}-{}\r\nContent-Type: application/json\r\n",
            self.process.id(),
            self.deliveries
        );
        let address = self.url.trim_start_matches("http://");
        post(address, &format!("/webhooks/gitlab/{REPOSITORY}"), &headers, &body)
    }

    /// Waits until the newest execution of a pipeline has ended, and asks how.
    pub(super) fn succeeded(&self, pipeline: &str) -> Result<()> {
        let mut command = self.command(&["pipeline", "watch", pipeline, "latest"]);
        let output = command.args(["--data", "../data"]).output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the pipeline {pipeline} did not succeed: {text}");
        Ok(())
    }

    /// A token for git.
    pub(super) fn token(&self) -> Result<String> {
        let mut command = self.command(&["serve", "token", "add", "bench"]);
        let output = command.args(["--data", "../data"]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_whitespace().last().map(str::to_owned).context("a token")
    }
}

const SECRET: &str = "a-secret-of-the-bench";

fn program(binary: &Path, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(words).current_dir(folder.join("project")).env("BENCH_SECRET", SECRET);
    if words.first() == Some(&"serve") && words.get(1) != Some(&"token") {
        command.args(["--data", "../data"]);
    }
    command
}

/// Sends a request; gives the time at which all of it was sent. The answer must be a success.
pub(super) fn post(address: &str, path: &str, headers: &str, body: &str) -> Result<Instant> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let sent = Instant::now();
    std::thread::spawn(move || {
        let mut answer = String::new();
        // Who waits for the command would learn of a failure; here it is said why.
        if stream.read_to_string(&mut answer).is_ok() && !answer.starts_with("HTTP/1.1 20") {
            eprintln!("a hook was answered: {answer}");
        }
    });
    Ok(sent)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end, so that nothing of it stays.
        let pid = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        if !asked.is_ok_and(|status| status.success()) {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}
