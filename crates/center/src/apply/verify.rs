//! Whether a saved plan still fits the target: everything that its steps read is read again, before
//! the first write.

use super::recognise;
use crate::cloud::{Call, CallError, Cloud};
use crate::kinds;
use crate::plan::{Action, Check, Plan, Step};
use crate::read::{ReadOptions, Reader, before_write, json_of, pages, text};
use crate::resolve::{Resolver, references};
use crate::resource::{Entry, Instance, Names};
use crate::snapshot::call_failed;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
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
    let checks = plan.steps.iter().flat_map(|step| step.checks().map(move |check| (step, check)));
    let checks = checks.filter_map(|(step, check)| {
        let mut check = check.clone();
        // What the plan itself makes cannot have changed.
        check.values_mut().try_for_each(|value| resolver.value(value)).ok()?;
        Some((step, check))
    });
    let moved: Vec<Option<String>> = stream::iter(checks)
        .map(|(step, check)| async move {
            let who = crate::document::subject(&step.kind, &step.name);
            match read(cloud, step, &check).await {
                Ok(output) if recognise::is_unchanged(step, &check, &output) => Ok(None),
                Ok(_) => Ok(Some(format!("{who} changed"))),
                Err(error) if error.is("ResourceNotFoundException") => {
                    Ok(Some(format!("{who} is gone")))
                }
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(READS_AT_ONCE)
        .try_collect()
        .await?;
    // What several reads tell of one resource is told once.
    let moved: BTreeSet<String> = moved.into_iter().flatten().collect();
    Ok(moved.into_iter().collect())
}

/// Makes the call of a check, all its pages; the check is resolved.
async fn read(cloud: &dyn Cloud, step: &Step, check: &Check) -> Result<Value, CallError> {
    let (operation, input) = (check.operation.as_str(), check.input.clone());
    match recognise::listed_by(step, operation) {
        Some(listed) => {
            let (items, token) = (listed.items, "NextToken");
            let rows = pages(cloud, "connect", operation, items, input, token).await?;
            Ok(json!({ items: rows }))
        }
        None => {
            let spec = kinds::get(&step.kind).map(|k| k.spec());
            let call = Call::new("connect", operation, input);
            Ok(before_write(cloud, spec, call).await?.output)
        }
    }
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
    // Who gives up its name for what the plan makes.
    let renamed: BTreeSet<(&str, String)> = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Rename)
        .map(|step| {
            (step.kind.as_str(), recognise::wrote(step, &step.call.input, &Entry::default()))
        })
        .collect();
    let options = ReadOptions::default();
    let reader = Reader { cloud, instance, options: &options };
    let mut found = Vec::new();
    for ((kind, input), names) in wanted {
        let Some(list) = kinds::get(kind).and_then(|k| k.spec().list.as_ref()) else { continue };
        let (id, _, name) = list.members;
        for row in reader.pages(list.operation, list.items, json_of(&input)).await? {
            let name = text(&row, name);
            if names.contains(&name) && !renamed.contains(&(kind, text(&row, id))) {
                found.push(format!(
                    "{} was made by somebody else",
                    crate::document::subject(kind, &name)
                ));
            }
        }
    }
    Ok(found)
}
