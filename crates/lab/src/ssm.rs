//! The parameter store of Systems Manager: parameters with their versions, by name and by path.
//!
//! Labels, policies, allowed patterns, KMS keys of one's own and the rest of Systems Manager are deliberately
//! absent, and refused by name where they are asked for. A SecureString is not encrypted: without
//! WithDecryption its value is a made-up cipher text.

mod list;

use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{base64, epoch, sha256};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The parameters of an account in a region, by name.
#[derive(Default)]
pub(crate) struct State(BTreeMap<String, Parameter>);

struct Parameter {
    arn: String,
    kind: String,
    tier: String,
    data_type: String,
    key: Option<String>,
    description: Option<String>,
    /// The last of them is the current one; at most `MOST_VERSIONS`.
    versions: Vec<Version>,
}

struct Version {
    number: u64,
    value: String,
    time: Timestamp,
}

const MOST_VERSIONS: usize = 100;
const MOST_LEVELS: usize = 15;
/// The largest value of each tier, in bytes.
const TIERS: [(&str, usize); 3] =
    [("Standard", 4096), ("Advanced", 8192), ("Intelligent-Tiering", 8192)];
const KINDS: [&str; 3] = ["String", "StringList", "SecureString"];
/// The key of SecureStrings that name none.
const KEY: &str = "alias/aws/ssm";

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &Context<'_>,
) -> Outcome {
    match operation {
        "PutParameter" => put(input, state, context),
        "GetParameter" => get(input, state),
        "GetParameters" => get_many(input, state),
        "GetParametersByPath" => list::by_path(input, state),
        "DescribeParameters" => list::describe(input, state),
        "DeleteParameter" => {
            let name = text(input, "Name");
            state.0.remove(name).map(|_| json!({})).ok_or_else(|| not_found(name))
        }
        "DeleteParameters" => {
            let removed = |name: &&String| state.0.remove(*name).is_some();
            let names = names(input)?;
            let (deleted, invalid): (Vec<_>, Vec<_>) = names.iter().partition(removed);
            Ok(json!({ "DeletedParameters": deleted, "InvalidParameters": invalid }))
        }
        _ => Err(Failure::unknown("ssm", operation)),
    }
}

fn put(input: &Value, state: &mut State, context: &Context<'_>) -> Outcome {
    for member in ["AllowedPattern", "Policies"] {
        if !text(input, member).is_empty() {
            return Err(invalid(format!("the lab does not implement {member}")));
        }
    }
    let (name, value) = (text(input, "Name"), text(input, "Value"));
    check_name(name)?;
    let overwrite = input.get("Overwrite").and_then(Value::as_bool).unwrap_or(false);
    let known = state.0.get(name);
    if known.is_some() && !overwrite {
        let message = "The parameter already exists. To overwrite this value, set the overwrite \
                       option in the request to true.";
        return Err(Failure::new("ParameterAlreadyExists", 400, message));
    }
    let kind = kind(input, known)?;
    let given = |member: &str| Some(text(input, member).to_owned()).filter(|t| !t.is_empty());
    let tier = given("Tier")
        .or_else(|| known.map(|p| p.tier.clone()))
        .unwrap_or_else(|| "Standard".to_owned());
    let Some((_, most)) = TIERS.iter().find(|(word, _)| *word == tier) else {
        return Err(invalid(format!("{tier} is not a tier")));
    };
    if value.is_empty() || value.len() > *most {
        return Err(invalid(format!(
            "{tier} tier parameters support a maximum parameter value of {most} characters"
        )));
    }
    if known.is_some() && input.get("Tags").is_some() {
        let message = "Invalid request: tags and overwrite can't be used together.";
        return Err(invalid(message.to_owned()));
    }
    let arn = arn(name, context);
    let parameter = state.0.entry(name.to_owned()).or_insert_with(|| Parameter {
        arn,
        kind,
        tier: String::new(),
        data_type: "text".to_owned(),
        key: None,
        description: None,
        versions: Vec::new(),
    });
    parameter.tier.clone_from(&tier);
    if let Some(data_type) = given("DataType") {
        parameter.data_type = data_type;
    }
    if parameter.kind == "SecureString" {
        let key = given("KeyId").or_else(|| parameter.key.take());
        parameter.key = Some(key.unwrap_or_else(|| KEY.to_owned()));
    }
    if let Some(description) = given("Description") {
        parameter.description = Some(description);
    }
    let number = parameter.versions.last().map_or(1, |v| v.number + 1);
    parameter.versions.push(Version { number, value: value.to_owned(), time: context.now });
    if parameter.versions.len() > MOST_VERSIONS {
        parameter.versions.remove(0);
    }
    Ok(json!({ "Version": number, "Tier": tier }))
}

