#!/usr/bin/env python3
"""Recomputes a sample of the recorded signatures with botocore, for keys whose secret is known.

    signatures.py [--secret x] [--most 200] RECORD.jsonl...

A key of 12 digits has the lab's `--secret`; the secrets of assumed roles stand in the recorded answers
of AssumeRole. Only requests that the lab accepted count. Exit status 1 where one differs, or where none
could be computed.
"""
import argparse
import collections
import re
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import wire

SCOPE = re.compile(r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, *SignedHeaders=([^,]+), *Signature=(\w+)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("records", nargs="+")
    parser.add_argument("--secret", default="x")
    parser.add_argument("--most", type=int, default=200, help="requests to recompute per client and kind of key")
    args = parser.parse_args()
    issued, waiting = {}, []
    for exchange in wire.exchanges(args.records):
        if exchange.operation and exchange.operation.name.startswith("AssumeRole") and (exchange.status or 500) < 300:
            made = exchange.answer["Credentials"]
            issued[made["AccessKeyId"]] = made["SecretAccessKey"]
        if exchange.status and exchange.status < 300:
            waiting.append(exchange)
    counted, wrong = collections.Counter(), 0
    for exchange in waiting:
        headers = wire.lowered(exchange.request.get("headers"))
        scope = SCOPE.search(headers.get("authorization", ""))
        if not scope:
            continue
        key = scope.group(1)
        secret = args.secret if re.fullmatch(r"\d{12}", key) else issued.get(key)
        client = "trunkline" if "trunkline" in headers.get("user-agent", "").lower() else "others"
        group = f"{client}, {'an account' if key.isdigit() else 'a role'}'s key"
        if secret is None or counted[group] >= args.most:
            continue
        counted[group] += 1
        if recompute(exchange, headers, scope, secret) != scope.group(6):
            wrong += 1
            print(f"{exchange.where}: botocore signs this request differently")
    for group, count in sorted(counted.items()):
        print(f"{count} signatures recomputed of {group}")
    print(f"{sum(counted.values())} signatures, {wrong} differ")
    return 1 if wrong or not counted else 0


def recompute(exchange, headers, scope, secret):
    """The signature that botocore gives the same request at the same time."""
    key, _, region, service, signed, _ = scope.groups()
    split = urllib.parse.urlsplit(exchange.request["uri"])
    url = f"http://{headers['host']}{split.path or '/'}" + (f"?{split.query}" if split.query else "")
    kept = {name: headers[name] for name in signed.split(";") if name in headers}
    request = botocore.awsrequest.AWSRequest(method=exchange.request["method"], url=url, headers=kept,
                                             data=exchange.body)
    signer = (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth)(
        botocore.credentials.Credentials(key, secret), service, region)
    request.context["timestamp"] = headers["x-amz-date"]
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


if __name__ == "__main__":
    sys.exit(main())
