//! Every real flow, and flows of our own that say what only looks like a reference.

use crate::files::{corpus, flows, texts};
use crate::place::{Place, function_alias};
use crate::source::{Source, simple};
use crate::travel::{Repository, Target};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_center::Documents;
use trunkline_lab::{Lab, Options};
use trunkline_testkit::seed::function;

const ACCOUNT: &str = "111122223333";
const TARGETS: [Target; 2] = [
    Target { account: "444455556666", region: "eu-central-1", alias: "acme-uat", suffix: "-uat" },
    Target { account: "222233334444", region: "us-west-2", alias: "acme-qa", suffix: "" },
];

#[test]
fn real_flows_arrive_in_other_accounts_as_they_were() {
    let Some(corpus) = corpus() else { return };
    let lab = Lab::open(Options { seed: Some(11), ..Options::default() }).expect("a lab");
    let mut source = Source::new(Place::new(&lab, ACCOUNT, "us-west-2", "acme-rnd"));
    let (flows, refused) = flows(&corpus);
    assert!(flows.len() > 150, "only {} flows were read", flows.len());
    for (name, flow) in flows {
        source.write_real(&name, flow.flow_type, flow.content);
    }
    write_speech(&mut source);
    write_references(&mut source);
    report(&source, refused);
    let repository = Repository::of(&mut source);
    for target in &TARGETS {
        let followed = repository.arrives(&lab, &source, target);
        eprintln!("{} {}: {followed} references followed", target.account, target.region);
        assert!(followed >= source.references);
    }
    let speech = repository.documents.get("flow", "Speech").expect("the flow");
    let spoken = speech.body["content"].to_string();
    assert!(spoken.contains("Account 111122223333 in us-west-2"), "{spoken}");
}

fn report(source: &Source, refused: usize) {
    let published = source.written.iter().filter(|w| w.published).count();
    let total = source.written.len();
    eprintln!(
        "flows {total} (files in no flow language: {refused}), published {published}, saved {}, \
         references {}",
        total - published,
        source.references
    );
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for written in &source.written {
        *reasons.entry(&written.problems).or_default() += 1;
    }
    for (problem, count) in reasons.iter().filter(|(p, _)| !p.is_empty()) {
        eprintln!("  {count} x {problem}");
    }
    assert!(published * 100 >= total * 60, "published are only {published} of {total}");
}

fn say(identifier: &str, next: &str, text: &str) -> Value {
    json!({
        "Identifier": identifier, "Type": "MessageParticipant", "Parameters": { "Text": text },
        "Transitions": {
            "NextAction": next,
            "Errors": [{ "NextAction": next, "ErrorType": "NoMatchingError" }],
            "Conditions": [],
        },
    })
}

/// A flow that speaks of account and region, and of what looks like a reference.
fn write_speech(source: &mut Source) {
    let texts = [
        "Account 111122223333 in us-west-2 is yours.",
        "Say 1 1 1 1 2 2 2 2 3 3 3 3, or acme-rnd.",
        "A literal ${queue:Sales}, an escaped $${queue:Sales}, three $$${, one ${ and one $.",
        "An ARN starts with arn:aws: and then has 111122223333.",
        "Go to https://example.com/us-west-2/111122223333.",
    ];
    let mut flow = simple(false);
    let actions = flow["Actions"].as_array_mut().expect("actions");
    for (number, text) in texts.iter().enumerate().rev() {
        let next = actions[0]["Identifier"].as_str().expect("a text").to_owned();
        actions.insert(0, say(&format!("say {number}"), &next, text));
    }
    flow["StartAction"] = json!("say 0");
    flow["Metadata"] = json!({ "name": "Speech", "note": "us-west-2 111122223333" });
    source.write("Speech", Some("CONTACT_FLOW"), flow);
}

/// A flow that refers in every way: ids, URLs, keys, operands, texts, the instance itself.
fn write_references(source: &mut Source) {
    let instance = source.place.instance.clone();
    let queues = source.place.connect("ListQueues", json!({ "QueueTypes": ["STANDARD"] }));
    let queue = &queues["QueueSummaryList"][0];
    let (id, arn) = (queue["Id"].as_str().expect("an id"), queue["Arn"].as_str().expect("an ARN"));
    function(&source.place.cloud, "mapping");
    function_alias(&source.place.cloud, "mapping", "live");
    source.functions.insert(("mapping".to_owned(), "live".to_owned()));
    let any_region = format!("arn:aws:lambda:$.AwsRegion:{ACCOUNT}:function:mapping");
    let text = format!(
        "{arn}, <{arn}>, '{id}' ${id} $${{{id}}} {arn}{arn} https://acme-rnd.my.connect.aws/x \
         https://acme-rnd.awsapps.com/connect {} {} {any_region} {any_region}:live",
        instance.id, instance.arn
    );
    let mut flow = simple(false);
    let end = json!({ "NextAction": "end", "ErrorType": "NoMatchingError" });
    let unmatched = json!({ "NextAction": "end", "ErrorType": "NoMatchingCondition" });
    let actions = json!([
        { "Identifier": "set", "Type": "UpdateContactAttributes",
          "Parameters": { "Attributes": { "queue": arn, "id": id, "all": text },
                          "TargetContact": "Current" },
          "Transitions": { "NextAction": "which", "Errors": [end], "Conditions": [] } },
        { "Identifier": "which", "Type": "Compare",
          "Parameters": { "ComparisonValue": "$.Queue.ARN" },
          "Transitions": { "NextAction": "end", "Errors": [unmatched], "Conditions": [
            { "NextAction": "end", "Condition": { "Operator": "Equals", "Operands": [arn] } } ] } },
        { "Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} },
    ]);
    flow["Actions"] = actions;
    flow["StartAction"] = json!("set");
    flow["Metadata"] = json!({ "ActionMetadata": { arn: { "queue": { "id": id } } } });
    source.write("Refers in every way", Some("CONTACT_FLOW"), flow.clone());
    // Nobody knows this action, and still what it names is found.
    flow["Actions"][0]["Type"] = json!("DoSomethingNew");
    flow["Actions"][0]["Parameters"] = json!({ "Deep": [{ "Down": [arn, { id: [text] }] }] });
    source.write("Refers from an unknown action", Some("CUSTOMER_QUEUE"), flow);
    source.references += 30;
}

#[test]
fn files_of_the_old_format_are_refused_with_advice() {
    let Some(corpus) = corpus() else { return };
    for (name, text) in texts(&corpus, "flows-legacy") {
        let file = (format!("connect/flows/{}.json", name.trim_end_matches(".json")), text);
        let report = Documents::load(&[(file.0.clone(), file.1.into_bytes())]).expect_err(&name);
        assert_eq!(report.0.len(), 1, "{report:?}");
        assert_eq!(report.0[0].code, "TL0301", "{name}");
        assert_eq!(report.0[0].place.file.as_deref(), Some(file.0.as_str()));
        assert!(report.0[0].help.as_ref().is_some_and(|h| h.contains("import")), "{name}");
    }
}
