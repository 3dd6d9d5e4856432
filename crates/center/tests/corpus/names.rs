//! Names that make trouble: in file names, in references, in other names.

use crate::place::Place;
use crate::source::{hours, simple};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trunkline_center::Documents;
use trunkline_lab::{Lab, Options};

/// What people might call things.
pub const NAMES: &[&str] = &[
    "Sales / West",
    "${queue:Sales}",
    "$${literal}",
    "100% of it",
    "50%25",
    "a}b{c",
    "say \"hello\" to 'them'",
    "📞 Zurück",
    "billing",
    "Billing",
    "..dots",
    "trailing.",
    "back\\slash:colon*?<>|",
    "CON",
    "#$&;`!",
    "naïve — dash",
    "[list] - item: yes",
];

/// Names that no number can follow.
fn all_names() -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|n| (*n).to_owned()).collect();
    let more = [
        " leading space",
        "trailing space ",
        "two  spaces",
        "BILLING",
        "nul",
        "com1.txt",
        ".",
        "..",
        "-rf",
        "~",
        "a/../b",
        "%2F",
        "$",
        "${",
        "$${",
        "}",
        "%",
        "012",
        "null",
        "1e3",
        "é",
        "e\u{301}",
        "ǅ",
        "ß",
        "SS",
        "İ",
        "i\u{307}",
        "日本語の名前",
        "tilde~12345678",
    ];
    names.extend(more.map(str::to_owned));
    names.push("n".repeat(127));
    names.push("N".repeat(127));
    names.push("é".repeat(127));
    names.push("😀".repeat(127));
    names.push(format!("{}1", "/".repeat(126)));
    names.push(format!("{}2", "/".repeat(126)));
    names
}

#[test]
fn names_of_every_sort_make_the_round_in_references_and_file_names() {
    let lab = Lab::open(Options { seed: Some(13), ..Options::default() }).expect("a lab");
    let source = Place::new(&lab, "111122223333", "us-west-2", "acme-rnd");
    let names = all_names();
    write(&source, &names);
    let exported = source.export();
    assert_eq!(exported.unnamed, []);
    let files = exported.documents.files();
    check_paths(files.iter().map(|(path, _)| path.as_str()));
    let documents = Documents::load(&files).expect("documents that can be read");
    for name in &names {
        for kind in ["flow", "module", "queue", "hours", "prompt"] {
            assert!(documents.get(kind, name).is_some(), "{kind} {name}");
        }
    }
    source.is_done(&documents);
    let target = Place::new(&lab, "444455556666", "us-east-1", "acme-uat");
    let outcome = target.deploy(&documents);
    assert_eq!(outcome.drafts, []);
    target.holds(&files);
    target.is_done(&documents);
    let snapshot = target.snapshot(None, true);
    for (number, name) in names.iter().enumerate() {
        let flow = snapshot.get("flow", name).expect(name);
        let next = &names[(number + 1) % names.len()];
        let text = flow.body["content"]["Actions"][0]["Parameters"]["Attributes"].to_string();
        for kind in ["flow", "module", "queue", "hours", "prompt"] {
            let entry = snapshot.names.get(kind, next).expect(next);
            assert!(text.contains(&entry.arn), "{name}: {kind} {next} in {text}");
        }
    }
}

/// A resource of each kind for each name; each flow refers to the resources of the next name.
fn write(source: &Place, names: &[String]) {
    source.cloud.must("s3", "PutObject", json!({ "Bucket": source.staging, "Key": "a.wav" }));
    let text = |made: &Value, member: &str| made[member].as_str().expect(member).to_owned();
    let mut arns = Vec::new();
    for name in names {
        let hours = hours(source, name);
        let input = json!({ "Name": name, "HoursOfOperationId": hours });
        let queue = text(&source.connect("CreateQueue", input), "QueueArn");
        let uri = format!("s3://{}/a.wav", source.staging);
        let made = source.connect("CreatePrompt", json!({ "Name": name, "S3Uri": uri }));
        let prompt = text(&made, "PromptARN");
        let input = json!({ "Name": name, "Content": simple(true).to_string() });
        let module = text(&source.connect("CreateContactFlowModule", input), "Arn");
        let input = json!({
            "Name": name, "Type": "CONTACT_FLOW", "Content": simple(false).to_string(),
        });
        let flow = source.connect("CreateContactFlow", input);
        let id = text(&flow, "ContactFlowId");
        arns.push((id, [hours, queue, prompt, module, text(&flow, "ContactFlowArn")]));
    }
    for (number, (id, _)) in arns.iter().enumerate() {
        let next = (number + 1) % names.len();
        let content = referring(&names[next], &arns[next].1);
        let input = json!({ "ContactFlowId": id, "Content": content.to_string() });
        source.connect("UpdateContactFlowContent", input);
    }
}

fn referring(name: &str, [hours, queue, prompt, module, flow]: &[String; 5]) -> Value {
    let mut content = simple(false);
    let error = json!({ "NextAction": "end", "ErrorType": "NoMatchingError" });
    let leads = json!({ "NextAction": "end", "Errors": [error], "Conditions": [] });
    let text = format!("{name}{queue}{name} {hours} {prompt} {module} {flow}");
    content["Actions"] = json!([
        { "Identifier": "set", "Type": "UpdateContactAttributes",
          "Parameters": { "Attributes": { "name": name, "all": text }, "TargetContact": "Current" },
          "Transitions": leads },
        { "Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} },
    ]);
    content["StartAction"] = json!("set");
    content["Metadata"] = json!({ "name": name });
    content
}

/// Paths are short, safe on every file system, and differ without regard to case.
fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for path in paths {
        let (_, file) = path.rsplit_once('/').expect("a folder");
        let (stem, _) = file.rsplit_once('.').expect("an ending");
        assert!(stem.len() <= 200 + 9, "{path}");
        assert!(!stem.is_empty() && !stem.starts_with(['.', '-', ' ']), "{path}");
        assert!(!stem.ends_with(['.', ' ']), "{path}");
        let bad = |c: char| "\\:*?\"<>|$`'#;!{}[]~".contains(c) && c != '~' || c.is_control();
        assert!(!stem.contains(bad), "{path}");
        let folded: String = path.chars().flat_map(char::to_uppercase).collect();
        assert!(seen.insert(folded.to_lowercase()), "{path} differs by case only");
    }
}
