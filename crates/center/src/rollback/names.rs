//! Names that a run gave, taken back: the instance as it is now, and what the run wrote, under the names of
//! before.
//!
//! Ids tell which is which, wherever the run stopped: a name that the run gave, or a temporary one, goes
//! back to what the id was called before; another name is somebody else's work since, and stays. What the run
//! made under a name that is given back goes by a temporary name until it is taken away.

use super::RollbackInput;
use super::removal::Removed;
use super::touched::{begun, by_id, displaced, id_of, made_by, made_within};
use crate::document::Documents;
use crate::identity::{Ground, Paired, rekeyed, with_names};
use crate::kind::KindName;
use crate::kinds;
use crate::plan::{Action, Plan, PlanInput, is_temporary, temporary_name};
use crate::resource::Resource;
use std::collections::{BTreeMap, BTreeSet};

type Key = (KindName, String);

/// Groups lie within groups, at most five deep.
const DEPTH_AT_MOST: usize = 6;

/// The names of before.
pub(super) struct Names {
    /// Snapshot and baseline under them; None where every name is as it was.
    pub(super) paired: Option<Paired>,
    /// The run, with what it wrote under them.
    pub(super) run: Plan,
    /// What the run made and what gives its name back, by kind: temporary name, id of the other one.
    pub(super) displaced: Vec<(Key, String)>,
    /// Whether everything that the run renamed has its name of before again.
    pub(super) is_whole: bool,
}

/// Finds them. `stays` has ids of what keeps its name of now.
pub(super) fn of_before(input: &RollbackInput<'_>, stays: &BTreeSet<String>) -> Names {
    let given = given(input);
    let resources = &input.now.resources;
    let name = |r: &Resource| name_of(input, &given, stays, r, DEPTH_AT_MOST);
    let mut renamed: BTreeMap<usize, (String, Ground)> = BTreeMap::new();
    for (place, resource) in resources.iter().enumerate() {
        let name = name(resource);
        if name != resource.name {
            renamed.insert(place, (name, Ground::Before));
        }
    }
    let made_way = displace(input, &mut renamed);
    crate::identity::drop_conflicts(resources, &mut renamed);
    let called = |r: &Resource| {
        let place = resources.iter().position(|one| std::ptr::eq(one, r));
        let name = place.and_then(|place| renamed.get(&place)).map(|(name, _)| name);
        name.unwrap_or(&r.name).clone()
    };
    let is_whole = given.keys().all(|(kind, id)| {
        let both = (by_id(input.before, kind, id), by_id(input.now, kind, id));
        let (Some(before), Some(now)) = both else { return true };
        called(now) == before.name
    });
    let names = names_of_run(input, &called);
    let mut paired = (!renamed.is_empty()).then(|| pair(input, &renamed));
    if let Some(paired) = &mut paired {
        for ((kind, run), before) in &names {
            if input.baseline.ledger.holds(kind, run) {
                paired.baseline.ledger.insert(kind, before);
            }
        }
    }
    Names { paired, run: under(input.run, &names), displaced: made_way, is_whole }
}

/// The names that the run gave or began to give, by kind and id.
fn given(input: &RollbackInput<'_>) -> BTreeMap<(KindName, String), String> {
    let renames = begun(input.run, input.events).into_iter();
    let renames = renames.filter(|(step, _)| step.action == Action::Rename);
    let one = |(step, _): (&crate::plan::Step, _)| {
        let kind = kinds::get(&step.kind)?.spec().name;
        Some(((kind, id_of(step)), step.name.clone()))
    };
    renames.filter_map(one).collect()
}

/// The name that a resource shall have: that of before where the run gave it another one.
fn name_of(
    input: &RollbackInput<'_>,
    given: &BTreeMap<(KindName, String), String>,
    stays: &BTreeSet<String>,
    resource: &Resource,
    depth: usize,
) -> String {
    let Some(spec) = kinds::get(resource.kind).map(|k| k.spec()) else {
        return resource.name.clone();
    };
    let own = spec.own_name(&resource.name);
    let ours = given.get(&(resource.kind, resource.id.clone())).filter(|run| {
        let known = own == spec.own_name(run) || is_temporary(&own, &resource.id);
        known && !stays.contains(&resource.id)
    });
    let before = ours.and_then(|_| by_id(input.before, resource.kind, &resource.id));
    let own = before.map_or(own, |before| spec.own_name(&before.name));
    let Some((_, outer)) = spec.within else { return own };
    let path = resource.name.rsplit_once('/').map(|(path, _)| match outer == spec.name {
        // A path of the same kind is a name as it stands; of another kind, an escaped one.
        true => path.to_owned(),
        false => path.replace("%2F", "/").replace("%25", "%"),
    });
    let outer_now = path.as_ref().and_then(|path| input.now.get(outer, path));
    let path = match outer_now.filter(|_| depth > 0) {
        Some(outer) => Some(name_of(input, given, stays, outer, depth - 1)),
        None => path,
    };
    spec.name_within(path.as_deref().map(|path| (outer, path)), &own)
}

