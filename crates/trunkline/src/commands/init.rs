//! `trunkline init`: a configuration, a `.gitignore` and the folders of a project. Overwrites
//! nothing and asks nothing.

use super::Outcome;
use crate::context::{App, CONFIG, current_folder};
use crate::exit::Exit;
use serde_json::json;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use trunkline_config::{StarterEnvironment, starter};
use trunkline_model::{AccountId, Diagnostic, Region, Report};

const FOLDERS: &[&str] = &[
    "connect/flows",
    "connect/modules",
    "connect/queues",
    "connect/hours",
    "connect/prompts",
    "tests",
];

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline init --project acme \
    --env rnd=111122223333:us-west-2:acme-rnd:build \
    --env prod=444455556666:us-west-2,us-east-1:acme-prod-{region}")]
pub(crate) struct Arguments {
    /// The project's name (default: the folder's)
    #[arg(long)]
    project: Option<String>,
    /// An environment: NAME=ACCOUNT:REGION[,REGION]:ALIAS[:build] (can be repeated)
    #[arg(long = "env", value_name = "ENV", value_parser = environment)]
    environments: Vec<StarterEnvironment>,
}

fn environment(text: &str) -> Result<StarterEnvironment, String> {
    let form = "write NAME=ACCOUNT:REGION[,REGION]:ALIAS[:build]";
    let (name, rest) = text.split_once('=').ok_or(form)?;
    let parts: Vec<&str> = rest.split(':').collect();
    let (account, regions, instance, build) = match parts[..] {
        [account, regions, instance] => (account, regions, instance, false),
        [account, regions, instance, "build"] => (account, regions, instance, true),
        _ => return Err(form.to_owned()),
    };
    let account = AccountId::parse(account).map_err(|e| e.to_string())?;
    let regions: Result<Vec<_>, _> = regions.split(',').map(Region::parse).collect();
    let regions = regions.map_err(|e| e.to_string())?;
    let (name, instance) = (name.to_owned(), instance.to_owned());
    Ok(StarterEnvironment { name, account, regions, instance, build })
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let folder = current_folder()?;
    let own_name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let project = arguments.project.clone().or(own_name).unwrap_or_else(|| "center".to_owned());
    let text = starter(&project, &arguments.environments);
    // A name that cannot be used is found before anything is written.
    trunkline_config::parse(&text, CONFIG).map_err(|mut report| {
        report.0.iter_mut().for_each(|d| d.place = trunkline_model::Place::default());
        report
    })?;
    write_new(&folder.join(CONFIG), &text)?;
    ignore_state(&folder)?;
    for name in FOLDERS {
        fs::create_dir_all(folder.join(name)).map_err(|e| failed("create", name, &e))?;
    }
    if app.printer.is_json() {
        app.printer.json("init", &json!({ "project": project, "config": CONFIG }));
    } else {
        app.printer.result(&format!("Started project {project} in {CONFIG}."));
        app.printer.say("Next: look at the environments in it, then `trunkline env list`.");
    }
    Ok(Exit::Done)
}

fn write_new(path: &Path, text: &str) -> Result<(), Report> {
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return Diagnostic::error("TL0208", format!("{CONFIG} is there already"))
                .because("init never overwrites a file")
                .help("edit it, or run init in another folder")
                .report();
        }
        failed("write", CONFIG, &error)
    })?;
    file.write_all(text.as_bytes()).map_err(|e| failed("write", CONFIG, &e))
}

/// Adds the state folder to `.gitignore` unless a line for it is there.
fn ignore_state(folder: &Path) -> Result<(), Report> {
    const LINE: &str = "/.trunkline/";
    let path = folder.join(".gitignore");
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read", ".gitignore", &error)),
    };
    if text.lines().any(|line| line.trim().trim_matches('/') == ".trunkline") {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(LINE);
    text.push('\n');
    fs::write(&path, text).map_err(|e| failed("write", ".gitignore", &e))
}

fn failed(what: &str, name: &str, error: &std::io::Error) -> Report {
    Diagnostic::error("TL0208", format!("cannot {what} {name}: {error}")).report()
}
