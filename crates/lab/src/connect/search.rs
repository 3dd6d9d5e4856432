//! Search criteria and filters. What is not here is refused by name, never ignored.
//!
//! Assumed: string conditions do not tell case apart, and a list such as AssociatedQueueIds matches
//! where one of its entries does.

use serde_json::Value;

use super::call::{Call, invalid, text_of};
use super::kind::Kind;
use super::store::Object;
use crate::service::Failure;

/// What a Search request asks for.
pub(super) struct Query<'a> {
    kind: &'a Kind,
    criteria: Option<&'a Value>,
    filter: Option<&'a Value>,
}

impl<'a> Query<'a> {
    pub(super) fn of(call: &Call<'a, '_>, kind: &'a Kind) -> Self {
        let input: &'a Value = call.input;
        let get = |name: &str| input.get(name).filter(|value| !value.is_null());
        Self { kind, criteria: get("SearchCriteria"), filter: get("SearchFilter") }
    }

    /// Tells whether a resource is among the results.
    pub(super) fn matches(&self, body: &Object) -> Result<bool, Failure> {
        let criteria = self.criteria.map_or(Ok(true), |value| self.meets(value, body))?;
        let filter = self.filter.map_or(Ok(true), |value| passes(value, body))?;
        Ok(criteria && filter)
    }

    fn meets(&self, criteria: &Value, body: &Object) -> Result<bool, Failure> {
        let mut all = true;
        for (name, value) in criteria.as_object().into_iter().flatten() {
            all &= match name.as_str() {
                "AndConditions" => every(value, |one| self.meets(one, body))?,
                "OrConditions" => any(value, |one| self.meets(one, body))?,
                "StringCondition" => self.string(value, body)?,
                "DateCondition" => date(value, body)?,
                other => self.further(other, value, body)?,
            };
        }
        Ok(all)
    }

    fn further(&self, name: &str, value: &Value, body: &Object) -> Result<bool, Failure> {
        let Some((_, member)) = self.kind.conditions.iter().find(|row| row.0 == name) else {
            return Err(unsupported(name));
        };
        Ok(body.get(*member) == Some(value))
    }

    fn string(&self, condition: &Value, body: &Object) -> Result<bool, Failure> {
        let get = |name| condition.get(name).and_then(Value::as_str).unwrap_or_default();
        let field = get("FieldName");
        let known = self.kind.fields.iter().find(|row| row.0.eq_ignore_ascii_case(field));
        let Some((_, member)) = known else {
            return Err(invalid(format!("FieldName {field} is not supported")));
        };
        let wanted = get("Value").to_lowercase();
        let compare = |text: &str| {
            let text = text.to_lowercase();
            match get("ComparisonType") {
                "STARTS_WITH" => text.starts_with(&wanted),
                "CONTAINS" => text.contains(&wanted),
                _ => text == wanted,
            }
        };
        let mut path = member.split('.');
        let first = path.next().and_then(|part| body.get(part));
        let found = path.fold(first, |value, part| value.and_then(|value| value.get(part)));
        Ok(match found {
            Some(Value::String(text)) => compare(text),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).any(compare),
            Some(Value::Number(number)) => compare(&number.to_string()),
            _ => false,
        })
    }
}

/// Tells whether a filter lets a resource through: tags, and a flow's type.
fn passes(filter: &Value, body: &Object) -> Result<bool, Failure> {
    let mut all = true;
    for (name, value) in filter.as_object().into_iter().flatten() {
        all &= match name.as_str() {
            "TagFilter" | "AttributeFilter" | "FlowAttributeFilter" | "UserAttributeFilter" => {
                condition(value, body)?
            }
            other => return Err(unsupported(other)),
        };
    }
    Ok(all)
}

/// One level of a filter; a list stands for "all of these", except directly under OrConditions.
fn condition(value: &Value, body: &Object) -> Result<bool, Failure> {
    if value.is_array() {
        return every(value, |one| condition(one, body));
    }
    let mut all = true;
    for (name, part) in value.as_object().into_iter().flatten() {
        all &= match name.as_str() {
            "OrConditions" => any(part, |one| condition(one, body))?,
            "AndConditions" | "AndCondition" | "TagConditions" => condition(part, body)?,
            "TagCondition" => tagged(part, body),
            // Directly in a list stand tag conditions themselves.
            "TagKey" | "TagValue" => continue,
            "ContactFlowTypeCondition" => body.get("Type") == part.get("ContactFlowType"),
            "HierarchyGroupCondition"
                if part.get("HierarchyGroupMatchType") != Some(&"WITH_CHILD_GROUPS".into()) =>
            {
                body.get("HierarchyGroupId") == part.get("Value")
            }
            other => return Err(unsupported(other)),
        };
    }
    Ok(all && (value.get("TagKey").is_none() || tagged(value, body)))
}

/// Tells whether a resource has the tag, with any value where the condition has none.
fn tagged(condition: &Value, body: &Object) -> bool {
    let key = condition.get("TagKey").and_then(Value::as_str).unwrap_or_default();
    let value = body.get("Tags").and_then(|tags| tags.get(key));
    let wanted = condition.get("TagValue").filter(|value| value.as_str() != Some(""));
    value.is_some() && (wanted.is_none() || wanted == value)
}

/// Compares a day, such as EffectiveFrom; days are written so that their texts sort.
fn date(condition: &Value, body: &Object) -> Result<bool, Failure> {
    let get = |name| condition.get(name).and_then(Value::as_str).unwrap_or_default();
    let day = match get("FieldName").to_ascii_lowercase().as_str() {
        "effectivefrom" => text_of(body, "EffectiveFrom"),
        "effectivetill" => text_of(body, "EffectiveTill"),
        other => return Err(invalid(format!("FieldName {other} is not supported"))),
    };
    let wanted = get("Value");
    Ok(match get("ComparisonType") {
        "GREATER_THAN" => day > wanted,
        "LESS_THAN" => day < wanted,
        "GREATER_THAN_OR_EQUAL_TO" => day >= wanted,
        "LESS_THAN_OR_EQUAL_TO" => day <= wanted,
        _ => day == wanted,
    })
}

fn every(list: &Value, test: impl Fn(&Value) -> Result<bool, Failure>) -> Result<bool, Failure> {
    list.as_array().into_iter().flatten().try_fold(true, |all, one| Ok(all & test(one)?))
}

/// An empty list stands for no condition at all.
fn any(list: &Value, test: impl Fn(&Value) -> Result<bool, Failure>) -> Result<bool, Failure> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    let found = items.iter().try_fold(false, |any, one| Ok::<_, Failure>(any | test(one)?))?;
    Ok(found || items.is_empty())
}

fn unsupported(name: &str) -> Failure {
    invalid(format!("the lab does not implement {name} in a search"))
}
