//! Security profiles: permissions, applications and flow modules are listed apart from the profile.
//!
//! Names cannot be changed. Permissions are not checked against a catalogue: it grows too often.

use serde_json::{Value, json};

use super::call::{Call, Operation, in_use, merge, public};
use super::kind::{Kind, SUMMARY};
use super::store::Object;
use super::{hierarchy, modules, page, resource, users};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "security profile",
    arn: "security-profile",
    label: "SecurityProfileId",
    name: "SecurityProfileName",
    made: ("SecurityProfileId", "SecurityProfileArn"),
    wrapper: "SecurityProfile",
    list: "SecurityProfileSummaryList",
    summary: &[
        SUMMARY[0],
        SUMMARY[1],
        ("Name", "SecurityProfileName"),
        SUMMARY[3],
        SUMMARY[4],
        ("Type", "Type"),
    ],
    found: "SecurityProfiles",
    fields: &[("name", "SecurityProfileName"), ("resourceID", "_id")],
    quota: "security-profiles",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateSecurityProfile", create),
    ("DescribeSecurityProfile", |call| resource::describe(call, &KIND)),
    ("UpdateSecurityProfile", update),
    ("DeleteSecurityProfile", delete),
    ("ListSecurityProfiles", |call| resource::list(call, &KIND, |_| true)),
    ("SearchSecurityProfiles", search),
    ("ListSecurityProfilePermissions", |call| part(call, "_permissions", "Permissions")),
    ("ListSecurityProfileApplications", |call| part(call, "_applications", "Applications")),
    ("ListSecurityProfileFlowModules", |call| part(call, "_modules", "AllowedFlowModules")),
];

/// What Describe prints as it came.
const MEMBERS: &[&str] = &[
    "Description",
    "AllowedAccessControlTags",
    "TagRestrictedResources",
    "HierarchyRestrictedResources",
    "GranularAccessControlConfiguration",
];

/// What has a List of its own: private member and input member.
const LISTED: &[(&str, &str)] = &[
    ("_permissions", "Permissions"),
    ("_applications", "Applications"),
    ("_modules", "AllowedFlowModules"),
    ("_agents", "AllowedAIAgents"),
];

/// What SearchSecurityProfiles prints.
const FOUND: &[&str] =
    &["Id", "OrganizationResourceId", "Arn", "SecurityProfileName", "Description", "Tags", "Type"];

fn take(call: &Call<'_, '_>, body: &mut Object) -> Result<(), Failure> {
    merge(body, call.input, MEMBERS);
    for (private, member) in LISTED {
        if let Some(value) = call.member(member) {
            body.insert((*private).to_owned(), value.clone());
        }
    }
    for module in call.list("AllowedFlowModules") {
        let id = module.get("FlowModuleId").and_then(Value::as_str).unwrap_or_default();
        call.resolve(&modules::KIND, id)?;
    }
    match call.text("AllowedAccessControlHierarchyGroupId") {
        "" => {
            let cleared = call.member("AllowedAccessControlHierarchyGroupId").is_some();
            if cleared {
                body.shift_remove("AllowedAccessControlHierarchyGroupId");
            }
        }
        group => {
            let id = call.resolve(&hierarchy::KIND, group)?;
            body.insert("AllowedAccessControlHierarchyGroupId".to_owned(), json!(id));
        }
    }
    Ok(())
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.text("SecurityProfileName");
    let plain = |c: char| c.is_ascii_alphanumeric() || " _@-".contains(c);
    if !name.chars().all(plain) {
        return Err(super::call::invalid(format!("SecurityProfileName is not valid: {name}")));
    }
    let mut body = Object::new();
    body.insert("OrganizationResourceId".to_owned(), json!(call.instance_id()?));
    merge(&mut body, call.input, &["SecurityProfileName"]);
    take(call, &mut body)?;
    body.insert("Type".to_owned(), json!("CUSTOMER_MANAGED"));
    let id = resource::create(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    let mut body = Object::clone(&body);
    take(call, &mut body)?;
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = call.target(&KIND)?;
    let has = |user: &Object| {
        let all = user.get("SecurityProfileIds").and_then(Value::as_array);
        all.is_some_and(|all| all.contains(&json!(id)))
    };
    if call.instance()?.store(&users::KIND).any(has) {
        return Err(in_use(format!("Security profile is in use by a user: {id}")));
    }
    resource::delete(call, &KIND)
}

/// One of the lists that hang on a profile.
fn part(call: &mut Call<'_, '_>, private: &str, member: &str) -> Outcome {
    let (_, body) = call.target(&KIND)?;
    let all = body.get(private).and_then(Value::as_array).cloned().unwrap_or_default();
    let (items, next) = page::cut(call, page::numbered(all))?;
    let answer = json!({
        member: items,
        "LastModifiedTime": body.get("LastModifiedTime"),
        "LastModifiedRegion": body.get("LastModifiedRegion"),
    });
    Ok(resource::with_next(answer, next))
}

fn search(call: &mut Call<'_, '_>) -> Outcome {
    resource::search(call, &KIND, |body| {
        let mut shown = public(body);
        shown.retain(|name, _| FOUND.contains(&name.as_str()));
        shown
    })
}
