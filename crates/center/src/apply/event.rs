//! What happens to steps, as events. The journal is a list of them; the state of an apply is their sum.

use serde::{Deserialize, Serialize};

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
    /// A step failed; nothing of it took effect, as far as can be known.
    StepFailed {
        /// The step's id.
        step: String,
        /// The diagnostic's code.
        code: String,
        /// Its message.
        message: String,
    },
    /// The apply ends.
    Ended {
        /// Whether every step is done.
        complete: bool,
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

/// Why an event could not be made durable.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// Where events become durable. `append` returns only when they are.
pub trait Journal: Send {
    /// Appends one event.
    fn append(&mut self, event: &Event) -> Result<(), JournalError>;

    /// Appends several, oldest first. A journal on a disk does better to flush once for all of them.
    fn append_all(&mut self, events: &[Event]) -> Result<(), JournalError> {
        events.iter().try_for_each(|event| self.append(event))
    }
}

/// A journal in memory, for tests and plans that nobody resumes.
#[derive(Debug, Default)]
pub struct MemoryJournal(pub Vec<Event>);

impl Journal for MemoryJournal {
    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        self.0.push(event.clone());
        Ok(())
    }
}
