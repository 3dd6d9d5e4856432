//! Requests from calls: each member goes where the operation's row says, everything else in the body.
//!
//! Nothing is sent or signed here. An error is a sentence about an input that cannot be sent.

use crate::endpoint::Endpoint;
use crate::operations::{Member, Operation, Protocol};
use crate::xml;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use trunkline_center::Call;

/// What AWS leaves unescaped: RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for labels that span several segments.
const ESCAPED_PATH: &AsciiSet = &ESCAPED.remove(b'/');

/// A request before it is signed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unsigned {
    pub(crate) method: http::Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Builds the request of a call.
pub(crate) fn build(
    operation: &Operation,
    call: &Call,
    endpoint: &Endpoint,
) -> Result<Unsigned, String> {
    let mut members = match &call.input {
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        other => return Err(format!("the input is {other}, not an object")),
    };
    members.retain(|_, value| !value.is_null());
    let url = url(operation, &mut members, endpoint)?;
    let headers = headers(operation, &mut members)?;
    let mut request = Unsigned { method: operation.method.clone(), url, headers, body: Vec::new() };
    match operation.service.protocol {
        Protocol::Query => form_body(operation, members, &mut request),
        Protocol::Json => json_body(operation, members, &mut request),
        Protocol::RestJson if operation.body => {
            request.headers.push(("content-type".into(), "application/json".into()));
            request.body = Value::Object(members).to_string().into_bytes();
        }
        _ => raw_body(operation, call, members, &mut request)?,
    }
    Ok(request)
}

/// Percent-encodes a text for a query or a single segment.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn url(
    operation: &Operation,
    members: &mut Map<String, Value>,
    endpoint: &Endpoint,
) -> Result<String, String> {
    let mut base = endpoint.url.clone();
    let mut template = operation.uri.as_str();
    if let Some(rest) = template.strip_prefix("/{Bucket}").filter(|_| endpoint.native) {
        let bucket = members.get("Bucket").and_then(Value::as_str).unwrap_or_default();
        // A dot in the name would not match the certificate: such buckets stay in the path.
        if !bucket.is_empty() && bucket.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            base = base.replacen("://", &format!("://{bucket}."), 1);
            template = rest;
            members.shift_remove("Bucket");
        }
    }
    let (path, fixed) = template.split_once('?').unwrap_or((template, ""));
    let path = fill_labels(path, members)?;
    let mut pairs: Vec<String> =
        fixed.split('&').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    for member in &operation.query {
        if let Some(value) = members.shift_remove(&member.name) {
            let items = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
            for item in items {
                pairs.push(format!("{}={}", escape(&member.wire), escape(&text(member, item)?)));
            }
        }
    }
    let slash = if path.is_empty() { "/" } else { "" };
    let mark = if pairs.is_empty() { "" } else { "?" };
    Ok(format!("{base}{path}{slash}{mark}{}", pairs.join("&")))
}

fn fill_labels(template: &str, members: &mut Map<String, Value>) -> Result<String, String> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let (name, set) = match label.strip_suffix('+') {
            Some(name) => (name, ESCAPED_PATH),
            None => (label, ESCAPED),
        };
        let value = members.shift_remove(name).unwrap_or_default();
        let value = plain(&value).filter(|v| !v.is_empty());
        let value = value.ok_or_else(|| format!("{name} is missing, empty or no plain value"))?;
        path.push_str(before);
        path.extend(utf8_percent_encode(&value, set));
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

fn headers(
    operation: &Operation,
    members: &mut Map<String, Value>,
) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for member in &operation.headers {
        if let Some(value) = members.shift_remove(&member.name) {
            headers.push((member.wire.to_lowercase(), text(member, &value)?));
        }
    }
    if let Some(prefix) = &operation.prefix
        && let Some(Value::Object(pairs)) = members.shift_remove(&prefix.name)
    {
        for (name, value) in &pairs {
            headers.push((format!("{}{}", prefix.wire, name.to_lowercase()), text(prefix, value)?));
        }
    }
    Ok(headers)
}

