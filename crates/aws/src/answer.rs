//! Answers from responses: the output's members as JSON, wherever they travelled.

use crate::operations::{Operation, Protocol};
use crate::xml;
use serde_json::{Map, Value};
use trunkline_center::Answer;

/// A whole response.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl Received {
    /// A header's text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

/// Reads a successful response; an error is a sentence on what is wrong with it.
pub(crate) fn read(operation: &Operation, received: &Received) -> Result<Answer, String> {
    let mut output = Map::new();
    let mut body = Vec::new();
    if operation.out_stream {
        body = received.body.to_vec();
    } else if !received.body.is_empty() {
        output = match operation.service.protocol {
            Protocol::RestJson | Protocol::Json => json(&received.body)?,
            Protocol::RestXml | Protocol::Query => from_xml(operation, &received.body)?,
        };
    }
    read_headers(operation, received, &mut output);
    Ok(Answer { output: Value::Object(output), body })
}

fn json(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("the answer is JSON, but no object".into()),
        Err(error) => Err(format!("the answer is not JSON: {error}")),
    }
}

fn from_xml(operation: &Operation, body: &[u8]) -> Result<Map<String, Value>, String> {
    let root = xml::parse(body).ok_or("the answer is not well-formed XML")?;
    let content = match operation.service.protocol {
        Protocol::Query => root.child(&format!("{}Result", operation.name)),
        _ => Some(&root),
    };
    match content.map(|element| element.to_object(&operation.xml)) {
        Some(Value::Object(members)) => Ok(members),
        _ => Ok(Map::new()),
    }
}

fn read_headers(operation: &Operation, received: &Received, output: &mut Map<String, Value>) {
    for member in &operation.out_headers {
        if received.headers.contains_key(member.wire.as_str()) {
            let value = xml::scalar(received.header(&member.wire), member.scalar);
            output.insert(member.name.clone(), value);
        }
    }
    let Some(prefix) = &operation.out_prefix else { return };
    let pair = |name: &http::HeaderName| {
        let key = name.as_str().strip_prefix(prefix.wire.as_str())?.to_owned();
        Some((key, Value::from(received.header(name.as_str()))))
    };
    let pairs: Map<String, Value> = received.headers.keys().filter_map(pair).collect();
    output.insert(prefix.name.clone(), Value::Object(pairs));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::operation;
    use serde_json::json;

    fn check(
        service: &str,
        name: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, String> {
        let headers = headers.iter().map(|(k, v)| {
            (k.parse::<http::HeaderName>().expect("a name"), v.parse().expect("a value"))
        });
        let received = Received {
            status: 200,
            headers: headers.collect(),
            body: body.to_owned().into_bytes().into(),
        };
        read(operation(service, name).expect("in the table"), &received)
    }

    #[test]
    fn json_answers_are_kept_whole() {
        let text = r#"{"Queue":{"Name":"Sales","NewField":[1.5]}}"#;
        let answer = check("connect", "DescribeQueue", &[], text).expect("reads");
        assert_eq!(answer.output.to_string(), text);
        assert_eq!(check("connect", "UpdateQueueName", &[], "").expect("reads").output, json!({}));
        assert!(check("connect", "DescribeQueue", &[], "{\"Queue\":").is_err());
        assert!(check("connect", "DescribeQueue", &[], "[]").is_err());
    }

    #[test]
    fn query_answers_are_the_results_content() {
        let text = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
            <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:root</Arn><Account>111122223333</Account>\
            </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
            </GetCallerIdentityResponse>";
        let answer = check("sts", "GetCallerIdentity", &[], text).expect("reads");
        assert_eq!(
            answer.output,
            json!({"Arn": "arn:aws:iam::111122223333:root", "Account": "111122223333"})
        );
        let answer = check("iam", "DeleteRole", &[], "<DeleteRoleResponse/>").expect("reads");
        assert_eq!(answer.output, json!({}));
    }

    #[test]
    fn objects_have_bytes_headers_and_metadata() {
        let headers = [("etag", "\"e\""), ("content-length", "3"), ("x-amz-meta-sha", "s")];
        let answer = check("s3", "GetObject", &headers, "abc").expect("reads");
        assert_eq!(answer.body, b"abc");
        assert_eq!(
            answer.output,
            json!({"ContentLength": 3, "ETag": "\"e\"", "Metadata": {"sha": "s"}})
        );
    }
}
