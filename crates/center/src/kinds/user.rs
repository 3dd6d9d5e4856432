//! Users, where they are asked for. Never passwords; a user whose sign-in Connect itself manages cannot be
//! made here. Settings by channel (`AutoAcceptConfigs` ...) are reported, not managed.

use crate::kind::{
    Create, Describe, Format, IdField, Kind, List, Listed, Members, Retire, Spec, Update,
};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

/// The kind `user`.
pub(super) struct User;

const CREATED_WITH: &[&str] =
    &["IdentityInfo", "PhoneConfig", "RoutingProfileId", "SecurityProfileIds", "HierarchyGroupId"];

const IDS: &[IdField] = &[
    (&["RoutingProfileId"], "routing-profile"),
    (&["SecurityProfileIds", "*"], "security-profile"),
    (&["HierarchyGroupId"], "hierarchy-group"),
];

static SPEC: Spec = Spec {
    name: "user",
    folder: "connect/users",
    format: Format::Yaml,
    arn_word: "agent",
    id_member: "UserId",
    name_member: "Username",
    list: Some(List {
        operation: "ListUsers",
        items: "UserSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Username"),
    }),
    describe: Some(Describe { operation: "DescribeUser", member: "User" }),
    create: Some(Create {
        operation: "CreateUser",
        fields: CREATED_WITH,
        made: ("UserId", "UserArn"),
        tags: true,
    }),
    fields: &[
        "IdentityInfo",
        "PhoneConfig",
        "RoutingProfileId",
        "SecurityProfileIds",
        "HierarchyGroupId",
        "UserProficiencies",
    ],
    listed: &[Listed {
        field: "UserProficiencies",
        operation: "ListUserProficiencies",
        items: "UserProficiencyList",
        row: Value::clone,
    }],
    ignored: &["DirectoryUserId"],
    ids: IDS,
    updates: &[
        Update { operation: "UpdateUserIdentityInfo", fields: &["IdentityInfo"], name: false },
        Update { operation: "UpdateUserPhoneConfig", fields: &["PhoneConfig"], name: false },
        Update {
            operation: "UpdateUserRoutingProfile",
            fields: &["RoutingProfileId"],
            name: false,
        },
        Update {
            operation: "UpdateUserSecurityProfiles",
            fields: &["SecurityProfileIds"],
            name: false,
        },
        Update { operation: "UpdateUserHierarchy", fields: &["HierarchyGroupId"], name: false },
    ],
    members: &[Members {
        field: "UserProficiencies",
        associate: ("AssociateUserProficiencies", "UserProficiencies"),
        disassociate: ("DisassociateUserProficiencies", "UserProficiencies"),
        update: Some(("UpdateUserProficiencies", "UserProficiencies")),
        batch: 10,
        key: |one| {
            json!({
                "AttributeName": one.get("AttributeName"),
                "AttributeValue": one.get("AttributeValue"),
            })
        },
    }],
    // A user who is taken away loses history and queue: never without a person.
    retire: Retire::Never,
    also: &[("connect:ListUserProficiencies", On::Instance), ("connect:DeleteUser", On::Instance)],
    ..Spec::EMPTY
};

impl Kind for User {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn opt_in(&self) -> bool {
        true
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Array(profiles)) = body.get_mut("SecurityProfileIds") {
            profiles.sort_by_cached_key(Value::to_string);
        }
        if let Some(Value::Array(all)) = body.get_mut("UserProficiencies") {
            for one in all.iter_mut().filter_map(Value::as_object_mut) {
                super::shape::in_order(one, &["AttributeName", "AttributeValue", "Level"]);
            }
            all.sort_by_cached_key(Value::to_string);
        }
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        if operation == "UpdateUserHierarchy"
            && input.get("HierarchyGroupId").is_some_and(crate::read::is_empty)
        {
            // Left out, it takes the user out of the hierarchy.
            input.shift_remove("HierarchyGroupId");
        }
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let before = steps.steps.len();
        crate::plan::steps_by_spec(&SPEC, change, steps);
        let listed = change.wanted.body.get("UserProficiencies").and_then(Value::as_array);
        let named = |one: &Value| one.get("AttributeName")?.as_str().map(str::to_owned);
        let attributes: Vec<String> = listed.into_iter().flatten().filter_map(named).collect();
        for step in &mut steps.steps[before..] {
            // Proficiencies name their attributes without a reference.
            let keys = attributes.iter().map(|a| ("predefined-attribute".to_owned(), a.clone()));
            step.after.extend(keys);
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        if change.live.is_some() || change.instance.identity != "CONNECT_MANAGED" {
            return Vec::new();
        }
        vec![
            Diagnostic::error(
                "TL0406",
                "a user of this instance cannot be made without a password",
            )
            .on(change.wanted.subject())
            .because("Connect itself manages how users of the instance sign in")
            .help("make the user in the console of Connect; the next plan takes over the rest"),
        ]
    }
}
