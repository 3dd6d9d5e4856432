"""Phone numbers: found, claimed, given a flow, released."""
import uuid

import kinds
import support

US = {"PhoneNumberCountryCode": "US", "PhoneNumberType": "DID"}


def arn(case):
    return case.call("describe_instance")["Instance"]["Arn"]


def claim(case):
    free = case.connect.search_available_phone_numbers(TargetArn=arn(case), MaxResults=5, **US)["AvailableNumbersList"]
    number = free[0]["PhoneNumber"]
    made = case.connect.claim_phone_number(TargetArn=arn(case), PhoneNumber=number)["PhoneNumberId"]
    support.wait_until("the number is claimed", lambda: case.connect.describe_phone_number(
        PhoneNumberId=made)["ClaimedPhoneNumberSummary"]["PhoneNumberStatus"]["Status"] == "CLAIMED")
    return made, number


def test_a_number_is_claimed_listed_and_released(case):
    first, number = claim(case)
    second, _ = claim(case)
    listed = support.pages(lambda **k: case.connect.list_phone_numbers_v2(TargetArn=arn(case), **k),
                           "ListPhoneNumbersSummaryList", size=1)
    assert {n["PhoneNumberId"] for n in listed} == {first, second}
    case.connect.release_phone_number(PhoneNumberId=first)
    left = case.connect.list_phone_numbers_v2(TargetArn=arn(case))["ListPhoneNumbersSummaryList"]
    assert [n["PhoneNumberId"] for n in left] == [second]
    assert number.startswith("+1")


def test_a_claimed_number_is_not_to_be_had_again(case):
    made, number = claim(case)
    support.refused("InvalidParameterException", 400,
                    lambda: case.connect.claim_phone_number(TargetArn=arn(case), PhoneNumber=number))
    free = case.connect.search_available_phone_numbers(TargetArn=arn(case), MaxResults=10, **US)["AvailableNumbersList"]
    assert number not in [n["PhoneNumber"] for n in free] and made


def test_more_than_ten_numbers_are_not_searched_at_once(case):
    client, target = case.client("connect", validate=False), arn(case)
    support.refused("InvalidParameterException", 400, lambda: client.search_available_phone_numbers(
        TargetArn=target, MaxResults=11, **US))
    assert len(client.search_available_phone_numbers(TargetArn=target, MaxResults=10, **US)["AvailableNumbersList"]) == 10


def test_a_number_has_a_flow(case):
    number, _ = claim(case)
    flow = kinds.make(case, kinds.row("flow"), "Main")
    associations = lambda: {a["ResourceId"]: a["FlowId"] for a in case.call(
        "list_flow_associations", ResourceType="VOICE_PHONE_NUMBER")["FlowAssociationSummaryList"]}
    case.call("associate_phone_number_contact_flow", PhoneNumberId=number, ContactFlowId=flow)
    seen = associations()
    assert len(seen) == 1 and all(number in k and flow in v for k, v in seen.items()), seen
    case.call("disassociate_phone_number_contact_flow", PhoneNumberId=number)
    assert associations() == {}


def test_a_flow_that_is_missing_is_not_given(case):
    number, _ = claim(case)
    case.refused("ResourceNotFoundException", 404, "associate_phone_number_contact_flow", PhoneNumberId=number,
                 ContactFlowId=str(uuid.uuid4()))


def test_a_claimed_number_is_a_queues_caller_id(case):
    number, _ = claim(case)
    queue = kinds.make(case, kinds.row("queue"), "Sales")
    config = {"OutboundCallerIdName": "Acme", "OutboundCallerIdNumberId": number}
    case.call("update_queue_outbound_caller_config", QueueId=queue, OutboundCallerConfig=config)
    assert case.call("describe_queue", QueueId=queue)["Queue"]["OutboundCallerConfig"] == config
    case.refused("ResourceNotFoundException", 404, "update_queue_outbound_caller_config", QueueId=queue,
                 OutboundCallerConfig={"OutboundCallerIdNumberId": str(uuid.uuid4())})
