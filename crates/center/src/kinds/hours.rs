//! Hours of operation. Their overrides are a kind of their own (`hours-override`).

use crate::kind::{Create, Describe, Format, Kind, List, Retire, Search, Spec, Update};
use serde_json::{Map, Value};

/// The kind `hours`.
pub(super) struct Hours;

static SPEC: Spec = Spec {
    name: "hours",
    folder: "connect/hours",
    format: Format::Yaml,
    arn_word: "operating-hours",
    id_member: "HoursOfOperationId",
    list: Some(List {
        operation: "ListHoursOfOperations",
        items: "HoursOfOperationSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search {
        operation: "SearchHoursOfOperations",
        items: "HoursOfOperations",
        page: 100,
        input: "{}",
    }),
    describe: Some(Describe { operation: "DescribeHoursOfOperation", member: "HoursOfOperation" }),
    create: Some(Create {
        operation: "CreateHoursOfOperation",
        fields: &["Description", "TimeZone", "Config", "ParentHoursOfOperationConfigs"],
        made: ("HoursOfOperationId", "HoursOfOperationArn"),
        tags: true,
    }),
    fields: &["Description", "TimeZone", "Config", "ParentHoursOfOperationConfigs"],
    ignored: &["HoursOfOperationId", "HoursOfOperationArn", "ParentHoursOfOperations"],
    ids: &[(&["ParentHoursOfOperationConfigs", "*", "HoursOfOperationId"], "hours")],
    updates: &[Update {
        operation: "UpdateHoursOfOperation",
        fields: &["Description", "TimeZone", "Config"],
        name: false,
    }],
    retire: Retire::Tagged,
    delete: Some("DeleteHoursOfOperation"),
    ..Spec::EMPTY
};

const DAYS: [&str; 7] =
    ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

impl Kind for Hours {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Array(config)) = body.get_mut("Config") {
            config.sort_by_key(|entry| {
                let day = entry.get("Day").and_then(Value::as_str);
                let number = |part: &str| entry.pointer(part).and_then(Value::as_u64);
                let start = (number("/StartTime/Hours"), number("/StartTime/Minutes"));
                (DAYS.iter().position(|d| Some(*d) == day), start)
            });
        }
    }
}
