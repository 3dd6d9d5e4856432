//! What a refusal says: the exception's name, its message, the whole document.

use crate::answer::Received;
use crate::xml::{self, Hints};
use serde_json::Value;
use trunkline_center::{CallError, CallErrorKind};

/// Reads a response that is no success. Its kind is `Refused` until somebody knows better.
pub(crate) fn read(operation: &str, received: &Received) -> CallError {
    let (code, message, document) = if let Ok(document) = serde_json::from_slice(&received.body) {
        from_json(document)
    } else if let Some(root) = xml::parse(&received.body) {
        from_xml(&root)
    } else {
        (None, None, Value::Null)
    };
    let named = received.header("x-amzn-errortype");
    let code = Some(named.to_owned()).filter(|n| !n.is_empty()).or(code);
    let code = code.map(|c| short_name(&c).to_owned()).filter(|c| !c.is_empty());
    let ids = ["x-amzn-requestid", "x-amz-request-id"].map(|name| received.header(name));
    CallError {
        kind: CallErrorKind::Refused,
        operation: operation.to_owned(),
        code: code.unwrap_or_else(|| by_status(received.status)),
        message: message.unwrap_or_default(),
        status: Some(received.status),
        request_id: ids.into_iter().find(|id| !id.is_empty()).map(str::to_owned),
        document,
    }
}

/// Makes an error of ours: nothing came from AWS.
pub(crate) fn own(kind: CallErrorKind, operation: &str, code: &str, message: String) -> CallError {
    CallError {
        kind,
        operation: operation.to_owned(),
        code: code.to_owned(),
        message,
        status: None,
        request_id: None,
        document: Value::Null,
    }
}

type Parts = (Option<String>, Option<String>, Value);

fn from_json(document: Value) -> Parts {
    let first =
        |names: &[&str]| names.iter().find_map(|n| document.get(n)?.as_str()).map(str::to_owned);
    let code = first(&["__type", "code", "Code"]);
    let message = first(&["message", "Message", "errorMessage"]);
    (code, message, document)
}

fn from_xml(root: &xml::Element) -> Parts {
    // S3 answers a bare Error; query services wrap it in an ErrorResponse.
    let error = root.child("Error").unwrap_or(root);
    let text = |name| error.text_of(name).map(str::to_owned);
    (text("Code"), text("Message"), error.to_object(&Hints::default()))
}

/// `aws.protocol#Name:http://...` is `Name`.
fn short_name(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

fn by_status(status: u16) -> String {
    match status {
        // A HEAD has no body to name its error in.
        404 => "NotFound".into(),
        403 => "AccessDenied".into(),
        other => format!("Http{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, kind: &str, body: &str) -> CallError {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-amzn-requestid", "r-1".parse().expect("a value"));
        if !kind.is_empty() {
            headers.insert("x-amzn-errortype", kind.parse().expect("a value"));
        }
        read("x.Y", &Received { status, headers, body: body.to_owned().into_bytes().into() })
    }

    #[test]
    fn names_without_their_decoration() {
        let body = r#"{"message":"no","problems":[{"message":"p"}]}"#;
        let error = check(400, "InvalidContactFlowException:http://internal.amazon.com/x/", body);
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("InvalidContactFlowException", "no")
        );
        assert_eq!(error.document["problems"][0]["message"], "p");
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        let error = check(
            409,
            "",
            r#"{"__type":"com.amazonaws.connect#DuplicateResourceException","Message":"m"}"#,
        );
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("DuplicateResourceException", "m")
        );
    }

    #[test]
    fn xml_with_and_without_a_wrapper() {
        for body in [
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no &amp; no</Message></Error></ErrorResponse>",
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no &amp; no</Message></Error>",
        ] {
            let error = check(403, "", body);
            assert_eq!((error.code.as_str(), error.message.as_str()), ("AccessDenied", "no & no"));
        }
    }

    #[test]
    fn a_status_alone() {
        assert_eq!(check(404, "", "").code, "NotFound");
        assert_eq!(check(502, "", "<html><p>bad gateway").code, "Http502");
    }
}
