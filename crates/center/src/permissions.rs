//! Which actions of IAM the kinds need, and on what: from their data, so that a role's policy follows from the
//! kinds in use. `env bootstrap` makes a template of it (`template`), `doctor` checks it one by one.
//!
//! Every reading of an instance reads all kinds, so reading needs the actions of all of them; writing needs those
//! of the kinds in use. Pure.

mod check;
mod denied;
mod policy;
mod template;

use crate::kind::{Retire, Spec};
use crate::kinds;
use std::collections::{BTreeMap, BTreeSet};

pub use check::{Checked, Checks, Scene, Verdict, check};
pub use denied::{Denied, denied};
pub use policy::{Places, statements};
pub use template::{Roles, instance_of, template, to_yaml};

/// What an action is allowed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// What has no resource to name.
    Everything,
    /// The instances, and what lies in them.
    Instance,
    /// The instances, and phone numbers, which lie beside them.
    Numbers,
    /// Functions of the account.
    Functions,
    /// Bots and their aliases.
    Bots,
    /// Buckets that instances store into.
    Buckets,
    /// The staging buckets.
    Staging,
    /// The staged objects.
    Staged,
    /// Keys of the account.
    Keys,
    /// Streams of the account.
    Streams,
    /// The roles that belong to Connect itself; on others these actions would make anybody of the caller.
    ServiceRole,
    /// The role itself.
    Role,
}

/// What an action is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Reads: export, plan, drift.
    Read,
    /// Writes: apply.
    Write,
    /// A check says less without it; nothing fails.
    Optional,
    /// AWS's documentation asks for it beside a write; whether the write fails without it was not seen.
    Beside,
}

/// An action that a role needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// `connect:CreateQueue`.
    pub action: String,
    /// On what.
    pub on: On,
    /// What for.
    pub access: Access,
}

/// Actions that no kind asks for by itself.
const COMMON: &[(&str, On, Access)] = &[
    ("connect:ListInstances", On::Everything, Access::Read),
    ("connect:DescribeInstance", On::Instance, Access::Read),
    ("connect:ListUsers", On::Instance, Access::Read),
    ("connect:ListPhoneNumbers", On::Numbers, Access::Read),
    ("lex:ListBots", On::Everything, Access::Read),
    ("lex:ListBotAliases", On::Bots, Access::Read),
    ("lambda:GetFunction", On::Functions, Access::Read),
    ("connect:TagResource", On::Instance, Access::Write),
    ("connect:UntagResource", On::Instance, Access::Write),
    ("servicequotas:ListServiceQuotas", On::Everything, Access::Optional),
    ("cloudtrail:LookupEvents", On::Everything, Access::Optional),
    ("s3:ListBucket", On::Staging, Access::Optional),
    ("iam:SimulatePrincipalPolicy", On::Role, Access::Optional),
];

/// What AWS's documentation lists as dependent on an action, on services whose part is not emulated.
const BESIDE: &[(&str, &[(&str, On)])] = &[
    ("connect:ListPhoneNumbers", &[("connect:ListPhoneNumbersV2", On::Numbers)]),
    (
        "connect:AssociateInstanceStorageConfig",
        &[
            ("firehose:DescribeDeliveryStream", On::Streams),
            ("iam:AttachRolePolicy", On::ServiceRole),
            ("iam:CreateServiceLinkedRole", On::ServiceRole),
            ("iam:PutRolePolicy", On::ServiceRole),
            ("kinesis:DescribeStream", On::Streams),
            ("kms:CreateGrant", On::Keys),
            ("kms:DescribeKey", On::Keys),
        ],
    ),
    (
        "connect:AssociateBot",
        &[
            ("iam:AttachRolePolicy", On::ServiceRole),
            ("iam:CreateServiceLinkedRole", On::ServiceRole),
            ("iam:PutRolePolicy", On::ServiceRole),
        ],
    ),
    ("connect:CreatePrompt", &[("kms:Decrypt", On::Keys), ("s3:GetObjectAcl", On::Staged)]),
];

