//! Overrides of hours of operation: dated, unique by name within their hours, without an ARN.

use serde_json::{Value, json};

use super::call::{Call, Operation, invalid, missing, public, text_of};
use super::kind::Kind;
use super::store::Object;
use super::{hours, page, resource};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "override",
    label: "HoursOfOperationOverrideId",
    body_id: "HoursOfOperationOverrideId",
    body_arn: "",
    wrapper: "HoursOfOperationOverride",
    list: "HoursOfOperationOverrideList",
    found: "HoursOfOperationOverrides",
    fields: &[
        ("name", "Name"),
        ("description", "Description"),
        ("resourceID", "_id"),
        ("hoursOfOperationId", "HoursOfOperationId"),
    ],
    stamped: false,
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateHoursOfOperationOverride", create),
    ("DescribeHoursOfOperationOverride", describe),
    ("UpdateHoursOfOperationOverride", update),
    ("DeleteHoursOfOperationOverride", delete),
    ("ListHoursOfOperationOverrides", list),
    ("SearchHoursOfOperationOverrides", |call| resource::search(call, &KIND, public)),
];

const MEMBERS: &[&str] = &[
    "Name",
    "Description",
    "Config",
    "EffectiveFrom",
    "EffectiveTill",
    "RecurrenceConfig",
    "OverrideType",
];

fn create(call: &mut Call<'_, '_>) -> Outcome {
    let (hours, parent) = call.target(&hours::KIND)?;
    let mut body = Object::new();
    body.insert("HoursOfOperationId".to_owned(), json!(hours));
    let arn = text_of(&parent, "HoursOfOperationArn");
    body.insert("HoursOfOperationArn".to_owned(), json!(arn));
    body.insert("OverrideType".to_owned(), json!("STANDARD"));
    super::call::merge(&mut body, call.input, MEMBERS);
    check(&body)?;
    unique(call, &hours, text_of(&body, "Name"), "")?;
    let id = resource::insert(call, &KIND, body)?;
    Ok(json!({ "HoursOfOperationOverrideId": id }))
}

fn unique(call: &Call<'_, '_>, hours: &str, name: &str, except: &str) -> Result<(), Failure> {
    call.unique(&KIND, name, except, |body| text_of(body, "HoursOfOperationId") == hours)
}

/// Both days exist, in their order.
fn check(body: &Object) -> Result<(), Failure> {
    let (from, till) = (text_of(body, "EffectiveFrom"), text_of(body, "EffectiveTill"));
    for day in [from, till] {
        if day.len() != 10 || day.parse::<jiff::civil::Date>().is_err() {
            return Err(invalid(format!("Not a day: {day}")));
        }
    }
    let name = text_of(body, "Name").chars().count();
    let description = text_of(body, "Description").chars().count();
    if !(1..=127).contains(&name) || description > 250 {
        return Err(invalid("Name or Description is too long, or Name is empty"));
    }
    match from <= till {
        true => Ok(()),
        false => Err(invalid("EffectiveFrom must not be after EffectiveTill")),
    }
}

/// The override that the request names, which has to belong to the hours that it names.
fn target(call: &Call<'_, '_>) -> Result<(String, Object), Failure> {
    let (hours, _) = call.target(&hours::KIND)?;
    let (id, body) = call.target(&KIND)?;
    match text_of(&body, "HoursOfOperationId") == hours {
        true => Ok((id, Object::clone(&body))),
        false => Err(missing(format!("Override not found: {id}"))),
    }
}

fn describe(call: &mut Call<'_, '_>) -> Outcome {
    let (_, body) = target(call)?;
    Ok(json!({ KIND.wrapper: public(&body) }))
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    let (id, mut body) = target(call)?;
    super::call::merge(&mut body, call.input, MEMBERS);
    check(&body)?;
    unique(call, text_of(&body, "HoursOfOperationId"), text_of(&body, "Name"), &id)?;
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    target(call)?;
    resource::delete(call, &KIND)
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let (hours, _) = call.target(&hours::KIND)?;
    let store = call.instance()?.store(&KIND);
    let own = store.iter().filter(|(_, body)| text_of(body, "HoursOfOperationId") == hours);
    let (items, next) = page::cut(call, own.map(|(id, body)| (id.to_owned(), body)))?;
    let items: Vec<Value> = items.into_iter().map(|body| Value::Object(public(body))).collect();
    Ok(resource::with_next(json!({ KIND.list: items }), next))
}

/// Deletes what belongs to hours that go.
pub(super) fn delete_all(call: &mut Call<'_, '_>, hours: &str) -> Result<(), Failure> {
    let clock = call.clock();
    let store = call.instance_mut()?.store_mut(&KIND);
    let own = store.iter().filter(|(_, body)| text_of(body, "HoursOfOperationId") == hours);
    let own: Vec<String> = own.map(|(id, _)| id.to_owned()).collect();
    own.iter().for_each(|id| store.remove(id, clock));
    Ok(())
}
