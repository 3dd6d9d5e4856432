//! Every write of a deployment meets every fault. From each such point the run is taken up to the end that an
//! undisturbed one has, with no call made twice but those of the step that was hit; and from each the
//! rollback gives what was there before.
//!
//! The whole table takes minutes: `TRUNKLINE_FAULTS=all`, or one of seven points `TRUNKLINE_FAULTS=7`. Otherwise each fault meets a few writes.

use crate::files::{everything, second};
use crate::rollback::{Dump, comparable, undone};
use crate::stage::{Run, Stage, Text, documents};
use crate::sweep::{End, FAULTS, Fault, differences, end, fresh, strike};
use std::collections::BTreeMap;
use trunkline_center::Documents;
use trunkline_center::apply::Event;
use trunkline_center::plan::Action;
use trunkline_center::renames::Renames;

/// One of so many points is tried.
const STRIDE: usize = 89;

/// A deployment over another one.
pub struct Scene {
    name: &'static str,
    belief: bool,
    first: Option<Documents>,
    /// What is recorded as renamed after the first.
    renames: Renames,
    wanted: Documents,
    /// How it ends when nothing disturbs it.
    expected: End,
    /// What is there before.
    before: Dump,
    writes: usize,
}

fn stage_of(belief: bool, first: Option<&Documents>, renames: &Renames) -> Stage {
    let mut stage = fresh(belief);
    if let Some(first) = first {
        stage.deploy(first);
    }
    stage.options.renames = renames.clone();
    stage
}

impl Scene {
    fn new(name: &'static str, belief: bool, first: Option<Vec<Text>>, wanted: Vec<Text>) -> Self {
        Self::renaming(name, belief, first, wanted, Renames::default())
    }

    pub fn renaming(
        name: &'static str,
        belief: bool,
        first: Option<Vec<Text>>,
        wanted: Vec<Text>,
        renames: Renames,
    ) -> Self {
        let (first, wanted) = (first.map(|files| documents(&files)), documents(&wanted));
        let stage = stage_of(belief, first.as_ref(), &renames);
        let (before, made) = (comparable(&stage), stage.cloud.writes());
        let mut run = stage.run(&wanted);
        let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
        assert_eq!(outcome.failures, []);
        let (expected, writes) = (end(&stage), stage.cloud.writes() - made);
        Self { name, belief, first, renames, wanted, expected, before, writes }
    }

    /// Runs until a fault has struck; returns the writes before.
    fn struck(&self, fault: &Fault, at: usize) -> (Stage, Run, usize) {
        let stage = stage_of(self.belief, self.first.as_ref(), &self.renames);
        let before = stage.cloud.writes();
        let mut run = stage.run(&self.wanted);
        let crash = strike(&stage, fault, at);
        let _outcome = stage.carry_on(&mut run, crash);
        (stage, run, before)
    }

    /// Takes the run up with a fresh machine.
    fn resumed(&self, fault: &Fault, at: usize) -> Result<(), String> {
        let (stage, mut run, before) = self.struck(fault, at);
        let most =
            self.writes + repeated(&run.events) + usize::from(matches!(fault, Fault::Blow(_)));
        let outcome = stage.carry_on(&mut run, None).expect("nothing kills it");
        if !outcome.failures.is_empty() || outcome.done != outcome.total {
            return Err(format!("{} of {}: {:#?}", outcome.done, outcome.total, outcome.failures));
        }
        let found = end(&stage);
        if found != self.expected {
            return Err(format!("ends otherwise: {:#?}", differences(&found, &self.expected)));
        }
        let made = stage.cloud.writes() - before;
        match (self.writes..=most).contains(&made) {
            true => Ok(()),
            false => Err(format!("{made} writes, not {} to {most}", self.writes)),
        }
    }

    /// Takes back what was begun.
    fn taken_back(&self, fault: &Fault, at: usize) -> Result<(), String> {
        let (stage, run, _) = self.struck(fault, at);
        let back = undone(&stage, &run, &self.before)?;
        if !back.kept.is_empty() {
            return Err(format!("kept: {:#?}", back.kept));
        }
        // The next plan has every rename again.
        let again = stage.plan(&self.wanted).map_err(|report| format!("no plan: {report:#?}"))?;
        let renames = [&run.plan, &again].map(|plan| plan.count(Action::Rename));
        match renames[0] == renames[1] {
            true => Ok(()),
            false => Err(format!("renames, and again: {renames:?}")),
        }
    }
}

/// The calls of steps that were begun and did not end well.
fn repeated(events: &[Event]) -> usize {
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        match event {
            Event::StepStarted { step, .. } => *calls.entry(step).or_default() += 1,
            Event::StepDone { step, .. } => drop(calls.remove(step.as_str())),
            _ => {}
        }
    }
    calls.values().sum()
}

/// Tries one of so many points, or all of them; prints the table.
#[track_caller]
pub fn check(scene: &Scene, stride: usize) {
    let asked = std::env::var("TRUNKLINE_FAULTS").ok();
    let stride = match asked.as_deref() {
        Some("all") => 1,
        number => number.and_then(|n| n.parse().ok()).unwrap_or(stride),
    };
    let (mut failures, mut rows, mut number) = (Vec::new(), Vec::new(), 0);
    for fault in &FAULTS {
        let (mut points, mut resumed, mut undone) = (0, 0, 0);
        for at in 1..=scene.writes {
            number += 1;
            if number % stride != 0 {
                continue;
            }
            points += 1;
            match scene.resumed(fault, at) {
                Ok(()) => resumed += 1,
                Err(why) => failures.push(format!("{fault:?} at {at}, resumed: {why}")),
            }
            match scene.taken_back(fault, at) {
                Ok(()) => undone += 1,
                Err(why) => failures.push(format!("{fault:?} at {at}, rolled back: {why}")),
            }
        }
        rows.push(format!(
            "faults | {:<34} | {:<42} | {points:>6} | {resumed:>7} | {undone:>11} | {:>9}",
            scene.name,
            format!("{fault:?}"),
            2 * points - resumed - undone,
        ));
    }
    println!(
        "faults | {:<34} | {:<42} | points | resumed | rolled back | not equal\n{}",
        "deployment",
        format!("fault, at each of {} writes", scene.writes),
        rows.join("\n")
    );
    let shown: String = failures.iter().take(4).map(|f| format!("{f}\n")).collect();
    assert!(failures.is_empty(), "{} points fail:\n{shown}", failures.len());
}

#[test]
fn a_first_deployment_is_resumed_and_taken_back_from_any_point() {
    check(&Scene::new("first, drafts may be named", true, None, everything()), STRIDE);
}

#[test]
fn a_first_deployment_with_published_stubs_is_resumed_and_taken_back_from_any_point() {
    check(&Scene::new("first, drafts may not be named", false, None, everything()), STRIDE);
}

#[test]
fn a_second_deployment_is_resumed_and_taken_back_from_any_point() {
    check(&Scene::new("second, drafts may be named", true, Some(everything()), second()), STRIDE);
}

#[test]
fn a_second_deployment_with_published_stubs_is_resumed_and_taken_back_from_any_point() {
    check(
        &Scene::new("second, drafts may not be named", false, Some(everything()), second()),
        STRIDE,
    );
}
