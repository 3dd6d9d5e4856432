"""The lab itself: rates, faults, regions and accounts apart, state that survives a restart, the record."""
import os
import tempfile

import botocore.exceptions
import kinds
import support


def test_calls_over_the_rate_are_throttled_by_operation(case):
    # Slow enough for calls that take their time.
    case.start_lab("--time-scale", "0.1")
    for _ in range(5):
        case.connect.list_instances()
    document = support.refused("ThrottlingException", 429, lambda: [case.connect.list_instances() for _ in range(5)])
    assert document["Error"]["Message"]
    case.client("connect", region="us-east-1").list_instances()
    case.client("connect", account=case.other_account()).list_instances()
    support.wait_until("the bucket fills again", lambda: accepted(case.connect.list_instances))


def accepted(call):
    try:
        call()
    except botocore.exceptions.ClientError:
        return False
    return True


def test_views_are_throttled_by_another_name(case):
    case.start_lab("--search-lag", "0", "--time-scale", "0.1")
    support.refused("TooManyRequestsException", 429, lambda: [case.call("list_views") for _ in range(10)])


def test_time_runs_faster_by_the_scale(case):
    case.start_lab("--time-scale", "1000")
    for _ in range(50):
        case.connect.list_instances()


def test_regions_and_accounts_are_apart(case):
    other = case.client("connect", region="us-east-1")
    instance = case.instance
    assert other.list_instances()["InstanceSummaryList"] == []
    support.refused("ResourceNotFoundException", 404, lambda: other.describe_instance(InstanceId=instance))
    made = support.make_instance(other, f"east-{case.account}")
    described = other.describe_instance(InstanceId=made)["Instance"]
    assert f":us-east-1:{case.account}:" in described["Arn"]


def test_a_fault_fails_the_nth_call_before_it_takes_effect(case):
    case.start_lab("--no-throttle")
    make = lambda name: case.call("create_agent_status", Name=name, State="ENABLED")
    case.instance
    case.lab.post("/_lab/faults", {"service": "connect", "operation": "CreateAgentStatus", "nth": 2, "do": "error"})
    make("One")
    support.refused("InternalServiceException", 500, lambda: make("Two"))
    make("Two")


def test_a_fault_may_come_after_the_effect(case):
    case.start_lab("--no-throttle")
    case.instance
    case.lab.post("/_lab/faults", {"operation": "CreateAgentStatus", "do": "drop", "when": "after"})
    try:
        case.call("create_agent_status", Name="One", State="ENABLED")
    except (botocore.exceptions.ConnectionClosedError, botocore.exceptions.HTTPClientError):
        pass
    else:
        raise AssertionError("the answer was not dropped")
    case.refused("DuplicateResourceException", 409, "create_agent_status", Name="One", State="ENABLED")
    dropped = [e for e in case.lab.exchanges() if e["response"] is None]
    assert len(dropped) == 1 and dropped[0]["request"]["method"] == "PUT"


def test_a_fault_throttles_and_names_errors(case):
    case.start_lab("--no-throttle")
    case.instance
    case.lab.post("/_lab/faults", {"operation": "ListQueues", "do": "throttle"})
    support.refused("ThrottlingException", 429, lambda: case.call("list_queues"))
    case.lab.post("/_lab/faults", {"operation": "ListQueues", "do": "error", "error": "ResourceNotFoundException"})
    support.refused("ResourceNotFoundException", 404, lambda: case.call("list_queues"))
    case.call("list_queues")


def test_state_survives_a_restart(case):
    with tempfile.TemporaryDirectory(prefix="trunkline-lab-") as folder:
        case.start_lab("--no-throttle", "--data", folder)
        instance = case.instance
        made = {kind.noun: kinds.make(case, kind, "Kept") for kind in kinds.KINDS}
        before = {k.noun: described(case, k, made[k.noun]) for k in kinds.KINDS}
        assert os.listdir(folder)
        case.lab.stop()
        case.start_lab("--no-throttle", "--data", folder)
        case.made = instance
        for kind in kinds.KINDS:
            assert described(case, kind, made[kind.noun]) == before[kind.noun], kind.noun


def described(case, kind, made):
    return case.call(kind.describe, **{kind.label: made})[kind.described]


def test_quotas_are_off_until_they_are_asked_for(case):
    case.start_lab("--no-throttle", "--quotas", "flows=20")
    flow = kinds.row("flow")
    try:
        for number in range(25):
            kinds.make(case, flow, f"Flow {number}")
    except botocore.exceptions.ClientError as error:
        seen = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert seen == ("LimitExceededException", 429), seen
    else:
        raise AssertionError("25 flows and their defaults fit into a quota of 20")


def test_every_exchange_is_recorded(case):
    kinds.make(case, kinds.row("agent_status"), "Recorded")
    mine = case.lab.exchanges(case.account)
    assert any("Recorded" in (e["request"].get("body") or "") for e in mine)
    assert {e["service"] for e in mine} == {"connect"}


def test_the_index_lags_by_as_much_as_was_asked(case):
    case.start_lab("--no-throttle", "--search-lag", "0")
    kinds.make(case, kinds.row("agent_status"), "At once")
    hits = case.call("search_agent_statuses")["AgentStatuses"]
    assert "At once" in [h["Name"] for h in hits]
