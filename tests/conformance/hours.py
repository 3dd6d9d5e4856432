"""Hours of operation: their week, time zone and dated overrides."""
import samples
import support

WEEK = {"TimeZone": "America/Los_Angeles", "Config": samples.hours()}
DAY = [{"Day": "MONDAY", "StartTime": {"Hours": 10, "Minutes": 0}, "EndTime": {"Hours": 12, "Minutes": 30}}]
HOLIDAY = {"Config": DAY, "EffectiveFrom": "2027-12-24", "EffectiveTill": "2027-12-26"}


def make(case, name="Main"):
    return case.call("create_hours_of_operation", Name=name, **WEEK)["HoursOfOperationId"]


def override(case, hours, name="Holiday", **members):
    return case.call("create_hours_of_operation_override", HoursOfOperationId=hours, Name=name,
                     **{**HOLIDAY, **members})["HoursOfOperationOverrideId"]


def test_week_and_zone_are_updated(case):
    hours = make(case)
    week = samples.hours() + samples.hours("TUESDAY", 8, 12)
    case.call("update_hours_of_operation", HoursOfOperationId=hours, TimeZone="Europe/Vienna", Config=week,
              Description="Later")
    read = case.call("describe_hours_of_operation", HoursOfOperationId=hours)["HoursOfOperation"]
    assert (read["TimeZone"], read["Description"], read["Name"]) == ("Europe/Vienna", "Later", "Main")
    key = lambda c: c["Day"]
    assert sorted(read["Config"], key=key) == sorted(week, key=key)


def test_what_is_no_zone_or_no_time_is_refused(case):
    for members in ({"TimeZone": "Mars/Olympus"}, {"Config": samples.hours(opens=24)}, {"Config": samples.hours("NODAY")}):
        support.refused("InvalidParameterException", 400, lambda: case.raw(
            "create_hours_of_operation", Name="Bad", **{**WEEK, **members}))


def test_hours_of_a_queue_are_in_use(case):
    hours = make(case)
    queue = case.call("create_queue", Name="Sales", HoursOfOperationId=hours)["QueueId"]
    support.refused("InvalidRequestException", 400, lambda: case.call("delete_hours_of_operation", HoursOfOperationId=hours))
    case.call("delete_queue", QueueId=queue)
    case.call("delete_hours_of_operation", HoursOfOperationId=hours)


def test_overrides_are_made_changed_and_deleted(case):
    hours = make(case)
    made = override(case, hours)
    one = {"HoursOfOperationId": hours, "HoursOfOperationOverrideId": made}
    read = case.call("describe_hours_of_operation_override", **one)["HoursOfOperationOverride"]
    assert (read["Name"], read["EffectiveFrom"], read["Config"]) == ("Holiday", "2027-12-24", DAY), read
    case.call("update_hours_of_operation_override", Description="Closed early", EffectiveTill="2027-12-27", **one)
    read = case.call("describe_hours_of_operation_override", **one)["HoursOfOperationOverride"]
    assert (read["Description"], read["EffectiveTill"], read["Config"]) == ("Closed early", "2027-12-27", DAY), read
    case.call("delete_hours_of_operation_override", **one)
    case.refused("ResourceNotFoundException", 404, "describe_hours_of_operation_override", **one)


def test_overrides_are_listed_by_hours_and_searched_by_instance(case):
    first, second = make(case, "First"), make(case, "Second")
    for hours in (first, second):
        for name, month in (("A", "01"), ("B", "02")):
            override(case, hours, name, EffectiveFrom=f"2027-{month}-01", EffectiveTill=f"2027-{month}-02")
    listed = support.pages(lambda **k: case.call("list_hours_of_operation_overrides", HoursOfOperationId=first, **k),
                           "HoursOfOperationOverrideList", size=1)
    assert support.names(listed) == ["A", "B"]

    def search():
        search_page = lambda **k: case.call("search_hours_of_operation_overrides", **k)
        found = support.pages(search_page, "HoursOfOperationOverrides", size=2)
        return found if len(found) == 4 else None

    found = support.wait_until("both hours' overrides are found", search)
    assert {o["HoursOfOperationId"] for o in found} == {first, second}


def test_an_override_recurs_and_has_a_type(case):
    hours = make(case)
    recurrence = {"RecurrencePattern": {"Frequency": "YEARLY", "Interval": 1, "ByMonth": [12], "ByMonthDay": [25]}}
    made = override(case, hours, RecurrenceConfig=recurrence, OverrideType="CLOSED", EffectiveTill="2030-12-26")
    read = case.call("describe_hours_of_operation_override", HoursOfOperationId=hours,
                     HoursOfOperationOverrideId=made)["HoursOfOperationOverride"]
    assert (read["RecurrenceConfig"], read["OverrideType"]) == (recurrence, "CLOSED")


def test_overrides_of_one_name_or_backwards_are_refused(case):
    hours = make(case)
    override(case, hours)
    case.refused("DuplicateResourceException", 409, "create_hours_of_operation_override", HoursOfOperationId=hours,
                 Name="Holiday", Config=DAY, EffectiveFrom="2027-03-01", EffectiveTill="2027-03-02")
    case.refused("InvalidParameterException", 400, "create_hours_of_operation_override", HoursOfOperationId=hours,
                 Name="Backwards", Config=DAY, EffectiveFrom="2027-03-02", EffectiveTill="2027-03-01")
    override(case, make(case, "Other"))


def test_search_takes_names_and_tags(case):
    make(case, "North line")
    case.call("create_hours_of_operation", Name="South line", Tags={"site": "south"}, **WEEK)
    case.searched("search_hours_of_operations", "HoursOfOperations", "Name", "South line")
    by_name = case.call("search_hours_of_operations", SearchCriteria={
        "StringCondition": {"FieldName": "name", "Value": "North", "ComparisonType": "STARTS_WITH"}})
    assert support.names(by_name["HoursOfOperations"]) == ["North line"]
    by_tag = case.call("search_hours_of_operations", SearchFilter={
        "TagFilter": {"TagCondition": {"TagKey": "site", "TagValue": "south"}}})
    assert support.names(by_tag["HoursOfOperations"]) == ["South line"]
