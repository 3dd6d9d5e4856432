"""Reads a project as a person would: trunkline.yaml, the documents, and what one target makes of them.

Written from docs/documents.md and ARCHITECTURE.md, not from the program: bindings, overrides, scope and
references are worked out here once more, so that an error of the program is not repeated.
"""
import json
import pathlib
import re

import yaml

REFERENCE = re.compile(r"\$\$\{|\$\{([a-z-]+)(?:\.([a-z-]+))?:((?:[^}%]|%[0-9A-Fa-f]{2})*)\}")

FOLDERS = {
    "instance": "instance-attributes", "storage-configs": "storage-config", "approved-origins": "approved-origin",
    "security-keys": "security-key", "lambda-associations": "lambda-association",
    "bot-associations": "bot-association", "hours": "hours", "hours-overrides": "hours-override",
    "prompts": "prompt", "predefined-attributes": "predefined-attribute", "agent-statuses": "agent-status",
    "user-hierarchy": "user-hierarchy", "hierarchy-groups": "hierarchy-group",
    "security-profiles": "security-profile", "queues": "queue", "quick-connects": "quick-connect",
    "routing-profiles": "routing-profile", "users": "user", "views": "view", "modules": "module",
    "flows": "flow", "phone-flows": "phone-flow",
}


class Loader(yaml.SafeLoader):
    """YAML without dates and without `on` and `yes`."""


