"""Contents and configurations that the tests send: flows, modules, views, weeks, audio."""
import json
import struct


def flow(*actions, start=None, **more):
    """A flow's content out of actions; the first one is where it starts."""
    return json.dumps({"Version": "2019-10-30", "StartAction": start or actions[0]["Identifier"],
                       "Actions": list(actions), **more})


def action(identifier, kind, parameters=None, then=None, errors=(), conditions=None):
    """An action; `errors` are pairs of error type and next action."""
    transitions = {}
    if then:
        transitions["NextAction"] = then
    if errors:
        transitions["Errors"] = [{"ErrorType": e, "NextAction": n} for e, n in errors]
    if conditions is not None:
        transitions["Conditions"] = conditions
    return {"Identifier": identifier, "Type": kind, "Parameters": parameters or {}, "Transitions": transitions}


def hang_up(identifier="end"):
    return action(identifier, "DisconnectParticipant")


def say(text, identifier="say", then="end"):
    return action(identifier, "MessageParticipant", {"Text": text}, then, [("NoMatchingError", then)])


def greeting(text="Welcome."):
    return flow(say(text), hang_up())


def to_queue(queue):
    """A flow that puts the caller into a queue; `queue` is an ARN."""
    return flow(
        action("set", "UpdateContactTargetQueue", {"QueueId": queue}, "go", [("NoMatchingError", "end")]),
        action("go", "TransferContactToQueue", {}, "end", [("QueueAtCapacity", "end"), ("NoMatchingError", "end")]),
        hang_up())


def to_flow(other):
    return flow(action("go", "TransferToFlow", {"ContactFlowId": other}, "end", [("NoMatchingError", "end")]), hang_up())


def whisper(text="A call."):
    return flow(say(text), action("end", "EndFlowExecution"))


def invoke(function):
    """A flow that calls a Lambda function."""
    return flow(action("call", "InvokeLambdaFunction",
                       {"LambdaFunctionARN": function, "InvocationTimeLimitSeconds": "3"}, "end",
                       [("NoMatchingError", "end")]), hang_up())


def talk_to(alias):
    """A flow that asks a Lex V2 alias."""
    return flow(action("ask", "ConnectParticipantWithLexBot",
                       {"Text": "How can we help?", "LexV2Bot": {"AliasArn": alias}}, "end",
                       [("NoMatchingCondition", "end"), ("NoMatchingError", "end")], conditions=[]), hang_up())


def module(text="Thank you."):
    """A module's content."""
    return flow(say(text), action("end", "EndFlowModuleExecution"),
                Settings={"InputParameters": [], "OutputParameters": [],
                          "Transitions": [{"DisplayName": "Success", "ReferenceName": "Success", "Description": ""},
                                          {"DisplayName": "Error", "ReferenceName": "Error", "Description": ""}]})


def hours(day="MONDAY", opens=9, closes=17):
    return [{"Day": day, "StartTime": {"Hours": opens, "Minutes": 0}, "EndTime": {"Hours": closes, "Minutes": 0}}]


def view(text="Hello"):
    """A view's content: a template as JSON and its actions."""
    template = {"Head": {"Configuration": {"Layout": {"Columns": ["12"]}}, "Title": text},
                "Body": [{"_id": "text_1", "Type": "TextBlock", "Props": {}, "Content": [text]}]}
    return {"Template": json.dumps(template), "Actions": ["Next"]}


def audio(samples=800):
    """A telephone-quality WAV file of silence."""
    data = b"\xff" * samples
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 7, 1, 8000, 8000, 1, 8)
    return head + b"data" + struct.pack("<I", len(data)) + data


PEM = ("-----BEGIN CERTIFICATE-----\n"
       "MIIBszCCAVmgAwIBAgIUTk9UIEEgUkVBTCBDRVJUSUZJQ0FURTAKBggqhkjOPQQD\n"
       "-----END CERTIFICATE-----\n")
