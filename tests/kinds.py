"""What the kinds have in common, as a table: their operations and members, and how to make one.

conformance/every_kind.py runs the same tests over each row; the kinds' own files test what differs.
"""
import dataclasses
import typing

import samples


@dataclasses.dataclass
class Kind:
    """One row. `make` gives the members of Create beside InstanceId and the name."""

    noun: str
    create: str
    make: typing.Callable
    made: str                  # the output member of Create that identifies it; empty: its name does
    label: str                 # the input member by which the other operations name it
    describe: str
    described: str
    list: str
    listed: str
    search: str
    found: str
    delete: str = ""           # empty: the service cannot
    rename: str = ""           # the operation that changes the name; empty: the service cannot
    name: str = "Name"         # the name's member on the way in
    printed: str = "Name"      # the name's member in what Describe and Search print
    summary: str = "Name"      # and in what List prints
    missing: str = "00000000-0000-4000-8000-000000000000"
    duplicate: bool = True     # whether a second of the name is refused


def basic_hours(case):
    """The hours that every instance comes with."""
    return first(case.call("list_hours_of_operations")["HoursOfOperationSummaryList"], "Basic Hours")["Id"]


def basic_queue(case):
    return first(case.call("list_queues", QueueTypes=["STANDARD"])["QueueSummaryList"], "BasicQueue")["Id"]


def basic_routing_profile(case):
    return first(case.call("list_routing_profiles")["RoutingProfileSummaryList"], "Basic Routing Profile")["Id"]


def agent_profile(case):
    return first(case.call("list_security_profiles")["SecurityProfileSummaryList"], "Agent")["Id"]


def first(items, name):
    return next(i for i in items if i["Name"] == name)


def prompt(case):
    """Puts audio into a bucket and returns where."""
    s3, bucket = case.client("s3"), f"audio-{case.account}"
    if bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket=bucket, Key="beep.wav", Body=samples.audio())
    return {"S3Uri": f"s3://{bucket}/beep.wav"}


def levels(case):
    """Gives the instance two hierarchy levels, so that groups can be made."""
    case.call("update_user_hierarchy_structure",
              HierarchyStructure={"LevelOne": {"Name": "Site"}, "LevelTwo": {"Name": "Team"}})
    return {}


def user(case):
    return {"Password": "Aa1!aaaaaaaa", "IdentityInfo": {"FirstName": "Ann", "LastName": "Example"},
            "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": False, "AfterContactWorkTimeLimit": 0},
            "SecurityProfileIds": [agent_profile(case)], "RoutingProfileId": basic_routing_profile(case)}


KINDS = [
    Kind("hours", "create_hours_of_operation", lambda c: {"TimeZone": "UTC", "Config": samples.hours()},
         "HoursOfOperationId", "HoursOfOperationId", "describe_hours_of_operation", "HoursOfOperation",
         "list_hours_of_operations", "HoursOfOperationSummaryList", "search_hours_of_operations",
         "HoursOfOperations", "delete_hours_of_operation", "update_hours_of_operation"),
    Kind("queue", "create_queue", lambda c: {"HoursOfOperationId": basic_hours(c)}, "QueueId", "QueueId",
         "describe_queue", "Queue", "list_queues", "QueueSummaryList", "search_queues", "Queues", "delete_queue",
         "update_queue_name"),
    Kind("quick_connect", "create_quick_connect", lambda c: {"QuickConnectConfig": {
            "QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15550100001"}}},
         "QuickConnectId", "QuickConnectId", "describe_quick_connect", "QuickConnect", "list_quick_connects",
         "QuickConnectSummaryList", "search_quick_connects", "QuickConnects", "delete_quick_connect",
         "update_quick_connect_name"),
    Kind("routing_profile", "create_routing_profile", lambda c: {
            "Description": "d", "DefaultOutboundQueueId": basic_queue(c),
            "MediaConcurrencies": [{"Channel": "VOICE", "Concurrency": 1}]},
         "RoutingProfileId", "RoutingProfileId", "describe_routing_profile", "RoutingProfile",
         "list_routing_profiles", "RoutingProfileSummaryList", "search_routing_profiles", "RoutingProfiles",
         "delete_routing_profile", "update_routing_profile_name"),
    Kind("security_profile", "create_security_profile", lambda c: {"Permissions": ["BasicAgentAccess"]},
         "SecurityProfileId", "SecurityProfileId", "describe_security_profile", "SecurityProfile",
         "list_security_profiles", "SecurityProfileSummaryList", "search_security_profiles", "SecurityProfiles",
         "delete_security_profile", name="SecurityProfileName", printed="SecurityProfileName"),
    Kind("agent_status", "create_agent_status", lambda c: {"State": "ENABLED"}, "AgentStatusId", "AgentStatusId",
         "describe_agent_status", "AgentStatus", "list_agent_statuses", "AgentStatusSummaryList",
         "search_agent_statuses", "AgentStatuses", "", "update_agent_status"),
    Kind("predefined_attribute", "create_predefined_attribute", lambda c: {"Values": {"StringList": ["a", "b"]}},
         "", "Name", "describe_predefined_attribute", "PredefinedAttribute", "list_predefined_attributes",
         "PredefinedAttributeSummaryList", "search_predefined_attributes", "PredefinedAttributes",
         "delete_predefined_attribute", missing="nothing"),
    Kind("hierarchy_group", "create_user_hierarchy_group", levels, "HierarchyGroupId", "HierarchyGroupId",
         "describe_user_hierarchy_group", "HierarchyGroup", "list_user_hierarchy_groups",
         "UserHierarchyGroupSummaryList", "search_user_hierarchy_groups", "UserHierarchyGroups",
         "delete_user_hierarchy_group", "update_user_hierarchy_group_name"),
    Kind("prompt", "create_prompt", prompt, "PromptId", "PromptId", "describe_prompt", "Prompt", "list_prompts",
         "PromptSummaryList", "search_prompts", "Prompts", "delete_prompt", "update_prompt"),
    Kind("flow", "create_contact_flow", lambda c: {"Type": "CONTACT_FLOW", "Content": samples.greeting()},
         "ContactFlowId", "ContactFlowId", "describe_contact_flow", "ContactFlow", "list_contact_flows",
         "ContactFlowSummaryList", "search_contact_flows", "ContactFlows", "delete_contact_flow",
         "update_contact_flow_name"),
    Kind("module", "create_contact_flow_module", lambda c: {"Content": samples.module()}, "Id",
         "ContactFlowModuleId", "describe_contact_flow_module", "ContactFlowModule", "list_contact_flow_modules",
         "ContactFlowModulesSummaryList", "search_contact_flow_modules", "ContactFlowModules",
         "delete_contact_flow_module", "update_contact_flow_module_metadata"),
    Kind("view", "create_view", lambda c: {"Status": "PUBLISHED", "Content": samples.view()}, "View.Id", "ViewId",
         "describe_view", "View", "list_views", "ViewsSummaryList", "search_views", "Views", "delete_view",
         "update_view_metadata"),
    Kind("user", "create_user", user, "UserId", "UserId", "describe_user", "User", "list_users",
         "UserSummaryList", "search_users", "Users", "delete_user", name="Username", printed="Username",
         summary="Username"),
]


def make(case, kind, name):
    """Creates one and returns its id (or its name, where that is how it is known)."""
    answer = case.call(kind.create, **{kind.name: name}, **kind.make(case))
    if not kind.made:
        return name
    for part in kind.made.split("."):
        answer = answer[part]
    return answer


def row(noun):
    return next(k for k in KINDS if k.noun == noun)
