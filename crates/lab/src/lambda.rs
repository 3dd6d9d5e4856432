//! Lambda's functions, versions and aliases, to be found by name; nothing is ever run.

use crate::page;
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::{base64, from_base64};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The functions of one account in one region by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    functions: BTreeMap<String, Function>,
}

#[derive(Clone, Debug)]
struct Function {
    /// The configuration of `$LATEST`.
    latest: Value,
    /// Published versions by number.
    versions: BTreeMap<String, Value>,
    aliases: BTreeMap<String, Value>,
    tags: Value,
}

/// The bucket in which the service keeps code.
const CODE_BUCKET: &str = "lab-lambda-code";

impl State {
    /// Whether the function has the version or alias; None stands for `$LATEST`.
    pub(crate) fn has(&self, name: &str, qualifier: Option<&str>) -> bool {
        let Some(function) = self.functions.get(name) else { return false };
        qualifier.is_none_or(|q| {
            q == "$LATEST" || function.versions.contains_key(q) || function.aliases.contains_key(q)
        })
    }
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    match operation {
        "CreateFunction" => create(input, state, context),
        "GetFunction" => get(input, state, context),
        "ListFunctions" => list(input, state),
        "DeleteFunction" => delete(input, state),
        "CreateAlias" => create_alias(input, state, context),
        "GetAlias" => get_alias(input, state),
        "ListAliases" => list_aliases(input, state),
        _ => Err(Failure::unknown("lambda", operation)),
    }
}

/// Name and qualifier of `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME` or an ARN.
fn named(input: &Value) -> (String, Option<String>) {
    let given = text(input, "FunctionName");
    let rest = given.rsplit_once("function:").map_or(given, |(_, rest)| rest);
    let (name, inner) = match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    };
    let qualifier = input.get("Qualifier").and_then(Value::as_str).or(inner);
    (name.to_owned(), qualifier.map(str::to_owned))
}

fn arn(name: &str, context: &Context<'_>) -> String {
    let partition = context.region.partition().as_str();
    format!("arn:{partition}:lambda:{}:{}:function:{name}", context.region, context.account)
}

fn create(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let (name, _) = named(input);
    if state.functions.contains_key(&name) {
        let message = format!("Function already exist: {name}");
        return Err(Failure::new("ResourceConflictException", 409, message));
    }
    let code = code(input, context)?;
    context.neighbours.keep(
        CODE_BUCKET,
        &format!("{}/{}/{name}", context.account, context.region),
        &code,
    );
    let latest = configuration(input, &name, &code, context);
    let mut function = Function {
        latest: latest.clone(),
        versions: BTreeMap::new(),
        aliases: BTreeMap::new(),
        tags: input.get("Tags").cloned().unwrap_or_else(|| json!({})),
    };
    let mut answer = latest.clone();
    if input.get("Publish") == Some(&Value::Bool(true)) {
        answer = version(&latest, "1");
        function.versions.insert("1".to_owned(), answer.clone());
    }
    state.functions.insert(name, function);
    Ok(answer)
}

fn code(input: &Value, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let code = &input["Code"];
    if let Some(zip) = code.get("ZipFile").and_then(Value::as_str) {
        return from_base64(zip).ok_or_else(|| invalid("Could not decode the zip file"));
    }
    let uri = format!("s3://{}/{}", text(code, "S3Bucket"), text(code, "S3Key"));
    if code.get("S3Bucket").is_some() {
        let missing = || invalid("Error occurred while GetObject. S3 Error Code: NoSuchKey.");
        return context.neighbours.object(&uri).ok_or_else(missing);
    }
    if code.get("ImageUri").is_some() {
        return Ok(Vec::new());
    }
    Err(invalid("Please provide a source for function code."))
}

/// Members of the input that the configuration repeats, with what stands in for an absent one.
const REPEATED: [(&str, Value); 6] = [
    ("Runtime", Value::Null),
    ("Role", Value::Null),
    ("Handler", Value::Null),
    ("Environment", Value::Null),
    ("VpcConfig", Value::Null),
    ("DeadLetterConfig", Value::Null),
];

fn configuration(input: &Value, name: &str, code: &[u8], context: &mut Context<'_>) -> Value {
    let mut configuration = json!({
        "FunctionName": name,
        "FunctionArn": arn(name, context),
        "CodeSize": code.len(),
        "Description": text(input, "Description"),
        "Timeout": input.get("Timeout").cloned().unwrap_or(json!(3)),
        "MemorySize": input.get("MemorySize").cloned().unwrap_or(json!(128)),
        "LastModified": context.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
        "CodeSha256": base64(&Sha256::digest(code)),
        "Version": "$LATEST",
        "RevisionId": context.ids.uuid(),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": input.get("PackageType").cloned().unwrap_or(json!("Zip")),
        "Architectures": input.get("Architectures").cloned().unwrap_or(json!(["x86_64"])),
    });
    for (member, absent) in REPEATED {
        let value = input.get(member).cloned().unwrap_or(absent);
        if !value.is_null() {
            configuration[member] = value;
        }
    }
    configuration
}

