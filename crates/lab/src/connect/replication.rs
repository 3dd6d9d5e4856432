//! Instances in two regions (Global Resiliency): ReplicateInstance makes an empty instance with the same id in
//! the paired region, and from then on every write in either region reaches the other after a while.
//!
//! From AWS's guide: the last write wins; a resource whose name another one has over there is not copied until
//! ReplicateInstance runs again. Functions, bots, storage, origins, keys and attributes of the instance are not
//! copied. Assumed: copies keep their ids, and ARNs of the instance inside them, contents included, name the
//! region that they are in. Phone numbers and traffic distribution are left out.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_model::{AccountId, Region};

use super::call::{Call, Operation, missing, refused, text_of};
use super::kind::Kind;
use super::state::{Instance, Pair, State};
use super::store::{Change, Clock, Object};
use super::{
    agent_statuses, attributes, check, contract, flows, hierarchy, hours, instances, modules,
    overrides, page, prompts, queues, quick_connects, resource, routing, security, users, views,
};
use crate::service::{Context, Failure, Outcome};

pub(super) const OPERATIONS: &[Operation] = &[("ListReplicationFindings", findings)];

type Place = (AccountId, Region);

/// What is copied, with its resource type in findings.
const MIRRORED: [(&Kind, &str); 14] = [
    (&hours::KIND, "OPERATING_HOURS"),
    (&overrides::KIND, "OPERATING_HOURS"),
    (&prompts::KIND, "PROMPT"),
    (&attributes::KIND, "ATTRIBUTE"),
    (&agent_statuses::KIND, "AGENT_STATE"),
    (&hierarchy::KIND, "AGENT_GROUP"),
    (&views::KIND, "VIEW"),
    (&modules::KIND, "FLOW_MODULE"),
    (&flows::KIND, "CONTACT_FLOW"),
    (&queues::KIND, "QUEUE"),
    (&quick_connects::KIND, "TRANSFER_DESTINATION"),
    (&security::KIND, "SECURITY_PROFILE"),
    (&routing::KIND, "ROUTING_PROFILE"),
    (&users::KIND, "AGENT"),
];

/// Source and replica regions that AWS pairs.
const PAIRS: [(&str, &str); 5] = [
    ("us-east-1", "us-west-2"),
    ("us-west-2", "us-east-1"),
    ("eu-central-1", "eu-west-2"),
    ("eu-west-2", "eu-central-1"),
    ("ap-northeast-1", "ap-northeast-3"),
];

/// ReplicateInstance, which is about two regions at once.
pub(crate) fn replicate(
    input: &Value,
    states: &mut BTreeMap<Place, State>,
    context: &mut Context<'_>,
) -> Outcome {
    let contract = contract::of("ReplicateInstance").expect("the operation has a contract");
    let mut run = || {
        check::input(contract.input, input)?;
        let here = (context.account.clone(), context.region.clone());
        let wanted = input["ReplicaRegion"].as_str().unwrap_or_default();
        let there =
            Region::parse(wanted).map_err(|_| refused(format!("No such region: {wanted}")))?;
        let there = (context.account.clone(), there);
        let id = may_replicate(input, states, (&here, &there))?;
        let again = states.get(&there).is_some_and(|state| state.instances.contains_key(&id));
        match again {
            true => retry(states, (&here, &there), &id, context)?,
            false => begin(input, states, (&here, &there), &id, context),
        }
        let arn = states.get(&there).and_then(|state| state.instances.get(&id)).map(|one| &one.arn);
        Ok(json!({ "Id": id, "Arn": arn }))
    };
    run().map_err(|failure| contract.declared(failure))
}

