//! Variables: `#{namespace.key}` in the settings of an action that is about to start.

use super::state::Execution;
use crate::machine::definition::Definition;
use std::collections::BTreeMap;

/// Where the text with variables stands: only what is certain to be earlier may be referred to.
pub(crate) struct Scope<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) execution: &'a Execution,
    /// The place of the stage.
    pub(crate) stage: usize,
    /// The run order of the action; rules that come after all actions have the highest.
    pub(crate) run_order: u32,
}

impl Scope<'_> {
    /// A map with its values resolved: only those that had variables in them.
    pub(crate) fn changed<'m>(
        &self,
        values: impl Iterator<Item = (&'m String, &'m String)>,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut changed = BTreeMap::new();
        for (key, value) in values {
            if value.contains("#{") {
                changed.insert(key.clone(), self.text(value)?);
            }
        }
        Ok(changed)
    }

    /// A text with its variables resolved, or why not.
    pub(crate) fn text(&self, text: &str) -> Result<String, String> {
        let mut rest = text;
        let mut made = String::with_capacity(text.len());
        while let Some(start) = rest.find("#{") {
            made.push_str(&rest[..start]);
            let inner = &rest[start + 2..];
            let Some(end) = inner.find('}') else {
                return Err(format!("\"{text}\" has a #{{ without its }}"));
            };
            made.push_str(self.variable(&inner[..end])?);
            rest = &inner[end + 1..];
        }
        made.push_str(rest);
        Ok(made)
    }

    fn variable(&self, name: &str) -> Result<&str, String> {
        let Some((namespace, key)) = name.split_once('.') else {
            return Err(format!("#{{{name}}} is not of the form #{{namespace.key}}"));
        };
        let start = &self.execution.start;
        let found = match namespace {
            "codepipeline" if key == "PipelineExecutionId" => Some(&start.execution),
            "variables" => start.variables.get(key),
            _ => {
                self.earlier(namespace)?;
                self.execution.namespaces.get(namespace).and_then(|all| all.get(key))
            }
        };
        found.map(String::as_str).ok_or_else(|| format!("#{{{name}}} has no value"))
    }

    /// Whether the action that fills a namespace is certain to have ended.
    fn earlier(&self, namespace: &str) -> Result<(), String> {
        match self.definition.owners.get(namespace) {
            None => Err(format!("no action has the namespace {namespace}")),
            Some(owner) if *owner < (self.stage, self.run_order) => Ok(()),
            Some(_) => Err(format!(
                "the action of the namespace {namespace} does not come before this one"
            )),
        }
    }
}
