//! What is remembered of what was done, and how it is shown.

use crate::stage::says_all;
use crate::team::{LIMIT, Place, Team};
use serde_json::Value;
use trunkline_testkit::wait_until;

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

fn runs(log: &Value) -> &Vec<Value> {
    log["runs"].as_array().expect("runs")
}

#[test]
fn the_log_lists_operations_newest_first_and_one_with_its_steps() {
    for place in [Place::Folder, Place::Bucket] {
        let team = Team::new(place);
        let ann = team.clone_of_project();
        let empty = team.done(&ann, &["log", "--env", "prod"]);
        assert!(empty.err.contains("nothing was applied yet") && empty.out.is_empty());
        team.done(&ann, &[APPLY, &["--reason", "the first one"]].concat());
        let queue = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: 9\n";
        ann.write("connect/queues/Sales.yaml", queue);
        team.done(&ann, APPLY);
        // With nothing to do there is no run.
        team.done(&ann, APPLY);
        let log = team.done(&ann, &["log", "--env", "prod", "--json"]).json();
        let runs = runs(&log);
        assert_eq!(runs.len(), 2);
        assert_eq!(
            (&runs[0]["changes"]["update"], &runs[1]["changes"]["create"]),
            (&1.into(), &3.into())
        );
        assert_eq!(runs[1]["reason"], "the first one");
        assert!(runs.iter().all(|r| r["end"]["result"] == "complete"), "{runs:#?}");
        let text = team.done(&ann, &["state", "history", "--env", "prod"]).out;
        let first = text.lines().next().expect("a line");
        assert!(first.contains(runs[0]["run"].as_str().expect("an id")), "{text}");
        let id = runs[1]["run"].as_str().expect("an id");
        let one = team.done(&ann, &["log", id]).out;
        for said in ["the first one", "queue/Sales/CreateQueue", "done", "complete"] {
            assert!(one.contains(said), "`{said}` is not in:\n{one}");
        }
        let json = team.done(&ann, &["log", id, "--json"]).json();
        assert_eq!(json["events"][0]["event"], "started");
        assert!(json["events"][0]["at"].is_string());
    }
}

#[test]
fn the_state_shows_who_works_on_it_and_what_was_applied() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    team.done(&ann, APPLY);
    let running = {
        let hours = "Name: Main line\nTimeZone: UTC\nConfig: []\n";
        ann.write("connect/hours/Main line.yaml", hours);
        team.hangs_at(&ann, "UpdateHoursOfOperation", trunkline_lab::When::Before)
    };
    let shown = team.done(&ann, &["state", "show", "--env", "prod"]).out;
    for said in ["prod / us-west-2", "`apply`", &team.run_id(), "token", "2"] {
        assert!(shown.contains(said), "`{said}` is not in:\n{shown}");
    }
    running.kill();
    let shown = team.done(&ann, &["state", "show", "--env", "prod", "--json"]).json();
    assert_eq!(shown["targets"][0]["unfinished"][0], team.run_id());
}

#[test]
fn a_plan_writes_nothing_and_an_apply_in_a_freeze_needs_a_reason_that_is_kept() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    team.done(&ann, &["plan", "--env", "prod"]);
    assert_eq!(team.keys(), Vec::<String>::new());
    let config = ann.read("trunkline.yaml");
    let frozen = "instance: acme-prod, freeze: [\"Mon-Sun 00:00-24:00 UTC\"] }";
    ann.write("trunkline.yaml", config.replace("instance: acme-prod }", frozen));
    says_all(&team.run(&ann, APPLY), 5, "TL0610", &["--reason"]);
    assert_eq!(team.writes(), 0);
    team.done(&ann, &[APPLY, &["--reason", "callers are cut off"]].concat());
    let log = team.done(&ann, &["log", "--env", "prod", "--json"]).json();
    let run = &runs(&log)[0];
    assert_eq!(
        (&run["reason"], &run["broken_rules"][0]),
        (&"callers are cut off".into(), &"TL0610".into())
    );
}

#[test]
fn old_runs_are_removed_where_somebody_asks_for_it_and_the_others_are_as_they_were() {
    for place in [Place::Folder, Place::Bucket] {
        let team = Team::new(place);
        let ann = team.clone_of_project();
        let mut ids = Vec::new();
        for limit in 7..10 {
            let queue = "Name: Sales\nHoursOfOperationId: ${hours:Main line}\nMaxContacts: ";
            ann.write("connect/queues/Sales.yaml", format!("{queue}{limit}\n"));
            team.done(&ann, APPLY);
            ids.push(team.run_id());
        }
        let prune = ["state", "prune", "--env", "prod", "--keep", "1"];
        // What ended within this second may be too young yet, and two of them go.
        let asked = wait_until("two runs may go", LIMIT, || {
            let asked = team.run(&ann, &prune);
            asked.err.contains("2 runs to be removed").then_some(asked)
        });
        says_all(&asked, 64, "TL0505", &["--yes"]);
        let kept = team.done(&ann, &[&prune[..], &["--older-than", "1", "--yes"]].concat());
        assert!(kept.err.contains("no run is to be removed"), "{}", kept.err);
        team.done(&ann, &[&prune[..], &["--yes"]].concat());
        let log = team.done(&ann, &["log", "--env", "prod", "--json"]).json();
        assert_eq!(runs(&log).len(), 1);
        says_all(&team.run(&ann, &["log", &ids[0]]), 64, "TL0523", &["state prune"]);
        assert!(team.keys().iter().all(|key| !key.contains(&ids[0]) && !key.contains(&ids[1])));
        assert!(team.done(&ann, &["log", &ids[2]]).out.contains("UpdateQueueMaxContacts"));
        team.done(&ann, &["rollback", "--env", "prod", "--yes"]);
        let plan = team.done(&ann, &["plan", "--env", "prod"]);
        assert!(plan.err.contains("MaxContacts") || plan.out.contains("MaxContacts"));
    }
}
