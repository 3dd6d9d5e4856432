"""CloudTrail's LookupEvents: who wrote what and when, with the source identity of a role's session."""
import datetime
import json

import kinds
import support


def lookup(case, key=None, value=None, **members):
    """The events of the case's account, newest first; each with its document parsed."""
    if key:
        members["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    events = support.pages(lambda **k: case.client("cloudtrail").lookup_events(**members, **k), "Events")
    return [(event, json.loads(event["CloudTrailEvent"])) for event in events]


def test_every_write_becomes_an_event(case):
    made = case.call("create_queue", Name="Sales", HoursOfOperationId=kinds.basic_hours(case))
    case.call("update_queue_status", QueueId=made["QueueId"], Status="DISABLED")
    case.call("describe_queue", QueueId=made["QueueId"])
    names = [event["EventName"] for event, _ in lookup(case)]
    assert names == ["UpdateQueueStatus", "CreateQueue", "CreateInstance"], names
    event, document = lookup(case, "EventName", "CreateQueue")[0]
    assert (event["EventSource"], event["Username"], event["ReadOnly"]) == ("connect.amazonaws.com", "root", "false")
    assert event["Resources"][0] == {"ResourceType": "AWS::Connect::Queue", "ResourceName": made["QueueArn"]}, event
    assert document["requestParameters"]["Name"] == "Sales", document
    assert document["responseElements"]["QueueId"] == made["QueueId"], document
    assert document["userIdentity"]["type"] == "Root" and document["awsRegion"] == support.REGION, document
    assert document["eventID"] == event["EventId"], document


def test_a_session_is_named_with_its_source_identity(case):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
         "Principal": {"AWS": f"arn:aws:iam::{case.account}:root"}}]}
    case.client("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))
    role = f"arn:aws:iam::{case.account}:role/deploy"
    keys = case.client("sts").assume_role(RoleArn=role, RoleSessionName="monday", SourceIdentity="jane")["Credentials"]
    connect = case.client("connect", credentials={
        "aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"]})
    connect.create_agent_status(InstanceId=case.instance, Name="Lunch", State="ENABLED")
    event, document = lookup(case, "Username", "monday")[0]
    identity = document["userIdentity"]
    assert event["EventName"] == "CreateAgentStatus" and identity["type"] == "AssumedRole", document
    assert identity["arn"] == f"arn:aws:sts::{case.account}:assumed-role/deploy/monday", identity
    assert identity["sessionContext"]["sourceIdentity"] == "jane", identity
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role, identity
    _, assumed = lookup(case, "EventName", "AssumeRole")[0]
    assert assumed["requestParameters"]["sourceIdentity"] == "jane", assumed
    assert keys["SecretAccessKey"] not in json.dumps(assumed), assumed


def test_events_are_found_by_what_they_are_about(case):
    made = case.call("create_queue", Name="Sales", HoursOfOperationId=kinds.basic_hours(case))
    case.call("create_agent_status", Name="Lunch", State="ENABLED")
    case.call("update_queue_max_contacts", QueueId=made["QueueId"], MaxContacts=5)
    instance = made["QueueArn"].split("/queue/")[0]
    for key, value, wanted in (
            ("ResourceName", made["QueueArn"], ["UpdateQueueMaxContacts", "CreateQueue"]),
            ("ResourceType", "AWS::Connect::AgentStatus", ["CreateAgentStatus"]),
            ("ResourceName", instance, ["UpdateQueueMaxContacts", "CreateAgentStatus", "CreateQueue", "CreateInstance"]),
            ("EventSource", "lambda.amazonaws.com", []), ("ReadOnly", "true", [])):
        names = [event["EventName"] for event, _ in lookup(case, key, value)]
        assert names == wanted, (key, value, names)


def test_events_of_iam_stand_in_one_region(case):
    case.client("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": []}))
    assert lookup(case) == []
    east = case.client("cloudtrail", region="us-east-1").lookup_events()["Events"]
    assert [event["EventName"] for event in east] == ["CreateRole"], east


def test_events_are_bounded_by_time_and_paged(case):
    before = datetime.datetime.now(datetime.timezone.utc)
    for name in ("one", "two", "three"):
        case.call("create_agent_status", Name=name, State="ENABLED")
    members = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateAgentStatus"}]}
    paged = support.pages(lambda **k: case.client("cloudtrail").lookup_events(**members, **k), "Events", 2)
    assert len(paged) == 3 and len({event["EventId"] for event in paged}) == 3, paged
    hour = datetime.timedelta(hours=1)
    assert lookup(case, StartTime=before + hour) == [] and lookup(case, EndTime=before - hour) == []
    assert len(lookup(case, StartTime=before - hour, EndTime=before + hour)) == 4
    trail = case.client("cloudtrail", validate=False)
    support.refused("InvalidTimeRangeException", 400, lambda: trail.lookup_events(StartTime=before, EndTime=before - hour))
    support.refused("InvalidNextTokenException", 400, lambda: trail.lookup_events(NextToken="none"))
    support.refused("InvalidMaxResultsException", 400, lambda: trail.lookup_events(MaxResults=51))
    support.refused("InvalidLookupAttributesException", 400, lambda: trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "Colour", "AttributeValue": "red"}]))


def test_events_come_late_where_the_lab_is_told_so(case):
    case.start_lab("--trail-lag", "600")
    case.call("create_agent_status", Name="Lunch", State="ENABLED")
    assert lookup(case) == []
    case.start_lab("--trail-lag", "1")
    case.call("create_agent_status", Name="Lunch", State="ENABLED")
    support.wait_until("the event is there", lambda: case.client("cloudtrail", attempts=9).lookup_events()["Events"])


def test_lookups_are_throttled(case):
    # However slow the calls are.
    case.start_lab("--time-scale", "0.01")
    trail = case.client("cloudtrail")
    trail.lookup_events()
    trail.lookup_events()
    support.refused("ThrottlingException", 400, trail.lookup_events)
