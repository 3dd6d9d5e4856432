//! Applied, wanted, live: what changed in the instance stays until somebody decides; what is somebody
//! else's stays anyway.

use crate::harness::{Bench, Text, documents};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trunkline_center::ownership::{Limits, OwnedFields};
use trunkline_center::plan::{PlanInput, adoption};
use trunkline_center::state::{NOTHING, advance_ledger, settle_ledger};
use trunkline_model::Diagnostic;

const PATH: &str = "connect/queues/Sales.yaml";
const HOURS: Text<'_> =
    ("connect/hours/Main line.yaml", "Name: Main line\nTimeZone: America/Los_Angeles\n");

fn queue(limit: u32) -> String {
    format!("Name: Sales\nHoursOfOperationId: ${{hours:Main line}}\nMaxContacts: {limit}\n")
}

impl Bench {
    fn call(&self, operation: &str, mut input: Value) -> Value {
        input["InstanceId"] = json!(self.instance.id);
        self.cloud.must("connect", operation, input)
    }

    fn id(&self, kind: &str, name: &str) -> String {
        self.snapshot(None).get(kind, name).expect("it is there").id.clone()
    }

    fn limit(&self) -> u64 {
        let id = self.id("queue", "Sales");
        self.call("DescribeQueue", json!({ "QueueId": id }))["Queue"]["MaxContacts"]
            .as_u64()
            .expect("a limit")
    }

    fn somebody_sets_limit(&self, limit: u32) {
        let id = self.id("queue", "Sales");
        self.call("UpdateQueueMaxContacts", json!({ "QueueId": id, "MaxContacts": limit }));
    }

    fn own(&mut self, kind: &str, name: &str, owned: OwnedFields) {
        let key = (kind.to_owned(), name.to_owned());
        self.options.limits.instance_owned.insert(key, owned);
    }

    #[track_caller]
    fn refused(&self, files: &[Text<'_>]) -> Vec<Diagnostic> {
        self.plan(&documents(files)).expect_err("refused").0
    }
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|d| d.code.as_str()).collect()
}

#[test]
fn a_value_that_somebody_changed_is_kept_with_all_three_values_told() {
    let mut bench = Bench::new();
    bench.deploy(&documents(&[HOURS, (PATH, &queue(10))]));
    bench.somebody_sets_limit(70);
    for wanted in [20, 10] {
        let found = bench.refused(&[HOURS, (PATH, &queue(wanted))]);
        assert_eq!(codes(&found), ["TL0409"]);
        assert_eq!(found[0].place.path.as_deref(), Some("MaxContacts"));
        assert_eq!(found[0].place.subject.as_deref(), Some("queue \"Sales\""));
        let told =
            ["last applied: 10", "in the instance: 70", &format!("in the document: {wanted}")];
        assert_eq!(found[0].notes, told);
    }
    // Who wrote the instance's value into the document has nothing left to do, and it is remembered.
    assert_eq!(bench.deploy(&documents(&[HOURS, (PATH, &queue(70))])), [""; 0]);
    bench.somebody_sets_limit(80);
    bench.options.overwrite_drift = true;
    let plan = bench.plan(&documents(&[HOURS, (PATH, &queue(90))])).expect("a plan");
    assert_eq!(codes(&plan.findings), ["TL0409"]);
    bench.apply(plan);
    assert_eq!(bench.limit(), 90);
}

#[test]
fn without_anything_remembered_every_differing_value_counts_as_changed() {
    let bench = Bench::new();
    bench.deploy(&documents(&[HOURS, (PATH, &queue(10))]));
    *bench.baseline.borrow_mut() = NOTHING.clone();
    assert!(bench.plan(&documents(&[HOURS, (PATH, &queue(10))])).expect("a plan").is_empty());
    let found = bench.refused(&[HOURS, (PATH, &queue(20))]);
    assert_eq!(codes(&found), ["TL0409"]);
    assert!(found[0].help.as_deref().is_some_and(|h| h.contains("trunkline adopt")));
}

#[test]
fn a_field_that_the_instance_owns_is_made_and_then_only_read() {
    let mut bench = Bench::new();
    let fields = BTreeSet::from(["MaxContacts".to_owned()]);
    bench.own("queue", "Sales", OwnedFields::Some(fields));
    bench.deploy(&documents(&[HOURS, (PATH, &queue(10))]));
    assert_eq!(bench.limit(), 10);
    bench.somebody_sets_limit(70);
    let described = format!("{}Description: Sold\n", queue(20));
    let steps = bench.deploy(&documents(&[HOURS, (PATH, &described)]));
    assert_eq!(steps, ["UpdateQueueName"]);
    assert_eq!(bench.limit(), 70);
}

