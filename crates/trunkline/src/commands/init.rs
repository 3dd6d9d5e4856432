//! `trunkline init`: a configuration, a `.gitignore` and the folders of a project, and how git merges its
//! flows. Overwrites nothing and asks nothing. In a project that is there, only the last of these is set up.

use super::Outcome;
use crate::context::{App, CONFIG, current_folder};
use crate::exit::Exit;
use crate::git::{ATTRIBUTES, ATTRIBUTES_FILE, Repository};
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
    let asks_for_project = arguments.project.is_some() || !arguments.environments.is_empty();
    let started = if folder.join(CONFIG).exists() && !asks_for_project {
        None
    } else {
        Some(start(arguments, &folder)?)
    };
    let merging = set_up_merging(&folder)?;
    let printer = &app.printer;
    if printer.is_json() {
        printer.json(
            "init",
            &json!({
                "project": started, "config": CONFIG,
                "attributes_added": merging.lines, "driver": merging.driver,
            }),
        );
        return Ok(Exit::Done);
    }
    if let Some(project) = &started {
        printer.result(&format!("Started project {project} in {CONFIG}."));
    }
    merging.tell(started.is_none()).iter().for_each(|line| printer.result(line));
    if started.is_some() {
        printer.say("Next: look at the environments in it, then `trunkline env list`.");
    }
    Ok(Exit::Done)
}

/// Writes the configuration and the folders; returns the project's name.
fn start(arguments: &Arguments, folder: &Path) -> Result<String, Report> {
    let own_name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let project = arguments.project.clone().or(own_name).unwrap_or_else(|| "center".to_owned());
    let text = starter(&project, &arguments.environments);
    // A name that cannot be used is found before anything is written.
    trunkline_config::parse(&text, CONFIG).map_err(|mut report| {
        report.0.iter_mut().for_each(|d| d.place = trunkline_model::Place::default());
        report
    })?;
    write_new(&folder.join(CONFIG), &text)?;
    add_lines(folder, ".gitignore", &["/.trunkline/"], |line, wanted| {
        line.trim().trim_matches('/') == wanted.trim_matches('/')
    })?;
    for name in FOLDERS {
        fs::create_dir_all(folder.join(name)).map_err(|e| failed("create", name, &e))?;
    }
    Ok(project)
}

/// What was set up so that git merges flows by block.
struct Merging {
    /// How many lines `.gitattributes` gained.
    lines: usize,
    /// `set`, `there` or `no repository`.
    driver: &'static str,
}

fn set_up_merging(folder: &Path) -> Result<Merging, Report> {
    let lines = add_lines(folder, ATTRIBUTES_FILE, &ATTRIBUTES, |line, wanted| {
        line.split_whitespace().eq(wanted.split_whitespace())
    })?;
    let driver = match Repository::open(folder)? {
        None => "no repository",
        Some(repository) if repository.install_driver()? => "set",
        Some(_) => "there",
    };
    Ok(Merging { lines, driver })
}

impl Merging {
    /// What was done; what was there already is said only where nothing else was asked for.
    fn tell(&self, is_all: bool) -> Vec<String> {
        let mut said = Vec::new();
        match self.lines {
            0 if is_all => said.push(format!("{ATTRIBUTES_FILE} names the merge driver already.")),
            0 => {}
            _ => said.push(format!("{ATTRIBUTES_FILE}: flows and modules are merged by block.")),
        }
        match self.driver {
            "set" => said.push(
                "merge.trunkline.driver is set in this clone's git configuration.".to_owned(),
            ),
            "there" if is_all => {
                said.push("merge.trunkline.driver is set already in this clone.".to_owned());
            }
            "no repository" => {
                said.push(
                    "No git repository here: after `git init`, run `trunkline init` again."
                        .to_owned(),
                );
            }
            _ => {}
        }
        said
    }
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

/// Adds lines to a file unless they are there; returns how many.
fn add_lines(
    folder: &Path,
    name: &str,
    lines: &[&str],
    is_same: impl Fn(&str, &str) -> bool,
) -> Result<usize, Report> {
    let path = folder.join(name);
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read", name, &error)),
    };
    let there: Vec<String> = text.lines().map(str::to_owned).collect();
    let missing = lines.iter().filter(|wanted| !there.iter().any(|line| is_same(line, wanted)));
    let missing: Vec<&&str> = missing.collect();
    if missing.is_empty() {
        return Ok(0);
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    missing.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    fs::write(&path, text).map_err(|e| failed("write", name, &e))?;
    Ok(missing.len())
}

fn failed(what: &str, name: &str, error: &std::io::Error) -> Report {
    Diagnostic::error("TL0208", format!("cannot {what} {name}: {error}")).report()
}
