"""The oracle agrees with what the program deploys, and notices whatever is changed by hand."""
import pathlib
import tempfile

import expect
import instance
import mutations
import project
import stage


def deployed(case):
    """An account with the whole project deployed; folder, client, and the ARNs of what was there."""
    connect = stage.seed(case.lab.url, case.account)
    known = instance.Instance(case.lab.url, case.account, stage.REGION, f"acme-{case.account}").arns()
    folder = stage.project(pathlib.Path(tempfile.mkdtemp(dir=case.suite.folder)) / "project", case.account)
    done = stage.trunkline(case.suite.binary, folder, case.lab.url, case.account,
                           "apply", "--env", "prod", "--yes", "--include", "users")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, connect, known


def test_a_deployed_project_is_what_its_documents_say(case):
    folder, _, known = deployed(case)
    found = expect.differences(folder, "prod", case.lab.url, users=True, known=known)
    assert found == [], "\n".join(found)


def test_every_change_by_hand_is_noticed_and_nothing_else(case):
    folder, connect, known = deployed(case)
    s3 = instance.client("s3", case.lab.url, case.account, stage.REGION)
    seen = set()
    for wanted, call, input_ in mutations.ROWS:
        found = instance.Instance(case.lab.url, case.account, stage.REGION, f"acme-{case.account}")
        find = mutations.Find(found, s3)
        more = {} if call.startswith("-") else {"InstanceId": find.id}
        getattr(connect, call.lstrip("-"))(**more, **input_(find))
        # What earlier rows changed stays changed.
        lines = set(expect.differences(folder, "prod", case.lab.url, users=True, known=known))
        new, seen = sorted(lines - seen), seen | lines
        prefixes = wanted.split("|")
        assert len(new) == len(prefixes), (wanted, call, new)
        assert all(line.startswith(p) for line, p in zip(new, prefixes)), (wanted, new)


def test_every_kind_is_changed_by_some_row(case):
    kinds = {row[0].split(":")[0] for row in mutations.ROWS}
    assert kinds == set(project.FOLDERS.values()), set(project.FOLDERS.values()) - kinds
