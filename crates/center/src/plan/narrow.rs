//! What `--only` leaves of a plan. Names are paired and references resolved with all documents, so that what is
//! left out is neither taken for gone nor for renamed; it is only not acted on, and not remembered.

use super::bodies::{Adjusted, Bodies};
use super::build::{pairs, resolver, under_names};
use super::{Change, PlanInput, StepsOf};
use crate::identity;
use crate::select::{Only, Selection};
use std::collections::BTreeSet;
use trunkline_model::Report;

/// What a selection takes, with everything that it refers to where that is wanted. Drafts are read. TL0715: it
/// refers to something that is left out, and that the target lacks or has otherwise. TL0716: a pattern
/// fits nothing.
pub fn narrow(
    input: &PlanInput<'_>,
    selection: &Selection,
    with_dependencies: bool,
) -> Result<Only, Report> {
    let held = input.documents.iter().map(|d| (d.kind, d.name.as_str()));
    // Only what a prune takes out of use has no document.
    let there = input.snapshot.resources.iter().filter(|_| input.options.prune);
    selection.check_all_fit(held.chain(there.map(|r| (r.kind, r.name.as_str()))))?;
    let settled = settled(input);
    let is_settled = |kind: &str, name: &str| settled.contains(&(kind.to_owned(), name.to_owned()));
    let taken = selection.select(input.documents, with_dependencies, &is_settled)?;
    Ok(Only::new(selection.clone(), &taken))
}

/// Kinds and names of the documents that the target has as they are wanted, under their names.
fn settled(input: &PlanInput<'_>) -> BTreeSet<(String, String)> {
    let paired = identity::pair(input);
    let input = &under_names(input, paired.as_ref());
    let resolver = resolver(input);
    let bodies = Bodies::of_documents(input, input.documents.iter());
    let adjusted = Adjusted::new(input, &bodies);
    let mut settled = BTreeSet::new();
    for (kind, wanted, live) in pairs(input) {
        let Some(live) = live.filter(|l| l.called.is_none()).and_then(|l| bodies.of(l)) else {
            continue;
        };
        let wanted = adjusted.of(wanted);
        let (mut steps, mut findings) = (Vec::new(), Vec::new());
        if let Some(change) = Change::between(kind, wanted, Some(live), &resolver, input.options) {
            let (spec, name) = (kind.spec(), wanted.name.as_str());
            let (steps, findings) = (&mut steps, &mut findings);
            kind.steps(&change, &mut StepsOf { spec, kind, name, steps, findings });
        }
        if steps.is_empty() {
            settled.insert((wanted.kind.to_owned(), wanted.name.clone()));
        }
    }
    settled
}
