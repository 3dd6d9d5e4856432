//! What the project does not hold is not touched; drafts of people are not overwritten.

use crate::dump::raw;
use crate::files::{everything, inbound, module, outside, say, to_flow};
use crate::stage::{Stage, Text, documents};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Everything of the dump that none of the documents is about.
fn others(stage: &Stage, ours: &[&str]) -> BTreeMap<String, Value> {
    let mut all = raw(stage);
    all.retain(|key, _| !ours.iter().any(|name| key.contains(name)));
    all
}

#[test]
fn what_the_project_does_not_hold_stays_byte_for_byte() {
    let mut stage = Stage::new();
    outside(&mut stage);
    let content = |text: &str| {
        let file = inbound("Theirs", vec![say(text)]);
        let document: Value = serde_json::from_str(&file.1).expect("JSON");
        document["content"].to_string()
    };
    let theirs = json!({ "Name": "Theirs", "Type": "CONTACT_FLOW", "Content": content("Hello") });
    let id = stage.called("CreateContactFlow", theirs)["ContactFlowId"].clone();
    let draft = json!({ "ContactFlowId": format!("{}:$SAVED", id.as_str().expect("an id")), "Content": content("Soon") });
    stage.called("UpdateContactFlowContent", draft);
    stage.called("AssociateApprovedOrigin", json!({ "Origin": "https://theirs.example.com" }));
    let before = raw(&stage);
    let wanted = documents(&everything());
    stage.deploy(&wanted);
    let after = raw(&stage);
    // Lists of the whole instance grow; everything else that was there is as it was.
    let whole = |key: &str| !key.contains('/');
    let changed: Vec<&String> = before
        .iter()
        .filter(|(k, v)| !whole(k) && after.get(*k) != Some(v))
        .map(|(k, _)| k)
        .collect();
    assert_eq!(changed, Vec::<&String>::new());
    assert!(
        after.len() > before.len() + 20 && before.len() > 40,
        "{} {}",
        before.len(),
        after.len()
    );
    for (key, value) in before.iter().filter(|(k, _)| whole(k)) {
        let rows = |v: &Value| {
            v.as_object().into_iter().flatten().find_map(|(_, v)| v.as_array().cloned())
        };
        let Some(old) = rows(value) else { continue };
        let new = rows(&after[key]).expect("rows");
        let attribute = |v: &&Value| v.get("AttributeType") == Some(&json!("CONTACTFLOW_LOGS"));
        let lost: Vec<&Value> = old.iter().filter(|r| !new.contains(r) && !attribute(r)).collect();
        assert_eq!(lost, Vec::<&Value>::new(), "{key}");
    }
    // Without the documents nothing is taken away either.
    stage.is_settled(&documents(&[]));
}

pub fn saved_over(stage: &Stage, kind: &str, name: &str, text: &str) {
    let (file, member, operation): (Text, &str, &str) = match kind {
        "flow" => (inbound(name, vec![say(text)]), "ContactFlowId", "UpdateContactFlowContent"),
        _ => {
            (module(name, vec![say(text)]), "ContactFlowModuleId", "UpdateContactFlowModuleContent")
        }
    };
    let document: Value = serde_json::from_str(&file.1).expect("JSON");
    let id = format!("{}:$SAVED", stage.id_of(kind, name));
    stage.called(operation, json!({ member: id, "Content": document["content"].to_string() }));
}

/// Somebody's draft lies beside what is published: another content is refused, and overwrites only when told to.
#[track_caller]
fn a_draft_is_kept(kind: &str, make: fn(&str) -> Text) {
    let mut stage = Stage::new();
    stage.deploy(&documents(&[make("One")]));
    saved_over(&stage, kind, "A", "Mine");
    let before = raw(&stage);
    stage.is_settled(&documents(&[make("One")]));
    let wanted = documents(&[make("Two")]);
    let refused = stage.plan(&wanted).expect_err("a draft is there");
    assert_eq!(refused.0.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["TL0405"]);
    assert_eq!(raw(&stage), before);
    stage.options.overwrite_drafts = true;
    stage.deploy(&wanted);
    stage.is_settled(&wanted);
    assert_ne!(raw(&stage), before);
    assert!(!format!("{:?}", raw(&stage)).contains("Mine"));
}

#[test]
fn a_draft_beside_a_published_flow_or_module_is_not_overwritten() {
    a_draft_is_kept("flow", |text| inbound("A", vec![say(text)]));
    a_draft_is_kept("module", |text| module("A", vec![say(text)]));
}

