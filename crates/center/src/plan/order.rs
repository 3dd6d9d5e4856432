//! The order of steps: what a step refers to comes before it; cycles are broken by stubs.
//!
//! Hard needs come from references to what the plan makes. Where they form a cycle, as few flows and
//! modules as possible are created as stubs first and get their content later. Soft needs put callees
//! before callers where both change. What nobody notices comes first, phone numbers and removals last
//! (`order_live`): callers are on the line meanwhile.

use super::order_live::{Phase, made_by, own_phase, raise};
use super::{Action, Step};
use crate::resolve::references;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use std::collections::{BTreeMap, BTreeSet};

/// Up to this many stub candidates of a cycle, the smallest set is searched; above, a good one is taken.
const EXACT_AT_MOST: usize = 12;

/// A cycle in which nothing can be a stub; the ids of its steps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unbreakable(pub Vec<String>);

/// Puts steps in order and fills in what each needs.
pub(super) fn order(steps: Vec<Step>) -> Result<Vec<Step>, Unbreakable> {
    let steps = break_cycles(steps)?;
    let hard = needs(&steps, provider_edges);
    let soft = across_components(&steps, &hard);
    let needs: Edges = hard.iter().zip(&soft).map(|(h, s)| h.union(s).copied().collect()).collect();
    let mut phases = own_phases(&steps);
    raise(&mut phases, &needs);
    Ok(sorted(steps, &needs, &phases))
}

fn own_phases(steps: &[Step]) -> Vec<Phase> {
    let made = made_by(steps);
    steps.iter().map(|step| own_phase(step, &made)).collect()
}

type Edges = Vec<BTreeSet<usize>>;
type Key = (String, String);

fn referred(step: &Step) -> BTreeSet<Key> {
    let mut keys: BTreeSet<Key> = step.after.iter().cloned().collect();
    let keys_of = |input| references(input).into_iter().map(|r| (r.kind, r.name));
    for draft in &step.as_draft {
        // The later of these calls name what the first of them made.
        let own = |key: &Key| step.provides.as_ref() == Some(key);
        keys.extend(keys_of(&draft.input).filter(|key| !own(key)));
    }
    keys.extend(keys_of(&step.call.input));
    keys
}

fn needs(steps: &[Step], edges: fn(&[Step]) -> BTreeMap<Key, Vec<usize>>) -> Edges {
    let by_key = edges(steps);
    let of = |(i, step): (usize, &Step)| {
        let found = awaited(step).into_iter().filter_map(|key| by_key.get(&key));
        found.flatten().copied().filter(|n| *n != i).collect()
    };
    steps.iter().enumerate().map(of).collect()
}

/// The steps after which a name can be referred to: one that makes it, or all that associate it.
fn provider_edges(steps: &[Step]) -> BTreeMap<Key, Vec<usize>> {
    let mut edges: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        if let Some(key) = step.provides.clone() {
            edges.entry(key).or_default().push(i);
        }
    }
    edges
}

/// What a step refers to and has to wait for. What it only associates is there already.
fn awaited(step: &Step) -> BTreeSet<Key> {
    let mut keys = referred(step);
    if step.made.is_none() {
        keys.retain(|key| step.provides.as_ref() != Some(key));
    }
    keys
}

/// The steps that bring a resource to its wanted contents.
fn content_edges(steps: &[Step]) -> BTreeMap<Key, Vec<usize>> {
    let mut edges: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        if matches!(step.action, Action::Create | Action::Update | Action::Publish) {
            edges.entry((step.kind.clone(), step.name.clone())).or_default().push(i);
        }
    }
    edges
}

fn components(edges: &Edges) -> Vec<usize> {
    let mut graph = DiGraph::<(), ()>::with_capacity(edges.len(), edges.len());
    let nodes: Vec<_> = edges.iter().map(|_| graph.add_node(())).collect();
    for (from, targets) in edges.iter().enumerate() {
        for to in targets {
            graph.add_edge(nodes[from], nodes[*to], ());
        }
    }
    let mut component = vec![0; edges.len()];
    for (number, members) in tarjan_scc(&graph).into_iter().enumerate() {
        for node in members {
            component[node.index()] = number;
        }
    }
    component
}

/// Soft needs, where they cannot close a cycle, and where what is quiet does not wait for what is noticed.
fn across_components(steps: &[Step], hard: &Edges) -> Edges {
    let phases = own_phases(steps);
    let mut both = needs(steps, content_edges);
    for (i, targets) in both.iter_mut().enumerate() {
        targets.retain(|n| phases[*n] <= phases[i] || is_contract(&steps[*n]));
        targets.extend(&hard[i]);
    }
    let component = components(&both);
    both.iter()
        .enumerate()
        .map(|(i, targets)| {
            targets.iter().copied().filter(|n| component[*n] != component[i]).collect()
        })
        .collect()
}

/// Whether those who refer to it can be published only once it is as they want it: a module with a contract.
fn is_contract(step: &Step) -> bool {
    step.kind == "module" && step.call.input.get("Settings").is_some()
}

