//! What happens to steps, as events. The journal is a list of them; the state of an apply is their sum.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use trunkline_model::Report;

/// How a step ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// The call took effect.
    Done,
    /// The service refused to publish; the content is there as a draft.
    Draft,
    /// The call had taken effect before its answer was lost.
    Adopted,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// An apply begins.
    Started {
        /// The run's id.
        run: String,
        /// `environment / region`.
        target: String,
        /// The instance's ARN.
        instance: String,
        /// How many steps there are.
        steps: usize,
    },
    /// A write call of a step is about to be sent.
    StepStarted {
        /// The step's id.
        step: String,
        /// The id that is written to, for reads that follow soon; empty where none is known yet.
        #[serde(default)]
        wrote: String,
        /// The fingerprint of a draft that the call writes.
        #[serde(default)]
        draft: Option<String>,
        /// Which of its calls: 0 the step's own, otherwise one of those that write a draft instead.
        #[serde(default, skip_serializing_if = "is_own")]
        call: usize,
    },
    /// A step is done.
    StepDone {
        /// The step's id.
        step: String,
        /// How.
        result: StepResult,
        /// The id of what was made; empty otherwise.
        id: String,
        /// The ARN of what was made; empty otherwise.
        arn: String,
        /// The id that was written to, for reads that follow soon; empty where none is known.
        wrote: String,
        /// The fingerprint of a draft that was written.
        draft: Option<String>,
    },
    /// A step failed. Nothing of it took effect, unless it says that this is in doubt.
    StepFailed {
        /// The step's id.
        step: String,
        /// The diagnostic's code.
        code: String,
        /// Its message.
        message: String,
        /// Whether a call of it may have taken effect all the same.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
    },
    /// The apply ends.
    Ended {
        /// Whether every step is done.
        complete: bool,
    },
    /// Somebody goes on with the run; what its earlier holder writes from now on is refused.
    Resumed {
        /// The token of the lock under which it goes on.
        token: u64,
        /// Who.
        by: String,
    },
    /// Another run took the target: this one is over, wherever it stopped.
    Superseded {
        /// The token of the lock that the other run has.
        token: u64,
        /// The other run; empty where it only recorded what this one had done.
        run: String,
        /// Who.
        by: String,
    },
}

impl Event {
    /// The id that was written to, or may have been: bulk reads may still show what was there before.
    pub fn wrote(&self) -> Option<&str> {
        match self {
            Self::StepStarted { wrote, .. } | Self::StepDone { wrote, .. } => {
                Some(wrote.as_str()).filter(|id| !id.is_empty())
            }
            _ => None,
        }
    }

    /// The fingerprint of a draft that was written, or may have been.
    pub fn draft(&self) -> Option<&str> {
        match self {
            Self::StepStarted { draft, .. } | Self::StepDone { draft, .. } => draft.as_deref(),
            _ => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_own(call: &usize) -> bool {
    *call == 0
}

/// Why an event could not be made durable.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It could not be written; whether it is there is not known.
    #[error("{0}")]
    Failed(String),
    /// The run belongs to somebody else now; the report says to whom.
    #[error("the run is somebody else's now")]
    Lost(Report),
}

/// Where events become durable. `append_all` returns only when they are.
pub trait Journal: Send {
    /// Appends events, oldest first; all of them at once where that is possible.
    fn append_all<'a>(&'a mut self, events: &'a [Event])
    -> BoxFuture<'a, Result<(), JournalError>>;
}

/// A journal in memory, for tests and plans that nobody resumes.
#[derive(Debug, Default)]
pub struct MemoryJournal(pub Vec<Event>);

impl Journal for MemoryJournal {
    fn append_all<'a>(
        &'a mut self,
        events: &'a [Event],
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        self.0.extend_from_slice(events);
        Box::pin(std::future::ready(Ok(())))
    }
}
