"""Global Resiliency: an instance in two regions, what is copied and when, and names that are taken over there."""
import io

import kinds
import samples
import support

WEST, EAST = "us-west-2", "us-east-1"


def pair(case, lag="0"):
    """Starts a lab, makes an instance in the west and its replica in the east; clients of both and the id."""
    case.start_lab("--no-throttle", "--search-lag", "0", "--replication-lag", lag)
    west, east = case.client("connect"), case.client("connect", region=EAST)
    made = west.create_instance(IdentityManagementType="SAML", InstanceAlias=f"acme-{case.account}",
                                InboundCallsEnabled=True, OutboundCallsEnabled=True)
    case.made = made["Id"]
    answer = west.replicate_instance(InstanceId=made["Id"], ReplicaRegion=EAST, ReplicaAlias=f"acme-{case.account}-east")
    assert answer == {**answer, "Id": made["Id"], "Arn": made["Arn"].replace(WEST, EAST)}, answer
    return west, east, made["Id"]


def queues(client, instance):
    return {q["Name"]: q["Id"] for q in client.list_queues(InstanceId=instance, QueueTypes=["STANDARD"])["QueueSummaryList"]}


def status(client, instance):
    configuration = client.describe_instance(InstanceId=instance)["ReplicationConfiguration"]
    return {s["Region"]: s["ReplicationStatus"] for s in configuration["ReplicationStatusSummaryList"]}


def test_the_replica_has_what_the_source_has(case):
    west, east, instance = pair(case)
    assert queues(west, instance) == queues(east, instance) and queues(west, instance), instance
    one = east.describe_instance(InstanceId=instance)
    assert one["Instance"]["InstanceAlias"] == f"acme-{case.account}-east", one
    assert one["ReplicationConfiguration"]["SourceRegion"] == WEST, one
    assert one["ReplicationConfiguration"]["GlobalSignInEndpoint"].startswith("https://"), one
    complete = {WEST: "INSTANCE_REPLICATION_COMPLETE", EAST: "INSTANCE_REPLICATION_COMPLETE"}
    assert status(west, instance) == status(east, instance) == complete
    for listing, key in (("list_contact_flows", "ContactFlowSummaryList"), ("list_prompts", "PromptSummaryList"),
                         ("list_security_profiles", "SecurityProfileSummaryList"), ("list_views", "ViewsSummaryList"),
                         ("list_predefined_attributes", "PredefinedAttributeSummaryList")):
        both = [support.pages(lambda **k: getattr(c, listing)(InstanceId=instance, **k), key) for c in (west, east)]
        ids = [sorted(i.get("Id", i["Name"]) for i in items) for items in both]
        assert ids[0] == ids[1] and ids[0], (listing, ids)


def test_writes_reach_the_other_region_both_ways_after_a_lag(case):
    west, east, instance = pair(case, "4")
    assert status(west, instance)[EAST] == "INSTANCE_REPLICATION_IN_PROGRESS"
    support.wait_until("the first copy is complete", lambda: status(west, instance)[EAST].endswith("COMPLETE"))
    hours = kinds.basic_hours(case)
    made = west.create_queue(InstanceId=instance, Name="Sales", HoursOfOperationId=hours)
    assert "Sales" not in queues(east, instance)
    counts = west.list_replication_findings(InstanceId=instance, ResourceType="QUEUE")["ApproximateDriftedResourceCounts"]
    assert {c["Region"]: c["Count"] for c in counts} == {WEST: 0, EAST: 1}, counts
    support.wait_until("the queue is there", lambda: queues(east, instance).get("Sales") == made["QueueId"])
    copy = east.describe_queue(InstanceId=instance, QueueId=made["QueueId"])["Queue"]
    assert copy["QueueArn"] == made["QueueArn"].replace(WEST, EAST) and copy["LastModifiedRegion"] == WEST, copy
    east.update_queue_name(InstanceId=instance, QueueId=made["QueueId"], Name="Sales east")
    support.wait_until("the name is back", lambda: "Sales east" in queues(west, instance))
    assert west.describe_queue(InstanceId=instance, QueueId=made["QueueId"])["Queue"]["LastModifiedRegion"] == EAST
    west.delete_queue(InstanceId=instance, QueueId=made["QueueId"])
    support.wait_until("the queue is gone", lambda: "Sales east" not in queues(east, instance))


