//! `init` and `merge-driver`: git itself merges flows by block.

use crate::{EXPORT, MAIN, Team};

const RENAMES: &str = "connect/renames.yaml";

#[test]
fn init_sets_up_a_project_that_is_there_and_nothing_twice() {
    let team = Team::at_the_beginning();
    let config = team.stage.home.read("trunkline.yaml");
    let ran = team.stage.done(&["init"]);
    assert!(
        ran.out.contains(".gitattributes: flows and modules are merged by block"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("merge.trunkline.driver is set"), "{}", ran.out);
    let attributes = team.stage.home.read(".gitattributes");
    assert!(attributes.contains("connect/flows/*.json merge=trunkline\n"), "{attributes}");
    assert!(team.git(&["config", "merge.trunkline.driver"]).contains("merge-driver %O %A %B %P"));
    let ran = team.stage.done(&["init"]);
    assert!(ran.out.contains("names the merge driver already"), "{}", ran.out);
    assert!(ran.out.contains("is set already"), "{}", ran.out);
    assert_eq!(team.stage.home.read(".gitattributes"), attributes);
    assert_eq!(team.stage.home.read("trunkline.yaml"), config);
    team.stage.refused(&["init", "--project", "other"], 1, "TL0208", &["there already"]);
}

#[test]
fn git_merges_neighbouring_blocks_that_lines_could_not() {
    let team = Team::at_the_beginning();
    team.stage.done(&["init"]);
    team.stage.done(EXPORT);
    team.git(&["add", "."]);
    team.git(&["commit", "-q", "-m", "All"]);
    let add = |name: &str| {
        let text = team.stage.home.read(MAIN);
        let block = format!(
            "      {{ \"Identifier\": \"{name}\", \"Type\": \"DisconnectParticipant\", \
             \"Parameters\": {{}}, \"Transitions\": {{}} }},\n"
        );
        let at = text.find("\"Actions\": [\n").expect("blocks") + "\"Actions\": [\n".len();
        team.stage.home.write(MAIN, format!("{}{block}{}", &text[..at], &text[at..]));
        let before = std::fs::read_to_string(team.stage.home.join(RENAMES)).unwrap_or_default();
        let line = format!("- {{ id: \"{name}\", names: {{\"queue:{name}\":\"B\"}} }}\n");
        team.stage.home.write(RENAMES, before + &line);
        team.git(&["add", "."]);
        team.git(&["commit", "-q", "-m", name]);
    };
    team.git(&["checkout", "-q", "-b", "side"]);
    add("one");
    team.git(&["checkout", "-q", "main"]);
    add("two");
    team.git(&["merge", "-q", "--no-edit", "side"]);
    let flow = team.flow(MAIN);
    let blocks = flow["content"]["Actions"].as_array().expect("blocks");
    assert_eq!(blocks.len(), 6);
    // Renames of both sides are kept, ours first.
    let renames = team.stage.home.read(RENAMES);
    let ids: Vec<&str> = renames.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(ids, ["two", "one"], "{renames}");
}

#[test]
fn the_driver_merges_conflicts_and_leaves_to_git_what_it_does_not_know() {
    let team = Team::new();
    let home = &team.stage.home;
    let text = home.read(MAIN);
    let run = |base: &str, ours: &str, theirs: &str| {
        home.write("o", base);
        home.write("a", ours);
        home.write("b", theirs);
        let labels = ["--ours", "mine", "--theirs", "%Y", "-L", "9"];
        let ran = team.stage.run(&[&["merge-driver", "o", "a", "b", MAIN], &labels[..]].concat());
        (ran.code, home.read("a"), ran.err)
    };
    let one = text.replace("Hello", "Good morning");
    let two = text.replace("Press 1", "Press 2");
    let (code, merged, _) = run(&text, &one, &two);
    assert_eq!((code, merged), (0, one.replace("Press 1", "Press 2")));

    let (code, marked, err) = run(&text, &one, &text.replace("Hello", "Good night"));
    assert_eq!(code, 1);
    assert!(
        marked.contains("<<<<<<<<< mine\n") && marked.contains(">>>>>>>>> theirs\n"),
        "{marked}"
    );
    assert!(err.contains(MAIN) && err.contains("block \"welcome\""), "{err}");

    // Lines: no JSON, and a file that both added.
    assert_eq!(run("a\nb\nc\nd\n", "x\nb\nc\nd\n", "a\nb\nc\ny\n").1, "x\nb\nc\ny\n");
    let (code, marked, _) = run("a\n", "b\n", "c\n");
    assert_eq!((code, marked.as_str()), (1, "<<<<<<<<< mine\nb\n=========\nc\n>>>>>>>>> theirs\n"));
    assert_eq!(run("", &text, &text).0, 0);
    // Nothing to merge: git must not take what is there for a result.
    assert_eq!(team.stage.run(&["merge-driver", "o", "nothing", "b"]).code, 129);
}
