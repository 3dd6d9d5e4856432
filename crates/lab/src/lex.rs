//! Lex V2's bots, versions and aliases, to be found by name and associated; content (locales, intents,
//! slots), import and export are deliberately absent.

use crate::page;
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::epoch;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The bots of one account in one region by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    bots: BTreeMap<String, Bot>,
}

#[derive(Clone, Debug)]
struct Bot {
    /// The members that DescribeBot answers.
    described: Value,
    /// How many versions were made.
    versions: u32,
    /// Aliases by id.
    aliases: BTreeMap<String, Value>,
}

/// The alias that every bot has.
const TEST_ALIAS: &str = "TSTALIASID";

impl State {
    /// Whether the alias exists.
    pub(crate) fn has_alias(&self, bot: &str, alias: &str) -> bool {
        self.bots.get(bot).is_some_and(|b| b.aliases.contains_key(alias))
    }
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    context: &mut Context<'_>,
) -> Outcome {
    match operation {
        "CreateBot" => create(input, state, context),
        "DescribeBot" => Ok(bot(input, state, not_found)?.described.clone()),
        "ListBots" => list(input, state),
        "DeleteBot" => delete(input, state),
        "CreateBotVersion" => create_version(input, state, context),
        "CreateBotAlias" => create_alias(input, state, context),
        "DescribeBotAlias" => describe_alias(input, state),
        "ListBotAliases" => list_aliases(input, state),
        _ => Err(Failure::unknown("lexv2-models", operation)),
    }
}

fn create(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let name = text(input, "botName");
    if state.bots.values().any(|b| text(&b.described, "botName") == name) {
        return Err(precondition(&format!("Bot with name {name} already exists")));
    }
    let id = context.ids.letters(10);
    let now = epoch(context.now);
    let mut described =
        json!({"botId": id, "botName": name, "botStatus": "Available", "creationDateTime": now});
    copy(
        input,
        &mut described,
        &[
            "description",
            "roleArn",
            "dataPrivacy",
            "idleSessionTTLInSeconds",
            "botMembers",
            "errorLogSettings",
        ],
    );
    described["botType"] = input.get("botType").cloned().unwrap_or(json!("Bot"));
    let mut answer = described.clone();
    copy(input, &mut answer, &["botTags", "testBotAliasTags"]);
    answer["botStatus"] = json!("Available");
    described["lastUpdatedDateTime"] = now;
    let test = alias(&id, TEST_ALIAS, "TestBotAlias", "DRAFT", context);
    let aliases = BTreeMap::from([(TEST_ALIAS.to_owned(), test)]);
    state.bots.insert(id, Bot { described, versions: 0, aliases });
    Ok(answer)
}

fn alias(bot: &str, id: &str, name: &str, version: &str, context: &Context<'_>) -> Value {
    let now = epoch(context.now);
    json!({
        "botAliasId": id,
        "botAliasName": name,
        "botVersion": version,
        "botAliasStatus": "Available",
        "botId": bot,
        "creationDateTime": now,
        "lastUpdatedDateTime": now,
    })
}

fn list(input: &Value, state: &State) -> Outcome {
    let mut found: Vec<&Bot> = state.bots.values().filter(|b| fits(&b.described, input)).collect();
    found.sort_by_key(|b| text(&b.described, "botName").to_owned());
    if text(&input["sortBy"], "order") == "Descending" {
        found.reverse();
    }
    let summaries: Vec<Value> = found.into_iter().map(summary).collect();
    let (page, next) = page::cut(summaries, input.get("nextToken"), size(input), validation)?;
    Ok(with_token(json!({"botSummaries": page}), next))
}

fn summary(bot: &Bot) -> Value {
    let mut summary = json!({});
    let members =
        ["botId", "botName", "description", "botStatus", "lastUpdatedDateTime", "botType"];
    copy(&bot.described, &mut summary, &members);
    if bot.versions > 0 {
        summary["latestBotVersion"] = json!(bot.versions.to_string());
    }
    summary
}

fn fits(bot: &Value, input: &Value) -> bool {
    let filters = input.get("filters").and_then(Value::as_array).into_iter().flatten();
    filters.into_iter().all(|filter| {
        let member = if text(filter, "name") == "BotType" { "botType" } else { "botName" };
        let value = text(bot, member);
        let wanted = filter["values"][0].as_str().unwrap_or_default();
        match text(filter, "operator") {
            "CO" => value.contains(wanted),
            "NE" => value != wanted,
            _ => value == wanted,
        }
    })
}

