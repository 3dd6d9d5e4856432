"""The AWS CLI on the lab: a handful of commands for each kind, and how its errors look."""
import functools
import json
import os

import botocore
import kinds
import support


NAME = "from-the-cli"


def words(members):
    """Members as the CLI's options."""
    for name, value in members.items():
        text = botocore.xform_name(name, "-")
        if isinstance(value, (dict, list)):
            yield from (f"--{text}", json.dumps(value))
        else:
            yield from (f"--{text}", str(value))


def command(case, method, **members):
    return case.cli("connect", method.replace("_", "-"), "--instance-id", case.instance, *words(members))


def makes_reads_searches_and_deletes(case, kind):
    answer = command(case, kind.create, **{kind.name: NAME}, **kind.make(case))
    made = functools.reduce(lambda a, part: a[part], kind.made.split("."), answer) if kind.made else NAME
    read = command(case, kind.describe, **{kind.label: made})[kind.described]
    assert read[kind.printed] == NAME
    assert NAME in support.names(command(case, kind.list)[kind.listed], kind.summary)
    support.wait_until("the search finds it", lambda: NAME in [
        h.get(kind.printed) for h in command(case, kind.search)[kind.found]])
    if kind.delete:
        command(case, kind.delete, **{kind.label: made})
        assert NAME not in support.names(command(case, kind.list)[kind.listed], kind.summary)


for row in kinds.KINDS:
    globals()[f"test_{row.noun}"] = functools.partial(makes_reads_searches_and_deletes, kind=row)


def test_who_the_caller_is(case):
    assert case.cli("sts", "get-caller-identity")["Account"] == case.account


def test_an_error_ends_with_its_name(case):
    done = case.cli("connect", "describe-queue", "--instance-id", case.instance, "--queue-id",
                    kinds.KINDS[0].missing, check=False)
    assert done.returncode != 0 and "ResourceNotFoundException" in done.stderr, done.stderr


def test_files_go_to_a_bucket_and_back(case):
    source = os.path.join(case.suite.folder, f"{case.account}.txt")
    with open(source, "w", encoding="utf-8") as file:
        file.write("hello")
    case.cli("s3api", "create-bucket", "--bucket", f"cli-{case.account}", "--create-bucket-configuration",
             f"LocationConstraint={support.REGION}")
    case.cli("s3api", "put-object", "--bucket", f"cli-{case.account}", "--key", "k", "--body", source)
    case.cli("s3api", "get-object", "--bucket", f"cli-{case.account}", "--key", "k", source + ".back")
    with open(source + ".back", encoding="utf-8") as file:
        assert file.read() == "hello"
