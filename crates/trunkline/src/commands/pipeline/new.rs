//! `trunkline pipeline new`: writes an environment's first pipeline into `pipelines/`. Overwrites nothing.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::files;
use crate::pipelines::definitions::FOLDER;
use serde_json::json;
use std::io::{ErrorKind, Write as _};
use trunkline_config::pipelines::{Component, StarterOptions, default_pipeline, pipeline_name};
use trunkline_model::Diagnostic;

#[derive(clap::Args)]
#[command(
    after_help = "Example: trunkline pipeline new --env uat\n         trunkline pipeline new --env uat --component flows --path 'connect/**'"
)]
pub(crate) struct Arguments {
    /// The environment (name or alias) that it deploys to, or exports from
    #[arg(long = "env", value_name = "ENV")]
    environment: String,
    /// A part of the repository whose changes alone start it; the name becomes part of the pipeline's
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// The files of that part, as globs (default: NAME/**; can be repeated)
    #[arg(long = "path", value_name = "GLOB", requires = "component")]
    paths: Vec<String>,
    /// The repository (default: the project's name); for a connection OWNER/NAME
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// The ARN of a connection to GitHub, GitLab or Bitbucket
    #[arg(long, value_name = "ARN", requires = "repository")]
    connection: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let environment = located.project.environment(&arguments.environment)?;
    let component = arguments.component.clone().map(|name| {
        let whole = vec![format!("{name}/**")];
        let paths = if arguments.paths.is_empty() { whole } else { arguments.paths.clone() };
        Component { name, paths }
    });
    let part = component.as_ref().map(|c| c.name.clone());
    let name = pipeline_name(&located.project, environment, part.as_deref());
    let options = StarterOptions {
        repository: arguments.repository.clone(),
        connection: arguments.connection.clone(),
        component,
    };
    let text = default_pipeline(&located.project, environment, &options);
    let own = [Some(environment.name.as_str()), part.as_deref()];
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String =
        own.into_iter().flatten().collect::<Vec<_>>().join("-").chars().map(plain).collect();
    let file = format!("{FOLDER}/{stem}.yaml");
    let path = located.root.join(&file);
    let made = std::fs::create_dir_all(located.root.join(FOLDER)).and_then(|()| {
        let mut created = std::fs::File::create_new(&path)?;
        created.write_all(text.as_bytes())
    });
    match made {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Diagnostic::error("TL0901", format!("{file} is there already"))
                .because("nothing was changed: a pipeline is written once, and then yours")
                .help("edit it, or remove it and run this again")
                .report());
        }
        Err(error) => return Err(files::failed(&file, &error)),
    }
    if app.printer.is_json() {
        app.printer.json("pipeline-new", &json!({ "pipeline": name, "file": file }));
    } else {
        app.printer.result(&file);
        app.printer.say(&format!("`trunkline pipeline run {name}` starts it from here"));
    }
    Ok(Exit::Done)
}
