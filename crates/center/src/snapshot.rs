//! Snapshots: everything read from one instance at one time.

use crate::bindings::Bindings;
use crate::cloud::{Call, CallError, CallErrorKind, Cloud};
use crate::document::Documents;
use crate::read::{self, ReadOptions, Reader};
use crate::replicas::Replication;
use crate::resource::{Instance, Names, Resource};
use crate::{kinds, permissions};
use crate::{outside, read::text};
use futures_util::future::try_join_all;
use serde_json::json;
use std::collections::BTreeSet;
use trunkline_model::{AccountId, Diagnostic, Region, Report};

/// Everything read from one instance at one time.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The instance.
    pub instance: Instance,
    /// Its resources, sorted by kind and name.
    pub resources: Vec<Resource>,
    /// What has a name there, bots, functions and phone numbers included.
    pub names: Names,
    /// Functions that documents refer to and the target lacks: reference name, function name.
    pub functions_missing: Vec<(String, String)>,
}

impl Snapshot {
    /// Returns one resource.
    pub fn get(&self, kind: &str, name: &str) -> Option<&Resource> {
        let key = |r: &Resource| (r.kind, r.name.as_str()).cmp(&(kind, name));
        Some(&self.resources[self.resources.binary_search_by(key).ok()?])
    }
}

/// Finds the instance by its alias and makes sure that it is the one: account, region, alias.
pub async fn find_instance(
    cloud: &dyn Cloud,
    account: &AccountId,
    region: &Region,
    alias: &str,
) -> Result<Instance, Report> {
    Ok(find_instance_with_replication(cloud, account, region, alias).await?.0)
}

/// The same, with how the instance is replicated, which the same call tells.
pub async fn find_instance_with_replication(
    cloud: &dyn Cloud,
    account: &AccountId,
    region: &Region,
    alias: &str,
) -> Result<(Instance, Option<Replication>), Report> {
    let rows = read::pages(
        cloud,
        "connect",
        "ListInstances",
        "InstanceSummaryList",
        json!({}),
        "NextToken",
    );
    let rows = rows.await.map_err(|e| call_failed(&e))?;
    let aliases: Vec<String> = rows.iter().map(|r| text(r, "InstanceAlias")).collect();
    let Some(row) = rows.iter().find(|r| text(r, "InstanceAlias") == alias) else {
        let known = if aliases.is_empty() { "none".to_owned() } else { aliases.join(", ") };
        return Err(Diagnostic::error(
            "TL0401",
            format!("there is no instance `{alias}` in {account} / {region}"),
        )
        .because(format!("instances there: {known}"))
        .help("correct `instance` in trunkline.yaml, or make it with `trunkline instance create`")
        .report());
    };
    let call = Call::new("connect", "DescribeInstance", json!({ "InstanceId": text(row, "Id") }));
    let answer = cloud.call(call).await.map_err(|e| call_failed(&e))?;
    let live = answer.output.get("Instance").cloned().unwrap_or_default();
    let arn = text(&live, "Arn");
    let there = trunkline_model::Arn::parse(&arn).ok();
    let fits = there.is_some_and(|a| a.account == account.as_str() && a.region == region.as_str());
    if text(&live, "InstanceAlias") != alias || !fits {
        return Err(Diagnostic::error(
            "TL0402",
            format!("the instance found is not `{alias}` in {account} / {region}"),
        )
        .because(format!("it is `{}`, {arn}", text(&live, "InstanceAlias")))
        .help("nothing was changed; check account, region and alias in trunkline.yaml")
        .report());
    }
    let (account, region) = (account.clone(), region.clone());
    let (id, alias) = (text(&live, "Id"), alias.to_owned());
    let identity = text(&live, "IdentityManagementType");
    let instance = Instance { account, region, id, arn, alias, identity };
    Ok((instance, Replication::of(&answer.output)))
}

/// Reads everything. `documents` say which functions and bots are needed beside those in use.
pub async fn take(
    cloud: &dyn Cloud,
    instance: &Instance,
    documents: Option<&Documents>,
    bindings: &Bindings,
    options: &ReadOptions,
) -> Result<Snapshot, CallError> {
    let reader = Reader { cloud, instance, options };
    let wanted = |k: &&&'static dyn crate::kind::Kind| {
        !k.opt_in() || options.include.contains(k.spec().name)
    };
    let kinds = kinds::ALL.iter().filter(wanted);
    let reading = try_join_all(kinds.map(|kind| read::kind(*kind, &reader)));
    let (resources, outside) = futures_util::try_join!(reading, outside::lists(&reader))?;
    let mut resources: Vec<Resource> = resources.into_iter().flatten().collect();
    let mut names = outside;
    outside::bots(&reader, &resources, documents, &mut names).await?;
    for resource in &mut resources {
        if let Some(kind) = kinds::get(resource.kind) {
            kind.name_it(resource, &names, bindings);
        }
    }
    for resource in &resources {
        names.insert(resource.kind, &resource.name, resource.entry());
    }
    let functions_missing = match documents {
        Some(documents) => outside::missing_functions(&reader, documents, bindings).await?,
        None => Vec::new(),
    };
    resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(Snapshot { instance: instance.clone(), resources, names, functions_missing })
}