/// The type of a parameter, which a later version keeps.
fn kind(input: &Value, known: Option<&Parameter>) -> Result<String, Failure> {
    match (text(input, "Type"), known) {
        ("", Some(known)) => Ok(known.kind.clone()),
        ("", None) => {
            let message = "A parameter type is required when you create a parameter.";
            Err(invalid(message.to_owned()))
        }
        (kind, Some(known)) if kind != known.kind => {
            let message = format!("a {} cannot become a {kind}", known.kind);
            Err(Failure::new("HierarchyTypeMismatchException", 400, message))
        }
        (kind, _) if KINDS.contains(&kind) => Ok(kind.to_owned()),
        (kind, _) => Err(Failure::new(
            "UnsupportedParameterType",
            400,
            format!("{kind} is not a supported parameter type"),
        )),
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let segments: Vec<&str> = name.trim_start_matches('/').split('/').collect();
    if !name.chars().all(allowed)
        || name.len() > 1011
        || segments.iter().any(|s| s.is_empty())
        || (name.contains('/') && !name.starts_with('/'))
    {
        let message = "Parameter name must be a fully qualified name of letters, digits and _.-/";
        return Err(invalid(message.to_owned()));
    }
    let first = segments.first().map_or(String::new(), |s| s.to_ascii_lowercase());
    if first.starts_with("aws") || first.starts_with("ssm") {
        let message =
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";
        return Err(invalid(message.to_owned()));
    }
    if segments.len() > MOST_LEVELS {
        let message = format!("A hierarchy can have at most {MOST_LEVELS} levels");
        return Err(Failure::new("HierarchyLevelLimitExceededException", 400, message));
    }
    Ok(())
}

fn get(input: &Value, state: &State) -> Outcome {
    let asked = text(input, "Name");
    let decrypt = decrypt(input);
    let (name, selector) = split(asked);
    let parameter = state.0.get(name).ok_or_else(|| not_found(asked))?;
    let Some(shown) = shown(name, selector, parameter, decrypt) else {
        let message = format!(
            "Systems Manager could not find version {} of {name}. Verify the version and try again.",
            selector.unwrap_or_default()
        );
        return Err(Failure::new("ParameterVersionNotFound", 400, message));
    };
    Ok(json!({ "Parameter": shown }))
}

fn get_many(input: &Value, state: &State) -> Outcome {
    let (mut found, mut invalid_names) = (Vec::new(), Vec::new());
    let decrypt = decrypt(input);
    for asked in names(input)? {
        let (name, selector) = split(&asked);
        match state.0.get(name).and_then(|p| shown(name, selector, p, decrypt)) {
            Some(shown) => found.push(shown),
            None => invalid_names.push(asked),
        }
    }
    Ok(json!({ "Parameters": found, "InvalidParameters": invalid_names }))
}

/// The names of a request: 1 to 10, each once.
fn names(input: &Value) -> Result<Vec<String>, Failure> {
    let items = input.get("Names").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names: Vec<String> = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if names.is_empty() || names.len() > 10 {
        let message = "1 validation error detected: Value at 'names' failed to satisfy constraint: \
                       Member must have length from 1 to 10";
        return Err(invalid(message.to_owned()));
    }
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(invalid(format!("{name} stands twice among the names")));
        }
    }
    Ok(names)
}

fn decrypt(input: &Value) -> bool {
    input.get("WithDecryption").and_then(Value::as_bool).unwrap_or(false)
}

/// Name and selector (`name:3`) of a name or an ARN.
fn split(asked: &str) -> (&str, Option<&str>) {
    let name = match asked.split_once(":parameter/") {
        // The slash belongs to the name where the name is a path.
        Some((arn, rest)) if arn.starts_with("arn:") && rest.contains('/') => {
            &asked[asked.len() - rest.len() - 1..]
        }
        Some((arn, rest)) if arn.starts_with("arn:") => rest,
        _ => asked,
    };
    match name.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (name, None),
    }
}

/// A parameter as Get shows it; nothing where the version does not exist.
fn shown(
    name: &str,
    selector: Option<&str>,
    parameter: &Parameter,
    decrypt: bool,
) -> Option<Value> {
    let version = match selector {
        None => parameter.versions.last()?,
        Some(number) => {
            let number: u64 = number.parse().ok()?;
            parameter.versions.iter().find(|v| v.number == number)?
        }
    };
    let value = match parameter.kind == "SecureString" && !decrypt {
        true => {
            base64(sha256(format!("{}:{}", parameter.arn, version.value).as_bytes()).as_bytes())
        }
        false => version.value.clone(),
    };
    let mut shown = json!({
        "Name": name,
        "Type": parameter.kind,
        "Value": value,
        "Version": version.number,
        "LastModifiedDate": epoch(version.time),
        "ARN": parameter.arn,
        "DataType": parameter.data_type,
    });
    if let Some(selector) = selector {
        shown["Selector"] = json!(format!(":{selector}"));
    }
    Some(shown)
}

fn arn(name: &str, context: &Context<'_>) -> String {
    let (partition, region, account) =
        (context.region.partition().as_str(), context.region, context.account);
    format!("arn:{partition}:ssm:{region}:{account}:parameter/{}", name.trim_start_matches('/'))
}

fn invalid(message: String) -> Failure {
    Failure::new("ValidationException", 400, message)
}

fn not_found(name: &str) -> Failure {
    Failure::new("ParameterNotFound", 400, format!("Parameter {name} not found."))
}