#[test]
fn tags_on_their_way_from_one_apply_to_the_next_are_nobodys_change() {
    let bench = Bench::new();
    let tagged = |tags: &str| format!("{}Tags:\n{tags}", queue(10));
    let (old, new) = (tagged("  keep: a\n  old: b\n"), tagged("  keep: a\n  new: c\n"));
    bench.deploy(&documents(&[HOURS, (PATH, &old)]));
    let arn = bench.snapshot(None).get("queue", "Sales").expect("it is there").arn.clone();
    let set = |tag: &str| {
        bench.cloud.must(
            "connect",
            "TagResource",
            json!({ "resourceArn": arn, "tags": { tag: "c" } }),
        );
    };
    // Killed between its two calls, an apply leaves the tags of both.
    set("new");
    assert_eq!(codes(&bench.refused(&[HOURS, (PATH, &new)])), ["TL0409"]);
    let wanted = documents(&[HOURS, (PATH, &new)]);
    let body = wanted.iter().find(|d| d.kind == "queue").expect("the queue").body.clone();
    if let Some(applied) = &mut bench.baseline.borrow_mut().applied {
        applied.resources.get_mut("queue/Sales").expect("applied").begun.push(body);
    }
    set("somebody");
    assert_eq!(codes(&bench.refused(&[HOURS, (PATH, &new)])), ["TL0409"]);
    let key = json!({ "resourceArn": arn, "tagKeys": ["somebody"] });
    bench.cloud.must("connect", "UntagResource", key);
    assert_eq!(bench.deploy(&wanted), ["UntagResource"]);
}

/// A queue with some tags.
fn tagged(count: usize) -> String {
    let tags: String = (0..count).map(|n| format!("  key{n:02}: value\n")).collect();
    format!("{}Tags:\n{tags}", queue(10))
}

#[test]
fn more_tags_than_there_is_room_for_are_refused_before_anything_is_written() {
    let bench = Bench::new();
    bench.deploy(&documents(&[HOURS, (PATH, &tagged(49))]));
    assert_eq!(codes(&bench.refused(&[HOURS, (PATH, &tagged(50))])), ["TL0423"]);
    assert_eq!(codes(&bench.refused(&[HOURS, ("connect/queues/B.yaml", &tagged(51))])), ["TL0423"]);
    // All exchanged for others: the old ones go first, or there would be no room.
    let others = tagged(49).replace("key", "other");
    assert_eq!(
        bench.deploy(&documents(&[HOURS, (PATH, &others)])),
        ["UntagResource", "TagResource"]
    );
}

#[test]
fn what_has_no_room_for_our_tag_is_adopted_in_the_ledger_with_a_note() {
    let bench = Bench::new();
    let tags: serde_json::Map<String, Value> =
        (0..50).map(|n| (format!("key{n:02}"), json!("value"))).collect();
    bench.call(
        "CreateHoursOfOperation",
        json!({ "Name": "Main line", "TimeZone": "America/Los_Angeles", "Config": [], "Tags": tags }),
    );
    let wanted = documents(&[HOURS]);
    let snapshot = bench.snapshot(Some(&wanted));
    let plan = adoption(
        &PlanInput {
            documents: &wanted,
            snapshot: &snapshot,
            bindings: &bench.bindings,
            baseline: &NOTHING,
            options: &bench.options,
        },
        &|_, _| true,
        None,
    )
    .expect("a plan");
    assert!(plan.steps.is_empty());
    assert_eq!(codes(&plan.findings), ["TL0423"]);
    assert!(settle_ledger(&NOTHING.ledger, &plan).holds("hours", "Main line"));
}

#[test]
fn a_document_that_comes_back_clears_the_mark_of_what_was_retired() {
    let mut bench = Bench::new();
    let skill = ("connect/predefined-attributes/Skill.yaml", "Name: Skill\nValues:\n- Tax\n");
    bench.deploy(&documents(&[skill]));
    bench.options.prune = true;
    bench.deploy(&documents(&[]));
    let retired = |bench: &Bench| bench.baseline.borrow().ledger.0.len();
    assert_eq!(retired(&bench), 2);
    bench.options.prune = false;
    bench.deploy(&documents(&[skill]));
    assert_eq!(retired(&bench), 1);
    // It is retired anew before it is deleted.
    bench.options.prune = true;
    assert_eq!(bench.deploy(&documents(&[])), Vec::<String>::new());
}

