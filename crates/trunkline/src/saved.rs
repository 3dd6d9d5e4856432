//! Saved plans: written by `plan --out`, read by `apply FILE`.

use crate::files;
use serde::{Deserialize, Serialize};
use std::path::Path;
use trunkline_center::plan::{PLAN_VERSION, Plan};
use trunkline_model::{Diagnostic, Report};

/// A saved plan's first words, so that no other JSON is taken for one.
const SCHEMA: &str = "trunkline/saved-plan";

#[derive(Serialize, Deserialize)]
struct Saved {
    schema: String,
    version: u32,
    plans: Vec<Plan>,
}

/// Writes plans to a file.
pub(crate) fn write(path: &Path, plans: &[Plan]) -> Result<(), Report> {
    let saved = Saved { schema: SCHEMA.to_owned(), version: PLAN_VERSION, plans: plans.to_vec() };
    let text = serde_json::to_string(&saved)
        .map_err(|e| Diagnostic::error("TL0902", format!("the plan cannot be written: {e}")))?;
    let shown = path.display().to_string();
    files::replace(path, text.as_bytes()).map_err(|e| files::failed(&shown, &e))
}

/// Reads plans from a file. TL0404: it is none, or of another version.
pub(crate) fn read(path: &Path) -> Result<Vec<Plan>, Report> {
    let shown = path.display().to_string();
    let refused = |why: String| {
        Diagnostic::error("TL0404", why)
            .in_file(&shown)
            .help("make it again with `trunkline plan --env ENVIRONMENT --out FILE`")
    };
    let text =
        std::fs::read_to_string(path).map_err(|e| refused(format!("cannot be read: {e}")))?;
    let saved: Saved =
        serde_json::from_str(&text).map_err(|e| refused(format!("this is no saved plan: {e}")))?;
    if saved.schema != SCHEMA {
        return Err(refused("this is no saved plan".to_owned()).report());
    }
    if saved.version != PLAN_VERSION {
        let message =
            format!("it has version {}, this program reads {PLAN_VERSION}", saved.version);
        return Err(refused(message).report());
    }
    Ok(saved.plans)
}
