//! The artifact of a plan: what a deployment in mode `plan` hands to the one that applies it.
//!
//! It holds the saved plan, one for each region, and says what it was made for, so that it is applied to nothing
//! else. Whether the target is still what the plan was made from, `trunkline apply FILE` looks at itself.

use super::Job;
use super::artifacts::aside;
use super::builds::zip_of;
use crate::files;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use trunkline_model::{Diagnostic, Report};

/// The file by which such an artifact is known.
const ABOUT: &str = "trunkline-plan.json";
const SCHEMA: &str = "trunkline/deployment-plan";
/// The saved plan.
const PLAN: &str = "plan.json";

/// What a plan was made for, and what is applied now: both must be the same.
pub(super) struct Made<'a> {
    pub(super) environment: &'a str,
    pub(super) release: &'a str,
    pub(super) scope: &'a str,
    pub(super) regions: &'a [String],
}

/// A plan's artifact, unpacked.
pub(super) struct PlanArtifact {
    folder: PathBuf,
    about: Value,
}

/// The zip of a plan that was saved, which may be large.
pub(super) async fn pack(job: &Job, made: &Made<'_>, saved: &Path) -> Result<Vec<u8>, Report> {
    let Made { environment, release, scope, regions } = made;
    let about = json!({
        "schema": SCHEMA, "version": 1, "execution": job.run.execution, "environment": environment,
        "release": release, "scope": scope, "regions": regions,
    });
    let saved = saved.to_owned();
    aside(move || {
        let plan = std::fs::read(&saved)
            .map_err(|error| files::failed(&saved.display().to_string(), &error))?;
        zip_of(&[(ABOUT, about.to_string().as_bytes()), (PLAN, &plan)])
    })
    .await
}

impl PlanArtifact {
    /// What was unpacked there; None where that is no plan.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(folder.join(ABOUT)).ok()?;
        let about: Value = serde_json::from_slice(&text).ok()?;
        (about["schema"] == SCHEMA).then(|| Self { folder: folder.to_owned(), about })
    }

    /// The saved plan.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(PLAN)
    }

    /// Whether an execution made it.
    pub(super) fn is_of(&self, execution: &str) -> bool {
        self.about["execution"] == execution
    }

    /// Makes sure that it is the plan of what is applied. TL0114.
    pub(super) fn fits(&self, now: &Made<'_>) -> Result<(), Report> {
        let was = |name: &str| self.about[name].as_str().unwrap_or_default().to_owned();
        let pairs = [
            ("environment", was("environment"), now.environment),
            ("release", was("release"), now.release),
            ("scope", was("scope"), now.scope),
        ];
        let other = pairs.iter().find(|(_, was, is)| was != is);
        let planned: Vec<&str> = self.about["regions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let missing = now.regions.iter().find(|region| !planned.contains(&region.as_str()));
        let why = match (other, missing) {
            (Some((what, was, is)), _) => format!("its {what} is {was}, this action's is {is}"),
            (None, Some(region)) => {
                format!("it is for {}, and this action applies to {region}", planned.join(", "))
            }
            (None, None) => return Ok(()),
        };
        Err(Diagnostic::error("TL0114", "the plan is not of what this action applies")
            .because(why)
            .help("give the action the artifacts, `Environment`, `Scope` and `Region` of the action that plans")
            .report())
    }
}
