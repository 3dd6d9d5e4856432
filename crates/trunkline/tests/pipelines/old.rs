//! What waits is found however many executions came after it.

use super::{Site, approval, commands, text};
use trunkline_engine::event::{ExecutionStart, ExecutionStatus, TriggerKind, TriggerRef};
use trunkline_engine::ports::Batch;
use trunkline_engine::{Event, ExecutionRow, Log as _, Recorded};
use trunkline_store::{Access, Store};

/// Executions that were started and superseded, as if by a thousand pushes.
const PUSHES: u64 = 1_000;

fn supersede(store: &Store, waits: &ExecutionRow) {
    let after = store.last_event("main").expect("it can be read");
    let (mut events, mut rows) = (Vec::new(), Vec::new());
    let mut add = |event| {
        let seq = after + 1 + events.len() as u64;
        events.push(Recorded { seq, at: waits.updated_at, event });
    };
    for nth in 0..PUSHES {
        let execution = format!("push-{nth:06}");
        let trigger = TriggerRef { kind: TriggerKind::WebhookV2, detail: String::new() };
        add(Event::ExecutionStarted(Box::new(ExecutionStart {
            execution: execution.clone(),
            version: 1,
            trigger,
            variables: Default::default(),
            source_revisions: Vec::new(),
            client_request_token: None,
            rollback: None,
        })));
        add(Event::ExecutionEnded {
            execution: execution.clone(),
            status: ExecutionStatus::Superseded,
            superseded_by: None,
            reason: None,
        });
        let (status, succeeded_stages) = (ExecutionStatus::Superseded, Vec::new());
        rows.push(ExecutionRow { id: execution, status, succeeded_stages, ..waits.clone() });
    }
    let batch = Batch { after, events: &events, rows: &rows, notices: &[] };
    store.append("main", &batch).expect("it can be written");
}

#[test]
fn an_approval_behind_a_thousand_superseded_executions_is_found_and_answered() {
    let greet = commands("Deploy", "Greet", &["cat greeting.txt"]);
    let site = Site::new(&(greet + &approval("Approve")));
    let gone = site.started(5);
    site.run(&["approve", "main"]).ends(0);
    let one = site.started(5);
    let path = site.home.join("project/.trunkline/serve/trunkline.db");
    let store = Store::open(&path, Access::Write).expect("it opens");
    supersede(
        &store,
        &store.execution("main", &one).expect("it can be read").expect("it is there"),
    );
    drop(store);

    let listed = site.run(&["list", "--json"]).ends(0).json();
    assert_eq!(text(&listed["pipelines"][0]["waiting"][0]["execution"]), one);
    let shown = site.run(&["show", "main", "--json"]).ends(0).json();
    assert_eq!(text(&shown["waiting"][0]["execution"]), one);
    assert_eq!(text(&shown["stages"][2]["execution"]), one, "{}", shown["stages"]);
    let listed = shown["executions"].as_array().expect("a list");
    assert!(listed.iter().any(|e| text(&e["id"]) == one) && listed.len() < 20, "{listed:?}");
    let watched = site.run(&["run", "main", "--continue"]).ends(5);
    assert!(watched.err.contains(&one), "{}", watched.err);
    let back = site.run(&["rollback", "main", "Deploy", "--json"]).ends(0).json();
    assert_eq!(text(&back["rollbackTarget"]), gone);
    let approved = site.run(&["approve", "main", "--json"]).ends(0).json();
    assert_eq!((text(&approved["id"]), &approved["status"]), (one, &"Succeeded".into()));
}
