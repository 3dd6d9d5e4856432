//! Names of what the center does not hold but refers to: users, phone numbers, bots, functions.

use crate::bindings::{Bindings, Bound};
use crate::cloud::{Call, CallError};
use crate::document::Documents;
use crate::read::{Reader, pages, text};
use crate::resolve::references;
use crate::resource::{Entry, Names, Resource};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trunkline_flow::find;
use trunkline_flow::reference::{self, Piece};

/// Reads the users' names and the claimed phone numbers.
pub(crate) async fn lists(reader: &Reader<'_>) -> Result<Names, CallError> {
    let users = reader.pages("ListUsers", "UserSummaryList", json!({}));
    let numbers = phone_numbers(reader);
    let (users, numbers) = futures_util::try_join!(users, numbers)?;
    let mut names = Names::default();
    for user in users {
        let entry = Entry { id: text(&user, "Id"), arn: text(&user, "Arn") };
        names.insert("user", &text(&user, "Username"), entry);
    }
    for number in numbers {
        let entry =
            Entry { id: text(&number, "PhoneNumberId"), arn: text(&number, "PhoneNumberArn") };
        names.insert("phone", &text(&number, "PhoneNumber"), entry);
    }
    Ok(names)
}

/// The phone numbers that are claimed to the instance.
pub(crate) async fn phone_numbers(reader: &Reader<'_>) -> Result<Vec<Value>, CallError> {
    let (items, input) =
        ("ListPhoneNumbersSummaryList", json!({ "TargetArn": reader.instance.arn }));
    pages(reader.cloud, "connect", "ListPhoneNumbersV2", items, input, "NextToken").await
}

/// Reads the bot aliases that resources use or documents name.
pub(crate) async fn bots(
    reader: &Reader<'_>,
    resources: &[Resource],
    documents: Option<&Documents>,
    names: &mut Names,
) -> Result<(), CallError> {
    let ids: BTreeSet<String> = resources.iter().flat_map(|r| bot_ids(reader, r)).collect();
    let wanted: BTreeSet<String> = documents
        .map(|d| referred(d, "lex"))
        .unwrap_or_default()
        .into_iter()
        .filter_map(|n| n.split_once('/').map(|(bot, _)| bot.to_owned()))
        .collect();
    if ids.is_empty() && wanted.is_empty() {
        return Ok(());
    }
    let rows =
        pages(reader.cloud, "lexv2-models", "ListBots", "botSummaries", json!({}), "nextToken")
            .await?;
    let needed =
        |row: &&Value| ids.contains(&text(row, "botId")) || wanted.contains(&text(row, "botName"));
    let bots: Vec<(String, String)> =
        rows.iter().filter(needed).map(|r| (text(r, "botId"), text(r, "botName"))).collect();
    for (id, name) in bots {
        let aliases = pages(
            reader.cloud,
            "lexv2-models",
            "ListBotAliases",
            "botAliasSummaries",
            json!({ "botId": id }),
            "nextToken",
        )
        .await?;
        for alias in aliases {
            let instance = reader.instance;
            let (partition, region) = (instance.region.partition(), &instance.region);
            let (account, alias_id) = (&instance.account, text(&alias, "botAliasId"));
            let arn = format!("arn:{partition}:lex:{region}:{account}:bot-alias/{id}/{alias_id}");
            let name = format!("{name}/{}", text(&alias, "botAliasName"));
            names.insert("lex", &name, Entry { id: String::new(), arn });
        }
    }
    Ok(())
}

/// The ids of the bots of this account and region that a resource names.
fn bot_ids(reader: &Reader<'_>, resource: &Resource) -> Vec<String> {
    let mut ids = Vec::new();
    let mut body = Value::Object(resource.body.clone());
    let walked = trunkline_flow::rewrite::map_strings::<()>(&mut body, &mut |_, value| {
        if value.contains(":bot-alias/") {
            for arn in find::arns(value) {
                let ours = value[arn.account.clone()] == *reader.instance.account.as_str()
                    && value[arn.region.clone()] == *reader.instance.region.as_str();
                let resource = &value[arn.resource.clone()];
                if let (true, Some(rest)) = (ours, resource.strip_prefix("bot-alias/")) {
                    ids.push(rest.split('/').next().unwrap_or_default().to_owned());
                }
            }
        }
        Ok(None)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    ids
}

/// The names of a kind that documents refer to.
fn referred(documents: &Documents, kind: &str) -> BTreeSet<String> {
    let of = |d: &crate::document::Document| references(&Value::Object(d.body.clone()));
    documents.iter().flat_map(of).filter(|r| r.kind == kind).map(|r| r.name).collect()
}

/// Functions, with their versions and aliases, that documents refer to and the target lacks.
pub(crate) async fn missing_functions(
    reader: &Reader<'_>,
    documents: &Documents,
    bindings: &Bindings,
) -> Result<Vec<(String, String)>, CallError> {
    let wanted: BTreeSet<(String, String)> = documents
        .iter()
        .flat_map(|d| functions(&Value::Object(d.body.clone())))
        .filter_map(|(name, qualifier)| {
            let function = match bindings.get("lambda", &name) {
                None => name.clone(),
                Some(Bound::Value(value)) if !value.starts_with("arn:") => value,
                Some(_) => return None,
            };
            Some((
                name,
                if qualifier.is_empty() { function } else { format!("{function}:{qualifier}") },
            ))
        })
        .collect();
    let found: Vec<Result<Option<(String, String)>, CallError>> = stream::iter(wanted)
        .map(|(name, function)| async move {
            let (base, qualifier) = function.split_once(':').unwrap_or((&function, ""));
            let mut input = json!({ "FunctionName": base });
            if !qualifier.is_empty() {
                input["Qualifier"] = json!(qualifier);
            }
            match reader.cloud.call(Call::new("lambda", "GetFunction", input)).await {
                Ok(_) => Ok(None),
                Err(error) if error.is("ResourceNotFoundException") => Ok(Some((name, function))),
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;
    found.into_iter().filter_map(Result::transpose).collect()
}

/// References to functions with the qualifier that follows them in the text.
fn functions(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut value = value.clone();
    let walked = trunkline_flow::rewrite::map_strings::<()>(&mut value, &mut |_, text| {
        if !text.contains("${lambda") {
            return Ok(None);
        }
        let pieces = reference::parse(text).unwrap_or_default();
        for (i, piece) in pieces.iter().enumerate() {
            let Piece::Ref(reference) = piece else { continue };
            if reference.kind == "lambda" {
                let after = match pieces.get(i + 1) {
                    Some(Piece::Text(after)) => after.strip_prefix(':').unwrap_or_default(),
                    _ => "",
                };
                let end = after.find(|c: char| !c.is_alphanumeric() && !"-_$".contains(c));
                found
                    .push((reference.name.clone(), after[..end.unwrap_or(after.len())].to_owned()));
            }
        }
        Ok(None)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    found
}
