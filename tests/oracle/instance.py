"""Reads a Connect instance through boto3: every kind by List and Describe, never by Search, which lags."""
import json
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

STORED = ["CHAT_TRANSCRIPTS", "CALL_RECORDINGS", "SCHEDULED_REPORTS", "MEDIA_STREAMS", "CONTACT_TRACE_RECORDS",
          "AGENT_EVENTS", "REAL_TIME_CONTACT_ANALYSIS_SEGMENTS", "ATTACHMENTS", "CONTACT_EVALUATIONS",
          "SCREEN_RECORDINGS", "REAL_TIME_CONTACT_ANALYSIS_CHAT_SEGMENTS",
          "REAL_TIME_CONTACT_ANALYSIS_VOICE_SEGMENTS", "EMAIL_MESSAGES"]
LEVELS = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"]

# kind: list call, items, describe call, its argument, member of the answer
LISTED = {
    "hours": ("list_hours_of_operations", "HoursOfOperationSummaryList",
              "describe_hours_of_operation", "HoursOfOperationId", "HoursOfOperation"),
    "prompt": ("list_prompts", "PromptSummaryList", "describe_prompt", "PromptId", "Prompt"),
    "predefined-attribute": ("list_predefined_attributes", "PredefinedAttributeSummaryList",
                             "describe_predefined_attribute", "Name", "PredefinedAttribute"),
    "agent-status": ("list_agent_statuses", "AgentStatusSummaryList",
                     "describe_agent_status", "AgentStatusId", "AgentStatus"),
    "hierarchy-group": ("list_user_hierarchy_groups", "UserHierarchyGroupSummaryList",
                        "describe_user_hierarchy_group", "HierarchyGroupId", "HierarchyGroup"),
    "security-profile": ("list_security_profiles", "SecurityProfileSummaryList",
                         "describe_security_profile", "SecurityProfileId", "SecurityProfile"),
    "queue": ("list_queues", "QueueSummaryList", "describe_queue", "QueueId", "Queue"),
    "quick-connect": ("list_quick_connects", "QuickConnectSummaryList",
                      "describe_quick_connect", "QuickConnectId", "QuickConnect"),
    "routing-profile": ("list_routing_profiles", "RoutingProfileSummaryList",
                        "describe_routing_profile", "RoutingProfileId", "RoutingProfile"),
    "user": ("list_users", "UserSummaryList", "describe_user", "UserId", "User"),
    "view": ("list_views", "ViewsSummaryList", "describe_view", "ViewId", "View"),
    "module": ("list_contact_flow_modules", "ContactFlowModulesSummaryList",
               "describe_contact_flow_module", "ContactFlowModuleId", "ContactFlowModule"),
    "flow": ("list_contact_flows", "ContactFlowSummaryList",
             "describe_contact_flow", "ContactFlowId", "ContactFlow"),
}

SESSION = boto3.session.Session()


def client(service, endpoint, account, region, secret="x"):
    config = botocore.config.Config(retries={"total_max_attempts": 3}, s3={"addressing_style": "path"},
                                    parameter_validation=False, read_timeout=30)
    return SESSION.client(service, region_name=region, endpoint_url=endpoint, config=config,
                          aws_access_key_id=account, aws_secret_access_key=secret)


def once(method):
    """Remembers what a reading gave: an `Instance` is what one moment holds."""
    def read(self, *arguments):
        key = (method.__name__, *arguments)
        if key not in self.read:
            self.read[key] = method(self, *arguments)
        return self.read[key]
    return read


