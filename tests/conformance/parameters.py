"""The parameter store: parameters of three types, their versions, and what lies below a path."""
import support


def put(case, name, value, kind="String", **members):
    return case.client("ssm").put_parameter(Name=name, Value=value, Type=kind, **members)


def test_a_parameter_has_versions(case):
    ssm = case.client("ssm")
    assert put(case, "/crm/url", "one")["Version"] == 1
    support.refused("ParameterAlreadyExists", 400, lambda: put(case, "/crm/url", "two"))
    assert ssm.put_parameter(Name="/crm/url", Value="two", Overwrite=True)["Version"] == 2
    now = ssm.get_parameter(Name="/crm/url")["Parameter"]
    assert (now["Value"], now["Version"], now["Type"], now["DataType"]) == ("two", 2, "String", "text"), now
    assert now["ARN"] == f"arn:aws:ssm:{support.REGION}:{case.account}:parameter/crm/url", now
    before = ssm.get_parameter(Name="/crm/url:1")["Parameter"]
    assert (before["Value"], before["Selector"]) == ("one", ":1"), before
    assert ssm.get_parameter(Name=now["ARN"])["Parameter"]["Value"] == "two"
    support.refused("ParameterVersionNotFound", 400, lambda: ssm.get_parameter(Name="/crm/url:9"))
    support.refused("ParameterNotFound", 400, lambda: ssm.get_parameter(Name="/crm/other"))


def test_a_secure_string_is_shown_to_who_asks_for_it(case):
    ssm = case.client("ssm")
    put(case, "token", "hidden", "SecureString")
    assert ssm.get_parameter(Name="token")["Parameter"]["Value"] != "hidden"
    assert ssm.get_parameter(Name="token", WithDecryption=True)["Parameter"]["Value"] == "hidden"
    assert ssm.describe_parameters()["Parameters"][0]["KeyId"] == "alias/aws/ssm"


def test_several_are_read_at_once(case):
    ssm = case.client("ssm")
    for name in ("/a/one", "/a/two", "three"):
        put(case, name, name)
    answer = ssm.get_parameters(Names=["/a/one", "three", "none", "/a/two:7"])
    assert sorted(p["Name"] for p in answer["Parameters"]) == ["/a/one", "three"], answer
    assert sorted(answer["InvalidParameters"]) == ["/a/two:7", "none"], answer
    support.refused("ValidationException", 400, lambda: ssm.get_parameters(Names=["three", "three"]))
    support.refused("ValidationException", 400,
                    lambda: case.client("ssm", validate=False).get_parameters(Names=[str(n) for n in range(11)]))


def test_paths_are_read_level_by_level_and_in_pages(case):
    ssm = case.client("ssm")
    for name in ("/a/x", "/a/b/y", "/a/b/c/z", "/ab/x"):
        put(case, name, "v")
    names = lambda **k: [p["Name"] for p in ssm.get_parameters_by_path(**k)["Parameters"]]
    assert names(Path="/a") == ["/a/x"]
    assert names(Path="/a/", Recursive=True) == ["/a/b/c/z", "/a/b/y", "/a/x"]
    assert len(names(Path="/", Recursive=True)) == 4
    paged = support.pages(lambda **k: ssm.get_parameters_by_path(Path="/a", Recursive=True, **k), "Parameters", 2)
    assert len(paged) == 3, paged
    assert names(Path="/a", ParameterFilters=[{"Key": "Type", "Values": ["SecureString"]}]) == []
    support.refused("ValidationException", 400, lambda: names(Path="a"))
    support.refused("InvalidNextToken", 400, lambda: ssm.get_parameters_by_path(Path="/a", NextToken="none"))
    support.refused("InvalidFilterKey", 400,
                    lambda: names(Path="/a", ParameterFilters=[{"Key": "Name", "Values": ["a"]}]))


def test_parameters_are_described_by_filters(case):
    ssm = case.client("ssm")
    put(case, "/a/x", "v", Description="an x")
    put(case, "/b/y", "v", "StringList", Tier="Advanced")
    names = lambda *filters: [p["Name"] for p in ssm.describe_parameters(ParameterFilters=list(filters))["Parameters"]]
    assert names() == ["/a/x", "/b/y"]
    assert names({"Key": "Name", "Option": "BeginsWith", "Values": ["/a"]}) == ["/a/x"]
    assert names({"Key": "Name", "Option": "Contains", "Values": ["y"]}) == ["/b/y"]
    assert names({"Key": "Path", "Option": "Recursive", "Values": ["/b"]}) == ["/b/y"]
    assert names({"Key": "Tier", "Values": ["Advanced"]}, {"Key": "Type", "Values": ["StringList"]}) == ["/b/y"]
    assert ssm.describe_parameters()["Parameters"][0]["Description"] == "an x"
    paged = support.pages(lambda **k: ssm.describe_parameters(**k), "Parameters", 1)
    assert len(paged) == 2, paged
    support.refused("InvalidFilterOption", 400, lambda: names({"Key": "Name", "Option": "Near", "Values": ["a"]}))
    support.refused("InvalidNextToken", 400, lambda: ssm.describe_parameters(NextToken="none"))


def test_what_is_no_parameter_is_refused(case):
    support.refused("ValidationException", 400, lambda: case.client("ssm").put_parameter(Name="a", Value="v"))
    for name in ("/aws/x", "ssm-x", "a/b", "a b", "/a//b"):
        support.refused("ValidationException", 400, lambda: put(case, name, "v"))
    support.refused("ValidationException", 400, lambda: put(case, "large", "v" * 4097))
    put(case, "large", "v" * 4097, Tier="Advanced")
    deep = "/" + "/".join("abcdefghijklmnop")
    support.refused("HierarchyLevelLimitExceededException", 400, lambda: put(case, deep, "v"))
    support.refused("HierarchyTypeMismatchException", 400,
                    lambda: put(case, "large", "v", "SecureString", Overwrite=True))
    support.refused("UnsupportedParameterType", 400, lambda: put(case, "odd", "v", "Number"))


def test_parameters_are_deleted(case):
    ssm = case.client("ssm")
    for name in ("one", "two"):
        put(case, name, "v")
    ssm.delete_parameter(Name="one")
    support.refused("ParameterNotFound", 400, lambda: ssm.delete_parameter(Name="one"))
    answer = ssm.delete_parameters(Names=["one", "two"])
    assert (answer["DeletedParameters"], answer["InvalidParameters"]) == (["two"], ["one"]), answer
    assert put(case, "one", "again")["Version"] == 1


def test_a_fault_has_the_services_own_error(case):
    """These two declare nothing that an input alone can bring about."""
    case.start_lab("--no-throttle")
    ssm = case.client("ssm", attempts=1)
    for operation, call in (("GetParameters", ssm.get_parameters), ("DeleteParameters", ssm.delete_parameters)):
        case.lab.post("/_lab/faults", {"service": "ssm", "operation": operation, "do": "error"})
        support.refused("InternalServerError", 400, lambda: call(Names=["a"]))
        call(Names=["a"])
