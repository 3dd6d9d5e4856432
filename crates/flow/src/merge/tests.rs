use super::*;
use crate::canonical::to_pretty_string;
use crate::content::text_of;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A block with a text and where it leads.
fn block(id: &str, text: &str, next: &str) -> Value {
    json!({
        "Identifier": id, "Type": "MessageParticipant", "Parameters": { "Text": text },
        "Transitions": { "NextAction": next, "Conditions": [],
            "Errors": [{ "ErrorType": "NoMatchingError", "NextAction": next }] },
    })
}

fn document(blocks: Vec<Value>) -> Value {
    let place = |(at, b): (usize, &Value)| {
        (text_of(b, "Identifier").to_owned(), json!({ "position": { "x": at, "y": 0 } }))
    };
    let places: Map<String, Value> = blocks.iter().enumerate().map(place).collect();
    let start = blocks.first().map_or("", |b| text_of(b, "Identifier")).to_owned();
    json!({
        "name": "Main", "type": "CONTACT_FLOW", "status": "published", "description": "d",
        "tags": { "team": "voice" },
        "content": { "Version": "2019-10-30", "StartAction": start, "Actions": blocks },
        "layout": { "entryPointPosition": { "x": 0, "y": 0 }, "ActionMetadata": places },
    })
}

fn base() -> Value {
    document(vec![
        block("Welcome", "Hello", "Menu"),
        block("Menu", "Press 1", "Bye"),
        block("Bye", "", "Bye"),
    ])
}

fn edited(edit: impl FnOnce(&mut Value)) -> Value {
    let mut document = base();
    edit(&mut document);
    document
}

fn text_at(index: usize, text: &str) -> Value {
    edited(|d| d["content"]["Actions"][index]["Parameters"]["Text"] = json!(text))
}

fn remove(document: &mut Value, id: &str) {
    let list = document["content"]["Actions"].as_array_mut().expect("a list");
    list.retain(|a| text_of(a, "Identifier") != id);
    document["layout"]["ActionMetadata"].as_object_mut().expect("an object").remove(id);
}

#[track_caller]
fn clean(ours: &Value, theirs: &Value) -> Value {
    let merged = merge(&base(), ours, theirs);
    assert!(
        merged.conflicts.is_empty(),
        "{:?}\n{}",
        merged.conflicts,
        merged.text(&Marks::default())
    );
    let document = merged.document().expect("nothing conflicts");
    assert_eq!(merged.text(&Marks::default()), to_pretty_string(&document));
    document
}

#[track_caller]
fn conflicts(ours: &Value, theirs: &Value, wanted: &[&str]) -> String {
    for merged in [merge(&base(), ours, theirs), merge(&base(), theirs, ours)] {
        assert_eq!(merged.conflicts, wanted);
        assert!(merged.document().is_none());
    }
    merge(&base(), ours, theirs).text(&Marks::default())
}

