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

/// The bindings of one target.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    exact: BTreeMap<(String, String), Bound>,
    /// Kind and pattern with `{name}` in it.
    patterns: Vec<(String, String)>,
}

impl Bindings {
    /// Binds one name.
    pub fn bind(&mut self, kind: &str, name: &str, bound: Bound) {
        self.exact.insert((kind.to_owned(), name.to_owned()), bound);
    }

    /// Binds every other name of a kind by a pattern that holds `{name}`.
    pub fn bind_all(&mut self, kind: &str, pattern: &str) {
        self.patterns.push((kind.to_owned(), pattern.to_owned()));
    }

    /// Returns what a name is bound to, if it is bound.
    pub fn get(&self, kind: &str, name: &str) -> Option<Bound> {
        let exact = self.exact.get(&(kind.to_owned(), name.to_owned())).cloned();
        exact.or_else(|| {
            let (_, pattern) = self.patterns.iter().find(|(k, _)| k == kind)?;
            Some(Bound::Value(pattern.replace("{name}", name)))
        })
    }

    /// Returns the name that is bound to a value; exact bindings first, the first in order of name.
    pub fn name_of(&self, kind: &str, value: &str) -> Option<String> {
        let exact = self
            .exact
            .iter()
            .find(|((k, _), b)| k == kind && **b == Bound::Value(value.to_owned()))
            .map(|((_, n), _)| n.clone());
        exact.or_else(|| {
            let (_, pattern) = self.patterns.iter().find(|(k, _)| k == kind)?;
            let (before, after) = pattern.split_once("{name}")?;
            let name = value.strip_prefix(before)?.strip_suffix(after)?;
            (!name.is_empty()).then(|| name.to_owned())
        })
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
        bindings.bind_all("lambda", "{name}-uat");
        assert_eq!(bindings.get("lambda", "lookup"), Some(Bound::Value("lookup-uat".into())));
        assert_eq!(bindings.get("lambda", "odd"), Some(Bound::Value("other".into())));
        assert_eq!(bindings.get("phone", "x"), None);
        assert_eq!(bindings.name_of("phone", "+15550100001").as_deref(), Some("Main line"));
        assert_eq!(bindings.name_of("lambda", "lookup-uat").as_deref(), Some("lookup"));
        assert_eq!(bindings.name_of("lambda", "other").as_deref(), Some("odd"));
        assert_eq!(bindings.name_of("lambda", "lookup"), None);
    }
}
