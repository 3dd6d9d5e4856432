//! Hours of operation. Their overrides are in `overrides`.

use serde_json::{Value, json};

use super::call::{Call, Operation, in_use, invalid, public, text_of};
use super::kind::{FIELDS, Kind};
use super::store::Object;
use super::{overrides, queues, resource};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "hours of operation",
    arn: "operating-hours",
    label: "HoursOfOperationId",
    body_id: "HoursOfOperationId",
    body_arn: "HoursOfOperationArn",
    made: ("HoursOfOperationId", "HoursOfOperationArn"),
    wrapper: "HoursOfOperation",
    list: "HoursOfOperationSummaryList",
    found: "HoursOfOperations",
    fields: &[FIELDS[0], FIELDS[1], FIELDS[2], ("timezone", "TimeZone")],
    quota: "hours",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreateHoursOfOperation", create),
    ("DescribeHoursOfOperation", |call| resource::describe(call, &KIND)),
    ("UpdateHoursOfOperation", update),
    ("DeleteHoursOfOperation", delete),
    ("ListHoursOfOperations", |call| resource::list(call, &KIND, |_| true)),
    ("SearchHoursOfOperations", |call| resource::search(call, &KIND, public)),
];

fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.instance()?;
    check(call)?;
    let mut body = Object::new();
    super::call::merge(&mut body, call.input, &["Name", "Description", "TimeZone", "Config"]);
    let mut parents = Vec::new();
    for parent in call.list("ParentHoursOfOperationConfigs") {
        let reference = parent.get("HoursOfOperationId").and_then(Value::as_str);
        let id = call.resolve(&KIND, reference.unwrap_or_default())?;
        let Some(found) = call.instance()?.store(&KIND).get(&id) else { continue };
        let (name, arn) = (text_of(found, "Name"), text_of(found, "HoursOfOperationArn"));
        parents.push(json!({ "Name": name, "Id": id, "Arn": arn }));
    }
    if !parents.is_empty() {
        body.insert("ParentHoursOfOperations".to_owned(), json!(parents));
    }
    let id = resource::create(call, &KIND, body)?;
    resource::made(call, &KIND, &id)
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    call.target(&KIND)?;
    check(call)?;
    resource::update(call, &KIND, &["Description", "TimeZone", "Config"])
}

/// The time zone has to exist, and a day's slice has to have a length.
fn check(call: &Call<'_, '_>) -> Result<(), Failure> {
    let zone = call.text("TimeZone");
    if call.member("TimeZone").is_some() && jiff::tz::TimeZone::get(zone).is_err() {
        return Err(invalid(format!("TimeZone is not valid: {zone}")));
    }
    let same = |config: &&Value| config.get("StartTime") == config.get("EndTime");
    match call.list("Config").iter().find(|config| same(config) && !whole_day(config)) {
        Some(_) => Err(invalid("StartTime and EndTime of a day must differ")),
        None => Ok(()),
    }
}

/// From midnight to midnight stands for the whole day.
fn whole_day(config: &Value) -> bool {
    let part = |name: &str| config.pointer(&format!("/StartTime/{name}")).and_then(Value::as_u64);
    part("Hours") == Some(0) && part("Minutes") == Some(0)
}

/// Assumed: hours that a queue follows cannot be deleted. The operation declares no error for it but
/// InvalidRequestException.
fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = call.target(&KIND)?;
    let queues = call.instance()?.store(&queues::KIND);
    if queues.any(|queue| text_of(queue, "HoursOfOperationId") == id) {
        return Err(in_use(format!("Hours of operation are in use by a queue: {id}")));
    }
    overrides::delete_all(call, &id)?;
    resource::delete(call, &KIND)
}
