//! Bindings: the values that one target gives to references which the center does not hold itself.
//!
//! The binary makes them from `trunkline.yaml` for one target; here they are looked up both ways.

use std::collections::BTreeMap;

/// What a binding says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This value.
    Value(String),
    /// Nothing here: what needs it is skipped and listed.
    Unbound,
}

/// Names of a kind with a common beginning and end, and what they are bound to.
#[derive(Clone, Debug)]
struct Pattern {
    kind: String,
    before: String,
    after: String,
    /// What stands for the part in between, with `{name}` in its place.
    value: String,
}

/// The bindings of one target.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    exact: BTreeMap<(String, String), Bound>,
    patterns: Vec<Pattern>,
}

impl Bindings {
    /// Binds one name.
    pub fn bind(&mut self, kind: &str, name: &str, bound: Bound) {
        self.exact.insert((kind.to_owned(), name.to_owned()), bound);
    }

    /// Binds every other name of a kind that begins and ends so; `{name}` in the value stands for the
    /// part in between.
    pub fn bind_all(&mut self, kind: &str, (before, after): (&str, &str), value: &str) {
        let own = str::to_owned;
        let (kind, before, after, value) = (own(kind), own(before), own(after), own(value));
        self.patterns.push(Pattern { kind, before, after, value });
    }

    /// Returns what a name is bound to, if it is bound.
    pub fn get(&self, kind: &str, name: &str) -> Option<Bound> {
        let exact = self.exact.get(&(kind.to_owned(), name.to_owned())).cloned();
        let by_pattern = |p: &Pattern| {
            let middle = name.strip_prefix(&p.before)?.strip_suffix(&p.after)?;
            (p.kind == kind).then(|| Bound::Value(p.value.replace("{name}", middle)))
        };
        exact.or_else(|| self.patterns.iter().find_map(by_pattern))
    }

    /// Returns the name that is bound to a value; exact bindings first, the first in order of name.
    pub fn name_of(&self, kind: &str, value: &str) -> Option<String> {
        let exact = self
            .exact
            .iter()
            .find(|((k, _), b)| k == kind && **b == Bound::Value(value.to_owned()))
            .map(|((_, n), _)| n.clone());
        let by_pattern = |p: &Pattern| {
            let (head, tail) = p.value.split_once("{name}").filter(|_| p.kind == kind)?;
            let middle = value.strip_prefix(head)?.strip_suffix(tail)?;
            (!middle.is_empty()).then(|| format!("{}{middle}{}", p.before, p.after))
        };
        exact.or_else(|| self.patterns.iter().find_map(by_pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let mut bindings = Bindings::default();
        bindings.bind("phone", "Main line", Bound::Value("+15550100001".into()));
        bindings.bind("lambda", "odd", Bound::Value("other".into()));
        bindings.bind_all("lambda", ("", ""), "{name}-uat");
        assert_eq!(bindings.get("lambda", "lookup"), Some(Bound::Value("lookup-uat".into())));
        assert_eq!(bindings.get("lambda", "odd"), Some(Bound::Value("other".into())));
        assert_eq!(bindings.get("phone", "x"), None);
        assert_eq!(bindings.name_of("phone", "+15550100001").as_deref(), Some("Main line"));
        assert_eq!(bindings.name_of("lambda", "lookup-uat").as_deref(), Some("lookup"));
        assert_eq!(bindings.name_of("lambda", "other").as_deref(), Some("odd"));
        assert_eq!(bindings.name_of("lambda", "lookup"), None);
    }
}
