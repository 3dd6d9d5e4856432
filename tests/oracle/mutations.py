"""Changes made by hand, at least one for each kind: each makes exactly the difference that it names.

A row is (what the difference begins with, the call, its input as a function of `find`); calls without
`InstanceId` say so by a leading `-`. `find(kind, name)` is an id.
"""
import json


def content(text):
    """A flow's content: something is said, then the call ends."""
    actions = [
        {"Identifier": "say", "Type": "MessageParticipant", "Parameters": {"Text": text},
         "Transitions": {"NextAction": "end", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}],
                         "Conditions": []}},
        {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]
    return json.dumps({"Version": "2019-10-30", "StartAction": "say", "Actions": actions})


def module(text):
    """The same for a module."""
    whole = json.loads(content(text).replace("DisconnectParticipant", "EndFlowModuleExecution"))
    return json.dumps({**whole, "Settings": {"InputParameters": [], "OutputParameters": [], "Transitions": []}})


def slot(day):
    times = {"StartTime": {"Hours": 1, "Minutes": 0}, "EndTime": {"Hours": 2, "Minutes": 0}}
    return [{"Day": day, **times}]


ROWS = [
    ("instance-attributes:attributes CONTACTFLOW_LOGS", "update_instance_attribute",
     lambda find: {"AttributeType": "CONTACTFLOW_LOGS", "Value": "false"}),
    ("approved-origin:https://desk.example.com", "disassociate_approved_origin",
     lambda find: {"Origin": "https://desk.example.com"}),
    ("approved-origin: wanted nothing", "associate_approved_origin", lambda find: {"Origin": "https://x.example.com"}),
    ("security-key:main", "disassociate_security_key",
     lambda find: {"AssociationId": find.connect.list_security_keys(InstanceId=find.id)["SecurityKeys"][0]["AssociationId"]}),
    ("lambda-association:lookup", "disassociate_lambda_function",
     lambda find: {"FunctionArn": f"arn:aws:lambda:us-west-2:{find.account}:function:lookup"}),
    ("bot-association:Concierge/live", "disassociate_bot",
     lambda find: {"LexV2Bot": {"AliasArn": find("lex", "Concierge/live")}}),
    ("hours:Day Config", "update_hours_of_operation",
     lambda find: {"HoursOfOperationId": find("hours", "Day"), "Config": slot("SUNDAY")}),
    ("hours:Day TimeZone", "update_hours_of_operation",
     lambda find: {"HoursOfOperationId": find("hours", "Day"), "TimeZone": "America/New_York"}),
    ("hours-override:Day/Closed days EffectiveTill", "update_hours_of_operation_override",
     lambda find: {**find.override("Day/Closed days"), "EffectiveTill": "2027-12-29"}),
    ("hours-override:Day/Extra: wanted nothing", "create_hours_of_operation_override",
     lambda find: {"HoursOfOperationId": find("hours", "Day"), "Name": "Extra", "Config": slot("MONDAY"),
                   "EffectiveFrom": "2028-01-01", "EffectiveTill": "2028-01-02"}),
    ("prompt:Hello Description", "update_prompt",
     lambda find: {"PromptId": find("prompt", "Hello"), "Description": "Says bye"}),
    ("prompt:Hello Audio", "update_prompt",
     lambda find: {"PromptId": find("prompt", "Hello"), "S3Uri": find.other_audio()}),
    ("predefined-attribute:Skill Values", "update_predefined_attribute",
     lambda find: {"Name": "Skill", "Values": {"StringList": ["Tax"]}}),
    ("agent-status:Lunch State", "update_agent_status",
     lambda find: {"AgentStatusId": find("agent-status", "Lunch"), "State": "DISABLED"}),
    ("user-hierarchy:Levels LevelTwo", "update_user_hierarchy_structure",
     lambda find: {"HierarchyStructure": {"LevelOne": {"Name": "Region"}, "LevelTwo": {"Name": "Squad"}}}),
    ("security-profile:Coach Permissions", "update_security_profile",
     lambda find: {"SecurityProfileId": find("security-profile", "Coach"), "Permissions": ["BasicAgentAccess"]}),
    ("queue:Sales MaxContacts", "update_queue_max_contacts",
     lambda find: {"QueueId": find("queue", "Sales"), "MaxContacts": 13}),
    ("queue:Help Status", "update_queue_status", lambda find: {"QueueId": find("queue", "Help"), "Status": "ENABLED"}),
    ("queue:Sales OutboundCallerConfig", "update_queue_outbound_caller_config",
     lambda find: {"QueueId": find("queue", "Sales"), "OutboundCallerConfig": {"OutboundCallerIdName": "ACME"}}),
    ("queue:Sales QuickConnectIds", "disassociate_queue_quick_connects",
     lambda find: {"QueueId": find("queue", "Sales"), "QuickConnectIds": [find("quick-connect", "Sell")]}),
    ("queue:Sales Tags", "-tag_resource", lambda find: {"resourceArn": find.arn("queue", "Sales"), "tags": {"team": "b"}}),
    ("flow:Handover Tags", "-untag_resource",
     lambda find: {"resourceArn": find.arn("flow", "Handover"), "tagKeys": ["trunkline:project"]}),
    ("quick-connect:Partner QuickConnectConfig", "update_quick_connect_config",
     lambda find: {"QuickConnectId": find("quick-connect", "Partner"), "QuickConnectConfig": {
         "QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15550100098"}}}),
    ("routing-profile:Agents QueueConfigs", "disassociate_routing_profile_queues",
     lambda find: {"RoutingProfileId": find("routing-profile", "Agents"),
                   "QueueReferences": [{"QueueId": find("queue", "Help"), "Channel": "CHAT"}]}),
    ("routing-profile:Agents MediaConcurrencies", "update_routing_profile_concurrency",
     lambda find: {"RoutingProfileId": find("routing-profile", "Agents"), "MediaConcurrencies": [
         {"Channel": "VOICE", "Concurrency": 1}, {"Channel": "CHAT", "Concurrency": 3}]}),
    ("user:alice SecurityProfileIds", "update_user_security_profiles",
     lambda find: {"UserId": find("user", "alice"), "SecurityProfileIds": [find("security-profile", "Agent")]}),
    ("user:alice HierarchyGroupId", "update_user_hierarchy",
     lambda find: {"UserId": find("user", "alice"), "HierarchyGroupId": find("hierarchy-group", "EMEA")}),
    ("user:alice UserProficiencies", "disassociate_user_proficiencies",
     lambda find: {"UserId": find("user", "alice"), "UserProficiencies": [
         {"AttributeName": "Skill", "AttributeValue": "Tax"}]}),
    ("view:Card template/Head/Label", "update_view_content",
     lambda find: {"ViewId": find("view", "Card"), "Status": "PUBLISHED", "Content": {
         "Actions": ["Next"], "Template": json.dumps({"Head": {"Label": "Two"}, "Body": []})}}),
    ("module:Ask description", "update_contact_flow_module_metadata",
     lambda find: {"ContactFlowModuleId": find("module", "Ask"), "Description": "Asks more"}),
    ("module:Ask published content|module:Ask saved content", "update_contact_flow_module_content",
     lambda find: {"ContactFlowModuleId": find("module", "Ask"), "Content": module("Other")}),
    ("flow:Menu published content|flow:Menu saved content", "update_contact_flow_content",
     lambda find: {"ContactFlowId": find("flow", "Menu"), "Content": content("Other")}),
    ("flow:Menu saved content", "update_contact_flow_content",
     lambda find: {"ContactFlowId": find("flow", "Menu") + ":$SAVED", "Content": content("A draft")}),
    ("flow:Later saved content", "update_contact_flow_content",
     lambda find: {"ContactFlowId": find("flow", "Later") + ":$SAVED", "Content": content("A draft")}),
    ("flow:Whisper state", "update_contact_flow_metadata",
     lambda find: {"ContactFlowId": find("flow", "Whisper"), "ContactFlowState": "ARCHIVED"}),
    ("phone-flow:Main line ContactFlowId", "-associate_phone_number_contact_flow",
     lambda find: {"PhoneNumberId": find("phone", "+15550100001"), "InstanceId": find.id,
                   "ContactFlowId": find("flow", "Menu")}),
    ("storage-config:CALL_RECORDINGS S3Config", "update_instance_storage_config",
     lambda find: {"ResourceType": "CALL_RECORDINGS", **find.storage("CALL_RECORDINGS", "elsewhere")}),
    ("flow:Stray: wanted nothing", "create_contact_flow",
     lambda find: {"Name": "Stray", "Type": "CONTACT_FLOW", "Content": content("Stray"),
                   "Tags": {"trunkline:project": "acme"}}),
    ("hierarchy-group:EMEA/Help|user:alice", "delete_user_hierarchy_group",
     lambda find: {"HierarchyGroupId": find("hierarchy-group", "EMEA/Help")}),
]


class Find:
    """Ids by name in one instance, and inputs that need what is there."""

    def __init__(self, instance, s3):
        self.instance, self.connect, self.s3 = instance, instance.connect, s3
        self.id, self.account = instance.instance, instance.account

    def __call__(self, kind, name):
        return self.instance.find(kind, name)[0]

    def arn(self, kind, name):
        return self.instance.find(kind, name)[1]

    def override(self, name):
        row = self.instance.overrides()[name]
        return {k: row[k] for k in ("HoursOfOperationId", "HoursOfOperationOverrideId")}

    def other_audio(self):
        self.s3.put_object(Bucket=f"acme-staging-{self.account}", Key="other.wav", Body=b"RIFF other")
        return f"s3://acme-staging-{self.account}/other.wav"

    def storage(self, type_, prefix):
        row = self.instance.stored()[type_]
        config = {"BucketName": row["S3Config"]["BucketName"], "BucketPrefix": prefix}
        return {"AssociationId": row["AssociationId"], "StorageConfig": {
            "AssociationId": row["AssociationId"], "StorageType": "S3", "S3Config": config}}
