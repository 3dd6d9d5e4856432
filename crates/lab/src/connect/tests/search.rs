//! The lagging index, criteria, filters, pages.

use super::{Bench, invalid, text};
use serde_json::{Value, json};

fn create(bench: &mut Bench, name: &str, tag: &str) -> String {
    let input = json!({
        "Name": name, "TimeZone": "UTC", "Config": [], "Tags": { "team": tag },
    });
    text(&bench.ok("CreateHoursOfOperation", input), "/HoursOfOperationId")
}

fn names(bench: &mut Bench, input: Value) -> Vec<String> {
    let found = bench.ok("SearchHoursOfOperations", input);
    let found = found["HoursOfOperations"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = found.iter().map(|one| text(one, "/Name")).collect();
    names.sort();
    names
}

#[test]
fn the_index_lags_behind_creations_changes_and_deletions() {
    let mut bench = Bench::new();
    let id = create(&mut bench, "Main", "a");
    assert_eq!(names(&mut bench, json!({})), ["Basic Hours"]);
    bench.seconds += 3;
    assert_eq!(names(&mut bench, json!({})), ["Basic Hours", "Main"]);
    bench.ok("UpdateHoursOfOperation", json!({ "HoursOfOperationId": id, "Name": "New" }));
    assert_eq!(names(&mut bench, json!({})), ["Basic Hours", "Main"]);
    bench.seconds += 3;
    bench.ok("DeleteHoursOfOperation", json!({ "HoursOfOperationId": id }));
    assert_eq!(names(&mut bench, json!({})), ["Basic Hours", "New"]);
    bench.seconds += 3;
    assert_eq!(names(&mut bench, json!({})), ["Basic Hours"]);
}

#[test]
fn criteria_and_filters_narrow_a_search() {
    let mut bench = Bench::new();
    create(&mut bench, "Main line", "a");
    create(&mut bench, "Main desk", "b");
    bench.seconds += 3;
    let field = |value: &str, how: &str| json!({ "StringCondition": { "FieldName": "name", "Value": value, "ComparisonType": how } });
    let mut search = |criteria: Value| names(&mut bench, json!({ "SearchCriteria": criteria }));
    assert_eq!(search(field("main", "STARTS_WITH")).len(), 2);
    assert_eq!(search(field("in des", "CONTAINS")), ["Main desk"]);
    assert_eq!(search(field("Main", "EXACT")), Vec::<String>::new());
    let both = [field("main", "STARTS_WITH"), field("line", "CONTAINS")];
    assert_eq!(search(json!({ "AndConditions": both })), ["Main line"]);
    let either = [field("basic", "STARTS_WITH"), field("main line", "EXACT")];
    assert_eq!(search(json!({ "OrConditions": either })).len(), 2);
    let tag = |value: &str| json!({ "TagKey": "team", "TagValue": value });
    for (filter, count) in [
        (json!({ "TagCondition": tag("a") }), 1),
        (json!({ "AndConditions": [tag("a"), tag("b")] }), 0),
        (json!({ "OrConditions": [[tag("a")], [tag("b")]] }), 2),
    ] {
        let input = json!({ "SearchFilter": { "TagFilter": filter } });
        assert_eq!(names(&mut bench, input).len(), count);
    }
}

#[test]
fn what_a_search_cannot_do_is_refused_by_name() {
    let mut bench = Bench::new();
    let odd = json!({ "StringCondition": { "FieldName": "colour", "Value": "x" } });
    let input = json!({ "SearchCriteria": odd });
    assert_eq!(bench.fails("SearchHoursOfOperations", input), invalid());
}

#[test]
fn pages_go_on_after_the_last_entry_that_was_shown() {
    let mut bench = Bench::new();
    let ids: Vec<String> =
        (0..5).map(|index| create(&mut bench, &format!("Hours {index}"), "a")).collect();
    let first = bench.ok("ListHoursOfOperations", json!({ "MaxResults": 3 }));
    let shown = text(&first, "/HoursOfOperationSummaryList/2/Id");
    bench.ok("DeleteHoursOfOperation", json!({ "HoursOfOperationId": shown }));
    let next = json!({ "MaxResults": 3, "NextToken": first["NextToken"] });
    let second = bench.ok("ListHoursOfOperations", next);
    assert_eq!(second["HoursOfOperationSummaryList"].as_array().map(Vec::len), Some(3));
    assert!(second.get("NextToken").is_none());
    assert!(ids.contains(&shown));
}

#[test]
fn search_returns_content_only_where_it_is_believed_to() {
    for believed in [true, false] {
        let mut bench = Bench::new();
        bench.settings.search_returns_content = believed;
        let found = bench.ok("SearchContactFlows", json!({}));
        assert_eq!(found["ContactFlows"][0].get("Content").is_some(), believed);
        assert!(found["ContactFlows"][0].get("FlowContentSha256").is_some());
    }
}
