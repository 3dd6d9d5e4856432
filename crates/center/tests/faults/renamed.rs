//! What a run renamed has its name again after the rollback, by its id, from wherever the run stopped; and the
//! next plan renames it again.

use crate::files::{inbound, say, to_flow, to_queue, yaml};
use crate::points::{Scene, check};
use crate::rollback::{comparable, undo, undone};
use crate::stage::{Run, Stage, Text, documents};
use serde_json::json;
use std::collections::BTreeMap;
use trunkline_center::plan::Action;
use trunkline_center::renames::Renames;

/// One of so many points is tried.
const STRIDE: usize = 5;

fn renames(names: &[(&'static str, &str, &str)]) -> Renames {
    let one = |(kind, old, new): &(&'static str, &str, &str)| {
        ((*kind, (*old).to_owned()), (*new).to_owned())
    };
    let mut renames = Renames::default();
    renames.append(names.iter().map(one).collect());
    renames
}

fn hours(name: &str, zone: &str) -> Text {
    yaml(&format!("hours/{name}"), &format!("Name: {name}\nTimeZone: {zone}\n"))
}

fn closed(hours: &str, name: &str, day: &str) -> Text {
    yaml(
        &format!("hours-overrides/{name}"),
        &format!(
            "Name: {name}\nHoursOfOperationId: ${{hours:{hours}}}\nOverrideType: CLOSED\nEffectiveFrom: '{day}'\nEffectiveTill: '{day}'\n"
        ),
    )
}

fn sold(name: &str, hours: &str, count: usize) -> Text {
    let text =
        format!("Name: {name}\nHoursOfOperationId: ${{hours:{hours}}}\nMaxContacts: {count}\n");
    yaml(&format!("queues/{name}"), &text)
}

/// A version before its renames, the one after, and the renames.
type Case = (Vec<Text>, Vec<Text>, Renames);

fn one() -> Case {
    let version = |name: &str| vec![hours(name, "UTC"), sold("Sales", name, 1)];
    (version("Day"), version("Night"), renames(&[("hours", "Day", "Night")]))
}

fn exchange() -> Case {
    let first = vec![hours("A", "UTC"), hours("B", "Europe/Rome"), sold("Sales", "A", 1)];
    let second = vec![hours("B", "UTC"), hours("A", "Europe/Rome"), sold("Sales", "B", 1)];
    (first, second, renames(&[("hours", "A", "B"), ("hours", "B", "A")]))
}

fn ring() -> Case {
    let version = |names: [&str; 3]| {
        let queues = names.iter().enumerate();
        let mut files: Vec<Text> = queues.map(|(i, name)| sold(name, "Day", i + 1)).collect();
        files.extend([hours("Day", "UTC"), inbound("Main", vec![to_queue(names[0])])]);
        files
    };
    let ring = [("queue", "P", "Q"), ("queue", "Q", "R"), ("queue", "R", "P")];
    (version(["P", "Q", "R"]), version(["Q", "R", "P"]), renames(&ring))
}

/// Renamed and edited; another one has the old name; what lies within goes along.
fn mixture() -> Case {
    let first = vec![
        hours("Day", "UTC"),
        closed("Day", "Easter", "2027-03-28"),
        sold("Sales", "Day", 1),
        inbound("One", vec![say("Hello")]),
        inbound("Main", vec![to_flow("One"), to_queue("Sales")]),
    ];
    let second = vec![
        hours("Night", "Europe/Rome"),
        hours("Day", "Asia/Tokyo"),
        closed("Night", "Easter", "2027-03-29"),
        closed("Night", "Christmas", "2027-12-25"),
        sold("Service", "Night", 2),
        sold("Sales", "Day", 3),
        inbound("Uno", vec![say("Ciao"), to_flow("One")]),
        inbound("One", vec![say("New"), to_queue("Sales")]),
        inbound("Main", vec![to_flow("Uno"), to_queue("Service")]),
    ];
    let names = [("hours", "Day", "Night"), ("queue", "Sales", "Service"), ("flow", "One", "Uno")];
    (first, second, renames(&names))
}

#[track_caller]
fn swept(name: &'static str, (first, second, renames): Case) {
    check(&Scene::renaming(name, true, Some(first), second, renames), STRIDE);
}

#[test]
fn a_rename_is_resumed_and_taken_back_from_any_point() {
    swept("a rename", one());
}

#[test]
fn an_exchange_of_names_is_resumed_and_taken_back_from_any_point() {
    swept("an exchange of names", exchange());
}

#[test]
fn a_ring_of_names_is_resumed_and_taken_back_from_any_point() {
    swept("a ring of names", ring());
}

#[test]
fn renames_with_edits_and_new_ones_under_the_old_names_are_resumed_and_taken_back() {
    swept("renames, edits, old names anew", mixture());
}

/// A stage after the first version, and the run of the second one, not begun.
fn begun((first, second, renames): Case) -> (Stage, Run) {
    let mut stage = Stage::new();
    stage.deploy(&documents(&first));
    stage.options.renames = renames;
    let run = stage.run(&documents(&second));
    (stage, run)
}

fn ids(stage: &Stage) -> BTreeMap<(String, String), String> {
    let all = stage.whole().resources.into_iter();
    all.map(|r| ((r.kind.to_owned(), r.name), r.id)).collect()
}

#[test]
fn each_id_has_its_name_of_before_and_what_is_remembered_says_so() {
    for case in [one(), exchange(), ring(), mixture()] {
        let (first, second) = (case.0.clone(), case.1.clone());
        let (mut stage, mut run) = begun(case);
        let (before, contents) = (ids(&stage), comparable(&stage));
        let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
        assert_eq!(outcome.failures, []);
        let back = undone(&stage, &run, &contents).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((back.cannot, back.kept), (Vec::new(), Vec::new()));
        assert_eq!(ids(&stage), before);
        // Forth again, and back to the documents of before: nothing is taken for somebody's work.
        let mut forth = stage.run(&documents(&second));
        stage.carry_on(&mut forth, None);
        stage.is_settled(&documents(&second));
        let now = ids(&stage);
        for (key, id) in &before {
            assert!(now.values().any(|now| now == id), "{key:?} is another one");
        }
        let back = undo(&stage, &forth).unwrap_or_else(|why| panic!("{why}"));
        assert!(back.plan.count(Action::Rename) > 0);
        stage.options.renames = Renames::default();
        stage.is_settled(&documents(&first));
    }
}

#[test]
fn a_rollback_of_renames_that_stops_anywhere_is_made_anew_or_taken_up() {
    for case in [exchange(), mixture()] {
        let (stage, _) = begun(case.clone());
        let before = comparable(&stage);
        for at in 1.. {
            let (stage, mut run) = begun(case.clone());
            stage.carry_on(&mut run, None);
            let plan = stage.undoing(&run).expect("a rollback").plan;
            if at > plan.steps.len() {
                break;
            }
            let mut half = Run { plan, ..run.clone() };
            half.events.clear();
            let crash = crate::crash::Crash::After(at);
            assert!(stage.carry_on(&mut half, Some(crash)).is_none());
            match at % 2 {
                0 => {
                    drop(undone(&stage, &run, &before).unwrap_or_else(|why| panic!("{at}: {why}")))
                }
                _ => {
                    let outcome = stage.carry_on(&mut half, None).expect("nothing kills it");
                    assert_eq!(outcome.failures, [], "{at}");
                    assert_eq!(comparable(&stage), before, "{at}");
                }
            }
        }
    }
}

#[test]
fn a_rollback_of_renames_is_taken_back_as_well() {
    let (stage, mut run) = begun(exchange());
    stage.carry_on(&mut run, None);
    let after = comparable(&stage);
    let (before, back) = (stage.whole(), stage.undoing(&run).expect("a rollback"));
    let mut backwards = Run { before, plan: back.plan, events: Vec::new() };
    stage.carry_on(&mut backwards, None);
    undone(&stage, &backwards, &after).unwrap_or_else(|why| panic!("{why}"));
    stage.is_settled(&documents(&exchange().1));
}

#[test]
fn a_name_that_somebody_gave_since_stays_and_so_does_what_others_use_under_the_old_one() {
    let (stage, mut run) = begun(one());
    stage.carry_on(&mut run, None);
    let id = stage.id_of("hours", "Night");
    let input = json!({ "HoursOfOperationId": id, "Name": "Theirs" });
    stage.called("UpdateHoursOfOperation", input);
    let back = undo(&stage, &run).unwrap_or_else(|why| panic!("{why}"));
    let told = |back: &trunkline_center::rollback::Rollback| -> Vec<String> {
        back.kept.iter().map(|d| d.message.clone()).collect()
    };
    assert_eq!(told(&back), ["hours \"Day\" is called `Theirs` since; it keeps that name"]);
    assert_eq!(back.plan.unseen, Vec::<String>::new());

    let (stage, mut run) = begun(mixture());
    stage.carry_on(&mut run, None);
    let hours = stage.id_of("hours", "Day");
    stage.called("CreateQueue", json!({ "Name": "Theirs", "HoursOfOperationId": hours }));
    let back = undo(&stage, &run).unwrap_or_else(|why| panic!("{why}"));
    let told = told(&back);
    assert!(
        told.contains(&"hours \"Day\" stays: queue \"Theirs\" uses it".to_owned()),
        "{told:#?}"
    );
    let kept = "hours \"Day\" is called `Night` since; it keeps that name".to_owned();
    assert!(told.contains(&kept), "{told:#?}");
    assert_eq!(stage.id_of("hours", "Day"), hours);
}