/// Gives what the run made under a name that goes back a temporary one.
fn displace(
    input: &RollbackInput<'_>,
    renamed: &mut BTreeMap<usize, (String, Ground)>,
) -> Vec<(Key, String)> {
    let made: BTreeSet<(KindName, &str)> = begun(input.run, input.events)
        .into_iter()
        .filter(|(step, _)| step.action == Action::Create)
        .filter_map(|(step, fate)| made_by(step, &fate, input, input.now))
        .filter(|r| !r.id.is_empty() && by_id(input.before, r.kind, &r.id).is_none())
        .map(|r| (r.kind, r.id.as_str()))
        .collect();
    let resources = &input.now.resources;
    let back: BTreeMap<Key, String> = renamed
        .iter()
        .map(|(place, (name, _))| {
            ((resources[*place].kind, name.clone()), resources[*place].id.clone())
        })
        .collect();
    let mut displaced = Vec::new();
    for (place, resource) in resources.iter().enumerate() {
        let (kind, id) = (resource.kind, resource.id.as_str());
        let other = back.get(&(kind, resource.name.clone()));
        let (Some(other), Some(spec)) = (other, kinds::get(kind).map(|k| k.spec())) else {
            continue;
        };
        if renamed.contains_key(&place) || !made.contains(&(kind, id)) {
            continue;
        }
        let own = spec.own_name(&temporary_name(&spec.own_name(&resource.name), id));
        let name = match (spec.within, resource.name.rsplit_once('/')) {
            (Some(_), Some((path, _))) => {
                // The path is a name of the kind's own making: it is written as it stands.
                spec.name_within(Some((spec.name, path)), &own)
            }
            (Some(_), None) => spec.name_within(None, &own),
            (None, _) => own,
        };
        displaced.push(((kind, name.clone()), other.clone()));
        renamed.insert(place, (name, Ground::Before));
    }
    displaced
}

/// The names of before by those that the run knew.
fn names_of_run(
    input: &RollbackInput<'_>,
    called: &dyn Fn(&Resource) -> String,
) -> BTreeMap<Key, String> {
    let mut names = BTreeMap::new();
    let begun = begun(input.run, input.events);
    for wanted in &input.run.wanted {
        let Some(spec) = kinds::get(&wanted.kind).map(|k| k.spec()) else { continue };
        let kind = spec.name;
        let is_new = |live: &&Resource| by_id(input.before, kind, &live.id).is_none();
        let live = match wanted.id.is_empty() {
            false => by_id(input.now, kind, &wanted.id),
            true => {
                let live = input.now.get(kind, &wanted.name).filter(is_new);
                let live = live.or_else(|| displaced(spec, &wanted.name, input.now).filter(is_new));
                let mut of = begun.iter().map(|(step, _)| step);
                let of = of.find(|s| s.kind == wanted.kind && s.name == wanted.name);
                live.or_else(|| made_within(of?, input.before, input.now))
            }
        };
        let Some(name) = live.map(called).filter(|name| *name != wanted.name) else { continue };
        names.insert((kind, wanted.name.clone()), name);
    }
    names
}

/// A run with what it wrote under other names.
fn under(run: &Plan, names: &BTreeMap<Key, String>) -> Plan {
    let mut run = run.clone();
    for wanted in run.wanted.iter_mut().filter(|_| !names.is_empty()) {
        wanted.body = with_names(&wanted.body, names);
        let kind = kinds::get(&wanted.kind).map(|k| k.spec().name);
        if let Some(name) = kind.and_then(|kind| names.get(&(kind, wanted.name.clone()))) {
            wanted.name.clone_from(name);
        }
    }
    run
}

fn pair(input: &RollbackInput<'_>, renamed: &BTreeMap<usize, (String, Ground)>) -> Paired {
    let documents = Documents::default();
    let input = PlanInput {
        documents: &documents,
        snapshot: input.now,
        bindings: input.bindings,
        baseline: input.baseline,
        options: input.options,
    };
    rekeyed(&input, renamed)
}

/// Ids of what cannot have its name back, because what the run made under it does not go.
pub(super) fn blocked(names: &Names, removed: &[Removed]) -> BTreeSet<String> {
    let goes = |key: &Key| removed.iter().any(|one| one.is(key) && one.is_deleted());
    let stays = names.displaced.iter().filter(|(key, _)| !goes(key));
    stays.map(|(_, id)| id.clone()).collect()
}

/// What is remembered says names of the run where the plan does not write it anew: it says those of before.
pub(super) fn remember(original: &RollbackInput<'_>, names: &Names, plan: &mut Plan) {
    let Some(applied) = &original.baseline.applied else { return };
    for (wrote, translated) in original.run.wanted.iter().zip(&names.run.wanted) {
        let remembered = applied.get(&wrote.kind, &wrote.name);
        let Some(remembered) = remembered.filter(|r| r.body == wrote.body) else { continue };
        let by = |r: &crate::state::AppliedResource| {
            r.kind == wrote.kind && (r.name == wrote.name || r.name == translated.name)
        };
        if wrote.body == translated.body && wrote.name == translated.name
            || plan.wanted.iter().any(by)
        {
            continue;
        }
        let (name, body) = (translated.name.clone(), translated.body.clone());
        plan.wanted.push(crate::state::AppliedResource { name, body, ..remembered.clone() });
    }
}

/// The list of renames: what the run saw is offered again, what a rollback took back is seen again.
pub(super) fn entries(original: &RollbackInput<'_>, names: &Names, plan: &mut Plan) {
    let seen = |id: &&String| {
        original.baseline.applied.as_ref().is_some_and(|applied| applied.renames.contains(*id))
    };
    let run = original.run;
    plan.renames = run.unseen.iter().filter(|id| !seen(id)).cloned().collect();
    plan.unseen = run.renames.iter().filter(seen).filter(|_| names.is_whole).cloned().collect();
}
