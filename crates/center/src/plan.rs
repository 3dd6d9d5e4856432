//! Plans: the steps that turn what a target holds into what the documents say, with the reason for each.
//!
//! A plan is data: it can be saved, read by people, and carried out later by `apply`. Making one calls
//! nothing. What stands in a step's input is resolved already; only what the plan itself will make
//! is still a reference.

mod adopt;
mod before;
mod bodies;
mod build;
mod check;
mod compare;
mod lines;
mod narrow;
mod order;
mod order_live;
#[cfg(test)]
mod order_tests;
mod prune;
mod remember;
mod rename;
mod resolving;
mod steps;

pub use adopt::adoption;
pub use before::{check, check_pair, check_tags, checks, fingerprint};
pub(crate) use before::{check_deleted, check_retired, tag_rows};
pub(crate) use bodies::Bodies;
pub(crate) use build::build_under;
pub use build::{PlanInput, PlanOptions, build, drafts_needed};
pub(crate) use compare::same;
pub use compare::{Change, FieldChange, Live};
pub use lines::{field_lines, short};
pub use narrow::narrow;
pub use order_live::{Mixed, PHASES, Phase, Survey, phases};
pub(crate) use order_live::{REMOVED, RESTORED};
pub(crate) use prune::names_used;
pub(crate) use rename::{is_temporary, temporary_name};
pub(crate) use steps::explicit_ids;
pub use steps::{
    PROJECT_TAG, StepsOf, beside, by_spec as steps_by_spec, made, tag_changes, tags_to_set,
};

use crate::ownership::Claim;
use crate::state::AppliedResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;

/// The version of the stored form; a plan of another version is refused.
pub const PLAN_VERSION: u32 = 1;

/// The field under which a read before a write holds tags, whatever documents call them.
pub(crate) const TAGS: &str = "Tags";

/// Everything that an apply does, in one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `PLAN_VERSION` of the program that made it.
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// Where it applies.
    pub target: PlanTarget,
    /// What changes, for people, in order of kind and name.
    pub changes: Vec<PlannedChange>,
    /// What is done. A step runs when those that it needs are done.
    pub steps: Vec<Step>,
    /// Warnings and notes: what is skipped, what the service may refuse.
    pub findings: Vec<Diagnostic>,
    /// Bytes that steps send, by their `sha256:` name, as base64.
    pub attachments: BTreeMap<String, String>,
    /// What is remembered as applied once the plan is done: every document whose remembered body, id or name
    /// is another, those that need no step included.
    #[serde(default)]
    pub wanted: Vec<AppliedResource>,
    /// What is no longer remembered once the plan is done, because nothing has the name: kind and name.
    #[serde(default)]
    pub forgotten: Vec<(String, String)>,
    /// What the ledger gains and loses, each with the step that makes it true.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// Entries of the list of renames that the target has seen once every rename of the plan is done.
    #[serde(default)]
    pub renames: Vec<String>,
    /// Entries that the target has not seen any more then, because a rollback takes their renames back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

/// Where a plan applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTarget {
    /// The environment's name.
    pub environment: String,
    /// Twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The instance's alias.
    pub alias: String,
    /// The instance's id.
    pub instance_id: String,
    /// The instance's ARN.
    pub instance_arn: String,
}

/// What a change does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// Its draft becomes what callers hear, without a change.
    Publish,
    /// It is associated with the instance or with another resource.
    Associate,
    /// The service is told another name for it; the id stays.
    Rename,
    /// It becomes the project's; nothing else of it changes.
    Adopt,
    /// It is taken out of use.
    Retire,
    /// It is deleted.
    Delete,
}

/// A change as people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// What is done.
    pub action: Action,
    /// The resource's kind.
    pub kind: String,
    /// The resource's name.
    pub name: String,
    /// What changes in it: fields, or blocks and branches; one line each, `+`, `-` or `~` first.
    pub lines: Vec<String>,
    /// Only the designer's layout changes.
    pub layout_only: bool,
}

/// A call as a step makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepCall {
    /// `connect`, `s3` ...
    pub service: String,
    /// `CreateQueue`.
    pub operation: String,
    /// Input, with references to what the plan makes.
    pub input: Value,
    /// The `sha256:` name of the bytes that are sent as body.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attachment: Option<String>,
}

