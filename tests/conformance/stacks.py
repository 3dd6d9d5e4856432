"""CloudFormation: stacks of roles and policies, in JSON and YAML, their updates, failures and change sets."""
import json
import os
import tempfile

import support

YAML = """
AWSTemplateFormatVersion: '2010-09-09'
Description: The role that deploys
Parameters:
  ToolsAccount: {Type: String, AllowedPattern: '[0-9]{12}'}
  ExternalId: {Type: String, Default: '', NoEcho: true}
  RoleName: {Type: String, Default: acme-deploy}
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, '']]
Resources:
  Deploy:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      MaxSessionDuration: 3600
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Action: [sts:AssumeRole, sts:SetSourceIdentity]
            Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${ToolsAccount}:root'}
            Condition: !If [HasExternalId, {StringEquals: {'sts:ExternalId': !Ref ExternalId}}, !Ref 'AWS::NoValue']
      ManagedPolicyArns: [!Ref Read]
      Policies:
        - PolicyName: write
          PolicyDocument:
            Version: '2012-10-17'
            Statement: [{Effect: Allow, Action: 'connect:Create*', Resource: !Sub 'arn:${AWS::Partition}:connect:*:${AWS::AccountId}:*'}]
  Read:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: !Join ['-', [!Ref RoleName, read]]
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'connect:List*', Resource: '*'}]}
Outputs:
  RoleArn: {Value: !GetAtt Deploy.Arn, Description: For trunkline.yaml}
"""


def role_template(policy="connect:List*", **properties):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": policy, "Resource": "*"}]}
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}}]}
    return json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": trust, "Policies": [{"PolicyName": "p", "PolicyDocument": document}], **properties}}}})


def parameters(**values):
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()]


def one(case, name="roles"):
    return case.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def test_a_stack_makes_a_role_that_can_be_assumed(case):
    case.start_lab("--no-throttle", "--strict-roles")
    stacks, tools = case.client("cloudformation"), case.other_account()
    made = stacks.create_stack(StackName="roles", TemplateBody=YAML, Capabilities=["CAPABILITY_NAMED_IAM"],
                               Parameters=parameters(ToolsAccount=tools, ExternalId="secret"))
    stacks.get_waiter("stack_create_complete").wait(StackName="roles")
    stack = one(case)
    assert (stack["StackId"], stack["StackStatus"]) == (made["StackId"], "CREATE_COMPLETE"), stack
    arn = f"arn:aws:iam::{case.account}:role/acme-deploy"
    assert stack["Outputs"] == [{"OutputKey": "RoleArn", "OutputValue": arn, "Description": "For trunkline.yaml"}], stack
    assert {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}["ExternalId"] == "****"
    keys = case.client("sts", account=tools).assume_role(
        RoleArn=arn, RoleSessionName="run", ExternalId="secret", SourceIdentity="jane")["Credentials"]
    connect = case.client("connect", credentials={
        "aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"]})
    connect.list_instances()
    support.refused("AccessDeniedException", 403, lambda: connect.describe_instance(InstanceId="00000000-0000-4000-8000-000000000000"))
    kinds = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in stacks.describe_stack_resources(StackName="roles")["StackResources"]}
    assert kinds == {"Read": f"arn:aws:iam::{case.account}:policy/acme-deploy-read", "Deploy": "acme-deploy"}, kinds
    assert stacks.get_template(StackName="roles")["TemplateBody"] == YAML


def test_a_template_is_validated(case):
    stacks = case.client("cloudformation")
    seen = stacks.validate_template(TemplateBody=YAML)
    assert seen["Capabilities"] == ["CAPABILITY_NAMED_IAM"] and seen["Description"] == "The role that deploys", seen
    assert [p["ParameterKey"] for p in seen["Parameters"]] == ["ToolsAccount", "ExternalId", "RoleName"], seen
    summary = stacks.get_template_summary(TemplateBody=YAML)
    assert sorted(summary["ResourceTypes"]) == ["AWS::IAM::ManagedPolicy", "AWS::IAM::Role"], summary
    for bad, word in (("{", "JSON not well-formed"), ("Resources: {}", "At least one Resources member"),
                      ("Resources: {Q: {Type: 'AWS::Connect::Queue'}}", "AWS::Connect::Queue"),
                      ("Mappings: {}\nResources: {}", "Mappings"), (role_template(PermissionsBoundary="x"), "PermissionsBoundary"),
                      (role_template(Description={"Ref": "Nobody"}), "[Nobody]")):
        document = support.refused("ValidationError", 400, lambda: stacks.validate_template(TemplateBody=bad))
        assert word in document["Error"]["Message"], document


