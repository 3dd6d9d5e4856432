//! The parameters of actions that name something in the instance, and whether it is there.
//!
//! A value with `$.` in it is decided while a contact is in the flow, and always accepted; of an ARN with
//! `$.AwsRegion`, the one in this region is looked for. Text parameters are not looked at, whatever they
//! look like.

use serde_json::Value;

use crate::connect::call::Call;
use crate::connect::kind::Kind;
use crate::connect::state::Instance;
use crate::connect::{flows, hours, modules, prompts, queues, users, views};
use crate::service::Failure;

/// What a parameter names.
#[derive(Clone, Copy)]
enum Named {
    One(&'static Kind),
    Flow,
    Module,
    /// A user, or the queue of one.
    Agent,
    View,
    Function,
    Bot,
}

/// Action, path below its Parameters (`*` for any member, `[]` for any entry), what stands there.
const REFERENCES: &[(&str, &str, Named)] = &[
    ("MessageParticipant", "PromptId", Named::One(&prompts::KIND)),
    ("GetParticipantInput", "PromptId", Named::One(&prompts::KIND)),
    ("ConnectParticipantWithLexBot", "PromptId", Named::One(&prompts::KIND)),
    ("ConnectParticipantWithLexBot", "LexV2Bot.AliasArn", Named::Bot),
    ("MessageParticipantIteratively", "Messages.[].PromptId", Named::One(&prompts::KIND)),
    ("ShowView", "ViewResource.Id", Named::View),
    ("CheckHoursOfOperation", "HoursOfOperationId", Named::One(&hours::KIND)),
    ("CheckMetricData", "QueueId", Named::One(&queues::KIND)),
    ("CheckMetricData", "AgentId", Named::Agent),
    ("GetMetricData", "QueueId", Named::One(&queues::KIND)),
    ("GetMetricData", "AgentId", Named::Agent),
    ("TransferToFlow", "ContactFlowId", Named::Flow),
    ("UpdateContactTargetQueue", "QueueId", Named::One(&queues::KIND)),
    ("UpdateContactTargetQueue", "AgentId", Named::Agent),
    ("DequeueContactAndTransferToQueue", "QueueId", Named::One(&queues::KIND)),
    ("DequeueContactAndTransferToQueue", "AgentId", Named::Agent),
    ("UpdateContactEventHooks", "EventHooks.*", Named::Flow),
    ("CreateCallbackContact", "QueueId", Named::One(&queues::KIND)),
    ("CreateCallbackContact", "AgentId", Named::Agent),
    ("CreateCallbackContact", "ContactFlowId", Named::Flow),
    ("StartOutboundChatContact", "ContactFlowArn", Named::Flow),
    ("CreateTask", "ContactFlowId", Named::Flow),
    ("InvokeFlowModule", "FlowModuleId", Named::Module),
    ("InvokeLambdaFunction", "LambdaFunctionARN", Named::Function),
    (
        "UpdateContactRecordingAndAnalyticsBehavior",
        "ChatBehavior.*.LambdaProcessorARN",
        Named::Function,
    ),
    ("UpdateContactMediaProcessing", "ChatProcessor.LambdaProcessorARN", Named::Function),
];

/// Adds a problem for each reference of one action that leads nowhere.
pub(super) fn problems(
    call: &Call<'_, '_>,
    index: usize,
    action: &Value,
    own: &str,
    found: &mut Vec<String>,
) -> Result<(), Failure> {
    let instance = call.instance()?;
    let lenient = call.context.settings.published_may_name_saved;
    let region = call.context.region.as_str();
    let kind = action.get("Type").and_then(Value::as_str).unwrap_or_default();
    for (_, path, named) in REFERENCES.iter().filter(|row| row.0 == kind) {
        let parameters = action.get("Parameters").unwrap_or(&Value::Null);
        walk(parameters, path, String::new(), &mut |place, reference| {
            // An ARN may leave its region open; anything else that is open is decided later.
            let closed = reference.replace("$.AwsRegion", region);
            if closed.contains("$.") || closed.starts_with("$[") {
                return;
            }
            if exists(instance, *named, &closed, own, lenient) {
                return;
            }
            found.push(format!(
                "Invalid Action property value. Path: Actions[{index}].Parameters.{place}"
            ));
        });
    }
    Ok(())
}

/// Calls `visit` with the place and text of every value at `path`.
fn walk(value: &Value, path: &str, place: String, visit: &mut impl FnMut(&str, &str)) {
    if path.is_empty() {
        if let Some(text) = value.as_str() {
            visit(&place, text);
        }
        return;
    }
    let (part, rest) = path.split_once('.').unwrap_or((path, ""));
    let below = |name: &str| match place.is_empty() {
        true => name.to_owned(),
        false => format!("{place}.{name}"),
    };
    match (part, value) {
        ("[]", Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, rest, format!("{place}[{index}]"), visit);
            }
        }
        ("*", Value::Object(members)) => {
            for (name, member) in members {
                walk(member, rest, below(name), visit);
            }
        }
        (name, Value::Object(members)) => {
            if let Some(member) = members.get(name) {
                walk(member, rest, below(name), visit);
            }
        }
        _ => {}
    }
}

fn exists(instance: &Instance, named: Named, reference: &str, own: &str, lenient: bool) -> bool {
    match named {
        Named::One(kind) => instance.resolve(kind, reference).is_some(),
        Named::Flow => match instance.resolve(&flows::KIND, reference) {
            // A flow may always name itself.
            Some(id) => lenient || id == own || published(instance, &flows::KIND, &id),
            None => false,
        },
        Named::Module => instance
            .resolve(&modules::KIND, reference)
            .is_some_and(|id| published(instance, &modules::KIND, &id)),
        Named::Agent => {
            let queue = reference.contains("/queue/agent/");
            let kind = if queue { &queues::KIND } else { &users::KIND };
            instance.resolve(kind, reference).is_some()
        }
        Named::View => view(instance, reference),
        Named::Function => instance.functions.iter().any(|known| known == reference),
        Named::Bot => instance.bots.iter().any(|known| known["LexV2Bot"]["AliasArn"] == reference),
    }
}

fn published(instance: &Instance, kind: &Kind, id: &str) -> bool {
    instance.store(kind).get(id).is_some_and(|body| body.contains_key(flows::PUBLISHED))
}

/// Views of AWS go by their bare id too; a version may follow.
fn view(instance: &Instance, reference: &str) -> bool {
    let Some((id, _)) = instance.split(&views::KIND, reference) else { return false };
    let own = instance.resolve(&views::KIND, reference).is_some();
    let managed = instance.store(&views::KIND).get(&id);
    let managed = managed.is_some_and(|body| body["Type"] == "AWS_MANAGED");
    own || (managed && (!reference.starts_with("arn:") || reference.contains(":aws:view/")))
}
