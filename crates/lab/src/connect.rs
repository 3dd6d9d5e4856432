//! The emulated Amazon Connect: pure functions over the state of one account in one region.
//!
//! [`call`] finds the operation's contract (what it demands of its input, which errors it declares) and
//! its function in the tables of the resource kinds, one file each. HTTP, signatures and throttling are the
//! server's. Absent on purpose: contacts, metrics, traffic distribution, versions and aliases of flows.

mod agent_statuses;
mod associations;
mod attributes;
mod call;
mod check;
mod contract;
mod defaults;
mod flows;
mod hierarchy;
mod hours;
mod instances;
mod kind;
mod modules;
mod numbers;
mod overrides;
mod page;
mod prompts;
mod queues;
mod quick_connects;
mod replication;
mod resource;
mod routing;
mod search;
mod security;
mod state;
mod storage;
mod store;
mod tags;
mod users;
mod validate;
mod views;

#[cfg(test)]
mod tests;

use crate::service::{Context, Failure, Outcome};
use serde_json::Value;
use std::collections::BTreeMap;
use trunkline_model::{AccountId, Region};

use call::{Call, Operation};
pub use state::State;

/// Every kind's operations.
const TABLES: &[&[Operation]] = &[
    instances::OPERATIONS,
    replication::OPERATIONS,
    storage::OPERATIONS,
    associations::OPERATIONS,
    hours::OPERATIONS,
    overrides::OPERATIONS,
    prompts::OPERATIONS,
    attributes::OPERATIONS,
    agent_statuses::OPERATIONS,
    hierarchy::OPERATIONS,
    security::OPERATIONS,
    queues::OPERATIONS,
    quick_connects::OPERATIONS,
    routing::OPERATIONS,
    users::OPERATIONS,
    flows::OPERATIONS,
    modules::OPERATIONS,
    views::OPERATIONS,
    numbers::OPERATIONS,
    tags::OPERATIONS,
];

/// Runs one operation. A failure leaves the state as it was, and is one that the operation declares.
pub fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    let found = TABLES.iter().flat_map(|table| table.iter()).find(|(name, _)| *name == operation);
    let (Some((_, run)), Some(contract)) = (found, contract::of(operation)) else {
        return Err(Failure::unknown("connect", operation));
    };
    check::input(contract.input, input)
        .and_then(|()| run(&mut Call { contract, input, state, context }))
        .map_err(|failure| contract.declared(failure))
}

pub(crate) use replication::{replicate, synchronise};

/// Refuses the alias of a new instance that one in another account or region has: it is part of a host name.
pub(crate) fn alias_is_free_elsewhere(
    input: &Value,
    place: &(AccountId, Region),
    states: &BTreeMap<(AccountId, Region), State>,
) -> Result<(), Failure> {
    let alias = input.get("InstanceAlias").and_then(Value::as_str).unwrap_or_default();
    let mut others = states.iter().filter(|(other, _)| *other != place);
    match !alias.is_empty() && others.any(|(_, state)| instances::has_alias(state, alias)) {
        true => Err(instances::alias_taken(alias)),
        false => Ok(()),
    }
}

/// The operations that the lab implements, by their names in the model.
pub fn operations() -> impl Iterator<Item = &'static str> {
    TABLES.iter().flat_map(|table| table.iter()).map(|(name, _)| *name)
}
