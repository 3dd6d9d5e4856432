//! What happens in the console arrives in the branch: edits, conflicts, renames, deletions.

use crate::stage::{BUILD, says_all};
use crate::{EXPORT, MAIN, Team};
use serde_json::json;

#[test]
fn edits_in_the_console_and_in_the_repository_come_together() {
    let team = Team::new();
    let ran = team.stage.done(EXPORT);
    assert!(ran.out.contains("Nothing new: main holds the last export."), "{}", ran.out);
    let first = team.head();

    // Two builders edit two flows, a third person edits another block of one of them in the repository.
    team.console("Main", "Good morning", "Press 1");
    team.console("Second", "Hello", "Press 9");
    team.commit(MAIN, "Press 1", "Press 1 or 2");
    let by_hand = team.head();
    let ran = team.stage.done(EXPORT);
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 1 or 2"]);
    assert_eq!(team.texts("connect/flows/Second.json"), ["Hello", "Press 9"]);
    assert!(ran.out.contains("Merged into main: "), "{}", ran.out);
    assert!(ran.out.contains("files: 0 added, 2 changed, 0 left over"), "{}", ran.out);
    assert_eq!(team.status(), "");

    // The export is a commit on top of the last one; the merge has both as parents.
    let export = team.git(&["rev-parse", "refs/trunkline/export/rnd-us-west-2"]);
    assert_eq!(team.git(&["log", "-1", "--format=%P", "HEAD"]), format!("{by_hand} {export}"));
    assert_eq!(team.git(&["rev-parse", &format!("{export}^")]), first);
    let told = team.git(&["log", "-1", "--format=%an: %B", &export]);
    assert!(told.starts_with("Ann Example: Export rnd (us-west-2)\n"), "{told}");
    assert!(told.contains(&format!("Instance acme-rnd of account {BUILD}.")), "{told}");

    let end = team.head();
    team.stage.done(EXPORT);
    assert_eq!(team.head(), end, "nothing changed, so nothing was committed");

    // Where nothing else happened, the branch goes forward.
    team.console("Main", "Good evening", "Press 1");
    let ran = team.stage.done(&[EXPORT, &["--json"]].concat());
    assert_eq!(ran.json()["commit"]["merge"], "joined");
    assert_eq!(team.texts(MAIN), ["Good evening", "Press 1 or 2"]);
}

#[test]
fn the_commit_of_what_the_first_export_wrote_counts_as_that_export() {
    let team = Team::new();
    team.commit("connect/queues/Sales.yaml", "MaxContacts: 7", "MaxContacts: 8");
    team.console("Main", "Good morning", "Press 1");
    let ran = team.stage.done(EXPORT);
    assert!(!ran.err.contains("No earlier export"), "{}", ran.err);
    assert!(team.stage.home.read("connect/queues/Sales.yaml").contains("MaxContacts: 8"));
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 1"]);
}

#[test]
fn without_edits_by_hand_the_branch_goes_forward() {
    let team = Team::new();
    team.console("Main", "Good morning", "Press 1");
    let before = team.head();
    let ran = team.stage.done(EXPORT);
    assert!(ran.out.contains("Committed to main: "), "{}", ran.out);
    assert_eq!(team.git(&["rev-parse", "HEAD^"]), before);
    let json = team.stage.done(&[EXPORT, &["--json"]].concat()).json();
    assert_eq!(json["commit"]["merge"], "nothing");
}

#[test]
fn the_same_block_conflicts_readably_and_the_merge_can_be_finished_or_taken_back() {
    let team = Team::new();
    team.stage.done(EXPORT);
    team.console("Main", "Good morning", "Press 5");
    team.commit(MAIN, "Press 1", "Press 2");
    let before = team.head();
    let ran = team.stage.run(EXPORT);
    let says = [MAIN, "block \"menu\"", "git add", "git commit", "git merge --abort"];
    says_all(&ran, 5, "TL0713", &says);
    let text = team.stage.home.read(MAIN);
    let marks: Vec<&str> = text.lines().filter(|l| !l.starts_with([' ', '{', '}'])).collect();
    let theirs = ">>>>>>> refs/trunkline/export/rnd-us-west-2";
    assert_eq!(marks, ["<<<<<<< HEAD", "=======", theirs], "{text}");
    assert!(text.contains("Good morning") && text.contains("Press 5") && text.contains("Press 2"));
    // By block, not by line, although nobody ran `init`.
    assert_eq!(text.matches("\"Identifier\": \"menu\"").count(), 2, "{text}");

    // Nothing is planned from it, and nothing is exported over it.
    let line = text.lines().position(|l| l.starts_with("<<<<<<<")).expect("a marker") + 1;
    let place = format!("{MAIN}:{line}:1");
    team.stage.refused(&["plan", "--env", "prod"], 1, "TL0710", &[&place, "git merge --abort"]);
    team.stage.refused(EXPORT, 1, "TL0712", &["a merge is going on", "git merge --abort"]);

    team.git(&["merge", "--abort"]);
    assert_eq!((team.head(), team.status()), (before, String::new()));
    says_all(&team.stage.run(EXPORT), 5, "TL0713", &says);
    let (ours, rest) = text.split_once("<<<<<<< HEAD\n").expect("a marker");
    let (kept, rest) = rest.split_once("=======\n").expect("a marker");
    let (_, rest) = rest.split_once(&format!("{theirs}\n")).expect("a marker");
    team.stage.home.write(MAIN, format!("{ours}{kept}{rest}"));
    team.git(&["add", MAIN]);
    team.git(&["commit", "-q", "--no-edit"]);
    assert_eq!(team.texts(MAIN), ["Good morning", "Press 2"]);
    let ran = team.stage.done(EXPORT);
    assert!(ran.out.contains("Nothing new"), "{}", ran.out);
}

