//! What webhooks of all providers say, in one form.
//!
//! A payload's lists of files and commits are left out on purpose: providers shorten them. Which files changed is
//! asked of a mirror.

use serde::{Deserialize, Serialize};

/// The object name of nothing: before a branch is made, after it is deleted.
pub const NOTHING: &str = "0000000000000000000000000000000000000000";

/// What a delivery says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// References moved.
    Push(Vec<Moved>),
    /// A pull or merge request was opened, updated or closed.
    PullRequest(PullRequest),
    /// The provider tries whether the address works.
    Ping,
    /// Something that starts nothing; which.
    Other(String),
}

/// A reference that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// `refs/heads/...` or `refs/tags/...`.
    pub reference: String,
    /// The commit before; `None` where it is new, or where the provider does not say.
    pub before: Option<String>,
    /// The commit after; `None` where it was deleted.
    pub after: Option<String>,
}

/// A pull or merge request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// What happened.
    pub action: PullAction,
    /// Its number.
    pub number: u64,
    /// The branch that it goes to, without `refs/heads/`.
    pub base: String,
    /// The branch that it comes from.
    pub head: String,
    /// The commit that it comes from.
    pub commit: String,
    /// Whether that branch is in another repository.
    pub foreign: bool,
}

/// What happened to a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PullAction {
    /// It was opened, or opened again.
    Open,
    /// It has other commits.
    Updated,
    /// It was closed or merged.
    Closed,
}

impl PullAction {
    /// The word of CodePipeline's filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Updated => "UPDATED",
            Self::Closed => "CLOSED",
        }
    }
}

/// An object name; nothing for the name of nothing and for texts that are none.
pub(crate) fn commit(text: &str) -> Option<String> {
    let known = matches!(text.len(), 40 | 64)
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b != b'0');
    known.then(|| text.to_ascii_lowercase())
}
