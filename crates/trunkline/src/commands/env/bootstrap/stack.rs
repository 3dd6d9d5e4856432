//! A stack of CloudFormation, made or changed and awaited.

use crate::context::App;
use crate::progress::Progress;
use serde_json::{Value, json};
use std::time::Duration;
use trunkline_aws::Client;
use trunkline_center::{Call, CallError, CallErrorKind, Cloud as _, call_failed};
use trunkline_model::{Diagnostic, Report};

/// The first pause between two looks, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Looks until the command no longer waits: about half an hour.
const LOOKS: u32 = 360;

/// Makes the stack, or changes it where it is there; says what became of it. TL0613: it cannot.
pub(super) async fn deploy(
    client: &Client,
    name: &str,
    template: &str,
    parameters: &[Value],
    app: &App,
) -> Result<&'static str, Report> {
    let status = status(client, name).await.map_err(|e| refused(&e))?;
    if status.as_deref() == Some("ROLLBACK_COMPLETE") {
        return Err(Diagnostic::error("TL0613", format!("stack `{name}` was never made whole"))
            .because("its first creation failed; CloudFormation does not change such a stack")
            .help(format!("delete it: `aws cloudformation delete-stack --stack-name {name}`"))
            .report());
    }
    let there = status.is_some();
    let input = json!({
        "StackName": name,
        "TemplateBody": template,
        "Parameters": parameters,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    });
    let operation = if there { "UpdateStack" } else { "CreateStack" };
    match client.call(Call::new("cloudformation", operation, input)).await {
        Ok(_) => {}
        Err(error) if error.message.contains("No updates are to be performed") => {
            return Ok("unchanged");
        }
        Err(error) => return Err(refused(&error)),
    }
    wait(client, name, app).await?;
    Ok(if there { "updated" } else { "created" })
}

/// The stack's status; None where there is no stack of that name.
async fn status(client: &Client, name: &str) -> Result<Option<String>, CallError> {
    let call = Call::new("cloudformation", "DescribeStacks", json!({ "StackName": name }));
    match client.call(call).await {
        Ok(answer) => Ok(answer.output["Stacks"][0]["StackStatus"].as_str().map(str::to_owned)),
        Err(error) if error.is("ValidationError") && error.message.contains("does not exist") => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn wait(client: &Client, name: &str, app: &App) -> Result<(), Report> {
    let (progress, mut pause) = (Progress::new(&app.printer), PAUSES.0);
    for _ in 0..LOOKS {
        let status = status(client, name).await.map_err(|e| refused(&e))?.unwrap_or_default();
        match status.as_str() {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" => return Ok(()),
            s if !s.ends_with("_IN_PROGRESS") => return Err(failed(client, name, s).await),
            s => progress.update(&format!("  … stack {name}: {s}")),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(PAUSES.1);
    }
    Err(Diagnostic::error("TL0613", format!("stack `{name}` is still being worked on"))
        .help("look at it in the console; this command no longer waits")
        .report())
}

/// What CloudFormation says of a stack that failed: its first events that say so.
async fn failed(client: &Client, name: &str, status: &str) -> Report {
    let mut found = Diagnostic::error("TL0613", format!("stack `{name}` ended as {status}"));
    let call = Call::new("cloudformation", "DescribeStackEvents", json!({ "StackName": name }));
    if let Ok(answer) = client.call(call).await {
        let events = answer.output["StackEvents"].as_array().cloned().unwrap_or_default();
        let text =
            |event: &Value, member: &str| event[member].as_str().unwrap_or_default().to_owned();
        // The newest event comes first; what went wrong first is the reason.
        let bad = events.iter().rev().filter(|e| text(e, "ResourceStatus").ends_with("_FAILED"));
        for event in bad.take(3) {
            let (what, why) =
                (text(event, "LogicalResourceId"), text(event, "ResourceStatusReason"));
            found = found.because(format!("{what}: {why}"));
        }
    }
    found.help("put right what CloudFormation says and run the same command again").report()
}

/// A call to CloudFormation that was refused. Other failures stay what they are.
fn refused(error: &CallError) -> Report {
    let mut report = call_failed(error);
    if error.kind == CallErrorKind::Refused {
        for found in &mut report.0 {
            if found.code == "TL0605" {
                found.code = "TL0613".to_owned();
                found.message = format!("CloudFormation refuses the roles: {}", error.message);
            }
        }
    }
    report
}
