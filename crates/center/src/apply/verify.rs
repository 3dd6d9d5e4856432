//! Whether a saved plan still fits the target: everything that its steps read is read again, before
//! the first write.

use super::recognise;
use crate::cloud::{Call, CallError, Cloud};
use crate::kinds;
use crate::plan::Plan;
use crate::read::{ReadOptions, Reader, json_of, text};
use crate::resolve::{Resolver, references};
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
        let (was, account) = (&target.alias, &target.account);
        moved.push(format!("it was made for `{was}`, {} in {account}", target.instance_id));
        let (is, account) = (&instance.alias, &instance.account);
        moved.push(format!("the target is `{is}` now, {} in {account}", instance.id));
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
    let mut wanted: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|s| s.made.is_some()) {
        let (Some(adopt), Some(kind)) = (&step.adopt, kinds::get(&step.kind)) else { continue };
        let spec = kind.spec();
        // A list of all names says nothing where a name counts only within something. And within
        // what the plan makes as well, nothing can have been made before.
        let tells = spec.within.is_none() || !spec.beside.is_empty();
        if tells && references(&adopt.list_input).is_empty() {
            let key = (step.kind.as_str(), adopt.list_input.to_string());
            wanted.entry(key).or_default().insert(spec.own_name(&step.name));
        }
    }
    let options = ReadOptions::default();
    let reader = Reader { cloud, instance, options: &options };
    let mut found = Vec::new();
    for ((kind, input), names) in wanted {
        let Some(list) = kinds::get(kind).and_then(|k| k.spec().list.as_ref()) else { continue };
        let (_, _, name) = list.members;
        for row in reader.pages(list.operation, list.items, json_of(&input)).await? {
            let name = text(&row, name);
            if names.contains(&name) {
                found.push(format!(
                    "{} was made by somebody else",
                    crate::document::subject(kind, &name)
                ));
            }
        }
    }
    Ok(found)
}
