//! Security profiles. Permissions, applications and modules have calls of their own to be read, and one
//! call that writes all. The name of a profile cannot be changed.

use super::aws_made;
use crate::document::Document;
use crate::kind::{Create, Describe, Format, Kind, List, Listed, Retire, Spec, Update};
use crate::permissions::On;
use crate::plan::Change;
use crate::read::is_empty;
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

/// The kind `security-profile`.
pub(super) struct SecurityProfile;

const WRITTEN: &[&str] = &[
    "Description",
    "AllowedAccessControlTags",
    "TagRestrictedResources",
    "AllowedAccessControlHierarchyGroupId",
    "HierarchyRestrictedResources",
    "GranularAccessControlConfiguration",
    "Applications",
    "AllowedFlowModules",
    "Permissions",
];

/// What Describe lacks: the member of document and answer, and the List operation.
const LISTED: &[Listed] = &[
    listed("Permissions", "ListSecurityProfilePermissions"),
    listed("Applications", "ListSecurityProfileApplications"),
    listed("AllowedFlowModules", "ListSecurityProfileFlowModules"),
];

const fn listed(field: &'static str, operation: &'static str) -> Listed {
    Listed { field, operation, items: field, row: Value::clone }
}

static SPEC: Spec = Spec {
    name: "security-profile",
    folder: "connect/security-profiles",
    format: Format::Yaml,
    arn_word: "security-profile",
    id_member: "SecurityProfileId",
    name_member: "SecurityProfileName",
    list: Some(List {
        operation: "ListSecurityProfiles",
        items: "SecurityProfileSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    describe: Some(Describe { operation: "DescribeSecurityProfile", member: "SecurityProfile" }),
    create: Some(Create {
        operation: "CreateSecurityProfile",
        fields: WRITTEN,
        made: ("SecurityProfileId", "SecurityProfileArn"),
        tags: true,
    }),
    fields: &[
        "Type",
        "Description",
        "AllowedAccessControlTags",
        "TagRestrictedResources",
        "AllowedAccessControlHierarchyGroupId",
        "HierarchyRestrictedResources",
        "GranularAccessControlConfiguration",
        "Applications",
        "AllowedFlowModules",
        "Permissions",
    ],
    listed: LISTED,
    ignored: &["OrganizationResourceId"],
    ids: &[
        (&["AllowedAccessControlHierarchyGroupId"], "hierarchy-group"),
        (&["AllowedFlowModules", "*", "FlowModuleId"], "module"),
    ],
    updates: &[Update { operation: "UpdateSecurityProfile", fields: WRITTEN, name: false }],
    retire: Retire::Tagged,
    delete: Some("DeleteSecurityProfile"),
    also: &[
        ("connect:ListSecurityProfilePermissions", On::Instance),
        ("connect:ListSecurityProfileApplications", On::Instance),
        ("connect:ListSecurityProfileFlowModules", On::Instance),
    ],
    ..Spec::EMPTY
};

impl Kind for SecurityProfile {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        if body.get("Type") == Some(&json!("CUSTOMER_MANAGED")) {
            body.shift_remove("Type");
        }
        sort(body);
    }

    fn comparable(&self, resource: &Resource, wanted: &Document) -> Map<String, Value> {
        aws_made::comparable("Type", resource, wanted)
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        sort(body);
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        // An empty configuration has nothing to say.
        if input.get("GranularAccessControlConfiguration").is_some_and(is_empty) {
            input.shift_remove("GranularAccessControlConfiguration");
        }
        if operation == "CreateSecurityProfile" {
            input.retain(|_, value| !is_empty(value));
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        aws_made::refuse("Type", change)
    }

    fn system(&self, resource: &Resource) -> bool {
        resource.body.contains_key("Type")
    }
}

/// Everything in a profile is a set.
fn sort(body: &mut Map<String, Value>) {
    if let Some(Value::Array(applications)) = body.get_mut("Applications") {
        for application in applications {
            if let Some(Value::Array(permissions)) = application.get_mut("ApplicationPermissions") {
                permissions.sort_by_cached_key(Value::to_string);
            }
        }
    }
    for (_, value) in body.iter_mut() {
        match value {
            Value::Array(items) => items.sort_by_cached_key(Value::to_string),
            Value::Object(map) => map.sort_keys(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
