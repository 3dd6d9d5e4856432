"""IAM and STS under --strict-roles: what a role's policies allow, managed policies, simulation, source identity."""
import json

import botocore.exceptions
import kinds
import support

EXTERNAL = {"StringEquals": {"sts:ExternalId": "acme"}}


def statement(actions, resources="*", effect="Allow"):
    return {"Effect": effect, "Action": actions, "Resource": resources}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(account, actions="sts:AssumeRole", condition=None):
    document = {"Effect": "Allow", "Action": actions, "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    if condition:
        document["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [document]})


def strict(case):
    """A lab that enforces policies, and the case's IAM on it."""
    case.start_lab("--no-throttle", "--strict-roles")
    return case.client("iam")


def assume(case, name="deploy", client=None, **members):
    """Credentials of the role in the case's account, as arguments of a client."""
    made = (client or case.client("sts")).assume_role(
        RoleArn=f"arn:aws:iam::{case.account}:role/{name}", RoleSessionName="monday", **members)["Credentials"]
    return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"]}


def a_function(case):
    return case.client("lambda").create_function(
        FunctionName="lookup", Runtime="python3.12", Handler="index.handler", Code={"ZipFile": b"PK"},
        Role=f"arn:aws:iam::{case.account}:role/lambda")["FunctionArn"]


def denied(action, call):
    """Asserts that the call is refused for want of `action`; the message."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        document = error.response["Error"]
        assert document["Code"] in ("AccessDeniedException", "AccessDenied"), document
        assert f"is not authorized to perform: {action} on resource: " in document["Message"], document
        return document["Message"]
    raise AssertionError(f"allowed, where {action} is not")


def test_resources_of_a_policy_are_those_that_a_call_touches(case):
    iam, instance = strict(case), case.instance
    hours, queue = kinds.basic_hours(case), kinds.basic_queue(case)
    arn = f"arn:aws:connect:{support.REGION}:{case.account}:instance/{instance}"
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(case.account))
    iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=policy(
        statement("connect:CreateQueue", f"{arn}/queue/*"),
        statement(["connect:DescribeQueue"], f"{arn}/queue/{queue}"),
        statement("connect:ListQueues", arn),
        statement("connect:Delete*", "*"),
        statement("connect:DeleteQueue", f"{arn}/queue/*", effect="Deny")))
    connect = case.client("connect", credentials=assume(case))
    made = connect.create_queue(InstanceId=instance, Name="Sales", HoursOfOperationId=hours)
    connect.describe_queue(InstanceId=instance, QueueId=queue)
    connect.list_queues(InstanceId=instance)
    message = denied("connect:DescribeQueue", lambda: connect.describe_queue(InstanceId=instance, QueueId=made["QueueId"]))
    assert f"on resource: {made['QueueArn']} because no identity-based policy allows" in message, message
    message = denied("connect:DeleteQueue", lambda: connect.delete_queue(InstanceId=instance, QueueId=made["QueueId"]))
    assert "with an explicit deny in an identity-based policy" in message, message
    message = denied("connect:ListInstances", connect.list_instances)
    assert "on resource: *" in message, message


def test_objects_need_actions_on_bucket_and_key(case):
    iam = strict(case)
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(case.account))
    iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=policy(
        statement(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::acme-*/trunkline/*")))
    bucket = f"acme-{case.account}"
    case.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": support.REGION})
    s3 = case.client("s3", credentials=assume(case))
    s3.put_object(Bucket=bucket, Key="trunkline/a", Body=b"x")
    s3.head_object(Bucket=bucket, Key="trunkline/a")
    message = denied("s3:PutObject", lambda: s3.put_object(Bucket=bucket, Key="other", Body=b"x"))
    assert f"arn:aws:s3:::{bucket}/other" in message, message
    denied("s3:ListBucket", lambda: s3.list_objects_v2(Bucket=bucket))


def test_associations_need_what_connect_does_for_the_caller(case):
    iam, instance = strict(case), case.instance
    function = a_function(case)
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(case.account))
    connect = case.client("connect", credentials=assume(case))
    associate = lambda: connect.associate_lambda_function(InstanceId=instance, FunctionArn=function)
    allow = lambda *actions: iam.put_role_policy(
        RoleName="deploy", PolicyName="p", PolicyDocument=policy(statement(list(actions))))
    allow("connect:AssociateLambdaFunction")
    assert function in denied("lambda:AddPermission", associate)
    allow("connect:AssociateLambdaFunction", "lambda:AddPermission")
    associate()


def test_managed_policies_allow_as_inline_ones_do(case):
    iam = strict(case)
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(case.account))
    connect = case.client("connect", credentials=assume(case))
    denied("connect:ListInstances", connect.list_instances)
    arn = iam.create_policy(PolicyName="read", PolicyDocument=policy(statement("connect:List*")))["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::{case.account}:policy/read", arn
    iam.attach_role_policy(RoleName="deploy", PolicyArn=arn)
    connect.list_instances()
    assert iam.list_attached_role_policies(RoleName="deploy")["AttachedPolicies"] == [
        {"PolicyName": "read", "PolicyArn": arn}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(statement("s3:*")), SetAsDefault=True)
    assert version["PolicyVersion"]["VersionId"] == "v2"
    denied("connect:ListInstances", connect.list_instances)
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "connect:List*", document
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    support.refused("DeleteConflict", 409, lambda: iam.delete_role(RoleName="deploy"))
    support.refused("DeleteConflict", 409, lambda: iam.delete_policy(PolicyArn=arn))
    support.refused("DeleteConflict", 409, lambda: iam.delete_policy_version(PolicyArn=arn, VersionId="v2"))
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.detach_role_policy(RoleName="deploy", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName="deploy")


def test_roles_are_listed_and_changed(case):
    iam = case.client("iam")
    iam.create_role(RoleName="deploy", Path="/tools/", AssumeRolePolicyDocument=trust(case.account))
    iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=policy(statement("*")))
    assert iam.list_role_policies(RoleName="deploy")["PolicyNames"] == ["p"]
    assert [r["Arn"] for r in iam.list_roles(PathPrefix="/tools/")["Roles"]] == [
        f"arn:aws:iam::{case.account}:role/tools/deploy"]
    case.lab.post("/_lab/faults", {"service": "iam", "operation": "ListRoles", "account": case.account, "do": "error"})
    support.refused("ServiceFailure", 500, iam.list_roles)
    iam.update_role(RoleName="deploy", Description="deploys", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=trust("111122223333"))
    role = iam.get_role(RoleName="deploy")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("deploys", 7200)
    assert role["AssumeRolePolicyDocument"] == json.loads(trust("111122223333"))


def test_what_is_missing_or_malformed_is_refused(case):
    iam, arn = case.client("iam"), f"arn:aws:iam::{case.account}:policy/none"
    for call in (lambda: iam.list_role_policies(RoleName="none"), lambda: iam.get_policy(PolicyArn=arn),
                 lambda: iam.list_attached_role_policies(RoleName="none"), lambda: iam.delete_policy(PolicyArn=arn),
                 lambda: iam.update_role(RoleName="none"), lambda: iam.list_policy_versions(PolicyArn=arn),
                 lambda: iam.get_policy_version(PolicyArn=arn, VersionId="v1"),
                 lambda: iam.delete_policy_version(PolicyArn=arn, VersionId="v1"),
                 lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(statement("*"))),
                 lambda: iam.attach_role_policy(RoleName="none", PolicyArn=arn),
                 lambda: iam.detach_role_policy(RoleName="none", PolicyArn=arn),
                 lambda: iam.update_assume_role_policy(RoleName="none", PolicyDocument=policy(statement("*"))),
                 lambda: iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{case.account}:role/none",
                                                       ActionNames=["connect:ListQueues"])):
        support.refused("NoSuchEntity", 404, call)
    support.refused("MalformedPolicyDocument", 400, lambda: iam.create_policy(PolicyName="bad", PolicyDocument="{"))


def test_a_simulation_says_what_the_lab_then_does(case):
    iam, instance = strict(case), case.instance
    arn = f"arn:aws:connect:{support.REGION}:{case.account}:instance/{instance}"
    role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(case.account))["Role"]["Arn"]
    iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=policy(
        statement("connect:List*"), statement("connect:ListUsers", effect="Deny"),
        statement("connect:UpdateQueueStatus", f"{arn}/*")))

    def decisions(*actions, **members):
        results = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=list(actions), **members)
        return {(r["EvalActionName"], r["EvalResourceName"]): r["EvalDecision"] for r in results["EvaluationResults"]}

    assert decisions("connect:ListQueues", "connect:ListUsers", "connect:CreateQueue") == {
        ("connect:ListQueues", "*"): "allowed", ("connect:ListUsers", "*"): "explicitDeny",
        ("connect:CreateQueue", "*"): "implicitDeny"}
    other = f"arn:aws:connect:{support.REGION}:{case.account}:instance/other/queue/q"
    assert decisions("connect:UpdateQueueStatus", ResourceArns=[f"{arn}/queue/q", other]) == {
        ("connect:UpdateQueueStatus", f"{arn}/queue/q"): "allowed", ("connect:UpdateQueueStatus", other): "implicitDeny"}
    connect = case.client("connect", credentials=assume(case))
    connect.list_queues(InstanceId=instance)
    denied("connect:ListUsers", lambda: connect.list_users(InstanceId=instance))


def test_a_source_identity_needs_the_trust_policys_word(case):
    iam = strict(case)
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(case.account, condition=EXTERNAL))
    assume(case, ExternalId="acme")
    denied("sts:SetSourceIdentity", lambda: assume(case, ExternalId="acme", SourceIdentity="jane"))
    iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=trust(
        case.account, ["sts:AssumeRole", "sts:SetSourceIdentity"], EXTERNAL))
    assume(case, ExternalId="acme", SourceIdentity="jane")
    denied("sts:TagSession", lambda: assume(case, ExternalId="acme", Tags=[{"Key": "team", "Value": "cc"}]))
    denied("sts:AssumeRole", lambda: assume(case, SourceIdentity="jane"))


def test_a_source_identity_goes_with_the_chain_and_cannot_be_changed(case):
    iam = strict(case)
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    for name in ("first", "second"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(case.account, both))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(statement(both)))
    sts = case.client("sts", credentials=assume(case, "first", SourceIdentity="jane"))
    made = sts.assume_role(RoleArn=f"arn:aws:iam::{case.account}:role/second", RoleSessionName="monday")
    assert made["SourceIdentity"] == "jane", made
    denied("sts:SetSourceIdentity", lambda: assume(case, "second", client=sts, SourceIdentity="joe"))
