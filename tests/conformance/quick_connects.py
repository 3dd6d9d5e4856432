"""Quick connects of every type, and what they point to."""
import uuid

import kinds
import samples
import support


def transfer(case, kind="QUEUE_TRANSFER"):
    return case.call("create_contact_flow", Name=f"To {kind}", Type=kind, Content=samples.greeting())["ContactFlowId"]


def config(case, kind):
    if kind == "QUEUE":
        return {"QuickConnectType": kind, "QueueConfig": {
            "QueueId": kinds.basic_queue(case), "ContactFlowId": transfer(case)}}
    if kind == "USER":
        user = kinds.make(case, kinds.row("user"), "ann")
        return {"QuickConnectType": kind, "UserConfig": {"UserId": user, "ContactFlowId": transfer(case, "AGENT_TRANSFER")}}
    if kind == "FLOW":
        return {"QuickConnectType": kind, "FlowConfig": {"ContactFlowId": transfer(case, "CONTACT_FLOW")}}
    return {"QuickConnectType": kind, "PhoneConfig": {"PhoneNumber": "+15550100002"}}


def test_every_type_is_made_listed_and_read(case):
    for kind in ("QUEUE", "USER", "FLOW", "PHONE_NUMBER"):
        given = config(case, kind)
        made = case.call("create_quick_connect", Name=kind, QuickConnectConfig=given)["QuickConnectId"]
        assert case.call("describe_quick_connect", QuickConnectId=made)["QuickConnect"]["QuickConnectConfig"] == given
        listed = case.call("list_quick_connects", QuickConnectTypes=[kind])["QuickConnectSummaryList"]
        assert [q["Id"] for q in listed] == [made]


def test_its_config_changes_its_type(case):
    made = kinds.make(case, kinds.row("quick_connect"), "Line")
    given = config(case, "QUEUE")
    case.call("update_quick_connect_config", QuickConnectId=made, QuickConnectConfig=given)
    assert case.call("describe_quick_connect", QuickConnectId=made)["QuickConnect"]["QuickConnectConfig"] == given


def test_what_it_points_to_must_exist(case):
    nothing = str(uuid.uuid4())
    bad = {"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": nothing, "ContactFlowId": transfer(case)}}
    case.refused("ResourceNotFoundException", 404, "create_quick_connect", Name="Bad", QuickConnectConfig=bad)
    good = {"QuickConnectType": "QUEUE", "QueueConfig": {
        "QueueId": kinds.basic_queue(case), "ContactFlowId": bad["QueueConfig"]["ContactFlowId"]}}
    case.call("create_quick_connect", Name="Good", QuickConnectConfig=good)


def test_the_config_must_go_with_the_type(case):
    bad = {"QuickConnectType": "QUEUE", "PhoneConfig": {"PhoneNumber": "+15550100002"}}
    support.refused("InvalidParameterException", 400,
                    lambda: case.raw("create_quick_connect", Name="Bad", QuickConnectConfig=bad))
    case.call("create_quick_connect", Name="Good", QuickConnectConfig=config(case, "PHONE_NUMBER"))