fn version(latest: &Value, number: &str) -> Value {
    let mut version = latest.clone();
    version["Version"] = json!(number);
    version["FunctionArn"] = json!(format!("{}:{number}", text(latest, "FunctionArn")));
    version
}

fn get(input: &Value, state: &State, context: &Context<'_>) -> Outcome {
    let (name, qualifier) = named(input);
    let missing = || {
        let suffix = qualifier.as_deref().map(|q| format!(":{q}")).unwrap_or_default();
        not_found(&format!("Function not found: {}{suffix}", arn(&name, context)))
    };
    let function = state.functions.get(&name).ok_or_else(missing)?;
    let configuration = match qualifier.as_deref() {
        None | Some("$LATEST") => function.latest.clone(),
        Some(q) => {
            let target = function.aliases.get(q).map_or(q, |alias| text(alias, "FunctionVersion"));
            let found = function.versions.get(target);
            let found = found.or((target == "$LATEST").then_some(&function.latest));
            let mut configuration = found.ok_or_else(missing)?.clone();
            configuration["FunctionArn"] = json!(format!("{}:{q}", arn(&name, context)));
            configuration
        }
    };
    let key = format!("{}/{}/{name}", context.account, context.region);
    let location = context.neighbours.presigned(CODE_BUCKET, &key);
    let mut answer = json!({
        "Configuration": configuration,
        "Code": {"RepositoryType": "S3", "Location": location},
    });
    if function.tags.as_object().is_some_and(|t| !t.is_empty()) {
        answer["Tags"] = function.tags.clone();
    }
    Ok(answer)
}

fn list(input: &Value, state: &State) -> Outcome {
    let all = input.get("FunctionVersion").is_some_and(|v| v == "ALL");
    let mut found: Vec<Value> = Vec::new();
    for function in state.functions.values() {
        found.push(function.latest.clone());
        if all {
            found.extend(function.versions.values().cloned());
        }
    }
    let (page, next) = page::cut(found, input.get("Marker"), size(input, 50), invalid)?;
    Ok(with_marker(json!({"Functions": page}), next))
}

fn delete(input: &Value, state: &mut State) -> Outcome {
    let (name, qualifier) = named(input);
    let missing = || not_found(&format!("Function not found: {name}"));
    match qualifier {
        None => {
            state.functions.remove(&name).ok_or_else(missing)?;
        }
        Some(q) => {
            let function = state.functions.get_mut(&name).ok_or_else(missing)?;
            function.versions.remove(&q).ok_or_else(missing)?;
        }
    }
    Ok(Value::Null)
}

fn create_alias(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let (name, _) = named(input);
    let (alias, target) = (text(input, "Name").to_owned(), text(input, "FunctionVersion"));
    let function_arn = arn(&name, context);
    let missing = || not_found(&format!("Function not found: {function_arn}:{target}"));
    let function = state.functions.get_mut(&name).ok_or_else(missing)?;
    if target != "$LATEST" && !function.versions.contains_key(target) {
        return Err(missing());
    }
    if function.aliases.contains_key(&alias) {
        let message = format!("Alias already exists: {function_arn}:{alias}");
        return Err(Failure::new("ResourceConflictException", 409, message));
    }
    let described = json!({
        "AliasArn": format!("{function_arn}:{alias}"),
        "Name": alias,
        "FunctionVersion": target,
        "Description": text(input, "Description"),
        "RevisionId": context.ids.uuid(),
    });
    function.aliases.insert(alias, described.clone());
    Ok(described)
}

fn get_alias(input: &Value, state: &State) -> Outcome {
    let (name, _) = named(input);
    let alias = text(input, "Name");
    let found = state.functions.get(&name).and_then(|f| f.aliases.get(alias));
    found.cloned().ok_or_else(|| not_found(&format!("Cannot find alias arn: {name}:{alias}")))
}

fn list_aliases(input: &Value, state: &State) -> Outcome {
    let (name, _) = named(input);
    let missing = || not_found(&format!("Function not found: {name}"));
    let function = state.functions.get(&name).ok_or_else(missing)?;
    let wanted = input.get("FunctionVersion").and_then(Value::as_str);
    let fits = |a: &&Value| wanted.is_none_or(|w| text(a, "FunctionVersion") == w);
    let found: Vec<Value> = function.aliases.values().filter(fits).cloned().collect();
    let (page, next) = page::cut(found, input.get("Marker"), size(input, 50), invalid)?;
    Ok(with_marker(json!({"Aliases": page}), next))
}

fn size(input: &Value, most: u64) -> usize {
    let asked = input.get("MaxItems").and_then(Value::as_u64).unwrap_or(most);
    usize::try_from(asked.min(most)).unwrap_or(50)
}

fn with_marker(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    answer
}

fn not_found(message: &str) -> Failure {
    Failure::new("ResourceNotFoundException", 404, message)
}

fn invalid(message: &str) -> Failure {
    Failure::new("InvalidParameterValueException", 400, message)
}