/// The text with the first or the second side of every conflict.
fn choose(text: &str, side: usize) -> String {
    let (mut out, mut at) = (String::new(), None);
    for line in text.lines() {
        match (line.get(..7), at) {
            (Some("<<<<<<<"), _) => at = Some(0),
            (Some("======="), Some(_)) => at = Some(1),
            (Some(">>>>>>>"), _) => at = None,
            _ if at.is_none_or(|at| at == side) => out.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    out
}

#[test]
fn edits_of_different_blocks_and_fields_are_both_kept() {
    let ours = text_at(0, "Good morning");
    let theirs = edited(|d| {
        d["content"]["Actions"][1]["Parameters"]["Text"] = json!("Press 1 or 2");
        d["description"] = json!("e");
        d["tags"]["tier"] = json!("gold");
        d["content"]["Actions"].as_array_mut().expect("a list").push(block("New", "n", "Bye"));
        d["layout"]["ActionMetadata"]["New"] = json!({ "position": { "x": 9, "y": 9 } });
    });
    let merged = clean(&ours, &theirs);
    let mut wanted = theirs.clone();
    wanted["content"]["Actions"][0]["Parameters"]["Text"] = json!("Good morning");
    assert_eq!(merged, wanted);
    assert_eq!(clean(&theirs, &ours), wanted);
}

#[test]
fn the_same_block_conflicts_readably_and_either_choice_is_a_flow() {
    let (ours, theirs) = (text_at(1, "Press 2"), text_at(1, "Press 3"));
    let text = conflicts(&ours, &theirs, &["block \"Menu\""]);
    let marked: Vec<&str> = text.lines().filter(|l| !l.starts_with(' ')).collect();
    assert_eq!(marked, ["{", "<<<<<<< ours", "=======", ">>>>>>> theirs", "}"]);
    for (side, version) in [(0, &ours), (1, &theirs)] {
        let chosen: Value = serde_json::from_str(&choose(&text, side)).expect("valid JSON");
        assert_eq!(&chosen, version);
    }
}

#[test]
fn a_field_that_both_changed_conflicts_alone() {
    let theirs = edited(|d| d["description"] = json!("theirs"));
    let ours = edited(|d| {
        d["description"] = json!("ours");
        d["content"]["Actions"][0]["Parameters"]["Text"] = json!("Hi");
    });
    let text = conflicts(&ours, &theirs, &["`description`"]);
    let wanted = "<<<<<<< ours\n  \"description\": \"ours\",\n=======\n  \"description\": \"theirs\",\n>>>>>>> theirs\n";
    assert!(text.contains(wanted) && text.contains("\"Hi\""), "{text}");
    let tag = |value: &str| edited(|d| d["tags"]["team"] = json!(value));
    conflicts(&tag("a"), &tag("b"), &["tag `team`"]);
}

#[test]
fn a_block_that_one_side_deletes_and_the_other_leads_to_conflicts() {
    // Ours takes the menu away and leads around it; theirs adds a block that leads to it.
    let ours = edited(|d| {
        d["content"]["Actions"][0] = block("Welcome", "Hello", "Bye");
        remove(d, "Menu");
    });
    let theirs = edited(|d| {
        d["content"]["Actions"].as_array_mut().expect("a list").push(block("Again", "a", "Menu"));
    });
    let text = conflicts(&ours, &theirs, &["block \"Menu\""]);
    let kept: Value = serde_json::from_str(&choose(&text, 1)).expect("valid JSON");
    assert!(dangling(&kept).is_empty() && kept["layout"]["ActionMetadata"].get("Menu").is_some());
    serde_json::from_str::<Value>(&choose(&text, 0)).expect("valid JSON");
}

#[test]
fn an_edit_of_a_deleted_block_conflicts_together_with_what_it_leads_to() {
    let chain = |edit: fn(&mut Value)| {
        let mut document =
            document(vec![block("A", "", "B"), block("B", "", "C"), block("C", "", "C")]);
        edit(&mut document);
        document
    };
    let ours = chain(|d| d["content"]["Actions"][1]["Parameters"]["Text"] = json!("edited"));
    let theirs = chain(|d| {
        d["content"]["Actions"] = json!([block("A", "", "A")]);
    });
    let merged = merge(&chain(|_| ()), &ours, &theirs);
    assert_eq!(merged.conflicts, ["block \"B\"", "block \"C\""]);
    let text = merged.text(&Marks::default());
    serde_json::from_str::<Value>(&choose(&text, 1))
        .expect("a side without the blocks is valid JSON");
}

#[test]
fn blocks_of_one_name_that_both_added_conflict_unless_they_are_the_same() {
    let add = |text: &str| {
        let text = text.to_owned();
        edited(move |d| {
            d["content"]["Actions"]
                .as_array_mut()
                .expect("a list")
                .push(block("New", &text, "Bye"));
        })
    };
    conflicts(&add("a"), &add("b"), &["block \"New\""]);
    assert_eq!(clean(&add("a"), &add("a")), add("a"));
}

#[test]
fn layout_never_conflicts_and_follows_the_side_that_changed_the_block() {
    let moved = |x: i32, text: &str| {
        let mut document = text_at(1, text);
        document["layout"]["ActionMetadata"]["Menu"]["position"]["x"] = json!(x);
        document["layout"]["ActionMetadata"]["Bye"]["position"]["x"] = json!(x);
        document
    };
    let merged = clean(&moved(10, "Press 1"), &moved(20, "Press 1 twice"));
    assert_eq!(merged["layout"]["ActionMetadata"]["Menu"]["position"]["x"], 20);
    assert_eq!(merged["layout"]["ActionMetadata"]["Bye"]["position"]["x"], 10);
    let note = |id: &str, text: &str| {
        edited(|d| d["layout"]["Annotations"] = json!([{ "id": id, "text": text }]))
    };
    let notes = clean(&note("1", "one"), &note("2", "two"))["layout"]["Annotations"].clone();
    assert_eq!(notes, json!([{ "id": "1", "text": "one" }, { "id": "2", "text": "two" }]));
}

#[test]
fn what_is_no_document_or_says_a_thing_twice_is_left_to_others() {
    let good = to_pretty_string(&base());
    assert!(merge_texts(Some(&good), &good, &good).is_some());
    assert!(merge_texts(None, &good, &good).is_some());
    let twice =
        good.replace("\"description\": \"d\"", "\"description\": \"d\", \"description\": \"e\"");
    let same_id = good.replace("\"Identifier\": \"Menu\"", "\"Identifier\": \"Bye\"");
    let raw = to_pretty_string(&base()["content"]);
    for bad in ["", "{", "[]", "<<<<<<< a", &twice, &same_id, &raw] {
        assert!(merge_texts(Some(&good), bad, &good).is_none(), "{bad}");
        assert!(merge_texts(Some(bad), &good, &good).is_none(), "{bad}");
    }
}

/// Branches that lead to no block.
fn dangling(document: &Value) -> Vec<String> {
    let content = &document["content"];
    let ids: BTreeSet<&str> = actions(content).iter().map(|a| text_of(a, "Identifier")).collect();
    let problems = crate::validate::problems(content, "CONTACT_FLOW", false);
    let wrong =
        problems.into_iter().filter(|p| p.contains("NextAction") || p.contains("StartAction"));
    wrong.filter(|_| !ids.is_empty()).collect()
}

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// A flow whose branches all lead somewhere: texts and branches by identifier, in some order.
fn flow() -> impl Strategy<Value = Value> {
    let some = proptest::sample::subsequence(IDS.to_vec(), 1..=6).prop_shuffle();
    (
        some,
        proptest::collection::vec((0..3u8, any::<proptest::sample::Index>(), 0..4i32), 6),
        0..3u8,
    )
        .prop_map(|(ids, parts, description)| {
            let one = |(id, (text, next, _)): (&&str, &(u8, proptest::sample::Index, i32))| {
                block(id, &format!("text {text}"), ids[next.index(ids.len())])
            };
            let mut made = document(ids.iter().zip(&parts).map(one).collect());
            for (id, (.., x)) in ids.iter().zip(&parts) {
                made["layout"]["ActionMetadata"][*id]["position"]["x"] = json!(x);
            }
            made["description"] = json!(description.to_string());
            canonical_document(&made)
        })
}

/// What a side changed: each part with its new version.
fn edits(base: &Value, side: &Value) -> BTreeMap<String, Option<Value>> {
    let parts = |document: &Value| {
        let mut parts: BTreeMap<String, Value> = BTreeMap::new();
        for action in actions(&document["content"]) {
            parts.insert(text_of(action, "Identifier").to_owned(), action.clone());
        }
        parts.insert("description".into(), document["description"].clone());
        parts.insert("start".into(), document["content"]["StartAction"].clone());
        parts
    };
    let (base, side) = (parts(base), parts(side));
    let keys: BTreeSet<&String> = base.keys().chain(side.keys()).collect();
    let changed = keys.into_iter().filter(|k| base.get(*k) != side.get(*k));
    changed.map(|k| (k.clone(), side.get(k).cloned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn one_side_that_changed_nothing_takes_the_other(base in flow(), x in flow()) {
        for merged in [merge(&base, &base, &x), merge(&base, &x, &base), merge(&base, &x, &x)] {
            prop_assert_eq!(merged.text(&Marks::default()), to_pretty_string(&x));
        }
    }

    #[test]
    fn sides_are_equal_but_for_the_layout(base in flow(), x in flow(), y in flow()) {
        let (one, other) = (merge(&base, &x, &y), merge(&base, &y, &x));
        prop_assert_eq!(&one.conflicts, &other.conflicts);
        if let (Some(mut one), Some(mut other)) = (one.document(), other.document()) {
            for document in [&mut one, &mut other] {
                document.as_object_mut().expect("an object").remove("layout");
            }
            prop_assert_eq!(to_pretty_string(&one), to_pretty_string(&other));
        }
    }

    #[test]
    fn a_merge_without_conflict_has_both_edits_and_leads_nowhere_wrong(
        base in flow(), x in flow(), y in flow()
    ) {
        let merged = merge(&base, &x, &y);
        let Some(document) = merged.document() else {
            prop_assert!(!merged.conflicts.is_empty());
            let text = merged.text(&Marks::default());
            for side in [0, 1] {
                prop_assert!(serde_json::from_str::<Value>(&choose(&text, side)).is_ok(), "{}", text);
            }
            return Ok(());
        };
        prop_assert_eq!(dangling(&document), Vec::<String>::new());
        let text = to_pretty_string(&document);
        prop_assert!(merge_texts(None, &text, &text).is_some());
        let now = edits(&base, &document);
        for (part, version) in edits(&base, &x).into_iter().chain(edits(&base, &y)) {
            prop_assert_eq!(now.get(&part), Some(&version), "{}", part);
        }
        for action in actions(&document["content"]) {
            let id = text_of(action, "Identifier");
            prop_assert!(document["layout"]["ActionMetadata"].get(id).is_some(), "{}", id);
        }
    }
}
