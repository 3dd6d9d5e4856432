//! Targets that are not what the project takes them for.

use crate::stage::{CONFIG, Stage, TARGET, content};
use serde_json::json;

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

#[test]
fn an_instance_that_does_not_exist_is_answered_with_those_that_do() {
    let stage = Stage::new();
    stage.home.write("trunkline.yaml", CONFIG.replace("acme-prod", "acme-prd"));
    let says =
        ["no instance `acme-prd` in 444455556666 / us-west-2", "acme-prod", "trunkline.yaml"];
    stage.refused(&["plan", "--env", "prod"], 1, "TL0401", &says);
    stage.refused(APPLY, 1, "TL0401", &says);
}

#[test]
fn a_draft_that_nobody_published_is_not_overwritten() {
    let stage = Stage::new();
    stage.done(APPLY);
    let id = stage.id(TARGET, ("ListContactFlows", "ContactFlowSummaryList"), "Main");
    let draft = content("MessageParticipant", json!({ "Text": "Somebody's work" }));
    let input = json!({ "ContactFlowId": format!("{id}:$SAVED"), "Content": draft.to_string() });
    stage.connect(TARGET, "UpdateContactFlowContent", input);
    let changed = content("MessageParticipant", json!({ "Text": "The repository's" }));
    let whole = json!({ "name": "Main", "type": "CONTACT_FLOW", "content": changed });
    stage.home.write("connect/flows/Main.json", whole.to_string());
    let says = ["connect/flows/Main.json", "flow \"Main\"", "draft", "--overwrite-drafts"];
    stage.refused(APPLY, 1, "TL0405", &says);
    stage.done(&[APPLY, &["--overwrite-drafts"]].concat());
}

#[test]
fn a_prompt_needs_a_bucket_for_its_audio() {
    let stage = Stage::new();
    stage.home.write("connect/prompts/Beep.wav", [b"RIFF".as_slice(), &[0; 40]].concat());
    stage.home.write("connect/prompts/Beep.yaml", "Name: Our beep\nAudio: Beep.wav\n");
    let says = ["connect/prompts/Beep.yaml", "prompt \"Our beep\"", "staging_bucket"];
    stage.refused(APPLY, 1, "TL0408", &says);
}
