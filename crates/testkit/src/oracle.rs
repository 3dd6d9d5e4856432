//! The oracle of `tests/oracle`, as a process that answers requests: what an instance must hold by the
//! documents, and what it does hold. It needs a Python with boto3, which `TRUNKLINE_ORACLE` names; tests that
//! find none say so and use what weaker means they have.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running oracle, ended on drop.
pub struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts one; None where `TRUNKLINE_ORACLE` names no Python.
    pub fn start() -> Option<Self> {
        let python = PathBuf::from(std::env::var_os("TRUNKLINE_ORACLE")?);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut child = Command::new(&python)
            .arg("-B")
            .arg(root.join("tests/oracle/serve.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", python.display()));
        let questions = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Some(Self { child, questions, answers })
    }

    /// The differences between what a project's documents say and what an instance of the lab holds.
    #[track_caller]
    pub fn differences(
        &mut self,
        project: &Path,
        environment: &str,
        endpoint: &str,
    ) -> Vec<String> {
        self.differences_in(project, environment, endpoint, None)
    }

    /// The same in one region; None is the environment's first.
    #[track_caller]
    pub fn differences_in(
        &mut self,
        project: &Path,
        environment: &str,
        endpoint: &str,
        region: Option<&str>,
    ) -> Vec<String> {
        let answer = self.ask(&json!({
            "do": "differences", "project": project, "env": environment, "endpoint": endpoint,
            "users": true, "region": region,
        }));
        serde_json::from_value(answer["lines"].clone()).expect("a list of texts")
    }

    /// Everything that an instance holds in managed fields, by `kind:name`.
    #[track_caller]
    pub fn dump(&mut self, endpoint: &str, account: &str, region: &str, alias: &str) -> Value {
        let question = json!({
            "do": "dump", "endpoint": endpoint, "account": account, "region": region, "alias": alias,
        });
        self.ask(&question)["dump"].take()
    }

    #[track_caller]
    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("the oracle listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the oracle answers");
        let answer: Value = serde_json::from_str(&line).expect("the oracle answers in JSON");
        assert!(answer["error"].is_null(), "{}", answer["error"].as_str().unwrap_or_default());
        answer
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