/// The id of the instance, where nothing speaks against a replica of it.
fn may_replicate(
    input: &Value,
    states: &BTreeMap<Place, State>,
    (here, there): (&Place, &Place),
) -> Result<String, Failure> {
    let reference = input["InstanceId"].as_str().unwrap_or_default();
    let id = reference.rsplit('/').next().unwrap_or(reference);
    let instance = states.get(here).and_then(|state| state.instances.get(id));
    let instance = instance.ok_or_else(|| missing(format!("Instance not found: {reference}")))?;
    if !PAIRS.contains(&(here.1.as_str(), there.1.as_str())) {
        return Err(refused(format!("{} has no replicas in {}", here.1, there.1)));
    }
    if let Some(pair) = &instance.pair
        && (pair.source != here.1.as_str() || pair.replica != there.1.as_str())
    {
        return Err(refused("The instance was already replicated by another call"));
    }
    if text_of(&instance.body, "InstanceAlias").is_empty() {
        return Err(refused("The instance has no alias"));
    }
    if text_of(&instance.body, "IdentityManagementType") != "SAML" {
        return Err(refused("The instance does not use SAML"));
    }
    let alias = input["ReplicaAlias"].as_str().unwrap_or_default();
    let taken = || states.values().any(|state| instances::has_alias(state, alias));
    if instance.pair.is_none() && !alias.is_empty() && taken() {
        return Err(instances::alias_taken(alias));
    }
    Ok(id.to_owned())
}

/// Makes the replica, and posts everything that the source has.
fn begin(
    input: &Value,
    states: &mut BTreeMap<Place, State>,
    (here, there): (&Place, &Place),
    id: &str,
    context: &Context<'_>,
) {
    let now = context.now.as_microsecond();
    let pair = Pair {
        source: here.1.to_string(),
        replica: there.1.to_string(),
        complete: now + lag(context),
        findings: Vec::new(),
    };
    let Some(source) = states.get_mut(here).and_then(|state| state.instances.get_mut(id)) else {
        return;
    };
    source.pair = Some(pair.clone());
    for store in source.stores.values_mut() {
        store.post_all(Clock { now, cutoff: now });
    }
    let mut body = source.body.clone();
    let arn = source.arn.replacen(here.1.as_str(), there.1.as_str(), 1);
    body.insert("Arn".to_owned(), json!(arn));
    if let Some(alias) = input["ReplicaAlias"].as_str() {
        body.insert("InstanceAlias".to_owned(), json!(alias));
        body.insert(
            "InstanceAccessUrl".to_owned(),
            json!(format!("https://{alias}.my.connect.aws")),
        );
    }
    let replica = Instance {
        id: id.to_owned(),
        arn,
        body,
        attributes: source.attributes.clone(),
        pair: Some(pair),
        ..Instance::default()
    };
    states.entry(there.clone()).or_default().instances.insert(id.to_owned(), replica);
}

/// Tries again what could not be copied.
fn retry(
    states: &mut BTreeMap<Place, State>,
    (here, there): (&Place, &Place),
    id: &str,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let now = context.now.as_microsecond();
    let mut tried = Vec::new();
    for (from, to) in [(here, there), (there, here)] {
        let Some(instance) = states.get_mut(from).and_then(|s| s.instances.get_mut(id)) else {
            continue;
        };
        let found = instance.pair.as_mut().map(|pair| std::mem::take(&mut pair.findings));
        for finding in found.into_iter().flatten().filter(|one| one["Region"] == to.1.as_str()) {
            for (kind, _) in MIRRORED.iter().filter(|(_, word)| finding["ResourceType"] == *word) {
                let resource = finding["Id"].as_str().unwrap_or_default();
                let Some(body) = instance.store(kind).get(resource).cloned() else { continue };
                let change = Change { at: now, id: resource.to_owned(), body: Some(body) };
                tried.push((from.clone(), to.clone(), *kind, change));
            }
        }
    }
    for (from, to, kind, change) in tried {
        follow(states, (&from, &to), id, (kind, change), context);
    }
    let left = states.get(here).and_then(|s| s.instances.get(id)).and_then(|one| one.pair.as_ref());
    match left.and_then(|pair| pair.findings.first()) {
        Some(finding) => Err(Failure::new(
            "ResourceConflictException",
            409,
            finding["Message"].as_str().unwrap_or_default(),
        )),
        None => Ok(()),
    }
}

fn lag(context: &Context<'_>) -> i64 {
    (context.settings.replication_lag_seconds * 1e6) as i64
}

