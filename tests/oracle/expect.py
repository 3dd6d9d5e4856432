#!/usr/bin/env python3
"""The oracle: what an instance must hold, worked out from a project's documents alone, held against what
boto3 reads. Shares nothing with the program.

    expect.py --project DIR --env NAME --endpoint URL [--region R] [--users]

prints one line a difference (`kind:name field: wanted ..., there is ...`) and ends with 1 where there is one.
"""
import argparse
import json
import sys

import instance as instances
from instance import Instance, parsed
from project import Project, Unbound, glob

# The managed fields of docs/documents.md, but for kinds with content and associations.
FIELDS = {
    "hours": ["Description", "TimeZone", "Config", "ParentHoursOfOperationConfigs"],
    "hours-override": ["HoursOfOperationId", "Description", "OverrideType", "EffectiveFrom", "EffectiveTill",
                       "RecurrenceConfig", "Config"],
    "prompt": ["Description", "Audio"],
    "predefined-attribute": ["Purposes", "AttributeConfiguration", "Values"],
    "agent-status": ["Description", "State", "DisplayOrder"],
    "hierarchy-group": ["ParentGroupId"],
    "security-profile": ["Description", "AllowedAccessControlTags", "TagRestrictedResources",
                         "AllowedAccessControlHierarchyGroupId", "HierarchyRestrictedResources",
                         "GranularAccessControlConfiguration", "Applications", "AllowedFlowModules", "Permissions"],
    "queue": ["Description", "HoursOfOperationId", "MaxContacts", "OutboundCallerConfig", "OutboundEmailConfig",
              "Status", "QuickConnectIds"],
    "quick-connect": ["Description", "QuickConnectConfig"],
    "routing-profile": ["Description", "AgentAvailabilityTimer", "MediaConcurrencies", "DefaultOutboundQueueId",
                        "QueueConfigs"],
    "user": ["IdentityInfo", "PhoneConfig", "RoutingProfileId", "SecurityProfileIds", "HierarchyGroupId",
             "UserProficiencies"],
    "storage-config": ["StorageType", "S3Config", "KinesisVideoStreamConfig", "KinesisStreamConfig",
                       "KinesisFirehoseConfig"],
}
# Lists whose order says nothing.
SETS = {"Config", "QuickConnectIds", "QueueConfigs", "MediaConcurrencies", "Permissions", "Applications",
        "AllowedFlowModules", "TagRestrictedResources", "HierarchyRestrictedResources", "SecurityProfileIds",
        "UserProficiencies", "Purposes", "ParentHoursOfOperationConfigs"}
# What a resource has where nothing is said.
USUAL = {("queue", "Status"): "ENABLED", ("agent-status", "State"): "ENABLED",
         ("hours-override", "OverrideType"): "STANDARD",
         ("routing-profile", "AgentAvailabilityTimer"): "TIME_SINCE_LAST_ACTIVITY"}
ASSOCIATED = {"approved-origin": "Origin", "security-key": "Key", "lambda-association": "Function",
              "bot-association": "Bot"}
WITH_CONTENT = ("flow", "module")
STANDING = ("hours-override",)


def plain(value, field=None):
    """A value without what says nothing (empty texts, lists, objects) and with sets in one order."""
    if isinstance(value, dict):
        items = {k: plain(v, k) for k, v in value.items()}
        if field == "PhoneConfig":
            return {k: v for k, v in items.items() if v} or None
        return {k: v for k, v in items.items() if v is not None} or None
    if isinstance(value, list):
        items = [plain(v) for v in value]
        return (sorted(items, key=lambda v: json.dumps(v, sort_keys=True)) if field in SETS else items) or None
    return None if value == "" else value