/// A read before a write: the write happens only if these fields are as they were planned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The Describe operation, or the List operation that gives the field.
    pub operation: String,
    /// Its input.
    pub input: Value,
    /// Fields that the step overwrites.
    pub fields: Vec<String>,
    /// Their fingerprint when the plan was made.
    pub fingerprint: String,
    /// Where the step changes some members of a set: these, instead of the fingerprint.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<Rows>,
    /// Where the step writes the name: those that the resource may have, by what the plan saw or itself makes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub names: Vec<String>,
    /// Where the step writes some of the fields only, and the others have to be as they were: those that it writes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub writes: Vec<String>,
}

/// The members of a set that a step changes: lists, with references to what the plan makes. Members of what has a
/// value for each key are pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// As they were when the plan was made; those that the step adds are not among them.
    pub was: Value,
    /// As the step makes them; those that it takes away are not among them.
    pub is: Value,
}

/// How to recognise a resource of ours after a create whose answer was lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adopt {
    /// The List operation, its items, its members for id, ARN and name.
    pub list: (String, String, String, String, String),
    /// Further input of the List operation.
    pub list_input: Value,
}

/// What makes a create possible before what it refers to exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stub {
    /// The create call with a body that refers to nothing.
    pub create: StepCall,
    /// The step that fills in the content afterwards.
    pub content: Box<Step>,
}

/// One write call, with everything that an apply must know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Unique in the plan and the same whenever the same plan is made: `queue/Sales/CreateQueue`.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// The resource's kind.
    pub kind: String,
    /// The resource's name.
    pub name: String,
    /// The call.
    pub call: StepCall,
    /// Kind and name that can be referred to once the step is done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provides: Option<(String, String)>,
    /// Members of the answer that hold id and ARN of what was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub made: Option<(String, String)>,
    /// Steps that must be done before.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The read before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub check: Option<Check>,
    /// Further reads before, for what the first one lacks.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lists: Vec<Check>,
    /// What is called instead where the service refuses to publish.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub as_draft: Vec<StepCall>,
    /// How a Duplicate answer is told apart from somebody else's resource.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub adopt: Option<Adopt>,
    /// Kinds and names that must be there before, beyond those that the input refers to. Used by the
    /// ordering only.
    #[serde(skip)]
    pub after: Vec<(String, String)>,
    /// Used by the ordering only; never in a finished plan.
    #[serde(skip)]
    pub stub: Option<Stub>,
}

impl Check {
    /// A read that compares nothing yet.
    pub(crate) fn by(operation: &str, input: Value) -> Self {
        let (operation, fingerprint) = (operation.to_owned(), String::new());
        let (fields, names, writes) = (Vec::new(), Vec::new(), Vec::new());
        Self { operation, input, fields, fingerprint, rows: None, names, writes }
    }

    /// What stands in it as references until it is resolved.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let rows = self.rows.iter_mut().flat_map(|rows| [&mut rows.was, &mut rows.is]);
        std::iter::once(&mut self.input).chain(rows)
    }
}

impl Step {
    /// The reads before the write.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.check.iter().chain(&self.lists)
    }
}

impl Plan {
    /// Whether there is something to remember, even where nothing is to be done.
    pub fn is_to_be_remembered(&self) -> bool {
        !(self.wanted.is_empty()
            && self.forgotten.is_empty()
            && self.claims.is_empty()
            && self.renames.is_empty()
            && self.unseen.is_empty())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Calls by operation, the reads before writes included.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for step in &self.steps {
            let mut count = |service: &str, operation: &str| {
                *calls.entry(format!("{service}.{operation}")).or_default() += 1;
            };
            count(&step.call.service, &step.call.operation);
            for check in step.checks() {
                count("connect", &check.operation);
            }
        }
        for survey in self.surveys() {
            *calls.entry(format!("connect.{}", survey.operation)).or_default() += 1;
        }
        calls
    }

    /// The least seconds that the calls take at `per_second` calls of an operation after `burst` of them.
    pub fn seconds(&self, per_second: f64, burst: f64) -> f64 {
        let most = self.calls().into_values().max().unwrap_or_default() as f64;
        ((most - burst) / per_second).max(0.0)
    }

    /// How many changes there are of an action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|c| c.action == action).count()
    }
}