fn raw_body(
    operation: &Operation,
    call: &Call,
    mut members: Map<String, Value>,
    request: &mut Unsigned,
) -> Result<(), String> {
    if operation.stream {
        request.body = call.body.clone().unwrap_or_default();
    } else if call.body.is_some() {
        return Err(format!("{} takes no streaming body", operation.name));
    }
    if let Some(value) = operation.payload.as_ref().and_then(|name| members.shift_remove(name)) {
        let root = operation.payload.as_deref().unwrap_or_default();
        request.headers.push(("content-type".into(), "application/xml".into()));
        request.body = xml::write(root, &value).into_bytes();
    }
    match members.keys().next() {
        // Leaving it out in silence would do something else than what was asked.
        Some(name) => Err(format!("{} has no member {name}", operation.name)),
        None => Ok(()),
    }
}

fn form_body(operation: &Operation, members: Map<String, Value>, request: &mut Unsigned) {
    let mut pairs = vec![
        ("Action".to_owned(), operation.name.clone()),
        ("Version".to_owned(), operation.service.version.clone()),
    ];
    for (name, value) in &members {
        flatten(name, value, &mut pairs);
    }
    let encoded: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    request.headers.push(("content-type".into(), form.into()));
    request.body = encoded.join("&").into_bytes();
}

fn json_body(operation: &Operation, members: Map<String, Value>, request: &mut Unsigned) {
    let target = format!("{}.{}", operation.service.target, operation.name);
    let kind = format!("application/x-amz-json-{}", operation.service.json);
    request.headers.push(("content-type".into(), kind));
    request.headers.push(("x-amz-target".into(), target));
    request.body = Value::Object(members).to_string().into_bytes();
}

fn flatten(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(k, v)| flatten(&format!("{name}.{k}"), v, pairs));
        }
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(i, v)| flatten(&format!("{name}.member.{}", i + 1), v, pairs));
        }
        other => pairs.extend(plain(other).map(|text| (name.to_owned(), text))),
    }
}

