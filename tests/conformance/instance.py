"""The instance: made with AWS's defaults, its attributes, storage, origins, security keys, associations."""
import samples
import support

def test_a_new_instance_comes_with_defaults(case):
    flows = support.names(support.pages(lambda **k: case.call("list_contact_flows", **k), "ContactFlowSummaryList"))
    assert "Default customer queue" in flows and "Default agent whisper" in flows, flows
    assert support.names(case.call("list_hours_of_operations")["HoursOfOperationSummaryList"]) == ["Basic Hours"]
    assert support.names(case.call("list_queues", QueueTypes=["STANDARD"])["QueueSummaryList"]) == ["BasicQueue"]
    profiles = support.names(case.call("list_security_profiles")["SecurityProfileSummaryList"])
    assert {"Admin", "Agent", "CallCenterManager", "QualityAnalyst"} <= set(profiles), profiles
    statuses = support.names(case.call("list_agent_statuses")["AgentStatusSummaryList"])
    assert {"Available", "Offline"} <= set(statuses), statuses


def test_two_instances_have_different_ids_for_their_defaults(case):
    mine = case.call("list_queues")["QueueSummaryList"]
    second = support.make_instance(case.connect, f"second-{case.account}")
    theirs = case.connect.list_queues(InstanceId=second)["QueueSummaryList"]
    assert not {q["Id"] for q in mine} & {q["Id"] for q in theirs}


def test_instances_are_listed_and_deleted(case):
    support.make_instance(case.connect, f"gone-{case.account}")
    listed = support.pages(case.connect.list_instances, "InstanceSummaryList", size=1)
    made = next(i for i in listed if i["InstanceAlias"] == f"gone-{case.account}")
    case.connect.delete_instance(InstanceId=made["Id"])
    support.wait_until("the instance is gone", lambda: made["Id"] not in [
        i["Id"] for i in support.pages(case.connect.list_instances, "InstanceSummaryList")])


def test_an_alias_is_taken_once(case):
    alias = case.call("describe_instance")["Instance"]["InstanceAlias"]
    other = case.client("connect", account=case.other_account())
    support.refused("InvalidRequestException", 400, lambda: other.create_instance(
        IdentityManagementType="CONNECT_MANAGED", InstanceAlias=alias, InboundCallsEnabled=True,
        OutboundCallsEnabled=True))


def test_a_token_of_a_page_that_never_was_is_refused(case):
    support.refused("InvalidRequestException", 400, lambda: case.connect.list_instances(NextToken="nonsense"))


def test_attributes_are_read_and_set(case):
    pages = support.pages(lambda **k: case.call("list_instance_attributes", **k), "Attributes", size=3)
    assert len(pages) == len({a["AttributeType"] for a in pages}) > 7
    for value in ("true", "false"):
        case.call("update_instance_attribute", AttributeType="CONTACTFLOW_LOGS", Value=value)
        read = case.call("describe_instance_attribute", AttributeType="CONTACTFLOW_LOGS")["Attribute"]
        assert read == {"AttributeType": "CONTACTFLOW_LOGS", "Value": value}
    case.refused("InvalidParameterException", 400, "update_instance_attribute",
                 AttributeType="CONTACTFLOW_LOGS", Value="perhaps")


def test_a_resource_type_has_one_storage(case):
    case.client("s3").create_bucket(Bucket="acme-calls-" + case.account,
                                    CreateBucketConfiguration={"LocationConstraint": support.REGION})
    storage = {"StorageType": "S3", "S3Config": {"BucketName": "acme-calls-" + case.account, "BucketPrefix": "calls"}}
    made = case.call("associate_instance_storage_config", ResourceType="CALL_RECORDINGS", StorageConfig=storage)
    case.refused("ResourceConflictException", 409, "associate_instance_storage_config",
                 ResourceType="CALL_RECORDINGS", StorageConfig=storage)
    one = {"ResourceType": "CALL_RECORDINGS", "AssociationId": made["AssociationId"]}
    storage["S3Config"]["BucketPrefix"] = "other"
    case.call("update_instance_storage_config", StorageConfig=storage, **one)
    read = case.call("describe_instance_storage_config", **one)["StorageConfig"]
    assert read["S3Config"]["BucketPrefix"] == "other"
    listed = case.call("list_instance_storage_configs", ResourceType="CALL_RECORDINGS")["StorageConfigs"]
    assert [c["AssociationId"] for c in listed] == [made["AssociationId"]]
    case.call("disassociate_instance_storage_config", **one)
    case.refused("ResourceNotFoundException", 404, "describe_instance_storage_config", **one)


def test_origins_are_a_set(case):
    case.call("associate_approved_origin", Origin="https://crm.example.com")
    case.refused("ResourceConflictException", 409, "associate_approved_origin", Origin="https://crm.example.com")
    case.call("associate_approved_origin", Origin="https://b.example.com")
    origins = support.pages(lambda **k: case.call("list_approved_origins", **k), "Origins", size=1)
    assert sorted(origins) == ["https://b.example.com", "https://crm.example.com"]
    case.call("disassociate_approved_origin", Origin="https://crm.example.com")
    assert case.call("list_approved_origins")["Origins"] == ["https://b.example.com"]
    case.refused("ResourceNotFoundException", 404, "disassociate_approved_origin", Origin="https://crm.example.com")


def test_two_security_keys_and_no_third(case):
    made = [case.call("associate_security_key", Key=samples.PEM.replace("T", t))["AssociationId"] for t in "UV"]
    case.refused("ServiceQuotaExceededException", 402, "associate_security_key", Key=samples.PEM)
    listed = support.pages(lambda **k: case.call("list_security_keys", **k), "SecurityKeys", size=1)
    assert {k["AssociationId"] for k in listed} == set(made)
    case.call("disassociate_security_key", AssociationId=made[0])
    case.refused("ResourceNotFoundException", 404, "disassociate_security_key", AssociationId=made[0])
    assert len(case.call("list_security_keys")["SecurityKeys"]) == 1
