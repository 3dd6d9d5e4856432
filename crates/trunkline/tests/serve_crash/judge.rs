//! Whether a run that something happened to ended as the undisturbed one.

use crate::sweep::Attempt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use trunkline_engine::{Event, Recorded};

/// What is not as in the undisturbed run.
pub(crate) fn unlike(got: &Attempt, usual: &Attempt) -> Vec<String> {
    let mut wrong = problems(got);
    let mut same = |what: &str, got: &dyn std::fmt::Debug, usual: &dyn std::fmt::Debug| {
        let (got, usual) = (format!("{got:?}"), format!("{usual:?}"));
        if got != usual {
            wrong.push(format!("{what} is {got} and was {usual}"));
        }
    };
    same("the execution", &essence(&got.shown), &essence(&usual.shown));
    same("the content of the instances", &got.content, &usual.content);
    same("what changed in AWS", &got.effects, &usual.effects);
    same("the releases", &got.releases, &usual.releases);
    let more = more_calls(&usual.writes, &got.writes);
    if more.values().sum::<usize>() > got.begun_again {
        wrong.push(format!("{more:?} was sent again, {} steps were open", got.begun_again));
    }
    let fewer = more_calls(&got.writes, &usual.writes);
    if !fewer.is_empty() {
        wrong.push(format!("{fewer:?} was not written"));
    }
    wrong
}

/// What is wrong with a run by itself.
pub(crate) fn problems(got: &Attempt) -> Vec<String> {
    let mut wrong = Vec::new();
    let status = &got.shown["status"];
    if status != "Succeeded" {
        wrong.push(format!("it ended as {status}: {}", got.shown));
    }
    if let Some(left) = &got.left {
        wrong.push(format!("a plan finds something to do: {left}"));
    }
    if got.approved != 1 {
        wrong.push(format!("it was approved {} times", got.approved));
    }
    if !got.alive.is_empty() {
        wrong.push(format!("{} processes of builds outlive the execution", got.alive.len()));
    }
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    got.events.iter().filter_map(ended).for_each(|id| *ends.entry(id).or_default() += 1);
    wrong.extend(ends.iter().filter(|e| *e.1 != 1).map(|(id, n)| format!("{id} ended {n} times")));
    wrong.extend(after_the_blow(got));
    wrong.extend(ledger(got));
    wrong
}

/// What the blow took, or should have taken.
fn after_the_blow(got: &Attempt) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(struck) = &got.struck else { return wrong };
    if !struck.events.iter().all(|events| got.events.starts_with(events)) {
        wrong.push("events that were committed are not there any more".to_owned());
    }
    if !struck.alive.is_empty() {
        let alive = struck.alive.len();
        wrong.push(format!("{alive} processes of the killed server's builds are alive"));
    }
    for (id, shown) in &struck.shown {
        let log = got.logs.get(id).map(Vec::as_slice).unwrap_or_default();
        if !log.starts_with(shown) {
            let text = String::from_utf8_lossy(shown);
            wrong.push(format!("the log of {id} had lines that are gone: {text}"));
        }
    }
    let again = interruptions(&got.events);
    let mut expected = BTreeMap::new();
    for id in struck.events.iter().flat_map(|events| open(events)) {
        *expected.entry(id).or_default() += 1;
    }
    if again != expected {
        wrong.push(format!("{again:?} were begun again, {expected:?} were open"));
    }
    wrong
}

/// Builds note when they begin and end: what had ended before the blow has noted it once, what was open is
/// made again from its beginning, and once.
fn ledger(got: &Attempt) -> Vec<String> {
    let struck = got.struck.as_ref().map(|s| s.events.as_slice()).unwrap_or_default();
    let open: Vec<BTreeSet<String>> = struck.iter().map(|events| open(events)).collect();
    let mut wrong = Vec::new();
    let started = got.events.iter().filter_map(|e| match &e.event {
        Event::ActionStarted(start) if start.stage == "Build" => Some(start),
        _ => None,
    });
    for start in started {
        let (name, id) = (&start.action, &start.action_execution);
        let noted = |word: &str, attempt: u32| {
            let line = format!("{word} {name} {id}-{attempt}");
            got.ledger.lines().filter(|l| **l == line).count()
        };
        let cut_off = open.iter().filter(|open| open.contains(id)).count();
        for word in ["begin", "end"] {
            let counts = [noted(word, 1), noted(word, 2), noted(word, 3)];
            // One that was cut off was so somewhere, maybe right before it would have been told of its end.
            let (before, after) = counts.split_at(cut_off);
            let good = before.iter().all(|count| *count <= 1)
                && after[0] == 1
                && after[1..].iter().all(|count| *count == 0);
            if !good {
                wrong.push(format!("{name} noted `{word}` {counts:?} times by attempt"));
            }
        }
    }
    wrong
}