fn text(member: &Member, value: &Value) -> Result<String, String> {
    plain(value).ok_or_else(|| format!("{} is no plain value", member.name))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::operation;
    use serde_json::json;

    fn check(service: &str, name: &str, input: Value, native: bool) -> Result<Unsigned, String> {
        let row = operation(service, name).expect("in the table");
        let url = if native { "https://s3.us-west-2.amazonaws.com" } else { "http://127.0.0.1:1" };
        let endpoint = Endpoint { url: url.into(), signing_region: "us-west-2".into(), native };
        build(row, &Call::new(service, name, input), &endpoint)
    }

    fn url_of(service: &str, name: &str, input: Value) -> String {
        let url = check(service, name, input, false).expect("fits").url;
        url.strip_prefix("http://127.0.0.1:1").expect("the endpoint").to_owned()
    }

    #[test]
    fn labels_are_one_segment_each() {
        let arn = "arn:aws:connect:us-west-2:111122223333:instance/a/queue/b";
        assert_eq!(
            url_of("connect", "ListTagsForResource", json!({"resourceArn": arn})),
            "/tags/arn%3Aaws%3Aconnect%3Aus-west-2%3A111122223333%3Ainstance%2Fa%2Fqueue%2Fb"
        );
        let input = json!({"InstanceId": "i", "ContactFlowId": "f:$SAVED"});
        assert_eq!(
            url_of("connect", "DescribeContactFlow", input),
            "/contact-flows/i/f%3A%24SAVED"
        );
        let input = json!({"InstanceId": "i", "Name": "Señal ~ (x)/y"});
        let url = url_of("connect", "DescribePredefinedAttribute", input);
        assert_eq!(url, "/predefined-attributes/i/Se%C3%B1al%20~%20%28x%29%2Fy");
    }

    #[test]
    fn query_members_by_wire_name_and_lists_repeated() {
        let input = json!({"InstanceId": "i", "NextToken": "a+/=", "MaxResults": 25, "AgentStatusTypes": ["A", "B"]});
        assert_eq!(
            url_of("connect", "ListAgentStatuses", input),
            "/agent-status/i?nextToken=a%2B%2F%3D&maxResults=25&AgentStatusTypes=A&AgentStatusTypes=B"
        );
        let input = json!({"Bucket": "b", "Prefix": "a/b", "MaxKeys": null});
        assert_eq!(url_of("s3", "ListObjectsV2", input), "/b?list-type=2&prefix=a%2Fb");
    }

    #[test]
    fn the_rest_is_the_body() {
        let input =
            json!({"InstanceId": "i", "Name": "Sales", "Tags": {"a": "b"}, "Description": null});
        let request = check("connect", "CreateQueue", input, false).expect("fits");
        assert_eq!(request.body, br#"{"Name":"Sales","Tags":{"a":"b"}}"#);
        assert_eq!(request.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        let input = json!({"InstanceId": "i"});
        let request = check("connect", "DescribeInstance", input, false).expect("fits");
        assert!(request.body.is_empty() && request.headers.is_empty());
    }

    #[test]
    fn forms_number_their_lists() {
        let input = json!({"RoleName": "r", "Tags": [{"Key": "a b", "Value": "1"}, {"Key": "c", "Value": "=&"}]});
        let body = check("iam", "CreateRole", input, false).expect("fits").body;
        let expected = "Action=CreateRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=a%20b\
            &Tags.member.1.Value=1&Tags.member.2.Key=c&Tags.member.2.Value=%3D%26";
        assert_eq!(String::from_utf8(body).expect("text"), expected);
    }

    #[test]
    fn json_services_have_the_operation_in_a_header() {
        let input = json!({"ServiceCode": "connect", "NextToken": null});
        let request = check("service-quotas", "ListServiceQuotas", input, false).expect("fits");
        assert_eq!(request.body, br#"{"ServiceCode":"connect"}"#);
        let target = ("x-amz-target", "ServiceQuotasV20190624.ListServiceQuotas");
        assert!(request.headers.iter().any(|(n, v)| (n.as_str(), v.as_str()) == target));
        let receive = check("sqs", "ReceiveMessage", json!({"QueueUrl": "q"}), false);
        let kind = ("content-type".to_owned(), "application/x-amz-json-1.0".to_owned());
        assert_eq!(receive.expect("fits").headers[0], kind);
    }

    #[test]
    fn buckets_are_hosts_at_aws_and_paths_elsewhere() {
        let input = json!({"Bucket": "acme-prompts", "Key": "a b/c+d.wav"});
        let path = "/a%20b/c%2Bd.wav";
        let native = check("s3", "GetObject", input.clone(), true).expect("fits").url;
        assert_eq!(native, format!("https://acme-prompts.s3.us-west-2.amazonaws.com{path}"));
        assert_eq!(url_of("s3", "GetObject", input), format!("/acme-prompts{path}"));
        let dotted = check("s3", "HeadBucket", json!({"Bucket": "acme.prompts"}), true);
        assert_eq!(dotted.expect("fits").url, "https://s3.us-west-2.amazonaws.com/acme.prompts");
        let root = check("s3", "HeadBucket", json!({"Bucket": "acme"}), true);
        assert_eq!(root.expect("fits").url, "https://acme.s3.us-west-2.amazonaws.com/");
    }

    #[test]
    fn headers_and_metadata() {
        let input =
            json!({"Bucket": "b", "Key": "k", "IfNoneMatch": "*", "Metadata": {"Sha": "x"}});
        let headers = check("s3", "PutObject", input, false).expect("fits").headers;
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(headers, [pair("if-none-match", "*"), pair("x-amz-meta-sha", "x")]);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (service, name, input) in [
            ("connect", "DescribeQueue", json!({"InstanceId": "i"})),
            ("connect", "DescribeQueue", json!({"InstanceId": "i", "QueueId": ""})),
            ("connect", "DescribeQueue", json!({"InstanceId": "i", "QueueId": "q", "Name": "x"})),
            ("s3", "GetObject", json!({"Bucket": "b", "Key": {"a": 1}})),
            ("sts", "GetCallerIdentity", json!([1])),
        ] {
            assert!(check(service, name, input.clone(), false).is_err(), "{name} {input}");
        }
    }
}
