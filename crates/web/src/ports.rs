//! What the handlers need from outside. The binary implements these; tests implement them in a few lines.

use crate::events::Event;
use crate::tokens::Access;
use jiff::Timestamp;
use serde_json::Value;
use std::path::PathBuf;
use std::pin::Pin;
use trunkline_model::Report;

/// Work that ends later, of a trait that is used as an object.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The repositories that are hosted.
pub trait Repositories: Send + Sync + 'static {
    /// The folder of a hosted repository; nothing where none has that name. Makes it where it is not there yet.
    fn find<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Option<Hosted>, Report>>;

    /// What a token may do; nothing where it is unknown.
    fn access(&self, token: &str) -> Option<Access>;

    /// Somebody's push has ended, well or not: refs may have changed. What it leads to is durable when this is
    /// ready; the client of git waits for it.
    fn pushed<'a>(&'a self, name: &'a str) -> Boxed<'a, ()>;
}

/// A hosted repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// The folder that holds it; git's project root.
    pub root: PathBuf,
    /// Its folder in there, `NAME.git`.
    pub folder: String,
}

/// Who sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// GitHub and GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Data Center.
    BitbucketServer,
}

impl Provider {
    /// All, by the word that stands in addresses and settings.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("github", Self::GitHub),
        ("gitlab", Self::GitLab),
        ("bitbucket", Self::Bitbucket),
        ("bitbucket-server", Self::BitbucketServer),
    ];

    /// The provider of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(w, _)| *w == word).map(|(_, p)| *p)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, p)| *p == self).map_or("", |(w, _)| w)
    }
}

/// How webhooks of one repository are checked.
#[derive(Clone, Default)]
pub struct Hook {
    /// Secrets, any of which may have been used: two while one is replaced by the other.
    pub secrets: Vec<String>,
    /// Whether deliveries without a secret are taken. Only looked at where there is none.
    pub unsigned: bool,
}

/// A delivery that passed all checks.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Who sent it.
    pub provider: Provider,
    /// The repository, as the address named it.
    pub repository: String,
    /// The id under which it was sent, or what stands for it where there is none. It is not signed.
    pub id: String,
    /// What stands for its body, and the address that it came to.
    pub body: String,
}

/// What is known of a delivery's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is the first of its id.
    New,
    /// The same was taken before.
    Repeated,
    /// Another body was taken under its id.
    Forged,
    /// Its body was taken under another id.
    Replayed,
}

/// What a delivery led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The executions that were started: pipeline and execution.
    pub started: Vec<(String, String)>,
    /// Why nothing, or not everything, was started; for the provider's page of deliveries.
    pub notes: Vec<String>,
}

/// What webhooks need.
pub trait Webhooks: Send + Sync + 'static {
    /// How deliveries for a repository are checked; nothing where none are expected.
    fn hook(&self, provider: Provider, repository: &str) -> Option<Hook>;

    /// What is known of a delivery.
    fn known(&self, incoming: &Incoming) -> Result<Receipt, Report>;

    /// Acts on a delivery, and remembers it: before, where nobody else would tell of it again, so that it is acted on
    /// whatever happens meanwhile; else afterwards. What follows is durable when this is ready. Acting twice must do no
    /// more than acting once.
    fn take(&self, incoming: Incoming, event: Event) -> Boxed<'_, Result<Delivered, Report>>;

    /// The time, for signatures that hold one.
    fn now(&self) -> Timestamp;
}

/// A question of the API.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// All pipelines.
    List,
    /// One pipeline, with the state of its stages.
    Show {
        /// The pipeline.
        pipeline: String,
    },
    /// Executions, the newest first.
    Executions {
        /// The pipeline.
        pipeline: String,
        /// At most so many.
        limit: usize,
        /// Only those before this execution.
        before: Option<String>,
    },
    /// One execution with its actions.
    Execution {
        /// The pipeline.
        pipeline: String,
        /// The execution.
        execution: String,
    },
    /// Events of a pipeline after one of them.
    Events {
        /// The pipeline.
        pipeline: String,
        /// The last one that is known; 0 for none.
        after: u64,
    },
    /// A part of an action's log.
    Log {
        /// The action execution.
        action: String,
        /// Bytes that are known.
        offset: u64,
    },
    /// A command for a pipeline.
    Command {
        /// The pipeline.
        pipeline: String,
        /// The command, as the engine reads it.
        command: Value,
    },
}

/// What the API answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A document.
    Json(Value),
    /// A part of a log.
    Log {
        /// The bytes after the offset.
        bytes: Vec<u8>,
        /// Whether no more will follow.
        complete: bool,
    },
    /// There is no such thing.
    Missing(Report),
}

impl Answer {
    /// Whether it has nothing new, so that it is worth to wait.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Log { bytes, complete } => bytes.is_empty() && !complete,
            Self::Json(value) => value["events"].as_array().is_some_and(Vec::is_empty),
            Self::Missing(_) => false,
        }
    }
}

/// What the API of pipelines needs.
pub trait Pipelines: Send + Sync + 'static {
    /// The token that callers must have.
    fn allows(&self, token: &str) -> bool;

    /// Answers. A report is a refusal, and comes back as its diagnostics.
    fn answer(&self, query: Query) -> Boxed<'_, Result<Answer, Report>>;

    /// Ready when something of the pipeline, or of all of them, may have changed since `answer` was called last.
    /// The handler limits how long it waits.
    fn changed<'a>(&'a self, pipeline: Option<&'a str>) -> Boxed<'a, ()>;
}
