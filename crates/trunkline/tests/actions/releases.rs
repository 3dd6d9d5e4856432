//! Which release may go where: what comes first, and fixes that must not be lost.

use crate::project::{Project, action, deploy, says, source, stage};
use crate::stage::TARGET;
use trunkline_testkit::seed;

const CONFIG: &str = "\
version: 1
project: acme
environments:
  uat: { account: \"444455556666\", regions: [us-west-2], instance: acme-prod }
  uat-fix: { account: \"111122223333\", regions: [us-west-2], instance: acme-rnd }
  prod: { account: \"444455556666\", regions: [us-west-2], instance: acme-live, after: uat }
role: deploy
";

fn project() -> Project {
    let project = Project::new();
    seed::instance(&project.stage.cloud(TARGET), "CONNECT_MANAGED", "acme-live");
    project.write("trunkline.yaml", CONFIG);
    for (name, branch) in [("uat", "main"), ("uat-fix", "fix"), ("prod", "main")] {
        let drop_fix = if name == "uat" { ", DropFix: '#{variables.DropFix}'" } else { "" };
        let stages = [
            source(branch),
            stage("Plan", &[deploy("Plan", name, ", Mode: plan")]),
            stage("Deploy", &[deploy("Deploy", name, drop_fix)]),
        ]
        .concat();
        let variables = match name {
            "uat" => "  variables: [{ name: DropFix, defaultValue: 'false' }]\n",
            _ => "",
        };
        let text = format!(
            "pipeline:\n  name: {name}\n  pipelineType: V2\n{variables}  stages:\n{stages}"
        );
        project.write(&format!("pipelines/{name}.yaml"), text);
    }
    project
}

fn hours(project: &Project, zone: &str) {
    let text = project.stage.home.read("connect/hours/Main line.yaml");
    let (head, tail) = text.split_once("TimeZone: ").expect("a time zone");
    let rest = tail.split_once('\n').expect("a line").1;
    project.write("connect/hours/Main line.yaml", format!("{head}TimeZone: {zone}\n{rest}"));
}

#[test]
fn a_release_comes_after_where_it_must_have_been_first() {
    let project = project();
    project.push("main", "A center");
    says(
        &project.fails("prod", &[]),
        &["TL0113", "`prod` comes after uat", "an apply of this will be refused"],
    );
    assert_eq!(project.stage.count("CreateQueue"), 0, "nothing was deployed");
    project.succeeds("uat", &[]);
    project.succeeds("prod", &[]);
    hours(&project, "America/Denver");
    project.push("main", "Other hours");
    says(&project.fails("prod", &[]), &["TL0113"]);
}

#[test]
fn a_fix_is_not_undone_unless_somebody_says_so() {
    let project = project();
    project.push("main", "A center");
    project.succeeds("uat", &[]);
    project.git(&["checkout", "--quiet", "-b", "fix"]);
    hours(&project, "America/Denver");
    let fix = project.push("fix", "Mend the hours");
    project.succeeds("uat-fix", &[]);
    project.git(&["checkout", "--quiet", "main"]);
    project.write(
        "connect/queues/Support.yaml",
        "Name: Support\nHoursOfOperationId: ${hours:Main line}\n",
    );
    project.push("main", "Support");
    let said = project.fails("uat", &[]);
    says(
        &said,
        &[
            "TL0545",
            "a fix of uat-fix is not in what goes to uat",
            &fix[..10],
            "Main line.yaml",
            "--drop-fix",
        ],
    );
    assert_eq!(project.stage.count("CreateQueue"), 2, "support was not deployed");

    let refused = project.run("prod", &["--drop-fix"]);
    assert_eq!(refused.code, 64, "{}", refused.err);
    says(&refused.err, &["pipeline `prod` does not let a run drop a fix", "DropFix"]);
    project.succeeds("uat", &["--drop-fix"]);
    assert_eq!(project.stage.count("CreateQueue"), 3);

    // Of documents that no commit holds, nobody can tell.
    project.git(&["archive", "--format=zip", "--output=app.zip", "HEAD"]);
    let zip = [
        "configuration: { S3Bucket: 'file:.', S3ObjectKey: app.zip }",
        "outputArtifacts: [{ name: App }]",
    ];
    let zip = stage("Source", &[action("Zip", "Source/AWS/S3", &zip)]);
    project.define("zip", &[zip, stage("Deploy", &[deploy("Deploy", "uat", "")])], "");
    let told = ["TL0546", "whether a fix of uat-fix would be undone is not known", "--drop-fix"];
    says(&project.fails("zip", &[]), &told);

    // Merged forward, nothing is lost.
    project.git(&["merge", "--quiet", "--no-edit", "fix"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project.succeeds("uat", &[]);
}
