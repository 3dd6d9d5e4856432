//! What CodePipeline's documentation leaves open, and limits: settings with defaults (docs/engine.md).

use serde::{Deserialize, Serialize};

/// Settings of all pipelines of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Executions at once in QUEUED and in PARALLEL.
    pub concurrent_executions: usize,
    /// What happens to an action whose process went away with the server.
    pub interrupted: Interrupted,
    /// Whether a new definition ends what runs, as CodePipeline does.
    pub cancel_on_edit: bool,
    /// When a condition of `onFailure` engages its result.
    pub on_failure_engages: OnFailureEngages,
    /// Bytes of all output variables of one action.
    pub output_variables_bytes: usize,
    /// Bytes of the resolved configuration of one action.
    pub configuration_bytes: usize,
    /// Minutes until an approval lapses, where the action does not say.
    pub approval_minutes: u32,
    /// Minutes until a rule of a condition counts as failed, where it does not say.
    pub rule_minutes: u32,
    /// The same for the rule DeploymentWindow, which waits for its window.
    pub window_minutes: u32,
    /// Whether DeploymentWindow waits for its window; else it fails outside of it.
    pub window_waits: bool,
    /// Events between two snapshots of the state.
    pub snapshot_every: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrent_executions: 50,
            interrupted: Interrupted::Rerun,
            cancel_on_edit: true,
            on_failure_engages: OnFailureEngages::WhenMet,
            output_variables_bytes: 122_880,
            configuration_bytes: 102_400,
            approval_minutes: 7 * 24 * 60,
            rule_minutes: 60,
            window_minutes: 7 * 24 * 60,
            window_waits: true,
            snapshot_every: 1_000,
        }
    }
}

/// What happens to an action whose process went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interrupted {
    /// It begins again, from its beginning.
    Rerun,
    /// It fails.
    Fail,
}

/// When a condition of `onFailure` engages its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailureEngages {
    /// When its rules hold.
    WhenMet,
    /// When one does not, as with the other conditions.
    WhenNotMet,
}
