//! A run made of steps: prints what each does, how it ended, and at the end what failed or was skipped.

use anyhow::Result;
use std::process::Command;
use std::time::Instant;

/// How a step ended.
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// Not run here, with the reason.
    Skipped(String),
}

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    ended: Vec<(String, Verdict)>,
}

impl Steps {
    /// Runs a step; an error counts as its failure and is printed, so that later steps still run.
    pub(crate) fn step(&mut self, name: &str, action: impl FnOnce() -> Result<Verdict>) -> bool {
        println!("\n==> {name}");
        let started = Instant::now();
        let verdict = action().unwrap_or_else(|error| {
            println!("{name}: {error:#}");
            Verdict::Failed
        });
        let seconds = started.elapsed().as_secs_f64();
        match &verdict {
            Verdict::Passed => println!("==> {name}: passed in {seconds:.1} s"),
            Verdict::Failed => println!("==> {name}: FAILED after {seconds:.1} s"),
            Verdict::Skipped(reason) => println!("SKIP: {name}: {reason}"),
        }
        let passed = matches!(verdict, Verdict::Passed);
        self.ended.push((name.to_owned(), verdict));
        passed
    }

    /// Prints the list of steps; true where none failed.
    pub(crate) fn close(self) -> bool {
        println!("\n==> summary");
        let mut good = true;
        for (name, verdict) in &self.ended {
            match verdict {
                Verdict::Passed => println!("passed   {name}"),
                Verdict::Skipped(reason) => println!("skipped  {name}: {reason}"),
                Verdict::Failed => {
                    println!("FAILED   {name}");
                    good = false;
                }
            }
        }
        good
    }
}

/// Prints a command and runs it with our own output; passed where it ends with 0.
pub(crate) fn run(command: &mut Command) -> Result<Verdict> {
    println!("$ {}", shown(command));
    Ok(if command.status()?.success() { Verdict::Passed } else { Verdict::Failed })
}

/// The command as a person would type it; of a long list of files only the first.
fn shown(command: &Command) -> String {
    const MOST: usize = 12;
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|w| w.to_string_lossy().into_owned()).collect();
    match words.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} ... and {more} more", words[..MOST].join(" ")),
        _ => words.join(" "),
    }
}
