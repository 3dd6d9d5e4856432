"""Secrets Manager: secrets, the versions that their values have, and what deletion leaves."""
import uuid

import support


def make(case, name="crm/api", **members):
    members = members or {"SecretString": "one"}
    return case.client("secretsmanager").create_secret(Name=name, **members)


def value(case, **members):
    return case.client("secretsmanager").get_secret_value(SecretId="crm/api", **members)


def test_a_secret_is_found_by_name_and_by_arn(case):
    made = make(case)
    start = f"arn:aws:secretsmanager:{support.REGION}:{case.account}:secret:crm/api-"
    assert made["ARN"].startswith(start) and len(made["ARN"]) == len(start) + 6, made
    secrets = case.client("secretsmanager")
    for name in ("crm/api", made["ARN"], start[:-1]):
        answer = secrets.get_secret_value(SecretId=name)
        assert (answer["SecretString"], answer["VersionStages"]) == ("one", ["AWSCURRENT"]), answer
        assert (answer["ARN"], answer["VersionId"]) == (made["ARN"], made["VersionId"]), answer
    support.refused("ResourceNotFoundException", 400, lambda: secrets.get_secret_value(SecretId="crm"))
    support.refused("ResourceNotFoundException", 400, lambda: secrets.describe_secret(SecretId="crm"))


def test_stages_move_from_version_to_version(case):
    secrets = case.client("secretsmanager")
    first = make(case)["VersionId"]
    second = secrets.put_secret_value(SecretId="crm/api", SecretString="two")
    assert second["VersionStages"] == ["AWSCURRENT"], second
    assert value(case)["SecretString"] == "two"
    assert value(case, VersionStage="AWSPREVIOUS")["VersionId"] == first
    third = secrets.update_secret(SecretId="crm/api", SecretString="three", Description="of the CRM")["VersionId"]
    assert value(case, VersionStage="AWSPREVIOUS")["SecretString"] == "two"
    assert value(case, VersionId=first)["SecretString"] == "one"
    stages = secrets.describe_secret(SecretId="crm/api")
    wanted = {second["VersionId"]: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}
    assert stages["VersionIdsToStages"] == wanted and stages["Description"] == "of the CRM", stages
    secrets.put_secret_value(SecretId="crm/api", SecretString="next", VersionStages=["NEXT"])
    assert value(case)["SecretString"] == "three" and value(case, VersionStage="NEXT")["SecretString"] == "next"
    support.refused("InvalidRequestException", 400, lambda: value(case, VersionId=first, VersionStage="NEXT"))
    support.refused("ResourceNotFoundException", 400, lambda: value(case, VersionStage="NONE"))
    support.refused("ResourceNotFoundException", 400, lambda: value(case, VersionId=str(uuid.uuid4())))


def test_a_value_may_be_bytes_or_absent(case):
    secrets = case.client("secretsmanager")
    make(case, SecretBinary=b"\x00\xff")
    assert value(case)["SecretBinary"] == b"\x00\xff" and "SecretString" not in value(case)
    assert "VersionId" not in make(case, "empty", Description="to be filled")
    support.refused("ResourceNotFoundException", 400, lambda: secrets.get_secret_value(SecretId="empty"))
    support.refused("InvalidParameterException", 400, lambda: make(case, "both", SecretBinary=b"a", SecretString="a"))
    support.refused("InvalidRequestException", 400, lambda: secrets.put_secret_value(SecretId="empty"))


def test_the_same_again_changes_nothing(case):
    secrets, token = case.client("secretsmanager"), str(uuid.uuid4())
    made = make(case, SecretString="one", ClientRequestToken=token)
    assert made["VersionId"] == token
    assert make(case, SecretString="one", ClientRequestToken=token)["ARN"] == made["ARN"]
    support.refused("ResourceExistsException", 400, lambda: make(case))
    put = lambda text: secrets.put_secret_value(SecretId="crm/api", SecretString=text, ClientRequestToken=token)
    assert put("one")["VersionId"] == token
    support.refused("ResourceExistsException", 400, lambda: put("two"))
    support.refused("ResourceExistsException", 400, lambda: secrets.update_secret(
        SecretId="crm/api", SecretString="two", ClientRequestToken=token))


def test_secrets_are_listed_by_filters_and_in_pages(case):
    secrets = case.client("secretsmanager")
    make(case, "crm/api", SecretString="a", Tags=[{"Key": "team", "Value": "crm"}])
    make(case, "crm/db", SecretString="a", Description="of the base")
    make(case, "web", SecretString="a")
    names = lambda **k: [s["Name"] for s in secrets.list_secrets(**k)["SecretList"]]
    assert names() == ["web", "crm/db", "crm/api"], "the newest is first"
    assert names(SortOrder="asc") == ["crm/api", "crm/db", "web"]
    keyed = lambda key, *values: names(Filters=[{"Key": key, "Values": list(values)}])
    assert keyed("name", "crm/") == ["crm/db", "crm/api"]
    assert keyed("name", "!crm/") == ["web"]
    assert keyed("tag-key", "team") == ["crm/api"] and keyed("tag-value", "crm") == ["crm/api"]
    assert keyed("description", "of the") == ["crm/db"]
    paged = support.pages(lambda **k: secrets.list_secrets(**k), "SecretList", 2)
    assert len(paged) == 3, paged
    assert list(secrets.list_secrets()["SecretList"][0]["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]
    support.refused("InvalidNextTokenException", 400, lambda: secrets.list_secrets(NextToken="none"))


def test_a_deleted_secret_can_be_restored_until_it_is_gone(case):
    secrets = case.client("secretsmanager")
    arn = make(case)["ARN"]
    assert secrets.delete_secret(SecretId="crm/api", RecoveryWindowInDays=7)["ARN"] == arn
    support.refused("InvalidRequestException", 400, lambda: value(case))
    support.refused("InvalidRequestException", 400, lambda: make(case))
    support.refused("InvalidRequestException", 400, lambda: secrets.delete_secret(SecretId="crm/api"))
    assert "DeletedDate" in secrets.describe_secret(SecretId="crm/api")
    assert secrets.list_secrets()["SecretList"] == []
    assert len(secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 1
    secrets.restore_secret(SecretId="crm/api")
    assert value(case)["SecretString"] == "one"
    secrets.delete_secret(SecretId="crm/api", ForceDeleteWithoutRecovery=True)
    support.refused("ResourceNotFoundException", 400, lambda: secrets.restore_secret(SecretId="crm/api"))
    assert make(case)["ARN"] != arn, "it is another secret"
    support.refused("InvalidParameterException", 400, lambda: secrets.delete_secret(
        SecretId="crm/api", ForceDeleteWithoutRecovery=True, RecoveryWindowInDays=7))
