"""Service Quotas: the quotas that the lab was started with, under AWS's codes; without them, none."""
import support

QUEUES = "L-19A87C94"


def test_quotas_are_those_that_the_lab_enforces(case):
    case.start_lab("--no-throttle", "--quotas", "aws,queues=3")
    quotas = case.client("service-quotas")
    shown = {q["QuotaName"]: q["Value"] for q in quotas.list_service_quotas(ServiceCode="connect")["Quotas"]}
    assert shown["Queues per instance"] == 3 and shown["Contact flows per instance"] == 100, shown
    one = quotas.get_service_quota(ServiceCode="connect", QuotaCode=QUEUES)["Quota"]
    assert one["QuotaArn"] == f"arn:aws:servicequotas:{support.REGION}:{case.account}:connect/{QUEUES}", one
    assert (one["Value"], one["Adjustable"], one["QuotaAppliedAtLevel"]) == (3, True, "ACCOUNT"), one
    default = quotas.get_aws_default_service_quota(ServiceCode="connect", QuotaCode=QUEUES)["Quota"]
    assert default["QuotaArn"] == f"arn:aws:servicequotas:{support.REGION}::connect/{QUEUES}", default
    hours = case.call("list_hours_of_operations")["HoursOfOperationSummaryList"][0]["Id"]
    for name in ("one", "two"):
        case.call("create_queue", Name=name, HoursOfOperationId=hours)
    case.refused("LimitExceededException", 429, "create_queue", Name="three", HoursOfOperationId=hours)


def test_quotas_come_in_pages(case):
    case.start_lab("--no-throttle", "--quotas", "aws")
    quotas = case.client("service-quotas")
    whole = [q["QuotaCode"] for q in quotas.list_aws_default_service_quotas(ServiceCode="connect")["Quotas"]]
    paged = support.pages(lambda **k: quotas.list_service_quotas(ServiceCode="connect", **k), "Quotas", 2)
    assert [q["QuotaCode"] for q in paged] == whole and len(whole) > 5, whole
    for call in (quotas.list_service_quotas, quotas.list_aws_default_service_quotas):
        support.refused("InvalidPaginationTokenException", 400, lambda: call(ServiceCode="connect", NextToken="none"))


def test_a_lab_without_quotas_has_none(case):
    quotas = case.client("service-quotas")
    assert quotas.list_service_quotas(ServiceCode="connect")["Quotas"] == []
    for call in (quotas.get_service_quota, quotas.get_aws_default_service_quota):
        support.refused("NoSuchResourceException", 400, lambda: call(ServiceCode="connect", QuotaCode=QUEUES))
    support.refused("NoSuchResourceException", 400, lambda: quotas.list_service_quotas(ServiceCode="ec2"))
