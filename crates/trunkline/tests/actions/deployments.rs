//! Deployments by pipeline: recorded, in part, gone on with, and taken back.

use crate::project::{Project, deploy, queue, says, source, stage};
use crate::stage::{TARGET, flow};
use trunkline_testkit::seed;

const MAY: &[&str] = &["connect:*", "lambda:*", "lex:*", "s3:*"];

/// A project with a pipeline `main` that only deploys to the target.
fn project() -> Project {
    let project = Project::new();
    project.define("main", &[source("main"), stage("Deploy", &[deploy("Prod", "prod", "")])], "");
    project
}

#[test]
fn what_is_pushed_is_checked_planned_deployed_and_recorded() {
    let project = Project::new();
    let ran = project.stage.done(&["pipeline", "new", "--env", "prod"]);
    assert_eq!(ran.out.trim(), "pipelines/prod.yaml");
    let again = project.stage.run(&["pipeline", "new", "--env", "prod"]);
    assert_eq!(again.code, 64, "it is not overwritten: {}", again.err);
    let commit = project.push("main", "The first center");
    let logs = project.succeeds("acme-prod", &[]);
    assert!(project.queues().contains(&"Sales".to_owned()), "{:?}", project.queues());
    says(&logs, &["and 1 pipeline checked", "is recorded for prod", &commit]);
    let history = project.stage.done(&["log", "--env", "prod", "--json"]).out;
    assert!(history.contains(&commit), "the history tells the commit: {history}");
}

#[test]
fn what_does_not_hold_ends_before_anything_is_deployed() {
    let project = Project::new();
    project.stage.done(&["pipeline", "new", "--env", "prod"]);
    project.write("connect/flows/Main.json", flow("Main", "${queue:Salse}"));
    project.push("main", "A slip");
    let checked = project.stage.run(&["check"]);
    assert_eq!(checked.code, 3, "{}", checked.err);
    says(&checked.err, &["did you mean `${queue:Sales}`"]);
    project.fails("acme-prod", &[]);
    assert!(!project.queues().contains(&"Sales".to_owned()), "nothing was deployed");
}

#[test]
fn a_retry_resumes_what_a_refusal_stopped_half_way() {
    let project = project();
    project.push("main", "The first center");
    project.stage.policy(TARGET, MAY, &["connect:CreateQueue"]);
    says(&project.fails("main", &[]), &["TL0604", "CreateQueue"]);
    assert_eq!(project.stage.count("CreateHoursOfOperation"), 1);
    project.stage.policy(TARGET, MAY, &[]);
    let ran = project.stage.done(&["pipeline", "retry", "main"]);
    says(&ran.out, &["Succeeded"]);
    let logs = project.logs("main");
    says(&logs, &["2 of 3 steps left", "is recorded for prod"]);
    for create in ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"] {
        assert_eq!(project.stage.count(create), 1, "{create}");
    }
}

#[test]
fn a_deployment_whose_process_was_killed_goes_on_and_makes_nothing_twice() {
    let project = project();
    project.push("main", "The first center");
    project.dies_while_the_queue_is_made();
    let ran = project.run("main", &["--continue"]);
    let logs = project.logs("main");
    assert_eq!(ran.code, 0, "{}\n{logs}", ran.err);
    says(&logs, &["an earlier start was interrupted: what it began is resumed", "steps left"]);
    for create in ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"] {
        assert_eq!(project.stage.count(create), 1, "{create}");
    }
}

#[test]
fn a_stage_goes_back_to_the_older_release_and_leaves_what_was_made_since() {
    let project = project();
    let first = project.push("main", "Seven");
    project.succeeds("main", &[]);
    project.write("connect/queues/Sales.yaml", queue(9));
    project.write("connect/queues/Support.yaml", queue(3).replace("Sales", "Support"));
    project.push("main", "Nine, and support");
    project.succeeds("main", &[]);
    assert_eq!(project.most(), 9);
    let ran = project.stage.done(&["pipeline", "rollback", "main", "Deploy"]);
    says(&ran.out, &["goes back to what"]);
    let logs = project.logs("main");
    says(&logs, &["this goes back to what execution", "what was made since then stays", &first]);
    assert_eq!(project.most(), 7);
    assert!(project.queues().contains(&"Support".to_owned()), "{:?}", project.queues());
}

#[test]
fn a_partial_deployment_leaves_out_what_belongs_to_bots_and_functions() {
    let project = Project::new();
    let cloud = project.stage.cloud(TARGET);
    seed::function(&cloud, "lookup");
    let bot = seed::bot(&cloud, "Report");
    seed::bot_alias(&cloud, &bot, "live");
    let bots = "Name: Report/live\nBot: ${lex:Report/live}\n";
    project.write("connect/bot-associations/Report%2Flive.yaml", bots);
    project.write(
        "connect/lambda-associations/lookup.yaml",
        "Name: lookup\nFunction: ${lambda:lookup}\n",
    );
    let actions =
        |settings: &str| [source("main"), stage("Deploy", &[deploy("Prod", "prod", settings)])];
    project.define("part", &actions(", Scope: partial"), "");
    project.define("whole", &actions(""), "");
    project.push("main", "With a bot");
    project.succeeds("part", &[]);
    let associated =
        || (project.stage.count("AssociateBot"), project.stage.count("AssociateLambdaFunction"));
    assert_eq!((associated(), project.stage.count("CreateQueue")), ((0, 0), 1));
    let plan = |scope: &str| {
        let json =
            project.stage.done(&["plan", "--env", "prod", "--scope", scope, "--json"]).json();
        json["plans"][0]["changes"].as_array().expect("changes").len()
    };
    assert_eq!((plan("partial"), plan("full")), (0, 2));
    project.succeeds("whole", &[]);
    assert_eq!((associated(), plan("full")), ((1, 1), 0));
}