Loader.yaml_implicit_resolvers = {}
for tag, expression, first in [
    ("bool", r"^(?:true|false)$", "tf"), ("null", r"^(?:~|null|)$", "~n\0"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
]:
    for letter in list(first) + ([""] if tag == "null" else []):
        Loader.yaml_implicit_resolvers.setdefault(letter, []).append(
            (f"tag:yaml.org,2002:{tag}", re.compile(expression)))


def read_yaml(text):
    return yaml.load(text, Loader)


def glob(pattern, text):
    """`*` stands for anything; nothing else is special."""
    return re.fullmatch(".*".join(re.escape(p) for p in pattern.split("*")), text, re.S) is not None


def unescape(name):
    return re.sub("%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), name)


def escape_part(name):
    return name.replace("%", "%25").replace("/", "%2F")


class Unbound(Exception):
    """The environment says that a reference stands for nothing."""


class Document:
    """A document: kind, name within its kind, fields, and the folder that it lies in."""

    def __init__(self, kind, name, body, folder):
        self.kind, self.name, self.body, self.folder = kind, name, body, folder

    @property
    def key(self):
        return f"{self.kind}:{self.name}"


class Project:
    """A project as one target (environment and region) sees it."""

    def __init__(self, folder, environment, region):
        self.folder, self.region = pathlib.Path(folder), region
        self.config = read_yaml((self.folder / "trunkline.yaml").read_text(encoding="utf-8"))
        self.name = self.config["project"]
        for name, found in self.config["environments"].items():
            if environment == name or environment in (found.get("aliases") or []):
                self.environment, self.target = name, found
        self.account = str(self.target["account"])
        fill = {"region": region, "environment": self.environment, "account": self.account}
        self.alias = re.sub(r"\{(\w+)\}", lambda m: fill[m[1]], self.target["instance"])
        self.names = [self.environment, *(self.target.get("aliases") or [])]

    def documents(self, users=False):
        """Every document that this target is deployed with, by `kind:name`, overrides carried out."""
        found = {}
        for path in sorted((self.folder / "connect").rglob("*")):
            if path.suffix not in (".yaml", ".json"):
                continue
            kind = FOLDERS[path.relative_to(self.folder / "connect").parts[0]]
            text = path.read_text(encoding="utf-8")
            body = json.loads(text) if path.suffix == ".json" else read_yaml(text)
            own = body.pop("Name", None) or body.pop("name", None)
            document = Document(kind, self.full_name(kind, own, body), body, path.parent)
            if (kind == "user" and not users) or not self.in_scope(document.key):
                continue
            self.override(document)
            assert document.key not in found, f"two documents are {document.key}"
            found[document.key] = document
        return found

    @staticmethod
    def full_name(kind, own, body):
        """Overrides and groups have names within their hours and parents."""
        within = {"hours-override": "HoursOfOperationId", "hierarchy-group": "ParentGroupId"}.get(kind)
        if within is None:
            return own
        outer = REFERENCE.fullmatch(body.get(within) or "")
        if outer is None:
            return escape_part(own)
        outer = unescape(outer[3])
        return f"{outer if kind == 'hierarchy-group' else escape_part(outer)}/{escape_part(own)}"

    def in_scope(self, key):
        scope = self.config.get("scope") or {}
        include, exclude = scope.get("include") or [], scope.get("exclude") or []
        return (not include or any(glob(p, key) for p in include)) and not any(glob(p, key) for p in exclude)

    def override(self, document):
        fields = {}
        for environment, values in ((self.config.get("overrides") or {}).get(document.key) or {}).items():
            if environment in self.names:
                fields = values
        regional = fields.get(self.region) if isinstance(fields.get(self.region), dict) else {}
        plain = {k: v for k, v in fields.items() if not (isinstance(v, dict) and re.fullmatch(r"[a-z]+(-[a-z]+)+-\d", k))}
        document.body.update({**plain, **regional})

    def owned_by_instance(self, document, field=None):
        """Whether supervisors own the document (field None) or one of its fields."""
        for pattern in self.config.get("instance_owned") or []:
            whole = pattern in (document.kind, document.kind + "s") or glob(pattern, document.key)
            if whole or (field and glob(pattern, f"{document.key}.{field}")):
                return True
        return False

    def binding(self, kind, name):
        """What the environment binds to a reference; None where it says nothing."""
        wanted, bindings = f"{kind}:{name}", self.config.get("bindings") or {}
        keys = [k for k in bindings if k == wanted or glob(k, wanted)]
        for key in sorted(keys, key=lambda k: (k != wanted, -len(k.replace("*", "")))):
            value = bindings[key]
            if isinstance(value, dict):
                value = next((value[n] for n in self.names if n in value), None)
            if isinstance(value, dict):
                value = value.get(self.region)
            if value is None:
                continue
            if value == "unbound":
                raise Unbound(wanted)
            fill = {"name": name, "environment": self.environment, "region": self.region, "account": self.account}
            return re.sub(r"\{(name|environment|region|account)\}", lambda m: fill[m[1]], str(value))
        return None

    def resolve(self, value, directory, usual="arn"):
        """A document's value with every reference replaced by what the target has for it."""
        if isinstance(value, str):
            return REFERENCE.sub(lambda m: "${" if m[0] == "$${" else self.one(m, directory, usual), value)
        if isinstance(value, list):
            return [self.resolve(v, directory, usual) for v in value]
        if isinstance(value, dict):
            return {self.resolve(k, directory, usual): self.resolve(v, directory, form_of(k, usual))
                    for k, v in value.items()}
        return value

    def one(self, match, directory, usual):
        kind, form, name = match[1], match[2], unescape(match[3])
        if kind == "instance":
            return {"id": directory.instance, "alias": self.alias}.get(form, directory.instance_arn)
        if kind == "aws":
            service, resource = name.split(":", 1)
            return f"arn:aws:{service}:{'' if form == 'global' else self.region}:aws:{resource}"
        bound = self.binding(kind, name)
        if kind in ("arn", "bucket", "key", "origin"):
            assert bound is not None, f"{match[0]} is not bound"
            return bound
        if kind == "lambda":
            if (bound or name).startswith("arn:"):
                return bound
            region = "$.AwsRegion" if form == "any-region" else self.region
            return f"arn:aws:lambda:{region}:{self.account}:function:{bound or name}"
        if kind == "phone" and form == "number":
            return bound
        id_, arn = directory.find(kind, bound or name)
        if form == "agent-queue":
            return arn.replace("/agent/", "/queue/agent/")
        form = form or ("id" if kind == "phone" else usual)
        return id_ if form == "id" else arn


def form_of(key, usual):
    """In the YAML kinds a member called ...Id or ...Ids holds ids; content of flows holds ARNs."""
    if usual == "content":
        return "content"
    return "id" if re.search("Ids?$", key) else usual
