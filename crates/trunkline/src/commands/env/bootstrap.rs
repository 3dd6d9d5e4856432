//! `trunkline env bootstrap`: the roles with which an environment is read and deployed to, as a template of
//! CloudFormation with just the actions that the project's kinds need. Prints it, or deploys it with the caller's
//! own credentials: the roles are not there yet. What a role must allow is `trunkline_center::permissions`'s.

mod stack;

use crate::commands::Outcome;
use crate::confirm::confirm;
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::printer::write_out;
use crate::{connect, files, runtime};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trunkline_aws::Options;
use trunkline_center::permissions::{self, Places, Roles};
use trunkline_center::{call_failed, find_instance};
use trunkline_model::{Diagnostic, Environment, Report, Target};

#[derive(clap::Args)]
#[command(
    after_help = "Examples: trunkline env bootstrap --env prod > roles.yaml\n          trunkline env bootstrap --env prod --trust 111122223333 --apply --profile prod-admin"
)]
pub(crate) struct Arguments {
    /// The environment (name or alias)
    #[arg(long = "env", value_name = "ENV")]
    environment: String,
    /// The form of the template
    #[arg(long, value_enum, default_value = "yaml", value_name = "FORMAT")]
    format: Form,
    /// Who may assume the roles: an account id, or the ARN of a role or user (can be repeated)
    #[arg(long, value_name = "PRINCIPAL")]
    trust: Vec<String>,
    /// Deploy the template with your own credentials, which must be of the environment's account
    #[arg(long)]
    apply: bool,
    /// The name of the stack
    #[arg(long, value_name = "NAME", default_value = "trunkline-roles")]
    stack: String,
    /// Do not ask
    #[arg(short, long, requires = "apply")]
    yes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Yaml,
    Json,
}

pub(crate) fn run(arguments: &Arguments, app: &App, located: &Located) -> Outcome {
    let targets = located.targets(&arguments.environment, None)?;
    let first = targets.first().expect("an environment has a region");
    let template = template(arguments, located, &targets)?;
    if arguments.apply {
        return deploy(arguments, app, &targets, &template);
    }
    let text = match arguments.format {
        Form::Yaml => permissions::to_yaml(&template),
        Form::Json => format!("{template:#}\n"),
    };
    write_out(&text);
    let roles = role_names(&first.environment)?;
    app.printer.say(&format!(
        "roles {} for account {}; deploy with `aws cloudformation deploy` or as a StackSet, with \
         CAPABILITY_NAMED_IAM, or let `--apply` do it",
        names(&roles),
        first.environment.account
    ));
    Ok(Exit::Done)
}

fn template(arguments: &Arguments, located: &Located, targets: &[Target]) -> Result<Value, Report> {
    let first = targets.first().expect("an environment has a region");
    let environment = &first.environment;
    let roles = Roles { trusted: arguments.trust.clone(), ..role_names(environment)? };
    let staging = targets.iter().filter_map(|t| t.environment.staging_bucket.clone());
    let places = Places {
        regions: targets.iter().map(|t| t.region.clone()).collect(),
        staging: staging.collect(),
        role: String::new(),
    };
    let documents = files::load(&located.root)?;
    let mut kinds: BTreeSet<&str> = documents.iter().map(|d| d.kind).collect();
    if kinds.is_empty() {
        kinds = permissions::usual_kinds();
    }
    Ok(permissions::template(&roles, &permissions::needs(&kinds), &places))
}

/// The roles that the environment names. TL0102: it names none.
fn role_names(environment: &Environment) -> Result<Roles, Report> {
    let Some(deploy) = &environment.role else {
        let message = format!("environment `{}` has no `role`", environment.name);
        return Err(Diagnostic::error("TL0102", message)
            .because("without one, the caller's own credentials are used, and no role is needed")
            .help("name one in trunkline.yaml: `role: trunkline-deploy`")
            .report());
    };
    let name = |role: &String| {
        role.split_once(":role/").map_or_else(|| role.clone(), |(_, name)| name.to_owned())
    };
    let deploy = name(deploy);
    let read = environment.read_role.as_ref().map(name).filter(|read| *read != deploy);
    Ok(Roles {
        deploy,
        read,
        external_id: environment.external_id.clone(),
        trusted: Vec::new(),
        source_identity: environment.source_identity,
    })
}

fn names(roles: &Roles) -> String {
    let all: Vec<_> = std::iter::once(&roles.deploy).chain(&roles.read).cloned().collect();
    all.join(" and ")
}

fn deploy(arguments: &Arguments, app: &App, targets: &[Target], template: &Value) -> Outcome {
    let first = targets.first().expect("an environment has a region");
    let (environment, label) = (&first.environment, first.label());
    if arguments.trust.is_empty() {
        return Err(Diagnostic::error("TL0901", "nobody is named who may assume the roles")
            .help("add `--trust ACCOUNT` (or the ARN of a role or user), as often as needed")
            .report());
    }
    let question = format!(
        "Deploy the roles {} as stack `{}` to account {}?",
        names(&role_names(environment)?),
        arguments.stack,
        environment.account
    );
    confirm(app, &question, "yes", arguments.yes)?;
    let aws = connect::aws(app)?;
    runtime::block_on(async {
        let mut parameters = Vec::new();
        for target in targets {
            let key = permissions::instance_of(&target.region);
            let id = instance(&aws, target, app).await?;
            parameters.push(json!({ "ParameterKey": key, "ParameterValue": id }));
        }
        let options = Options {
            expected_account: Some(environment.account.clone()),
            ..Options::new(first.region.clone())
        };
        let client = aws.client(options).await.map_err(|e| call_failed(&e))?;
        let body = template.to_string();
        let done = stack::deploy(&client, &arguments.stack, &body, &parameters, app).await;
        let done = done.map_err(|report| by_hand(report, arguments, &label))?;
        if app.printer.is_json() {
            app.printer.json("env-bootstrap", &json!({ "stack": arguments.stack, "result": done }));
        } else {
            app.printer.result(&format!("stack {}: {done}", arguments.stack));
        }
        Ok(Exit::Done)
    })
}

/// The id of a target's instance, or `*` where it cannot be found: with the caller's own credentials.
async fn instance(aws: &trunkline_aws::Aws, target: &Target, app: &App) -> Result<String, Report> {
    let environment = &target.environment;
    let options = Options {
        expected_account: Some(environment.account.clone()),
        ..Options::new(target.region.clone())
    };
    let client = aws.client(options).await.map_err(|e| call_failed(&e))?;
    let alias = target.instance_alias();
    match find_instance(&client, &environment.account, &target.region, &alias).await {
        Ok(instance) => Ok(instance.id),
        Err(report) => {
            let why = report.0.first().map(|d| d.message.clone()).unwrap_or_default();
            app.printer.say(&format!(
                "{}   the roles may use every instance there: {why}",
                target.label()
            ));
            Ok("*".to_owned())
        }
    }
}

/// Adds how to deploy the template without `--apply`.
fn by_hand(mut report: Report, arguments: &Arguments, label: &str) -> Report {
    for found in &mut report.0 {
        found.place.subject.get_or_insert_with(|| label.to_owned());
        found.notes.push(format!(
            "by hand: `trunkline env bootstrap --env {env} > roles.yaml`, then `aws cloudformation deploy \
             --template-file roles.yaml --stack-name {stack} --capabilities CAPABILITY_NAMED_IAM \
             --parameter-overrides TrustedPrincipals={trust}`",
            env = arguments.environment,
            stack = arguments.stack,
            trust = arguments.trust.join(","),
        ));
    }
    report
}
