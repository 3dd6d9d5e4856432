//! The list of operations that a test run's records are held against names every operation that a kind
//! declares: a kind cannot be added without its wire being checked.

use std::collections::BTreeSet;
use trunkline_center::{KINDS, Kind, Retire};

const WANTED: &str = include_str!("../../../tests/operations.txt");

/// The operations in a kind's data.
fn declared(kind: &dyn Kind) -> Vec<&'static str> {
    let spec = kind.spec();
    let mut all: Vec<&str> = Vec::new();
    all.extend(spec.list.as_ref().map(|l| l.operation));
    all.extend(spec.search.as_ref().map(|s| s.operation));
    all.extend(spec.describe.as_ref().map(|d| d.operation));
    all.extend(spec.create.as_ref().map(|c| c.operation));
    all.extend(spec.updates.iter().map(|u| u.operation));
    all.extend(spec.delete);
    for members in spec.members {
        all.extend([members.associate.0, members.disassociate.0]);
        all.extend(members.update.map(|u| u.0));
    }
    if let Retire::First { operation, .. } = spec.retire {
        all.push(operation);
    }
    all
}

#[test]
fn the_records_are_held_against_every_operation_that_a_kind_declares() {
    let wanted: BTreeSet<&str> = WANTED.lines().collect();
    let mut lacking = Vec::new();
    for kind in KINDS {
        for operation in declared(*kind) {
            if !wanted.contains(format!("connect.{operation}").as_str()) {
                lacking.push(format!("{}: connect.{operation}", kind.spec().name));
            }
        }
    }
    assert!(lacking.is_empty(), "tests/operations.txt lacks {lacking:?}");
}
