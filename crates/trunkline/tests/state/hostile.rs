//! State stores that are spoilt, full or out of reach: coded errors, no call that nobody would know of, and
//! nothing lost.

use crate::stage::{TOOLS, says_all};
use crate::team::{BUCKET, Place, Team};
use serde_json::json;
use std::process::Command;
use trunkline_lab::{Deed, Fault, When};

const APPLY: &[&str] = &["apply", "--env", "prod", "--yes"];

#[test]
fn spoilt_objects_are_named_and_nothing_is_applied_over_them() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    team.hangs_at(&ann, "CreateQueue", When::Before).kill();
    team.stage.server.lab().clear_faults();
    let (run, writes) = (team.run_id(), team.writes());
    let files = ["run.json", "plan.json", "journal/000001.jsonl"];
    let files = files.map(|f| format!("runs/{run}/{f}"));
    for name in files.iter().map(String::as_str).chain(["lock.json"]) {
        let key = format!("prod-us-west-2/{name}");
        let bytes = team.object(&key);
        assert!(!bytes.is_empty(), "{key}");
        let half = &bytes[..bytes.len() / 2];
        std::fs::write(team.path(&key), half).expect("a file");
        for command in [APPLY, &["resume", "--env", "prod"]] {
            let ran = team.run(&ann, command);
            says_all(&ran, 1, "TL0521", &[&key, "backup"]);
        }
        assert_eq!(team.object(&key), half, "{key} was overwritten");
        assert_eq!(team.writes(), writes, "something was applied");
        std::fs::write(team.path(&key), &bytes).expect("a file");
    }
    team.done(&ann, &["resume"]);
    team.is_complete(&ann);
    // The snapshot is of use to a rollback only.
    let key = format!("prod-us-west-2/runs/{run}/before.json");
    let bytes = team.object(&key);
    std::fs::write(team.path(&key), &bytes[..bytes.len() / 2]).expect("a file");
    let writes = team.writes();
    let ran = team.run(&ann, &["rollback", &run, "--yes"]);
    says_all(&ran, 1, "TL0521", &[&key, "backup"]);
    assert_eq!(team.writes(), writes, "something was rolled back");
    std::fs::write(team.path("prod-us-west-2/applied.json"), "{").expect("a file");
    says_all(&team.run(&ann, &["plan", "--env", "prod"]), 1, "TL0521", &["applied.json"]);
}

#[test]
fn a_disk_that_is_full_stops_before_the_first_call() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    // No file may grow beyond one block: what a run needs does not fit, the lock does.
    let program = env!("CARGO_BIN_EXE_trunkline");
    let limited = format!("trap '' XFSZ; ulimit -f 1; exec \"{program}\" apply --env prod --yes");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(limited);
    let template = team.command(&ann, APPLY);
    shell.env_clear().current_dir(ann.path());
    shell.envs(template.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let ran = crate::team::ran(shell.output().expect("a shell"));
    says_all(&ran, 1, "TL0520", &["room", "File too large"]);
    assert_eq!(team.writes(), 0);
    team.done(&ann, APPLY);
    team.is_complete(&ann);
}

#[test]
fn a_bucket_out_of_reach_in_the_middle_stops_before_the_next_call() {
    let mut stopped = 0;
    for nth in [1, 3, 6, 7, 8, 9, 11] {
        let team = Team::new(Place::Bucket);
        let ann = team.clone_of_project();
        let denied = Fault {
            nth,
            times: 0,
            error: Some("AccessDenied".to_owned()),
            status: Some(403),
            ..Fault::new("s3", "PutObject", Deed::Error)
        };
        team.stage.server.lab().inject(denied);
        let ran = team.run(&ann, APPLY);
        if ran.code == 0 {
            continue;
        }
        stopped += 1;
        let coded = ["TL0504", "TL0520"].iter().any(|c| ran.err.contains(&format!("error[{c}]")));
        assert!(coded && ran.code == 1, "{}", ran.err);
        let journalled = team.events().iter().filter(|e| e["event"] == "step-started").count();
        assert!(team.writes() <= journalled, "a call that nobody knows of, at {nth}");
        team.stage.server.lab().clear_faults();
        let bob = team.clone_of_project();
        team.done(&bob, &["resume", "--env", "prod"]);
        team.done(&bob, APPLY);
        team.is_complete(&bob);
    }
    assert!(stopped >= 5, "an apply of three steps writes more objects");
}

#[test]
fn a_bucket_that_is_not_there_or_not_ours_is_named_before_anything_is_done() {
    let team = Team::new(Place::Bucket);
    let ann = team.clone_of_project();
    let config = ann.read("trunkline.yaml");
    ann.write("trunkline.yaml", config.replace(BUCKET, "acme-elsewhere"));
    let says = ["s3://acme-elsewhere", "NoSuchBucket"];
    says_all(&team.run(&ann, &["plan", "--env", "prod"]), 1, "TL0520", &says);
    team.stage.cloud(crate::stage::BUILD).must(
        "s3",
        "CreateBucket",
        json!({ "Bucket": "acme-elsewhere" }),
    );
    assert_ne!(crate::stage::BUILD, TOOLS);
    says_all(&team.run(&ann, APPLY), 1, "TL0520", &["s3://acme-elsewhere", "s3:ListBucket"]);
    assert_eq!(team.writes(), 0);
}

#[test]
fn without_the_state_the_next_apply_finds_what_is_there_by_name() {
    let team = Team::new(Place::Folder);
    let ann = team.clone_of_project();
    team.done(&ann, APPLY);
    std::fs::remove_dir_all(team.path("prod-us-west-2")).expect("a folder");
    team.is_complete(&ann);
    team.done(&ann, APPLY);
    assert!(team.keys().iter().any(|k| k.ends_with("applied.json")), "the baseline starts anew");
}
