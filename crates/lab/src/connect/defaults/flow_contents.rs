//! The flows of a new instance, each as small as its type allows.

use serde_json::{Value, json};

/// Name, type and content of every default flow.
pub(super) fn all(
    queue: &str,
    prompts: &[(&str, String)],
) -> Vec<(&'static str, &'static str, Value)> {
    let prompt = |name: &str| {
        prompts.iter().find(|row| row.0 == name).map(|row| row.1.clone()).unwrap_or_default()
    };
    let music = prompt("Music_Pop_ThisAndThatIsLife_Inst.wav");
    let beep = prompt("Beep.wav");
    let greeting = "Thank you for calling. Please wait while we find somebody for you.";
    vec![
        ("Default agent hold", "AGENT_HOLD", hold(json!({ "Text": "You are on hold." }))),
        ("Default agent transfer", "AGENT_TRANSFER", to_queue("Transferring you now.", None)),
        ("Default agent whisper", "AGENT_WHISPER", whisper(json!({ "Text": "$.Queue.Name" }))),
        ("Default customer hold", "CUSTOMER_HOLD", hold(json!({ "PromptId": music }))),
        ("Default customer queue", "CUSTOMER_QUEUE", hold(json!({ "PromptId": music }))),
        ("Default customer whisper", "CUSTOMER_WHISPER", whisper(json!({ "PromptId": beep }))),
        (
            "Default outbound",
            "OUTBOUND_WHISPER",
            whisper(json!({ "Text": "This call is not being recorded." })),
        ),
        ("Default queue transfer", "QUEUE_TRANSFER", to_queue("Transferring you now.", None)),
        (
            "Sample inbound flow (first contact experience)",
            "CONTACT_FLOW",
            to_queue(greeting, Some(queue)),
        ),
        ("Sample queue customer", "CONTACT_FLOW", to_queue("Placing you in a queue.", Some(queue))),
        ("Sample disconnect flow", "CONTACT_FLOW", goodbye("The other side has hung up.")),
        (
            "Sample interruptible queue flow with callback",
            "CUSTOMER_QUEUE",
            hold(json!({ "PromptId": music })),
        ),
    ]
}

fn flow(actions: &[Value]) -> Value {
    let start = &actions[0]["Identifier"];
    json!({ "Version": "2019-10-30", "StartAction": start, "Metadata": {}, "Actions": actions })
}

fn action(id: &str, kind: &str, parameters: Value, transitions: Value) -> Value {
    json!({
        "Identifier": id, "Type": kind, "Parameters": parameters, "Transitions": transitions,
    })
}

fn next(id: &str, errors: &[&str], otherwise: &str) -> Value {
    let errors: Vec<Value> =
        errors.iter().map(|error| json!({ "ErrorType": error, "NextAction": otherwise })).collect();
    json!({ "NextAction": id, "Errors": errors, "Conditions": [] })
}

/// Plays one message over and over.
fn hold(message: Value) -> Value {
    let parameters = json!({ "Messages": [message] });
    flow(&[action("play", "MessageParticipantIteratively", parameters, json!({}))])
}

/// Plays a message once and ends.
fn whisper(message: Value) -> Value {
    flow(&[
        action("play", "MessageParticipant", message, next("end", &["NoMatchingError"], "end")),
        action("end", "EndFlowExecution", json!({}), json!({})),
    ])
}

/// Says something and hangs up.
fn goodbye(text: &str) -> Value {
    flow(&[
        action(
            "say",
            "MessageParticipant",
            json!({ "Text": text }),
            next("end", &["NoMatchingError"], "end"),
        ),
        action("end", "DisconnectParticipant", json!({}), json!({})),
    ])
}

/// Says something and puts the contact into a queue: the given one, or that which it is for already.
fn to_queue(text: &str, queue: Option<&str>) -> Value {
    let after = if queue.is_some() { "choose" } else { "transfer" };
    let mut actions = vec![action(
        "say",
        "MessageParticipant",
        json!({ "Text": text }),
        next(after, &["NoMatchingError"], after),
    )];
    if let Some(queue) = queue {
        let parameters = json!({ "QueueId": queue });
        let on = next("transfer", &["NoMatchingError"], "end");
        actions.push(action("choose", "UpdateContactTargetQueue", parameters, on));
    }
    let errors = next("end", &["QueueAtCapacity", "NoMatchingError"], "end");
    actions.push(action("transfer", "TransferContactToQueue", json!({}), errors));
    actions.push(action("end", "DisconnectParticipant", json!({}), json!({})));
    flow(&actions)
}
