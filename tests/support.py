"""What the conformance tests share: starting labs, clients of fresh accounts, asserting errors.

A `Suite` is one run; its main lab has no throttle and a short search lag. A `Case` is one test: an
account of its own, clients by service and region, an instance made on first use. Tests that need a lab
with other options start one with `case.start_lab(...)`.
"""
import itertools
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

REGION = "us-west-2"
SECRET = "x"
LAG = 0.3  # seconds that the main lab's search index lags
ACCOUNTS = itertools.count(9 * 10**11)
LABS = itertools.count(1)
LOCK = threading.Lock()
SESSION = boto3.session.Session()  # one for all, so that a service model is read once


class Skip(Exception):
    """Raised by a test that cannot run here; its text is the reason."""


def wait_until(what, probe, timeout=120.0):
    """Polls until `probe` returns something true, and returns it; fails with `what` otherwise."""
    end = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < end, f"within {timeout} s: {what}"
        time.sleep(0.05)


class Lab:
    """A lab process on a loopback port, ended by `stop`."""

    def __init__(self, binary, record, *options):
        self.record = record
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TRUNKLINE_"))}
        command = [binary, "lab", "--port", "0", "--json", "--record", record, *options]
        self.log = open(record + ".log", "ab")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        # The first line says where it listens: a port that it took, not one that was free a moment ago.
        line = self.process.stdout.readline()
        assert line, f"the lab ended with {self.process.wait()}: {self.words()}"
        self.url = json.loads(line)["url"]

    def words(self):
        return pathlib.Path(self.record + ".log").read_text(errors="replace")

    def post(self, path, document):
        """Posts JSON to one of the lab's own pages and returns the answer's body."""
        request = urllib.request.Request(self.url + path, json.dumps(document).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def exchanges(self, account=None):
        """The record so far; of one account's calls where it is given."""
        text = pathlib.Path(self.record).read_text(encoding="utf-8")
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
        if account is None:
            return records
        return [r for r in records if f"Credential={account}/" in header(r["request"], "authorization")]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()


def header(message, name):
    for key, value in (message.get("headers") or {}).items():
        if key.lower() == name:
            return value
    return ""


class Suite:
    """One run: the binary, its main lab, where records go."""

    def __init__(self, binary, records, folder, aws):
        self.binary, self.records, self.folder, self.aws = str(pathlib.Path(binary).resolve()), records, folder, aws
        self.main = None

    def lab(self):
        with LOCK:
            if self.main is None:
                self.main = self.start("--no-throttle", "--search-lag", str(LAG))
            return self.main

    def start(self, *options):
        number = next(LABS)
        return Lab(self.binary, os.path.join(self.records, f"conformance-{os.getpid()}-{number}.jsonl"), *options)

    def close(self):
        if self.main:
            self.main.stop()


class Case:
    """One test: a fresh account on the main lab, or on a lab of its own."""

    def __init__(self, suite, label):
        self.suite, self.label = suite, label
        with LOCK:
            self.account = str(next(ACCOUNTS))
        self.lab, self.labs, self.clients, self.made = suite.lab(), [], {}, None

    def close(self):
        for lab in self.labs:
            lab.stop()

    def start_lab(self, *options):
        """Starts a lab for this test alone; clients made afterwards talk to it."""
        lab = self.suite.start(*options)
        self.labs.append(lab)
        self.lab, self.clients, self.made = lab, {}, None
        return lab

    def other_account(self):
        with LOCK:
            return str(next(ACCOUNTS))

    def client(self, service, region=REGION, account=None, credentials=None, validate=True, attempts=1):
        """A client of this case's account, or of the given account or credentials."""
        key = (service, region, account, str(credentials), validate, attempts)
        with LOCK:  # making clients is not thread-safe in boto3
            if key not in self.clients:
                config = botocore.config.Config(
                    retries={"total_max_attempts": attempts}, parameter_validation=validate,
                    s3={"addressing_style": "path"}, signature_version="s3v4" if service == "s3" else None, connect_timeout=60, read_timeout=60)
                keys = credentials or {"aws_access_key_id": account or self.account,
                                       "aws_secret_access_key": SECRET}
                self.clients[key] = SESSION.client(service, region_name=region, endpoint_url=self.lab.url,
                                                   config=config, **keys)
            return self.clients[key]

    @property
    def connect(self):
        return self.client("connect")

    @property
    def instance(self):
        """The id of this account's instance, made on first use."""
        if self.made is None:
            self.made = make_instance(self.connect, f"lab-{self.account}")
        return self.made

    def call(self, operation, **members):
        """Calls a Connect operation (by its snake-case name) on the case's instance."""
        return getattr(self.connect, operation)(InstanceId=self.instance, **members)

    def raw(self, operation, **members):
        """The same without botocore's own checks, so that the service gets to refuse it."""
        return getattr(self.client("connect", validate=False), operation)(InstanceId=self.instance, **members)

    def refused(self, code, status, operation, **members):
        """Asserts that the operation is refused with this error, and returns the error's document."""
        return refused(code, status, lambda: self.call(operation, **members))

    def searched(self, operation, key, name_of, name, wanted=True, **members):
        """Waits until a search has (or no longer has) an item of this name; returns the item."""
        def probe():
            items = pages(lambda **k: self.call(operation, **members, **k), key)
            hits = [i for i in items if i.get(name_of) == name]
            return (hits[0] if hits else None) if wanted else not hits
        return wait_until(f"{operation} {'shows' if wanted else 'drops'} {name}", probe)

    def cli(self, *words, check=True, env=None):
        """Runs the AWS CLI on the lab; its parsed output, or the finished process with check=False."""
        if not self.suite.aws:
            raise Skip("no AWS CLI in the environment")
        environment = {"PATH": os.environ["PATH"], "HOME": self.suite.folder, "AWS_ENDPOINT_URL": self.lab.url,
                       "AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION,
                       "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
                       "AWS_MAX_ATTEMPTS": "1", "LANG": "C.UTF-8", **(env or {})}
        done = subprocess.run([self.suite.aws, *words, "--output", "json"], env=environment, text=True,
                              capture_output=True, timeout=120)
        if not check:
            return done
        assert done.returncode == 0, f"aws {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}


def make_instance(connect, alias):
    """Creates an instance with an alias and waits until it is active."""
    made = connect.create_instance(IdentityManagementType="CONNECT_MANAGED", InstanceAlias=alias,
                                   InboundCallsEnabled=True, OutboundCallsEnabled=True)
    wait_until("the instance is ACTIVE", lambda: connect.describe_instance(
        InstanceId=made["Id"])["Instance"]["InstanceStatus"] == "ACTIVE")
    return made["Id"]


def refused(code, status, action):
    """Asserts that `action` ends with this error and HTTP status; returns the error's document."""
    try:
        answer = action()
    except botocore.exceptions.ClientError as error:
        document = error.response
        seen = (document["Error"]["Code"], document["ResponseMetadata"]["HTTPStatusCode"])
        assert seen == (code, status), f"{seen} where {(code, status)} belongs: {document['Error'].get('Message')}"
        return document
    raise AssertionError(f"accepted, where {code} belongs: {str(answer)[:300]}")


def pages(call, key, size=None):
    """Every item of a paged operation, by its NextToken."""
    items, more = [], {"MaxResults": size} if size else {}
    while True:
        answer = call(**more)
        assert size is None or len(answer[key]) <= size, f"a page of {len(answer[key])}, at most {size}"
        items += answer[key]
        if not answer.get("NextToken"):
            return items
        more["NextToken"] = answer["NextToken"]


def names(items, key="Name"):
    """The names of items, sorted."""
    return sorted(i[key] for i in items)
