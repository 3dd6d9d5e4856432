//! Intrinsic functions of templates: what a value is once parameters and resources are known.
//!
//! Refused by name: functions that read elsewhere (`Fn::ImportValue`), mappings, macros, loops.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is known while a template is carried out.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// Parameters and pseudo parameters.
    pub(super) values: BTreeMap<String, Value>,
    pub(super) conditions: BTreeMap<String, bool>,
    /// What `Ref` says of each resource that exists.
    pub(super) references: BTreeMap<String, String>,
    /// Attributes of each resource that exists.
    pub(super) attributes: BTreeMap<(String, String), String>,
}

type Resolved = Result<Value, String>;

/// The name by which a member or item is left out.
const NO_VALUE: &str = "AWS::NoValue";

/// Evaluates a value; None where it is left out.
pub(super) fn value(value: &Value, known: &Known) -> Result<Option<Value>, String> {
    match value {
        Value::Object(members) => {
            if let Some((name, argument)) = function(members) {
                if name == "Ref" && argument == NO_VALUE {
                    return Ok(None);
                }
                if name == "Fn::If" {
                    return self::value(branch(argument, known)?, known);
                }
                return apply(name, argument, known).map(Some);
            }
            let mut all = Map::new();
            for (name, member) in members {
                if let Some(member) = self::value(member, known)? {
                    all.insert(name.clone(), member);
                }
            }
            Ok(Some(Value::Object(all)))
        }
        Value::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(self::value(item, known)?);
            }
            Ok(Some(Value::Array(all)))
        }
        other => Ok(Some(other.clone())),
    }
}

fn whole(value: &Value, known: &Known) -> Resolved {
    self::value(value, known).map(Option::unwrap_or_default)
}

/// The function that an object is, where it is one.
fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    let known = name == "Ref" || name.starts_with("Fn::");
    known.then_some((name.as_str(), argument))
}

fn apply(name: &str, argument: &Value, known: &Known) -> Resolved {
    match name {
        "Ref" => reference(argument.as_str().unwrap_or_default(), known),
        "Fn::GetAtt" => attribute(argument, known),
        "Fn::Sub" => substitute(argument, known),
        "Fn::Join" => {
            let parts = whole(argument, known)?;
            let texts = parts[1].as_array().ok_or("Fn::Join needs a delimiter and a list")?;
            let texts: Vec<String> = texts.iter().map(plain).collect();
            Ok(json!(texts.join(&plain(&parts[0]))))
        }
        "Fn::Split" => {
            let parts = whole(argument, known)?;
            let (delimiter, text) = (plain(&parts[0]), plain(&parts[1]));
            Ok(json!(text.split(delimiter.as_str()).collect::<Vec<_>>()))
        }
        "Fn::Select" => {
            let parts = whole(argument, known)?;
            let at: usize = plain(&parts[0]).parse().map_err(|_| "Fn::Select needs an index")?;
            parts[1].get(at).cloned().ok_or_else(|| format!("Fn::Select cannot select {at}"))
        }
        "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
            condition(&json!({ name: argument }), known).map(|met| json!(met))
        }
        other => Err(format!("the lab does not support {other}")),
    }
}

fn reference(name: &str, known: &Known) -> Resolved {
    if let Some(value) = known.values.get(name) {
        return Ok(value.clone());
    }
    let found = known.references.get(name).map(|text| json!(text));
    found.ok_or_else(|| format!("Unresolved resource dependencies [{name}] in the template"))
}

fn attribute(argument: &Value, known: &Known) -> Resolved {
    let (resource, name) = match argument {
        Value::String(path) => path.split_once('.').map(|(r, n)| (r.to_owned(), n.to_owned())),
        other => Some((plain(&other[0]), plain(&other[1]))),
    }
    .ok_or("Fn::GetAtt needs a resource and an attribute")?;
    let found = known.attributes.get(&(resource.clone(), name.clone())).map(|text| json!(text));
    found.ok_or_else(|| format!("the lab does not know the attribute {name} of {resource}"))
}

/// `${Name}`, `${Resource.Attribute}`; `${!Name}` stands for itself.
fn substitute(argument: &Value, known: &Known) -> Resolved {
    let (text, own) = match argument {
        Value::Array(parts) if parts.len() == 2 => (plain(&parts[0]), whole(&parts[1], known)?),
        other => (plain(other), json!({})),
    };
    let mut out = String::new();
    for piece in pieces(&text)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) => {
                let value = match (own.get(name), name.split_once('.')) {
                    (Some(value), _) => value.clone(),
                    (None, Some((resource, attribute))) => {
                        self::attribute(&json!([resource, attribute]), known)?
                    }
                    (None, None) => reference(name, known)?,
                };
                out.push_str(&plain(&value));
            }
        }
    }
    Ok(json!(out))
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        pieces.push(Piece::Text(before));
        let (name, end) = after.split_once('}').ok_or("Fn::Sub: a `${` is not closed")?;
        match name.strip_prefix('!') {
            Some(literal) => {
                pieces.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]);
            }
            None => pieces.push(Piece::Name(name.trim())),
        }
        rest = end;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn branch<'a>(argument: &'a Value, known: &Known) -> Result<&'a Value, String> {
    let name = plain(&argument[0]);
    let met = known.conditions.get(&name).ok_or_else(|| format!("Unresolved condition {name}"))?;
    argument.get(if *met { 1 } else { 2 }).ok_or_else(|| "Fn::If needs two branches".to_owned())
}

