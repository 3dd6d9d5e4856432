"""Flows: drafts beside what is published, every type, the problem texts of a refused publish."""
import functools
import hashlib
import json
import uuid

import kinds
import samples
import support
from samples import action, flow, hang_up

TYPES = {
    "CONTACT_FLOW": samples.greeting(), "AGENT_TRANSFER": samples.greeting(), "QUEUE_TRANSFER": samples.greeting(),
    "CUSTOMER_QUEUE": samples.greeting(), "CUSTOMER_WHISPER": samples.whisper(), "AGENT_WHISPER": samples.whisper(),
    "OUTBOUND_WHISPER": samples.whisper(),
}
LAST = [("NoMatchingError", "end")]


def make(case, name="Main", content=None, **members):
    return case.call("create_contact_flow", Name=name, **{
        "Type": "CONTACT_FLOW", "Content": content or samples.greeting(), **members})["ContactFlowId"]


def read(case, flow_id):
    return case.call("describe_contact_flow", ContactFlowId=flow_id)["ContactFlow"]


def test_published_content_comes_back_byte_for_byte(case):
    content = samples.greeting("Café \\u00e9 ☎ 12:00 ").replace(",", " ,\n")
    made = make(case, content=content)
    seen = read(case, made)
    assert seen["Content"] == content and seen["Status"] == "PUBLISHED"
    assert seen["FlowContentSha256"] == hashlib.sha256(content.encode()).hexdigest()
    found = case.searched("search_contact_flows", "ContactFlows", "Name", "Main")
    assert found["Content"] == content


def test_every_type_is_made_and_filtered(case):
    for kind, content in TYPES.items():
        made = make(case, kind, content, Type=kind)
        assert read(case, made)["Type"] == kind
        listed = case.call("list_contact_flows", ContactFlowTypes=[kind])["ContactFlowSummaryList"]
        assert made in [f["Id"] for f in listed] and {f["ContactFlowType"] for f in listed} == {kind}


def test_a_saved_flow_is_not_published_until_it_is(case):
    made = make(case, Status="SAVED", content=flow(action("x", "NoSuchAction"), hang_up()))
    case.refused("ContactFlowNotPublishedException", 404, "describe_contact_flow", ContactFlowId=made)
    assert read(case, made + ":$SAVED")["Status"] == "SAVED"
    listed = [f for f in case.call("list_contact_flows")["ContactFlowSummaryList"] if f["Id"] == made]
    assert listed[0]["ContactFlowStatus"] == "SAVED"
    case.call("update_contact_flow_content", ContactFlowId=made, Content=samples.greeting())
    assert read(case, made)["Status"] == "PUBLISHED"


def test_a_draft_stands_beside_what_is_published(case):
    made, draft = make(case), samples.greeting("Draft.")
    case.call("update_contact_flow_content", ContactFlowId=made + ":$SAVED", Content=draft)
    assert read(case, made)["Content"] == samples.greeting()
    assert read(case, made + ":$SAVED")["Content"] == draft
    case.call("update_contact_flow_content", ContactFlowId=made, Content=samples.greeting("Final."))
    assert read(case, made + ":$SAVED")["Content"] == samples.greeting("Final.")


def test_name_description_and_state_are_metadata(case):
    made = make(case)
    case.call("update_contact_flow_metadata", ContactFlowId=made, Description="New", ContactFlowState="ARCHIVED")
    seen = read(case, made)
    assert (seen["Name"], seen["Description"], seen["State"]) == ("Main", "New", "ARCHIVED")
    case.call("update_contact_flow_metadata", ContactFlowId=made, Name="Renamed", ContactFlowState="ACTIVE")
    assert read(case, made)["Name"] == "Renamed"
    make(case, "Other")
    case.refused("DuplicateResourceException", 409, "update_contact_flow_metadata", ContactFlowId=made, Name="Other")


def test_flows_refer_to_each_other_and_to_queues(case):
    queue = case.call("describe_queue", QueueId=kinds.basic_queue(case))["Queue"]["QueueArn"]
    first = make(case, "First", samples.to_queue(queue))
    make(case, "Second", samples.to_flow(read(case, first)["Arn"]))


def test_what_is_missing_or_foreign_is_not_published(case):
    queue = case.call("describe_queue", QueueId=kinds.basic_queue(case))["Queue"]["QueueArn"]
    own = read(case, make(case, "Own"))["Arn"]
    nothing = str(uuid.uuid4())
    second = support.make_instance(case.connect, f"second-{case.account}")
    foreign = case.connect.list_queues(InstanceId=second, QueueTypes=["STANDARD"])["QueueSummaryList"][0]["Arn"]
    for content in (samples.to_queue(queue.rpartition("/")[0] + "/" + nothing), samples.to_queue(foreign),
                    samples.to_flow(own.rpartition("/")[0] + "/" + nothing)):
        document = case.refused("InvalidContactFlowException", 400, "create_contact_flow", Name="Bad",
                                Type="CONTACT_FLOW", Content=content)
        assert document["problems"][0]["message"], document
    make(case, "Saved all the same", samples.to_queue(foreign), Status="SAVED")
    make(case, "Good", samples.to_queue(queue))


