//! What an instance may use from outside: functions, bots, origins of web pages, security keys.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, missing, refused};
use super::{page, resource};
use crate::service::{Failure, Outcome};

pub(super) const OPERATIONS: &[Operation] = &[
    ("AssociateApprovedOrigin", add_origin),
    ("DisassociateApprovedOrigin", drop_origin),
    ("ListApprovedOrigins", list_origins),
    ("AssociateSecurityKey", add_key),
    ("DisassociateSecurityKey", drop_key),
    ("ListSecurityKeys", list_keys),
    ("AssociateLambdaFunction", add_function),
    ("DisassociateLambdaFunction", drop_function),
    ("ListLambdaFunctions", list_functions),
    ("AssociateBot", add_bot),
    ("DisassociateBot", drop_bot),
    ("ListBots", list_bots),
];

/// An instance has at most so many security keys.
const MOST_KEYS: usize = 2;

fn conflict(what: &str) -> Failure {
    Failure::new("ResourceConflictException", 409, format!("Already associated: {what}"))
}

/// Adds an entry that is not there yet.
fn add(list: &mut Vec<String>, entry: String) -> Outcome {
    if list.contains(&entry) {
        return Err(conflict(&entry));
    }
    list.push(entry);
    Ok(json!({}))
}

fn remove(list: &mut Vec<String>, entry: &str) -> Outcome {
    let at = list.iter().position(|known| known == entry);
    list.remove(at.ok_or_else(|| missing(format!("Not associated: {entry}")))?);
    Ok(json!({}))
}

fn add_origin(call: &mut Call<'_, '_>) -> Outcome {
    let origin = call.text("Origin").to_owned();
    call.instance()?;
    let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.contains(['/', ' ', '?'])) {
        return Err(invalid(format!("Origin is not valid: {origin}")));
    }
    add(&mut call.instance_mut()?.origins, origin)
}

fn drop_origin(call: &mut Call<'_, '_>) -> Outcome {
    let origin = call.text("Origin").to_owned();
    remove(&mut call.instance_mut()?.origins, &origin)
}

fn list_origins(call: &mut Call<'_, '_>) -> Outcome {
    let (items, next) = page::cut(call, page::numbered(&call.instance()?.origins))?;
    Ok(resource::with_next(json!({ "Origins": items }), next))
}

fn add_key(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.text("Key").to_owned();
    let known = &call.instance()?.security_keys;
    if known.iter().any(|one| one["Key"] == key.as_str()) {
        return Err(conflict("the key"));
    }
    if known.len() >= MOST_KEYS {
        let message = format!("An instance has at most {MOST_KEYS} security keys");
        return Err(Failure::new("ServiceQuotaExceededException", 402, message));
    }
    let id = call.context.ids.uuid();
    let entry = json!({ "AssociationId": id, "Key": key, "CreationTime": call.seconds() });
    call.instance_mut()?.security_keys.push(entry);
    Ok(json!({ "AssociationId": id }))
}

fn drop_key(call: &mut Call<'_, '_>) -> Outcome {
    let id = call.text("AssociationId").to_owned();
    let keys = &mut call.instance_mut()?.security_keys;
    let at = keys.iter().position(|one| one["AssociationId"] == id.as_str());
    keys.remove(at.ok_or_else(|| missing(format!("Security key not found: {id}")))?);
    Ok(json!({}))
}

fn list_keys(call: &mut Call<'_, '_>) -> Outcome {
    let (items, next) = page::cut(call, page::numbered(&call.instance()?.security_keys))?;
    Ok(resource::with_next(json!({ "SecurityKeys": items }), next))
}

fn add_function(call: &mut Call<'_, '_>) -> Outcome {
    let arn = call.text("FunctionArn").to_owned();
    call.instance()?;
    if !arn.starts_with("arn:") || !arn.contains(":lambda:") {
        return Err(invalid(format!("FunctionArn is not valid: {arn}")));
    }
    if !call.context.neighbours.function_exists(&arn) {
        return Err(missing(format!("Function not found: {arn}")));
    }
    add(&mut call.instance_mut()?.functions, arn)
}

fn drop_function(call: &mut Call<'_, '_>) -> Outcome {
    let arn = call.text("FunctionArn").to_owned();
    remove(&mut call.instance_mut()?.functions, &arn)
}

fn list_functions(call: &mut Call<'_, '_>) -> Outcome {
    let (items, next) = page::cut(call, page::numbered(&call.instance()?.functions))?;
    Ok(resource::with_next(json!({ "LambdaFunctions": items }), next))
}

/// The bot of a request, as ListBots prints it.
fn bot(call: &Call<'_, '_>) -> Result<Value, Failure> {
    match (call.member("LexBot"), call.member("LexV2Bot")) {
        (None, Some(bot)) if bot["AliasArn"].is_string() => {
            Ok(json!({ "LexV2Bot": { "AliasArn": bot["AliasArn"] } }))
        }
        (Some(bot), None) => {
            Ok(json!({ "LexBot": { "Name": bot["Name"], "LexRegion": bot["LexRegion"] } }))
        }
        _ => Err(refused("One of LexBot and LexV2Bot is required")),
    }
}

fn add_bot(call: &mut Call<'_, '_>) -> Outcome {
    let bot = bot(call)?;
    call.instance()?;
    if let Some(alias) = bot["LexV2Bot"]["AliasArn"].as_str() {
        if !call.context.neighbours.bot_alias_exists(alias) {
            return Err(missing(format!("Bot alias not found: {alias}")));
        }
    } else {
        return Err(missing("Lex V1 has no bots any more"));
    }
    let bots = &mut call.instance_mut()?.bots;
    if bots.contains(&bot) {
        return Err(conflict("the bot"));
    }
    bots.push(bot);
    Ok(json!({}))
}

fn drop_bot(call: &mut Call<'_, '_>) -> Outcome {
    let bot = bot(call)?;
    let bots = &mut call.instance_mut()?.bots;
    let at = bots.iter().position(|known| *known == bot);
    bots.remove(at.ok_or_else(|| missing("The bot is not associated"))?);
    Ok(json!({}))
}

fn list_bots(call: &mut Call<'_, '_>) -> Outcome {
    let member = if call.text("LexVersion") == "V2" { "LexV2Bot" } else { "LexBot" };
    let own = call.instance()?.bots.iter().filter(|bot| bot.get(member).is_some());
    let (items, next) = page::cut(call, page::numbered(own))?;
    Ok(resource::with_next(json!({ "LexBots": items }), next))
}
