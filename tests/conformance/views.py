"""Views: saved and published content, AWS's own, the throttling error with a name of its own."""
import samples
import support


def make(case, name="Intake", status="PUBLISHED", **members):
    return case.call("create_view", Name=name, Status=status, Content=samples.view(), **members)["View"]


def test_content_is_saved_and_published(case):
    made = make(case, status="SAVED")
    assert made["Status"] == "SAVED"
    updated = case.call("update_view_content", ViewId=made["Id"], Status="PUBLISHED", Content=samples.view("Bye"))["View"]
    assert updated["Status"] == "PUBLISHED"
    seen = case.call("describe_view", ViewId=made["Id"])["View"]
    assert seen["Content"]["Template"] == samples.view("Bye")["Template"] and seen["Content"]["Actions"] == ["Next"]


def test_metadata_is_updated_by_itself(case):
    made = make(case)
    make(case, "Other")
    case.call("update_view_metadata", ViewId=made["Id"], Description="New")
    seen = case.call("describe_view", ViewId=made["Id"])["View"]
    assert (seen["Name"], seen["Description"]) == ("Intake", "New")
    case.refused("DuplicateResourceException", 409, "update_view_metadata", ViewId=made["Id"], Name="Other")


def test_lists_tell_views_of_customers_from_those_of_aws(case):
    make(case)
    own = support.pages(lambda **k: case.call("list_views", Type="CUSTOMER_MANAGED", **k), "ViewsSummaryList")
    assert [v["Name"] for v in own] == ["Intake"]
    theirs = case.call("list_views", Type="AWS_MANAGED")["ViewsSummaryList"]
    assert all(v["Type"] == "AWS_MANAGED" for v in theirs)


def test_a_template_that_is_no_json_is_refused(case):
    bad = {"Template": "{", "Actions": ["Next"]}
    case.refused("InvalidParameterException", 400, "create_view", Name="Bad", Status="PUBLISHED", Content=bad)
    make(case, "Good")


def test_a_name_that_the_model_forbids_is_refused(case):
    for name in ("Café ☎", "a ${b}", 'a "b"'):
        support.refused("InvalidParameterException", 400, lambda: case.raw(
            "create_view", Name=name, Status="PUBLISHED", Content=samples.view()))
    make(case, "Café (1)")


def test_a_view_that_a_flow_shows_cannot_be_deleted(case):
    made = make(case)
    content = samples.flow(samples.action("show", "ShowView", {"ViewResource": {"Id": made["Arn"]}}, "end"), samples.hang_up())
    flow = case.call("create_contact_flow", Name="Shows", Type="CONTACT_FLOW", Status="SAVED", Content=content)["ContactFlowId"]
    case.refused("ResourceInUseException", 409, "delete_view", ViewId=made["Id"])
    case.call("delete_contact_flow", ContactFlowId=flow)
    case.call("delete_view", ViewId=made["Id"])
