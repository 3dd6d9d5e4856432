//! Runs that have stopped, and go on elsewhere.

use crate::stage::{Stage, says_all};
use crate::team::{ACCOUNT, Place, Team};
use serde_json::json;
use trunkline_lab::{Deed, Fault, When};
use trunkline_testkit::seed;

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];
const RESUME: &[&str] = &["resume", "--env", "prod"];

fn deny(stage: &Stage, action: &[&str]) {
    stage.policy(ACCOUNT, &["connect:*", "lambda:*", "lex:*", "s3:*"], action);
}

#[test]
fn a_killed_run_goes_on_from_a_fresh_clone_with_the_same_calls() {
    for place in [Place::Folder, Place::Bucket] {
        for when in [When::Before, When::After] {
            let team = Team::new(place);
            let ann = team.clone_of_project();
            team.hangs_at(&ann, "CreateQueue", when).kill();
            team.stage.server.lab().clear_faults();
            drop(ann);
            let bob = team.clone_of_project();
            // What the documents say by now does not matter to a run that has begun.
            bob.write(
                "connect/queues/Sales.yaml",
                "Name: Another\nHoursOfOperationId: ${hours:Main line}\n",
            );
            let run = team.run_id();
            let ran = team.done(&bob, RESUME);
            assert!(ran.err.contains(&format!("run {run}: 2 of 3 steps left")), "{}", ran.err);
            assert_eq!(team.run_id(), run, "no new run");
            team.is_complete(&team.clone_of_project());
            let again = team.done(&bob, RESUME);
            assert!(again.err.contains("nothing to resume"), "{}", again.err);
        }
    }
}

#[test]
fn an_interrupted_run_awaits_its_calls_gives_the_lock_back_and_goes_on_later() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    let running = team.hangs_for(&ann, "CreateHoursOfOperation", When::Before, 5_000);
    running.signal("INT");
    let ran = running.ends();
    says_all(&ran, 130, "TL0506", &["1 of 3", "trunkline resume --env prod"]);
    assert!(team.lock()["holder"].is_null(), "the lock is given back");
    let events = team.events();
    let of = |name: &str| events.iter().filter(|e| e["event"] == name).count();
    assert_eq!(of("step-started"), of("step-done"), "{events:#?}");
    team.done(&team.clone_of_project(), RESUME);
    team.is_complete(&ann);
}

#[test]
fn a_run_that_was_not_permitted_goes_on_when_it_is() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    deny(&team.stage, &["connect:CreateQueue"]);
    let ran = team.run(&ann, APPLY);
    says_all(&ran, 1, "TL0604", &["CreateQueue", "trunkline resume --env prod"]);
    assert!(team.lock()["holder"].is_null(), "the lock is given back");
    let still = team.run(&ann, RESUME);
    says_all(&still, 1, "TL0604", &["CreateQueue"]);
    deny(&team.stage, &[]);
    let bob = team.clone_of_project();
    let ran = team.done(&bob, &[RESUME, &["--json"]].concat());
    assert_eq!(ran.json()["targets"][0]["result"]["steps"], 3);
    team.is_complete(&bob);
}

#[test]
fn a_run_whose_credentials_expired_goes_on_with_others() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    let expired = |service, operation, name: &str, nth| Fault {
        nth,
        times: 0,
        error: Some(name.to_owned()),
        status: Some(403),
        ..Fault::new(service, operation, Deed::Error)
    };
    team.stage.server.lab().inject(expired("connect", "CreateQueue", "ExpiredTokenException", 1));
    team.stage.server.lab().inject(expired("sts", "AssumeRole", "ExpiredToken", 2));
    says_all(&team.run(&ann, APPLY), 4, "TL0602", &["queue \"Sales\""]);
    team.stage.server.lab().clear_faults();
    team.done(&team.clone_of_project(), RESUME);
    team.is_complete(&ann);
}

#[test]
fn what_makes_no_sense_to_resume_is_refused() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    deny(&team.stage, &["connect:CreateContactFlow"]);
    team.run(&ann, APPLY);
    deny(&team.stage, &[]);
    let stopped = team.run_id();
    team.done(&ann, APPLY);
    let superseded = team.run(&ann, &["resume", &stopped]);
    says_all(&superseded, 64, "TL0510", &[&stopped, "took its place"]);
    let runs = team.done(&ann, &["log", "--env", "prod", "--json"]).json();
    let complete = runs["runs"][0]["run"].as_str().expect("a run").to_owned();
    assert_ne!(complete, stopped);
    says_all(&team.run(&ann, &["resume", &complete]), 64, "TL0510", &["complete"]);
    says_all(&team.run(&ann, &["resume", "20270101-000000-0000"]), 64, "TL0523", &["log --env"]);
    team.is_complete(&ann);
}

#[test]
fn an_instance_made_anew_behind_the_same_alias_is_noticed() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    deny(&team.stage, &["connect:CreateContactFlow"]);
    team.run(&ann, APPLY);
    deny(&team.stage, &[]);
    let cloud = team.stage.cloud(ACCOUNT);
    let old = team.stage.instance(ACCOUNT);
    cloud.must("connect", "DeleteInstance", json!({ "InstanceId": old }));
    seed::instance(&cloud, "CONNECT_MANAGED", "acme-prod");
    let refused = team.run(&ann, RESUME);
    says_all(&refused, 64, "TL0510", &[&old, "acme-prod"]);
    let plan = team.done(&ann, &["plan", "--env", "prod"]);
    assert!(plan.err.contains("TL0524") && plan.err.contains(&old), "{}", plan.err);
    team.done(&ann, APPLY);
    let plan = team.done(&ann, &["plan", "--env", "prod", "--exit-code"]);
    assert!(!plan.err.contains("TL0524"), "the new one is the baseline now: {}", plan.err);
}
