#!/usr/bin/env python3
"""The project's own check of recorded traffic against AWS's models, for where no other is at hand.

    wirecheck_own.py RECORD.jsonl...

Every request must be an operation of the model, with members of the right types and no others, sign the
right service, and say its content type; every answer must have the model's status and shape, or an error
that the operation declares. A bad request that was refused (4xx) counts only where the client is
Trunkline. Prints the findings and `N exchanges, M operations, K findings`; exit status 1 for findings,
2 where nothing was read.
"""
import collections
import json
import sys
import urllib.parse

import botocore.validate

import wire

COMMON = {
    "AccessDeniedException", "AccessDenied", "ThrottlingException", "TooManyRequestsException", "Throttling",
    "ValidationException", "ValidationError", "UnrecognizedClientException", "InvalidClientTokenId",
    "SignatureDoesNotMatch", "InvalidSignatureException", "ExpiredTokenException", "ExpiredToken",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
    "InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException",
    "UnknownOperationException", "SerializationException", "InvalidAction",
}
S3 = {"NoSuchKey", "NoSuchBucket", "BucketNotEmpty", "InvalidBucketName", "InvalidAccessKeyId", "404", "InvalidArgument",
      "PreconditionFailed", "AuthorizationHeaderMalformed", "NotImplemented", "SlowDown", "InternalError"}


def main(paths):
    count, operations, findings = 0, collections.Counter(), []
    for exchange in wire.exchanges(paths):
        count += 1
        operations[exchange.operation and f"{exchange.service.name}.{exchange.operation.name}"] += 1
        headers = wire.lowered(exchange.request.get("headers"))
        refused = exchange.status is not None and 400 <= exchange.status < 500
        if not refused or "trunkline" in headers.get("user-agent", "").lower():
            findings += [f"{exchange.where}: {text}" for text in of_request(exchange, headers)]
        if exchange.operation and exchange.response:
            findings += [f"{exchange.where} -> {text}" for text in of_response(exchange)]
    for finding in findings[:200]:
        print(finding)
    operations.pop(None, None)
    print(f"{count} exchanges, {len(operations)} operations, {len(findings)} findings")
    return 2 if not count else 1 if findings else 0


def of_request(exchange, headers):
    operation = exchange.operation
    if operation is None:
        return [f"no operation for {exchange.request['method']} {exchange.request['uri']}"]
    found = []
    signed = headers.get("authorization", "")
    presigned = "x-amz-signature" in exchange.request["uri"].lower()
    name = exchange.service.model.signing_name
    if signed and f"/{name}/aws4_request" not in signed:
        found.append(f"signed for another service than {name}")
    if not signed and not presigned and operation.auth_type != "none" and "none" not in (operation.auth or []):
        found.append("not signed")
    sent, unknown = decode(exchange, headers)
    found += [f"unknown {name}" for name in unknown]
    if operation.input_shape is not None:
        report = botocore.validate.ParamValidator().validate(sent, operation.input_shape)
        if report.has_errors():
            found += report.generate_report().splitlines()
    return found


def decode(exchange, headers):
    """What the request sent, by member names, and what the model does not know."""
    shape, sent, unknown = exchange.operation.input_shape, {}, []
    if shape is None:
        return {}, list(exchange.query)
    if exchange.service.protocol == "query":
        keys = urllib.parse.parse_qs(exchange.body.decode(), keep_blank_values=True)
        tops = {k.split(".")[0]: v[0] for k, v in keys.items()}
        unknown = [k for k in tops if k not in shape.members and k not in ("Action", "Version")]
        return {k: plain(v, shape.members[k]) for k, v in tops.items() if k in shape.members}, unknown
    taken = set()
    for name, member in shape.members.items():
        location, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri" and wire_name in exchange.labels:
            sent[name] = plain(exchange.labels[wire_name], member)
        elif location == "querystring" and wire_name in exchange.query:
            values = exchange.query[wire_name]
            taken.add(wire_name)
            sent[name] = values if member.type_name == "list" else plain(values[0], member)
        elif location == "header" and wire_name.lower() in headers:
            sent[name] = plain(headers[wire_name.lower()], member)
    unknown += [f"?{k}" for k in exchange.query if k not in taken]
    if exchange.service.protocol in ("rest-json", "json") and exchange.body.strip():
        unknown += body_members(exchange, shape, sent)
    return sent, unknown


def body_members(exchange, shape, sent):
    """Adds the members of a JSON body; returns those that the model does not know, however deep."""
    document, unknown = json.loads(exchange.body), []
    names = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()
             if not m.serialization.get("location")}
    for key, value in document.items():
        if key in names:
            name, member = names[key]
            sent[name] = value
            unknown += oddities(value, member, key)
        else:
            unknown.append(key)
    return unknown


def plain(text, shape):
    """Text of a URI, header or form as the type that the model wants; structures are not looked into."""
    if shape.type_name in ("integer", "long"):
        return int(text) if text.lstrip("-").isdigit() else text
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return {"list": [], "map": {}, "structure": {}, "timestamp": 0, "blob": b""}.get(shape.type_name, text)


def oddities(value, shape, where):
    """What the model does not know, anywhere inside a JSON value: members, and values of closed lists."""
    if getattr(shape, "is_document_type", False):
        return []
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        found = [f"{where}.{k}" for k in value if k not in names]
        return found + [s for k, v in value.items() if k in names for s in oddities(v, names[k], f"{where}.{k}")]
    if shape.type_name == "list" and isinstance(value, list):
        return [s for i, v in enumerate(value) for s in oddities(v, shape.member, f"{where}[{i}]")]
    if shape.type_name == "map" and isinstance(value, dict):
        return [s for k, v in value.items() for s in oddities(v, shape.value, f"{where}[{k}]")]
    if shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        return [f"{where} {value!r}, which is none of {shape.enum}"]
    return []


def of_response(exchange):
    operation = exchange.operation
    if exchange.status >= 300:
        return of_error(exchange)
    found, shape = [], operation.output_shape
    expected = operation.http.get("responseCode", 200)
    by_member = shape and any(m.serialization.get("location") == "statusCode" for m in shape.members.values())
    if exchange.status != expected and not by_member and exchange.status != 206:
        found.append(f"status {exchange.status}, where the model has {expected}")
    if shape is None:
        return found
    for name in shape.required_members:
        if exchange.answer.get(name) is None:
            found.append(f"required member {name} is missing")
    body = wire.body_of(exchange.response)
    if exchange.service.protocol in ("rest-json", "json") and body.strip() and "payload" not in shape.serialization:
        found += [f"unknown {s}" for s in oddities(json.loads(body), shape, "")]
    return found


def of_error(exchange):
    declared = {s.error_code: s for s in exchange.operation.error_shapes}
    declared.update({s.name: s for s in exchange.operation.error_shapes})
    name, status = exchange.error, exchange.status
    if name in declared:
        wanted = declared[name].metadata.get("error", {}).get("httpStatusCode")
        return [f"{name} with status {status}, where the model has {wanted}"] if wanted not in (None, status) else []
    if name in COMMON or exchange.service.name == "s3" and (name in S3 or exchange.request["method"] == "HEAD"):
        return []
    return [f"error {name} ({status}), which the operation does not declare"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
