"""When and where a resource was changed last: every write of its contents moves the time on."""
import kinds
import samples
import support


def moves(case, describe, wrapper, label, identifier, *writes):
    """Asserts that each of the writes (operation, members) makes the resource's time later."""
    seen = lambda: case.call(describe, **{label: identifier})[wrapper]
    for operation, members in writes:
        before = seen()["LastModifiedTime"]

        def later():
            case.call(operation, **{label: identifier}, **members)
            return seen()["LastModifiedTime"] > before
        support.wait_until(f"{operation} moves the time of a {wrapper}", later)
    assert seen().get("LastModifiedRegion", support.REGION) == support.REGION, seen()


def test_queues_are_stamped(case):
    moves(case, "describe_queue", "Queue", "QueueId", kinds.basic_queue(case),
          ("update_queue_name", {"Name": "Sales"}), ("update_queue_status", {"Status": "DISABLED"}),
          ("update_queue_max_contacts", {"MaxContacts": 3}),
          ("update_queue_hours_of_operation", {"HoursOfOperationId": kinds.basic_hours(case)}))


def test_hours_are_stamped(case):
    moves(case, "describe_hours_of_operation", "HoursOfOperation", "HoursOfOperationId", kinds.basic_hours(case),
          ("update_hours_of_operation", {"Config": samples.hours()}))


def test_flows_are_stamped(case):
    flow = case.call("create_contact_flow", Name="Main", Type="CONTACT_FLOW", Content=samples.greeting())["ContactFlowId"]
    moves(case, "describe_contact_flow", "ContactFlow", "ContactFlowId", flow,
          ("update_contact_flow_content", {"Content": samples.greeting("Hello.")}),
          ("update_contact_flow_metadata", {"Description": "new"}), ("update_contact_flow_name", {"Name": "Other"}))


def test_profiles_and_views_are_stamped(case):
    moves(case, "describe_routing_profile", "RoutingProfile", "RoutingProfileId", kinds.basic_routing_profile(case),
          ("update_routing_profile_name", {"Name": "Other"}))
    moves(case, "describe_security_profile", "SecurityProfile", "SecurityProfileId", kinds.agent_profile(case),
          ("update_security_profile", {"Description": "new"}))
    view = case.call("create_view", Name="Intake", Status="PUBLISHED", Content=samples.view())["View"]["Id"]
    moves(case, "describe_view", "View", "ViewId", view, ("update_view_metadata", {"Description": "new"}),
          ("update_view_content", {"Status": "PUBLISHED", "Content": samples.view("Bye")}))