/// Operations whose action has another name.
const RENAMED: &[(&str, &str)] = &[
    ("connect:ListPhoneNumbersV2", "connect:ListPhoneNumbers"),
    ("s3:HeadObject", "s3:GetObject"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
];

/// Services whose actions begin with another word than botocore's name.
const PREFIXES: &[(&str, &str)] = &[("lexv2-models", "lex"), ("service-quotas", "servicequotas")];

/// The action that allows an operation: `lex:ListBots` of `lexv2-models` and `ListBots`.
pub fn action(service: &str, operation: &str) -> String {
    let prefix = PREFIXES.iter().find(|(name, _)| *name == service).map_or(service, |row| row.1);
    let action = format!("{prefix}:{operation}");
    RENAMED.iter().find(|(from, _)| *from == action).map_or(action, |row| row.1.to_owned())
}

/// The action that a failed call lacked, as `CallError` names operations: `connect.CreateQueue`.
pub fn action_of(full_name: &str) -> String {
    let (service, operation) = full_name.split_once('.').unwrap_or(("", full_name));
    action(service, operation)
}

/// Kinds that are in use where a project has no documents yet: all but those that have to be asked for.
pub fn usual_kinds() -> BTreeSet<&'static str> {
    kinds::ALL.iter().filter(|k| !k.opt_in()).map(|k| k.spec().name).collect()
}

/// Everything that is needed to read, and to write the kinds in use; sorted, each action once.
pub fn needs(in_use: &BTreeSet<&str>) -> Vec<Need> {
    let mut all: BTreeMap<String, (On, Access)> = BTreeMap::new();
    let mut add = |action: &str, on: On, access: Access| {
        let entry = all.entry(action.to_owned()).or_insert((on, access));
        *entry = (entry.0.max(on), entry.1.min(access));
    };
    for (action, on, access) in COMMON {
        add(action, *on, *access);
    }
    for kind in kinds::ALL {
        let spec = kind.spec();
        let used = in_use.contains(spec.name);
        let read = used || !kind.opt_in();
        for (action, on) in of_kind(spec) {
            let access = if is_read(&action) { Access::Read } else { Access::Write };
            if used || read && access == Access::Read {
                add(&action, on, access);
            }
        }
    }
    for (action, others) in BESIDE {
        if all.contains_key(*action) {
            for (other, on) in *others {
                all.entry((*other).to_owned()).or_insert((*on, Access::Beside));
            }
        }
    }
    all.into_iter().map(|(action, (on, access))| Need { action, on, access }).collect()
}

/// The actions of a kind.
fn of_kind(spec: &Spec) -> Vec<(String, On)> {
    let mut operations: Vec<&str> = Vec::new();
    operations.extend(spec.list.as_ref().map(|l| l.operation));
    operations.extend(spec.search.as_ref().map(|s| s.operation));
    operations.extend(spec.describe.as_ref().map(|d| d.operation));
    operations.extend(spec.create.as_ref().map(|c| c.operation));
    operations.extend(spec.updates.iter().map(|u| u.operation));
    operations.extend(spec.delete);
    for members in spec.members {
        operations.extend([members.associate.0, members.disassociate.0]);
        operations.extend(members.update.map(|u| u.0));
    }
    if let Retire::First { operation, .. } = spec.retire {
        operations.push(operation);
    }
    let derived = operations.into_iter().map(|o| (action("connect", o), On::Instance));
    derived.chain(spec.also.iter().map(|(action, on)| ((*action).to_owned(), *on))).collect()
}

/// Whether an action of Connect changes nothing. On other services kinds only act beside writes.
fn is_read(action: &str) -> bool {
    let verbs = ["Describe", "List", "Search", "Get"];
    action
        .strip_prefix("connect:")
        .is_some_and(|operation| verbs.iter().any(|verb| operation.starts_with(verb)))
}

#[cfg(test)]
mod tests;
