//! Diagnostics: findings and errors as values, with a stable code. Rendering is the binary's work.
//!
//! `CODES` lists every code with its exit kind; `docs/diagnostics/CODE.md` has the long form that
//! `trunkline explain` prints. A test in the binary holds the two together.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Does not stop the command; `--strict` counts it.
    Warning,
    /// Stops the command.
    Error,
}

/// Where a finding is: as much of it as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// A file, relative to the project where it lies inside.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// The resource, such as `flow "Main"`, or the target, such as `prod / us-west-2`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// A block or field inside it, such as `block "Main menu" > Parameters.Text`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
}

/// A finding or an error: what, where, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// A code of `CODES`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Where.
    #[serde(default)]
    pub place: Place,
    /// Reasons and facts, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do, with an exact command where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub help: Option<String>,
}

impl Diagnostic {
    /// Makes an error.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// Makes a warning.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    /// Makes a note.
    pub fn note(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message.into())
    }

    fn new(code: &str, severity: Severity, message: String) -> Self {
        debug_assert!(code_info(code).is_some(), "{code} is not in CODES");
        let place = Place::default();
        Self { code: code.to_owned(), severity, message, place, notes: Vec::new(), help: None }
    }

    /// Sets the file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.place.file = Some(file.into());
        self
    }

    /// Sets line and column, both from 1.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.place.line = Some(line);
        self.place.column = Some(column);
        self
    }

    /// Sets the resource or target.
    #[must_use]
    pub fn on(mut self, subject: impl Into<String>) -> Self {
        self.place.subject = Some(subject.into());
        self
    }

    /// Sets the block or field.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.place.path = Some(path.into());
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn because(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Wraps the error as the only one of a report.
    pub fn report(self) -> Report {
        Report(vec![self])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.message)
    }
}

/// Everything that is wrong at once; the error type of whole operations. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report(pub Vec<Diagnostic>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            write!(f, "{}{diagnostic}", if i > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

impl From<Diagnostic> for Report {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// What kind of end an error makes; the binary maps it to an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// 1: it failed.
    Failed,
    /// 3: a verdict is negative.
    Verdict,
    /// 4: credentials or sign-in missing, expired or refused.
    Credentials,
    /// 5: stopped until a person decides, for example because a plan is stale.
    Waiting,
    /// 64: bad usage or bad input files.
    Usage,
}

/// One code of the table.
pub struct CodeInfo {
    /// `TL` and four digits; never reused.
    pub code: &'static str,
    /// A short title.
    pub title: &'static str,
    /// How a command ends that stops at it.
    pub exit: ExitKind,
}

/// Returns what is known of a code.
pub fn code_info(code: &str) -> Option<&'static CodeInfo> {
    CODES.iter().find(|c| c.code == code)
}

const fn code(code: &'static str, title: &'static str, exit: ExitKind) -> CodeInfo {
    CodeInfo { code, title, exit }
}

