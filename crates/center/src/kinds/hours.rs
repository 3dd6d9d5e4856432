//! Hours of operation. Their overrides are a kind of their own (`hours-override`).

use crate::kind::{Create, Describe, Format, Kind, List, Rename, Retire, Search, Spec, Update};
use crate::plan::Change;
use serde_json::{Map, Value, json};
use trunkline_model::Diagnostic;

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
    ignored: &["HoursOfOperationId", "HoursOfOperationArn"],
    ids: &[(&["ParentHoursOfOperationConfigs", "*", "HoursOfOperationId"], "hours")],
    updates: &[Update {
        operation: "UpdateHoursOfOperation",
        fields: &["Description", "TimeZone", "Config"],
        name: false,
    }],
    retire: Retire::Tagged,
    delete: Some("DeleteHoursOfOperation"),
    rename: Some(Rename { operation: "UpdateHoursOfOperation", with: &[] }),
    ..Spec::EMPTY
};

const PARENTS: &str = "ParentHoursOfOperationConfigs";

const DAYS: [&str; 7] =
    ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

impl Kind for Hours {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        // Create takes parents by their ids; Describe and Search tell their names as well.
        if let Some(Value::Array(parents)) = body.shift_remove("ParentHoursOfOperations") {
            let ids = parents.iter().filter_map(|p| p.get("Id"));
            let parents: Vec<Value> = ids.map(|id| json!({ "HoursOfOperationId": id })).collect();
            body.insert(PARENTS.to_owned(), Value::Array(parents));
        }
        canonical(body);
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        canonical(body);
        if let Some(Value::Array(parents)) = body.get_mut(PARENTS) {
            parents.sort_by_key(Value::to_string);
        }
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        // The call wants the list even where nothing is ever open; a document leaves empty lists out.
        if operation == "CreateHoursOfOperation" {
            input.entry("Config").or_insert_with(|| json!([]));
        }
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        if change.live.is_none() || !change.differs(PARENTS) {
            return Vec::new();
        }
        vec![
            Diagnostic::error("TL0406", "the parents of hours that exist are not changed")
                .on(change.wanted.subject())
                .help("change them in the console, or give the hours another name"),
        ]
    }
}

/// Sorts the slices of a week by day and start.
pub(super) fn canonical(body: &mut Map<String, Value>) {
    if let Some(Value::Array(config)) = body.get_mut("Config") {
        config.sort_by_key(|entry| {
            let day = entry.get("Day").and_then(Value::as_str);
            let number = |part: &str| entry.pointer(part).and_then(Value::as_u64);
            let start = (number("/StartTime/Hours"), number("/StartTime/Minutes"));
            (DAYS.iter().position(|d| Some(*d) == day), start)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_are_never_open_are_made_with_an_empty_week() {
        let mut input = Map::from_iter([("TimeZone".to_owned(), json!("Europe/Berlin"))]);
        Hours.input("CreateHoursOfOperation", &mut input);
        assert_eq!(input["Config"], json!([]));
    }
}