class Comparison:
    """One project, one target, one instance; `differences` are lines for people."""

    def __init__(self, project, instance, users=False, known=()):
        self.project, self.instance, self.users, self.differences = project, instance, users, []
        self.known, self.skipped = known, []  # known: ARNs of what stood there before, which need no look

    def run(self):
        documents = self.project.documents(self.users)
        for key, document in documents.items():
            if any(glob(p, key) for p in self.project.config.get("external") or []):
                continue
            try:
                compare = getattr(self, "compare_" + document.kind.replace("-", "_"), self.compare_fields)
                compare(document)
            except Unbound as unbound:
                self.skipped.append(f"{key} needs {unbound}, which is unbound")
            except (AssertionError, KeyError, StopIteration) as missing:
                self.differs(document, "", "the resource", f"nothing: {missing}")
        self.nothing_more(documents)
        return self.differences

    def differs(self, document, field, wanted, found):
        place = f"{document.key} {field}".rstrip()
        self.differences.append(f"{place}: wanted {shown(wanted)}, there is {shown(found)}")

    def hold(self, document, field, wanted, found):
        """Notes a difference of one field, unless supervisors own it."""
        if wanted != found and not self.project.owned_by_instance(document, field):
            self.differs(document, field, wanted, found)

    def wanted(self, document, usual="arn"):
        return self.project.resolve(document.body, self.instance, usual)

    def fields(self, document, found):
        wanted = self.wanted(document)
        if document.kind == "prompt":
            wanted["Audio"] = (document.folder / wanted["Audio"]).read_bytes()
        for field in FIELDS[document.kind]:
            usual = USUAL.get((document.kind, field))
            values = [plain(body.get(field), field) for body in (wanted, found)]
            self.hold(document, field, *(usual if v is None else v for v in values))

    def tags(self, document, found):
        wanted = dict(document.body.get("Tags") or document.body.get("tags") or {})
        wanted["trunkline:project"] = self.project.name
        wanted = self.project.resolve(wanted, self.instance)
        self.hold(document, "Tags", wanted, dict(found or {}))

    # -- kinds

    def compare_fields(self, document):
        found = self.instance.describe(document.kind, document.name)
        self.fields(document, found)
        if document.kind != "predefined-attribute":
            self.tags(document, found.get("Tags"))

    def compare_hours_override(self, document):
        self.fields(document, self.instance.overrides()[document.name])

    def compare_storage_config(self, document):
        self.fields(document, self.instance.stored()[document.name])

    def compare_instance_attributes(self, document):
        found = self.instance.attributes()
        for name, value in self.wanted(document)["Attributes"].items():
            text = value if isinstance(value, str) else json.dumps(value)
            self.hold(document, name, text.lower(), str(found.get(name)).lower())

    def compare_user_hierarchy(self, document):
        found, wanted = self.instance.levels(), self.wanted(document)
        for level in instances.LEVELS:
            self.hold(document, level, wanted.get(level), found.get(level))

    def compare_associated(self, document):
        value = self.wanted(document)[ASSOCIATED[document.kind]]
        if value not in self.instance.associated(document.kind):
            self.differs(document, "", value, "no association")

    compare_approved_origin = compare_security_key = compare_associated
    compare_lambda_association = compare_bot_association = compare_associated

    def compare_phone_flow(self, document):
        wanted = self.wanted(document)
        pair = (wanted["PhoneNumberId"], wanted["ContactFlowId"])
        if pair not in self.instance.associated("phone-flow"):
            found = [f for n, f in self.instance.associated("phone-flow") if n == pair[0]]
            self.differs(document, "ContactFlowId", pair[1], found)

    def compare_view(self, document):
        found = self.instance.describe("view", document.name)
        wanted = self.wanted(document, "content")
        content = found.get("Content") or {}
        template = (wanted.get("content") or {}).get("template")
        place, one, other = first_difference(template, parsed(content.get("Template")))
        self.hold(document, f"template{place}", one, other)
        self.hold(document, "actions", (wanted.get("content") or {}).get("actions"), content.get("Actions"))
        self.hold(document, "description", wanted.get("description"), found.get("Description") or None)
        self.hold(document, "status", wanted.get("status", "published").upper(), found.get("Status"))
        self.tags(document, found.get("Tags"))

    def compare_content(self, document):
        """Published and saved content, each as JSON, and the metadata."""
        wanted = self.wanted(document, "content")
        published, saved = self.instance.contents(document.kind, document.name)
        content = dict(wanted["content"])
        if wanted.get("layout") is not None:
            content["Metadata"] = wanted["layout"]
        if wanted.get("status", "published") == "published":
            self.hold(document, "status", "published", "published" if published else "only saved")
            self.contents(document, "published content", content, published or {})
        else:
            self.hold(document, "status", "saved", "published" if published else "saved")
        self.contents(document, "saved content", content, saved)
        found = published or saved
        self.hold(document, "description", wanted.get("description") or None, found.get("Description") or None)
        self.hold(document, "state", (wanted.get("state") or "active").upper(), found.get("State") or "ACTIVE")
        if document.kind == "flow":
            self.hold(document, "type", wanted["type"], found.get("Type"))
        else:
            external = (found.get("ExternalInvocationConfiguration") or {}).get("Enabled") is True
            self.hold(document, "external_invocation", wanted.get("external_invocation") is True, external)
            self.hold(document, "settings", plain(wanted.get("settings")), plain(parsed(found.get("Settings"))))
        self.tags(document, found.get("Tags"))

    compare_flow = compare_module = compare_content

    def contents(self, document, field, wanted, body):
        found = parsed(body.get("Content"))
        if canonical(wanted) == canonical(found):
            return
        place, one, other = first_difference(wanted, found)
        self.hold(document, f"{field}{place}", one, other)

    # -- what is there beside

    def nothing_more(self, documents):
        """What carries the project's tag, or stands where only documents put things, has a document."""
        for kind in instances.LISTED:
            if kind == "predefined-attribute" or (kind == "user" and not self.users):
                continue
            for name, (id_, arn) in self.instance.names_of(kind).items():
                key = f"{kind}:{name}"
                if key in documents or not self.project.in_scope(key) or not arn or arn in self.known \
                        or arn.split(":")[4] == "aws":
                    continue
                tags = self.instance.connect.list_tags_for_resource(resourceArn=arn).get("tags") or {}
                if tags.get("trunkline:project") == self.project.name and not self.retired(kind, name, tags):
                    self.differences.append(f"{kind}:{name}: wanted nothing, there is one of this project")
        if not {"hours-override", "hours-overrides"} & set(self.project.config.get("instance_owned") or []):
            for name in self.instance.overrides():
                if f"hours-override:{name}" not in documents and f"hours:{name.split('/')[0]}" in documents:
                    self.differences.append(f"hours-override:{name}: wanted nothing, there is one")
        for kind, field in ASSOCIATED.items():
            wanted = set()
            for document in documents.values():
                if document.kind == kind:
                    try:
                        wanted.add(self.wanted(document)[field])
                    except Unbound:
                        pass
            for more in self.instance.associated(kind) - wanted:
                self.differences.append(f"{kind}: wanted nothing, there is {shown(more)}")

    @staticmethod
    def retired(kind, name, tags):
        return any(k.startswith("trunkline:retired") for k in tags)


def canonical(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def first_difference(wanted, found, place=""):
    """Where two JSON values differ first, and how; the values themselves where they do not."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            if canonical(wanted.get(key)) != canonical(found.get(key)):
                return first_difference(wanted.get(key), found.get(key), f"{place}/{key}")
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found)):
            if canonical(one) != canonical(other):
                return first_difference(one, other, f"{place}/{number}")
    return place, wanted, found


def shown(value):
    text = f"{len(value)} bytes" if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else text[:300] + "..."


def differences(folder, environment, endpoint, region=None, users=False, known=()):
    """The differences of a project's target and its instance, as lines."""
    environments = Project(folder, environment, region or "")
    region = region or environments.target["regions"][0]
    project = Project(folder, environment, region)
    found = Instance(endpoint, project.account, region, project.alias)
    return Comparison(project, found, users, known).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--project", required=True)
    parser.add_argument("--env", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region")
    parser.add_argument("--users", action="store_true")
    args = parser.parse_args()
    found = differences(args.project, args.env, args.endpoint, args.region, args.users)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
