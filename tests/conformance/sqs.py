"""SQS: queues, messages by one and in batches, what hides them, and the errors by both of their names."""
import json
import time

import botocore.exceptions
import support


def queue(case, name="events", **attributes):
    return case.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def receive(case, url, **members):
    return case.client("sqs").receive_message(QueueUrl=url, **members).get("Messages", [])


def refused(code, action):
    """Asserts the error by its name of today, which stands beside the one of old that boto3 shows."""
    try:
        answer = action()
    except botocore.exceptions.ClientError as error:
        shown = error.response["Error"]
        assert shown.get("QueryErrorCode", shown["Code"]) == code, shown
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        return shown
    raise AssertionError(f"accepted, where {code} belongs: {answer}")


def test_a_queue_is_found_by_its_name(case):
    sqs = case.client("sqs")
    url = queue(case, VisibilityTimeout="5")
    assert url == f"{case.lab.url}/{case.account}/events", url
    assert sqs.get_queue_url(QueueName="events")["QueueUrl"] == url
    assert queue(case, VisibilityTimeout="5") == url, "the same again"
    refused("QueueNameExists", lambda: queue(case, VisibilityTimeout="6"))
    shown = refused("QueueDoesNotExist", lambda: sqs.get_queue_url(QueueName="none"))
    assert shown["Code"] == "AWS.SimpleQueueService.NonExistentQueue", shown
    try:
        sqs.get_queue_url(QueueName="none")
    except sqs.exceptions.QueueDoesNotExist:
        pass
    refused("InvalidAttributeName", lambda: queue(case, "odd", Size="5"))
    refused("InvalidAttributeValue", lambda: queue(case, "odd", VisibilityTimeout="43201"))


def test_queues_are_listed_and_deleted(case):
    sqs = case.client("sqs")
    assert "QueueUrls" not in sqs.list_queues()
    urls = [queue(case, name) for name in ("a-1", "a-2", "b-1")]
    assert sqs.list_queues()["QueueUrls"] == urls
    assert sqs.list_queues(QueueNamePrefix="a-")["QueueUrls"] == urls[:2]
    assert support.pages(lambda **k: sqs.list_queues(**k), "QueueUrls", 2) == urls
    sqs.delete_queue(QueueUrl=urls[0])
    refused("QueueDoesNotExist", lambda: sqs.delete_queue(QueueUrl=urls[0]))
    assert sqs.list_queues()["QueueUrls"] == urls[1:]


def test_attributes_are_kept_and_counted(case):
    sqs, url = case.client("sqs"), queue(case)
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{support.REGION}:{case.account}:dead", "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7", "RedrivePolicy": redrive})
    sqs.send_message(QueueUrl=url, MessageBody="a")
    sqs.send_message(QueueUrl=url, MessageBody="b", DelaySeconds=60)
    receive(case, url)
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (got["VisibilityTimeout"], got["RedrivePolicy"]) == ("7", redrive), got
    assert got["QueueArn"] == f"arn:aws:sqs:{support.REGION}:{case.account}:events", got
    counts = [got[f"ApproximateNumberOfMessages{n}"] for n in ("", "NotVisible", "Delayed")]
    assert counts == ["0", "1", "1"], got
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    refused("InvalidAttributeName", lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"x": "1"}))
    gone = url.replace("events", "none")
    refused("QueueDoesNotExist", lambda: sqs.get_queue_attributes(QueueUrl=gone, AttributeNames=["All"]))