/// Reads the drafts of some resources into the snapshot.
pub async fn read_drafts(
    cloud: &dyn Cloud,
    snapshot: &mut Snapshot,
    wanted: &[(&'static str, String)],
    options: &ReadOptions,
) -> Result<(), CallError> {
    let instance = snapshot.instance.clone();
    let reader = Reader { cloud, instance: &instance, options };
    let wanted: BTreeSet<(&str, &str)> = wanted.iter().map(|(k, id)| (*k, id.as_str())).collect();
    let chosen =
        snapshot.resources.iter_mut().filter(|r| wanted.contains(&(r.kind, r.id.as_str())));
    let reading = chosen.filter_map(|r| Some(kinds::get(r.kind)?.read_draft(&reader, r)));
    try_join_all(reading).await.map(drop)
}

/// A failed call as what a person meets.
pub fn call_failed(error: &CallError) -> Report {
    let code = match error.kind {
        CallErrorKind::Credentials if error.code.contains("Expired") => "TL0602",
        CallErrorKind::Credentials if error.operation.contains("AssumeRole") => "TL0603",
        CallErrorKind::Credentials => "TL0601",
        CallErrorKind::Refused if error.code.starts_with("AccessDenied") => "TL0604",
        CallErrorKind::Refused if is_quota(&error.code) => "TL0607",
        CallErrorKind::Refused | CallErrorKind::Throttled => "TL0605",
        CallErrorKind::Uncertain | CallErrorKind::Unreachable => "TL0606",
        CallErrorKind::Malformed => "TL0608",
    };
    let message =
        if error.message.is_empty() { error.document.to_string() } else { error.message.clone() };
    let said = format!("{}: {}: {message}", error.operation, error.code);
    let denied = permissions::denied(error);
    // What people can put right is said in plain words first, and then as AWS says it.
    let plain = match code {
        "TL0602" => Some("the credentials have expired".to_owned()),
        "TL0603" => Some("the role may not be assumed".to_owned()),
        "TL0604" => Some(lacking(&denied)),
        // The metadata of instances are asked last, so that their failure says only that nothing was found before.
        "TL0601" if message.contains("IMDS") => Some("there are no AWS credentials".to_owned()),
        _ => None,
    };
    let mut diagnostic = match plain {
        Some(plain) if code == "TL0601" => Diagnostic::error(code, plain)
            .because("looked in the environment, the profile, single sign-on, and where builds and containers have them")
            .because(format!("what the metadata of EC2 say: {}", metadata(&message))),
        Some(plain) => Diagnostic::error(code, plain).because(format!("AWS says: {said}")),
        None => Diagnostic::error(code, said),
    };
    if let Some(id) = &error.request_id {
        diagnostic = diagnostic.because(format!("request id: {id}"));
    }
    match code {
        "TL0601" => diagnostic.help("sign in (for example `aws sso login`), or name a profile with `--profile` or AWS_PROFILE"),
        "TL0602" => diagnostic.help("sign in again and run the same command: it carries on"),
        "TL0603" => diagnostic.help("check the role's name, its trust policy and the external id"),
        "TL0604" => {
            if let Some(resource) = &denied.resource {
                diagnostic = diagnostic.because(format!("on {resource}"));
            }
            diagnostic.help(match &denied.explicit {
                Some(place) => format!("it is denied in {place}: change that, and run the same command again"),
                None => "allow the action in the role's policy (`trunkline env bootstrap` makes one that does) \
                         and run the same command again".to_owned(),
            })
        }
        "TL0606" => diagnostic.help(
            "check the network, the proxy and AWS_ENDPOINT_URL from this machine, and run the same command again",
        ),
        _ => diagnostic,
    }
    .report()
}

/// What a failed look at the metadata of an instance says of them, in one line.
fn metadata(message: &str) -> &str {
    let from = message.find("IMDS").map_or(message, |at| &message[at..]);
    from.lines().next().unwrap_or_default()
}

/// The action that is missing, and whose sake it is for.
fn lacking(denied: &permissions::Denied) -> String {
    match &denied.needed_by {
        Some(operation) => format!("the role lacks {}, which {operation} needs", denied.action),
        None => format!("the role lacks {}", denied.action),
    }
}

fn is_quota(code: &str) -> bool {
    matches!(code, "LimitExceededException" | "ServiceQuotaExceededException")
}
