#!/usr/bin/env python3
"""Runs a wire check over records and sets aside findings that are the models' fault, saying so.

    wirecheck.py CHECKER RECORD.jsonl...

CHECKER prints a line a finding and a closing line. Three patterns of AWS's models fit nothing that
the service takes, or nothing on a loopback address. Findings of these alone are counted
apart. Exit status 1 for other findings, 2 where the checker itself failed.
"""
import subprocess
import sys

# The ending of the finding, and what is wrong with the model.
KNOWN = {
    r"does not match \\+[1-9]\\d{1,14}$": "PhoneNumber's pattern is escaped twice",
    r"does not match /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/": "Password's pattern stands between slashes",
    r"does not match s3://\S+/.+|https://\\S+\\.s3\\.\\S+\\.amazonaws\\.com/\\S+":
        "S3Uri's pattern of a presigned URL is escaped twice and names AWS's hosts",
}


def main(checker, *records):
    options = [] if checker.endswith("wirecheck_own.py") else ["--most", "1000000"]
    done = subprocess.run([sys.executable, checker, *options, *records], capture_output=True, text=True)
    *findings, closing = done.stdout.splitlines() or [""]
    aside = dict.fromkeys(KNOWN, 0)
    left = []
    for finding in findings:
        known = next((k for k in KNOWN if finding.endswith(k)), None)
        if known:
            aside[known] += 1
        else:
            left.append(finding)
    for finding in left[:200]:
        print(finding)
    if len(left) > 200:
        print(f"(and {len(left) - 200} more)")
    for known, count in aside.items():
        if count:
            print(f"set aside: {count} findings, because {KNOWN[known]}")
    sys.stderr.write(done.stderr)
    print(f"{checker}: {closing}; {len(left)} findings stand")
    return 2 if done.returncode not in (0, 1) or not closing else 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
