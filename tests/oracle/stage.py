"""Sets a stage for the oracle's own tests: an account of a lab with what the project of `center/` binds to,
and a copy of the project for that account."""
import os
import pathlib
import shutil
import subprocess

import instance

HERE = pathlib.Path(__file__).resolve().parent
REGION = "us-west-2"
NUMBER = "+15550100001"


def seed(endpoint, account):
    """Makes the instance `acme-ACCOUNT` and what it needs beside it."""
    clients = {s: instance.client(s, endpoint, account, REGION) for s in ("connect", "s3", "lambda", "lexv2-models")}
    connect = clients["connect"]
    made = connect.create_instance(IdentityManagementType="SAML", InstanceAlias=f"acme-{account}",
                                   InboundCallsEnabled=True, OutboundCallsEnabled=True)
    for bucket in ("staging", "recordings"):
        clients["s3"].create_bucket(Bucket=f"acme-{bucket}-{account}")
    role = f"arn:aws:iam::{account}:role/run"
    clients["lambda"].create_function(FunctionName="lookup", Role=role, Runtime="nodejs22.x", Handler="index.handler",
                                      Code={"ZipFile": b"PK\5\6" + bytes(18)})
    bot = clients["lexv2-models"].create_bot(botName="Concierge", roleArn=role, idleSessionTTLInSeconds=300,
                                             dataPrivacy={"childDirected": False})
    clients["lexv2-models"].create_bot_alias(botId=bot["botId"], botAliasName="live")
    connect.claim_phone_number(TargetArn=made["Arn"], PhoneNumber=NUMBER)
    return connect


def project(folder, account, state=".trunkline/state"):
    """Copies the project for an account; `folder` must not exist."""
    folder = pathlib.Path(folder)
    shutil.copytree(HERE / "center", folder)
    config = folder / "trunkline.yaml"
    text = config.read_text(encoding="utf-8")
    for mark, value in {"@STATE@": state, "@ACCOUNT@": account, "@NUMBER@": NUMBER}.items():
        text = text.replace(mark, value)
    config.write_text(text, encoding="utf-8")
    (folder / ".git").mkdir()
    return folder


def trunkline(binary, folder, endpoint, account, *words):
    """Runs the program in a project; its finished process."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "AWS_ENDPOINT_URL": endpoint,
                   "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "x", "TRUNKLINE_RATE_SCALE": "off",
                   "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run([binary, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120)
