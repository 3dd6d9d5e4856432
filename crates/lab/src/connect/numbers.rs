//! Phone numbers: they belong to the account and region, are claimed to one instance, and may lead to
//! one flow. Which numbers are free is invented, the same ones every time.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, merge, missing, refused, text_of};
use super::store::Object;
use super::{flows, page, quick_connects, resource};
use crate::service::{Failure, Outcome};

pub(super) const OPERATIONS: &[Operation] = &[
    ("SearchAvailablePhoneNumbers", available),
    ("ClaimPhoneNumber", claim),
    ("DescribePhoneNumber", describe),
    ("ListPhoneNumbersV2", list),
    ("ReleasePhoneNumber", release),
    ("AssociatePhoneNumberContactFlow", associate),
    ("DisassociatePhoneNumberContactFlow", disassociate),
    ("ListFlowAssociations", associations),
];

/// The private member that holds the id of the flow.
const FLOW: &str = "_flow";

/// Country, dialling code, and what follows it in geographic and in toll-free numbers.
const COUNTRIES: &[(&str, &str, &str, &str)] = &[
    ("US", "+1", "555010", "833555"),
    ("CA", "+1", "604555", "855555"),
    ("GB", "+44", "207946", "808157"),
    ("DE", "+49", "30231", "800555"),
    ("FR", "+33", "18765", "800555"),
    ("AU", "+61", "25550", "180055"),
    ("JP", "+81", "35550", "120555"),
    ("SG", "+65", "6555", "800555"),
];

fn country(code: &str) -> (&str, &'static str, &'static str) {
    let row = COUNTRIES.iter().find(|row| row.0 == code);
    row.map_or((code, "555", "800555"), |row| (row.1, row.2, row.3))
}

/// The instance that `TargetArn` or `InstanceId` names.
fn target(call: &Call<'_, '_>) -> Result<String, Failure> {
    let (arn, id) = (call.text("TargetArn"), call.text("InstanceId"));
    if !arn.is_empty() && !id.is_empty() {
        return Err(invalid("TargetArn and InstanceId exclude one another"));
    }
    let wanted = if arn.is_empty() { id } else { arn };
    let mut all = call.state.instances.values();
    let found = all.find(|one| one.arn == wanted || one.id == wanted);
    found.map(|one| one.arn.clone()).ok_or_else(|| missing(format!("Instance not found: {wanted}")))
}

fn available(call: &mut Call<'_, '_>) -> Outcome {
    target(call)?;
    let (code, kind) = (call.text("PhoneNumberCountryCode"), call.text("PhoneNumberType"));
    let (dial, local, free) = country(code);
    // A country that the lab has no numbers for has none to offer.
    let stem = match (dial.starts_with('+'), kind) {
        (true, "TOLL_FREE") => format!("{dial}{free}"),
        (true, "DID") => format!("{dial}{local}"),
        _ => String::new(),
    };
    let prefix = call.text("PhoneNumberPrefix").to_owned();
    let taken =
        |number: &str| call.state.numbers.values().any(|one| text_of(one, "PhoneNumber") == number);
    let free: Vec<String> = (0..100)
        .map(|index| format!("{stem}{:04}", index + 1))
        .filter(|number| !stem.is_empty() && number.starts_with(&prefix) && !taken(number))
        .collect();
    let (page, next) = page::cut(call, page::numbered(free))?;
    let page: Vec<Value> = page
        .into_iter()
        .map(|number| {
            json!({
                "PhoneNumber": number, "PhoneNumberCountryCode": code, "PhoneNumberType": kind,
            })
        })
        .collect();
    Ok(resource::with_next(json!({ "AvailableNumbersList": page }), next))
}

/// The country and type of a number, by how it starts.
fn classify(number: &str) -> (&'static str, &'static str) {
    for (code, dial, local, free) in COUNTRIES {
        let rest = number.strip_prefix(dial).unwrap_or_default();
        if rest.starts_with(free) {
            return (code, "TOLL_FREE");
        }
        if rest.starts_with(local) {
            return (code, "DID");
        }
    }
    let row = COUNTRIES.iter().find(|row| number.starts_with(row.1));
    (row.map_or("US", |row| row.0), "DID")
}

fn claim(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(answer) = call.remembered() {
        return Ok(answer);
    }
    let target = target(call)?;
    let number = call.text("PhoneNumber").to_owned();
    quick_connects::e164(&number)?;
    if call.state.numbers.values().any(|one| text_of(one, "PhoneNumber") == number) {
        return Err(invalid(format!("Phone number is not available: {number}")));
    }
    let (code, kind) = classify(&number);
    let id = call.context.ids.uuid();
    let region = call.context.region;
    let arn = format!(
        "arn:{}:connect:{region}:{}:phone-number/{id}",
        region.partition(),
        call.context.account
    );
    let instance = target.rsplit_once('/').map(|(_, id)| id.to_owned()).unwrap_or_default();
    let mut body = Object::new();
    for (name, value) in [
        ("PhoneNumberId", json!(id)),
        ("PhoneNumberArn", json!(arn)),
        ("PhoneNumber", json!(number)),
        ("PhoneNumberCountryCode", json!(code)),
        ("PhoneNumberType", json!(kind)),
        ("TargetArn", json!(target)),
        ("InstanceId", json!(instance)),
        ("PhoneNumberStatus", json!({ "Status": "CLAIMED" })),
    ] {
        body.insert(name.to_owned(), value);
    }
    merge(&mut body, call.input, &["PhoneNumberDescription"]);
    super::tags::take(&mut body, call.member("Tags"))?;
    call.state.numbers.insert(id.clone(), body);
    Ok(call.remember(json!({ "PhoneNumberId": id, "PhoneNumberArn": arn })))
}

