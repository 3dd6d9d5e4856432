"""What every kind does alike: made, described, listed, searched with its lag, paged, renamed, deleted, refused."""
import functools

import kinds
import support


def listed(case, kind):
    return support.names(support.pages(lambda **k: case.call(kind.list, **k), kind.listed), kind.summary)


def is_described_listed_and_found(case, kind):
    made = kinds.make(case, kind, "Sample-One")
    described = case.call(kind.describe, **{kind.label: made})[kind.described]
    assert described[kind.printed] == "Sample-One", described
    assert "Sample-One" in listed(case, kind)
    case.searched(kind.search, kind.found, kind.printed, "Sample-One")


def is_not_found_at_once(case, kind):
    case.start_lab("--no-throttle", "--search-lag", "600")
    kinds.make(case, kind, "Sample-Two")
    assert "Sample-Two" in listed(case, kind)
    hits = support.pages(lambda **k: case.call(kind.search, **k), kind.found)
    assert "Sample-Two" not in [h.get(kind.printed) for h in hits], "the search index does not lag"


def of_a_taken_name_is_refused(case, kind):
    kinds.make(case, kind, "Twice")
    case.refused("DuplicateResourceException", 409, kind.create, **{kind.name: "Twice"}, **kind.make(case))
    kinds.make(case, kind, "Thrice")


def that_is_missing_is_refused(case, kind):
    case.refused("ResourceNotFoundException", 404, kind.describe, **{kind.label: kind.missing})
    if kind.delete:
        case.refused("ResourceNotFoundException", 404, kind.delete, **{kind.label: kind.missing})


def of_another_account_is_not_seen(case, kind):
    made = kinds.make(case, kind, "Mine")
    other = case.client("connect", account=case.other_account())
    describe = getattr(other, kind.describe)
    support.refused("ResourceNotFoundException", 404,
                    lambda: describe(InstanceId=case.instance, **{kind.label: made}))


def is_paged(case, kind):
    for number in range(5):
        kinds.make(case, kind, f"Page-{number}")
    everything = listed(case, kind)
    small = support.pages(lambda **k: case.call(kind.list, **k), kind.listed, size=2)
    assert support.names(small, kind.summary) == everything
    case.searched(kind.search, kind.found, kind.printed, "Page-4")
    hits = support.pages(lambda **k: case.call(kind.search, **k), kind.found, size=2)
    assert {f"Page-{n}" for n in range(5)} <= {h.get(kind.printed) for h in hits}


def is_renamed(case, kind):
    made = kinds.make(case, kind, "Before")
    kinds.make(case, kind, "Taken")
    case.call(kind.rename, **{kind.label: made, kind.name: "After"})
    assert case.call(kind.describe, **{kind.label: made})[kind.described][kind.printed] == "After"
    case.searched(kind.search, kind.found, kind.printed, "After")
    declared = case.connect.meta.service_model.operation_model(
        case.connect.meta.method_to_api_mapping[kind.rename]).error_shapes
    if "DuplicateResourceException" in [e.name for e in declared]:
        case.refused("DuplicateResourceException", 409, kind.rename, **{kind.label: made, kind.name: "Taken"})


def is_deleted(case, kind):
    made = kinds.make(case, kind, "Short-lived")
    case.searched(kind.search, kind.found, kind.printed, "Short-lived")
    case.call(kind.delete, **{kind.label: made})
    case.refused("ResourceNotFoundException", 404, kind.describe, **{kind.label: made})
    assert "Short-lived" not in listed(case, kind)
    case.searched(kind.search, kind.found, kind.printed, "Short-lived", wanted=False)


ODD_NAMES = ("A/B ${x} \"quoted\" 'single'", "Café ☎ 客服", "n" * 100, "case", "CASE")
PLAIN_NAMES = ("a-b_c@d", "n" * 100)  # all that the models allow in names of users and security profiles
NAMES = {"user": PLAIN_NAMES, "security_profile": PLAIN_NAMES, "view": ("A/B (it's)", "Café 客服", "case", "CASE")}


def takes_any_name(case, kind):
    for name in NAMES.get(kind.noun, ODD_NAMES):
        made = kinds.make(case, kind, name)
        described = case.call(kind.describe, **{kind.label: made})[kind.described]
        assert described[kind.printed] == name


def that_has_tags_keeps_them(case, kind):
    members = {kind.name: "Tagged", "Tags": {"owner": "acme"}, **kind.make(case)}
    answer = case.call(kind.create, **members)
    answer = answer.get("View", answer)
    arn = next(v for k, v in answer.items() if k.lower().endswith("arn"))
    tags = case.connect.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"owner": "acme"}, tags
    case.connect.tag_resource(resourceArn=arn, tags={"stage": "uat"})
    case.connect.untag_resource(resourceArn=arn, tagKeys=["owner"])
    assert case.connect.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "uat"}


ALWAYS = [is_described_listed_and_found, is_not_found_at_once, of_a_taken_name_is_refused, that_is_missing_is_refused,
          of_another_account_is_not_seen, is_paged, takes_any_name]
for row in kinds.KINDS:
    behaviours = ALWAYS + ([is_renamed] if row.rename else []) + ([is_deleted] if row.delete else [])
    behaviours += [that_has_tags_keeps_them] if row.made else []  # what has an id has an ARN and tags
    for behaviour in behaviours:
        globals()[f"test_{row.noun}_{behaviour.__name__}"] = functools.partial(behaviour, kind=row)