#[test]
fn what_the_instance_owns_whole_is_neither_changed_nor_made_again_nor_pruned() {
    let mut bench = Bench::new();
    let closed = |kind: &str| {
        format!(
            "Name: Closed\nHoursOfOperationId: ${{hours:Main line}}\nOverrideType: {kind}\nEffectiveFrom: '2027-12-25'\nEffectiveTill: '2027-12-26'\n"
        )
    };
    let path = "connect/hours-overrides/x.yaml";
    bench.own("hours-override", "Main line/Closed", OwnedFields::All);
    let made = bench.deploy(&documents(&[HOURS, (path, &closed("CLOSED"))]));
    assert!(made.contains(&"CreateHoursOfOperationOverride".to_owned()), "{made:?}");
    assert_eq!(bench.deploy(&documents(&[HOURS, (path, &closed("OPEN"))])), [""; 0]);
    bench.options.prune = true;
    for _ in 0..2 {
        assert_eq!(bench.deploy(&documents(&[HOURS])), [""; 0]);
    }
    bench.options.prune = false;
    let (hours, id) =
        (bench.id("hours", "Main line"), bench.id("hours-override", "Main line/Closed"));
    let one = json!({ "HoursOfOperationId": hours, "HoursOfOperationOverrideId": id });
    bench.call("DeleteHoursOfOperationOverride", one);
    assert_eq!(bench.deploy(&documents(&[HOURS, (path, &closed("OPEN"))])), [""; 0]);
}

#[test]
fn what_another_project_or_nobody_owns_stops_a_change_and_equals_without_a_word() {
    let mut bench = Bench::new();
    let files = |limit| queue(limit);
    bench.deploy(&documents(&[HOURS, (PATH, &files(10))]));
    bench.options.project = "retail".to_owned();
    *bench.baseline.borrow_mut() = NOTHING.clone();
    let (ten, twenty) = (files(10), files(20));
    assert!(bench.plan(&documents(&[HOURS, (PATH, &ten)])).expect("equal").is_empty());
    let found = bench.refused(&[HOURS, (PATH, &twenty)]);
    assert_eq!(codes(&found), ["TL0410"]);
    assert!(found[0].message.contains("`acme`"), "{}", found[0].message);
    bench.options.prune = true;
    assert!(bench.plan(&documents(&[])).expect("a plan").is_empty());
    let arn = bench.snapshot(None).get("queue", "Sales").expect("it").arn.clone();
    let keys = json!({ "resourceArn": arn, "tagKeys": ["trunkline:project"] });
    bench.cloud.must("connect", "UntagResource", keys);
    let found = bench.refused(&[HOURS, (PATH, &twenty)]);
    assert_eq!(codes(&found), ["TL0411"]);
}

#[test]
fn adopting_writes_tags_and_the_ledger_and_leaves_values_as_they_are() {
    let bench = Bench::new();
    let hours = bench.call(
        "CreateHoursOfOperation",
        json!({ "Name": "Main line", "TimeZone": "UTC", "Config": [] }),
    )["HoursOfOperationId"]
        .clone();
    bench.call("CreateQueue", json!({ "Name": "Sales", "HoursOfOperationId": hours }));
    bench.call(
        "CreatePredefinedAttribute",
        json!({ "Name": "Skill", "Values": { "StringList": ["Tax"] } }),
    );
    let skill = ("connect/predefined-attributes/Skill.yaml", "Name: Skill\nValues:\n- Loans\n");
    let text = queue(10);
    let files = [HOURS, (PATH, text.as_str()), skill];
    let wanted = documents(&files);
    assert_eq!(codes(&bench.refused(&files)), ["TL0411"; 3]);
    let snapshot = bench.snapshot(Some(&wanted));
    let plan = {
        let baseline = bench.baseline.borrow();
        let (bindings, options) = (&bench.bindings, &bench.options);
        let (documents, snapshot) = (&wanted, &snapshot);
        let input = PlanInput { documents, snapshot, bindings, baseline: &baseline, options };
        adoption(&input, &|_, _| true, None).expect("a plan")
    };
    let calls: Vec<&str> = plan.steps.iter().map(|s| s.call.operation.as_str()).collect();
    assert_eq!((calls, plan.changes.len()), (vec!["TagResource"; 2], 3));
    bench.apply(plan.clone());
    assert!(bench.baseline.borrow().ledger.holds("predefined-attribute", "Skill"));
    assert_eq!(settle_ledger(&NOTHING.ledger, &plan), advance_ledger(&NOTHING.ledger, &plan, &[]));
    // Ours now; the values are still people's.
    assert!(codes(&bench.refused(&files)).iter().all(|c| *c == "TL0409"));
}

