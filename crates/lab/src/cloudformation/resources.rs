//! The resource types that stacks can hold, all of IAM: how they are made, changed, replaced and taken away.
//!
//! Everything goes through IAM's own operations, with the permissions of whoever deploys.

use super::Hands;
use super::resolve::plain;
use crate::service::{Context, Failure};
use serde_json::{Value, json};

/// What became of a resource.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Its physical id, which is also what `Ref` says.
    pub(super) id: String,
    pub(super) attributes: Vec<(&'static str, String)>,
}

/// A resource type as data.
struct Kind {
    name: &'static str,
    properties: &'static [&'static str],
    required: &'static [&'static str],
    /// The property with its own name; the stack makes one up without it.
    named_by: &'static str,
    /// Whether a name of one's own needs CAPABILITY_NAMED_IAM.
    guarded: bool,
    /// Properties whose change makes another resource.
    replaced_by: &'static [&'static str],
}

const ROLE: &str = "AWS::IAM::Role";
const MANAGED: &str = "AWS::IAM::ManagedPolicy";

const KINDS: [Kind; 4] = [
    Kind {
        name: ROLE,
        properties: &[
            "RoleName",
            "Path",
            "AssumeRolePolicyDocument",
            "Description",
            "MaxSessionDuration",
            "ManagedPolicyArns",
            "Policies",
            "Tags",
        ],
        required: &["AssumeRolePolicyDocument"],
        named_by: "RoleName",
        guarded: true,
        replaced_by: &["RoleName", "Path"],
    },
    Kind {
        name: MANAGED,
        properties: &["ManagedPolicyName", "Path", "Description", "PolicyDocument", "Roles"],
        required: &["PolicyDocument"],
        named_by: "ManagedPolicyName",
        guarded: true,
        replaced_by: &["ManagedPolicyName", "Path", "Description"],
    },
    Kind {
        name: "AWS::IAM::Policy",
        properties: &["PolicyName", "PolicyDocument", "Roles"],
        required: &["PolicyName", "PolicyDocument", "Roles"],
        named_by: "PolicyName",
        guarded: false,
        replaced_by: &["PolicyName"],
    },
    Kind {
        name: "AWS::IAM::RolePolicy",
        properties: &["PolicyName", "PolicyDocument", "RoleName"],
        required: &["PolicyName", "RoleName"],
        named_by: "PolicyName",
        guarded: false,
        replaced_by: &["PolicyName", "RoleName"],
    },
];

fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Whether a resource type is known.
pub(super) fn supports(name: &str) -> bool {
    kind(name).is_some()
}

/// Refuses properties that are not known, and missing ones.
pub(super) fn check(name: &str, properties: &Value) -> Result<(), String> {
    let Some(kind) = kind(name) else { return Err(format!("the lab does not support {name}")) };
    let given = properties.as_object().into_iter().flatten().map(|(name, _)| name);
    if let Some(other) = given.into_iter().find(|given| !kind.properties.contains(&given.as_str()))
    {
        return Err(format!("the lab does not support the property {other} of {name}"));
    }
    match kind.required.iter().find(|required| properties.get(**required).is_none()) {
        Some(missing) => Err(format!("{name} needs the property {missing}")),
        None => Ok(()),
    }
}

/// Whether a resource has a name of its own that only CAPABILITY_NAMED_IAM allows.
pub(super) fn is_named(name: &str, properties: &Value) -> bool {
    kind(name).is_some_and(|kind| kind.guarded && properties.get(kind.named_by).is_some())
}

/// Whether a change of properties makes another resource.
pub(super) fn is_replaced(name: &str, old: &Value, new: &Value) -> bool {
    kind(name).is_some_and(|kind| kind.replaced_by.iter().any(|p| old.get(*p) != new.get(*p)))
}

/// IAM on behalf of a stack.
pub(super) struct Iam<'a, 'c, 'd> {
    pub(super) hands: &'a dyn Hands,
    pub(super) context: &'c mut Context<'d>,
}