class Instance:
    """One instance at one time: `find` gives ids by name, the others what it holds."""

    def __init__(self, endpoint, account, region, alias):
        self.connect = client("connect", endpoint, account, region)
        self.lex = client("lexv2-models", endpoint, account, region)
        rows = self.pages("list_instances", "InstanceSummaryList", whole=True)
        row = next(r for r in rows if r["InstanceAlias"] == alias)
        self.instance, self.instance_arn = row["Id"], row["Arn"]
        self.account, self.region, self.names, self.read = account, region, {}, {}

    def pages(self, call, items, whole=False, **input_):
        """Every item of a paged call."""
        if not whole:
            input_["InstanceId"] = self.instance
        found = []
        while True:
            answer = getattr(self.connect, call)(**input_)
            found += answer.get(items) or []
            if not answer.get("NextToken"):
                return found
            input_["NextToken"] = answer["NextToken"]

    def call(self, call, **input_):
        return getattr(self.connect, call)(InstanceId=self.instance, **input_)

    # -- names

    def find(self, kind, name):
        """Id and ARN of what has a name; kinds that lie within others by their whole path."""
        assert name in self.names_of(kind), f"the instance has no {kind} called {name}"
        return self.names[kind][name]

    def index(self, kind):
        if kind == "phone":
            rows = self.pages("list_phone_numbers_v2", "ListPhoneNumbersSummaryList", whole=True,
                              TargetArn=self.instance_arn)
            return {r["PhoneNumber"]: (r["PhoneNumberId"], r["PhoneNumberArn"]) for r in rows}
        if kind == "lex":
            return self.bots()
        if kind == "hierarchy-group":
            return {name: (id_, arn) for name, id_, arn in self.groups()}
        list_, items = LISTED[kind][:2]
        input_ = {"QueueTypes": ["STANDARD"]} if kind == "queue" else {}
        rows = self.pages(list_, items, **input_)
        return {r.get("Username") or r["Name"]: (r.get("Id") or r["Name"], r.get("Arn", "")) for r in rows}

    @once
    def bots(self):
        found = {}
        for bot in self.lex.list_bots()["botSummaries"]:
            for alias in self.lex.list_bot_aliases(botId=bot["botId"])["botAliasSummaries"]:
                arn = f"arn:aws:lex:{self.region}:{self.account}:bot-alias/{bot['botId']}/{alias['botAliasId']}"
                found[f"{bot['botName']}/{alias['botAliasName']}"] = (arn, arn)
        return found

    def groups(self):
        for row in self.pages(*LISTED["hierarchy-group"][:2]):
            path = self.call("describe_user_hierarchy_group", HierarchyGroupId=row["Id"])["HierarchyGroup"]
            parts = [path["HierarchyPath"][level]["Name"] for level in LEVELS if level in path["HierarchyPath"]]
            yield "/".join(p.replace("%", "%25").replace("/", "%2F") for p in parts), row["Id"], row["Arn"]

    # -- what is there

    def names_of(self, kind):
        if kind not in self.names:
            self.names[kind] = self.index(kind)
        return self.names[kind]

    def arns(self):
        """The ARNs of all resources."""
        return {arn for kind in LISTED for _, arn in self.names_of(kind).values()}

    def describe(self, kind, name):
        """The resource as Describe has it, with what other calls give, under the documents' names."""
        _, _, call, argument, member = LISTED[kind]
        id_ = self.find(kind, name)[0]
        body = self.call(call, **{argument: id_})[member]
        return MORE.get(kind, lambda *_: body)(self, id_, body)

    def contents(self, kind, name):
        """What is published (None where nothing is) and what is saved, each as Describe has it."""
        _, _, call, argument, member = LISTED[kind]
        id_ = self.find(kind, name)[0]
        try:
            published = self.call(call, **{argument: id_})[member]
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ContactFlowNotPublishedException":
                raise
            published = None
        return published, self.call(call, **{argument: f"{id_}:$SAVED"})[member]

    @once
    def overrides(self):
        """By `hours/name`: the overrides of all hours."""
        found = {}
        for hours, (id_, _) in self.names_of("hours").items():
            rows = self.pages("list_hours_of_operation_overrides", "HoursOfOperationOverrideList",
                              HoursOfOperationId=id_)
            for row in rows:
                parts = [p.replace("%", "%25").replace("/", "%2F") for p in (hours, row["Name"])]
                found["/".join(parts)] = {**row, "HoursOfOperationId": id_}
        return found

    @once
    def stored(self):
        found = {}
        for type_ in STORED:
            rows = self.pages("list_instance_storage_configs", "StorageConfigs", ResourceType=type_)
            found.update({type_: row for row in rows[:1]})
        return found

    def attributes(self):
        return {r["AttributeType"]: r["Value"] for r in self.pages("list_instance_attributes", "Attributes")}

    @once
    def associated(self, kind):
        """The set of what a kind of association holds."""
        if kind == "approved-origin":
            return set(self.pages("list_approved_origins", "Origins"))
        if kind == "security-key":
            return {r["Key"] for r in self.pages("list_security_keys", "SecurityKeys")}
        if kind == "lambda-association":
            return set(self.pages("list_lambda_functions", "LambdaFunctions"))
        if kind == "bot-association":
            return {r["LexV2Bot"]["AliasArn"] for r in self.pages("list_bots", "LexBots", LexVersion="V2")}
        rows = self.pages("list_flow_associations", "FlowAssociationSummaryList", ResourceType="VOICE_PHONE_NUMBER")
        return {(r["ResourceId"].rsplit("/", 1)[-1], r["FlowId"].rsplit("/", 1)[-1]) for r in rows}

    @once
    def levels(self):
        body = self.call("describe_user_hierarchy_structure").get("HierarchyStructure") or {}
        return {level: body[level]["Name"] for level in LEVELS if level in body}


def _queue(instance, id_, body):
    rows = instance.pages("list_queue_quick_connects", "QuickConnectSummaryList", QueueId=id_)
    return {**body, "QuickConnectIds": [r["Id"] for r in rows]}


def _routing(instance, id_, body):
    rows = instance.pages("list_routing_profile_queues", "RoutingProfileQueueConfigSummaryList", RoutingProfileId=id_)
    configs = [{"QueueReference": {"QueueId": r["QueueId"], "Channel": r["Channel"]},
                "Priority": r["Priority"], "Delay": r["Delay"]} for r in rows]
    return {**body, "QueueConfigs": configs}


def _security(instance, id_, body):
    more = {member: instance.pages(call, member, SecurityProfileId=id_) for member, call in [
        ("Permissions", "list_security_profile_permissions"),
        ("Applications", "list_security_profile_applications"),
        ("AllowedFlowModules", "list_security_profile_flow_modules")]}
    return {**body, **more}


def _user(instance, id_, body):
    rows = instance.pages("list_user_proficiencies", "UserProficiencyList", UserId=id_)
    return {**body, "UserProficiencies": rows}


def _prompt(instance, id_, body):
    url = instance.call("get_prompt_file", PromptId=id_)["PromptPresignedUrl"]
    with urllib.request.urlopen(url, timeout=30) as answer:
        return {**body, "Audio": answer.read()}


def _group(_, __, body):
    groups = [body["HierarchyPath"][level] for level in LEVELS if level in body["HierarchyPath"]]
    return {**body, "ParentGroupId": groups[-2]["Id"] if len(groups) > 1 else None}


def _attribute(_, __, body):
    configuration = {k: v for k, v in (body.get("AttributeConfiguration") or {}).items() if k != "IsReadOnly"}
    values = (body.get("Values") or {}).get("StringList")
    return {**body, "Values": values, "AttributeConfiguration": configuration}


MORE = {"queue": _queue, "routing-profile": _routing, "security-profile": _security, "user": _user,
        "prompt": _prompt, "hierarchy-group": _group, "predefined-attribute": _attribute}


def parsed(text):
    """JSON in a text; the text where it is none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