def test_flows_name_the_resources_of_their_own_region(case):
    west, east, instance = pair(case)
    queue = west.describe_queue(InstanceId=instance, QueueId=kinds.basic_queue(case))["Queue"]["QueueArn"]
    flow = west.create_contact_flow(InstanceId=instance, Name="Main", Type="CONTACT_FLOW", Content=samples.to_queue(queue))
    copy = east.describe_contact_flow(InstanceId=instance, ContactFlowId=flow["ContactFlowId"])["ContactFlow"]
    assert queue.replace(WEST, EAST) in copy["Content"] and queue not in copy["Content"], copy
    assert copy["Arn"] == flow["ContactFlowArn"].replace(WEST, EAST), copy


def test_the_audio_of_prompts_comes_along(case):
    west, east, instance = pair(case)
    made = west.create_prompt(InstanceId=instance, Name="Hello", **kinds.prompt(case))
    urls = [c.get_prompt_file(InstanceId=instance, PromptId=made["PromptId"])["PromptPresignedUrl"] for c in (west, east)]
    import urllib.request
    sounds = [io.BytesIO(urllib.request.urlopen(u, timeout=60).read()).getvalue() for u in urls]
    assert sounds[0] == sounds[1] and sounds[0], [len(s) for s in sounds]


def test_functions_and_origins_are_not_copied(case):
    west, east, instance = pair(case)
    west.associate_approved_origin(InstanceId=instance, Origin="https://acme.example")
    assert east.list_approved_origins(InstanceId=instance)["Origins"] == []


def test_a_name_that_is_taken_over_there_stops_that_resource_alone(case):
    west, east, instance = pair(case, "4")
    support.wait_until("the first copy is complete", lambda: status(west, instance)[EAST].endswith("COMPLETE"))
    hours = kinds.basic_hours(case)
    mine = east.create_queue(InstanceId=instance, Name="Sales", HoursOfOperationId=hours)["QueueId"]
    theirs = west.create_queue(InstanceId=instance, Name="Sales", HoursOfOperationId=hours)["QueueId"]
    west.create_queue(InstanceId=instance, Name="Support", HoursOfOperationId=hours)
    support.wait_until("the other queue is there", lambda: "Support" in queues(east, instance))
    assert queues(east, instance)["Sales"] == mine and queues(west, instance)["Sales"] == theirs
    assert status(west, instance)[EAST] == "INSTANCE_REPLICATION_FAILED"
    found = west.list_replication_findings(InstanceId=instance, ResourceType="QUEUE")["ReplicationFindingsList"]
    assert {(f["Id"], f["Region"], f["Name"]) for f in found} == {(theirs, EAST, "Sales"), (mine, WEST, "Sales")}, found
    again = {"InstanceId": instance, "ReplicaRegion": EAST, "ReplicaAlias": f"acme-{case.account}-east"}
    support.refused("ResourceConflictException", 409, lambda: west.replicate_instance(**again))
    east.delete_queue(InstanceId=instance, QueueId=mine)
    west.replicate_instance(**again)
    assert queues(east, instance)["Sales"] == theirs
    assert set(status(east, instance).values()) == {"INSTANCE_REPLICATION_COMPLETE"}


def test_what_cannot_be_replicated_is_refused(case):
    plain = case.instance
    refuse = lambda **members: support.refused("InvalidRequestException", 400, lambda: case.connect.replicate_instance(
        **{"InstanceId": plain, "ReplicaRegion": EAST, "ReplicaAlias": f"other-{case.account}", **members}))
    refuse()
    refuse(ReplicaRegion=WEST)
    refuse(ReplicaRegion="eu-west-2")
    case.refused("InvalidRequestException", 400, "list_replication_findings", ResourceType="QUEUE")
    support.refused("ResourceNotFoundException", 404, lambda: case.connect.replicate_instance(
        InstanceId="00000000-0000-4000-8000-000000000000", ReplicaRegion=EAST, ReplicaAlias="none"))
    assert "ReplicationConfiguration" not in case.call("describe_instance")