/// Carries over what was written long enough ago in the account's replicated instances.
pub(crate) fn synchronise(states: &mut BTreeMap<Place, State>, context: &Context<'_>) {
    let until = context.now.as_microsecond().saturating_sub(lag(context));
    let mut due = Vec::new();
    for (from, state) in states.iter_mut().filter(|(place, _)| place.0 == *context.account) {
        for (id, instance) in &mut state.instances {
            let Some(pair) = &instance.pair else { continue };
            let other = if pair.source == from.1.as_str() { &pair.replica } else { &pair.source };
            let Ok(other) = Region::parse(other) else { continue };
            let to = (from.0.clone(), other);
            for (rank, (kind, _)) in MIRRORED.iter().enumerate() {
                let changes = instance.stores.get_mut(kind.noun).map(|store| store.due(until));
                for change in changes.into_iter().flatten() {
                    due.push((
                        change.at,
                        rank,
                        from.clone(),
                        to.clone(),
                        id.clone(),
                        *kind,
                        change,
                    ));
                }
            }
        }
    }
    due.sort_by_key(|(at, rank, ..)| (*at, *rank));
    for (_, _, from, to, id, kind, change) in due {
        follow(states, (&from, &to), &id, (kind, change), context);
    }
}

/// Carries one write over, or notes why not.
fn follow(
    states: &mut BTreeMap<Place, State>,
    (from, to): (&Place, &Place),
    id: &str,
    (kind, change): (&'static Kind, Change),
    context: &Context<'_>,
) {
    let levels = states.get(from).and_then(|s| s.instances.get(id)).map(|one| one.levels.clone());
    let Some(target) = states.get_mut(to).and_then(|s| s.instances.get_mut(id)) else { return };
    let local = |body: &Object| localise(body, (&from.0, &from.1, &to.1), id);
    if let Some(levels) = levels.filter(|_| kind.noun == hierarchy::KIND.noun) {
        target.levels = local(&levels);
    }
    let mut body = change.body.as_deref().map(local);
    if let Some(body) = &mut body {
        if kind.noun == views::KIND.noun && !views::publish_only(body) {
            return;
        }
        if kind.noun == prompts::KIND.noun {
            carry_audio(body, (&from.1, &to.1), context);
        }
        if let Some(other) = namesake(target, kind, &change.id, body) {
            let finding = conflict(kind, &change.id, body, (&from.1, &to.1), &other);
            for place in [from, to] {
                let pair =
                    states.get_mut(place).and_then(|s| s.instances.get_mut(id)?.pair.as_mut());
                if let Some(pair) = pair {
                    pair.findings.retain(|known| known["Id"] != finding["Id"]);
                    pair.findings.push(finding.clone());
                }
            }
            return;
        }
    }
    let now = change.at.saturating_add(lag(context));
    let search = (context.settings.search_lag_seconds * 1e6) as i64;
    let clock = Clock { now, cutoff: context.now.as_microsecond().saturating_sub(search) };
    target.store_mut(kind).follow(change.at, &change.id, body, clock);
}

/// The body as the other region has it: ARNs of the instance, and of AWS's own resources, name that region.
fn localise(
    body: &Object,
    (account, from, to): (&AccountId, &Region, &Region),
    id: &str,
) -> Object {
    let mut text = Value::Object(body.clone()).to_string();
    let partition = from.partition();
    for rest in [format!("{account}:instance/{id}"), "aws:".to_owned()] {
        let arn = |region: &Region| format!("arn:{partition}:connect:{region}:{rest}");
        text = text.replace(&arn(from), &arn(to));
    }
    // An ARN has nothing that JSON would escape, so that the text is JSON still.
    serde_json::from_str(&text).unwrap_or_else(|_| body.clone())
}

fn carry_audio(body: &Object, (from, to): (&Region, &Region), context: &Context<'_>) {
    let key = text_of(body, prompts::AUDIO);
    let uri = format!("s3://{}/{key}", prompts::bucket(from.as_str()));
    if let Some(bytes) = context.neighbours.object(&uri) {
        context.neighbours.keep(&prompts::bucket(to.as_str()), key, &bytes);
    }
}

/// The id of another resource that has the name over there.
fn namesake(target: &Instance, kind: &Kind, id: &str, body: &Object) -> Option<String> {
    let name = text_of(body, kind.name);
    // Overrides share their names with those of other hours, groups with those below other groups.
    if name.is_empty() || [overrides::KIND.noun, hierarchy::KIND.noun].contains(&kind.noun) {
        return None;
    }
    let mut all = target.store(kind).iter();
    all.find(|(other, body)| *other != id && text_of(body, kind.name) == name)
        .map(|(other, _)| other.to_owned())
}

fn conflict(
    kind: &Kind,
    id: &str,
    body: &Object,
    (from, to): (&Region, &Region),
    other: &str,
) -> Value {
    let name = text_of(body, kind.name);
    let word = MIRRORED.iter().find(|row| row.0.noun == kind.noun).map_or("", |row| row.1);
    let arn = text_of(body, "_arn").replacen(to.as_str(), from.as_str(), 1);
    json!({
        "Arn": arn, "Id": id, "Region": to.as_str(), "ResourceType": word, "Name": name,
        "Operation": "CREATE", "ReferenceCode": "RESOURCE_NAME_CONFLICT",
        "Message": format!(
            "{} {name} is not replicated: {other} has its name in {to}. Rename or delete one, then call \
             ReplicateInstance again.",
            kind.title(),
        ),
    })
}

/// `ReplicationConfiguration` of DescribeInstance.
pub(super) fn configuration(call: &Call<'_, '_>, pair: &Pair) -> Value {
    let now = call.context.now.as_microsecond();
    let status = |region: &str| {
        let finding = pair.findings.iter().find(|finding| finding["Region"] == region);
        let status = match finding {
            Some(_) => "INSTANCE_REPLICATION_FAILED",
            None if now < pair.complete => "INSTANCE_REPLICATION_IN_PROGRESS",
            None => "INSTANCE_REPLICATION_COMPLETE",
        };
        let mut summary = json!({ "Region": region, "ReplicationStatus": status });
        if let Some(finding) = finding {
            summary["ReplicationStatusReason"] = finding["Message"].clone();
        }
        summary
    };
    json!({
        "SourceRegion": pair.source,
        "ReplicationStatusSummaryList": [status(&pair.source), status(&pair.replica)],
        "GlobalSignInEndpoint": format!("https://{}.global.my.connect.aws", call.instance_id().unwrap_or_default()),
    })
}

fn findings(call: &mut Call<'_, '_>) -> Outcome {
    let instance = call.instance()?;
    let Some(pair) = &instance.pair else { return Err(refused("The instance is not replicated")) };
    let word = call.text("ResourceType");
    if !MIRRORED.iter().any(|row| row.1 == word) {
        return Err(refused(format!("ResourceType is not supported: {word}")));
    }
    let all: Vec<&Value> = pair.findings.iter().filter(|one| one["ResourceType"] == word).collect();
    let regions = [pair.source.as_str(), pair.replica.as_str()];
    let stores =
        MIRRORED.iter().filter(|row| row.1 == word).map(|row| instance.store(row.0).waiting());
    let waiting: usize = stores.sum();
    let here = call.context.region.as_str();
    let counts = regions.map(|region| {
        let stuck = all.iter().filter(|one| one["Region"] == region).count();
        // What waits here is not there yet.
        let drifted = stuck + if region == here { 0 } else { waiting };
        json!({ "Region": region, "Count": drifted, "Timestamp": call.seconds() })
    });
    let statuses = regions.map(|region| json!({ "Region": region, "Status": "ENABLED" }));
    let (page, next) = page::cut(call, page::numbered(all))?;
    let answer = json!({
        "ReplicationFindingsList": page,
        "ApproximateDriftedResourceCounts": counts,
        "ResourceReplicationStatuses": statuses,
    });
    Ok(resource::with_next(answer, next))
}
