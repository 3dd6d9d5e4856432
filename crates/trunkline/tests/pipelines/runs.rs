//! Starting pipelines: how runs end, what they say, what is shown of them afterwards.

use super::{Site, commands};

#[test]
fn a_run_ends_with_its_pipeline_and_tells_each_change() {
    let site = Site::new(&commands("Build", "Greet", &["cat greeting.txt", "echo to stderr >&2"]));
    let ran = site.run(&["run", "main"]).ends(0);
    for line in ["Source / App  succeeded", "Build / Greet  started", "Build / Greet  succeeded"] {
        assert!(ran.err.contains(line), "{line}: {}", ran.err);
    }
    assert!(ran.out.contains("Succeeded") && ran.out.contains("Greet"), "{}", ran.out);
    let logs = site.run(&["logs", "main", "--action", "Greet"]).ends(0);
    assert!(logs.out.contains("hello\n") && logs.out.contains("to stderr\n"), "{}", logs.out);
    let listed = site.run(&["list"]).ends(0);
    assert!(listed.out.starts_with("main") && listed.out.contains("Succeeded"), "{}", listed.out);
}

#[test]
fn documents_have_their_schema_and_what_programs_need() {
    let site = Site::new(&commands("Build", "Greet", &["echo hi"]));
    let before = site.run(&["list", "--json"]).ends(0).json();
    assert_eq!(before["schema"], "trunkline/pipelines");
    assert_eq!(
        (&before["pipelines"][0]["name"], before["pipelines"][0]["latest"].is_null()),
        (&"main".into(), true)
    );

    let ran = site.run(&["run", "main", "--json"]).ends(0).json();
    assert_eq!((&ran["schema"], &ran["version"]), (&"trunkline/execution".into(), &1.into()));
    assert_eq!(ran["status"], "Succeeded");
    let greet = &ran["stages"][1]["actions"][0];
    assert_eq!(
        (&greet["type"], &greet["status"]),
        (&"Compute/AWS/Commands".into(), &"Succeeded".into())
    );
    assert_eq!(ran["revisions"][0]["id"].as_str().map(str::len), Some(40), "{ran}");

    let id = ran["id"].as_str().unwrap();
    let shown = site.run(&["show", "main", &id[..6], "--json"]).ends(0).json();
    assert_eq!(shown["id"], ran["id"]);
    let shown = site.run(&["show", "main", "--json"]).ends(0).json();
    assert_eq!(shown["schema"], "trunkline/pipeline");
    assert_eq!(shown["executions"][0]["id"], ran["id"]);
    assert_eq!(shown["stages"][1]["status"], "Succeeded");
    let logs = site.run(&["logs", "main", "--json", "--stage", "Build"]).ends(0).json();
    let lines = logs["actions"][0]["lines"].as_array().unwrap();
    assert!(lines.iter().any(|l| l["text"] == "hi" && l["at"].is_string()), "{logs}");
}

#[test]
fn a_failure_shows_the_end_of_the_log_and_a_retry_makes_only_what_failed() {
    let site = Site::new("");
    let answer = site.home.join("answer.txt");
    let stages =
        commands("Build", "Greet", &["echo looking for it", &format!("cat {}", answer.display())]);
    site.define("main", "", &stages);
    let ran = site.run(&["run", "main"]).ends(1);
    assert!(ran.err.contains("| looking for it"), "{}", ran.err);
    assert!(ran.err.contains("trunkline pipeline retry main"), "{}", ran.err);
    let source = |site: &Site| {
        let view = site.run(&["show", "main", "latest", "--json"]).ends(0).json();
        view["stages"][0]["actions"][0]["actionExecution"].clone()
    };
    let before = source(&site);

    std::fs::write(answer, "42\n").unwrap();
    let retried = site.run(&["retry", "main", "--json"]).ends(0).json();
    assert_eq!(retried["status"], "Succeeded");
    assert_eq!(retried["stages"][1]["actions"][0]["attempts"], 2);
    assert_eq!(source(&site), before, "the source was not made again");
    let again = site.run(&["retry", "main"]).ends(1);
    assert!(again.err.contains("TL0887"), "{}", again.err);
}