impl Iam<'_, '_, '_> {
    fn call(&mut self, operation: &str, input: Value) -> Result<Value, Failure> {
        self.hands.iam(operation, input, self.context)
    }

    /// Takes something away; what somebody else took away is gone as well.
    fn undo(&mut self, operation: &str, input: Value) -> Result<(), Failure> {
        match self.call(operation, input) {
            Err(failure) if failure.name != "NoSuchEntity" => Err(failure),
            _ => Ok(()),
        }
    }

    /// Makes a resource; `fallback` is its name where it has none of its own.
    pub(super) fn create(
        &mut self,
        name: &str,
        properties: &Value,
        fallback: &str,
    ) -> Result<Made, Failure> {
        let own = kind(name).and_then(|kind| properties.get(kind.named_by)).map(plain);
        let own = own.unwrap_or_else(|| fallback.to_owned());
        match name {
            ROLE => self.create_role(properties, &own),
            MANAGED => self.create_managed(properties, &own),
            _ => {
                self.put_inline(properties, &own)?;
                Ok(Made { id: own, attributes: Vec::new() })
            }
        }
    }

    fn create_role(&mut self, properties: &Value, name: &str) -> Result<Made, Failure> {
        let mut input = json!({
            "RoleName": name,
            "AssumeRolePolicyDocument": properties["AssumeRolePolicyDocument"].to_string(),
        });
        for member in ["Path", "Description", "Tags"] {
            if let Some(value) = properties.get(member) {
                input[member] = value.clone();
            }
        }
        if let Some(seconds) = properties.get("MaxSessionDuration").and_then(number) {
            input["MaxSessionDuration"] = json!(seconds);
        }
        let made = self.call("CreateRole", input)?;
        self.fill_role(name, &Value::Null, properties)?;
        let attribute = |member: &str| plain(&made["Role"][member]);
        let attributes = vec![("Arn", attribute("Arn")), ("RoleId", attribute("RoleId"))];
        Ok(Made { id: name.to_owned(), attributes })
    }

    /// Inline and attached policies of a role, from what they were to what they are to be.
    fn fill_role(&mut self, role: &str, old: &Value, new: &Value) -> Result<(), Failure> {
        let inline = |properties: &Value| list(properties, "Policies");
        for policy in inline(new) {
            self.call(
                "PutRolePolicy",
                json!({
                    "RoleName": role,
                    "PolicyName": plain(&policy["PolicyName"]),
                    "PolicyDocument": policy["PolicyDocument"].to_string(),
                }),
            )?;
        }
        let kept: Vec<String> = inline(new).iter().map(|p| plain(&p["PolicyName"])).collect();
        for policy in
            inline(old).iter().map(|p| plain(&p["PolicyName"])).filter(|p| !kept.contains(p))
        {
            self.undo("DeleteRolePolicy", json!({"RoleName": role, "PolicyName": policy}))?;
        }
        let attached = |properties: &Value| list(properties, "ManagedPolicyArns");
        self.swap(role, &attached(old), &attached(new))
    }

    /// Detaches what is no longer wanted, attaches what is.
    fn swap(&mut self, role: &str, old: &[Value], new: &[Value]) -> Result<(), Failure> {
        for arn in old.iter().filter(|arn| !new.contains(arn)) {
            self.undo("DetachRolePolicy", json!({"RoleName": role, "PolicyArn": arn}))?;
        }
        for arn in new.iter().filter(|arn| !old.contains(arn)) {
            self.call("AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn}))?;
        }
        Ok(())
    }

    fn create_managed(&mut self, properties: &Value, name: &str) -> Result<Made, Failure> {
        let mut input =
            json!({"PolicyName": name, "PolicyDocument": properties["PolicyDocument"].to_string()});
        for member in ["Path", "Description"] {
            if let Some(value) = properties.get(member) {
                input[member] = value.clone();
            }
        }
        let made = self.call("CreatePolicy", input)?;
        let arn = plain(&made["Policy"]["Arn"]);
        for role in list(properties, "Roles") {
            self.call("AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn}))?;
        }
        let attributes =
            vec![("PolicyArn", arn.clone()), ("PolicyId", plain(&made["Policy"]["PolicyId"]))];
        Ok(Made { id: arn, attributes })
    }

    fn put_inline(&mut self, properties: &Value, name: &str) -> Result<(), Failure> {
        for role in roles(properties) {
            self.call(
                "PutRolePolicy",
                json!({
                    "RoleName": role,
                    "PolicyName": name,
                    "PolicyDocument": properties["PolicyDocument"].to_string(),
                }),
            )?;
        }
        Ok(())
    }

    /// Changes a resource in its place.
    pub(super) fn update(
        &mut self,
        name: &str,
        old: &Value,
        new: &Value,
        made: &Made,
    ) -> Result<(), Failure> {
        match name {
            ROLE => self.update_role(old, new, &made.id),
            MANAGED => self.update_managed(old, new, &made.id),
            _ => {
                self.put_inline(new, &made.id)?;
                let kept = roles(new);
                for role in roles(old).into_iter().filter(|role| !kept.contains(role)) {
                    self.undo(
                        "DeleteRolePolicy",
                        json!({"RoleName": role, "PolicyName": made.id}),
                    )?;
                }
                Ok(())
            }
        }
    }

    fn update_role(&mut self, old: &Value, new: &Value, role: &str) -> Result<(), Failure> {
        let trust = "AssumeRolePolicyDocument";
        if old[trust] != new[trust] {
            let document = new[trust].to_string();
            self.call(
                "UpdateAssumeRolePolicy",
                json!({"RoleName": role, "PolicyDocument": document}),
            )?;
        }
        let members = ["Description", "MaxSessionDuration"];
        if members.iter().any(|member| old.get(*member) != new.get(*member)) {
            let mut input = json!({"RoleName": role, "Description": plain(&new["Description"])});
            input["MaxSessionDuration"] =
                json!(new.get("MaxSessionDuration").and_then(number).unwrap_or(3600));
            self.call("UpdateRole", input)?;
        }
        self.fill_role(role, old, new)
    }

    fn update_managed(&mut self, old: &Value, new: &Value, arn: &str) -> Result<(), Failure> {
        if old["PolicyDocument"] != new["PolicyDocument"] {
            let document = new["PolicyDocument"].to_string();
            let input = json!({"PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true});
            self.call("CreatePolicyVersion", input)?;
            self.drop_old_versions(arn)?;
        }
        let (old, new) = (roles(old), roles(new));
        for role in old.iter().filter(|role| !new.contains(role)) {
            self.undo("DetachRolePolicy", json!({"RoleName": role, "PolicyArn": arn}))?;
        }
        for role in new.iter().filter(|role| !old.contains(role)) {
            self.call("AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn}))?;
        }
        Ok(())
    }

    fn drop_old_versions(&mut self, arn: &str) -> Result<(), Failure> {
        let versions = self.call("ListPolicyVersions", json!({"PolicyArn": arn}))?;
        for version in list(&versions, "Versions") {
            if version["IsDefaultVersion"] == false {
                let input = json!({"PolicyArn": arn, "VersionId": version["VersionId"]});
                self.call("DeletePolicyVersion", input)?;
            }
        }
        Ok(())
    }

    /// Takes a resource away.
    pub(super) fn delete(
        &mut self,
        name: &str,
        properties: &Value,
        made: &Made,
    ) -> Result<(), Failure> {
        match name {
            ROLE => {
                self.fill_role(&made.id, properties, &Value::Null)?;
                self.undo("DeleteRole", json!({"RoleName": made.id}))
            }
            MANAGED => {
                for role in roles(properties) {
                    self.undo("DetachRolePolicy", json!({"RoleName": role, "PolicyArn": made.id}))?;
                }
                let known = self.call("GetPolicy", json!({"PolicyArn": made.id})).is_ok();
                if known {
                    self.drop_old_versions(&made.id)?;
                }
                self.undo("DeletePolicy", json!({"PolicyArn": made.id}))
            }
            _ => {
                for role in roles(properties) {
                    self.undo(
                        "DeleteRolePolicy",
                        json!({"RoleName": role, "PolicyName": made.id}),
                    )?;
                }
                Ok(())
            }
        }
    }
}

fn list(properties: &Value, member: &str) -> Vec<Value> {
    properties.get(member).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The roles that a policy hangs on.
fn roles(properties: &Value) -> Vec<String> {
    match properties.get("RoleName") {
        Some(role) => vec![plain(role)],
        None => list(properties, "Roles").iter().map(plain).collect(),
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| plain(value).parse().ok())
}
