"""Every operation refuses what is not there, with the error and status that its model declares."""
import functools
import pathlib

import support

NOWHERE = "00000000-0000-4000-8000-00000000dead"
LISTED = (pathlib.Path(__file__).resolve().parent.parent / "operations.txt").read_text(encoding="utf-8").split()
TEXTS = {"resourceArn": f"arn:aws:connect:us-west-2:111122223333:instance/{NOWHERE}/queue/{NOWHERE}",
         "TimeZone": "UTC", "EffectiveFrom": "2027-01-01", "EffectiveTill": "2027-01-02", "Name": "x",
         "PhoneNumber": "+15550100001", "Origin": "https://example.com", "S3Uri": "s3://nothing/nothing",
         "FunctionArn": "arn:aws:lambda:us-west-2:111122223333:function:nothing", "Value": "true",
         "ReplicaRegion": "us-east-1"}


def least(shape, name=""):
    """The least input that the shape takes."""
    kind = shape.type_name
    if kind == "structure":
        return {n: least(shape.members[n], n) for n in shape.required_members}
    if kind == "list":
        return [least(shape.member, name)]
    if kind == "map":
        return {"k": "v"}
    if kind == "string":
        return shape.enum[0] if shape.enum else NOWHERE if name.endswith("Id") else TEXTS.get(name, "x")
    return {"boolean": True, "timestamp": 0, "float": 1.0, "double": 1.0}.get(kind, max(1, shape.metadata.get("min", 1)))


def refuses_what_is_not_there(case, operation):
    client = case.client("connect")
    model = client.meta.service_model.operation_model(operation)
    members = least(model.input_shape)
    if "InstanceId" in model.input_shape.members:
        members["InstanceId"] = NOWHERE
    if operation in ("AssociateBot", "DisassociateBot"):
        members["LexV2Bot"] = {"AliasArn": "arn:aws:lex:us-west-2:111122223333:bot-alias/ABCDEFGHIJ/KLMNOPQRST"}
    method = next(m for m, o in client.meta.method_to_api_mapping.items() if o == operation)
    document = support.refused("ResourceNotFoundException", 404, lambda: getattr(client, method)(**members))
    assert document["Error"]["Message"], "an error without a message"


for line in LISTED:
    if line.startswith("connect."):
        name = line.partition(".")[2]
        # These make the instance, list all of them, or do not declare that something is missing.
        if name not in ("CreateInstance", "ListInstances", "CreatePrompt", "SearchAvailablePhoneNumbers"):
            globals()[f"test_{name}"] = functools.partial(refuses_what_is_not_there, operation=name)


def test_what_the_lab_does_not_implement_is_refused_by_name(case):
    document = support.refused("UnknownOperationException", 404, lambda: case.call("list_rules"))
    assert "ListRules" in str(document)


def test_an_arn_stands_for_an_instance_too(case):
    instance = case.call("describe_instance")["Instance"]
    again = case.connect.describe_instance(InstanceId=instance["Arn"])["Instance"]
    assert again["Id"] == instance["Id"]
