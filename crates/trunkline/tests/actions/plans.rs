//! What was planned is what is applied: plans as artifacts, plans that have grown old, and the roles of deployments.

use crate::project::{Project, action, deploy, queue, says, source, stage};
use crate::stage::{BUILD, TARGET, TOOLS};
use serde_json::json;

const QUEUE: &str = "connect/queues/Sales.yaml";

/// An action that plans the artifact `App` as the artifact `Plan`.
fn plan(environment: &str) -> String {
    let configuration = format!("configuration: {{ Environment: {environment}, Mode: plan }}");
    let rest =
        ["inputArtifacts: [{ name: App }]", "outputArtifacts: [{ name: Plan }]", &configuration];
    action("Plan", "Deploy/Custom/Trunkline", &rest)
}

/// An action that applies it.
fn apply(environment: &str, inputs: &str) -> String {
    let configuration = format!("configuration: {{ Environment: {environment} }}");
    let inputs = format!("inputArtifacts: [{inputs}]");
    action("Apply", "Deploy/Custom/Trunkline", &["runOrder: 3", &inputs, &configuration])
}

const BOTH: &str = "{ name: App }, { name: Plan }";

#[test]
fn what_was_approved_is_applied_or_nothing() {
    let project = Project::new();
    let ask = action("Ask", "Approval/AWS/Manual", &["runOrder: 2"]);
    let deploy = stage("Deploy", &[plan("prod"), ask, apply("prod", BOTH)]);
    project.define("main", &[source("main"), deploy], "");
    project.push("main", "Seven");
    assert_eq!(project.run("main", &[]).code, 5, "somebody is asked");
    project.stage.done(&["pipeline", "approve", "main"]);
    let logs = project.logs("main");
    says(&logs, &["exactly what was planned is applied, or nothing", "plan.json --yes"]);
    assert_eq!(project.most(), 7);

    project.write(QUEUE, queue(9));
    project.push("main", "Nine");
    assert_eq!(project.run("main", &[]).code, 5, "somebody is asked");
    let id = project.stage.id(TARGET, ("ListQueues", "QueueSummaryList"), "Sales");
    let by_hand = json!({ "QueueId": id, "MaxContacts": 9 });
    project.stage.connect(TARGET, "UpdateQueueMaxContacts", by_hand);
    let ran = project.stage.run(&["pipeline", "approve", "main"]);
    let said = format!("{}{}", ran.err, project.logs("main"));
    assert_eq!(ran.code, 1, "{said}");
    says(&said, &["TL0403", "the plan is stale; nothing was changed", "queue \"Sales\" changed"]);

    // All of the stage again: a new plan, which is approved and applied.
    let ran = project.stage.run(&["pipeline", "retry", "main", "--all-actions"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    project.stage.done(&["pipeline", "approve", "main"]);
    says(&project.logs("main"), &["is recorded for prod"]);

    // Going back plans anew: in the same stage by its own action.
    project.stage.run(&["pipeline", "rollback", "main", "Deploy"]);
    project.stage.done(&["pipeline", "approve", "main"]);
    assert_eq!(project.most(), 7);
}

#[test]
fn a_plan_of_another_stage_or_environment_is_not_applied() {
    let project = Project::new();
    let config = project.stage.home.read("trunkline.yaml");
    let twin =
        "  twin: { account: \"444455556666\", regions: [us-west-2], instance: acme-prod }\nrole:";
    project.write("trunkline.yaml", config.replace("role:", twin));
    let wrong = stage("Deploy", &[plan("prod"), apply("twin", BOTH)]);
    project.define("wrong", &[source("main"), wrong], "");
    let apart = [
        source("main"),
        stage("Plan", &[plan("prod")]),
        // Their order among the inputs says nothing.
        stage("Deploy", &[apply("prod", "{ name: Plan }, { name: App }")]),
    ];
    project.define("apart", &apart, "");
    project.push("main", "Seven");
    let said = project.fails("wrong", &[]);
    says(&said, &["TL0114", "its environment is prod, this action's is twin"]);
    assert_eq!(project.stage.count("CreateQueue"), 0, "nothing was deployed");
    project.succeeds("apart", &[]);
    project.write(QUEUE, queue(9));
    project.push("main", "Nine");
    project.succeeds("apart", &[]);
    assert_eq!(project.most(), 9);
    // The older plan was made from what is there no more.
    project.stage.done(&["pipeline", "rollback", "apart", "Deploy"]);
    says(&project.logs("apart"), &["the execution that this goes back to: planned anew"]);
    assert_eq!(project.most(), 7);
}

#[test]
fn a_plan_whose_apply_was_killed_is_applied_to_its_end_and_once() {
    let project = Project::new();
    let deploy = stage("Deploy", &[plan("prod"), apply("prod", BOTH)]);
    project.define("main", &[source("main"), deploy], "");
    project.push("main", "The first center");
    project.dies_while_the_queue_is_made();
    let ran = project.run("main", &["--continue"]);
    let logs = project.logs("main");
    assert_eq!(ran.code, 0, "{}\n{logs}", ran.err);
    says(&logs, &["steps left", "has done this already", "is recorded for prod"]);
    for create in ["CreateHoursOfOperation", "CreateQueue", "CreateContactFlow"] {
        assert_eq!(project.stage.count(create), 1, "{create}");
    }
}

#[test]
fn a_saved_plan_is_applied_in_the_regions_that_it_is_for() {
    let project = Project::new();
    project.stage.done(&["plan", "--env", "prod", "--out", "p.json"]);
    let other = ["apply", "p.json", "--yes", "--region", "us-east-1"];
    project.stage.refused(&other, 64, "TL0901", &["nothing for us-east-1", "it is for us-west-2"]);
    project.stage.done(&["apply", "p.json", "--yes", "--region", "us-west-2"]);
    assert_eq!(project.most(), 7);
    let again = project.stage.run(&["apply", "p.json", "--yes"]);
    says(&again.err, &["error[TL0403]"]);
}

/// Makes a role that trusts an account and may do these.
fn role(project: &Project, account: &str, name: &str, trusted: &str, may: &[&str]) {
    let cloud = project.stage.cloud(account);
    let allow = |more: serde_json::Value| {
        let mut statement = json!({ "Effect": "Allow" });
        let members = more.as_object().expect("members").clone();
        statement.as_object_mut().expect("members").extend(members);
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let principal = json!({ "AWS": format!("arn:aws:iam::{trusted}:root") });
    let trust = allow(json!({ "Principal": principal, "Action": "sts:AssumeRole" }));
    let input = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
    cloud.must("iam", "CreateRole", input);
    let policy = allow(json!({ "Action": may, "Resource": "*" }));
    let input = json!({ "RoleName": name, "PolicyName": name, "PolicyDocument": policy });
    cloud.must("iam", "PutRolePolicy", input);
}

#[test]
fn the_role_of_a_deployment_is_assumed_before_that_of_the_environment() {
    let project = Project::new();
    role(&project, BUILD, "pipeline", TOOLS, &["sts:AssumeRole"]);
    role(&project, TARGET, "chained", BUILD, &["connect:*", "lambda:*", "lex:*", "s3:*"]);
    let config = project.stage.home.read("trunkline.yaml");
    project.write("trunkline.yaml", config.replace("role: deploy", "role: chained"));
    let arn = format!("arn:aws:iam::{BUILD}:role/pipeline");
    let with_role = format!("{}      roleArn: {arn}\n", deploy("Prod", "prod", ""));
    project.define("with", &[source("main"), stage("Deploy", &[with_role])], "");
    let without = deploy("Prod", "prod", "");
    project.define("without", &[source("main"), stage("Deploy", &[without])], "");
    project.push("main", "Seven");
    says(&project.fails("without", &[]), &["TL0603"]);
    let logs = project.succeeds("with", &[]);
    says(&logs, &[&format!("with the role {arn} first"), "role chained", "is recorded for prod"]);
    assert_eq!(project.most(), 7);
}