fn break_cycles(mut steps: Vec<Step>) -> Result<Vec<Step>, Unbreakable> {
    let hard = with_self_references(&steps);
    let component = components(&hard);
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, number) in component.iter().enumerate() {
        groups.entry(*number).or_default().push(i);
    }
    let mut stubs = BTreeSet::new();
    for members in groups.into_values() {
        let cyclic = members.len() > 1 || hard[members[0]].contains(&members[0]);
        if cyclic {
            stubs.extend(smallest_stubs(&steps, &hard, &members)?);
        }
    }
    let mut contents = Vec::new();
    for i in stubs {
        if let Some(stub) = steps[i].stub.take() {
            steps[i].call = stub.create;
            steps[i].as_draft = Vec::new();
            contents.push(*stub.content);
        }
    }
    steps.extend(contents);
    Ok(steps)
}

/// Like `needs` by provider, but a flow that refers to itself needs itself.
fn with_self_references(steps: &[Step]) -> Edges {
    let by_key = provider_edges(steps);
    let of = |step: &Step| {
        let found = awaited(step).into_iter().filter_map(|key| by_key.get(&key));
        found.flatten().copied().collect()
    };
    steps.iter().map(of).collect()
}

fn smallest_stubs(
    steps: &[Step],
    hard: &Edges,
    members: &[usize],
) -> Result<Vec<usize>, Unbreakable> {
    let candidates: Vec<usize> =
        members.iter().copied().filter(|i| steps[*i].stub.is_some()).collect();
    let works = |chosen: &BTreeSet<usize>| is_acyclic_without(hard, members, chosen);
    if !works(&candidates.iter().copied().collect()) {
        return Err(Unbreakable(members.iter().map(|i| steps[*i].id.clone()).collect()));
    }
    if candidates.len() <= EXACT_AT_MOST {
        for size in 1..=candidates.len() {
            for mask in 0u32..1 << candidates.len() {
                if mask.count_ones() as usize == size {
                    let chosen = candidates.iter().enumerate();
                    let chosen =
                        chosen.filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, i)| *i).collect();
                    if works(&chosen) {
                        return Ok(chosen.into_iter().collect());
                    }
                }
            }
        }
    }
    Ok(greedy(hard, members, candidates))
}

/// Takes candidates in order of how many cycles they may lie on, then leaves out what is not needed.
fn greedy(hard: &Edges, members: &[usize], mut candidates: Vec<usize>) -> Vec<usize> {
    let inside: BTreeSet<usize> = members.iter().copied().collect();
    let outgoing = |i: usize| hard[i].intersection(&inside).count();
    let incoming = |i: usize| members.iter().filter(|m| hard[**m].contains(&i)).count();
    candidates.sort_by_key(|i| std::cmp::Reverse(outgoing(*i) * incoming(*i)));
    let mut chosen = BTreeSet::new();
    for candidate in &candidates {
        if is_acyclic_without(hard, members, &chosen) {
            break;
        }
        chosen.insert(*candidate);
    }
    for candidate in &candidates {
        if chosen.remove(candidate) && !is_acyclic_without(hard, members, &chosen) {
            chosen.insert(*candidate);
        }
    }
    chosen.into_iter().collect()
}

/// Whether no cycle is left when the chosen ones need nothing.
fn is_acyclic_without(hard: &Edges, members: &[usize], chosen: &BTreeSet<usize>) -> bool {
    let place: BTreeMap<usize, usize> = members.iter().enumerate().map(|(p, i)| (*i, p)).collect();
    let edges: Edges = members
        .iter()
        .map(|i| {
            if chosen.contains(i) {
                return BTreeSet::new();
            }
            hard[*i].iter().filter_map(|n| place.get(n)).copied().collect()
        })
        .collect();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for number in components(&edges) {
        *sizes.entry(number).or_default() += 1;
    }
    let loops = edges.iter().enumerate().any(|(i, targets)| targets.contains(&i));
    !loops && sizes.values().all(|size| *size == 1)
}

/// Sorts by phases, in each so that needs come first, otherwise as the steps came.
fn sorted(mut steps: Vec<Step>, needs: &Edges, phases: &[Phase]) -> Vec<Step> {
    let mut waiting: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    let mut dependents: Edges = vec![BTreeSet::new(); steps.len()];
    for (i, needs) in needs.iter().enumerate() {
        for need in needs {
            dependents[*need].insert(i);
        }
    }
    let begun = (0..steps.len()).filter(|i| waiting[*i] == 0);
    let mut ready: BTreeSet<(Phase, usize)> = begun.map(|i| (phases[i], i)).collect();
    let mut sequence = Vec::with_capacity(steps.len());
    while let Some((_, next)) = ready.pop_first() {
        sequence.push(next);
        for dependent in &dependents[next] {
            waiting[*dependent] -= 1;
            if waiting[*dependent] == 0 {
                ready.insert((phases[*dependent], *dependent));
            }
        }
    }
    let ids: Vec<String> = steps.iter().map(|s| s.id.clone()).collect();
    for (step, needs) in steps.iter_mut().zip(needs) {
        step.needs = needs.iter().map(|n| ids[*n].clone()).collect();
    }
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    sequence.into_iter().filter_map(|i| slots[i].take()).collect()
}
