"""STS, IAM and S3: who the caller is, which roles may be assumed and what they may do, objects."""
import json
import urllib.request

import botocore.exceptions
import kinds
import support

ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def trust(account, external=None):
    """A trust policy for one account, with an external id where it is given."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    if external:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(case, account, name="deploy", trusts=None, policy=ALLOW_ALL, external=None):
    """Makes a role in an account; its ARN."""
    iam = case.client("iam", account=account)
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(trusts or case.account, external)))
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    return made["Role"]["Arn"]


def assume(case, arn, **members):
    made = case.client("sts").assume_role(RoleArn=arn, RoleSessionName="session", **members)["Credentials"]
    return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"]}


def test_a_key_of_twelve_digits_is_its_account(case):
    assert case.client("sts").get_caller_identity()["Account"] == case.account


def test_assumed_credentials_belong_to_the_roles_account(case):
    other = case.other_account()
    keys = assume(case, role(case, other))
    who = case.client("sts", credentials=keys).get_caller_identity()
    assert who["Account"] == other and who["Arn"] == f"arn:aws:sts::{other}:assumed-role/deploy/session", who
    instance = support.make_instance(case.client("connect", credentials=keys), f"role-{other}")
    assert instance in [i["Id"] for i in case.client("connect", account=other).list_instances()["InstanceSummaryList"]]


def test_a_wrong_secret_is_refused(case):
    keys = {"aws_access_key_id": case.account, "aws_secret_access_key": "wrong"}
    support.refused("SignatureDoesNotMatch", 403, case.client("sts", credentials=keys).get_caller_identity)
    connect = case.client("connect", credentials=keys)
    try:
        connect.list_instances()
    except botocore.exceptions.ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
    else:
        raise AssertionError("a wrong secret was accepted")
    case.connect.list_instances()


def test_a_strict_lab_refuses_roles_that_were_never_created(case):
    case.start_lab("--no-throttle", "--strict-roles")
    other = case.other_account()
    arn = f"arn:aws:iam::{other}:role/deploy"
    support.refused("AccessDenied", 403, lambda: assume(case, arn))
    role(case, other)
    assume(case, arn)


def test_a_strict_lab_enforces_trust_and_external_id(case):
    case.start_lab("--no-throttle", "--strict-roles")
    other = case.other_account()
    stranger = role(case, other, "stranger", trusts=case.other_account())
    support.refused("AccessDenied", 403, lambda: assume(case, stranger))
    named = role(case, other, "named", external="secret-word")
    support.refused("AccessDenied", 403, lambda: assume(case, named))
    support.refused("AccessDenied", 403, lambda: assume(case, named, ExternalId="other"))
    assume(case, named, ExternalId="secret-word")


def test_a_strict_lab_enforces_the_roles_policy(case):
    case.start_lab("--no-throttle", "--strict-roles")
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["connect:Describe*", "connect:List*"], "Resource": "*"}]}
    keys = assume(case, role(case, case.account, policy=policy))
    connect, instance = case.client("connect", credentials=keys), case.instance
    connect.list_queues(InstanceId=instance)
    document = support.refused("AccessDeniedException", 403, lambda: connect.create_agent_status(
        InstanceId=instance, Name="Lunch", State="ENABLED"))
    assert "connect:CreateAgentStatus" in document["Error"]["Message"], document
    case.call("create_agent_status", Name="Lunch", State="ENABLED")


def test_roles_are_made_read_and_deleted(case):
    iam = case.client("iam")
    role(case, case.account)
    support.refused("EntityAlreadyExists", 409, lambda: role(case, case.account))
    assert iam.get_role(RoleName="deploy")["Role"]["RoleName"] == "deploy"
    assert iam.get_role_policy(RoleName="deploy", PolicyName="all")["PolicyDocument"] == ALLOW_ALL
    support.refused("DeleteConflict", 409, lambda: iam.delete_role(RoleName="deploy"))
    iam.delete_role_policy(RoleName="deploy", PolicyName="all")
    iam.delete_role(RoleName="deploy")
    missing = [lambda: iam.get_role(RoleName="deploy"), lambda: iam.delete_role(RoleName="deploy"),
               lambda: iam.get_role_policy(RoleName="deploy", PolicyName="all"),
               lambda: iam.delete_role_policy(RoleName="deploy", PolicyName="all"),
               lambda: iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=json.dumps(ALLOW_ALL))]
    for call in missing:
        support.refused("NoSuchEntity", 404, call)


def test_a_policy_that_is_no_json_is_refused(case):
    support.refused("MalformedPolicyDocument", 400, lambda: case.client("iam").create_role(
        RoleName="bad", AssumeRolePolicyDocument="{"))


def test_a_session_ends_when_it_expires(case):
    case.start_lab("--no-throttle")
    keys = assume(case, role(case, case.account))
    sts = case.client("sts", credentials=keys)
    sts.get_caller_identity()
    case.lab.post("/_lab/expire-sessions", {})
    support.refused("ExpiredToken", 403, sts.get_caller_identity)


def test_a_web_identity_assumes_a_role(case):
    sts, arn = case.client("sts"), role(case, case.account)
    made = sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="build", WebIdentityToken="header.payload.sign")
    assert made["Credentials"]["AccessKeyId"] and made["AssumedRoleUser"]["Arn"].endswith("assumed-role/deploy/build")


def test_sts_refuses_a_policy_and_a_token_that_cannot_be_read(case):
    sts, arn = case.client("sts"), role(case, case.account)
    support.refused("MalformedPolicyDocument", 400, lambda: sts.assume_role(RoleArn=arn, RoleSessionName="session", Policy="{"))
    support.refused("InvalidIdentityToken", 400, lambda: sts.assume_role_with_web_identity(
        RoleArn=arn, RoleSessionName="build", WebIdentityToken="nonsense"))
    assume(case, arn, Policy=json.dumps(ALLOW_ALL))


def test_objects_are_put_read_listed_and_deleted(case):
    s3, bucket = case.client("s3"), f"acme-{case.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": support.REGION})
    s3.head_bucket(Bucket=bucket)
    assert bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    for key in ("a/one.wav", "a/two +é.wav", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), ContentType="audio/wav")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert s3.head_object(Bucket=bucket, Key="b")["ContentLength"] == 1
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="a/")["Contents"]
    assert [o["Key"] for o in listed] == ["a/one.wav", "a/two +é.wav"]
    support.refused("BucketNotEmpty", 409, lambda: s3.delete_bucket(Bucket=bucket))
    for key in ("a/one.wav", "a/two +é.wav", "b"):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)


def test_objects_and_buckets_that_are_missing_are_refused(case):
    s3, bucket = case.client("s3"), f"acme-{case.account}"
    for call in (lambda: s3.list_objects_v2(Bucket=bucket), lambda: s3.get_object(Bucket=bucket, Key="k"),
                 lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"x"), lambda: s3.delete_bucket(Bucket=bucket),
                 lambda: s3.delete_object(Bucket=bucket, Key="k")):
        support.refused("NoSuchBucket", 404, call)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": support.REGION})
    support.refused("NoSuchKey", 404, lambda: s3.get_object(Bucket=bucket, Key="k"))
    support.refused("404", 404, lambda: s3.head_object(Bucket=bucket, Key="k"))
    support.refused("404", 404, lambda: s3.head_bucket(Bucket=bucket + "-no"))
    support.refused("BucketAlreadyOwnedByYou", 409, lambda: s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": support.REGION}))


def test_a_presigned_url_takes_a_body(case):
    bucket = kinds.prompt(case)["S3Uri"].split("/")[2]
    s3 = case.client("s3")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "new"})
    urllib.request.urlopen(urllib.request.Request(url, b"bytes", method="PUT"), timeout=60).close()
    assert s3.get_object(Bucket=bucket, Key="new")["Body"].read() == b"bytes"
