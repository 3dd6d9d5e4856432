//! What the service refuses to publish is applied as a draft, and said.

use crate::place::Place;
use crate::source::simple;
use serde_json::json;
use trunkline_center::Documents;
use trunkline_lab::{Lab, Options};

/// Applies one document that says `published` with content that the service does not publish.
#[track_caller]
fn check(folder: &str, kind: &'static str, module: bool) {
    let lab = Lab::open(Options { seed: Some(17), ..Options::default() }).expect("a lab");
    let place = Place::new(&lab, "444455556666", "us-east-1", "acme-uat");
    let mut content = simple(module);
    content["Actions"][0]["Type"] = json!("DoSomethingNew");
    let mut document = json!({ "name": "New", "status": "published", "content": content });
    if !module {
        document["type"] = json!("CUSTOMER_QUEUE");
    }
    let files = [(format!("connect/{folder}/New.json"), document.to_string().into_bytes())];
    let documents = Documents::load(&files).expect("a document");
    let outcome = place.deploy(&documents);
    let codes: Vec<&str> = outcome.drafts.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["TL0507"]);
    let warning = format!("{:?}", outcome.drafts[0]);
    assert!(warning.contains("Invalid Action type. Type: DoSomethingNew"), "{warning}");
    let snapshot = place.snapshot(None, true);
    let there = snapshot.get(kind, "New").expect("it is there");
    let draft = there.draft.as_ref().unwrap_or(&there.body);
    assert_eq!(draft["content"]["Actions"][0]["Type"], "DoSomethingNew");
    if !module {
        assert_eq!(there.body["status"], "saved");
        assert_eq!(there.body["type"], "CUSTOMER_QUEUE");
    }
}

#[test]
fn flows_that_the_service_refuses_to_publish_are_applied_as_drafts() {
    check("flows", "flow", false);
}

#[test]
fn modules_that_the_service_refuses_to_publish_are_applied_as_drafts() {
    check("modules", "module", true);
}