/// Every code. 01 configuration, 02 documents and references, 03 flows, 04 plans, 05 applies,
/// 06 AWS and credentials, 07 exports and merges, 08 pipelines and builds,
/// 09 the program itself.
pub const CODES: &[CodeInfo] = &[
    code("TL0101", "the configuration is not valid YAML", ExitKind::Usage),
    code("TL0102", "a required setting is missing", ExitKind::Usage),
    code("TL0103", "an account id is not a text of 12 digits", ExitKind::Usage),
    code("TL0104", "a name stands for two environments", ExitKind::Usage),
    code("TL0105", "no such environment", ExitKind::Usage),
    code("TL0106", "a setting has a wrong value", ExitKind::Usage),
    code("TL0107", "an unknown setting", ExitKind::Usage),
    code("TL0108", "the configuration needs another version of Trunkline", ExitKind::Usage),
    code("TL0109", "no trunkline.yaml was found", ExitKind::Usage),
    code("TL0110", "the environment does not have that region", ExitKind::Usage),
    code("TL0111", "the environment is switched off", ExitKind::Usage),
    code("TL0112", "the environment is built in, not deployed to", ExitKind::Usage),
    code("TL0113", "a release was not where it has to be first", ExitKind::Waiting),
    code("TL0114", "an action's configuration is wrong", ExitKind::Usage),
    code("TL0201", "a document is not valid JSON or YAML", ExitKind::Failed),
    code("TL0202", "a document lacks a field or has a wrong one", ExitKind::Failed),
    code("TL0203", "two documents have one name", ExitKind::Failed),
    code("TL0204", "a reference stands for nothing", ExitKind::Failed),
    code("TL0205", "a reference cannot be read", ExitKind::Failed),
    code("TL0206", "a reference has no value in the target", ExitKind::Failed),
    code("TL0207", "a binding has no value for this environment", ExitKind::Failed),
    code("TL0208", "a file cannot be read or written", ExitKind::Failed),
    code("TL0209", "a field is not managed", ExitKind::Failed),
    code("TL0301", "a flow is in the console's old format", ExitKind::Failed),
    code("TL0302", "a flow is too large", ExitKind::Failed),
    code("TL0303", "a flow is not in the flow language", ExitKind::Failed),
    code("TL0304", "the service would refuse to publish a flow", ExitKind::Verdict),
    code("TL0401", "the instance does not exist", ExitKind::Failed),
    code("TL0402", "the instance's alias is not the one expected", ExitKind::Failed),
    code("TL0403", "the plan is stale", ExitKind::Waiting),
    code("TL0404", "a saved plan cannot be read", ExitKind::Usage),
    code("TL0405", "a draft would be overwritten", ExitKind::Failed),
    code("TL0406", "a change that the service cannot make", ExitKind::Failed),
    code("TL0407", "a cycle that cannot be broken", ExitKind::Failed),
    code("TL0408", "a prompt needs a staging bucket", ExitKind::Failed),
    code("TL0409", "a field was changed in the instance", ExitKind::Waiting),
    code("TL0410", "a resource belongs to another project", ExitKind::Failed),
    code("TL0411", "a resource belongs to no project", ExitKind::Failed),
    code("TL0412", "a resource was deleted in the instance", ExitKind::Failed),
    code("TL0413", "a new name is taken", ExitKind::Failed),
    code("TL0423", "no room for another tag", ExitKind::Failed),
    code("TL0430", "the instance is a replica of another region's", ExitKind::Usage),
    code("TL0501", "a step failed", ExitKind::Failed),
    code("TL0502", "a resource changed since the plan", ExitKind::Waiting),
    code("TL0503", "somebody else's resource has that name", ExitKind::Failed),
    code("TL0504", "the journal cannot be written or read", ExitKind::Failed),
    code("TL0505", "nobody is there to confirm", ExitKind::Usage),
    code("TL0506", "interrupted; what was done is journalled", ExitKind::Failed),
    code("TL0507", "a flow was applied as a draft", ExitKind::Verdict),
    code("TL0508", "somebody else works on the target", ExitKind::Waiting),
    code("TL0509", "somebody else took over the run or the target", ExitKind::Failed),
    code("TL0510", "a run cannot be resumed", ExitKind::Usage),
    code("TL0520", "the state store cannot be used", ExitKind::Failed),
    code("TL0521", "something in the state store cannot be read", ExitKind::Failed),
    code("TL0522", "the state store needs another version of Trunkline", ExitKind::Usage),
    code("TL0523", "there is no such run", ExitKind::Usage),
    code("TL0524", "the instance is another one than before", ExitKind::Waiting),
    code("TL0525", "a lock was taken over", ExitKind::Failed),
    code("TL0530", "something cannot be undone", ExitKind::Verdict),
    code("TL0531", "a rollback leaves something as it is", ExitKind::Verdict),
    code("TL0532", "a run cannot be rolled back", ExitKind::Usage),
    code("TL0533", "what is still used is not taken out of use", ExitKind::Verdict),
    code("TL0534", "a region that no pipeline deploys", ExitKind::Verdict),
    code("TL0545", "a deployment would undo a fix", ExitKind::Waiting),
    code("TL0546", "whether a fix would be undone is not known", ExitKind::Waiting),
    code("TL0601", "no credentials", ExitKind::Credentials),
    code("TL0602", "credentials expired", ExitKind::Credentials),
    code("TL0603", "a role may not be assumed", ExitKind::Credentials),
    code("TL0604", "a call is not permitted", ExitKind::Failed),
    code("TL0605", "AWS refused a call", ExitKind::Failed),
    code("TL0606", "AWS cannot be reached", ExitKind::Failed),
    code("TL0607", "a quota is used up", ExitKind::Failed),
    code("TL0608", "an answer cannot be understood", ExitKind::Failed),
    code("TL0610", "a freeze window holds", ExitKind::Waiting),
    code("TL0611", "only a pipeline may apply here", ExitKind::Waiting),
    code("TL0612", "permissions are missing", ExitKind::Failed),
    code("TL0613", "the roles cannot be deployed", ExitKind::Failed),
    code("TL0614", "a quota is nearly used up", ExitKind::Failed),
    code("TL0615", "a quota would be exceeded", ExitKind::Failed),
    code("TL0616", "a quota is not known", ExitKind::Failed),
    code("TL0617", "a replica does not hold what was written", ExitKind::Failed),
    code("TL0618", "a replica has another resource of that name", ExitKind::Failed),
    code("TL0619", "an environment may not be probed", ExitKind::Usage),
    code("TL0620", "the clock is wrong", ExitKind::Failed),
    code("TL0701", "something in the instance cannot be named", ExitKind::Failed),
    code("TL0702", "the instance holds drafts that were not exported", ExitKind::Failed),
    code("TL0703", "a response field is not managed", ExitKind::Failed),
    code("TL0710", "a document has conflict markers", ExitKind::Failed),
    code("TL0711", "the renames cannot be read", ExitKind::Failed),
    code("TL0712", "changes that are not committed stand in the way", ExitKind::Failed),
    code("TL0713", "an export and the repository changed the same thing", ExitKind::Waiting),
    code("TL0714", "git cannot do what it was asked", ExitKind::Failed),
    code("TL0715", "a selection leaves out what it refers to", ExitKind::Failed),
    code("TL0716", "a selection takes nothing", ExitKind::Usage),
    code("TL0718", "a revision cannot be had", ExitKind::Failed),
    code("TL0719", "an artifact is not what it was", ExitKind::Failed),
    code("TL0740", "a queue cannot be read", ExitKind::Failed),
    code("TL0741", "a message of a queue cannot be read", ExitKind::Failed),
    code("TL0801", "a pipeline's file cannot be read", ExitKind::Verdict),
    code("TL0802", "a file holds no pipeline", ExitKind::Verdict),
    code("TL0803", "a member of a pipeline is missing", ExitKind::Verdict),
    code("TL0804", "a member of a pipeline has a wrong value", ExitKind::Verdict),
    code("TL0805", "an unknown member of a pipeline", ExitKind::Verdict),
    code("TL0806", "a name in a pipeline is not allowed", ExitKind::Verdict),
    code("TL0807", "too many or too few in a pipeline", ExitKind::Verdict),
    code("TL0808", "two things in a pipeline have one name", ExitKind::Verdict),
    code("TL0809", "source actions are not where they belong", ExitKind::Verdict),
    code("TL0810", "an artifact that no earlier action makes", ExitKind::Verdict),
    code("TL0811", "a wrong number of artifacts", ExitKind::Verdict),
    code("TL0812", "no such type of action", ExitKind::Verdict),
    code("TL0813", "a provider that is not carried out here", ExitKind::Verdict),
    code("TL0814", "an unknown key in an action's configuration", ExitKind::Verdict),
    code("TL0815", "an action's configuration lacks a key", ExitKind::Verdict),
    code("TL0816", "a value in an action's configuration is wrong", ExitKind::Verdict),
    code("TL0817", "a variable that cannot be resolved", ExitKind::Verdict),
    code("TL0818", "a trigger or a filter is wrong", ExitKind::Verdict),
    code("TL0819", "a pipeline of type V1 uses a feature of V2", ExitKind::Verdict),
    code("TL0820", "a condition of a stage is wrong", ExitKind::Verdict),
    code("TL0821", "a command of an action is wrong", ExitKind::Verdict),
    code("TL0822", "a template cannot be evaluated", ExitKind::Verdict),
    code("TL0823", "a value of a template is not known here", ExitKind::Verdict),
    code("TL0824", "a setting of a pipeline is probably not meant", ExitKind::Verdict),
    code("TL0825", "a build project is wrong", ExitKind::Verdict),
    code("TL0826", "a build project is not defined here", ExitKind::Verdict),
    code("TL0830", "a buildspec is not valid YAML", ExitKind::Verdict),
    code("TL0831", "the version of a buildspec is missing or unknown", ExitKind::Verdict),
    code("TL0832", "an unknown key in a buildspec", ExitKind::Verdict),
    code("TL0833", "a key of a buildspec is missing", ExitKind::Verdict),
    code("TL0834", "a buildspec has a wrong value", ExitKind::Verdict),
    code("TL0835", "a key of a buildspec has no effect", ExitKind::Verdict),
    code("TL0836", "a buildspec asks for what is not carried out", ExitKind::Verdict),
    code("TL0837", "the id of a secret cannot be read", ExitKind::Verdict),
    code("TL0838", "a build cannot use a variable's name", ExitKind::Verdict),
    code("TL0839", "a key of a buildspec stands twice", ExitKind::Verdict),
    code("TL0840", "a report cannot be read", ExitKind::Failed),
    code("TL0850", "a secret is too short to be masked", ExitKind::Usage),
    code("TL0851", "a build needs a tool that is not there", ExitKind::Failed),
    code("TL0852", "commands cannot run as another user", ExitKind::Failed),
    code("TL0853", "a variable of a build has no value", ExitKind::Failed),
    code("TL0854", "an artifact is damaged", ExitKind::Failed),
    code("TL0855", "an artifact is unsafe", ExitKind::Failed),
    code("TL0856", "a build used more than it may", ExitKind::Failed),
    code("TL0857", "an artifact cannot be opened with this key", ExitKind::Failed),
    code("TL0858", "the machine failed a build", ExitKind::Failed),
    code("TL0859", "no file matches an artifact", ExitKind::Failed),
    code("TL0860", "a command of a build failed", ExitKind::Failed),
    code("TL0861", "the key of artifacts cannot be used", ExitKind::Usage),
    code("TL0862", "a container of a build has no image", ExitKind::Usage),
    code("TL0880", "the data folder needs another version of Trunkline", ExitKind::Usage),
    code("TL0881", "the database is damaged", ExitKind::Failed),
    code("TL0882", "there is no room to write", ExitKind::Failed),
    code("TL0883", "the data folder is in use", ExitKind::Failed),
    code("TL0884", "the data folder cannot be used", ExitKind::Failed),
    code("TL0885", "there is no such pipeline, stage or action", ExitKind::Usage),
    code("TL0886", "there is no such execution", ExitKind::Usage),
    code("TL0887", "the pipeline cannot do that now", ExitKind::Failed),
    code("TL0888", "the server does not answer", ExitKind::Failed),
    code("TL0889", "too many executions are under way", ExitKind::Failed),
    code("TL0890", "the server cannot start", ExitKind::Failed),
    code("TL0891", "the server refuses a request", ExitKind::Failed),
    code("TL0892", "the server refuses a webhook", ExitKind::Failed),
    code("TL0893", "a setting of the server is wrong", ExitKind::Usage),
    code("TL0894", "a repository cannot be fetched", ExitKind::Failed),
    code("TL0895", "the server cannot use git", ExitKind::Failed),
    code("TL0896", "an event could not be told", ExitKind::Failed),
    code("TL0901", "bad usage of a command", ExitKind::Usage),
    code("TL0902", "an internal error", ExitKind::Failed),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<_> = CODES.iter().map(|c| c.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
