//! Sources that are no hosted repository: buckets, folders, remotes, clones.

use crate::project::{Project, action, commands, says, stage};
use crate::stage::TOOLS;
use serde_json::json;

/// A pipeline whose source is this action, and which shows what it got.
fn define(project: &Project, name: &str, kind: &str, configuration: &str, lines: &[&str]) {
    let configuration = format!("configuration: {{ {configuration} }}");
    let rest = ["region: us-west-2", configuration.as_str(), "outputArtifacts: [{ name: App }]"];
    let first = stage("Source", &[action("Take", kind, &rest)]);
    project.define(name, &[first, stage("Show", &[commands("Show", "App", lines, &[])])], "");
}

/// A zip of one file, made by git.
fn zip(project: &Project, text: &str) -> Vec<u8> {
    project.write("page.txt", text);
    project.push("main", text);
    project.git(&["archive", "--format=zip", "-o", ".trunkline/page.zip", "HEAD", "page.txt"]);
    std::fs::read(project.stage.home.join(".trunkline/page.zip")).expect("a zip")
}

#[test]
fn an_object_of_a_bucket_is_taken_in_the_version_that_is_asked_for() {
    let project = Project::new();
    let cloud = project.stage.cloud(TOOLS);
    cloud.must("s3", "CreateBucket", json!({ "Bucket": "sources" }));
    let versioning =
        json!({ "Bucket": "sources", "VersioningConfiguration": { "Status": "Enabled" } });
    cloud.must("s3", "PutBucketVersioning", versioning);
    let put = |text: &str| {
        let bytes = zip(&project, text);
        let request = trunkline_lab::Request {
            account: trunkline_model::AccountId::parse(TOOLS).expect("twelve digits"),
            region: trunkline_model::Region::parse("us-west-2").expect("a region"),
            principal: trunkline_lab::Principal::root(
                &trunkline_model::AccountId::parse(TOOLS).expect("twelve digits"),
            ),
            service: "s3".to_owned(),
            operation: "PutObject".to_owned(),
            input: json!({ "Bucket": "sources", "Key": "app/page.zip" }),
            body: bytes,
        };
        let output = project.stage.server.lab().handle(&request, jiff::Timestamp::now());
        output.expect("it is kept").members["VersionId"].as_str().expect("a version").to_owned()
    };
    let shown = ["cat page.txt"];
    let version = || {
        let found = project.action("main", "Take");
        found["outputVariables"]["VersionId"].as_str().expect("a version").to_owned()
    };
    let place = "S3Bucket: sources, S3ObjectKey: app/page.zip";
    define(&project, "main", "Source/AWS/S3", place, &shown);
    let (first, second) = (put("first page"), put("second page"));
    let logs = project.succeeds("main", &[]);
    says(&logs, &["second page"]);
    assert_eq!(version(), second);
    let logs = project.succeeds("main", &["--revision", &format!("Take={first}")]);
    says(&logs, &["first page"]);
    assert_eq!(version(), first);
    define(&project, "gone", "Source/AWS/S3", "S3Bucket: sources, S3ObjectKey: none.zip", &shown);
    project.fails("gone", &[]);
    let failure = project.action("gone", "Take")["failure"].clone();
    assert_eq!(
        (&failure["kind"], &failure["code"]),
        (&"RevisionUnavailable".into(), &"TL0718".into())
    );
}

#[test]
fn a_zip_of_a_folder_is_taken_as_it_is() {
    let project = Project::new();
    zip(&project, "a page");
    let place = "S3Bucket: 'file:.trunkline', S3ObjectKey: page.zip";
    define(&project, "main", "Source/AWS/S3", place, &["cat page.txt", "ls"]);
    let logs = project.succeeds("main", &[]);
    says(&logs, &["a page"]);
    let shown = project.action("main", "Take");
    assert_eq!(shown["outputVariables"]["VersionId"].as_str().map(str::len), Some(64), "{shown}");
}

#[test]
fn a_connection_is_followed_through_a_mirror_and_can_be_handed_on_as_a_clone() {
    let project = Project::new();
    let config = project.stage.home.read("trunkline.yaml");
    let arn = "arn:aws:codeconnections:us-west-2:111122223333:connection/aaaa";
    let address = "https://git.example.com/{repository}.git";
    project.write("trunkline.yaml", format!("{config}repositories: {{ '{arn}': '{address}' }}\n"));
    project.write("page.txt", "one\n");
    project.push("main", "First page");
    project.write("page.txt", "two\n");
    project.push("main", "Second page");
    // What is at the address lies here.
    let hosted = project.stage.home.join(".trunkline/serve/repositories");
    let elsewhere = project.stage.home.join(".trunkline/elsewhere/acme");
    std::fs::create_dir_all(&elsewhere).expect("a folder");
    std::fs::rename(hosted.join("acme.git"), elsewhere.join("web.git")).expect("it moves");
    let base = project.stage.home.join(".trunkline/elsewhere");
    let rewrite =
        format!("[url \"file://{}/\"]\n\tinsteadOf = https://git.example.com/\n", base.display());
    project.write("gitconfig", rewrite);
    project.git(&["remote", "set-url", "origin", &elsewhere.join("web.git").display().to_string()]);

    let place = format!("ConnectionArn: '{arn}', FullRepositoryId: acme/web, BranchName: main");
    let kind = "Source/AWS/CodeStarSourceConnection";
    let shown = ["cat page.txt", "test ! -e .git"];
    define(&project, "main", kind, &place, &shown);
    let logs = project.succeeds("main", &[]);
    says(&logs, &["two"]);
    let found = project.action("main", "Take")["outputVariables"].clone();
    assert_eq!(
        (&found["FullRepositoryName"], &found["CommitMessage"]),
        (&"acme/web".into(), &"Second page".into())
    );
    // The mirror is brought up to date.
    project.write("page.txt", "three\n");
    let commit = project.push("main", "Third page");
    says(&project.succeeds("main", &[]), &["three"]);

    let place = format!("{place}, OutputArtifactFormat: CODEBUILD_CLONE_REF");
    let shown =
        ["git log --format=%s", "git rev-parse HEAD", "git branch --show-current", "cat page.txt"];
    define(&project, "clone", kind, &place, &shown);
    let logs = project.succeeds("clone", &[]);
    says(&logs, &["First page", "Third page", &commit, "main", "three"]);
}

#[test]
fn a_hosted_repository_is_handed_on_as_a_clone() {
    let project = Project::new();
    let place = "RepositoryName: acme, BranchName: main, OutputArtifactFormat: CODEBUILD_CLONE_REF";
    let shown = ["git log --format=%s", "git status --porcelain"];
    define(&project, "main", "Source/AWS/CodeCommit", place, &shown);
    project.push("main", "The only commit");
    says(&project.succeeds("main", &[]), &["The only commit"]);
    let first = project.action("main", "Take");
    assert!(first["artifacts"][0]["size"].as_u64().expect("a size") < 1000, "{first}");
}
