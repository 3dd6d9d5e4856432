//! `trunkline instance create`: makes the Connect instance that an environment names. A step of its own that
//! asks, because instances are counted by small quotas and cannot be renamed; `apply` never makes one.

use super::Outcome;
use crate::confirm::confirm;
use crate::connect::{self, Access};
use crate::context::App;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{journal, runtime};
use serde_json::{Value, json};
use std::time::Duration;
use trunkline_aws::{Aws, Client};
use trunkline_center::{Call, Cloud as _, call_failed};
use trunkline_model::{Diagnostic, Report, Target};

/// The first wait between two looks at an instance that is being made; each is half as long again, up to
/// `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How often to look; together with the waits, about ten minutes.
const LOOKS: usize = 45;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Create the instance of an environment, and wait until it is active
    #[command(after_help = "Example: trunkline instance create --env uat")]
    Create(Arguments),
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The environment (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    environment: String,
    /// Only in this region (default: in each region that lacks it)
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Where its users sign in; this can never be changed
    #[arg(long, value_enum, default_value = "CONNECT_MANAGED")]
    identity: Identity,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// How an instance manages identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
enum Identity {
    /// In the instance itself
    ConnectManaged,
    /// With an identity provider
    Saml,
}

impl Identity {
    fn name(self) -> &'static str {
        match self {
            Self::ConnectManaged => "CONNECT_MANAGED",
            Self::Saml => "SAML",
        }
    }
}

pub(crate) fn run(Command::Create(arguments): &Command, app: &App) -> Outcome {
    let located = app.project()?;
    let targets = located.targets(&arguments.environment, arguments.region.as_deref())?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let mut made = Vec::new();
        for target in &targets {
            made.push(one(arguments, app, &aws, target).await?);
        }
        if app.printer.is_json() {
            app.printer.json("instance-create", &json!({ "instances": made }));
        }
        Ok(Exit::Done)
    })
}

async fn one(
    arguments: &Arguments,
    app: &App,
    aws: &Aws,
    target: &Target,
) -> Result<Value, Report> {
    let (label, alias) = (target.label(), target.instance_alias());
    let (account, identity) = (&target.environment.account, arguments.identity.name());
    app.printer.say(&format!("{label}   {account}  {alias}  {}", target.region));
    let run = journal::run_id();
    let client = connect::client(aws, target, Access::Write, &run).await?;
    refuse_existing(&client, target).await?;
    let question = format!(
        "Create the Connect instance `{alias}` in {account} / {}, with {identity} identities?\n\
         Its alias and its identity management can never be changed.",
        target.region
    );
    confirm(app, &question, &alias, arguments.yes)?;
    let input = json!({
        "ClientToken": format!("trunkline-{run}"),
        "IdentityManagementType": identity,
        "InstanceAlias": alias,
        "InboundCallsEnabled": true,
        "OutboundCallsEnabled": true,
    });
    let answer = client.call(Call::new("connect", "CreateInstance", input)).await;
    let answer = answer.map_err(|e| call_failed(&e))?.output;
    let id = answer["Id"].as_str().unwrap_or_default().to_owned();
    let arn = wait(&client, app, &id, &label).await?;
    if !app.printer.is_json() {
        app.printer.result(&format!("created {alias}: {arn}"));
    }
    Ok(json!({ "target": label, "alias": alias, "id": id, "arn": arn }))
}

/// TL0503: the alias is taken in this account and region.
async fn refuse_existing(client: &Client, target: &Target) -> Result<(), Report> {
    let alias = target.instance_alias();
    let mut token = Value::Null;
    loop {
        let mut input = json!({});
        if !token.is_null() {
            input["NextToken"] = token;
        }
        let answer = client.call(Call::new("connect", "ListInstances", input)).await;
        let answer = answer.map_err(|e| call_failed(&e))?.output;
        let rows = answer["InstanceSummaryList"].as_array().cloned().unwrap_or_default();
        // An alias is part of a host name: case does not tell two of them apart.
        let same = |r: &&Value| {
            r["InstanceAlias"].as_str().is_some_and(|a| a.eq_ignore_ascii_case(&alias))
        };
        if let Some(row) = rows.iter().find(same) {
            let message = format!("there is an instance `{alias}` already");
            return Err(Diagnostic::error("TL0503", message)
                .on(target.label())
                .because(row["Arn"].as_str().unwrap_or_default())
                .help(format!("deploy to it: `trunkline plan --env {}`", target.environment.name))
                .report());
        }
        token = answer["NextToken"].clone();
        if token.is_null() {
            return Ok(());
        }
    }
}

/// Looks at the instance until it is active, and returns its ARN. TL0605: it cannot be made.
async fn wait(client: &Client, app: &App, id: &str, label: &str) -> Result<String, Report> {
    let (progress, mut pause) = (Progress::new(&app.printer), FIRST_WAIT);
    for _ in 0..LOOKS {
        let input = json!({ "InstanceId": id });
        let answer = client.call(Call::new("connect", "DescribeInstance", input)).await;
        match answer {
            Ok(answer) => {
                let live = &answer.output["Instance"];
                match live["InstanceStatus"].as_str() {
                    Some("ACTIVE") => return Ok(live["Arn"].as_str().unwrap_or_default().into()),
                    Some("CREATION_FAILED") => {
                        let why = live["StatusReason"]["Message"].as_str();
                        let why = why.unwrap_or("the service gives no reason");
                        return Err(Diagnostic::error("TL0605", "the instance was not made")
                            .on(label)
                            .because(why)
                            .help(format!("delete the instance {id} in the console, and try again"))
                            .report());
                    }
                    _ => progress.update(&format!("  … {label} is being made")),
                }
            }
            // A new instance may be unknown for a moment.
            Err(error) if error.is("ResourceNotFoundException") => {}
            Err(error) => return Err(call_failed(&error)),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_WAIT);
    }
    Err(Diagnostic::error(
        "TL0605",
        "the instance is still being made; this command no longer waits",
    )
    .on(label)
    .because(format!("its id is {id}"))
    .help("look at it in the console; deploy when it is active")
    .report())
}
