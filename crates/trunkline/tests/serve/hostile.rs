//! Mistakes and malice: definitions, buildspecs and builds that are wrong, and requests that nobody should send.

use crate::server::{LIMIT, Server, hosted_source};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use trunkline_testkit::{runs, wait_until};

/// A server with a token, and what pushes to its repository `web`.
fn site(prepare: impl FnOnce(&Server)) -> (Server, String) {
    let mut server = Server::new();
    prepare(&server);
    server.start();
    server.work();
    let token = server.token("ann", &[]);
    (server, token)
}

fn push(server: &Server, token: &str, file: &str, text: &str) {
    server.commit(file, text);
    server.must("work", &["push", "--quiet", &server.repository("web", token), "main"]);
}

/// Waits for the newest execution of a pipeline to end so; returns all that is known of it.
#[track_caller]
fn ends(server: &Server, pipeline: &str, status: &str) -> String {
    let id = wait_until(&format!("{pipeline} ends"), LIMIT, || {
        let newest = server.executions(pipeline).into_iter().next()?;
        let now = newest["status"].as_str().expect("a status").to_owned();
        let over = !["InProgress", "Stopping"].contains(&now.as_str());
        over.then(|| assert_eq!(now, status, "{newest}"))?;
        newest["id"].as_str().map(str::to_owned)
    });
    server.api(&format!("pipelines/{pipeline}/executions/{id}")).to_string()
}

fn pipeline_run(server: &Server) -> Output {
    let mut run = server.command(&["pipeline", "run", "web", "--data", "../data"]);
    run.current_dir(server.home.join("project")).output().expect("it runs")
}

