#!/usr/bin/env python3
"""The oracle for tests in other languages: one JSON request a line on stdin, one answer a line on stdout.

    {"do": "differences", "project": DIR, "env": NAME, "endpoint": URL, "users": true, "region": REGION?}
        -> {"lines": [...]}
    {"do": "dump", "endpoint": URL, "account": ID, "region": REGION, "alias": ALIAS}
        -> {"dump": {"kind:name": {...}}}    every managed field, as it is
What fails answers {"error": "..."}.
"""
import json
import sys
import traceback

import dump
import expect


def answer(request):
    if request["do"] == "dump":
        return {"dump": dump.dump(*(request[k] for k in ("endpoint", "account", "region", "alias")))}
    lines = expect.differences(request["project"], request["env"], request["endpoint"], request.get("region"),
                               request.get("users", False))
    return {"lines": lines}


def main():
    for line in sys.stdin:
        try:
            found = answer(json.loads(line))
        except Exception:
            found = {"error": traceback.format_exc()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