def test_capabilities_parameters_and_names_are_demanded(case):
    stacks = case.client("cloudformation")
    create = lambda body, **more: stacks.create_stack(StackName="roles", TemplateBody=body, **more)
    named = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    support.refused("InsufficientCapabilitiesException", 400, lambda: create(role_template()))
    support.refused("InsufficientCapabilitiesException", 400, lambda: create(
        role_template(RoleName="mine"), Capabilities=["CAPABILITY_IAM"]))
    document = support.refused("ValidationError", 400, lambda: create(YAML, **named))
    assert "Parameters: [ToolsAccount] must have values" in document["Error"]["Message"], document
    support.refused("ValidationError", 400, lambda: create(role_template(), Parameters=parameters(Colour="red"), **named))
    for call in (lambda: stacks.describe_stacks(StackName="none"), lambda: stacks.update_stack(
            StackName="none", TemplateBody=role_template(), **named), lambda: stacks.get_template(StackName="none"),
                 lambda: stacks.describe_stack_events(StackName="none")):
        support.refused("ValidationError", 400, call)
    create(role_template(), Capabilities=["CAPABILITY_IAM"], ClientRequestToken="monday")
    support.refused("TokenAlreadyExistsException", 400, lambda: stacks.delete_stack(
        StackName="roles", ClientRequestToken="monday"))
    support.refused("InsufficientCapabilitiesException", 400, lambda: stacks.update_stack(
        StackName="roles", TemplateBody=role_template("s3:*")))
    support.refused("StackSetNotFoundException", 404, lambda: stacks.get_template_summary(StackSetName="none"))
    support.refused("AlreadyExistsException", 400, lambda: create(role_template(), **named))
    name = stacks.describe_stack_resources(StackName="roles")["StackResources"][0]["PhysicalResourceId"]
    assert name.startswith("roles-Role-"), name


