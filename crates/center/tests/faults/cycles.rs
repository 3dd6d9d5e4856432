//! Resources that refer to each other are made in one apply, whatever the service believes of drafts.

use crate::files::{
    flow, hours, inbound, module, queue, say, to_flow, to_module, to_queue, to_queue_quickly,
    whispering,
};
use crate::stage::{Stage, Text, documents};
use serde_json::json;
use std::collections::BTreeMap;

const BELIEFS: [(bool, bool); 2] = [(true, true), (false, false)];

/// What the service does, and what the project thinks that it does.
const MISMATCHED: [(bool, bool); 2] = [(true, false), (false, true)];

fn counted(stage: &Stage, operation: &str) -> usize {
    stage.cloud.counts().get(operation).copied().unwrap_or_default()
}

/// Under both beliefs: one create a flow or module, `contents` content calls (the smallest set of
/// stubs), nothing left to do, and the export gives the documents back to the byte.
#[track_caller]
fn check(files: &[Text], contents: usize) {
    let wanted = documents(files);
    let created = |folder: &str| files.iter().filter(|(p, _)| p.contains(folder)).count();
    for (lab, project) in BELIEFS {
        let stage = Stage::believing(lab, project);
        stage.cloud.forget();
        let (_, outcome) = stage.deploy(&wanted);
        assert_eq!(outcome.drafts, [], "belief {lab}");
        let counts: BTreeMap<String, usize> = stage.cloud.counts();
        let of = |name: &str| counts.get(name).copied().unwrap_or_default();
        assert_eq!(of("CreateContactFlow"), created("/flows/"), "belief {lab}: {counts:?}");
        assert_eq!(of("CreateContactFlowModule"), created("/modules/"), "belief {lab}: {counts:?}");
        let written = of("UpdateContactFlowContent") + of("UpdateContactFlowModuleContent");
        assert_eq!(written, contents, "belief {lab}: {counts:?}");
        stage.is_settled(&wanted);
        let exported = stage.exported(false);
        for (path, bytes) in wanted.files() {
            let found = exported.iter().find(|(p, _)| *p == path);
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            assert_eq!(found.map(|(_, b)| text(b)), Some(text(&bytes)), "belief {lab}: {path}");
        }
    }
    for (lab, project) in MISMATCHED {
        let stage = Stage::believing(lab, project);
        let (_, outcome) = stage.deploy(&wanted);
        if outcome.drafts.is_empty() {
            stage.is_settled(&wanted);
        } else {
            assert!(outcome.drafts.iter().all(|d| d.code == "TL0507"), "{:#?}", outcome.drafts);
        }
    }
}

#[test]
fn two_flows_that_lead_to_each_other() {
    check(&[inbound("A", vec![to_flow("B")]), inbound("B", vec![say("Hello"), to_flow("A")])], 1);
}

#[test]
fn a_flow_that_leads_to_itself() {
    check(&[inbound("A", vec![say("Hello"), to_flow("A")])], 1);
}

#[test]
fn three_flows_in_a_ring() {
    let ring = [("A", "B"), ("B", "C"), ("C", "A")];
    check(&ring.map(|(from, to)| inbound(from, vec![to_flow(to)])), 1);
}

#[test]
fn rings_that_share_a_flow_need_one_stub() {
    let files = [
        inbound("A", vec![to_flow("Hub")]),
        inbound("B", vec![to_flow("Hub")]),
        inbound("C", vec![to_flow("Hub")]),
        inbound("Hub", vec![to_flow("A"), to_flow("B"), to_flow("C")]),
    ];
    check(&files, 1);
}

#[test]
fn a_queue_and_its_whisper_flow() {
    let metric = ("GetMetricData", json!({ "QueueId": "${queue:Sales}" }));
    let whisper = flow("Whisper", "OUTBOUND_WHISPER", "published", vec![metric]);
    check(&[hours(), whispering("Sales", "Whisper"), whisper], 1);
}

#[test]
fn a_queue_and_its_quick_connect() {
    let files = [
        hours(),
        queue("Sales", "QuickConnectIds:\n- ${quick-connect:Sell}\n"),
        to_queue_quickly("Sell", "Sales", "Handover"),
        flow("Handover", "QUEUE_TRANSFER", "published", vec![to_queue("Sales")]),
    ];
    check(&files, 0);
}

#[test]
fn a_module_and_a_flow() {
    let files = [
        inbound("A", vec![to_module("M")]),
        module(
            "M",
            vec![(
                "UpdateContactAttributes",
                json!({ "Attributes": { "next": "${flow:A}" }, "TargetContact": "Current" }),
            )],
        ),
    ];
    check(&files, 1);
}

#[test]
fn a_ring_of_queue_whisper_flow_and_module() {
    let files = [
        hours(),
        whispering("Sales", "Whisper"),
        flow("Whisper", "OUTBOUND_WHISPER", "published", vec![to_module("M")]),
        module("M", vec![to_queue("Sales")]),
    ];
    check(&files, 1);
}

#[test]
fn a_wrong_belief_ends_with_drafts_and_a_second_apply_publishes_them() {
    let files = [inbound("A", vec![to_flow("B")]), inbound("B", vec![to_flow("A")])];
    let wanted = documents(&files);
    let mut stage = Stage::believing(false, true);
    let (_, outcome) = stage.deploy(&wanted);
    assert!(!outcome.drafts.is_empty() && counted(&stage, "CreateContactFlow") <= 4);
    stage.options.published_may_name_saved = false;
    stage.deploy(&wanted);
    stage.is_settled(&wanted);
}
