//! The template of CloudFormation that makes the roles of an environment: the deploy role and, where it has one,
//! the role that only reads. It fits a StackSet: account and partition are the stack's, and what differs from account
//! to account is a parameter.

use super::policy::instance_parameter;
use super::{Need, Places, statements};
use serde_json::{Map, Value, json};
use trunkline_model::Region;

/// The most characters of a role's inline policies together, whitespace not counted.
const INLINE_AT_MOST: usize = 10_240;
/// The most characters of one managed policy, whitespace not counted.
const MANAGED_AT_MOST: usize = 6_144;

/// What the roles are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// The deploy role's name; a path before it, where it has one.
    pub deploy: String,
    /// The name of the role that only reads, where it is another.
    pub read: Option<String>,
    /// The external id that callers have to give; the default of a parameter.
    pub external_id: Option<String>,
    /// Who may assume the roles: ARNs or account ids; the default of a parameter.
    pub trusted: Vec<String>,
    /// Whether callers set a source identity and tag their sessions.
    pub source_identity: bool,
}

/// Makes the template. `needs` are those of the deploy role; the read role gets what reads of it.
pub fn template(roles: &Roles, needs: &[Need], places: &Places) -> Value {
    let mut resources = Map::new();
    add_role("Deploy", &roles.deploy, roles, needs.iter().collect(), places, &mut resources);
    if let Some(read) = &roles.read {
        let reading = needs.iter().filter(|n| n.reads()).collect();
        add_role("Read", read, roles, reading, places, &mut resources);
    }
    let outputs = resources.keys().filter(|name| name.ends_with("Role")).map(|name| {
        let value = json!({ "Fn::GetAtt": [name, "Arn"] });
        (format!("{name}Arn"), json!({ "Value": value }))
    });
    let outputs: Map<String, Value> = outputs.collect();
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Roles with which Trunkline reads and deploys a contact center.",
        "Parameters": parameters(roles, places),
        "Resources": resources,
        "Outputs": outputs,
    })
}

/// The template as YAML, as CloudFormation reads it.
pub fn to_yaml(template: &Value) -> String {
    template.as_object().map(crate::yaml::write).unwrap_or_default()
}

/// The name of the parameter that takes the id of a region's instance.
pub fn instance_of(region: &Region) -> String {
    instance_parameter(region)
}

fn parameters(roles: &Roles, places: &Places) -> Map<String, Value> {
    let mut all = Map::new();
    let mut trusted = json!({
        "Type": "CommaDelimitedList",
        "Description": "Who may assume the roles: account ids, or ARNs of roles and users",
    });
    if !roles.trusted.is_empty() {
        trusted["Default"] = json!(roles.trusted.join(","));
    }
    all.insert("TrustedPrincipals".to_owned(), trusted);
    if let Some(external_id) = &roles.external_id {
        let parameter = json!({
            "Type": "String",
            "Description": "What callers have to give when they assume a role",
            "Default": external_id,
        });
        all.insert("ExternalId".to_owned(), parameter);
    }
    for region in &places.regions {
        let parameter = json!({
            "Type": "String",
            "Description": format!("The id of the Connect instance in {region}; * for all of the account"),
            "Default": "*",
        });
        all.insert(instance_parameter(region), parameter);
    }
    all
}

fn add_role(
    prefix: &str,
    name: &str,
    roles: &Roles,
    needs: Vec<&Need>,
    places: &Places,
    resources: &mut Map<String, Value>,
) {
    let (path, name) = name.rsplit_once('/').unwrap_or(("", name));
    let places = Places { role: join(path, name), ..places.clone() };
    let whole = document(&needs, &places);
    let mut properties = json!({
        "RoleName": name,
        "Description": "Made by `trunkline env bootstrap`.",
        "AssumeRolePolicyDocument": trust(roles),
    });
    if !path.is_empty() {
        properties["Path"] = json!(format!("/{}/", path.trim_matches('/')));
    }
    if size(&whole) <= INLINE_AT_MOST {
        properties["Policies"] = json!([{ "PolicyName": "trunkline", "PolicyDocument": whole }]);
    } else {
        let mut references = Vec::new();
        for (number, part) in parts(&needs, &places).into_iter().enumerate() {
            let logical = format!("{prefix}Policy{}", number + 1);
            let policy = json!({ "PolicyDocument": part });
            let resource = json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": policy });
            references.push(json!({ "Ref": logical }));
            resources.insert(logical, resource);
        }
        properties["ManagedPolicyArns"] = Value::Array(references);
    }
    let role = json!({ "Type": "AWS::IAM::Role", "Properties": properties });
    resources.insert(format!("{prefix}Role"), role);
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{}/{name}", path.trim_matches('/')) }
}

fn trust(roles: &Roles) -> Value {
    let mut actions = vec!["sts:AssumeRole"];
    if roles.source_identity {
        actions.extend(["sts:SetSourceIdentity", "sts:TagSession"]);
    }
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "AWS": { "Ref": "TrustedPrincipals" } },
        "Action": actions,
    });
    if roles.external_id.is_some() {
        let given = json!({ "sts:ExternalId": { "Ref": "ExternalId" } });
        statement["Condition"] = json!({ "StringEquals": given });
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn document(needs: &[&Need], places: &Places) -> Value {
    let statements = statements(needs.iter().copied(), places);
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Documents that fit managed policies: as many needs in each as it holds.
fn parts(needs: &[&Need], places: &Places) -> Vec<Value> {
    let mut sorted = needs.to_vec();
    sorted.sort_by_key(|need| need.on);
    let mut parts = Vec::new();
    let mut rest = sorted.as_slice();
    while !rest.is_empty() {
        let fits = |count: &usize| size(&document(&rest[..*count], places)) <= MANAGED_AT_MOST;
        let count = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
        parts.push(document(&rest[..count], places));
        rest = &rest[count..];
    }
    parts
}

/// The characters of a policy once CloudFormation has filled in its texts, at the most.
fn size(document: &Value) -> usize {
    match document {
        Value::Object(members) => match members.get("Fn::Sub").and_then(Value::as_str) {
            Some(text) => filled_in(text).len() + 2,
            None => members.iter().map(|(k, v)| k.len() + 4 + size(v)).sum::<usize>() + 1,
        },
        Value::Array(items) => items.iter().map(|i| size(i) + 1).sum::<usize>() + 1,
        Value::String(text) => text.chars().filter(|c| !c.is_whitespace()).count() + 2,
        other => other.to_string().len(),
    }
}

/// The longest text that a `Fn::Sub` can become.
fn filled_in(text: &str) -> String {
    let text = text.replace("${AWS::AccountId}", &"0".repeat(12));
    let text = text.replace("${AWS::Partition}", "aws-us-gov");
    match (text.find("${"), text.rfind('}')) {
        (Some(start), Some(end)) => {
            format!("{}{}{}", &text[..start], "0".repeat(36), &text[end + 1..])
        }
        _ => text,
    }
}
