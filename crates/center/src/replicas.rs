//! Replicated pairs (Global Resiliency): instances with one id in two regions, of which AWS copies what is written
//! in one to the other. Such a pair is one target: it is written in its source region, and the other region is
//! awaited and verified. Functions, bots and buckets are not copied; they are ours in both regions.
//!
//! `apply` calls `pairing` over the instances of an environment, and `look` until nothing is missing. Waiting is
//! the caller's: nothing here knows the time.

use crate::cloud::{Call, CallError, Cloud};
use crate::kind::Kind;
use crate::kinds;
use crate::read::{ReadOptions, Reader, list_all, text};
use crate::resource::Instance;
use crate::snapshot::Snapshot;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::{Diagnostic, Region};

/// Kinds that AWS copies, which can be listed in the replica.
const COPIED: &[&str] = &[
    "agent-status",
    "flow",
    "hierarchy-group",
    "hours",
    "module",
    "predefined-attribute",
    "prompt",
    "queue",
    "quick-connect",
    "routing-profile",
    "security-profile",
    "view",
];

/// Whether AWS copies the resources of a kind to a replica.
pub fn is_copied(kind: &str) -> bool {
    COPIED.contains(&kind)
}

/// How an instance is replicated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replication {
    /// The region whose instance is written.
    pub source: String,
    /// The regions with their states: `INSTANCE_REPLICATION_COMPLETE` ...
    pub regions: BTreeMap<String, RegionState>,
}

/// How far a region's copy is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionState {
    /// AWS's word for it.
    pub status: String,
    /// Why it failed, where it did.
    pub reason: String,
}

/// What one of an environment's targets is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// An instance of its own.
    Alone,
    /// Written; what is written is copied to these regions.
    Source(Vec<Region>),
    /// Not written: it is awaited and verified after its source region.
    Replica(Region),
}

/// What is wanted in a replica: kind, name and the id that both regions share; empty where it has none.
pub type Wanted = (String, String, String);

/// One instance of a pair, and the way to it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// AWS as the instance's role reaches it.
    pub cloud: &'a dyn Cloud,
    /// The instance.
    pub instance: &'a Instance,
}

/// What a look at a replica found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What is not there yet, or still otherwise.
    pub missing: Vec<Wanted>,
    /// What has the name there without being the copy: it never will be.
    pub conflicts: Vec<Wanted>,
}

impl Replication {
    /// Reads the `ReplicationConfiguration` of DescribeInstance's answer; None where it is not replicated.
    pub fn of(answer: &Value) -> Option<Self> {
        let found = answer.get("ReplicationConfiguration")?;
        let rows = found["ReplicationStatusSummaryList"].as_array().into_iter().flatten();
        let region = |row: &Value| {
            let (status, reason) =
                (text(row, "ReplicationStatus"), text(row, "ReplicationStatusReason"));
            (text(row, "Region"), RegionState { status, reason })
        };
        let source = text(found, "SourceRegion");
        (!source.is_empty()).then(|| Self { source, regions: rows.map(region).collect() })
    }
}

/// Asks how an instance is replicated.
pub async fn replication(
    cloud: &dyn Cloud,
    instance: &Instance,
) -> Result<Option<Replication>, CallError> {
    let call = Call::new("connect", "DescribeInstance", json!({ "InstanceId": instance.id }));
    Ok(Replication::of(&cloud.call(call).await?.output))
}

/// What each of an environment's instances is, in their order. Instances are a pair where they have one id.
pub fn pairing(instances: &[(Instance, Option<Replication>)]) -> Vec<Part> {
    let part = |(instance, replication): &(Instance, Option<Replication>)| {
        let Some(replication) = replication else { return Part::Alone };
        let others = instances.iter().map(|(other, _)| other).filter(|other| {
            other.id == instance.id
                && other.region != instance.region
                && replication.regions.contains_key(other.region.as_str())
        });
        let others: Vec<&Instance> = others.collect();
        if replication.source == instance.region.as_str() {
            let regions: Vec<Region> = others.iter().map(|o| o.region.clone()).collect();
            return if regions.is_empty() { Part::Alone } else { Part::Source(regions) };
        }
        // Where the source is no target of the environment, this one is all that there is to write.
        let source = others.iter().find(|other| replication.source == other.region.as_str());
        source.map_or(Part::Alone, |source| Part::Replica(source.region.clone()))
    };
    instances.iter().map(part).collect()
}

