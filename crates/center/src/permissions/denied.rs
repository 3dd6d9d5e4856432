//! What a refused call lacked: action and resource, as AWS's message has them.
//!
//! Services word it alike (`User: X is not authorized to perform: A on resource: R because ...`), but not all of
//! them say all of it, and S3 quotes the resource or says nothing at all. What is not said is not guessed.

use super::action_of;
use crate::cloud::CallError;
use serde_json::Value;

/// A permission that was missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The action: the message's, or that of the operation.
    pub action: String,
    /// The action of the operation, where the missing one is another: AWS acts elsewhere on the caller's behalf.
    pub needed_by: Option<String>,
    /// The ARN of what it was to be done to, where it is known.
    pub resource: Option<String>,
    /// Where a policy denies it in so many words, so that allowing it elsewhere changes nothing.
    pub explicit: Option<String>,
}

/// Reads what a call lacked out of its refusal.
pub fn denied(error: &CallError) -> Denied {
    let own = action_of(&error.operation);
    let said = after(&error.message, "not authorized to perform: ").filter(|a| a.contains(':'));
    let action = said.unwrap_or_else(|| own.clone());
    let needed_by = (!action.eq_ignore_ascii_case(&own)).then_some(own);
    let in_document = || error.document.get("Resource").and_then(Value::as_str).map(str::to_owned);
    let resource = after(&error.message, "on resource: ").or_else(in_document);
    let resource = resource.filter(|r| r.starts_with("arn:"));
    let explicit = error
        .message
        .split_once("explicit deny in ")
        .map(|(_, place)| place.trim_end_matches('.').to_owned());
    Denied { action, needed_by, resource, explicit }
}

/// The word that follows a text, without quotes and full stop.
fn after(message: &str, text: &str) -> Option<String> {
    let (_, rest) = message.split_once(text)?;
    let word = rest.split_whitespace().next()?;
    let word = word.trim_matches(['"', '\'', '`']).trim_end_matches(['.', ',', ';', '"']);
    (!word.is_empty()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::CallErrorKind;
    use serde_json::json;

    #[track_caller]
    fn check(operation: &str, message: &str, document: Value, expected: [&str; 4]) {
        let error = CallError {
            kind: CallErrorKind::Refused,
            operation: operation.to_owned(),
            code: "AccessDeniedException".to_owned(),
            message: message.to_owned(),
            status: Some(403),
            request_id: None,
            document,
        };
        let found = denied(&error);
        let text = |value: Option<String>| value.unwrap_or_default();
        let found =
            [found.action, text(found.needed_by), text(found.resource), text(found.explicit)];
        assert_eq!(found, expected, "{message}");
    }

    const WHO: &str = "User: arn:aws:sts::111122223333:assumed-role/deploy/jane is";

    #[test]
    fn action_and_resource_stand_in_the_message_in_many_ways() {
        let queue = "arn:aws:connect:us-west-2:111122223333:instance/i/queue/*";
        check(
            "connect.CreateQueue",
            &format!(
                "{WHO} not authorized to perform: connect:CreateQueue on resource: {queue} because no \
                 identity-based policy allows the connect:CreateQueue action"
            ),
            Value::Null,
            ["connect:CreateQueue", "", queue, ""],
        );
        let function = "arn:aws:lambda:us-west-2:111122223333:function:lookup";
        check(
            "connect.AssociateLambdaFunction",
            &format!(
                "{WHO} not authorized to perform: lambda:AddPermission on resource: {function}."
            ),
            Value::Null,
            ["lambda:AddPermission", "connect:AssociateLambdaFunction", function, ""],
        );
        check(
            "s3.PutObject",
            &format!(
                "{WHO} not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/k.wav\" with an \
                 explicit deny in a service control policy"
            ),
            Value::Null,
            ["s3:PutObject", "", "arn:aws:s3:::b/k.wav", "a service control policy"],
        );
        check(
            "service-quotas.ListServiceQuotas",
            &format!("{WHO} not authorized to perform: servicequotas:ListServiceQuotas"),
            Value::Null,
            ["servicequotas:ListServiceQuotas", "", "", ""],
        );
    }

    #[test]
    fn what_the_message_does_not_say_comes_from_the_call() {
        let object = "arn:aws:s3:::b/k.wav";
        let document = json!({ "Code": "AccessDenied", "Resource": object });
        check("s3.HeadObject", "Access Denied", document, ["s3:GetObject", "", object, ""]);
        let lex = "lexv2-models.ListBotAliases";
        check(lex, "", Value::Null, ["lex:ListBotAliases", "", "", ""]);
        let path = json!({ "Resource": "/b/k.wav" });
        check("s3.GetObject", "Access Denied", path, ["s3:GetObject", "", "", ""]);
    }
}
