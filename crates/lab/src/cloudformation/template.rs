//! A template's parts, checked: parameters with their values, conditions, resources in the order in which they
//! can be made.

use super::resolve::{self, Known, plain};
use super::{resources, yaml};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A template that can be carried out.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// As it was given.
    pub(super) text: String,
    document: Value,
}

/// The sections that are understood.
const SECTIONS: [&str; 7] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Conditions",
    "Resources",
    "Outputs",
];

/// What a resource may have beside type and properties.
const ATTRIBUTES: [&str; 8] = [
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "UpdatePolicy",
];

/// One resource of a template.
pub(super) struct Resource<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) properties: &'a Value,
    pub(super) retain: bool,
    condition: Option<&'a str>,
    needs: BTreeSet<String>,
}

impl Template {
    /// Reads and checks a template; the reason where it is none.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let document =
            yaml::read(text).map_err(|reason| format!("Template format error: {reason}"))?;
        let template = Self { text: text.to_owned(), document };
        template.check()?;
        Ok(template)
    }

    fn check(&self) -> Result<(), String> {
        let format = |reason: String| format!("Template format error: {reason}");
        let sections =
            self.document.as_object().ok_or_else(|| format("not an object".to_owned()))?;
        if let Some(name) = sections.keys().find(|name| !SECTIONS.contains(&name.as_str())) {
            return Err(format(format!("the lab does not support the section {name}")));
        }
        if self.section("Resources").is_empty() {
            return Err(format("At least one Resources member must be defined.".to_owned()));
        }
        let known: BTreeSet<&str> = self
            .section("Parameters")
            .keys()
            .chain(self.section("Resources").keys())
            .map(String::as_str)
            .collect();
        for (name, resource) in self.section("Resources") {
            let kind = resource["Type"].as_str().unwrap_or_default();
            if !resources::supports(kind) {
                return Err(format(format!(
                    "the lab does not support the resource type {kind} ({name})"
                )));
            }
            let extra = resource.as_object().into_iter().flat_map(Map::keys);
            if let Some(other) = extra.into_iter().find(|key| !ATTRIBUTES.contains(&key.as_str())) {
                return Err(format(format!("Invalid template resource property '{other}'")));
            }
            resources::check(kind, &resource["Properties"])
                .map_err(|reason| format(format!("{name}: {reason}")))?;
        }
        let mut named = resolve::names(&json!(self.section("Resources")));
        named.extend(resolve::names(&json!(self.section("Outputs"))));
        named.retain(|name| !name.starts_with("AWS::") && !known.contains(name.as_str()));
        if !named.is_empty() {
            let list = named.into_iter().collect::<Vec<_>>().join(", ");
            return Err(format(format!(
                "Unresolved resource dependencies [{list}] in the Resources block of the template"
            )));
        }
        self.ordered().map(drop)
    }

    /// A section's members; empty where there is none.
    pub(super) fn section(&self, name: &str) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.document.get(name).and_then(Value::as_object).unwrap_or(&NONE)
    }

    pub(super) fn description(&self) -> Option<&str> {
        self.document.get("Description").and_then(Value::as_str)
    }

    /// The capability that the template needs.
    pub(super) fn capability(&self) -> Option<&'static str> {
        let all = self.section("Resources");
        let named = all
            .values()
            .any(|r| resources::is_named(r["Type"].as_str().unwrap_or_default(), &r["Properties"]));
        match (all.is_empty(), named) {
            (true, _) => None,
            (_, true) => Some("CAPABILITY_NAMED_IAM"),
            (_, false) => Some("CAPABILITY_IAM"),
        }
    }

    /// The values of parameters, out of what the request gives and what they were before.
    pub(super) fn parameters(
        &self,
        given: &[Value],
        before: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, String> {
        let declared = self.section("Parameters");
        let mut values = BTreeMap::new();
        let mut unknown = Vec::new();
        for one in given {
            let key = plain(&one["ParameterKey"]);
            if !declared.contains_key(&key) {
                unknown.push(key);
                continue;
            }
            let value = match plain(&one["UsePreviousValue"]) == "true" {
                true => before.get(&key).cloned(),
                false => Some(plain(&one["ParameterValue"])),
            };
            if let Some(value) = value {
                values.insert(key, value);
            }
        }
        if !unknown.is_empty() {
            return Err(format!(
                "Parameters: [{}] do not exist in the template",
                unknown.join(", ")
            ));
        }
        let mut missing = Vec::new();
        for (name, parameter) in declared {
            if !values.contains_key(name) {
                match parameter.get("Default") {
                    Some(default) => drop(values.insert(name.clone(), plain(default))),
                    None => missing.push(name.as_str()),
                }
            }
            let allowed = parameter.get("AllowedValues").and_then(Value::as_array);
            let value = values.get(name);
            if let (Some(allowed), Some(value)) = (allowed, value)
                && !allowed.iter().any(|one| plain(one) == *value)
            {
                let allowed = allowed.iter().map(plain).collect::<Vec<_>>().join(", ");
                return Err(format!("Parameter '{name}' must be one of AllowedValues [{allowed}]"));
            }
        }
        match missing.is_empty() {
            true => Ok(values),
            false => Err(format!("Parameters: [{}] must have values", missing.join(", "))),
        }
    }

    /// Parameters and conditions as functions see them.
    pub(super) fn known(
        &self,
        parameters: &BTreeMap<String, String>,
        mut known: Known,
    ) -> Result<Known, String> {
        for (name, value) in parameters {
            let kind =
                self.section("Parameters").get(name).map(|p| plain(&p["Type"])).unwrap_or_default();
            let value = match kind.starts_with("List<") || kind == "CommaDelimitedList" {
                true => json!(
                    value.split(',').map(str::trim).filter(|t| !t.is_empty()).collect::<Vec<_>>()
                ),
                false => json!(value),
            };
            known.values.insert(name.clone(), value);
        }
        // A condition may name another, so they are tried until none is left over.
        let mut left: Vec<(&String, &Value)> = self.section("Conditions").iter().collect();
        while !left.is_empty() {
            let before = left.len();
            let mut reason = String::new();
            left.retain(|(name, value)| match resolve::condition(value, &known) {
                Ok(met) => {
                    known.conditions.insert((*name).clone(), met);
                    false
                }
                Err(why) => {
                    reason = why;
                    true
                }
            });
            if left.len() == before {
                return Err(format!("Template error: {reason}"));
            }
        }
        Ok(known)
    }

    /// The resources, each after those that it needs.
    pub(super) fn ordered(&self) -> Result<Vec<Resource<'_>>, String> {
        let names = self.section("Resources");
        let mut left: Vec<Resource<'_>> =
            names.iter().map(|(name, value)| Resource::of(name, value, names)).collect();
        let mut done = Vec::new();
        while !left.is_empty() {
            let ready: BTreeSet<&str> = done.iter().map(|one: &Resource<'_>| one.name).collect();
            let next = left
                .iter()
                .position(|one| one.needs.iter().all(|need| ready.contains(need.as_str())));
            match next {
                Some(next) => done.push(left.remove(next)),
                None => {
                    let circle = left.iter().map(|one| one.name).collect::<Vec<_>>().join(", ");
                    return Err(format!("Circular dependency between resources: [{circle}]"));
                }
            }
        }
        Ok(done)
    }

    /// The outputs, once everything is made.
    pub(super) fn outputs(&self, known: &Known) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        for (name, output) in self.section("Outputs") {
            let condition = output.get("Condition").and_then(Value::as_str);
            if condition.is_some_and(|c| known.conditions.get(c) == Some(&false)) {
                continue;
            }
            let value = resolve::value(&output["Value"], known)?.unwrap_or_default();
            let mut shown = json!({ "OutputKey": name, "OutputValue": plain(&value) });
            if let Some(text) = output.get("Description").and_then(Value::as_str) {
                shown["Description"] = json!(text);
            }
            if let Some(export) = output.get("Export").and_then(|export| export.get("Name")) {
                shown["ExportName"] =
                    json!(plain(&resolve::value(export, known)?.unwrap_or_default()));
            }
            all.push(shown);
        }
        Ok(all)
    }
}

impl<'a> Resource<'a> {
    fn of(name: &'a str, value: &'a Value, all: &Map<String, Value>) -> Self {
        static NONE: Value = Value::Null;
        let properties = value.get("Properties").unwrap_or(&NONE);
        let mut needs = resolve::names(properties);
        match value.get("DependsOn") {
            Some(Value::Array(list)) => needs.extend(list.iter().map(plain)),
            Some(one) => drop(needs.insert(plain(one))),
            None => {}
        }
        needs.retain(|need| all.contains_key(need));
        Self {
            name,
            kind: value["Type"].as_str().unwrap_or_default(),
            properties,
            retain: value["DeletionPolicy"] == "Retain",
            condition: value.get("Condition").and_then(Value::as_str),
            needs,
        }
    }

    /// Whether its condition, where it has one, is met.
    pub(super) fn is_wanted(&self, known: &Known) -> bool {
        self.condition.is_none_or(|name| known.conditions.get(name) == Some(&true))
    }
}
