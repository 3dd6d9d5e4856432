"""Users and what they are made of: security profiles, agent statuses, hierarchy, predefined attributes."""
import uuid

import kinds
import support


def test_a_users_aspects_are_updated_by_themselves(case):
    user, one = kinds.make(case, kinds.row("user"), "ann"), {}
    one["UserId"] = user
    routing = kinds.make(case, kinds.row("routing_profile"), "Sales")
    security = kinds.make(case, kinds.row("security_profile"), "Sales")
    group = kinds.make(case, kinds.row("hierarchy_group"), "Vienna")
    phone = {"PhoneType": "DESK_PHONE", "AutoAccept": False, "AfterContactWorkTimeLimit": 5, "DeskPhoneNumber": "+15550100003"}
    case.call("update_user_identity_info", IdentityInfo={"FirstName": "Anna", "LastName": "Sample"}, **one)
    case.call("update_user_phone_config", PhoneConfig=phone, **one)
    case.call("update_user_routing_profile", RoutingProfileId=routing, **one)
    case.call("update_user_security_profiles", SecurityProfileIds=[security], **one)
    case.call("update_user_hierarchy", HierarchyGroupId=group, **one)
    read = case.call("describe_user", **one)["User"]
    assert (read["IdentityInfo"]["FirstName"], read["RoutingProfileId"], read["SecurityProfileIds"]) == \
        ("Anna", routing, [security]), read
    assert read["HierarchyGroupId"] == group and read["PhoneConfig"]["DeskPhoneNumber"] == "+15550100003", read
    case.call("update_user_hierarchy", **one)
    assert not case.call("describe_user", **one)["User"].get("HierarchyGroupId")
    assert "Password" not in str(case.call("describe_user", **one)["User"])


def test_a_users_references_must_exist(case):
    user, nothing = kinds.make(case, kinds.row("user"), "ann"), str(uuid.uuid4())
    case.refused("ResourceNotFoundException", 404, "update_user_routing_profile", UserId=user, RoutingProfileId=nothing)
    case.refused("ResourceNotFoundException", 404, "update_user_security_profiles", UserId=user, SecurityProfileIds=[nothing])
    case.refused("ResourceNotFoundException", 404, "create_user", Username="bob",
                 **{**kinds.user(case), "RoutingProfileId": nothing})


def test_proficiencies_are_a_set_with_levels(case):
    user = kinds.make(case, kinds.row("user"), "ann")
    case.call("create_predefined_attribute", Name="Product", Values={"StringList": ["Cars", "Boats"]})
    skill = lambda value, level: {"AttributeName": "Product", "AttributeValue": value, "Level": level}
    case.call("associate_user_proficiencies", UserId=user, UserProficiencies=[skill("Cars", 3.0), skill("Boats", 1.0)])
    case.call("update_user_proficiencies", UserId=user, UserProficiencies=[skill("Cars", 5.0)])
    listed = support.pages(lambda **k: case.call("list_user_proficiencies", UserId=user, **k), "UserProficiencyList", size=1)
    assert {p["AttributeValue"]: p["Level"] for p in listed} == {"Cars": 5.0, "Boats": 1.0}
    case.call("disassociate_user_proficiencies", UserId=user,
              UserProficiencies=[{"AttributeName": "Product", "AttributeValue": "Cars"}])
    left = case.call("list_user_proficiencies", UserId=user)["UserProficiencyList"]
    assert [p["AttributeValue"] for p in left] == ["Boats"]
    case.refused("ResourceInUseException", 409, "delete_predefined_attribute", Name="Product")


def test_an_attributes_values_are_replaced(case):
    case.call("create_predefined_attribute", Name="Product", Values={"StringList": ["Cars"]})
    case.call("update_predefined_attribute", Name="Product", Values={"StringList": ["Cars", "Boats"]})
    read = case.call("describe_predefined_attribute", Name="Product")["PredefinedAttribute"]
    assert read["Values"] == {"StringList": ["Cars", "Boats"]}
    case.refused("ResourceNotFoundException", 404, "update_predefined_attribute", Name="Nothing", Values={"StringList": ["x"]})


