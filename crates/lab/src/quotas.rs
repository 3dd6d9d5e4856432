//! Service Quotas, for Connect alone: the quotas that the lab was started with, under AWS's own codes.
//!
//! Without `--quotas` there are none, and resources whose quota has no code at AWS are left out.

use crate::page;
use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use serde_json::{Value, json};

/// The lab's name of a quota, its code, its name, and whether it can be raised.
const CODES: [(&str, &str, &str, bool); 10] = [
    ("flows", "L-22922690", "Contact flows per instance", true),
    ("hierarchy-groups", "L-D68AAAE4", "User hierarchy groups per instance", true),
    ("hours", "L-20CD02F7", "Hours of operation per instance", true),
    ("modules", "L-19755C7E", "Flow modules per instance", true),
    ("prompts", "L-0865B754", "Prompts per instance", true),
    ("queues", "L-19A87C94", "Queues per instance", true),
    ("quick-connects", "L-68BBE2E8", "Quick connects per instance", true),
    ("routing-profiles", "L-D3E7BE26", "Routing profiles per instance", true),
    ("security-profiles", "L-F325A715", "Security profiles per instance", true),
    ("users", "L-9A46857E", "Users per instance", true),
];

/// Answers one operation.
pub(crate) fn call(operation: &str, input: &Value, context: &Context<'_>) -> Outcome {
    let service = text(input, "ServiceCode");
    if service != "connect" {
        return Err(missing(format!(
            "The request failed because {service} is not a service of the lab"
        )));
    }
    match operation {
        "ListServiceQuotas" => list(input, context, true),
        "ListAWSDefaultServiceQuotas" => list(input, context, false),
        "GetServiceQuota" => get(input, context, true),
        "GetAWSDefaultServiceQuota" => get(input, context, false),
        _ => Err(Failure::unknown("service-quotas", operation)),
    }
}

/// Every quota that is set; `applied` to the account, or the default of AWS (the same here).
fn all(input: &Value, context: &Context<'_>, applied: bool) -> Vec<Value> {
    let (partition, region) = (context.region.partition(), context.region);
    let account = if applied { context.account.as_str() } else { "" };
    let rows = CODES.iter().filter_map(|row| Some((row, context.settings.quotas.get(row.0)?)));
    let quotas = rows.map(|((_, code, name, adjustable), most)| {
        #[expect(clippy::cast_precision_loss, reason = "quotas are small")]
        let most = *most as f64;
        let mut quota = json!({
            "ServiceCode": "connect",
            "ServiceName": "Amazon Connect",
            "QuotaArn": format!("arn:{partition}:servicequotas:{region}:{account}:connect/{code}"),
            "QuotaCode": code,
            "QuotaName": name,
            "Value": most,
            "Unit": "None",
            "Adjustable": adjustable,
            "GlobalQuota": false,
            "QuotaAppliedAtLevel": "ACCOUNT",
        });
        if let Some(instance) = input.get("ContextId").filter(|_| applied) {
            quota["QuotaAppliedAtLevel"] = json!("RESOURCE");
            quota["QuotaContext"] = json!({
                "ContextScope": "RESOURCE",
                "ContextScopeType": "AWS::Connect::Instance",
                "ContextId": instance,
            });
        }
        quota
    });
    quotas.collect()
}

fn list(input: &Value, context: &Context<'_>, applied: bool) -> Outcome {
    let mut quotas = all(input, context, applied);
    if let Some(code) = input.get("QuotaCode") {
        quotas.retain(|quota| quota["QuotaCode"] == *code);
    }
    let size = input.get("MaxResults").and_then(Value::as_u64).unwrap_or(100);
    if !(1..=100).contains(&size) {
        let message = "MaxResults must be from 1 to 100";
        return Err(Failure::new("IllegalArgumentException", 400, message));
    }
    let refuse = |message: &str| Failure::new("InvalidPaginationTokenException", 400, message);
    let size = usize::try_from(size).unwrap_or(100);
    let (page, next) = page::cut(quotas, input.get("NextToken"), size, refuse)?;
    let mut answer = json!({ "Quotas": page });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn get(input: &Value, context: &Context<'_>, applied: bool) -> Outcome {
    let code = text(input, "QuotaCode");
    let found = all(input, context, applied).into_iter().find(|quota| quota["QuotaCode"] == code);
    match found {
        Some(quota) => Ok(json!({ "Quota": quota })),
        None => Err(missing(format!(
            "The request failed because the specified quota {code} does not exist"
        ))),
    }
}

fn missing(message: String) -> Failure {
    Failure::new("NoSuchResourceException", 400, message)
}
