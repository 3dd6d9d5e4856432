//! `cargo xtask`: what a developer and the continuous integration run. Knows the repository's layout and
//! starts other programs; holds no logic of the product.

mod bench;
mod faults;
mod python;
mod steps;
mod tidy;
mod verify;
mod workspace;

use std::process::ExitCode;

/// What `cargo xtask` understands, with a line of help each.
pub(crate) const COMMANDS: &[(&str, &str)] = &[
    (
        "test",
        "everything: format, lints, tidy, cargo's tests, conformance, wire check (--quick: no format and lints)",
    ),
    ("tidy", "the house's rules: who may use whom, lengths, links, words"),
    ("conformance", "boto3 and the AWS CLI against the lab (names of files or tests narrow it)"),
    (
        "wirecheck",
        "holds the records of the last run against AWS's models, and prints what they lack",
    ),
    (
        "faults",
        "kills, cuts off and refuses the program at every write, and recovers from each (30 minutes)",
    ),
    ("bench", "builds the release binary and prints figures"),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rest = words.get(1..).unwrap_or_default();
    let outcome = match words.first().map(String::as_str) {
        Some("test") => verify::test(rest),
        Some("tidy") => tidy::run(),
        Some("conformance") => verify::conformance(rest),
        Some("wirecheck") => verify::wirecheck(),
        Some("faults") => faults::run(),
        Some("bench") => bench::run(rest),
        _ => {
            help();
            return ExitCode::from(64);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn help() {
    eprintln!("usage: cargo xtask COMMAND\n");
    for (name, line) in COMMANDS {
        eprintln!("  {name:12} {line}");
    }
}