/// The id of a number that is claimed to an instance, by id or ARN.
pub(super) fn claimed(call: &Call<'_, '_>, reference: &str, instance: &str) -> Option<String> {
    let (id, body) = find(call, reference)?;
    (text_of(body, "TargetArn") == instance).then(|| id.to_owned())
}

fn find<'s>(call: &'s Call<'_, '_>, reference: &str) -> Option<(&'s str, &'s Object)> {
    let mut all = call.state.numbers.iter();
    let found =
        all.find(|(id, body)| *id == reference || text_of(body, "PhoneNumberArn") == reference);
    found.map(|(id, body)| (id.as_str(), body))
}

fn own(call: &Call<'_, '_>) -> Result<(String, Object), Failure> {
    let reference = call.text("PhoneNumberId");
    let found = find(call, reference);
    let found = found.map(|(id, body)| (id.to_owned(), body.clone()));
    found.ok_or_else(|| missing(format!("Phone number not found: {reference}")))
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = own(call)?;
    Ok(json!({ "ClaimedPhoneNumberSummary": super::call::public(&body) }))
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let named = call.member("TargetArn").or(call.member("InstanceId")).is_some();
    let target = if named { target(call)? } else { String::new() };
    let (codes, kinds) = (call.texts("PhoneNumberCountryCodes"), call.texts("PhoneNumberTypes"));
    let prefix = call.text("PhoneNumberPrefix").to_owned();
    let within = |all: &[String], one: &str| all.is_empty() || all.iter().any(|each| each == one);
    let all = call.state.numbers.iter().filter(|(_, body)| {
        (target.is_empty() || text_of(body, "TargetArn") == target)
            && within(&codes, text_of(body, "PhoneNumberCountryCode"))
            && within(&kinds, text_of(body, "PhoneNumberType"))
            && text_of(body, "PhoneNumber").starts_with(&prefix)
    });
    let (items, next) = page::cut(call, all.map(|(id, body)| (id.clone(), body)))?;
    let items: Vec<Object> = items
        .into_iter()
        .map(|body| {
            let mut shown = super::call::public(body);
            shown.shift_remove("Tags");
            shown.shift_remove("PhoneNumberStatus");
            shown
        })
        .collect();
    Ok(resource::with_next(json!({ "ListPhoneNumbersSummaryList": items }), next))
}

fn release(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = own(call)?;
    call.state.numbers.remove(&id);
    Ok(json!({}))
}

/// Leads a number to a flow of the instance that it is claimed to.
fn associate(call: &mut Call<'_, '_>) -> Outcome {
    let (id, mut body) = own(call)?;
    if text_of(&body, "TargetArn") != call.instance()?.arn {
        return Err(missing(format!("Phone number is not claimed to the instance: {id}")));
    }
    let flow = call.resolve(&flows::KIND, call.text("ContactFlowId"))?;
    let published = call.instance()?.store(&flows::KIND).get(&flow);
    if published.is_some_and(|flow| !flow.contains_key(flows::PUBLISHED)) {
        return Err(refused("The flow has not been published"));
    }
    body.insert(FLOW.to_owned(), json!(flow));
    call.state.numbers.insert(id, body);
    Ok(json!({}))
}

fn disassociate(call: &mut Call<'_, '_>) -> Outcome {
    let (id, mut body) = own(call)?;
    call.instance()?;
    body.shift_remove(FLOW);
    call.state.numbers.insert(id, body);
    Ok(json!({}))
}

/// Which numbers of an instance lead to which flows, both as ARNs.
fn associations(call: &mut Call<'_, '_>) -> Outcome {
    let instance = call.instance()?;
    let wanted = call.text("ResourceType");
    let voice = wanted.is_empty() || wanted == "VOICE_PHONE_NUMBER";
    let own = call.state.numbers.iter().filter(|(_, body)| {
        voice && body.contains_key(FLOW) && text_of(body, "TargetArn") == instance.arn
    });
    let (items, next) = page::cut(call, own.map(|(id, body)| (id.clone(), body)))?;
    let items: Vec<Value> = items
        .into_iter()
        .map(|body| {
            json!({
                "ResourceId": text_of(body, "PhoneNumberArn"),
                "FlowId": instance.arn_of(&flows::KIND, text_of(body, FLOW)),
                "ResourceType": "VOICE_PHONE_NUMBER",
            })
        })
        .collect();
    Ok(resource::with_next(json!({ "FlowAssociationSummaryList": items }), next))
}
