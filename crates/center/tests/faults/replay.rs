//! A journal that ends anywhere is taken up again with the same plan: the same end, and no write is made
//! twice but those that nobody knows of.

use crate::crash::Fragile;
use crate::dump::named;
use crate::files::everything;
use crate::stage::{Stage, documents, wait};
use crate::sweep::fresh;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use trunkline_center::apply::{Event, Journal, JournalError, Machine, MemoryJournal, run};
use trunkline_center::plan::Plan;

/// A journal whose process dies when it has so many events.
struct Cut<'a, 'b> {
    events: Vec<Event>,
    at: usize,
    cloud: &'a Fragile<'b>,
}

impl Journal for Cut<'_, '_> {
    fn append_all<'a>(
        &'a mut self,
        events: &'a [Event],
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        let room = self.at.saturating_sub(self.events.len());
        self.events.extend(events.iter().take(room).cloned());
        if self.events.len() >= self.at {
            self.cloud.die();
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Runs a plan until its journal has `at` events.
fn cut(stage: &Stage, plan: &Plan, at: usize) -> Vec<Event> {
    let fragile = Fragile::new(&stage.cloud, None);
    let mut journal = Cut { events: Vec::new(), at, cloud: &fragile };
    let mut machine = Machine::new(plan.clone(), stage.instance.clone());
    let mut silent = |_| {};
    let running = run(&fragile, &mut machine, &mut journal, &mut silent, &|| false);
    let _ended = crate::crash::until_crash(&fragile, running);
    journal.events
}

/// Steps that were begun and of which nothing more is known.
pub fn in_doubt(events: &[Event]) -> usize {
    let mut begun: BTreeSet<&str> = BTreeSet::new();
    for event in events {
        match event {
            Event::StepStarted { step, .. } => {
                begun.insert(step);
            }
            Event::StepDone { step, .. } | Event::StepFailed { step, .. } => {
                begun.remove(step.as_str());
            }
            _ => {}
        }
    }
    begun.len()
}

/// Takes up a journal; returns what came out wrong.
fn resume(stage: &Stage, plan: &Plan, events: &[Event]) -> Result<(), String> {
    let mut machine = Machine::new(plan.clone(), stage.instance.clone());
    machine.replay(events);
    let mut journal = MemoryJournal::default();
    let mut silent = |_| {};
    let running = run(&stage.cloud, &mut machine, &mut journal, &mut silent, &|| false);
    let outcome = wait(running).expect("a journal in memory");
    match outcome.failures.is_empty() && outcome.done == outcome.total {
        true => Ok(()),
        false => Err(format!("{} of {}: {:#?}", outcome.done, outcome.total, outcome.failures)),
    }
}

#[test]
fn a_journal_that_ends_anywhere_is_taken_up_again() {
    let wanted = documents(&everything());
    let stage = fresh(true);
    let plan = stage.plan(&wanted).expect("a plan");
    let before = stage.cloud.writes();
    let events = cut(&stage, &plan, usize::MAX).len();
    let writes = stage.cloud.writes() - before;
    let expected = named(&stage);
    let all = std::env::var("TRUNKLINE_FAULTS").is_ok_and(|v| v == "all");
    let (mut points, mut failures) = (0, Vec::new());
    for at in (0..events).step_by(if all { 1 } else { 4 }) {
        points += 1;
        let stage = fresh(true);
        // Ids are the same in every lab of one seed, so one plan fits them all.
        let before = stage.cloud.writes();
        let kept = cut(&stage, &plan, at);
        let ended = resume(&stage, &plan, &kept);
        let made = stage.cloud.writes() - before;
        let most = writes + in_doubt(&kept);
        let why = match ended {
            Err(why) => why,
            Ok(()) if named(&stage) != expected => "ends otherwise".to_owned(),
            Ok(()) if !(writes..=most).contains(&made) => {
                format!("{made} writes, not {writes} to {most}")
            }
            Ok(()) => continue,
        };
        failures.push(format!("after event {at} ({:?}): {why}", kept.last()));
    }
    println!("journals cut {points} of {events}, equal {}", points - failures.len());
    assert!(
        failures.is_empty(),
        "{} fail:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
}
