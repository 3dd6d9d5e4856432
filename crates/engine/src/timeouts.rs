//! How long an action may take, by its type.

use crate::event::Millis;
use crate::settings::Settings;
use trunkline_model::pipeline::{Action, Category};

/// Milliseconds of a minute.
pub(crate) const MINUTE: Millis = 60_000;

/// Provider (or category, for those that come first) and minutes.
const BY_PROVIDER: &[(&str, u32)] = &[
    ("CloudFormation", 3 * 24 * 60),
    ("CloudFormationStackSet", 3 * 24 * 60),
    ("CloudFormationStackInstances", 3 * 24 * 60),
    ("CodeDeploy", 5 * 24 * 60),
    ("CodeDeployToECS", 5 * 24 * 60),
    ("Lambda", 24 * 60),
    ("S3", 90),
    ("CodeBuild", 8 * 60),
    ("StepFunctions", 7 * 24 * 60),
    ("Commands", 55),
];

const CUSTOM: u32 = 24 * 60;
const OTHERS: u32 = 60;

/// Milliseconds that an action may take.
pub fn of(action: &Action, settings: &Settings) -> Millis {
    let kind = &action.action_type_id;
    let listed = BY_PROVIDER.iter().find(|(provider, _)| *provider == kind.provider);
    let minutes = match (action.timeout_in_minutes, kind.category) {
        (Some(minutes), _) => minutes,
        (None, Category::Approval) => settings.approval_minutes,
        (None, Category::Source) => OTHERS,
        (None, _) if kind.owner == "Custom" => CUSTOM,
        (None, _) => listed.map_or(OTHERS, |(_, minutes)| *minutes),
    };
    Millis::from(minutes) * MINUTE
}
