//! Replicated pairs (Global Resiliency) as one target: AWS copies what is written in the source region, so the
//! replica is awaited and verified before what it does not get by itself is written there.
//!
//! `apply` calls `awaited` before it plans a replica. What a plan of a replica leaves out is in `planning`.

use crate::clock::Stopwatch;
use crate::connect::{self, Access, Connected};
use crate::context::{App, Located};
use crate::progress::Progress;
use crate::{planning, state};
use std::collections::BTreeSet;
use std::time::Duration;
use trunkline_aws::Aws;
use trunkline_center::replicas::{self, Side};
use trunkline_model::{Region, Report};

/// How long a copy may take. AWS promises no time; people do not wait longer than this.
const COPIED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Waits until a replica holds what its source region holds, and is the same in what the last run wrote there.
/// TL0617: not in time; TL0618: never, because a name is taken.
pub(crate) async fn awaited(
    app: &App,
    located: &Located,
    aws: &Aws,
    replica: &Connected,
    source: &Region,
) -> Result<(), Report> {
    let environment = &replica.target.environment.name;
    let mut targets = located.targets(environment, Some(source.as_str()))?;
    let source = connect::connect(aws, located, targets.swap_remove(0), Access::Read, "replica");
    let source = source.await?;
    let read = planning::read_options(located, &[], false, BTreeSet::new());
    let wanted = replicas::wanted(&source.snapshot(None, &read).await?);
    let written = last_written(located, aws, &source).await?;
    let sides = (side(&source), side(replica));
    let (progress, watch) = (Progress::new(&app.printer), Stopwatch::start());
    let mut pause = Duration::from_millis(100);
    loop {
        let look = replicas::look(sides.0, sides.1, &wanted, &written);
        let look = look.await.map_err(|e| replica.failed(&e))?;
        if look.missing.is_empty() && look.conflicts.is_empty() {
            return Ok(());
        }
        if !look.conflicts.is_empty() || watch.elapsed() > COPIED_WITHIN {
            let replication = replicas::replication(&replica.client, &replica.instance).await;
            let found = replication.map_err(|e| replica.failed(&e))?;
            let region = replica.target.region.as_str();
            let state = found.as_ref().and_then(|r| r.regions.get(region));
            return Err(Report(replicas::problems(&look, &replica.instance, state)));
        }
        let (label, count) = (replica.target.label(), look.missing.len());
        progress.update(&format!(
            "{label}   waiting for {count} to be copied from {}",
            source.target.region
        ));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOK_EVERY);
    }
}

fn side(connected: &Connected) -> Side<'_> {
    Side { cloud: &connected.client, instance: &connected.instance }
}

/// Kinds and names that the last run in the source region wrote.
async fn last_written(
    located: &Located,
    aws: &Aws,
    source: &Connected,
) -> Result<BTreeSet<(String, String)>, Report> {
    let state = state::of(located, &source.target, aws).await?;
    // The newest comes first.
    let Some(last) = state.runs().await?.into_iter().next() else { return Ok(BTreeSet::new()) };
    let plan = state.plan_of(&last.meta.run).await?;
    Ok(plan.steps.into_iter().map(|step| (step.kind, step.name)).collect())
}