def test_a_stack_that_cannot_be_made_rolls_back(case):
    stacks, iam = case.client("cloudformation"), case.client("iam")
    iam.create_role(RoleName="acme-deploy", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    members = {"TemplateBody": YAML, "Parameters": parameters(ToolsAccount="111122223333"),
               "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    stacks.create_stack(StackName="roles", **members)
    assert one(case)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = stacks.describe_stack_events(StackName="roles")["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert failed[0]["LogicalResourceId"] == "Deploy" and "already exists" in failed[0]["ResourceStatusReason"], failed
    arn = f"arn:aws:iam::{case.account}:policy/acme-deploy-read"
    support.refused("NoSuchEntity", 404, lambda: iam.get_policy(PolicyArn=arn))
    assert iam.get_role(RoleName="acme-deploy")["Role"]["RoleName"] == "acme-deploy"
    support.refused("ValidationError", 400, lambda: stacks.update_stack(StackName="roles", **members))
    stacks.delete_stack(StackName="roles")
    iam.delete_role(RoleName="acme-deploy")
    stacks.create_stack(StackName="roles", **members)
    assert one(case)["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_is_updated_and_deleted(case):
    stacks, iam = case.client("cloudformation"), case.client("iam")
    named = {"StackName": "roles", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    identifier = stacks.create_stack(TemplateBody=role_template(RoleName="one"), **named)["StackId"]
    document = support.refused("ValidationError", 400, lambda: stacks.update_stack(UsePreviousTemplate=True, **named))
    assert document["Error"]["Message"] == "No updates are to be performed.", document
    stacks.update_stack(TemplateBody=role_template("connect:*", RoleName="one", Description="new"), **named)
    stacks.get_waiter("stack_update_complete").wait(StackName="roles")
    assert iam.get_role(RoleName="one")["Role"]["Description"] == "new"
    policy = iam.get_role_policy(RoleName="one", PolicyName="p")["PolicyDocument"]
    assert policy["Statement"][0]["Action"] == "connect:*", policy
    stacks.update_stack(TemplateBody=role_template(RoleName="two"), **named)
    support.refused("NoSuchEntity", 404, lambda: iam.get_role(RoleName="one"))
    iam.create_role(RoleName="taken", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    stacks.update_stack(TemplateBody=role_template(RoleName="taken"), **named)
    assert one(case)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE" and iam.get_role(RoleName="two")
    iam.put_role_policy(RoleName="two", PolicyName="mine", PolicyDocument=json.dumps(policy))
    stacks.delete_stack(StackName="roles")
    assert one(case)["StackStatus"] == "DELETE_FAILED"
    iam.delete_role_policy(RoleName="two", PolicyName="mine")
    stacks.delete_stack(StackName="roles")
    support.refused("NoSuchEntity", 404, lambda: iam.get_role(RoleName="two"))
    support.refused("ValidationError", 400, lambda: one(case))
    assert one(case, identifier)["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.describe_stacks()["Stacks"] == []


def test_a_stack_needs_the_permissions_of_its_caller(case):
    case.start_lab("--no-throttle", "--strict-roles")
    iam, document = case.client("iam"), lambda *actions: json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})
    iam.create_role(RoleName="admin", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{case.account}:root"}}]}))
    iam.put_role_policy(RoleName="admin", PolicyName="p", PolicyDocument=document("cloudformation:*"))
    keys = case.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{case.account}:role/admin", RoleSessionName="monday")["Credentials"]
    stacks = case.client("cloudformation", credentials={
        "aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"]})
    create = lambda: stacks.create_stack(StackName="roles", TemplateBody=role_template(), Capabilities=["CAPABILITY_IAM"])
    create()
    events = stacks.describe_stack_events(StackName="roles")["StackEvents"]
    assert any("iam:CreateRole" in e.get("ResourceStatusReason", "") for e in events), events
    stacks.delete_stack(StackName="roles")
    iam.put_role_policy(RoleName="admin", PolicyName="p", PolicyDocument=document("cloudformation:*", "iam:*"))
    create()
    assert one(case)["StackStatus"] == "CREATE_COMPLETE"


def test_change_sets_say_what_they_would_do(case):
    stacks = case.client("cloudformation")
    named = {"StackName": "roles", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    made = stacks.create_change_set(ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=role_template(RoleName="one"), **named)
    assert one(case)["StackStatus"] == "REVIEW_IN_PROGRESS"
    shown = stacks.describe_change_set(ChangeSetName=made["Id"])
    changes = [(c["ResourceChange"]["Action"], c["ResourceChange"]["LogicalResourceId"]) for c in shown["Changes"]]
    assert (shown["Status"], shown["ExecutionStatus"], changes) == ("CREATE_COMPLETE", "AVAILABLE", [("Add", "Role")]), shown
    support.refused("AlreadyExistsException", 400, lambda: stacks.create_change_set(
        ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=role_template(), **named))
    stacks.execute_change_set(ChangeSetName="first", StackName="roles")
    assert one(case)["StackStatus"] == "CREATE_COMPLETE"
    for call in (stacks.execute_change_set, stacks.delete_change_set):
        support.refused("InvalidChangeSetStatus", 400, lambda: call(ChangeSetName="first", StackName="roles"))
    stacks.create_change_set(ChangeSetName="same", TemplateBody=role_template(RoleName="one"), **named)
    same = stacks.describe_change_set(ChangeSetName="same", StackName="roles")
    assert same["Status"] == "FAILED" and "didn't contain changes" in same["StatusReason"], same
    stacks.create_change_set(ChangeSetName="rename", TemplateBody=role_template(RoleName="two"), **named)
    change = stacks.describe_change_set(ChangeSetName="rename", StackName="roles")["Changes"][0]["ResourceChange"]
    assert (change["Action"], change["Replacement"], change["PhysicalResourceId"]) == ("Modify", "True", "one"), change
    stacks.delete_change_set(ChangeSetName="rename", StackName="roles")
    for call in (lambda: stacks.describe_change_set(ChangeSetName="rename", StackName="roles"),
                 lambda: stacks.execute_change_set(ChangeSetName="rename", StackName="roles"),
                 lambda: stacks.get_template(StackName="roles", ChangeSetName="rename")):
        support.refused("ChangeSetNotFound", 404, call)


def test_the_cli_deploys_a_template(case):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "roles.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(YAML)
        words = ["cloudformation", "deploy", "--stack-name", "roles", "--template-file", path, "--capabilities",
                 "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides", "ToolsAccount=111122223333"]
        for expected in ("Successfully created/updated stack - roles", "No changes to deploy"):
            done = case.cli(*words, check=False)
            assert done.returncode == 0 and expected in done.stdout + done.stderr, (done.stdout, done.stderr)
    assert case.client("iam").get_role(RoleName="acme-deploy")["Role"]["MaxSessionDuration"] == 3600