/// What an apply to the source must have left in its replicas: everything of the copied kinds.
pub fn wanted(source: &Snapshot) -> Vec<Wanted> {
    let copied = source.resources.iter().filter(|r| COPIED.contains(&r.kind));
    copied.map(|r| (r.kind.to_owned(), r.name.clone(), r.id.clone())).collect()
}

/// Looks by List whether everything is in the replica by name and id. What `compared` names as well is described
/// in both regions, and has to be the same but for the region.
pub async fn look(
    source: Side<'_>,
    replica: Side<'_>,
    wanted: &[Wanted],
    compared: &BTreeSet<(String, String)>,
) -> Result<Look, CallError> {
    let options = ReadOptions::default();
    let reader = |Side { cloud, instance }| Reader { cloud, instance, options: &options };
    let (here, there) = (reader(source), reader(replica));
    let mut look = Look::default();
    let kinds: BTreeSet<&str> = wanted.iter().map(|(kind, ..)| kind.as_str()).collect();
    for kind in kinds.into_iter().filter_map(kinds::get) {
        let Some(list) = &kind.spec().list else { continue };
        let rows = list_all(&there, list).await?;
        let ids: BTreeSet<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        for one in wanted.iter().filter(|(k, ..)| k == kind.spec().name) {
            let (_, name, id) = one;
            let own = kind.spec().own_name(name);
            let named = rows.iter().any(|r| r.name == own);
            if ids.contains(id.as_str()) || id.is_empty() && named {
                let same = !compared.contains(&(one.0.clone(), name.clone()))
                    || same(kind, &here, &there, id).await?;
                if !same {
                    look.missing.push(one.clone());
                }
            } else if named && kind.spec().within.is_none() {
                look.conflicts.push(one.clone());
            } else {
                look.missing.push(one.clone());
            }
        }
    }
    Ok(look)
}

/// Whether a resource says the same in both regions.
async fn same(
    kind: &dyn Kind,
    here: &Reader<'_>,
    there: &Reader<'_>,
    id: &str,
) -> Result<bool, CallError> {
    let spec = kind.spec();
    let (source, copy) = futures_util::try_join!(
        crate::read::describe(here, spec, id),
        crate::read::describe(there, spec, id)
    )?;
    let (Some(source), Some(copy)) = (source, copy) else { return Ok(false) };
    let at = |region: &Region| format!(":{region}:");
    let managed = |body: &serde_json::Map<String, Value>,
                   region: &Region|
     -> BTreeMap<String, String> {
        let mut body = body.clone();
        kind.normalise(&mut body);
        let fields =
            spec.fields.iter().filter_map(|f| Some(((*f).to_owned(), body.get(*f)?.to_string())));
        fields.map(|(name, value)| (name, value.replace(&at(region), "::"))).collect()
    };
    Ok(managed(&source, &here.instance.region) == managed(&copy, &there.instance.region))
}

/// A replica that does not hold what was written. TL0618: a name is taken there; TL0617: it is not there yet.
pub fn problems(look: &Look, replica: &Instance, state: Option<&RegionState>) -> Vec<Diagnostic> {
    let region = &replica.region;
    let mut found = Vec::new();
    for (kind, name, _) in &look.conflicts {
        let message =
            format!("{region} has another {kind} of that name, so the replica never gets this one");
        found.push(
            Diagnostic::error("TL0618", message)
                .on(format!("{kind} \"{name}\""))
                .help("rename or delete one of the two, then call ReplicateInstance again"),
        );
    }
    if !look.missing.is_empty() {
        let mut names: Vec<String> =
            look.missing.iter().take(5).map(|(k, n, _)| format!("{k} \"{n}\"")).collect();
        if look.missing.len() > names.len() {
            names.push(format!("and {} more", look.missing.len() - names.len()));
        }
        let message =
            format!("the replica in {region} lacks {} of what was written", look.missing.len());
        let mut one = Diagnostic::error("TL0617", message).because(names.join(", "));
        if let Some(state) = state {
            let reason =
                if state.reason.is_empty() { String::new() } else { format!(": {}", state.reason) };
            one = one.because(format!("AWS says {}{reason}", state.status));
        }
        found.push(one.help(
            "nothing has to be written again: run the same command later, and it looks again",
        ));
    }
    found
}

#[cfg(test)]
mod tests;