def test_a_message_comes_back_until_it_is_deleted(case):
    sqs, url = case.client("sqs"), queue(case, VisibilityTimeout="600")
    sent = sqs.send_message(QueueUrl=url, MessageBody="h\u00e9llo\n")
    first, = receive(case, url, VisibilityTimeout=1, MessageSystemAttributeNames=["All"])
    assert (first["MessageId"], first["Body"]) == (sent["MessageId"], "h\u00e9llo\n"), first
    assert first["MD5OfBody"] == sent["MD5OfMessageBody"] == "1082e4bdaee22cfa4057c4f6a5e4c3da", first
    assert first["Attributes"]["ApproximateReceiveCount"] == "1", first
    again, = receive(case, url, WaitTimeSeconds=10, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}, again
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
    third, = receive(case, url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=third["ReceiptHandle"])
    assert receive(case, url, WaitTimeSeconds=2) == []
    refused("ReceiptHandleIsInvalid", lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="none"))
    refused("MessageNotInflight", lambda: sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=third["ReceiptHandle"], VisibilityTimeout=0))
    refused("QueueDoesNotExist", lambda: sqs.receive_message(QueueUrl=url.replace("events", "none")))
    refused("InvalidMessageContents", lambda: sqs.send_message(QueueUrl=url, MessageBody="\u0001"))


def test_a_receipt_waits_for_a_message(case):
    url = queue(case, ReceiveMessageWaitTimeSeconds="1")
    began = time.monotonic()
    assert receive(case, url) == [] and time.monotonic() - began >= 0.9
    case.client("sqs").send_message(QueueUrl=url, MessageBody="a", DelaySeconds=1)
    assert len(receive(case, url, WaitTimeSeconds=20)) == 1


def test_batches_tell_of_each_entry(case):
    sqs, url = case.client("sqs"), queue(case)
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "\u0001"}, {"Id": "c", "MessageBody": "two"}])
    assert [e["Id"] for e in answer["Successful"]] == ["a", "c"], answer
    assert [(e["Id"], e["Code"]) for e in answer["Failed"]] == [("b", "InvalidMessageContents")], answer
    got = receive(case, url, MaxNumberOfMessages=10)
    assert sorted(m["Body"] for m in got) == ["one", "two"], got
    entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(got)]
    gone = sqs.delete_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "x", "ReceiptHandle": "none"}])
    assert len(gone["Successful"]) == 2 and gone["Failed"][0]["Code"] == "ReceiptHandleIsInvalid", gone
    twice = [{"Id": "a", "MessageBody": "one"}] * 2
    refused("BatchEntryIdsNotDistinct", lambda: sqs.send_message_batch(QueueUrl=url, Entries=twice))
    refused("EmptyBatchRequest", lambda: sqs.delete_message_batch(QueueUrl=url, Entries=[]))
    many = [{"Id": str(n), "MessageBody": "a"} for n in range(11)]
    refused("TooManyEntriesInBatchRequest", lambda: sqs.send_message_batch(QueueUrl=url, Entries=many))


def test_a_queue_is_purged_once_a_minute(case):
    sqs, url = case.client("sqs"), queue(case)
    sqs.send_message(QueueUrl=url, MessageBody="a")
    sqs.purge_queue(QueueUrl=url)
    assert receive(case, url) == []
    refused("PurgeQueueInProgress", lambda: sqs.purge_queue(QueueUrl=url))


def test_a_fault_has_the_services_own_error(case):
    """Listing declares nothing that an input alone can bring about."""
    case.start_lab("--no-throttle")
    case.lab.post("/_lab/faults", {"service": "sqs", "operation": "ListQueues", "do": "throttle"})
    refused("RequestThrottled", lambda: case.client("sqs").list_queues())


def test_the_cli_sends_and_receives(case):
    # With the variable alone, version 1 of the CLI goes to an endpoint of old.
    sqs = lambda *words: case.cli("--endpoint-url", case.lab.url, "sqs", *words)
    url = sqs("create-queue", "--queue-name", "events")["QueueUrl"]
    sqs("send-message", "--queue-url", url, "--message-body", "from the CLI")
    got, = sqs("receive-message", "--queue-url", url, "--wait-time-seconds", "5")["Messages"]
    assert got["Body"] == "from the CLI", got
    sqs("delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