# Each problem text, a flow that has the problem, and its twin that has not.
PROBLEMS = {
    "Invalid Action type. Type: Frobnicate": (
        flow(action("a", "Frobnicate", {}, "end", LAST), hang_up()), samples.greeting()),
    "Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds": (
        flow(action("a", "Wait", {"TimeLimitSeconds": "5", "TimeoutSeconds": "5"}, "end", LAST), hang_up()),
        flow(action("a", "Wait", {"TimeLimitSeconds": "5"}, "end", LAST, [
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]), hang_up())),
    "Invalid Action property value. Path: Actions[0].Parameters.": (
        flow(action("a", "MessageParticipant", {"Text": "Hi", "SkipWhenDTMFBufferEnabled": "perhaps"}, "end", LAST), hang_up()),
        flow(action("a", "MessageParticipant", {"Text": "Hi", "SkipWhenDTMFBufferEnabled": "true"}, "end", LAST), hang_up())),
    "Action is missing required property. Path: Actions[0].Transitions.NextAction": (
        flow(action("a", "MessageParticipant", {"Text": "Hi"}, None, LAST), hang_up()), samples.greeting()),
    "Action is missing required error. Error: QueueAtCapacity, Path: Actions[0]": (
        flow(action("a", "TransferContactToQueue", {}, "end", LAST), hang_up()),
        flow(action("a", "TransferContactToQueue", {}, "end", [("QueueAtCapacity", "end"), *LAST]), hang_up())),
    "Invalid Action error. Error: NoMatchingError, Path: Actions[0]": (
        flow(action("a", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": "Enabled"}, "end", LAST), hang_up()),
        flow(action("a", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": "Enabled"}, "end"), hang_up())),
    "Empty value in Parameters.Attributes": (
        flow(action("a", "UpdateContactAttributes", {"Attributes": {"k": ""}}, "end", LAST), hang_up()),
        flow(action("a", "UpdateContactAttributes", {"Attributes": {"k": "v"}}, "end", LAST), hang_up())),
    "Action does not support conditions": (
        flow(action("a", "MessageParticipant", {"Text": "Hi"}, "end", LAST, [
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["1"]}}]), hang_up()),
        samples.greeting()),
    "Invalid branch. Path: 0.Evaluate": (
        flow(action("a", "CheckHoursOfOperation", {}, "end", LAST, [
            {"NextAction": "end", "Condition": {"Operator": "NumberGreaterThan", "Operands": ["5"]}}]), hang_up()),
        flow(action("a", "CheckHoursOfOperation", {}, "end", LAST, [
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": [o]}} for o in ("True", "False")]),
            hang_up())),
    "More than 6 tags in Parameters.Tags": (
        flow(action("a", "TagContact", {"Tags": {f"k{n}": "v" for n in range(7)}}, "end", LAST), hang_up()),
        flow(action("a", "TagContact", {"Tags": {f"k{n}": "v" for n in range(6)}}, "end", LAST), hang_up())),
    "Action does not support transitions": (
        flow(action("end", "DisconnectParticipant", {}, "end")), flow(hang_up())),
    "Only one of these properties may be defined. Properties: [Text, SSML]": (
        flow(action("a", "MessageParticipant", {"Text": "Hi", "SSML": "<speak>Hi</speak>"}, "end", LAST), hang_up()),
        flow(action("a", "MessageParticipant", {"SSML": "<speak>Hi</speak>"}, "end", LAST), hang_up())),
    "Not a supported id format": (
        samples.to_queue("Sales"), samples.to_queue("$.Attributes.queue")),
}


def provokes(case, text):
    bad, good = PROBLEMS[text]
    make(case, "Good", good)
    document = case.refused("InvalidContactFlowException", 400, "create_contact_flow", Name="Bad",
                            Type="CONTACT_FLOW", Content=bad)
    said = [p["message"] for p in document["problems"]]
    assert any(text in message for message in said), said
    made = make(case, "Saved", bad, Status="SAVED")
    document = case.refused("InvalidContactFlowException", 400, "update_contact_flow_content", ContactFlowId=made, Content=bad)
    assert any(text in p["message"] for p in document["problems"])


for number, problem in enumerate(PROBLEMS):
    words = "".join(c if c.isalnum() else "_" for c in problem.partition(". Path")[0]).lower()[:50].strip("_")
    globals()[f"test_problem_{number:02}_{words}"] = functools.partial(provokes, text=problem)


def test_a_type_refuses_actions_that_are_not_its_own(case):
    case.refused("InvalidContactFlowException", 400, "create_contact_flow", Name="Bad", Type="AGENT_WHISPER",
                 Content=samples.greeting())
    make(case, "Good", samples.whisper(), Type="AGENT_WHISPER")


def test_what_is_no_json_or_too_large_is_refused(case):
    members = {"Name": "Bad", "Type": "CONTACT_FLOW"}
    case.refused("InvalidRequestException", 400, "create_contact_flow", Content="{", **members)
    actions = [samples.say("x", f"s{n}", f"s{n + 1}" if n < 250 else "end") for n in range(251)]
    case.refused("InvalidContactFlowException", 400, "create_contact_flow", Content=flow(*actions, hang_up()), **members)
    make(case, "Good", flow(*actions[-100:], hang_up(), start="s151"))
    assert json.loads(read(case, make(case, "Small"))["Content"])["Version"] == "2019-10-30"
