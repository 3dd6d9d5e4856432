//! `--only` and `--with-dependencies` of `plan` and `apply`: what is left out stays as it is, here and there.

use crate::stage::{Stage, TARGET, flow};
use serde_json::{Value, json};

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];
const QUEUES: (&str, &str) = ("ListQueues", "QueueSummaryList");

fn only<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let yes: &[&str] = if command == "apply" { &["--yes"] } else { &[] };
    [&[command, "--env", "prod"], yes, more].concat()
}

/// What a plan changes, as `+ kind name`.
fn changes(stage: &Stage, more: &[&str]) -> Vec<String> {
    let json = stage.done(&[&only("plan", more)[..], &["--json"]].concat()).json();
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    let all = json["plans"][0]["changes"].as_array().expect("changes").clone();
    all.iter()
        .map(|c| format!("{} {} {}", text(&c["action"]), text(&c["kind"]), text(&c["name"])))
        .collect()
}

#[test]
fn a_dependency_that_the_target_lacks_is_named_or_comes_along() {
    let stage = Stage::new();
    let says = ["hours \"Main line\" is needed and not selected", "--with-dependencies"];
    stage.refused(&only("plan", &["--only", "queue"]), 1, "TL0715", &says);
    stage.refused(&only("apply", &["--only", "queue"]), 1, "TL0715", &says);
    let along = changes(&stage, &["--only", "queue", "--with-dependencies"]);
    assert_eq!(along, ["create hours Main line", "create queue Sales"]);
    let both = changes(&stage, &["--only", "queue:S*,hours"]);
    assert_eq!(both, along);
    // Once it is there as it is wanted, it need not be selected.
    stage.done(&only("apply", &["--only", "hours"]));
    assert_eq!((stage.count("CreateHoursOfOperation"), stage.count("CreateQueue")), (1, 0));
    stage.done(&only("apply", &["--only", "queue"]));
    assert_eq!((stage.count("CreateQueue"), stage.count("CreateContactFlow")), (1, 0));
    // And where it differs, it has to be.
    let queue = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 8\n";
    stage.home.write("connect/queues/Sales.yaml", queue);
    let main = ["--only", "flow:Ma*"];
    stage.refused(&only("apply", &main), 1, "TL0715", &["queue \"Sales\"", "flow \"Main\""]);
    let along = changes(&stage, &[&main[..], &["--with-dependencies"]].concat());
    assert_eq!(along, ["update queue Sales", "create flow Main"]);
}

#[test]
fn what_is_left_out_neither_stops_an_apply_nor_counts_as_applied() {
    let stage = Stage::new();
    stage.done(APPLY);
    let id = stage.id(TARGET, QUEUES, "Sales");
    let input = json!({ "QueueId": id, "MaxContacts": 9 });
    stage.connect(TARGET, "UpdateQueueMaxContacts", input);
    let queue = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 8\n";
    stage.home.write("connect/queues/Sales.yaml", queue);
    stage.home.write("connect/hours/Night.yaml", "Name: Night\nTimeZone: UTC\nConfig: []\n");
    stage.home.write("connect/flows/Other.json", flow("Other", "${queue:Nowhere}"));
    // A reference to nothing stands in a flow that nobody selected.
    stage.done(&only("apply", &["--only", "hours:Night"]));
    assert_eq!(stage.count("CreateHoursOfOperation"), 2);
    std::fs::remove_file(stage.home.join("connect/flows/Other.json")).expect("it was written");
    // The queue's three values are known as before.
    let says = ["last applied: 7", "in the instance: 9", "in the document: 8"];
    stage.refused(&only("apply", &[]), 5, "TL0409", &says);
}

#[test]
fn a_prune_takes_out_of_use_only_what_is_selected() {
    let stage = Stage::new();
    let copy = "Name: Copy\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 1\n";
    stage.home.write("connect/queues/Copy.yaml", copy);
    stage.home.write("connect/flows/Gone.json", flow("Gone", "${queue:Copy}"));
    stage.done(APPLY);
    for file in ["connect/queues/Copy.yaml", "connect/flows/Gone.json"] {
        std::fs::remove_file(stage.home.join(file)).expect("it was written");
    }
    let flows = ["--prune", "--only", "flow"];
    assert_eq!(changes(&stage, &flows), ["retire flow Gone"]);
    stage.done(&only("apply", &flows));
    assert_eq!(changes(&stage, &["--prune", "--only", "queue:C*"]), ["retire queue Copy"]);
    stage.refused(&only("plan", &["--only", "queue:C*"]), 64, "TL0716", &["no queue fits `C*`"]);
}

#[test]
fn what_looks_like_something_left_out_is_no_rename_of_it() {
    let stage = Stage::new();
    stage.done(APPLY);
    let queue = "Name: Twin\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 7\n";
    stage.home.write("connect/queues/Twin.yaml", queue);
    assert_eq!(changes(&stage, &["--only", "queue:Twin"]), ["create queue Twin"]);
    stage.done(&only("apply", &["--only", "queue:Twin"]));
    stage.id(TARGET, QUEUES, "Sales");
    assert_eq!(changes(&stage, &[]), [""; 0]);
}

#[test]
fn a_pattern_that_fits_nothing_is_a_wrong_call() {
    let stage = Stage::new();
    let check = |arguments: &[&str], code: &str, says: &str| {
        stage.refused(arguments, 64, code, &[says]);
    };
    check(&only("plan", &["--only", "queus"]), "TL0716", "did you mean `queue`?");
    check(&only("apply", &["--only", "queue:Sale"]), "TL0716", "did you mean `queue:Sales`?");
    // A saved plan is what it is.
    let ran = stage.run(&["apply", "plan.json", "--only", "queue"]);
    assert_eq!(ran.code, 64, "{}", ran.err);
    assert!(ran.err.contains("--only"), "{}", ran.err);
}
