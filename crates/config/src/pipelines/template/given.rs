//! The values that stand in a file beside a template: `site.parameters.json` beside `site.yaml`.
//!
//! Both forms of AWS are read: the list of CloudFormation's commands, and the template configuration of
//! CodePipeline. Beside parameters, such a file may give what only AWS knows: `AWS::AccountId`,
//! `AWS::Region`, the name of a resource by its logical id, an attribute, another stack's export.

use super::super::structure::entries;
use crate::yaml::{self, Node, Spot, Value};
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;

/// How the files are called, behind the name of the template.
const ENDING: &str = ".parameters.json";

/// What a file gives.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// The file.
    pub file: String,
    pub(super) values: BTreeMap<String, Given>,
}

/// One value, and where its name stands.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) text: String,
    /// What the parameter store had for it, as `describe-stacks` tells it.
    pub(super) resolved: Option<String>,
    pub(super) spot: Spot,
}

impl Parameters {
    /// The file that belongs to a template.
    pub fn beside(template: &str) -> String {
        let start = template.rfind('/').map_or(0, |slash| slash + 1);
        let stem = template[start..].rfind('.').map_or(template.len(), |dot| start + dot);
        format!("{}{ENDING}", &template[..stem])
    }

    /// Whether a file is one of these by its name.
    pub fn is_one(file: &str) -> bool {
        file.ends_with(ENDING)
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Reads one. TL0801: it is no JSON; TL0804: it has neither form; TL0808: a value stands twice.
    pub fn read(text: &str, file: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut all = Self { file: file.to_owned(), values: BTreeMap::new() };
        let mut found = Vec::new();
        match yaml::read(text) {
            Ok(node) => all.take(&node, &mut found),
            Err(mut problem) => {
                problem.code = "TL0801".to_owned();
                found.push(problem);
            }
        }
        found.iter_mut().for_each(|d| d.place.file = Some(file.to_owned()));
        if found.is_empty() { Ok(all) } else { Err(found) }
    }

    fn take(&mut self, node: &Node, found: &mut Vec<Diagnostic>) {
        let text = |node: &Node, key: &str| node.get(key)?.spelling().map(str::to_owned);
        match (&node.value, node.get("Parameters")) {
            (Value::List(items), _) => {
                for item in items {
                    let (key, value) = (text(item, "ParameterKey"), text(item, "ParameterValue"));
                    let resolved = text(item, "ResolvedValue");
                    let value = value.or_else(|| resolved.clone());
                    let (Some(key), Some(text)) = (key, value) else {
                        found.push(wrong(item.spot, "an entry needs texts for `ParameterKey` and `ParameterValue`"));
                        continue;
                    };
                    self.add(key, Given { text, resolved, spot: item.spot }, found);
                }
            }
            (Value::Map(_), Some(parameters)) if matches!(parameters.value, Value::Map(_)) => {
                for (key, value) in entries(parameters) {
                    let Some(text) = value.spelling().map(str::to_owned) else {
                        let message = format!("`{}` must be a text, this is {}", key.text, value.what());
                        found.push(wrong(value.spot, &message));
                        continue;
                    };
                    let given = Given { text, resolved: None, spot: key.spot };
                    self.add(key.text.clone(), given, found);
                }
            }
            _ => found.push(wrong(node.spot, "this file gives no parameters").help(
                "write `{ \"Parameters\": { \"Name\": \"value\" } }`, or a list of `ParameterKey` and `ParameterValue`",
            )),
        }
    }

    fn add(&mut self, key: String, given: Given, found: &mut Vec<Diagnostic>) {
        let spot = given.spot;
        if self.values.contains_key(&key) {
            let message = format!("`{key}` is given twice");
            found.push(Diagnostic::error("TL0808", message).at(spot.line, spot.column));
        }
        self.values.insert(key, given);
    }
}

fn wrong(spot: Spot, message: &str) -> Diagnostic {
    Diagnostic::error("TL0804", message).at(spot.line.max(1), spot.column.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: Result<&[(&str, &str)], (&str, u32)>) {
        match (Parameters::read(text, "p.json"), wanted) {
            (Ok(all), Ok(wanted)) => {
                let found: Vec<_> = all.values.iter().map(|(k, g)| (&**k, &*g.text)).collect();
                assert_eq!(found, wanted, "{text}");
            }
            (Err(found), Err((code, line))) => {
                assert_eq!((&*found[0].code, found[0].place.line), (code, Some(line)), "{text}");
                assert_eq!(found[0].place.file.as_deref(), Some("p.json"));
            }
            (read, wanted) => panic!("{text}: {read:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn both_forms_are_read() {
        let both: &[_] = &[("Branch", "main"), ("Most", "3")];
        check(
            r#"[{"ParameterKey": "Branch", "ParameterValue": "main"}, {"ParameterKey": "Most", "ParameterValue": 3, "UsePreviousValue": false}]"#,
            Ok(both),
        );
        check(
            r#"{"Parameters": {"Branch": "main", "Most": "3"}, "Tags": {"Team": "web"}}"#,
            Ok(both),
        );
        check("{\"Branch\": \"main\"}", Err(("TL0804", 1)));
        check("[\n{\"ParameterKey\": \"Branch\"}]", Err(("TL0804", 2)));
        check("{\"Parameters\": {\n\"Branch\": [1]}}", Err(("TL0804", 2)));
        check("{\"Parameters\": {\n\"Branch\": \"a\",\n\"Branch\": \"b\"}}", Err(("TL0808", 3)));
        check("{", Err(("TL0801", 1)));
    }

    #[test]
    fn a_file_belongs_to_the_template_of_its_name() {
        assert_eq!(Parameters::beside("pipelines/site.yaml"), "pipelines/site.parameters.json");
        assert_eq!(Parameters::beside("a.b/site"), "a.b/site.parameters.json");
        assert!(Parameters::is_one("site.parameters.json") && !Parameters::is_one("site.json"));
    }
}
