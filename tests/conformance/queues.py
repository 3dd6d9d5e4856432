"""Queues: each aspect that is updated by itself, quick connects, what keeps a queue from being deleted."""
import uuid

import kinds
import samples
import support


def make(case, name="Sales", **members):
    return kinds.make(case, kinds.row("queue"), name) if not members else case.call(
        "create_queue", Name=name, HoursOfOperationId=kinds.basic_hours(case), **members)["QueueId"]


def read(case, queue):
    return case.call("describe_queue", QueueId=queue)["Queue"]


def quick_connects(case, count):
    config = {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15550100001"}}
    return [case.call("create_quick_connect", Name=f"Line {n:02}", QuickConnectConfig=config)["QuickConnectId"]
            for n in range(count)]


def test_each_aspect_is_updated_by_itself(case):
    queue = make(case)
    hours = kinds.make(case, kinds.row("hours"), "Late")
    whisper = case.call("create_contact_flow", Name="Outbound", Type="OUTBOUND_WHISPER",
                        Content=samples.whisper())["ContactFlowId"]
    case.call("update_queue_name", QueueId=queue, Description="New")
    case.call("update_queue_hours_of_operation", QueueId=queue, HoursOfOperationId=hours)
    case.call("update_queue_max_contacts", QueueId=queue, MaxContacts=7)
    case.call("update_queue_outbound_caller_config", QueueId=queue,
              OutboundCallerConfig={"OutboundCallerIdName": "Acme", "OutboundFlowId": whisper})
    case.call("update_queue_status", QueueId=queue, Status="DISABLED")
    seen = read(case, queue)
    assert (seen["Name"], seen["Description"], seen["HoursOfOperationId"], seen["MaxContacts"], seen["Status"]) == \
        ("Sales", "New", hours, 7, "DISABLED"), seen
    assert seen["OutboundCallerConfig"] == {"OutboundCallerIdName": "Acme", "OutboundFlowId": whisper}, seen


def test_an_outbound_email_address_must_exist(case):
    queue = make(case)
    case.call("update_queue_outbound_email_config", QueueId=queue, OutboundEmailConfig={})
    support.refused("ResourceNotFoundException", 404, lambda: case.call(
        "update_queue_outbound_email_config", QueueId=queue,
        OutboundEmailConfig={"OutboundEmailAddressId": str(uuid.uuid4())}))


def test_references_to_what_is_missing_are_refused(case):
    nothing, hours = str(uuid.uuid4()), kinds.basic_hours(case)
    case.refused("ResourceNotFoundException", 404, "create_queue", Name="No hours", HoursOfOperationId=nothing)
    queue = make(case)
    case.refused("ResourceNotFoundException", 404, "update_queue_hours_of_operation", QueueId=queue, HoursOfOperationId=nothing)
    case.refused("ResourceNotFoundException", 404, "associate_queue_quick_connects", QueueId=queue, QuickConnectIds=[nothing])
    assert read(case, queue)["HoursOfOperationId"] == hours


def test_references_to_another_instance_are_refused(case):
    second = support.make_instance(case.connect, f"second-{case.account}")
    theirs = case.connect.list_hours_of_operations(InstanceId=second)["HoursOfOperationSummaryList"][0]["Id"]
    case.refused("ResourceNotFoundException", 404, "create_queue", Name="Foreign", HoursOfOperationId=theirs)
    make(case, "Own")


def test_quick_connects_are_a_set(case):
    queue, made = make(case), quick_connects(case, 3)
    case.call("associate_queue_quick_connects", QueueId=queue, QuickConnectIds=made)
    case.call("associate_queue_quick_connects", QueueId=queue, QuickConnectIds=made[:1])
    listed = support.pages(lambda **k: case.call("list_queue_quick_connects", QueueId=queue, **k),
                           "QuickConnectSummaryList", size=2)
    assert sorted(q["Id"] for q in listed) == sorted(made)
    case.call("disassociate_queue_quick_connects", QueueId=queue, QuickConnectIds=made[1:])
    left = case.call("list_queue_quick_connects", QueueId=queue)["QuickConnectSummaryList"]
    assert [q["Id"] for q in left] == made[:1]


def test_fifty_quick_connects_a_call_and_no_more(case):
    queue, made = make(case), quick_connects(case, 51)
    support.refused("InvalidParameterException", 400, lambda: case.raw(
        "associate_queue_quick_connects", QueueId=queue, QuickConnectIds=made))
    case.call("associate_queue_quick_connects", QueueId=queue, QuickConnectIds=made[:50])
    case.call("associate_queue_quick_connects", QueueId=queue, QuickConnectIds=made[50:])
    assert len(case.call("list_queue_quick_connects", QueueId=queue)["QuickConnectSummaryList"]) == 51


def test_a_queue_in_use_is_not_deleted(case):
    queue = make(case)
    profile = case.call("create_routing_profile", Name="Sales", Description="d", DefaultOutboundQueueId=queue,
                        MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}])["RoutingProfileId"]
    case.refused("ResourceInUseException", 409, "delete_queue", QueueId=queue)
    case.call("delete_routing_profile", RoutingProfileId=profile)
    case.call("delete_queue", QueueId=queue)


def test_lists_tell_standard_queues_from_those_of_agents(case):
    kinds.make(case, kinds.row("user"), "ann")
    agents = case.call("list_queues", QueueTypes=["AGENT"])["QueueSummaryList"]
    assert len(agents) == 1 and agents[0]["QueueType"] == "AGENT", agents
    standard = case.call("list_queues", QueueTypes=["STANDARD"])["QueueSummaryList"]
    assert [q["Name"] for q in standard] == ["BasicQueue"]