#[test]
fn a_flow_that_somebody_only_saved_is_not_overwritten() {
    let mut stage = Stage::new();
    let theirs: Value = serde_json::from_str(&inbound("A", vec![say("Mine")]).1).expect("JSON");
    let input = json!({ "Name": "A", "Type": "CONTACT_FLOW", "Status": "SAVED", "Content": theirs["content"].to_string() });
    let arn = stage.called("CreateContactFlow", input)["ContactFlowArn"].clone();
    let before = raw(&stage);
    let wanted = documents(&[inbound("A", vec![say("Two")])]);
    let codes = |stage: &Stage| -> Vec<String> {
        let refused = stage.plan(&wanted).expect_err("somebody's work");
        refused.0.into_iter().map(|d| d.code).collect()
    };
    assert_eq!(codes(&stage), ["TL0405", "TL0411"]);
    assert_eq!(raw(&stage), before);
    let ours = json!({ "resourceArn": arn, "tags": { "trunkline:project": "acme" } });
    stage.called("TagResource", ours);
    stage.options.overwrite_drafts = true;
    assert_eq!(codes(&stage), ["TL0409", "TL0409"]);
    stage.options.overwrite_drift = true;
    stage.deploy(&wanted);
    stage.is_settled(&wanted);
}

#[test]
fn a_draft_that_is_saved_between_plan_and_apply_is_not_overwritten() {
    let stage = Stage::new();
    stage.deploy(&documents(&[inbound("A", vec![say("One")])]));
    let plan = stage.plan(&documents(&[inbound("A", vec![say("Two")])])).expect("a plan");
    saved_over(&stage, "flow", "A", "Mine");
    let before = raw(&stage);
    let mut machine = trunkline_center::apply::Machine::new(plan, stage.instance.clone());
    let outcome = stage.carry_out(&mut machine, None).expect("nothing kills it");
    assert_eq!(outcome.failures[0].code, "TL0502");
    assert_eq!(raw(&stage), before);
}

/// The documents as `--draft` deploys them.
fn as_drafts(files: &[Text]) -> Vec<Text> {
    let of = |(path, text): &Text| {
        let mut document: Value = serde_json::from_str(text).expect("JSON");
        document["status"] = json!("saved");
        (path.clone(), document.to_string())
    };
    files.iter().map(of).collect()
}

/// What callers hear: everything but drafts.
fn live(stage: &Stage) -> BTreeMap<String, Value> {
    let mut all = others(stage, &["$SAVED"]);
    // A draft moves the time of the flow, and nothing else that callers meet.
    for value in all.values_mut() {
        for body in value.as_object_mut().into_iter().flat_map(|o| o.values_mut()) {
            if let Some(body) = body.as_object_mut() {
                body.retain(|k, _| k != "LastModifiedTime");
            }
        }
    }
    all
}

#[track_caller]
fn drafts_then_published(belief: bool, first: &[Text], second: &[Text]) {
    let mut stage = Stage::believing(belief, belief);
    if !first.is_empty() {
        stage.deploy(&documents(first));
    }
    let before = live(&stage);
    let drafts = documents(&as_drafts(second));
    stage.options.as_drafts = true;
    let (plan, _) = stage.deploy(&drafts);
    assert!(!plan.is_empty());
    let mut after = live(&stage);
    after.retain(|key, _| before.contains_key(key));
    assert_eq!(after, before, "callers hear something new");
    stage.is_settled(&drafts);
    stage.options.as_drafts = false;
    let wanted = documents(second);
    let (_, outcome) = stage.deploy(&wanted);
    assert_eq!(outcome.drafts, [], "belief {belief}");
    stage.is_settled(&wanted);
    let exported = stage.exported(true);
    for file in wanted.files() {
        assert!(exported.contains(&file), "belief {belief}: {} differs", file.0);
    }
}

#[test]
fn drafts_leave_callers_alone_and_are_published_by_the_next_plan() {
    let files = |text: &str| {
        vec![
            inbound("A", vec![say(text), to_flow("B")]),
            inbound("B", vec![say(text)]),
            module("M", vec![say(text)]),
        ]
    };
    for belief in [true, false] {
        drafts_then_published(belief, &files("One"), &files("Two"));
        drafts_then_published(belief, &[], &files("One"));
    }
}

#[test]
fn drafts_in_a_cycle_are_published_by_the_next_plan() {
    let files = |text: &str| {
        vec![inbound("A", vec![say(text), to_flow("B")]), inbound("B", vec![to_flow("A")])]
    };
    for belief in [true, false] {
        drafts_then_published(belief, &files("One"), &files("Two"));
        drafts_then_published(belief, &[], &files("One"));
    }
}
