//! What the configuration leaves to others, as lists for the names at hand: `instance_owned`, `scope` and
//! `external` hold patterns; a plan wants to know what they mean for each resource that it meets. So does
//! `--scope partial`, which leaves to a full deployment what belongs to bots.

use crate::planning::Scope;
use trunkline_center::ownership::{Limits, OwnedFields};
use trunkline_center::state::Baseline;
use trunkline_center::{Documents, KINDS, Snapshot};
use trunkline_config::{Project, matches};

/// The limits for everything that has a document, is there, or is remembered.
pub(crate) fn limits(
    project: &Project,
    scope: Scope,
    documents: &Documents,
    snapshot: &Snapshot,
    baseline: &Baseline,
) -> Limits {
    let mut limits = Limits::default();
    let remembered = baseline.applied.iter().flat_map(|a| a.resources.values());
    let names = documents.iter().map(|d| (d.kind, d.name.as_str()));
    let names = names.chain(snapshot.resources.iter().map(|r| (r.kind, r.name.as_str())));
    for (kind, name) in names.chain(remembered.map(|r| (r.kind.as_str(), r.name.as_str()))) {
        let key = || (kind.to_owned(), name.to_owned());
        let in_scope = scope.takes(kind) && project.scope.holds(kind, name);
        if !in_scope || project.is_external(kind, name) {
            limits.left_alone.insert(key());
        }
        if let Some(owned) = owned(&project.instance_owned, kind, name) {
            limits.instance_owned.insert(key(), owned);
        }
    }
    limits
}

/// What the instance owns of one resource. A pattern is a kind (`hours-overrides`), `kind:name`, or
/// `kind:name.Field`; a dot belongs to the name where no field of the kind follows it.
fn owned(patterns: &[String], kind: &str, name: &str) -> Option<OwnedFields> {
    let spec = KINDS.iter().map(|k| k.spec()).find(|s| s.name == kind)?;
    let mut fields = std::collections::BTreeSet::new();
    for pattern in patterns {
        let field = pattern.rsplit_once('.').and_then(|(rest, field)| {
            let known = spec.fields.iter().chain(&["Tags", "tags"]).find(|f| **f == field);
            Some((rest, (*known?).to_owned()))
        });
        let (resource, field) = match field {
            Some((rest, field)) => (rest, Some(field)),
            None => (pattern.as_str(), None),
        };
        let named = format!("{kind}:{name}");
        let all = resource == kind || resource.strip_suffix('s') == Some(kind);
        if !all && !matches(resource, &named) {
            continue;
        }
        match field {
            Some(field) => drop(fields.insert(field)),
            None => return Some(OwnedFields::All),
        }
    }
    (!fields.is_empty()).then_some(OwnedFields::Some(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_kinds_resources_and_fields() {
        let check = |pattern: &str, kind: &str, name: &str, expected: &str| {
            let found = match owned(&[pattern.to_owned()], kind, name) {
                None => "nothing".to_owned(),
                Some(OwnedFields::All) => "all".to_owned(),
                Some(OwnedFields::Some(fields)) => fields.into_iter().collect::<Vec<_>>().join(","),
            };
            assert_eq!(found, expected, "{pattern} {kind}:{name}");
        };
        check("hours-overrides", "hours-override", "Main line/Christmas", "all");
        check("hours-override", "hours-override", "Main line/Christmas", "all");
        check("hours", "hours", "Main line", "all");
        check("hours", "hours-override", "Main line/Christmas", "nothing");
        check("queue:*.Status", "queue", "Sales", "Status");
        check("queue:*.Status", "flow", "Sales", "nothing");
        check("queue.MaxContacts", "queue", "Sales", "MaxContacts");
        check("queue:Sales", "queue", "Sales", "all");
        check("queue:Sales", "queue", "Sales 2", "nothing");
        check("prompt:Beep.wav", "prompt", "Beep.wav", "all");
        check("flow:Main.content", "flow", "Main", "content");
    }
}