/// The id of the action that an event ends.
pub(crate) fn ended(recorded: &Recorded) -> Option<&str> {
    match &recorded.event {
        Event::ActionEnded { action_execution, .. } => Some(action_execution),
        _ => None,
    }
}

/// Actions with processes that have begun and not ended. An approval is not one: it only waits.
fn open(events: &[Recorded]) -> BTreeSet<String> {
    let ended: BTreeSet<&str> = events.iter().filter_map(ended).collect();
    let open = |recorded: &Recorded| match &recorded.event {
        Event::ActionStarted(start) if start.token.is_none() => {
            let id = start.action_execution.clone();
            (!ended.contains(id.as_str())).then_some(id)
        }
        _ => None,
    };
    events.iter().filter_map(open).collect()
}

/// How often actions were begun again.
pub(crate) fn interruptions(events: &[Recorded]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for recorded in events {
        if let Event::ActionInterrupted { action_execution, .. } = &recorded.event {
            *found.entry(action_execution.clone()).or_default() += 1;
        }
    }
    found
}

/// How many deployments went on with the run that an earlier start had begun.
pub(crate) fn resumed(got: &Attempt) -> usize {
    let says = |log: &&Vec<u8>| {
        let log = String::from_utf8_lossy(log);
        log.lines().any(|line| line.contains("run ") && line.ends_with(" left"))
    };
    got.logs.values().filter(says).count()
}

/// Calls of which there were more.
pub(crate) fn more_calls(
    usual: &BTreeMap<String, usize>,
    found: &BTreeMap<String, usize>,
) -> BTreeMap<String, usize> {
    let more = |(name, count): (&String, &usize)| {
        let beyond = count.saturating_sub(usual.get(name).copied().unwrap_or_default());
        (beyond > 0).then(|| (name.clone(), beyond))
    };
    found.iter().filter_map(more).collect()
}

/// An execution without what differs from run to run: ids, times, and how often something was begun.
fn essence(shown: &Value) -> Value {
    let action = |a: &Value| {
        let artifacts = a["artifacts"].as_array().into_iter().flatten();
        let artifacts: Vec<Value> =
            artifacts.map(|a| json!([a["name"], a["id"], a["size"]])).collect();
        json!([a["name"], a["status"], a["summary"], a["outputVariables"], artifacts, a["by"]])
    };
    let stage = |s: &Value| {
        let actions = s["actions"].as_array().into_iter().flatten().map(action);
        json!([s["name"], s["status"], actions.collect::<Vec<_>>()])
    };
    let stages: Vec<Value> = shown["stages"].as_array().into_iter().flatten().map(stage).collect();
    json!([shown["status"], shown["waiting"], shown["revisions"][0]["id"], stages])
}

/// How many steps the journals of deployments have as begun more than once.
pub(crate) fn begun_again(state: &Path) -> usize {
    let mut begun: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (path, text) in journals(state) {
        let run = path.split("/runs/").nth(1).and_then(|rest| rest.split('/').next());
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            if event["event"] == "step-started" {
                let step = event["step"].as_str().unwrap_or_default().to_owned();
                *begun.entry((run.unwrap_or_default().to_owned(), step)).or_default() += 1;
            }
        }
    }
    begun.values().map(|count| count - 1).sum()
}

fn journals(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.extend(journals(&path));
        } else if name.ends_with(".jsonl") && name.contains("/journal/") {
            found.push((name, std::fs::read_to_string(&path).unwrap_or_default()));
        }
    }
    found
}
