//! The order of the blocks of two sides. It means nothing to the service, but the file has one: what both
//! sides have keeps the order of the side that changed it, and a block that one side added stays behind the
//! block that it stood behind.

use std::collections::{BTreeMap, BTreeSet};

/// Orders what is kept. Each kept identifier is in at least one of the two sides. Which side is which makes no
/// difference.
pub(super) fn merged(
    base: &[&str],
    ours: &[&str],
    theirs: &[&str],
    kept: &BTreeSet<String>,
) -> Vec<String> {
    let only = |ids: &[&str]| -> Vec<String> {
        ids.iter().filter(|id| kept.contains(**id)).map(|id| (*id).to_owned()).collect()
    };
    let (base, ours, theirs) = (only(base), only(ours), only(theirs));
    let common: BTreeSet<&String> = ours.iter().filter(|id| theirs.contains(id)).collect();
    let within = |ids: &[String], set: &BTreeSet<&String>| -> Vec<String> {
        ids.iter().filter(|id| set.contains(id)).cloned().collect()
    };
    let (in_ours, in_theirs) = (within(&ours, &common), within(&theirs, &common));
    let known: BTreeSet<&String> = common.iter().copied().filter(|id| base.contains(id)).collect();
    let before = within(&base, &known);
    let skeleton = match (within(&in_ours, &known) == before, within(&in_theirs, &known) == before)
    {
        (true, false) => in_theirs,
        (false, true) => in_ours,
        // Both or neither moved them: the same choice whichever side is which.
        _ => in_ours.min(in_theirs),
    };
    let (mut runs, mut out) = (BTreeMap::<Option<String>, Vec<Vec<String>>>::new(), Vec::new());
    for side in [&ours, &theirs] {
        for (anchor, run) in runs_of(side, &common) {
            runs.entry(anchor).or_default().push(run);
        }
    }
    for anchor in std::iter::once(None).chain(skeleton.into_iter().map(Some)) {
        out.extend(anchor.clone());
        let mut here = runs.remove(&anchor).unwrap_or_default();
        here.sort();
        out.extend(here.into_iter().flatten());
    }
    out
}

/// What one side alone has, each run with what stands before it.
fn runs_of(side: &[String], common: &BTreeSet<&String>) -> Vec<(Option<String>, Vec<String>)> {
    let mut runs = vec![(None, Vec::new())];
    for id in side {
        if common.contains(id) {
            runs.push((Some(id.clone()), Vec::new()));
        } else if let Some((_, run)) = runs.last_mut() {
            run.push(id.clone());
        }
    }
    runs.retain(|(_, run)| !run.is_empty());
    runs
}
