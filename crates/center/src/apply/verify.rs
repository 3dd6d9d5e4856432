//! Whether a saved plan still fits the target: everything that its steps read is read again, before
//! the first write.

use super::recognise;
use crate::cloud::{Call, CallError, Cloud};
use crate::kinds;
use crate::plan::Plan;
use crate::read::{ReadOptions, Reader, list_all};
use crate::resolve::Resolver;
use crate::resource::{Instance, Names};
use crate::snapshot::call_failed;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::{Diagnostic, Report};

const READS_AT_ONCE: usize = 16;

/// Refuses a plan that is stale (TL0403), with what moved.
pub async fn verify(cloud: &dyn Cloud, instance: &Instance, plan: &Plan) -> Result<(), Report> {
    let target = &plan.target;
    let mut moved = Vec::new();
    if target.instance_id != instance.id || target.account != instance.account.as_str() {
        moved.push(format!("`{}` is another instance now", instance.alias));
    } else {
        moved.extend(changed(cloud, instance, plan).await.map_err(|e| call_failed(&e))?);
        moved.extend(made_since(cloud, instance, plan).await.map_err(|e| call_failed(&e))?);
    }
    if moved.is_empty() {
        return Ok(());
    }
    let stale = Diagnostic::error("TL0403", "the plan is stale; nothing was changed");
    let place = format!("{} / {}", target.environment, target.region);
    let stale = moved.into_iter().fold(stale.on(place), Diagnostic::because);
    Err(stale.help("plan again and look at what changed").report())
}

/// Resources whose fields are not as the plan read them.
async fn changed(
    cloud: &dyn Cloud,
    instance: &Instance,
    plan: &Plan,
) -> Result<Vec<String>, CallError> {
    let (names, bindings) = (Names::default(), crate::bindings::Bindings::default());
    let resolver = Resolver { instance, names: &names, bindings: &bindings };
    let checks = plan.steps.iter().filter_map(|step| {
        let check = step.check.as_ref()?;
        let mut input = check.input.clone();
        resolver.value(&mut input).ok()?;
        Some((step, check, Call::new("connect", &check.operation, input)))
    });
    stream::iter(checks)
        .map(|(step, check, call)| async move {
            let who = crate::document::subject(&step.kind, &step.name);
            match cloud.call(call).await {
                Ok(answer) if recognise::is_unchanged(step, check, &answer.output) => Ok(None),
                Ok(_) => Ok(Some(format!("{who} changed"))),
                Err(error) if error.is("ResourceNotFoundException") => {
                    Ok(Some(format!("{who} is gone")))
                }
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(READS_AT_ONCE)
        .try_filter_map(|moved| async move { Ok(moved) })
        .try_collect()
        .await
}

/// Names that the plan makes and that somebody else made since.
async fn made_since(
    cloud: &dyn Cloud,
    instance: &Instance,
    plan: &Plan,
) -> Result<Vec<String>, CallError> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|s| s.made.is_some()) {
        wanted.entry(&step.kind).or_default().insert(&step.name);
    }
    let options = ReadOptions::default();
    let reader = Reader { cloud, instance, options: &options };
    let mut found = Vec::new();
    for (kind, names) in wanted {
        let Some(list) = kinds::get(kind).and_then(|k| k.spec().list.as_ref()) else { continue };
        for row in list_all(&reader, list).await? {
            if names.contains(row.name.as_str()) {
                found.push(format!(
                    "{} was made by somebody else",
                    crate::document::subject(kind, &row.name)
                ));
            }
        }
    }
    Ok(found)
}