#[test]
fn a_definition_that_cannot_be_read_is_told_and_the_one_before_goes_on() {
    let (mut server, token) = site(Server::hosted);
    push(&server, &token, "page.txt", "one\n");
    server.ran("one\n");
    let good = server.home.read("project/pipelines/web.yaml");
    let bad = good.replace("stages:", "stagess:");
    server.home.write("project/pipelines/web.yaml", &bad);
    push(&server, &token, "page.txt", "two\n");
    server.ran("one\ntwo\n");
    // A build that is cut off by the end of its server would run again.
    server.succeeded("web");

    let refused = pipeline_run(&server);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    for part in ["pipelines/web.yaml:", "did you mean `stages`?", "as it was defined before"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(server.executions("web").len(), 2, "what somebody starts by hand is not started");

    // Wrong from the start, the definition of the log goes on.
    server.stop();
    server.start();
    let address = server.repository("web", &token);
    server.commit("page.txt", "three\n");
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\ntwo\nthree\n");
    let mended = good.replace("cat page.txt", "echo mended; cat page.txt");
    server.home.write("project/pipelines/web.yaml", &mended);
    server.commit("page.txt", "four\n");
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\ntwo\nthree\nfour\n");
    server.succeeded("web");
    assert!(logs(&server).contains("mended"));
}

#[test]
fn a_template_that_cannot_be_read_after_a_restart_keeps_the_pipeline_that_it_does_not_name() {
    let (mut server, token) = site(|server| {
        let text = format!(
            "Resources:\n  Site:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      \
             Name: !Sub \"${{AWS::StackName}}-live\"\n      RoleArn: arn:aws:iam::111122223333:role/pipeline\n      \
             ArtifactStore: {{ Type: S3, Location: artifacts }}\n      PipelineType: V2\n      Stages:\n      \
             - Name: Source\n        Actions:\n        - Name: Git\n          \
             ActionTypeId: {{ Category: Source, Owner: AWS, Provider: CodeCommit, Version: \"1\" }}\n          \
             Configuration: {{ RepositoryName: web, BranchName: main }}\n          \
             OutputArtifacts: [{{ Name: Code }}]\n      - Name: Test\n        Actions:\n        - Name: Run\n          \
             ActionTypeId: {{ Category: Compute, Owner: AWS, Provider: Commands, Version: \"1\" }}\n          \
             InputArtifacts: [{{ Name: Code }}]\n          Commands: ['cat page.txt >> {}']\n",
            server.home.join("ran").display()
        );
        server.home.write("project/pipelines/acme.yaml", text);
        server.home.write("data/server.yaml", "repositories: [web]\n");
    });
    push(&server, &token, "page.txt", "one\n");
    server.ran("one\n");
    // A build that is cut off by the end of its server would run again.
    server.succeeded("acme-live");
    let good = server.home.read("project/pipelines/acme.yaml");
    server.home.write("project/pipelines/acme.yaml", good.replace("Stages:", "Stagess:"));
    server.stop();
    server.start();
    let address = server.repository("web", &token);
    server.commit("page.txt", "two\n");
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.ran("one\ntwo\n");
    server.succeeded("acme-live");
}

/// All logs of actions.
fn logs(server: &Server) -> String {
    let entries = std::fs::read_dir(server.home.join("data/logs")).expect("a folder").flatten();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    entries.map(|entry| read(&entry.path())).collect()
}

#[test]
fn a_mistake_in_a_buildspec_is_told_in_log_and_summary_with_what_was_meant() {
    let (server, token) = site(|server| {
        let text = format!(
            "pipeline:\n  name: web\n  stages:\n  - name: Source\n    actions:\n    - name: Git\n      actionTypeId: \
             {}\n      outputArtifacts: [{{ name: Code }}]\n  - name: Build\n    actions:\n    - name: Make\n      \
             actionTypeId: {{ category: Build, owner: AWS, provider: CodeBuild, version: \"1\" }}\n      \
             configuration: {{ ProjectName: web }}\n      inputArtifacts: [{{ name: Code }}]\n\
             projects:\n- {{ name: web, source: {{ type: CODEPIPELINE }} }}\n",
            hosted_source("web", "main")
        );
        server.home.write("project/pipelines/web.yaml", text);
    });
    let spec = "version: 0.2\nphases:\n  build:\n    commans:\n    - echo never\n";
    push(&server, &token, "buildspec.yml", spec);
    let shown = ends(&server, "web", "Failed");
    for told in [shown, logs(&server)] {
        assert!(told.contains("TL0832") && told.contains("did you mean `commands`?"), "{told}");
        assert!(told.contains("buildspec.yml"), "{told}");
    }
    push(&server, &token, "buildspec.yml", &spec.replace("commans", "commands"));
    server.succeeded("web");
}

#[test]
fn builds_that_never_end_multiply_or_do_not_listen_are_ended_and_the_server_goes_on() {
    // Eight generations, so that a failing test does not bring down the machine.
    const BOMB: &str =
        "bomb() { test $1 -gt 7 || { bomb $(($1+1)) | bomb $(($1+1)) & }; sleep 300; }; bomb 0";
    let (mut server, token) = site(|server| {
        server.home.write("data/server.yaml", "builds: { processes: 60, log: 1, grace: 1 }\n");
        let pid = server.home.join("pid").display().to_string();
        let deaf = format!("trap \"\" TERM; echo $$ > {pid}; while :; do sleep 0.1; done");
        for (name, command) in
            [("endless", "yes all work and no play"), ("bomb", BOMB), ("deaf", &deaf)]
        {
            server.pipeline(name, &hosted_source("web", "main"), "", command);
        }
    });
    push(&server, &token, "page.txt", "one\n");
    let endless = ends(&server, "endless", "Failed");
    assert!(endless.contains("TL0856") && endless.contains("its log is longer"), "{endless}");
    let bomb = ends(&server, "bomb", "Failed");
    assert!(bomb.contains("more than 60 processes"), "{bomb}");

    let pid = |server: &Server| {
        wait_until("the build runs", LIMIT, || {
            let text = std::fs::read_to_string(server.home.join("pid")).ok()?;
            text.trim().parse::<u32>().ok()
        })
    };
    let gone = |pid: u32| {
        wait_until("the build is gone", LIMIT, || (!runs(&pid.to_string())).then_some(()));
    };
    let first = pid(&server);
    let id = server.executions("deaf")[0]["id"].clone();
    let stop = json!({ "command": "stop", "execution": id, "abandon": true, "by": "ann" });
    let (status, body) = server.tell("deaf", &stop);
    assert_eq!(status, 200, "{body}");
    ends(&server, "deaf", "Stopped");
    gone(first);

    // Nor does it outlive its server.
    std::fs::remove_file(server.home.join("pid")).expect("it was written");
    push(&server, &token, "page.txt", "two\n");
    let second = pid(&server);
    server.stop();
    gone(second);
}

#[test]
fn settings_that_are_wrong_are_told_with_their_place_before_anything_starts() {
    let server = Server::new();
    server.home.write("data/server.yaml", "version: 1\nengine:\n  intrrupted: fail\n");
    let arguments = ["serve", "--port", "0", "--project", "project", "--data", "data"];
    let output = server.command(&arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{said}");
    for part in ["TL0893", "server.yaml:3:3", "did you mean `interrupted`?"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn an_action_that_was_interrupted_fails_where_that_is_asked_for() {
    let (mut server, token) = site(|server| {
        server.home.write("data/server.yaml", "engine: { interrupted: fail }\n");
        let began = server.home.join("began").display().to_string();
        let command = format!("echo on >> {began}; sleep 300");
        server.pipeline("web", &hosted_source("web", "main"), "", &command);
    });
    push(&server, &token, "page.txt", "one\n");
    let began = server.home.join("began");
    wait_until("the action began", LIMIT, || {
        std::fs::read_to_string(&began).ok().filter(|text| text == "on\n")
    });
    server.kill();
    server.start();
    ends(&server, "web", "Failed");
    assert_eq!(server.home.read("began"), "on\n", "it did not begin again");
}

#[test]
fn requests_that_nobody_should_send_are_refused_and_reach_no_file() {
    let (server, token) = site(|server| {
        server.hosted();
        let hooks = "webhooks:\n  web: { provider: github, unsigned: true }\n";
        server.home.write("data/server.yaml", hooks);
    });
    push(&server, &token, "page.txt", "one\n");
    server.succeeded("web");
    let basic = format!("Basic {}", base64(&format!("git:{token}")));
    let git = [("Authorization", basic.as_str())];
    for path in [
        "/git/../data/tokens.json",
        "/git/%2e%2e/%2e%2e/etc/passwd/info/refs?service=git-upload-pack",
        "/git/..%2f..%2fproject/info/refs?service=git-upload-pack",
        "/git/web.git/../../server.json",
        "/git/web.git%00/info/refs?service=git-upload-pack",
        "/git/.git/info/refs?service=git-upload-pack",
        "/git/web.git/config",
        "/git/web.git/objects/info/packs",
        "//git/web.git/HEAD",
    ] {
        let (status, body) = server.http(&format!("GET {path}"), &git, b"");
        assert!([400, 404].contains(&status), "{path}: {status} {body}");
    }
    let bearer = server.bearer();
    let api = [("Authorization", bearer.as_str())];
    for path in ["logs/..%2fserver.json", "logs/%2e%2e", "logs/%00", "pipelines/..%2f..%2fweb"] {
        let (status, body) = server.http(&format!("GET /api/{path}"), &api, b"");
        assert_eq!(status, 404, "{path}: {body}");
    }
    let long = "a".repeat(300_000);
    let many: Vec<(String, &str)> = (0..150).map(|n| (format!("X-{n}"), "a")).collect();
    let many: Vec<(&str, &str)> =
        many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let page = [("Origin", "https://evil.example.com"), ("X-GitHub-Event", "ping")];
    for (head, headers, expected) in [
        ("GET /health", &[("X-Long", long.as_str())][..], 431),
        ("GET /health", &many, 431),
        (&format!("GET /{long}"), &[], 431),
        ("GET /", &[("Host", "localhost"), ("host", "evil.example.com")], 421),
        ("POST /webhooks/github/web", &page, 403),
        ("POST /webhooks/github/..%2fweb", &[], 404),
        ("DELETE /api/pipelines/web", &api, 404),
    ] {
        let (status, body) = server.http(head, headers, b"");
        let head: String = head.chars().take(40).collect();
        assert_eq!(status, expected, "{head}: {body}");
    }
    // A form of another page can send no command.
    let (status, _) = server.http("POST /api/pipelines/web/commands", &api, b"{}");
    assert_eq!(status, 415);
    assert_eq!(server.http("GET /health", &[], b"").1["status"], Value::from("ok"));
    assert_eq!(server.executions("web").len(), 1);
    assert!(Path::new(&format!("/proc/{}", server.pid())).exists(), "it is still the same server");
}

#[test]
fn the_doctor_says_what_limits_builds_and_misses_a_sandbox_that_is_asked_for() {
    let server = Server::new();
    server.hosted();
    let check = || {
        let mut doctor = server.command(&["doctor", "--json"]);
        let output = doctor.current_dir(server.home.join("project")).output().expect("it runs");
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let all = found["checks"].as_array().expect("a list").clone();
        all.into_iter().find(|check| check["check"] == "builds").expect("it looks at builds")
    };
    let found = check();
    let limits = found["message"].as_str().expect("a text").to_owned();
    assert_eq!(found["verdict"], "ok");
    assert!(limits.contains("pids.max") || limits.contains("watchdog"), "{limits}");
    server.home.write("project/.trunkline/serve/server.yaml", "builds: { sandbox: podman }\n");
    let there = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join("podman").is_file());
    assert_eq!(check()["verdict"], if there { "ok" } else { "fail" });
}

#[test]
fn what_is_secret_in_addresses_is_not_told() {
    let mut server = Server::new();
    let config = server.home.read("project/trunkline.yaml");
    let place = "http://ann:HIDDENWORD@127.0.0.1:9/other.git";
    server
        .home
        .write("project/trunkline.yaml", format!("{config}repositories:\n  other: {place}\n"));
    server.pipeline("other", &hosted_source("other", "main"), "", "true");
    let mut shell = server.home.command("sh");
    let err = server.home.join("err").display().to_string();
    let script = format!("exec \"$0\" \"$@\" 2>{err}");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_trunkline")]).args(crate::server::SERVE);
    server.start_with(shell);
    wait_until("the poll has failed", LIMIT, || {
        server.home.read("err").contains("TL0894").then_some(())
    });
    let said = server.home.read("err");
    assert!(said.contains("127.0.0.1:9/other.git") && !said.contains("HIDDENWORD"), "{said}");
}

/// In base64, as Basic authentication has it.
fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let word = (0..3).fold(0, |word, i| word << 8 | u32::from(*bytes.get(i).unwrap_or(&0)));
        let digit = |i: usize| match i <= bytes.len() {
            true => char::from(DIGITS[(word >> (18 - 6 * i) & 63) as usize]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}
