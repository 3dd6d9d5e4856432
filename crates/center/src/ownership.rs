//! Whose a resource is, and what a project leaves to others.
//!
//! A resource that can carry tags belongs to the project that its tag names. What cannot carry tags belongs
//! to the project whose ledger holds it. Settings that every instance has belong to nobody: there the
//! baseline alone says who changed what. Plans ask here; the rules of the configuration come in as lists.

use crate::document::subject;
use crate::kind::Kind;
use crate::plan::PROJECT_TAG;
use crate::resource::Resource;
use crate::select::Only;
use crate::state::Ledger;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::Diagnostic;

/// How many tags a resource can carry.
pub const TAGS_AT_MOST: usize = 50;

/// How it is known whose a resource of a kind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// By the project's tag, or the ledger where there was no room for one.
    Tagged,
    /// By the ledger: the kind has no tags.
    Listed,
    /// It is a setting of the instance, which nobody makes and nobody owns.
    Setting,
}

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This project's.
    Ours,
    /// Another project's.
    Project(String),
    /// Nobody's, as far as Trunkline knows: people made it, AWS, or another tool.
    Nobody,
}

/// Says whose a live resource is.
pub fn owner(kind: &dyn Kind, resource: &Resource, project: &str, ledger: &Ledger) -> Owner {
    match resource.tags.get(PROJECT_TAG) {
        Some(tag) if tag == project => Owner::Ours,
        Some(tag) => Owner::Project(tag.clone()),
        None if kind.spec().ownership() == Ownership::Setting => Owner::Ours,
        None if ledger.holds(resource.kind, &resource.name) => Owner::Ours,
        None => Owner::Nobody,
    }
}

/// The fields of a resource that people change in the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedFields {
    /// All of them: the resource is made once, and then only read.
    All,
    /// These.
    Some(BTreeSet<String>),
}

impl OwnedFields {
    /// Whether a field is the instance's.
    pub fn holds(&self, field: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(fields) => fields.contains(field),
        }
    }
}

/// What the configuration leaves to others, for the names that a plan meets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What the instance owns (`instance_owned`), by kind and name.
    pub instance_owned: BTreeMap<(String, String), OwnedFields>,
    /// What the project does not look at (`scope`, `external`), by kind and name: never pruned.
    pub left_alone: BTreeSet<(String, String)>,
    /// What the command looks at; None: everything.
    pub only: Option<Only>,
}

impl Limits {
    /// The fields of a resource that the instance owns.
    pub fn owned(&self, kind: &str, name: &str) -> Option<&OwnedFields> {
        self.instance_owned.get(&(kind.to_owned(), name.to_owned()))
    }

    /// Whether all of a resource is the instance's.
    pub fn owned_whole(&self, kind: &str, name: &str) -> bool {
        self.owned(kind, name) == Some(&OwnedFields::All)
    }

    /// Whether a resource is neither changed nor taken out of use.
    pub fn leave_alone(&self, kind: &str, name: &str) -> bool {
        self.left_alone.contains(&(kind.to_owned(), name.to_owned()))
            || self.owned_whole(kind, name)
            || !self.takes(kind, name)
    }

    /// Whether the command looks at a resource.
    pub fn takes(&self, kind: &str, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.takes(kind, name))
    }
}

/// What a step means for the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimChange {
    /// The ledger gains it.
    Gained,
    /// It is out of use: a later prune deletes it.
    Retired,
    /// A document names it again: it is in use.
    Wanted,
    /// It is gone, and the ledger loses it.
    Lost,
}

/// A change of the ledger that a plan makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// What happens.
    pub change: ClaimChange,
    /// The step that makes it true; None: true as soon as the plan is carried out, whatever its steps do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// The kind under which the ledger keeps what was retired and carries no tag that says so.
fn retired_key(kind: &str) -> String {
    format!("retired:{kind}")
}

/// Whether an earlier prune took it out of use.
pub fn is_retired(ledger: &Ledger, kind: &str, name: &str) -> bool {
    ledger.holds(&retired_key(kind), name)
}

impl Claim {
    /// Changes a ledger. The caller has seen that the claim's step is done; begun is enough for `Gained`.
    pub fn enter(&self, ledger: &mut Ledger) {
        match self.change {
            ClaimChange::Gained => {
                ledger.insert(&self.kind, &self.name);
                ledger.remove(&retired_key(&self.kind), &self.name);
            }
            ClaimChange::Retired => ledger.insert(&retired_key(&self.kind), &self.name),
            ClaimChange::Wanted => ledger.remove(&retired_key(&self.kind), &self.name),
            ClaimChange::Lost => {
                ledger.remove(&self.kind, &self.name);
                ledger.remove(&retired_key(&self.kind), &self.name);
            }
        }
    }
}

/// The error for a change of what is not ours; None where it is.
pub(crate) fn refusal(
    owner: &Owner,
    kind: &str,
    name: &str,
    lines: &[String],
) -> Option<Diagnostic> {
    let who = subject(kind, name);
    let adopt = format!("trunkline adopt --env ENV {kind}:{name}");
    let found = match owner {
        Owner::Ours => return None,
        Owner::Project(other) => {
            Diagnostic::error("TL0410", format!("{who} belongs to the project `{other}`")).help(
                format!("leave it to that project (`external` in trunkline.yaml), or take it over: `{adopt} --from-project {other}`"),
            )
        }
        Owner::Nobody => Diagnostic::error("TL0411", format!("{who} belongs to no project"))
            .because("people, AWS or another tool made it: nothing of it was changed")
            .help(format!("take it over: `{adopt}`; or leave it out (`scope`, `external`)")),
    };
    let lines = lines.iter().map(|l| format!("the document would change: {l}"));
    Some(lines.fold(found.on(who), Diagnostic::because))
}
