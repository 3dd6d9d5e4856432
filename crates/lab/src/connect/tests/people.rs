//! Users, hierarchy, security profiles, agent statuses, predefined attributes.

use super::{Bench, duplicate, in_use, invalid, missing, refused, text};
use serde_json::{Value, json};

fn user(bench: &mut Bench, name: &str) -> Result<String, (String, u16)> {
    let routing =
        bench.named("ListRoutingProfiles", "RoutingProfileSummaryList", "Basic Routing Profile");
    let security = bench.named("ListSecurityProfiles", "SecurityProfileSummaryList", "Agent");
    let input = json!({
        "Username": name, "Password": "Passw0rd-x", "RoutingProfileId": routing,
        "SecurityProfileIds": [security], "PhoneConfig": { "PhoneType": "SOFT_PHONE" },
    });
    let made = bench.call("CreateUser", input).map_err(|failure| (failure.name, failure.status))?;
    Ok(text(&made, "/UserId"))
}

#[test]
fn users_bring_a_queue_of_their_own_and_no_password() {
    let mut bench = Bench::new();
    let id = user(&mut bench, "ann").expect("a user");
    assert_eq!(user(&mut bench, "ANN"), Err(duplicate()));
    let found = bench.ok("DescribeUser", json!({ "UserId": id }));
    assert!(!found.to_string().contains("Passw0rd"));
    let queues = json!({ "QueueTypes": ["AGENT"] });
    let agents = bench.ok("ListQueues", queues.clone());
    assert_eq!(text(&agents, "/QueueSummaryList/0/Id"), id);
    bench.ok("DeleteUser", json!({ "UserId": id }));
    assert_eq!(bench.ok("ListQueues", queues)["QueueSummaryList"], json!([]));
    assert_eq!(bench.fails("DescribeUser", json!({ "UserId": id })), missing());
}

#[test]
fn profiles_stay_while_a_user_has_them() {
    let mut bench = Bench::new();
    user(&mut bench, "ann").expect("a user");
    let security = bench.named("ListSecurityProfiles", "SecurityProfileSummaryList", "Agent");
    let input = json!({ "SecurityProfileId": security });
    assert_eq!(bench.fails("DeleteSecurityProfile", input), in_use());
}

#[test]
fn proficiencies_need_the_attribute_and_its_value() {
    let mut bench = Bench::new();
    let id = user(&mut bench, "ann").expect("a user");
    let skill = json!({ "Name": "skill", "Values": { "StringList": ["gold"] } });
    bench.ok("CreatePredefinedAttribute", skill);
    let having = |value: &str| {
        let one = json!({ "AttributeName": "skill", "AttributeValue": value, "Level": 2.0 });
        json!({ "UserId": id, "UserProficiencies": [one] })
    };
    assert_eq!(bench.fails("AssociateUserProficiencies", having("tin")), missing());
    bench.ok("AssociateUserProficiencies", having("gold"));
    assert_eq!(bench.fails("DeletePredefinedAttribute", json!({ "Name": "skill" })), in_use());
}

#[test]
fn attributes_of_the_service_are_protected() {
    let mut bench = Bench::new();
    bench.ok("DescribePredefinedAttribute", json!({ "Name": "connect:Language" }));
    for operation in ["UpdatePredefinedAttribute", "DeletePredefinedAttribute"] {
        assert_eq!(bench.fails(operation, json!({ "Name": "connect:Language" })), refused());
    }
}

#[test]
fn groups_hang_on_levels_that_exist() {
    let mut bench = Bench::new();
    let group = |name: &str, parent: Value| json!({ "Name": name, "ParentGroupId": parent });
    let top = group("Berlin", Value::Null);
    assert_eq!(bench.fails("CreateUserHierarchyGroup", top.clone()), missing());
    let levels = |levels: Value| json!({ "HierarchyStructure": levels });
    let both = json!({ "LevelOne": { "Name": "Site" }, "LevelTwo": { "Name": "Team" } });
    bench.ok("UpdateUserHierarchyStructure", levels(both));
    let made = bench.ok("CreateUserHierarchyGroup", top.clone());
    assert_eq!(bench.fails("CreateUserHierarchyGroup", top), duplicate());
    let site = text(&made, "/HierarchyGroupId");
    let made = bench.ok("CreateUserHierarchyGroup", group("Sales", json!(site)));
    let team = text(&made, "/HierarchyGroupId");
    assert_eq!(bench.fails("CreateUserHierarchyGroup", group("Deeper", json!(team))), missing());
    let found = bench.ok("DescribeUserHierarchyGroup", json!({ "HierarchyGroupId": team }));
    assert_eq!(text(&found, "/HierarchyGroup/HierarchyPath/LevelOne/Name"), "Berlin");
    let one = levels(json!({ "LevelOne": { "Name": "Site" } }));
    assert_eq!(bench.fails("UpdateUserHierarchyStructure", one), in_use());
    assert_eq!(
        bench.fails("DeleteUserHierarchyGroup", json!({ "HierarchyGroupId": site })),
        in_use()
    );
}

#[test]
fn permissions_are_listed_apart_from_their_profile() {
    let mut bench = Bench::new();
    let input = json!({ "SecurityProfileName": "Lead", "Permissions": ["BasicAgentAccess"] });
    let made = bench.ok("CreateSecurityProfile", input);
    let id = json!({ "SecurityProfileId": text(&made, "/SecurityProfileId") });
    let found = bench.ok("DescribeSecurityProfile", id.clone());
    assert!(found["SecurityProfile"].get("Permissions").is_none());
    let listed = bench.ok("ListSecurityProfilePermissions", id);
    assert_eq!(listed["Permissions"], json!(["BasicAgentAccess"]));
}

#[test]
fn statuses_of_the_service_stay_enabled() {
    let mut bench = Bench::new();
    let offline = bench.named("ListAgentStatuses", "AgentStatusSummaryList", "Offline");
    let input = json!({ "AgentStatusId": offline, "State": "DISABLED" });
    assert_eq!(bench.fails("UpdateAgentStatus", input), refused());
    let wrong = json!({ "Name": "Lunch", "State": "SOMETIMES" });
    assert_eq!(bench.fails("CreateAgentStatus", wrong), invalid());
    bench.ok("CreateAgentStatus", json!({ "Name": "Lunch", "State": "ENABLED" }));
}
