//! Artifacts at rest: sealed under a key, written anew where they are torn, and never taken for what they only look
//! like.

use crate::project::{DATA, Project, commands, says, source, stage};
use crate::stage::Ran;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A pipeline that hands text from its source through an action on to another.
fn project(text: &str) -> Project {
    let project = Project::new();
    project.write("page", text);
    let make = ["outputArtifacts: [{ name: Made, files: [made] }]"];
    let make = commands("Make", "App", &["cat page > made"], &make);
    let marker = format!("test -e {}", project.stage.home.join("marker").display());
    let count = commands("Count", "Made", &["echo \"count $(wc -c < made)\"", &marker], &[]);
    project.define("main", &[source("main"), stage("Make", &[make]), stage("Count", &[count])], "");
    project.push("main", "A page");
    project
}

/// Runs the pipeline with a variable that holds the key, or none.
fn run(project: &Project, key: Option<&str>, words: &[&str]) -> Ran {
    let mut command = project.stage.command(&[&["pipeline"], words].concat());
    if let Some(key) = key {
        command.env("ARTIFACT_KEY", key);
    }
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("an exit code");
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

/// The files of the data folder that hold a text as it is, and are no repository.
fn holding(project: &Project, text: &str) -> Vec<String> {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let all = project.data().into_iter().filter(|(_, bytes)| holds(bytes));
    let names = all.map(|(path, _)| path.display().to_string());
    names.filter(|path| !path.contains("/repositories/")).collect()
}

#[test]
fn sealed_artifacts_show_nothing_and_open_with_their_key_alone() {
    // Short enough to be kept uncompressed.
    let secret = "the combination is 12-34-56";
    let project = project(secret);
    let settings = format!("{DATA}/server.yaml");
    let ran = run(&project, None, &["run", "main"]);
    assert_eq!(ran.code, 1, "the marker is not there: {}", ran.err);
    // The search finds what is not sealed.
    assert_eq!(holding(&project, secret).len(), 2);
    std::fs::remove_dir_all(project.stage.home.join(DATA).join("artifacts")).expect("they go");

    project.write(&settings, "builds: { artifactKey: { env: ARTIFACT_KEY } }\n");
    let ran = run(&project, Some(KEY), &["run", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(holding(&project, secret), [""; 0]);

    for (key, reason) in
        [(None, "ARTIFACT_KEY` of a secret is not set"), (Some("short"), "neither")]
    {
        let ran = run(&project, key, &["run", "main"]);
        assert_eq!(ran.code, 64, "{}", ran.err);
        says(&ran.err, &["TL0861", reason, "server.yaml"]);
    }
    let other = "ff".repeat(32);
    let refused = |ran: Ran, why: &str| {
        assert_eq!(ran.code, 1, "{}", ran.err);
        let failure = project.stage.done(&["pipeline", "show", "main", "latest", "--json"]).out;
        says(&format!("{failure}{}", project.logs("main")), &["TL0857", why]);
    };
    project.write("marker", "");
    refused(run(&project, Some(&other), &["retry", "main"]), "another key");
    project.write(&settings, "");
    refused(run(&project, None, &["retry", "main"]), "no key was given");
    // From a file, and in the other spelling.
    let digits: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
    let file = project.write("key", format!("{digits}\n"));
    project
        .write(&settings, format!("builds: {{ artifactKey: {{ file: {} }} }}\n", file.display()));
    let ran = run(&project, None, &["retry", "main"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    says(&run(&project, None, &["logs", "main"]).out, &["count 27"]);
    assert_eq!(holding(&project, secret), [""; 0]);
}

#[test]
fn a_torn_artifact_is_made_again_by_its_source() {
    let project = project("a page");
    project.write("marker", "");
    project.succeeds("main", &[]);
    let made = project.action("main", "Git");
    let id = made["artifacts"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("{DATA}/artifacts/{id}.zip");
    let whole = std::fs::read(project.stage.home.join(&path)).expect("the artifact");
    for torn in [&whole[..whole.len() / 2], b""] {
        project.write(&path, torn);
        says(&project.succeeds("main", &[]), &["count 6"]);
        assert_eq!(std::fs::read(project.stage.home.join(&path)).expect("the artifact"), whole);
    }
}

#[test]
fn a_file_that_looks_like_a_reference_to_a_clone_is_a_file() {
    let project = Project::new();
    let commit = "1".repeat(40);
    let text =
        format!("{{\"repository\":\"file:///etc\",\"commit\":\"{commit}\",\"branch\":\"main\"}}");
    project.write("codebuild-clone-reference.json", &text);
    let show =
        commands("Show", "App", &["cat codebuild-clone-reference.json", "test ! -e .git"], &[]);
    project.define("main", &[source("main"), stage("Show", &[show])], "");
    project.push("main", "A file");
    says(&project.succeeds("main", &[]), &[&text]);
}

#[test]
fn a_repository_with_links_that_lead_out_is_built_without_them() {
    let project = Project::new();
    for (target, name) in [("/etc/hostname", "absolute"), ("page", "good"), ("d/up/..", "chain")] {
        std::os::unix::fs::symlink(target, project.stage.home.join(name)).expect("a link");
    }
    project.write("page", "a page\n");
    project.write("d/file", "");
    std::os::unix::fs::symlink("..", project.stage.home.join("d/up")).expect("a link");
    let show = commands(
        "Show",
        "App",
        &["cat good", "ls d/up", "test ! -L absolute", "test ! -L chain"],
        &[],
    );
    project.define("main", &[source("main"), stage("Show", &[show])], "");
    project.push("main", "Links");
    let logs = project.succeeds("main", &[]);
    let told = "not unpacked, as it leads out of the source:";
    says(
        &logs,
        &[
            "a page",
            &format!("{told} absolute -> /etc/hostname"),
            &format!("{told} chain -> d/up/.."),
        ],
    );
}
