"""Reads records of exchanges with botocore's models: which operation a request is, what it sent, what came.

Used by wirecheck_own.py, operations.py and signatures.py. Knows the protocols that Trunkline speaks:
rest-json, rest-xml (S3), json and query. Independent of the lab and of the client: all knowledge of the wire
comes from botocore.
"""
import base64
import collections
import json
import re
import urllib.parse

import botocore.loaders
import botocore.model
import botocore.parsers

Exchange = collections.namedtuple(
    "Exchange", "where service operation request response labels query body answer status error")
LOADER = botocore.loaders.Loader()
MODELS = {}
IGNORED_QUERY = re.compile(r"^(x-amz-.*|x-id)$", re.IGNORECASE)


def service(name):
    if name not in MODELS:
        MODELS[name] = Service(name)
    return MODELS[name]


class Service:
    """A service model with its routes."""

    def __init__(self, name):
        self.name = name
        self.model = botocore.model.ServiceModel(LOADER.load_service_model(name, "service-2"), name)
        self.protocol = self.model.resolved_protocol
        self.routes = []
        if self.protocol.startswith("rest-"):
            for operation in map(self.model.operation_model, self.model.operation_names):
                self.routes.append((operation, *compile_route(operation.http["requestUri"])))

    def find(self, request, body):
        """The operation with its labels and query, or None where the request is none of the model's."""
        split = urllib.parse.urlsplit(request["uri"])
        query = urllib.parse.parse_qs(split.query, keep_blank_values=True)
        if self.protocol == "json":
            action = lowered(request.get("headers")).get("x-amz-target", "").rpartition(".")[2]
            known = action in self.model.operation_names
            return (self.model.operation_model(action), {}, query) if known else None
        if not self.routes:
            action = urllib.parse.parse_qs(body.decode()).get("Action", [""])[0]
            known = action in self.model.operation_names
            return (self.model.operation_model(action), {}, query) if known else None
        found = []
        for operation, path, labels, fixed in self.routes:
            match = operation.http["method"] == request["method"] and path.fullmatch(split.path)
            if not match or any(k not in query for k in fixed) or not sends_required(operation, query, request):
                continue
            values = dict(zip(labels, map(urllib.parse.unquote, match.groups())))
            literal = len(path.pattern) - 10 * len(labels)
            rest = {k: v for k, v in query.items() if k not in fixed and not IGNORED_QUERY.match(k)}
            found.append(((len(fixed), not operation.deprecated, literal), operation, values, rest))
        return max(found, key=lambda f: f[0])[1:] if found else None


def compile_route(uri):
    path, _, query = uri.partition("?")
    labels = [label.rstrip("+") for label in re.findall(r"\{([^}]+)\}", path)]
    parts = re.split(r"\{[^}]+\}", path)
    greedy = ["(.+)" if label.endswith("+") else "([^/]+)" for label in re.findall(r"\{([^}]+)\}", path)]
    pattern = re.escape(parts[0])
    for group, part in zip(greedy, parts[1:]):
        pattern += group + re.escape(part)
    fixed = [k for k in urllib.parse.parse_qs(query, keep_blank_values=True) if k != "x-id"]
    return re.compile(pattern + "/?"), labels, fixed


def sends_required(operation, query, request):
    """Operations of S3 that share method and path differ by the parameters that they must have."""
    headers = lowered(request.get("headers"))
    shape = operation.input_shape
    for name in shape.required_members if shape else []:
        place = shape.members[name].serialization
        if place.get("location") == "querystring" and place["name"] not in query:
            return False
        if place.get("location") == "header" and place["name"].lower() not in headers:
            return False
    return True


def lowered(headers):
    return {k.lower(): v for k, v in (headers or {}).items()}


def body_of(message):
    if "body_base64" in message:
        return base64.b64decode(message["body_base64"])
    return (message.get("body") or "").encode("utf-8")


def exchanges(paths):
    """Every exchange of the records, with its operation (None where there is none) and parsed answer."""
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield read(json.loads(line), f"{path.rsplit('/', 1)[-1]}:{number}")


def read(record, where):
    known = service(record["service"])
    request, response = record["request"], record.get("response")
    body = body_of(request)
    found = known.find(request, body)
    operation, labels, query = found or (None, {}, {})
    answer, status, error = None, response and int(response["status"]), None
    if operation and response:
        answer = parse(known, operation, response)
        # Errors of services that once spoke query come by both names; the model knows the newer one.
        shown = answer.get("Error", {})
        error = shown.get("QueryErrorCode", shown.get("Code")) if status >= 300 else None
    name = operation.name if operation else "?"
    return Exchange(f"{where} {known.name}.{name}", known, operation, request, response, labels, query, body,
                    answer, status, error)


def parse(known, operation, response):
    """The answer as a client of AWS would read it."""
    raw = {"status_code": int(response["status"]), "headers": lowered(response.get("headers")),
           "body": body_of(response)}
    if operation.has_streaming_output and raw["status_code"] < 300:
        raw["body"] = b""
    parser = botocore.parsers.create_parser(known.protocol)
    return parser.parse(raw, operation.output_shape)