/// Whether a condition is met.
pub(super) fn condition(value: &Value, known: &Known) -> Result<bool, String> {
    let members = value.as_object().ok_or("a condition is a function")?;
    let (name, argument) = members.iter().next().ok_or("a condition is a function")?;
    let each = || {
        let all = argument.as_array().map_or(&[][..], Vec::as_slice);
        all.iter().map(|one| condition(one, known)).collect::<Result<Vec<bool>, String>>()
    };
    match name.as_str() {
        "Condition" => {
            let name = plain(argument);
            known
                .conditions
                .get(&name)
                .copied()
                .ok_or_else(|| format!("Unresolved condition {name}"))
        }
        "Fn::Equals" => {
            let pair = whole(argument, known)?;
            Ok(plain(&pair[0]) == plain(&pair[1]))
        }
        "Fn::And" => Ok(each()?.into_iter().all(|met| met)),
        "Fn::Or" => Ok(each()?.into_iter().any(|met| met)),
        "Fn::Not" => Ok(!each()?.into_iter().any(|met| met)),
        other => Err(format!("the lab does not support {other} in conditions")),
    }
}

/// A value as text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The names that a value refers to: parameters, pseudo parameters and resources.
pub(super) fn names(value: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    gather(value, &mut all);
    all
}

fn gather(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, all)),
        Value::Object(members) => match function(members) {
            Some(("Ref", name)) => drop(all.insert(plain(name))),
            Some(("Fn::GetAtt", Value::String(path))) => {
                all.insert(path.split('.').next().unwrap_or_default().to_owned());
            }
            Some(("Fn::GetAtt", path)) => drop(all.insert(plain(&path[0]))),
            Some(("Fn::Sub", argument)) => {
                let (text, own) = match argument {
                    Value::Array(parts) if parts.len() == 2 => (plain(&parts[0]), Some(&parts[1])),
                    other => (plain(other), None),
                };
                own.into_iter().for_each(|own| gather(own, all));
                for piece in pieces(&text).unwrap_or_default() {
                    if let Piece::Name(name) = piece
                        && own.is_none_or(|own| own.get(name).is_none())
                    {
                        all.insert(name.split('.').next().unwrap_or(name).to_owned());
                    }
                }
            }
            _ => members.values().for_each(|member| gather(member, all)),
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_the_values_that_they_stand_for() {
        let mut known = Known::default();
        known.values.insert("Name".to_owned(), json!("deploy"));
        known.values.insert("AWS::AccountId".to_owned(), json!("111122223333"));
        known.conditions.insert("Strict".to_owned(), true);
        known.references.insert("Role".to_owned(), "acme".to_owned());
        known.attributes.insert(("Role".to_owned(), "Arn".to_owned()), "arn:role".to_owned());
        for (given, expected) in [
            (json!({"Ref": "Name"}), json!("deploy")),
            (json!({"Ref": "Role"}), json!("acme")),
            (json!({"Fn::GetAtt": ["Role", "Arn"]}), json!("arn:role")),
            (
                json!({"Fn::Sub": "a:${AWS::AccountId}/${Role.Arn}/${!Name}"}),
                json!("a:111122223333/arn:role/${Name}"),
            ),
            (json!({"Fn::Sub": ["${X}-${Name}", {"X": {"Ref": "Role"}}]}), json!("acme-deploy")),
            (json!({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}), json!("a-deploy")),
            (json!({"Fn::Select": [1, {"Fn::Split": ["-", "a-b"]}]}), json!("b")),
            (
                json!({"a": {"Fn::If": ["Strict", 1, 2]}, "b": {"Ref": "AWS::NoValue"}}),
                json!({"a": 1}),
            ),
        ] {
            assert_eq!(value(&given, &known), Ok(Some(expected)), "{given}");
        }
        let met = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]});
        assert_eq!(condition(&met, &known), Ok(true));
        assert!(value(&json!({"Fn::ImportValue": "x"}), &known).is_err());
        let found: Vec<String> =
            names(&json!({"x": {"Fn::Sub": ["${A.B} ${C}", {"C": {"Ref": "D"}}]}}))
                .into_iter()
                .collect();
        assert_eq!(found, ["A", "D"]);
    }
}
