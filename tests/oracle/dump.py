"""Everything that an instance holds, by name, as far as documents manage it: to compare before and after."""
import hashlib

import expect
import instance as instances
from instance import Instance, parsed

CONTENT_FIELDS = ["Description", "State", "Type", "Settings", "ExternalInvocationConfiguration"]


def dump(endpoint, account, region, alias):
    """`kind:name` to fields, with ids as they are: the same instance at another time has the same."""
    instance, found = Instance(endpoint, account, region, alias), {}
    for kind in instances.LISTED:
        for name, (id_, arn) in instance.names_of(kind).items():
            if arn.split(":")[4:5] == ["aws"]:
                continue
            found[f"{kind}:{name}"] = one(instance, kind, name, id_)
    for name, row in instance.overrides().items():
        found[f"hours-override:{name}"] = expect.plain(fields("hours-override", row))
    for name, row in instance.stored().items():
        found[f"storage-config:{name}"] = expect.plain(fields("storage-config", row))
    for kind in [*expect.ASSOCIATED, "phone-flow"]:
        found[kind] = sorted(map(str, instance.associated(kind)))
    found["instance-attributes"], found["user-hierarchy"] = instance.attributes(), instance.levels()
    return found


def one(instance, kind, name, id_):
    if kind in expect.WITH_CONTENT:
        published, saved = instance.contents(kind, name)
        versions = {"published": published, "saved": saved}
        return {"id": id_, **{k: v and content(v) for k, v in versions.items()}}
    body = instance.describe(kind, name)
    if kind == "view":
        picked = {k: body.get(k) for k in ("Status", "Description", "Content")}
        picked["Content"] = {k: v for k, v in (picked["Content"] or {}).items() if k in ("Actions", "Template")}
    else:
        picked = expect.plain(fields(kind, body)) or {}
    return {"id": id_, "Tags": body.get("Tags") or {}, **picked}


def fields(kind, body):
    picked = {f: expect.plain(body.get(f), f) for f in expect.FIELDS[kind]}
    if isinstance(picked.get("Audio"), bytes):
        picked["Audio"] = hashlib.sha256(picked["Audio"]).hexdigest()
    return picked


def content(body):
    return {"Content": parsed(body.get("Content")), "Tags": body.get("Tags") or {},
            **{f: body.get(f) for f in CONTENT_FIELDS if body.get(f)}}
