//! Overrides of hours of operation: dated, with names that are unique within their hours.
//!
//! A document names its hours by reference; the two names together identify it. Overrides have no ARN
//! and no tags, so nothing of them is retired.

use super::hours;
use crate::cloud::CallError;
use crate::kind::{Create, Describe, Format, Kind, List, Reading, Rename, Spec, Update};
use crate::permissions::On;
use crate::read::{self, Reader, Summary, as_map, resource_of, text};
use crate::resource::Resource;
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The kind `hours-override`.
pub(super) struct HoursOverride;

const WRITTEN: &[&str] = &[
    "Description",
    "OverrideType",
    "EffectiveFrom",
    "EffectiveTill",
    "RecurrenceConfig",
    "Config",
];

static SPEC: Spec = Spec {
    name: "hours-override",
    folder: "connect/hours-overrides",
    format: Format::Yaml,
    id_member: "HoursOfOperationOverrideId",
    within: Some(("HoursOfOperationId", "hours")),
    beside: &["HoursOfOperationId"],
    list: Some(List {
        operation: "ListHoursOfOperationOverrides",
        items: "HoursOfOperationOverrideList",
        input: "{}",
        members: ("HoursOfOperationOverrideId", "", "Name"),
    }),
    describe: Some(Describe {
        operation: "DescribeHoursOfOperationOverride",
        member: "HoursOfOperationOverride",
    }),
    create: Some(Create {
        operation: "CreateHoursOfOperationOverride",
        fields: &[
            "HoursOfOperationId",
            "Description",
            "OverrideType",
            "EffectiveFrom",
            "EffectiveTill",
            "RecurrenceConfig",
            "Config",
        ],
        made: ("HoursOfOperationOverrideId", ""),
        tags: false,
    }),
    fields: &[
        "HoursOfOperationId",
        "Description",
        "OverrideType",
        "EffectiveFrom",
        "EffectiveTill",
        "RecurrenceConfig",
        "Config",
    ],
    keeps: &["Description", "RecurrenceConfig"],
    ignored: &["HoursOfOperationOverrideId", "HoursOfOperationArn"],
    ids: &[(&["HoursOfOperationId"], "hours")],
    updates: &[Update {
        operation: "UpdateHoursOfOperationOverride",
        fields: WRITTEN,
        name: false,
    }],
    delete: Some("DeleteHoursOfOperationOverride"),
    also: &[
        ("connect:ListHoursOfOperations", On::Instance),
        ("connect:SearchHoursOfOperationOverrides", On::Instance),
    ],
    rename: Some(Rename { operation: "UpdateHoursOfOperationOverride", with: WRITTEN }),
    ..Spec::EMPTY
};

impl Kind for HoursOverride {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(read_all(self, reader)))
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        // STANDARD is what an override is made as; saying it would only make noise.
        if body.get("OverrideType") == Some(&json!("STANDARD")) {
            body.shift_remove("OverrideType");
        }
        hours::canonical(body);
    }

    fn canonical(&self, body: &mut Map<String, Value>) {
        hours::canonical(body);
    }

    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        let writes = matches!(
            operation,
            "CreateHoursOfOperationOverride" | "UpdateHoursOfOperationOverride"
        );
        if !writes {
            return;
        }
        if input.get("OverrideType").is_none_or(read::is_empty) {
            input.insert("OverrideType".to_owned(), json!("STANDARD"));
        }
        // The call wants the list even where nothing is open.
        input.entry("Config").or_insert_with(|| json!([]));
    }
}

/// Reads by one search; hours by hours where something was written too recently for the search.
async fn read_all(kind: &dyn Kind, reader: &Reader<'_>) -> Result<Vec<Resource>, CallError> {
    let hours = reader.pages("ListHoursOfOperations", "HoursOfOperationSummaryList", json!({}));
    let (hours, rows) = if reader.options.recent.is_empty() {
        let found = reader.pages(
            "SearchHoursOfOperationOverrides",
            "HoursOfOperationOverrides",
            json!({ "MaxResults": 100 }),
        );
        futures_util::try_join!(hours, found)?
    } else {
        let hours = hours.await?;
        let lists = hours.iter().map(|one| {
            let input = json!({ "HoursOfOperationId": text(one, "Id") });
            reader.pages("ListHoursOfOperationOverrides", "HoursOfOperationOverrideList", input)
        });
        let rows = try_join_all(lists).await?;
        (hours, rows.into_iter().flatten().collect())
    };
    let names: BTreeMap<String, String> =
        hours.iter().map(|h| (text(h, "Id"), text(h, "Name"))).collect();
    let resource = |row: Value| {
        // Hours that are gone have no overrides, whatever the index says.
        let hours = names.get(&text(&row, "HoursOfOperationId"))?;
        let name = SPEC.name_within(Some(("hours", hours)), &text(&row, "Name"));
        let id = text(&row, "HoursOfOperationOverrideId");
        Some(resource_of(kind, &Summary::new(id, String::new(), name), as_map(row)))
    };
    Ok(rows.into_iter().filter_map(resource).collect())
}
