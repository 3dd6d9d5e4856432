//! What people choose: parts of an export, files without a commit; and what stands in the way.

use crate::stage::BUILD;
use crate::{EXPORT, MAIN, Team, content};
use serde_json::json;

/// Makes a queue, and a flow that leads to it.
fn new_work(team: &Team) {
    let hours = ("ListHoursOfOperations", "HoursOfOperationSummaryList");
    let hours = team.stage.id(BUILD, hours, "Basic Hours");
    let queue = json!({ "Name": "Moving", "HoursOfOperationId": hours });
    let queue = team.stage.connect(BUILD, "CreateQueue", queue)["QueueArn"].clone();
    let content = content("Hi", "Press 3", &queue).to_string();
    let input = json!({ "Name": "New", "Type": "CONTACT_FLOW", "Content": content });
    team.stage.connect(BUILD, "CreateContactFlow", input);
}

#[test]
fn one_persons_work_is_taken_with_what_it_needs_and_nothing_else() {
    let team = Team::new();
    new_work(&team);
    team.console("Main", "Not yet", "Press 1");
    let only = [EXPORT, &["--only", "flow:New"]].concat();
    team.stage.refused(&only, 1, "TL0715", &["queue \"Moving\"", "--with-dependencies"]);
    let wrong = [EXPORT, &["--only", "flow:Nw"]].concat();
    team.stage.refused(&wrong, 64, "TL0716", &["flow:New"]);

    team.stage.done(&[&only[..], &["--with-dependencies"]].concat());
    let changed = team.git(&["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(changed, "connect/flows/New.json\nconnect/queues/Moving.yaml");
    assert_eq!(team.texts(MAIN), ["Hello", "Press 1"]);
    team.stage.done(&[EXPORT, &["--only", "queue,flow"]].concat());
    assert_eq!(team.texts(MAIN), ["Not yet", "Press 1"]);
}

#[test]
fn what_is_not_committed_is_refused_before_anything_is_read() {
    let team = Team::new();
    team.console("Main", "Good morning", "Press 1");
    let text = team.stage.home.read(MAIN);
    team.stage.home.write(MAIN, text.replace("Press 1", "Press 2"));
    team.stage.home.write("connect/queues/Mine.yaml", "Name: Mine\n");
    let says = ["2 files", MAIN, "connect/queues/Mine.yaml", "--no-commit"];
    let ran = team.stage.refused(EXPORT, 1, "TL0712", &says);
    assert!(!ran.err.contains("acme-rnd"), "no account was asked: {}", ran.err);

    // Files outside the documents are nobody's concern.
    team.git(&["checkout", "-q", "--", "."]);
    std::fs::remove_file(team.stage.home.join("connect/queues/Mine.yaml")).expect("a file");
    team.stage.home.write("notes.txt", "mine");
    team.stage.done(EXPORT);
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 1"]);
    assert_eq!(team.status(), "?? notes.txt");
    team.git(&["add", "notes.txt"]);
    team.stage.refused(EXPORT, 1, "TL0712", &["notes.txt"]);
}

#[test]
fn files_are_written_without_a_commit_where_that_is_wanted() {
    let team = Team::new();
    let before = team.head();
    team.console("Main", "Good morning", "Press 1");
    let text = team.stage.home.read(MAIN);
    team.stage.home.write(MAIN, text.replace("Press 1", "Press 2"));
    team.stage.done(&[EXPORT, &["--no-commit"]].concat());
    assert_eq!(team.head(), before);
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 1"]);
    assert_eq!(team.status(), format!(" M {MAIN}"));
}

#[test]
fn a_folder_that_git_passes_over_is_no_place_for_commits() {
    let team = Team::new();
    let home = &team.stage.home;
    let before = team.head();
    home.write("scratch/trunkline.yaml", home.read("trunkline.yaml"));
    home.write(".gitignore", home.read(".gitignore") + "/scratch/\n");
    team.git(&["commit", "-q", "-a", "-m", "Scratch"]);
    let mut command = team.stage.command(EXPORT);
    let output = command.current_dir(home.join("scratch")).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    assert!(home.join("scratch").join(MAIN).is_file());
    assert_eq!(team.git(&["rev-parse", "HEAD^"]), before);
    assert_eq!(team.git(&["for-each-ref", "refs/trunkline/export"]), "");
}

#[test]
fn new_bindings_are_part_of_the_commit_and_meet_those_of_others() {
    let team = Team::new();
    team.stage.done(EXPORT);
    let flow = |name: &str, secret: &str| {
        let arn = format!("arn:aws:secretsmanager:us-west-2:{BUILD}:secret:{secret}");
        let content = content(&arn, "Press 1", &json!(team.queue_arn("Sales"))).to_string();
        let input = json!({ "Name": name, "Type": "CONTACT_FLOW", "Content": content });
        team.stage.connect(BUILD, "CreateContactFlow", input);
        arn
    };
    let one = flow("One", "first");
    let bind = [EXPORT, &["--bind"]].concat();
    team.stage.done(&bind);
    let changed = team.git(&["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(changed, "connect/flows/One.json\ntrunkline.yaml");
    assert!(team.stage.home.read("trunkline.yaml").contains(&one));

    // Somebody else binds something at the same place, by hand.
    let text = team.stage.home.read("trunkline.yaml");
    team.stage.home.write("trunkline.yaml", format!("{text}  \"bucket:mine\": {{ rnd: mine }}\n"));
    let two = flow("Two", "2nd");
    team.stage.refused(&bind, 1, "TL0712", &["trunkline.yaml"]);
    team.git(&["commit", "-q", "-m", "By hand", "--", "trunkline.yaml"]);
    team.stage.done(&bind);
    let text = team.stage.home.read("trunkline.yaml");
    assert!(text.contains(&one) && text.contains(&two) && text.contains("bucket:mine"), "{text}");
    assert_eq!(team.status(), "");
}
