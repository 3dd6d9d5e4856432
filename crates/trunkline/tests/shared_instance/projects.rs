//! Two projects in one instance, and strangers who make things by hand.

use super::{APPLY, Shared};
use crate::stage::{TARGET, flow};
use serde_json::{Value, json};
use trunkline_testkit::Home;

const HOURS: &str = "Name: Theirs\nTimeZone: UTC\nConfig:\n- Day: FRIDAY\n  StartTime: { Hours: 9, Minutes: 0 }\n  EndTime: { Hours: 17, Minutes: 0 }\n";

/// The project of a neighbour, who has hours, a queue and a flow with names of its own.
fn neighbour(shared: &Shared) -> Home {
    let home = Home::new();
    std::fs::create_dir(home.join(".git")).expect("a folder");
    home.write("trunkline.yaml", shared.config("beta"));
    home.write("connect/hours/Theirs.yaml", HOURS);
    home.write(
        "connect/queues/Theirs.yaml",
        "Name: Theirs\nHoursOfOperationId: ${hours:Theirs}\nMaxContacts: 3\n",
    );
    home.write("connect/flows/Theirs.json", flow("Theirs", "${queue:Theirs}"));
    home
}

/// What the instance holds under a name, without times.
fn held(shared: &Shared, name: &str) -> Value {
    let stage = &shared.stage;
    let queue = stage.id(TARGET, ("ListQueues", "QueueSummaryList"), name);
    let flow = stage.id(TARGET, ("ListContactFlows", "ContactFlowSummaryList"), name);
    let mut both = json!([
        stage.connect(TARGET, "DescribeQueue", json!({ "QueueId": queue }))["Queue"],
        stage.connect(TARGET, "DescribeContactFlow", json!({ "ContactFlowId": flow }))["ContactFlow"],
    ]);
    for one in both.as_array_mut().into_iter().flatten() {
        one.as_object_mut().expect("an object").remove("LastModifiedTime");
    }
    both
}

#[test]
fn neither_of_two_projects_touches_what_is_the_others_even_when_it_prunes() {
    let shared = Shared::new();
    let (ours, theirs) = (&shared.stage.home, neighbour(&shared));
    shared.done(ours, APPLY);
    shared.done(&theirs, APPLY);
    let before = held(&shared, "Theirs");
    std::fs::remove_file(ours.join("connect/flows/Main.json")).expect("it is there");
    std::fs::remove_file(ours.join("connect/queues/Sales.yaml")).expect("it is there");
    let prune = [APPLY, &["--prune"]].concat();
    shared.done(ours, &prune);
    shared.done(ours, &prune);
    assert_eq!(held(&shared, "Theirs"), before);
    let names = shared.stage.connect(TARGET, "ListContactFlows", json!({}));
    assert!(!names.to_string().contains("\"Main\""), "{names}");
    shared.done(&theirs, &["plan", "--env", "prod", "--exit-code"]);
}

#[test]
fn a_stranger_who_was_quicker_stops_the_apply_and_keeps_what_is_theirs_through_a_rollback() {
    let shared = Shared::new();
    let ours = &shared.stage.home;
    // The plan is made, and the queue waits for its hours.
    shared.hold("CreateHoursOfOperation");
    let running = shared.start(ours, APPLY);
    shared.is_begun("CreateHoursOfOperation");
    let stage = &shared.stage;
    let hours =
        stage.id(TARGET, ("ListHoursOfOperations", "HoursOfOperationSummaryList"), "Basic Hours");
    let sales = json!({ "Name": "Sales", "HoursOfOperationId": hours, "MaxContacts": 1 });
    stage.connect(TARGET, "CreateQueue", sales);
    shared.let_go();
    let ran = running.ends();
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("queue \"Sales\""), "{}", ran.err);
    let id = stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
    shared.done(ours, &["rollback", "--env", "prod", "--yes"]);
    let found = stage.connect(TARGET, "DescribeQueue", json!({ "QueueId": id }));
    assert_eq!(found["Queue"]["MaxContacts"], 1);
}
#[test]
fn what_the_other_project_made_is_not_changed_by_a_document_of_the_same_name() {
    let shared = Shared::new();
    let theirs = neighbour(&shared);
    shared.done(&theirs, APPLY);
    let before = held(&shared, "Theirs");
    let ours = &shared.stage.home;
    ours.write(
        "connect/queues/Theirs.yaml",
        "Name: Theirs\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 99\n",
    );
    let ran = shared.run(ours, APPLY);
    assert_ne!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("beta"), "the owner is named:\n{}", ran.err);
    assert_eq!(held(&shared, "Theirs"), before);
}
