//! `trunkline env`: what the configuration says of environments (`list`, `show`; they call nothing), and the
//! roles that an environment needs (`bootstrap`).

mod bootstrap;

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::render::printable;
use serde_json::{Value, json};
use trunkline_model::{Approval, Environment, EnvironmentUse, Region};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// List the environments
    List,
    /// Show the targets of an environment
    Show {
        /// The environment's name or alias
        name: String,
        /// Only this region
        #[arg(long)]
        region: Option<String>,
    },
    /// Print, or deploy, the template that makes an environment's roles
    Bootstrap(bootstrap::Arguments),
}

pub(crate) fn run(command: &Command, app: &App) -> Outcome {
    let located = app.project()?;
    match command {
        Command::Bootstrap(arguments) => return bootstrap::run(arguments, app, &located),
        Command::List => {
            app.printer.detail(&format!(
                "project {} in {}",
                located.project.name,
                located.root.display()
            ));
            list(&located.project.environments, app);
        }
        Command::Show { name, region } => {
            let targets = located.targets(name, region.as_deref())?;
            let rows: Vec<Vec<String>> = targets
                .iter()
                .map(|t| {
                    let role = t.environment.role.as_ref().map(|r| t.role_arn(r));
                    let account = t.environment.account.to_string();
                    vec![t.label(), account, t.instance_alias(), role.unwrap_or_default()]
                })
                .collect();
            let head = ["target", "account", "instance", "role"];
            table(app, "targets", &head, rows);
        }
    }
    Ok(Exit::Done)
}

fn list(environments: &[Environment], app: &App) {
    let rows = environments.iter().map(|e| {
        let regions: Vec<_> = e.regions.iter().map(Region::as_str).collect();
        let mut remarks = Vec::new();
        if e.used_for == EnvironmentUse::Build {
            remarks.push("built in".to_owned());
        }
        if !e.enabled {
            remarks.push("switched off".to_owned());
        }
        if e.approval == Approval::Required {
            remarks.push("approval required".to_owned());
        }
        if !e.aliases.is_empty() {
            remarks.push(format!("also {}", e.aliases.join(", ")));
        }
        let (name, instance) = (e.name.clone(), e.instance.clone());
        vec![name, e.account.to_string(), regions.join(", "), instance, remarks.join("; ")]
    });
    let head = ["environment", "account", "regions", "instance", "remarks"];
    table(app, "environments", &head, rows.collect());
}

fn table(app: &App, schema: &str, head: &[&str], rows: Vec<Vec<String>>) {
    if app.printer.is_json() {
        let objects = rows.iter().map(|row| {
            let pairs =
                head.iter().zip(row).map(|(k, v)| ((*k).to_owned(), Value::from(v.as_str())));
            Value::Object(pairs.collect())
        });
        app.printer.json(schema, &json!({ schema: objects.collect::<Vec<_>>() }));
        return;
    }
    let head = head.iter().map(|h| (*h).to_owned()).collect();
    let rows = rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect());
    app.printer.table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
}
