//! `export`: what cannot be named, drafts, users.

use crate::stage::{BUILD, CONFIG, Stage, content};
use serde_json::json;

const EXPORT: &[&str] = &["export", "--env", "rnd"];

/// A build instance with nothing but AWS's defaults, and an empty repository.
fn stage() -> Stage {
    let stage = Stage::new();
    std::fs::remove_dir_all(stage.home.join("connect")).expect("documents to remove");
    stage
}

/// Makes a flow that names a secret of the build account.
fn flow_with(stage: &Stage, name: &str, secret: &str) -> String {
    let arn = format!("arn:aws:secretsmanager:us-west-2:{BUILD}:secret:{secret}");
    let content = content("UpdateContactAttributes", json!({ "Attributes": { "Key": arn } }));
    let input = json!({ "Name": name, "Type": "CONTACT_FLOW", "Content": content.to_string() });
    stage.connect(BUILD, "CreateContactFlow", input);
    arn
}

#[test]
fn the_first_export_binds_what_it_cannot_name_and_a_later_one_stops() {
    let stage = stage();
    let first = flow_with(&stage, "First", "first");
    let ran = stage.done(EXPORT);
    assert!(ran.err.contains("note[TL0701]"), "{}", ran.err);
    let bound = stage.home.read("trunkline.yaml");
    assert!(bound.starts_with(CONFIG) && bound.contains(&first), "{bound}");
    assert!(!stage.home.read("connect/flows/First.json").contains(BUILD));
    stage.done(EXPORT);
    assert_eq!(stage.home.read("trunkline.yaml"), bound);

    let (second, third) = (flow_with(&stage, "Second", "2nd"), flow_with(&stage, "Third", "3rd"));
    flow_with(&stage, "Fourth", "3rd");
    let says =
        [second.as_str(), &third, "flow \"Second\"", "flow \"Third\"", "flow \"Fourth\"", "--bind"];
    stage.refused(EXPORT, 1, "TL0701", &says);
    stage.done(&[EXPORT, &["--bind"]].concat());
    let bound = stage.home.read("trunkline.yaml");
    assert!(bound.contains(&second) && bound.contains(&third), "{bound}");
    stage.done(EXPORT);
}

#[test]
fn drafts_left_behind_are_one_warning_that_names_ten() {
    let stage = stage();
    for number in 10..22 {
        let name = format!("Draft {number}");
        let text = content("MessageParticipant", json!({ "Text": "Hello" })).to_string();
        let input = json!({ "Name": name, "Type": "CONTACT_FLOW", "Content": text });
        let id = stage.connect(BUILD, "CreateContactFlow", input)["ContactFlowId"].clone();
        let draft = content("MessageParticipant", json!({ "Text": "Newer" })).to_string();
        let id = format!("{}:$SAVED", id.as_str().expect("an id"));
        let input = json!({ "ContactFlowId": id, "Content": draft });
        stage.connect(BUILD, "UpdateContactFlowContent", input);
    }
    let ran = stage.done(EXPORT);
    assert_eq!(ran.err.matches("warning[TL0702]").count(), 1, "{}", ran.err);
    let says = "12 flows and modules have drafts that were not exported";
    assert!(ran.err.contains(says) && ran.err.contains("Draft 19"), "{}", ran.err);
    assert!(ran.err.contains(", and 2 more") && !ran.err.contains("Draft 20"), "{}", ran.err);
    assert!(!stage.done(&[EXPORT, &["--drafts"]].concat()).err.contains("TL0702"));
}

#[test]
fn users_are_exported_only_where_asked_and_without_passwords() {
    let stage = stage();
    let list = ("ListSecurityProfiles", "SecurityProfileSummaryList");
    let security = stage.id(BUILD, list, "Agent");
    let list = ("ListRoutingProfiles", "RoutingProfileSummaryList");
    let routing = stage.id(BUILD, list, "Basic Routing Profile");
    let input = json!({
        "Username": "ann", "Password": "Never-1-written", "SecurityProfileIds": [security],
        "RoutingProfileId": routing, "PhoneConfig": { "PhoneType": "SOFT_PHONE" },
        "IdentityInfo": { "FirstName": "Ann", "LastName": "Example" },
    });
    stage.connect(BUILD, "CreateUser", input);
    stage.done(EXPORT);
    assert!(!stage.home.join("connect/users").exists());
    stage.done(&[EXPORT, &["--include", "users"]].concat());
    let text = stage.home.read("connect/users/ann.yaml");
    assert!(text.contains("${security-profile:Agent}") && !text.contains("Never"), "{text}");
}