def test_an_agent_status_is_disabled_and_moved(case):
    made = kinds.make(case, kinds.row("agent_status"), "Lunch")
    case.call("update_agent_status", AgentStatusId=made, State="DISABLED", Description="Noon", DisplayOrder=3)
    read = case.call("describe_agent_status", AgentStatusId=made)["AgentStatus"]
    assert (read["State"], read["Description"], read["DisplayOrder"]) == ("DISABLED", "Noon", 3), read
    custom = case.call("list_agent_statuses", AgentStatusTypes=["CUSTOM"])["AgentStatusSummaryList"]
    assert [s["Name"] for s in custom] == ["Lunch"]


def test_groups_stand_in_levels(case):
    kinds.levels(case)
    site = case.call("create_user_hierarchy_group", Name="Vienna")["HierarchyGroupId"]
    team = case.call("create_user_hierarchy_group", Name="Sales", ParentGroupId=site)["HierarchyGroupId"]
    read = case.call("describe_user_hierarchy_group", HierarchyGroupId=team)["HierarchyGroup"]
    path = read["HierarchyPath"]
    assert (path["LevelOne"]["Id"], path["LevelTwo"]["Id"]) == (site, team), path
    structure = case.call("describe_user_hierarchy_structure")["HierarchyStructure"]
    assert structure["LevelTwo"]["Name"] == "Team" and read["LevelId"] == structure["LevelTwo"]["Id"]
    case.refused("ResourceNotFoundException", 404, "create_user_hierarchy_group", Name="Lost", ParentGroupId=str(uuid.uuid4()))
    case.refused("ResourceInUseException", 409, "delete_user_hierarchy_group", HierarchyGroupId=site)
    case.refused("ResourceInUseException", 409, "update_user_hierarchy_structure", HierarchyStructure={"LevelOne": {"Name": "Site"}})
    case.call("delete_user_hierarchy_group", HierarchyGroupId=team)
    case.call("update_user_hierarchy_structure", HierarchyStructure={"LevelOne": {"Name": "Place"}})


def test_a_security_profiles_permissions_are_listed_and_replaced(case):
    made = kinds.make(case, kinds.row("security_profile"), "Clerks")
    module = kinds.make(case, kinds.row("module"), "Tool")
    case.call("update_security_profile", SecurityProfileId=made, Permissions=["BasicAgentAccess", "OutboundCallAccess"],
              Description="New", TagRestrictedResources=["User"], AllowedAccessControlTags={"site": "vienna"},
              Applications=[{"Namespace": "agent.example", "ApplicationPermissions": ["ACCESS"]}],
              AllowedFlowModules=[{"Type": "MCP", "FlowModuleId": module}])
    one = {"SecurityProfileId": made}
    listed = support.pages(lambda **k: case.call("list_security_profile_permissions", **one, **k), "Permissions", size=1)
    assert sorted(listed) == ["BasicAgentAccess", "OutboundCallAccess"]
    applications = case.call("list_security_profile_applications", **one)["Applications"]
    assert [a["Namespace"] for a in applications] == ["agent.example"]
    modules = case.call("list_security_profile_flow_modules", **one)["AllowedFlowModules"]
    assert [m["FlowModuleId"] for m in modules] == [module]
    read = case.call("describe_security_profile", **one)["SecurityProfile"]
    assert (read["Description"], read["TagRestrictedResources"]) == ("New", ["User"]), read


def test_a_security_profile_in_use_is_not_deleted(case):
    made = kinds.make(case, kinds.row("security_profile"), "Clerks")
    user = case.call("create_user", Username="ann", **{**kinds.user(case), "SecurityProfileIds": [made]})["UserId"]
    case.refused("ResourceInUseException", 409, "delete_security_profile", SecurityProfileId=made)
    case.call("delete_user", UserId=user)
    case.call("delete_security_profile", SecurityProfileId=made)


def test_a_user_has_a_security_profile(case):
    support.refused("InvalidParameterException", 400, lambda: case.raw(
        "create_user", Username="bob", **{**kinds.user(case), "SecurityProfileIds": []}))
    kinds.make(case, kinds.row("user"), "bob")
