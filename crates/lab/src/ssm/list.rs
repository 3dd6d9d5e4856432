//! Lists of parameters: what lies below a path, and what they are without their values.

use super::{Parameter, State, decrypt, invalid, shown};
use crate::page;
use crate::request::text;
use crate::service::{Failure, Outcome};
use crate::text::epoch;
use serde_json::{Value, json};

pub(super) fn by_path(input: &Value, state: &State) -> Outcome {
    let path = text(input, "Path");
    if !path.starts_with('/') {
        let message = format!("The parameter path {path} must begin with /");
        return Err(invalid(message));
    }
    let recursive = input.get("Recursive").and_then(Value::as_bool).unwrap_or(false);
    let filters = filters(input, &["Type", "KeyId"])?;
    let below = |name: &str| is_below(name, path, recursive);
    let found = state.0.iter().filter(|(name, _)| below(name));
    let found = found.filter(|(name, parameter)| filters.iter().all(|f| f.takes(name, parameter)));
    let found: Vec<_> = found.collect();
    let (page, next) = page::cut(found, input.get("NextToken"), size(input, 10)?, bad_token)?;
    let decrypt = decrypt(input);
    let parameters: Vec<Value> =
        page.into_iter().filter_map(|(name, p)| shown(name, None, p, decrypt)).collect();
    let mut answer = json!({ "Parameters": parameters });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

pub(super) fn describe(input: &Value, state: &State) -> Outcome {
    if input.get("Shared").and_then(Value::as_bool).unwrap_or(false) {
        return Ok(json!({ "Parameters": [] }));
    }
    let keys = ["Name", "Type", "KeyId", "Path", "Tier", "DataType"];
    let mut filters = filters(input, &keys)?;
    let old = input.get("Filters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    // The older form has no option: names are compared by their begin.
    filters.extend(old.iter().map(|filter| Filter {
        key: text(filter, "Key"),
        option: if text(filter, "Key") == "Name" { "BeginsWith" } else { "Equals" },
        values: texts(filter),
    }));
    let found = state.0.iter();
    let found = found.filter(|(name, parameter)| filters.iter().all(|f| f.takes(name, parameter)));
    let described = found.map(|(name, parameter)| described(name, parameter)).collect();
    let (page, next) = page::cut(described, input.get("NextToken"), size(input, 50)?, bad_token)?;
    let mut answer = json!({ "Parameters": page });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn described(name: &str, parameter: &Parameter) -> Value {
    let last = parameter.versions.last();
    let mut described = json!({
        "Name": name,
        "ARN": parameter.arn,
        "Type": parameter.kind,
        "Version": last.map_or(0, |v| v.number),
        "Tier": parameter.tier,
        "Policies": [],
        "DataType": parameter.data_type,
    });
    if let Some(last) = last {
        described["LastModifiedDate"] = epoch(last.time);
    }
    for (member, value) in [("KeyId", &parameter.key), ("Description", &parameter.description)] {
        if let Some(value) = value {
            described[member] = json!(value);
        }
    }
    described
}

/// Whether a name lies below a path: directly, or at any depth.
fn is_below(name: &str, path: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    let rest = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| !rest.is_empty() && (recursive || !rest.contains('/')))
}

struct Filter<'i> {
    key: &'i str,
    option: &'i str,
    values: Vec<&'i str>,
}

impl Filter<'_> {
    fn takes(&self, name: &str, parameter: &Parameter) -> bool {
        let own = match self.key {
            "Name" => name,
            "Type" => &parameter.kind,
            "Tier" => &parameter.tier,
            "DataType" => &parameter.data_type,
            "KeyId" => parameter.key.as_deref().unwrap_or_default(),
            _ => {
                let recursive = self.option == "Recursive";
                return self.values.iter().any(|path| is_below(name, path, recursive));
            }
        };
        self.values.iter().any(|value| match self.option {
            "BeginsWith" => own.starts_with(value),
            "Contains" => own.contains(value),
            _ => own == *value,
        })
    }
}

fn filters<'i>(input: &'i Value, keys: &[&str]) -> Result<Vec<Filter<'i>>, Failure> {
    let given = input.get("ParameterFilters").and_then(Value::as_array);
    let given = given.map_or(&[][..], Vec::as_slice).iter();
    let read = given.map(|filter| {
        let (key, option) = (text(filter, "Key"), text(filter, "Option"));
        if !keys.contains(&key) {
            let message = format!("The filter {key} is not valid here, or not of the lab");
            return Err(Failure::new("InvalidFilterKey", 400, message));
        }
        let options: &[&str] = match key {
            "Name" => &["", "Equals", "BeginsWith", "Contains"],
            "Path" => &["", "Recursive", "OneLevel"],
            "Type" | "KeyId" => &["", "Equals", "BeginsWith"],
            _ => &["", "Equals"],
        };
        if !options.contains(&option) {
            let message = format!("The option {option} is not valid for the filter {key}");
            return Err(Failure::new("InvalidFilterOption", 400, message));
        }
        let values = texts(filter);
        if values.is_empty() {
            let message = format!("The filter {key} has no values");
            return Err(Failure::new("InvalidFilterValue", 400, message));
        }
        Ok(Filter { key, option, values })
    });
    read.collect()
}

fn texts(filter: &Value) -> Vec<&str> {
    let values = filter.get("Values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    values.iter().filter_map(Value::as_str).collect()
}

fn size(input: &Value, most: u64) -> Result<usize, Failure> {
    let size = input.get("MaxResults").and_then(Value::as_u64).unwrap_or(most);
    if !(1..=most).contains(&size) {
        return Err(invalid(format!("MaxResults must be from 1 to {most}")));
    }
    Ok(usize::try_from(size).unwrap_or(10))
}

fn bad_token(message: &str) -> Failure {
    Failure::new("InvalidNextToken", 400, message)
}
