//! Renames become name updates: of every kind whose name the service changes, exchanged names, rings, and
//! together with an edit. The ids stay.

use crate::harness::{Bench, Text, documents, wait};
use serde_json::{Value, json};
use trunkline_center::Documents;
use trunkline_center::apply::verify;
use trunkline_center::plan::Action;
use trunkline_center::renames::Renames;
use trunkline_center::state::NOTHING;

const HOURS: &str = "TimeZone: America/Los_Angeles\n";

fn hours(name: &str) -> (String, String) {
    (format!("connect/hours/{name}.yaml"), format!("Name: {name}\n{HOURS}"))
}

fn load(files: &[(String, String)]) -> Documents {
    let texts: Vec<Text<'_>> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    documents(&texts)
}

fn record(bench: &mut Bench, names: &[(&'static str, &str, &str)]) {
    let one = |(kind, old, new): &(&'static str, &str, &str)| {
        ((*kind, (*old).to_owned()), (*new).to_owned())
    };
    let mut renames: Renames = bench.options.renames.clone();
    renames.append(names.iter().map(one).collect());
    bench.options.renames = renames;
}

fn id(bench: &Bench, kind: &str, name: &str) -> String {
    let found = bench.snapshot(None);
    found.get(kind, name).unwrap_or_else(|| panic!("no {kind} {name}")).id.clone()
}

fn call(bench: &Bench, operation: &str, mut input: Value) {
    input["InstanceId"] = json!(bench.instance.id);
    bench.cloud.must("connect", operation, input);
}

/// A recorded rename of one resource: it keeps its id, and nothing is left to do afterwards.
#[track_caller]
fn check(kind: &'static str, folder: &str, body: &str, operation: &str) {
    let mut bench = Bench::new();
    let base = [
        hours("Main line"),
        (
            "connect/user-hierarchy/Levels.yaml".to_owned(),
            "Name: Levels\nLevelOne: Region\n".to_owned(),
        ),
        ("connect/prompts/x.wav".to_owned(), "RIFF1".to_owned()),
    ];
    let ending = if body.starts_with('{') { "json" } else { "yaml" };
    let with = |name: &str| {
        let mut files = base.to_vec();
        let path = format!("connect/{folder}/{name}.{ending}");
        files.push((path, body.replace("NAME", name)));
        load(&files)
    };
    let full = |name: &str| match kind {
        "hours-override" => format!("Main line/{name}"),
        _ => name.to_owned(),
    };
    bench.deploy(&with("Old one"));
    let before = id(&bench, kind, &full("Old one"));
    record(&mut bench, &[(kind, &full("Old one"), &full("New one"))]);
    let wanted = with("New one");
    let plan = bench.plan(&wanted).unwrap_or_else(|report| panic!("{kind}: {report:#?}"));
    let actions: Vec<Action> = plan.changes.iter().map(|c| c.action).collect();
    assert_eq!(actions, [Action::Rename], "{kind}: {:#?}", plan.changes);
    assert_eq!(bench.deploy(&wanted), [operation], "{kind}");
    assert_eq!(id(&bench, kind, &full("New one")), before, "{kind}");
    let again = bench.plan(&wanted).expect("a plan");
    assert!(again.is_empty() && !again.is_to_be_remembered(), "{kind}: {again:#?}");
}

const FLOW: &str = r#"{"name": "NAME", "type": "CONTACT_FLOW", "content": {"Version": "2019-10-30", "StartAction": "a", "Actions": [{"Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}}"#;

#[test]
fn each_kind_is_renamed_by_its_own_call() {
    check("flow", "flows", FLOW, "UpdateContactFlowName");
    let module = r#"{"name": "NAME", "content": {"Version": "2019-10-30", "StartAction": "a", "Actions": [{"Identifier": "a", "Type": "EndFlowModuleExecution", "Parameters": {}, "Transitions": {}}], "Settings": {"InputParameters": [], "OutputParameters": [], "Transitions": []}}}"#;
    check("module", "modules", module, "UpdateContactFlowModuleMetadata");
    let queue = "Name: NAME\nDescription: Sold\nHoursOfOperationId: ${hours:Main line}\n";
    check("queue", "queues", queue, "UpdateQueueName");
    check("hours", "hours", "Name: NAME\nTimeZone: UTC\n", "UpdateHoursOfOperation");
    let closed = "Name: NAME\nHoursOfOperationId: ${hours:Main line}\nOverrideType: CLOSED\nEffectiveFrom: '2027-12-25'\nEffectiveTill: '2027-12-26'\n";
    check("hours-override", "hours-overrides", closed, "UpdateHoursOfOperationOverride");
    check("prompt", "prompts", "Name: NAME\nAudio: x.wav\n", "UpdatePrompt");
    let quick = "Name: NAME\nQuickConnectConfig:\n  QuickConnectType: PHONE_NUMBER\n  PhoneConfig:\n    PhoneNumber: \"+15550100001\"\n";
    check("quick-connect", "quick-connects", quick, "UpdateQuickConnectName");
    let routing = "Name: NAME\nDescription: R\nMediaConcurrencies:\n- Channel: VOICE\n  Concurrency: 1\nDefaultOutboundQueueId: ${queue:BasicQueue}\n";
    check("routing-profile", "routing-profiles", routing, "UpdateRoutingProfileName");
    check("agent-status", "agent-statuses", "Name: NAME\nDescription: Eats\n", "UpdateAgentStatus");
    check("hierarchy-group", "hierarchy-groups", "Name: NAME\n", "UpdateUserHierarchyGroupName");
    let view = r#"{"name": "NAME", "content": {"template": {"Body": []}, "actions": ["Next"]}}"#;
    check("view", "views", view, "UpdateViewMetadata");
}

#[test]
fn two_that_exchange_names_and_rings_of_three_go_by_a_temporary_name() {
    for names in [&["A", "B"][..], &["A", "B", "C"][..]] {
        let mut bench = Bench::new();
        let files: Vec<_> = names.iter().map(|n| hours(n)).collect();
        bench.deploy(&load(&files));
        let ids: Vec<String> = names.iter().map(|n| id(&bench, "hours", n)).collect();
        let next = |i: usize| names[(i + 1) % names.len()];
        let ring: Vec<_> = names.iter().enumerate().map(|(i, n)| ("hours", *n, next(i))).collect();
        record(&mut bench, &ring);
        let steps = bench.deploy(&load(&files));
        assert_eq!(steps.len(), names.len() + 1, "{steps:?}");
        for (i, before) in ids.iter().enumerate() {
            assert_eq!(id(&bench, "hours", next(i)), *before);
        }
        assert!(bench.plan(&load(&files)).expect("a plan").is_empty());
    }
}

#[test]
fn a_rename_together_with_an_edit_and_a_new_one_under_the_old_name() {
    let mut bench = Bench::new();
    bench.deploy(&load(&[hours("A")]));
    let before = id(&bench, "hours", "A");
    record(&mut bench, &[("hours", "A", "B")]);
    let (path, text) = hours("B");
    let edited = (path, text.replace("Los_Angeles", "New_York"));
    let wanted = load(&[edited, hours("A")]);
    let plan = bench.plan(&wanted).expect("a plan");
    // Saved, it is not stale because of the one that gives up its name.
    wait(verify(&bench.cloud, &bench.instance, &plan)).expect("a plan that still fits");
    let steps = bench.deploy(&wanted);
    assert_eq!(steps.len(), 3, "{steps:?}");
    assert_eq!(steps.iter().filter(|s| *s == "CreateHoursOfOperation").count(), 1);
    assert_eq!(id(&bench, "hours", "B"), before);
    assert_ne!(id(&bench, "hours", "A"), before);
}

#[test]
fn a_saved_plan_is_stale_once_somebody_else_made_what_it_makes() {
    let mut bench = Bench::new();
    bench.deploy(&load(&[hours("A")]));
    record(&mut bench, &[("hours", "A", "B")]);
    let plan = bench.plan(&load(&[hours("B"), hours("A"), hours("C")])).expect("a plan");
    wait(verify(&bench.cloud, &bench.instance, &plan)).expect("a plan that still fits");
    let theirs = json!({ "Name": "C", "TimeZone": "UTC", "Config": [] });
    call(&bench, "CreateHoursOfOperation", theirs);
    let found = wait(verify(&bench.cloud, &bench.instance, &plan)).expect_err("stale").0;
    assert_eq!((found[0].code.as_str(), found[0].notes.len()), ("TL0403", 1), "{found:#?}");
}

#[test]
fn what_somebody_renamed_in_the_instance_is_drift_of_the_name() {
    let mut bench = Bench::new();
    let wanted = load(&[hours("A")]);
    bench.deploy(&wanted);
    let before = id(&bench, "hours", "A");
    call(&bench, "UpdateHoursOfOperation", json!({ "HoursOfOperationId": before, "Name": "Z" }));
    let found = bench.plan(&wanted).expect_err("refused").0;
    assert_eq!((found.len(), found[0].code.as_str()), (1, "TL0409"));
    assert_eq!(found[0].notes[1], "in the instance: \"Z\"");
    // The repository may follow.
    assert!(bench.plan(&load(&[hours("Z")])).expect("a plan").is_empty());
    bench.options.overwrite_drift = true;
    assert_eq!(bench.deploy(&wanted), ["UpdateHoursOfOperation"]);
    assert_eq!(id(&bench, "hours", "A"), before);
}

#[test]
fn a_recorded_rename_counts_without_anything_remembered_where_the_new_name_is_free() {
    let mut bench = Bench::new();
    bench.deploy(&load(&[hours("A")]));
    *bench.baseline.borrow_mut() = NOTHING.clone();
    record(&mut bench, &[("hours", "A", "B")]);
    assert_eq!(bench.deploy(&load(&[hours("B")])), ["UpdateHoursOfOperation"]);
}

#[test]
fn an_unrecorded_rename_is_known_by_the_same_content_if_nothing_else_fits() {
    let bench = Bench::new();
    bench.deploy(&load(&[hours("A")]));
    let plan = bench.plan(&load(&[hours("B")])).expect("a plan");
    assert_eq!(plan.changes[0].action, Action::Rename);
    assert!(plan.changes[0].lines[0].contains("the content is the same"), "{:?}", plan.changes);
    // Two that fit: nobody can say which.
    let plan = bench.plan(&load(&[hours("B"), hours("C")])).expect("a plan");
    assert!(plan.changes.iter().all(|c| c.action == Action::Create), "{:?}", plan.changes);
}

#[test]
fn a_name_that_somebody_else_has_is_told_before_anything_is_written() {
    let mut bench = Bench::new();
    bench.deploy(&load(&[hours("A")]));
    let before = id(&bench, "hours", "A");
    call(&bench, "UpdateHoursOfOperation", json!({ "HoursOfOperationId": before, "Name": "Z" }));
    let theirs = json!({ "Name": "A", "TimeZone": "UTC", "Config": [] });
    call(&bench, "CreateHoursOfOperation", theirs);
    bench.options.overwrite_drift = true;
    let found = bench.plan(&load(&[hours("A")])).expect_err("refused").0;
    assert_eq!(found[0].code, "TL0411", "{found:#?}");
}

#[test]
fn an_exchange_of_names_that_stops_anywhere_is_finished_by_the_next_plan() {
    use trunkline_testkit::Blow;
    for stops_at in 1..=3 {
        let mut bench = Bench::new();
        let files = load(&[hours("A"), hours("B")]);
        bench.deploy(&files);
        let (a, b) = (id(&bench, "hours", "A"), id(&bench, "hours", "B"));
        record(&mut bench, &[("hours", "A", "B"), ("hours", "B", "A")]);
        let plan = bench.plan(&files).expect("a plan");
        bench.cloud.fail(stops_at, Blow::Expired);
        let outcome = bench.apply(plan);
        assert_eq!((outcome.failures.len(), outcome.done), (1, stops_at - 1));
        bench.deploy(&files);
        assert_eq!((id(&bench, "hours", "B"), id(&bench, "hours", "A")), (a, b), "{stops_at}");
        let again = bench.plan(&files).expect("a plan");
        assert!(again.is_empty() && !again.is_to_be_remembered(), "{again:#?}");
    }
}