#[test]
fn what_cannot_carry_tags_is_pruned_by_the_ledger_only() {
    let mut bench = Bench::new();
    let skill = ("connect/predefined-attributes/Skill.yaml", "Name: Skill\nValues:\n- Tax\n");
    let origin = (
        "connect/approved-origins/desk.yaml",
        "Name: https://desk.example.com\nOrigin: https://desk.example.com\n",
    );
    bench.call("AssociateApprovedOrigin", json!({ "Origin": "https://theirs.example.com" }));
    bench.deploy(&documents(&[skill, origin]));
    let (first, second) = bench.prunes();
    assert_eq!(first, ["DisassociateApprovedOrigin"]);
    assert_eq!(second, ["DeletePredefinedAttribute"]);
    let left = bench.snapshot(None);
    assert!(left.get("approved-origin", "https://theirs.example.com").is_some());
    assert_eq!(bench.baseline.borrow().ledger, NOTHING.ledger);
}

#[test]
fn what_is_out_of_scope_is_never_pruned() {
    let mut bench = Bench::new();
    bench.deploy(&documents(&[HOURS]));
    let mut limits = Limits::default();
    limits.left_alone.insert(("hours".to_owned(), "Main line".to_owned()));
    bench.options.limits = limits;
    let (first, second) = bench.prunes();
    assert_eq!((first, second), (Vec::<String>::new(), Vec::new()));
}

#[test]
fn a_name_that_is_bound_to_another_value_is_no_change_of_the_instance() {
    use trunkline_center::Bound;
    let mut bench = Bench::new();
    let bind = |bench: &mut Bench, to: &str| {
        bench.bindings.bind("bucket", "recordings", Bound::Value(to.to_owned()));
        let made = json!({ "Bucket": to });
        bench.cloud.must("s3", "CreateBucket", made);
    };
    let text = "Name: CALL_RECORDINGS\nStorageType: S3\nS3Config:\n  BucketName: ${bucket:recordings}\n  BucketPrefix: calls\n";
    let wanted = documents(&[("connect/storage-configs/call_recordings.yaml", text)]);
    bind(&mut bench, "acme-one");
    bench.deploy(&wanted);
    bind(&mut bench, "acme-two");
    assert_eq!(bench.deploy(&wanted), ["UpdateInstanceStorageConfig"]);
}

#[test]
fn what_somebody_deleted_is_made_again_and_told() {
    let bench = Bench::new();
    let wanted = documents(&[HOURS]);
    bench.deploy(&wanted);
    let id = bench.id("hours", "Main line");
    bench.call("DeleteHoursOfOperation", json!({ "HoursOfOperationId": id }));
    let plan = bench.plan(&wanted).expect("a plan");
    assert_eq!(codes(&plan.findings), ["TL0412"]);
    bench.apply(plan);
    let plan = bench.plan(&wanted).expect("a plan");
    assert!(plan.is_empty() && !plan.is_to_be_remembered(), "{plan:#?}");
}

#[test]
fn when_something_changed_is_told_by_the_resource_itself() {
    use trunkline_center::drift::{Drift, modified};
    let bench = Bench::new();
    bench.deploy(&documents(&[HOURS, (PATH, &queue(10))]));
    let of = |id: String, name: &str| Drift {
        kind: "queue".to_owned(),
        name: name.to_owned(),
        id,
        deleted: false,
        renamed: None,
        fields: Vec::new(),
    };
    let id = bench.id("queue", "Sales");
    bench.somebody_sets_limit(20);
    let found = [of(id.clone(), "Sales"), of("gone".to_owned(), "Gone")];
    let first = crate::harness::wait(modified(&bench.cloud, &bench.instance, &found));
    bench.somebody_sets_limit(30);
    let second = crate::harness::wait(modified(&bench.cloud, &bench.instance, &found));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert!(first[&id] + 300.0 <= second[&id], "{first:?} {second:?}");
}
