"""Flow modules: content with Settings, metadata, and the flows that call them."""
import json

import kinds
import samples
import support
from samples import action, flow, hang_up

CONTRACT = json.dumps({"input": {"schema": {}}, "resultData": {"schema": {}},
                       "transitions": {"results": [{"name": "Done", "description": "d"}]}})


def make(case, name="Thanks", **members):
    return case.call("create_contact_flow_module", Name=name, **{"Content": samples.module(), **members})["Id"]


def read(case, module):
    return case.call("describe_contact_flow_module", ContactFlowModuleId=module)["ContactFlowModule"]


def test_content_and_settings_come_back(case):
    made = make(case, Settings=CONTRACT, ExternalInvocationConfiguration={"Enabled": True})
    seen = read(case, made)
    assert seen["Content"] == samples.module() and seen["Settings"] == CONTRACT
    assert seen["ExternalInvocationConfiguration"] == {"Enabled": True}
    assert seen["Status"].lower() == "published"


def test_content_is_updated_by_itself(case):
    made = make(case)
    case.call("update_contact_flow_module_content", ContactFlowModuleId=made, Content=samples.module("Bye."))
    assert read(case, made)["Content"] == samples.module("Bye.")


def test_metadata_is_updated_and_a_module_archived(case):
    made = make(case)
    case.call("update_contact_flow_module_metadata", ContactFlowModuleId=made, Description="New", State="ARCHIVED")
    seen = read(case, made)
    assert (seen["Name"], seen["Description"], seen["State"]) == ("Thanks", "New", "ARCHIVED"), seen
    listed = case.call("list_contact_flow_modules", ContactFlowModuleState="ARCHIVED")["ContactFlowModulesSummaryList"]
    assert [m["Id"] for m in listed] == [made]


def test_bad_content_is_refused_with_problems(case):
    bad = flow(action("x", "Frobnicate", {}, "end"), action("end", "EndFlowModuleExecution"),
               Settings=json.loads(samples.module())["Settings"])
    document = case.refused("InvalidContactFlowModuleException", 400, "create_contact_flow_module", Name="Bad", Content=bad)
    problems = document.get("Problems")
    assert problems and "Invalid Action type. Type: Frobnicate" in problems[0]["message"], document
    made = make(case)
    case.refused("InvalidContactFlowModuleException", 400, "update_contact_flow_module_content",
                 ContactFlowModuleId=made, Content=bad)


def test_content_without_settings_is_refused(case):
    bad = {k: v for k, v in json.loads(samples.module()).items() if k != "Settings"}
    document = case.refused("InvalidRequestException", 400, "create_contact_flow_module", Name="Bad", Content=json.dumps(bad))
    assert "JSON field is missing or null for field name: settings" in document["Error"]["Message"], document
    make(case)


def test_a_flow_calls_a_module_that_exists(case):
    call = lambda module: flow(action("call", "InvokeFlowModule", {"FlowModuleId": module}, "end",
                                      [("NoMatchingError", "end")]), hang_up())
    members = {"Name": "Caller", "Type": "CONTACT_FLOW"}
    case.refused("InvalidContactFlowException", 400, "create_contact_flow",
                 Content=call(kinds.row("module").missing), **members)
    case.call("create_contact_flow", Content=call(make(case)), **members)


def test_a_token_makes_one_module(case):
    first = make(case, ClientToken="one")
    assert make(case, ClientToken="one") == first
    support.refused("DuplicateResourceException", 409, lambda: make(case, ClientToken="two"))
