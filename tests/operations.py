#!/usr/bin/env python3
"""Prints which operations of operations.txt the records hold, and which lack a success or a declared error.

    operations.py [--strict] RECORD.jsonl...

Exit status 1 where an operation never succeeded, or, with --strict, never failed as it declares.
An operation that declares no error of its own is asked for none.
"""
import pathlib
import sys

import wire

WANTED = pathlib.Path(__file__).resolve().parent / "operations.txt"
UNDECLARED = {"s3"}  # the model of S3 declares almost none of what S3 answers: any error counts


def main(words):
    strict, paths = "--strict" in words, [w for w in words if not w.startswith("--")]
    lines = WANTED.read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    succeeded, failed, seen = set(), set(), set()
    for exchange in wire.exchanges(paths):
        if exchange.operation is None or exchange.status is None:
            continue
        name = f"{exchange.service.name}.{exchange.operation.name}"
        seen.add(name)
        declared = {s.error_code for s in exchange.operation.error_shapes}
        declared |= {s.name for s in exchange.operation.error_shapes}
        if exchange.status < 300:
            succeeded.add(name)
        elif exchange.error in declared or exchange.service.name in UNDECLARED:
            failed.add(name)
    no_success = [n for n in wanted if n not in succeeded]
    no_error = [n for n in wanted if n not in failed and declares(n)]
    for name in no_success:
        print(f"missing: {name} never succeeded")
    for name in no_error:
        print(f"missing: {name} never failed with an error that it declares")
    for name in sorted(seen - set(wanted)):
        print(f"also seen: {name}")
    print(f"{len(wanted)} operations wanted: {len(wanted) - len(no_success)} succeeded, "
          f"{len(wanted) - len(no_error)} failed as declared or declare nothing")
    return 1 if no_success or strict and no_error else 0


def declares(name):
    service, _, operation = name.partition(".")
    known = wire.service(service)
    return service in UNDECLARED and operation != "ListBuckets" or bool(known.model.operation_model(operation).error_shapes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
