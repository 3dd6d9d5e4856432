"""Lambda functions and Lex bots: seeded in their own services, associated with an instance, named by flows."""
import samples
import support

ROLE = "arn:aws:iam::{account}:role/lambda"


def function(case, name="lookup"):
    """A function of the case's account; its ARN."""
    made = case.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Handler="index.handler", Code={"ZipFile": b"PK"},
        Role=ROLE.format(account=case.account))
    return made["FunctionArn"]


def bot_alias(case, name="Concierge", alias="live"):
    """A Lex V2 bot's alias; its ARN."""
    lex = case.client("lexv2-models")
    bot = lex.create_bot(botName=name, roleArn=ROLE.format(account=case.account),
                         dataPrivacy={"childDirected": False}, idleSessionTTLInSeconds=300)["botId"]
    support.wait_until("the bot is Available", lambda: lex.describe_bot(botId=bot)["botStatus"] == "Available")
    made = lex.create_bot_alias(botAliasName=alias, botId=bot)["botAliasId"]
    return f"arn:aws:lex:{support.REGION}:{case.account}:bot-alias/{bot}/{made}"


def test_a_function_is_associated_once(case):
    arn = function(case)
    case.call("associate_lambda_function", FunctionArn=arn)
    case.refused("ResourceConflictException", 409, "associate_lambda_function", FunctionArn=arn)
    second = function(case, "second")
    case.call("associate_lambda_function", FunctionArn=second)
    listed = support.pages(lambda **k: case.call("list_lambda_functions", **k), "LambdaFunctions", size=1)
    assert sorted(listed) == sorted([arn, second])
    case.call("disassociate_lambda_function", FunctionArn=arn)
    assert case.call("list_lambda_functions")["LambdaFunctions"] == [second]


def test_a_function_that_does_not_exist_is_not_associated(case):
    missing = f"arn:aws:lambda:{support.REGION}:{case.account}:function:nothing"
    case.refused("ResourceNotFoundException", 404, "associate_lambda_function", FunctionArn=missing)


def test_a_bot_alias_is_associated_once(case):
    arn = bot_alias(case)
    case.call("associate_bot", LexV2Bot={"AliasArn": arn})
    case.refused("ResourceConflictException", 409, "associate_bot", LexV2Bot={"AliasArn": arn})
    listed = case.call("list_bots", LexVersion="V2")["LexBots"]
    assert listed == [{"LexV2Bot": {"AliasArn": arn}}], listed
    case.call("disassociate_bot", LexV2Bot={"AliasArn": arn})
    assert case.call("list_bots", LexVersion="V2")["LexBots"] == []


def test_a_bot_alias_that_does_not_exist_is_not_associated(case):
    missing = f"arn:aws:lex:{support.REGION}:{case.account}:bot-alias/ABCDEFGHIJ/KLMNOPQRST"
    case.refused("ResourceNotFoundException", 404, "associate_bot", LexV2Bot={"AliasArn": missing})


def test_a_flow_names_only_functions_that_are_associated(case):
    arn = function(case)
    members = {"Name": "Lookup", "Type": "CONTACT_FLOW", "Content": samples.invoke(arn)}
    document = case.refused("InvalidContactFlowException", 400, "create_contact_flow", **members)
    assert document["problems"], document
    case.call("associate_lambda_function", FunctionArn=arn)
    case.call("create_contact_flow", **members)


def test_a_flow_names_only_bots_that_are_associated(case):
    arn = bot_alias(case)
    members = {"Name": "Ask", "Type": "CONTACT_FLOW", "Content": samples.talk_to(arn)}
    document = case.refused("InvalidContactFlowException", 400, "create_contact_flow", **members)
    assert document["problems"], document
    case.call("associate_bot", LexV2Bot={"AliasArn": arn})
    case.call("create_contact_flow", **members)


def test_functions_have_aliases(case):
    client = case.client("lambda")
    arn = function(case)
    client.create_alias(FunctionName="lookup", Name="live", FunctionVersion="$LATEST")
    assert client.get_alias(FunctionName="lookup", Name="live")["AliasArn"] == arn + ":live"
    assert [a["Name"] for a in client.list_aliases(FunctionName="lookup")["Aliases"]] == ["live"]
    assert client.get_function(FunctionName=arn + ":live")["Configuration"]["FunctionName"] == "lookup"
    support.refused("ResourceConflictException", 409, lambda: client.create_alias(
        FunctionName="lookup", Name="live", FunctionVersion="$LATEST"))
    support.refused("ResourceNotFoundException", 404, lambda: client.get_alias(FunctionName="lookup", Name="no"))
    support.refused("ResourceNotFoundException", 404, lambda: client.list_aliases(FunctionName="nothing"))


def test_functions_are_made_listed_and_deleted(case):
    client = case.client("lambda")
    function(case)
    support.refused("ResourceConflictException", 409, lambda: function(case))
    assert [f["FunctionName"] for f in client.list_functions()["Functions"]] == ["lookup"]
    client.delete_function(FunctionName="lookup")
    support.refused("ResourceNotFoundException", 404, lambda: client.get_function(FunctionName="lookup"))
    support.refused("ResourceNotFoundException", 404, lambda: client.delete_function(FunctionName="lookup"))


def test_a_page_of_functions_beyond_the_last_is_refused(case):
    support.refused("InvalidParameterValueException", 400,
                    lambda: case.client("lambda").list_functions(Marker="nonsense"))


def test_bots_have_aliases_and_versions(case):
    lex, arn = case.client("lexv2-models"), bot_alias(case)
    bot, alias = arn.split("/")[1:]
    assert lex.describe_bot_alias(botId=bot, botAliasId=alias)["botAliasName"] == "live"
    names = [a["botAliasName"] for a in lex.list_bot_aliases(botId=bot)["botAliasSummaries"]]
    assert sorted(names) == ["TestBotAlias", "live"], names
    assert [b["botName"] for b in lex.list_bots()["botSummaries"]] == ["Concierge"]
    version = lex.create_bot_version(botId=bot, botVersionLocaleSpecification={
        "en_US": {"sourceBotVersion": "DRAFT"}})["botVersion"]
    assert version == "1"
    lex.delete_bot(botId=bot, skipResourceInUseCheck=True)
    support.wait_until("the bot is gone", lambda: not lex.list_bots()["botSummaries"])


def test_bots_that_are_missing_or_twice_are_refused(case):
    lex, missing = case.client("lexv2-models"), "ABCDEFGHIJ"
    bot_alias(case)
    support.refused("PreconditionFailedException", 412, lambda: bot_alias(case))
    support.refused("ResourceNotFoundException", 404, lambda: lex.describe_bot(botId=missing))
    support.refused("ResourceNotFoundException", 404, lambda: lex.describe_bot_alias(botId=missing, botAliasId=missing))
    support.refused("PreconditionFailedException", 412, lambda: lex.delete_bot(botId=missing))
    support.refused("PreconditionFailedException", 412, lambda: lex.create_bot_alias(botId=missing, botAliasName="x"))
    support.refused("PreconditionFailedException", 412, lambda: lex.create_bot_version(
        botId=missing, botVersionLocaleSpecification={"en_US": {"sourceBotVersion": "DRAFT"}}))
    support.refused("ValidationException", 400, lambda: lex.list_bots(nextToken="nonsense"))
    support.refused("ValidationException", 400, lambda: lex.list_bot_aliases(botId=missing, nextToken="nonsense"))
