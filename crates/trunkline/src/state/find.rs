//! Finding runs in the state store, for `resume`, `rollback` and `log`: the one that was named, wherever it is, or
//! each target's own.

use super::store;
use crate::context::{App, Located};
use std::sync::Arc;
use trunkline_aws::Aws;
use trunkline_center::state::{RunHead, Store, TargetState};
use trunkline_model::{Report, Target};

/// Where a run is looked for.
#[derive(clap::Args)]
pub(crate) struct Where {
    /// In this environment (name or alias); default: in all
    #[arg(long = "env", value_name = "ENV")]
    environment: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

impl Where {
    /// The targets of the environment, or of all that are switched on. TL0105, TL0110, TL0111.
    pub(crate) fn targets(&self, app: &App, located: &Located) -> Result<Vec<Target>, Report> {
        let region = self.region.as_deref();
        if let Some(environment) = &self.environment {
            return located.targets(environment, region);
        }
        let mut targets = Vec::new();
        for environment in located.project.environments.iter().filter(|e| e.enabled) {
            match located.targets(&environment.name, region) {
                Ok(found) => targets.extend(found),
                // Without an environment, a region picks among those that have it.
                Err(report) if report.0.iter().all(|d| d.code == "TL0110") => {
                    app.printer.detail(&format!("{} has no such region", environment.name));
                }
                Err(report) => return Err(report),
            }
        }
        Ok(targets)
    }
}

/// A run, and where it was.
pub(crate) struct Found {
    pub(crate) target: Target,
    pub(crate) state: TargetState,
    pub(crate) head: RunHead,
}

/// Which run of each target is meant where none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// The last one.
    Last,
    /// The last one of those that have not ended.
    Stopped,
}

/// The runs that are meant, in the order of the targets. TL0523: the one that was named is nowhere.
pub(crate) async fn find(
    located: &Located,
    aws: &Aws,
    targets: Vec<Target>,
    run: Option<&str>,
    unnamed: Unnamed,
) -> Result<Vec<Found>, Report> {
    let store = store(located, aws).await?;
    if let Some(run) = run {
        return named(&store, targets, run).await;
    }
    let mut found = Vec::new();
    for target in targets {
        let state = TargetState::new(store.clone(), &target);
        let head = match unnamed {
            // The newest comes first there, and last among those that have not ended.
            Unnamed::Last => state.runs().await?.into_iter().next(),
            Unnamed::Stopped => state.unfinished().await?.pop(),
        };
        found.extend(head.map(|head| Found { target, state, head }));
    }
    Ok(found)
}

/// The run of this id; nothing only where there are no targets. TL0523: it is nowhere.
pub(crate) async fn named(
    store: &Arc<dyn Store>,
    targets: Vec<Target>,
    run: &str,
) -> Result<Vec<Found>, Report> {
    let (mut missing, mut looked) = (None, Vec::new());
    for target in targets {
        looked.push(target.label());
        let state = TargetState::new(store.clone(), &target);
        match state.head_of(run).await {
            Ok(head) => return Ok(vec![Found { target, state, head }]),
            Err(report) if report.0.iter().any(|d| d.code == "TL0523") => missing = Some(report),
            Err(report) => return Err(report),
        }
    }
    let Some(mut report) = missing else { return Ok(Vec::new()) };
    if looked.len() > 1 {
        for found in report.0.iter_mut().filter(|d| d.code == "TL0523") {
            found.place.subject = Some(looked.join(", "));
        }
    }
    Err(report)
}
