//! Pushes to repositories that the server hosts.

use crate::server::{LIMIT, Server, hosted_source};
use std::time::{Duration, SystemTime};
use trunkline_testkit::wait_until;

#[test]
fn a_push_to_a_hosted_repository_runs_its_pipeline_on_that_commit() {
    let mut server = Server::new();
    server.hosted();
    server.start();
    server.work();
    let first = server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    // What follows a push is recorded before the client of git ends.
    let executions = server.executions("web");
    assert_eq!(executions.len(), 1, "{executions:?}");
    let detail = executions[0]["trigger"]["detail"].as_str().unwrap();
    assert!(detail.contains(&first[..8]) && detail.contains("refs/heads/main"), "{detail}");
    server.ran("one\n");
    server.commit("page.txt", "two\n");
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\ntwo\n");
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.must("work", &["push", "--quiet", &address, "main:other"]);
    assert_eq!(server.executions("web").len(), 2, "neither nothing nor another branch starts it");
    let clone = server.home.join("clone").display().to_string();
    server.must("work", &["clone", "--quiet", &address, &clone]);
    assert_eq!(server.home.read("clone/page.txt"), "two\n");
    server.stop();
    assert!(!server.home.join("data/server.json").exists());
}

#[test]
fn what_was_pushed_while_the_server_was_down_starts_when_it_is_back() {
    let mut server = Server::new();
    server.hosted();
    server.start();
    server.stop();
    server.work();
    server.commit("page.txt", "one\n");
    let folder = server.home.join("data/repositories/web.git").display().to_string();
    server.must("work", &["push", "--quiet", &folder, "main"]);
    server.start();
    server.ran("one\n");
    server.succeeded("web");
    server.stop();
    server.start();
    // The look at the start has passed once another push was handled after it.
    server.commit("page.txt", "two\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\ntwo\n");
    assert_eq!(server.executions("web").len(), 2, "nothing is started twice");
}

#[test]
fn a_push_to_an_environment_that_is_switched_off_starts_nothing() {
    let mut server = Server::new();
    let deploy = "{ category: Deploy, owner: Custom, provider: Trunkline, version: \"1\" }";
    let text = format!(
        "pipeline:\n  name: uat\n  roleArn: arn:aws:iam::111122223333:role/pipeline\n  artifactStore: {{ type: S3, \
         location: artifacts }}\n  stages:\n  - name: Source\n    actions:\n    - name: Git\n      actionTypeId: {}\n      \
         outputArtifacts: [{{ name: Code }}]\n  - name: Deploy\n    actions:\n    - name: Uat\n      actionTypeId: \
         {deploy}\n      configuration: {{ Environment: uat }}\n      inputArtifacts: [{{ name: Code }}]\n",
        hosted_source("web", "uat")
    );
    server.home.write("project/pipelines/uat.yaml", text);
    server.start();
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main:uat"]);
    assert!(server.executions("uat").is_empty());
}

#[test]
fn artifacts_that_no_execution_needs_go_when_they_are_as_old_as_the_settings_say() {
    let mut server = Server::new();
    server.hosted();
    server.start();
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\n");
    server.succeeded("web");
    server.stop();
    let nobodys = server.home.join(format!("data/artifacts/{}.zip", "0".repeat(64)));
    std::fs::write(&nobodys, "").expect("it can be written");
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    let folder = server.home.join("data/artifacts");
    let artifacts = || std::fs::read_dir(&folder).expect("a folder");
    for entry in artifacts().flatten() {
        let file = std::fs::File::open(entry.path()).expect("it is there");
        file.set_modified(long_ago).expect("it is ours");
    }
    assert_eq!(artifacts().count(), 2);
    server.home.write("data/server.yaml", "builds: { artifactDays: 1 }\n");
    server.start();
    wait_until("what nobody needs goes", LIMIT, || (!nobodys.exists()).then_some(()));
    assert_eq!(artifacts().count(), 1, "an execution of today has it");
}