#[test]
fn variables_and_revisions_reach_the_actions() {
    let site = Site::new("");
    let variables = "  variables:\n  - { name: Word, defaultValue: hello }\n";
    let stages = "  - name: Build\n    actions:\n    - name: Say\n      \
        actionTypeId: { category: Compute, owner: AWS, provider: Commands, version: '1' }\n      \
        inputArtifacts: [{ name: App }]\n      \
        environmentVariables:\n      - { name: WORD, value: '#{variables.Word}' }\n      \
        commands: ['cat greeting.txt', 'echo \"$WORD world\"']\n";
    site.define("main", variables, stages);
    let first = site.commit("Say");
    site.home.write("project/greeting.txt", "good morning\n");
    let second = site.commit("Say it otherwise");
    let said = |arguments: &[&str]| {
        site.run(&[&["run", "main"], arguments].concat()).ends(0);
        site.run(&["logs", "main", "--action", "Say"]).ends(0).out
    };
    let newest = said(&[]);
    assert!(newest.contains("good morning\n") && newest.contains("hello world\n"), "{newest}");
    let older = said(&["--revision", &format!("App={first}"), "--var", "Word=brave new"]);
    assert!(older.contains("hello\n") && older.contains("brave new world\n"), "{older}");
    let here = said(&["--source", "."]);
    assert!(here.contains("good morning\n"), "{here}");
    let view = site.run(&["show", "main", "latest", "--json"]).json();
    assert_eq!(view["revisions"][0]["id"], second.as_str());
}

#[test]
fn without_a_server_a_commit_that_nobody_pushed_is_taken_from_the_working_copy() {
    let site = Site::new(&commands("Build", "Greet", &["cat greeting.txt"]));
    let file = site.home.join("project/pipelines/main.yaml");
    let text = std::fs::read_to_string(&file).expect("it was written");
    let named = text.replace("RepositoryName: .,", "RepositoryName: acme,");
    site.home.write("project/pipelines/main.yaml", named);
    site.commit("Name the repository");
    let pushed = site.run(&["run", "main"]).ends(1);
    assert!(pushed.err.contains("there is no repository `acme`"), "{}", pushed.err);
    site.home.write("project/greeting.txt", "good evening\n");
    site.commit("Greet otherwise");
    site.run(&["run", "main", "--source", "."]).ends(0);
    let said = site.run(&["logs", "main", "--action", "Greet"]).ends(0).out;
    assert!(said.contains("good evening\n"), "{said}");
    // A server that comes later finds no branch, and starts nothing.
    let hosted = "--git-dir=.trunkline/serve/repositories/acme.git";
    assert_eq!(site.git(&[hosted, "for-each-ref", "refs/heads"]), "");
}

#[test]
fn what_is_not_there_is_told_with_what_is_near() {
    let site = Site::new(&commands("Build", "Greet", &["true"]));
    let check = |arguments: &[&str], code: i32, told: &str| {
        let ran = site.run(arguments).ends(code);
        assert!(ran.err.contains(told), "{arguments:?}: {}", ran.err);
    };
    check(&["run", "maim"], 64, "did you mean `main`?");
    check(&["show", "main", "latest"], 64, "TL0886");
    check(&["run", "main", "--var", "novalue"], 64, "TL0901");
    check(&["run", "main", "--revision", "Ap=1"], 64, "TL0885");
    check(&["run", "main", "--no-wait"], 64, "trunkline serve");
    check(&["approve", "main"], 1, "TL0887");
    check(&["logs", "nothing"], 64, "TL0885");
    site.home.write("project/pipelines/broken.yaml", "pipeline:\n  name: broken\n  stages: 7\n");
    check(&["run", "broken"], 64, "pipelines/broken.yaml:3");
    check(&["show", "another"], 64, "pipelines/broken.yaml:3");
    check(&["list"], 0, "pipelines/broken.yaml:3");
}