#[test]
fn a_rename_in_the_console_moves_the_file_and_is_recorded_for_the_targets() {
    let team = Team::new();
    team.stage.done(EXPORT);
    let (sales, basic) = (team.queue("Sales"), team.queue("BasicQueue"));
    team.rename_queue(&sales, "Vendite");
    team.commit("connect/queues/Sales.yaml", "MaxContacts: 7", "MaxContacts: 8");
    let ran = team.stage.done(EXPORT);
    assert!(ran.out.contains("queue \"Sales\" is called \"Vendite\" now"), "{}", ran.out);
    let queue = team.stage.home.read("connect/queues/Vendite.yaml");
    assert!(queue.contains("Name: Vendite") && queue.contains("MaxContacts: 8"), "{queue}");
    assert!(!team.stage.home.join("connect/queues/Sales.yaml").exists());
    let id = &team.flow(MAIN)["content"]["Actions"][2]["Parameters"]["QueueId"];
    assert_eq!(id, "${queue:Vendite}");
    let renames = team.stage.home.read("connect/renames.yaml");
    assert!(renames.contains("\"queue:Sales\":\"Vendite\"") && renames.lines().count() == 1);

    // Two that exchange their names are one entry.
    team.rename_queue(&sales, "Elsewhere");
    team.rename_queue(&basic, "Vendite");
    team.rename_queue(&sales, "BasicQueue");
    team.stage.done(EXPORT);
    // What differs by hand stays with its resource: the files are not exchanged.
    let queue = team.stage.home.read("connect/queues/Vendite.yaml");
    assert!(queue.contains("Name: BasicQueue") && queue.contains("MaxContacts: 8"), "{queue}");
    let renames = team.stage.home.read("connect/renames.yaml");
    let last = renames.lines().nth(1).expect("a second entry");
    assert!(last.contains("\"queue:BasicQueue\":\"Vendite\""), "{renames}");
    assert!(last.contains("\"queue:Vendite\":\"BasicQueue\""), "{renames}");
    let end = team.head();
    team.stage.done(EXPORT);
    assert_eq!(team.head(), end);
}

#[test]
fn a_deletion_in_the_console_is_proposed_and_goes_where_it_is_accepted() {
    let team = Team::new();
    team.stage.done(EXPORT);
    let flows = ("ListContactFlows", "ContactFlowSummaryList");
    for name in ["Main", "Second"] {
        let id = team.stage.id(BUILD, flows, name);
        team.stage.connect(BUILD, "DeleteContactFlow", json!({ "ContactFlowId": id }));
    }
    let ran = team.stage.done(EXPORT);
    let proposed = format!("  ? {MAIN}   not in the instance any more; `--accept-deletions`");
    assert!(ran.out.contains(&proposed) && ran.out.contains("2 left over"), "{}", ran.out);
    assert!(team.stage.home.join(MAIN).exists());

    // Somebody works on one of the two: that is for people to decide.
    team.commit(MAIN, "Press 1", "Press 2");
    let accept = [EXPORT, &["--accept-deletions"]].concat();
    let says = [MAIN, "deleted or renamed in the console, changed here"];
    says_all(&team.stage.run(&accept), 5, "TL0713", &says);
    team.git(&["rm", "-q", MAIN]);
    team.git(&["commit", "-q", "--no-edit"]);
    let ran = team.stage.done(EXPORT);
    assert!(ran.out.contains("0 left over"), "{}", ran.out);
    assert!(!team.stage.home.join("connect/flows/Second.json").exists());
}