fn delete(input: &Value, state: &mut State) -> Outcome {
    let id = text(input, "botId").to_owned();
    state.bots.remove(&id).ok_or_else(|| precondition(&format!("Bot {id} does not exist")))?;
    Ok(json!({"botId": id, "botStatus": "Deleting"}))
}

fn create_version(input: &Value, state: &mut State, context: &Context<'_>) -> Outcome {
    let bot = bot_mut(input, state)?;
    bot.versions += 1;
    let mut answer = json!({
        "botId": text(input, "botId"),
        "botVersion": bot.versions.to_string(),
        "botStatus": "Available",
        "creationDateTime": epoch(context.now),
    });
    copy(input, &mut answer, &["description", "botVersionLocaleSpecification"]);
    Ok(answer)
}

fn create_alias(input: &Value, state: &mut State, context: &mut Context<'_>) -> Outcome {
    let id = context.ids.letters(10);
    let (name, version) =
        (text(input, "botAliasName"), input.get("botVersion").and_then(Value::as_str));
    let bot = bot_mut(input, state)?;
    if bot.aliases.values().any(|a| text(a, "botAliasName") == name) {
        return Err(precondition(&format!("An alias with the name {name} already exists")));
    }
    let exists = |v: &str| v.parse().is_ok_and(|n: u32| n >= 1 && n <= bot.versions);
    if let Some(version) = version.filter(|v| !exists(v)) {
        return Err(precondition(&format!("Bot version {version} does not exist")));
    }
    let mut described =
        alias(text(input, "botId"), &id, name, version.unwrap_or_default(), context);
    if version.is_none() {
        remove(&mut described, "botVersion");
    }
    copy(
        input,
        &mut described,
        &[
            "description",
            "botAliasLocaleSettings",
            "conversationLogSettings",
            "sentimentAnalysisSettings",
        ],
    );
    let mut answer = described.clone();
    remove(&mut answer, "lastUpdatedDateTime");
    copy(input, &mut answer, &["tags"]);
    bot.aliases.insert(id, described);
    Ok(answer)
}

fn describe_alias(input: &Value, state: &State) -> Outcome {
    let bot = bot(input, state, not_found)?;
    let id = text(input, "botAliasId");
    let found = bot.aliases.get(id);
    found.cloned().ok_or_else(|| not_found(&format!("Bot alias {id} does not exist")))
}

fn list_aliases(input: &Value, state: &State) -> Outcome {
    let bot = bot(input, state, validation)?;
    let members = [
        "botAliasId",
        "botAliasName",
        "description",
        "botVersion",
        "botAliasStatus",
        "creationDateTime",
        "lastUpdatedDateTime",
    ];
    let summaries = bot.aliases.values().map(|alias| {
        let mut summary = json!({});
        copy(alias, &mut summary, &members);
        summary
    });
    let (page, next) =
        page::cut(summaries.collect(), input.get("nextToken"), size(input), validation)?;
    let answer = json!({"botAliasSummaries": page, "botId": text(input, "botId")});
    Ok(with_token(answer, next))
}

fn bot<'a>(
    input: &Value,
    state: &'a State,
    refuse: impl Fn(&str) -> Failure,
) -> Result<&'a Bot, Failure> {
    let id = text(input, "botId");
    state.bots.get(id).ok_or_else(|| refuse(&format!("Bot {id} does not exist")))
}

fn bot_mut<'a>(input: &Value, state: &'a mut State) -> Result<&'a mut Bot, Failure> {
    let id = text(input, "botId");
    state.bots.get_mut(id).ok_or_else(|| precondition(&format!("Bot {id} does not exist")))
}

fn copy(from: &Value, to: &mut Value, members: &[&str]) {
    for member in members {
        if let Some(value) = from.get(member) {
            to[*member] = value.clone();
        }
    }
}

fn remove(value: &mut Value, member: &str) {
    if let Some(object) = value.as_object_mut() {
        object.shift_remove(member);
    }
}

fn size(input: &Value) -> usize {
    let asked = input.get("maxResults").and_then(Value::as_u64).unwrap_or(1000);
    usize::try_from(asked).unwrap_or(1000).min(1000)
}

fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    answer
}

fn not_found(message: &str) -> Failure {
    Failure::new("ResourceNotFoundException", 404, message)
}

fn precondition(message: &str) -> Failure {
    Failure::new("PreconditionFailedException", 412, message)
}

fn validation(message: &str) -> Failure {
    Failure::new("ValidationException", 400, message)
}
