"""Routing profiles: concurrency, queues with priority and delay, ten queues a call."""
import uuid

import kinds
import support


def make(case, name="Agents", **members):
    return case.call("create_routing_profile", Name=name, **{**kinds.row("routing_profile").make(case), **members})["RoutingProfileId"]


def queue_config(queue, priority=1, delay=0, channel="VOICE"):
    return {"QueueReference": {"QueueId": queue, "Channel": channel}, "Priority": priority, "Delay": delay}


def queues(case, profile, **more):
    listed = support.pages(lambda **k: case.call("list_routing_profile_queues", RoutingProfileId=profile, **k),
                           "RoutingProfileQueueConfigSummaryList", **more)
    return sorted((q["QueueId"], q["Channel"], q["Priority"], q["Delay"]) for q in listed)


def test_each_aspect_is_updated_by_itself(case):
    profile = make(case)
    other = kinds.make(case, kinds.row("queue"), "Other")
    media = [{"Channel": "VOICE", "Concurrency": 1}, {"Channel": "CHAT", "Concurrency": 3}]
    one = {"RoutingProfileId": profile}
    case.call("update_routing_profile_name", Description="New", **one)
    case.call("update_routing_profile_concurrency", MediaConcurrencies=media, **one)
    case.call("update_routing_profile_default_outbound_queue", DefaultOutboundQueueId=other, **one)
    case.call("update_routing_profile_agent_availability_timer", AgentAvailabilityTimer="TIME_SINCE_LAST_INBOUND", **one)
    read = case.call("describe_routing_profile", **one)["RoutingProfile"]
    assert (read["Description"], read["DefaultOutboundQueueId"], read["AgentAvailabilityTimer"]) == \
        ("New", other, "TIME_SINCE_LAST_INBOUND"), read
    assert {m["Channel"]: m["Concurrency"] for m in read["MediaConcurrencies"]} == {"VOICE": 1, "CHAT": 3}, read


def test_queues_are_associated_changed_and_taken_away(case):
    made = [kinds.make(case, kinds.row("queue"), f"Q{n}") for n in range(3)]
    profile = make(case, QueueConfigs=[queue_config(made[0])])
    one = {"RoutingProfileId": profile}
    case.call("associate_routing_profile_queues", QueueConfigs=[queue_config(q, 2, 30) for q in made[1:]], **one)
    case.call("update_routing_profile_queues", QueueConfigs=[queue_config(made[0], 5, 60)], **one)
    assert queues(case, profile, size=2) == sorted(
        [(made[0], "VOICE", 5, 60), (made[1], "VOICE", 2, 30), (made[2], "VOICE", 2, 30)])
    case.call("disassociate_routing_profile_queues", QueueReferences=[{"QueueId": made[0], "Channel": "VOICE"}], **one)
    assert len(queues(case, profile)) == 2


def test_ten_queues_a_call_and_no_more(case):
    made = [queue_config(kinds.make(case, kinds.row("queue"), f"Q{n:02}")) for n in range(11)]
    profile = make(case)
    support.refused("InvalidParameterException", 400, lambda: case.raw(
        "associate_routing_profile_queues", RoutingProfileId=profile, QueueConfigs=made))
    case.call("associate_routing_profile_queues", RoutingProfileId=profile, QueueConfigs=made[:10])
    case.call("associate_routing_profile_queues", RoutingProfileId=profile, QueueConfigs=made[10:])
    assert len(queues(case, profile)) == 11


def test_queues_that_do_not_exist_are_refused(case):
    profile, nothing = make(case), str(uuid.uuid4())
    case.refused("ResourceNotFoundException", 404, "update_routing_profile_default_outbound_queue",
                 RoutingProfileId=profile, DefaultOutboundQueueId=nothing)
    case.refused("ResourceNotFoundException", 404, "associate_routing_profile_queues", RoutingProfileId=profile,
                 QueueConfigs=[queue_config(nothing)])
    assert queues(case, profile) == []


def test_a_profile_in_use_is_not_deleted(case):
    profile = make(case)
    user = case.call("create_user", Username="ann", **{**kinds.user(case), "RoutingProfileId": profile})["UserId"]
    case.refused("ResourceInUseException", 409, "delete_routing_profile", RoutingProfileId=profile)
    case.call("delete_user", UserId=user)
    case.call("delete_routing_profile", RoutingProfileId=profile)
