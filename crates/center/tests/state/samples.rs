//! A target, a plan and the events of its run, small enough to think about.

use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use trunkline_center::apply::{Event, StepResult};
use trunkline_center::plan::{Action, PLAN_VERSION, Plan, PlanTarget, Step, StepCall};
use trunkline_center::state::{
    AppliedResource, Holder, Now, RunMeta, STATE_VERSION, Store, TargetState,
};
use trunkline_center::{Entry, Instance, Names, Resource, Snapshot};
use trunkline_model::{AccountId, Region};

pub const INSTANCE: &str = "arn:aws:connect:us-west-2:111122223333:instance/i-1";

/// Runs to the end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

/// The state of the target `test / us-west-2` in a store.
pub fn state(store: &Arc<impl Store + 'static>) -> TargetState {
    TargetState::named(store.clone(), "test", "us-west-2")
}

pub fn holder(run: &str) -> Holder {
    Holder {
        caller: format!("caller of {run}"),
        host: "host".to_owned(),
        process: String::new(),
        command: "apply".to_owned(),
        run: run.to_owned(),
        since: "2027-01-04T12:00:00Z".to_owned(),
        lease_seconds: 30,
    }
}

pub fn meta(run: &str, token: u64) -> RunMeta {
    RunMeta {
        version: STATE_VERSION,
        run: run.to_owned(),
        token,
        instance: INSTANCE.to_owned(),
        ..RunMeta::default()
    }
}

/// A clock that stands still.
pub fn now() -> Now {
    Arc::new(|| "2027-01-04T12:00:00Z".to_owned())
}

pub fn step(kind: &str, name: &str, operation: &str, action: Action) -> Step {
    let made = (action == Action::Create).then(|| ("Id".to_owned(), "Arn".to_owned()));
    let key = (kind.to_owned(), name.to_owned());
    Step {
        id: format!("{kind}/{name}/{operation}"),
        action,
        kind: kind.to_owned(),
        name: name.to_owned(),
        call: StepCall {
            service: "connect".to_owned(),
            operation: operation.to_owned(),
            input: json!({ "Tags": { "trunkline:project": "acme" } }),
            attachment: None,
        },
        provides: made.is_some().then_some(key),
        made,
        ..blank()
    }
}

fn blank() -> Step {
    serde_json::from_value(json!({
        "id": "", "action": "update", "kind": "", "name": "",
        "call": { "service": "", "operation": "", "input": null },
    }))
    .expect("a step")
}

pub fn wanted(kind: &str, name: &str, id: &str, value: &str) -> AppliedResource {
    let mut body = Map::new();
    body.insert("Description".to_owned(), json!(value));
    let (kind, name, id) = (kind.to_owned(), name.to_owned(), id.to_owned());
    AppliedResource { kind, name, id, body, begun: Vec::new(), bound: Default::default() }
}

pub fn plan(steps: Vec<Step>, wanted: Vec<AppliedResource>) -> Plan {
    let target = PlanTarget {
        environment: "test".to_owned(),
        account: "111122223333".to_owned(),
        region: "us-west-2".to_owned(),
        alias: "acme-test".to_owned(),
        instance_id: "i-1".to_owned(),
        instance_arn: INSTANCE.to_owned(),
    };
    let text = json!({
        "version": PLAN_VERSION, "project": "acme", "target": target, "changes": [],
        "steps": [], "findings": [], "attachments": { "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad": "YWJj" },
    });
    let empty: Plan = serde_json::from_value(text).expect("a plan");
    Plan { steps, wanted, ..empty }
}

/// Two kinds of work: a queue that is made and then changed, hours that are changed, a flow in two drafts.
pub fn some_plan() -> Plan {
    let steps = vec![
        step("queue", "Sales", "CreateQueue", Action::Create),
        step("queue", "Sales", "UpdateQueueStatus", Action::Update),
        step("hours", "Day", "UpdateHoursOfOperation", Action::Update),
        step("flow", "Main", "CreateContactFlow", Action::Create),
        step("flow", "Main", "UpdateContactFlowContent", Action::Update),
    ];
    let all = vec![
        wanted("queue", "Sales", "", "new"),
        wanted("hours", "Day", "h-1", "new"),
        wanted("flow", "Main", "", "new"),
        wanted("prompt", "Beep", "p-1", "as it is"),
    ];
    plan(steps, all)
}

/// What a run that does everything journals.
pub fn events(plan: &Plan) -> Vec<Event> {
    let mut events = vec![Event::Started {
        run: "r".to_owned(),
        target: "test / us-west-2".to_owned(),
        instance: INSTANCE.to_owned(),
        steps: plan.steps.len(),
    }];
    for (number, step) in plan.steps.iter().enumerate() {
        events.extend(both(step, number));
    }
    events.push(Event::Ended { complete: true });
    events
}

/// A step begun and done.
pub fn both(step: &Step, number: usize) -> [Event; 2] {
    let draft = (step.kind == "flow").then(|| format!("draft {number}"));
    let made = step.made.is_some();
    let of = |event: &str, more: serde_json::Value| -> Event {
        let mut all = json!({
            "event": event, "step": step.id, "wrote": format!("w-{number}"), "draft": draft,
        });
        for (name, value) in more.as_object().expect("members") {
            all[name] = value.clone();
        }
        serde_json::from_value(all).expect("an event")
    };
    let id = if made { format!("id-{number}") } else { String::new() };
    let done = json!({ "result": StepResult::Done, "id": id, "arn": "" });
    [of("step-started", json!({})), of("step-done", done)]
}

/// A snapshot with a draft, an unbound number and a prompt's bytes.
pub fn snapshot() -> Snapshot {
    let instance = Instance {
        account: AccountId::parse("111122223333").expect("twelve digits"),
        region: Region::parse("us-west-2").expect("a region"),
        id: "i-1".to_owned(),
        arn: INSTANCE.to_owned(),
        alias: "acme-test".to_owned(),
        identity: "SAML".to_owned(),
    };
    let mut flow = Resource::new("flow", "Main", "f-1", "arn:f-1");
    flow.body.insert("status".to_owned(), json!("published"));
    flow.draft = Some(Map::from_iter([("content".to_owned(), json!({ "unsaved": [1, 2] }))]));
    flow.tags = BTreeMap::from([("trunkline:project".to_owned(), "acme".to_owned())]);
    let mut prompt = Resource::new("prompt", "Beep", "p-1", "arn:p-1");
    let name = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    prompt.attachments.insert(name.to_owned(), b"abc".to_vec());
    let mut phone = Resource::new("phone-flow", "+15550100001", "", "");
    phone.unbound = Some(("phone", "+15550100001".to_owned()));
    let resources = vec![flow, phone, prompt];
    let mut names = Names::default();
    for resource in &resources {
        names.insert(resource.kind, &resource.name, resource.entry());
    }
    names.insert("user", "jane", Entry { id: "u-1".to_owned(), arn: String::new() });
    Snapshot { instance, resources, names, functions_missing: vec![] }
}
