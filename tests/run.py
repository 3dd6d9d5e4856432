#!/usr/bin/env python3
"""Runs the conformance suite: boto3 and the AWS CLI against a lab.

    run.py --binary target/debug/trunkline [--records DIR] [--aws PATH] [--jobs N] [NAME...]

Every file of conformance/ holds tests of one kind or service, as functions named test_*, those of oracle/
(test_*.py) hold what the program deployed against its documents; each gets a `Case` (support.py) with a
fresh account. NAME narrows to files, or to FILE.test_function. Prints one
line a test, then the failures, then `N passed, N failed, N skipped`. Exit status 1 where one failed.
"""
import argparse
import concurrent.futures
import importlib.util
import os
import pathlib
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "oracle")]

import support  # noqa: E402


def discover(names):
    """Every (label, function), in the order of files and lines."""
    found = []
    files = sorted((HERE / "conformance").glob("*.py")) + sorted((HERE / "oracle").glob("test_*.py"))
    for path in files:
        spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        tests = [(n, f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]
        for name, function in tests:
            label = f"{path.stem}.{name}"
            if not names or any(label == n or path.stem == n for n in names):
                found.append((label, function))
    return found


def run_one(label, function, suite):
    """The test's (label, verdict, text, seconds)."""
    started, case = time.monotonic(), support.Case(suite, label)
    try:
        function(case)
        verdict, text = "passed", ""
    except support.Skip as reason:
        verdict, text = "skipped", str(reason)
    except Exception:
        verdict, text = "failed", traceback.format_exc()
    finally:
        case.close()
    return label, verdict, text, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--binary", required=True, help="the trunkline binary whose lab is tested")
    parser.add_argument("--records", help="folder for the labs' records")
    parser.add_argument("--aws", help="the AWS CLI; without it its tests say that they skip")
    parser.add_argument("--jobs", type=int, default=4)
    args = parser.parse_args()
    tests = discover(args.names)
    if not tests:
        sys.exit(f"no test is named {' or '.join(args.names)}")
    with tempfile.TemporaryDirectory(prefix="trunkline-conformance-") as folder:
        records = args.records or os.path.join(folder, "records")
        os.makedirs(records, exist_ok=True)
        suite = support.Suite(args.binary, records, folder, args.aws)
        try:
            results = run_all(tests, suite, args.jobs)
        finally:
            suite.close()
    return report(results)


def run_all(tests, suite, jobs):
    suite.lab()  # started before the clock of the first test runs
    results = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run_one, label, function, suite) for label, function in tests]
        for done in concurrent.futures.as_completed(waiting):
            label, verdict, text, seconds = done.result()
            results.append((label, verdict, text))
            note = f": {text}" if verdict == "skipped" else ""
            print(f"{verdict:7} {label} ({seconds:.1f} s){note}", flush=True)
    return results


def report(results):
    count = {v: sum(r[1] == v for r in results) for v in ("passed", "failed", "skipped")}
    for label, verdict, text in sorted(results):
        if verdict == "failed":
            print(f"\n--- {label}\n{text.rstrip()}")
    for label, verdict, text in sorted(results):
        if verdict == "skipped":
            print(f"SKIP: {label}: {text}")
    print(f"\n{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
