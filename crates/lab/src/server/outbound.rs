//! From an output or an error to an answer in the service's protocol.

use super::Written;
use super::inbound::Found;
use super::xml::{self, Lists};
use crate::operations::{Operation, Protocol, Service};
use crate::request::Output;
use crate::service::Failure;
use crate::sqs;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// Members of S3's outputs that stand in headers.
const S3_HEADERS: [(&str, &str); 12] = [
    ("ETag", "etag"),
    ("LastModified", "last-modified"),
    ("AcceptRanges", "accept-ranges"),
    ("ContentRange", "content-range"),
    ("ContentType", "content-type"),
    ("ContentEncoding", "content-encoding"),
    ("ContentDisposition", "content-disposition"),
    ("CacheControl", "cache-control"),
    ("ContentLength", "content-length"),
    ("Location", "location"),
    ("BucketRegion", "x-amz-bucket-region"),
    ("VersionId", "x-amz-version-id"),
];

/// The root elements of S3's documents.
const S3_ROOTS: [(&str, &str); 3] = [
    ("GetBucketVersioning", "VersioningConfiguration"),
    ("ListBuckets", "ListAllMyBucketsResult"),
    ("ListObjectsV2", "ListBucketResult"),
];

/// Sets a header; a value that HTTP cannot carry is left out.
pub(super) fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}

/// A successful answer.
pub(super) fn output(found: &Found, output: Output, id: &str) -> Written {
    let (Some(service), Some(operation)) = (found.service, found.operation()) else {
        let failure = Failure::new("InternalFailure", 500, "an answer without an operation");
        return self::failure(found.protocol(), found.service, &failure, id);
    };
    match service.protocol {
        Protocol::RestJson => json_output(operation, output, "application/json"),
        Protocol::Json => json_output(operation, output, json_kind(Some(service))),
        Protocol::Query => query_output(service, operation, &output, id),
        Protocol::RestXml => s3_output(service, operation, output),
    }
}

/// The content type of services that take the operation from a header.
fn json_kind(service: Option<&Service>) -> &'static str {
    match service.is_some_and(|service| service.name == "sqs") {
        true => "application/x-amz-json-1.0",
        false => "application/x-amz-json-1.1",
    }
}

fn json_output(operation: &Operation, output: Output, kind: &str) -> Written {
    let mut headers = HeaderMap::new();
    set(&mut headers, "content-type", kind);
    let body = match output.members {
        _ if operation.empty || operation.status == 204 => Bytes::new(),
        Value::Null => Bytes::from_static(b"{}"),
        members => Bytes::from(members.to_string()),
    };
    Written { status: output.status.unwrap_or(operation.status), headers, body }
}

fn query_output(service: &Service, operation: &Operation, output: &Output, id: &str) -> Written {
    let name = operation.name;
    let mut body = format!("<{name}Response xmlns=\"{}\">", service.namespace);
    if !operation.empty {
        let result = format!("{name}Result");
        match &output.members {
            Value::Null => xml::element(&mut body, &result, &json!({}), Lists::Members),
            members => xml::element(&mut body, &result, members, Lists::Members),
        }
    }
    xml::element(&mut body, "ResponseMetadata", &json!({"RequestId": id}), Lists::Members);
    body.push_str(&format!("</{name}Response>"));
    Written { status: operation.status, headers: xml_headers(), body: Bytes::from(body) }
}

fn s3_output(service: &Service, operation: &Operation, output: Output) -> Written {
    let status = output.status.unwrap_or(operation.status);
    let root = S3_ROOTS.iter().find(|(name, _)| *name == operation.name);
    if let Some((_, root)) = root {
        let mut body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{}\">",
            service.namespace
        );
        xml::members(&mut body, &output.members, Lists::S3);
        body.push_str(&format!("</{root}>"));
        return Written { status, headers: xml_headers(), body: Bytes::from(body) };
    }
    let mut headers = HeaderMap::new();
    for (member, header) in S3_HEADERS {
        match output.members.get(member) {
            Some(Value::String(text)) => set(&mut headers, header, text),
            Some(Value::Null) | None => {}
            Some(other) => set(&mut headers, header, &other.to_string()),
        }
    }
    let metadata = output.members.get("Metadata").and_then(Value::as_object);
    for (name, value) in metadata.into_iter().flatten() {
        set(&mut headers, &format!("x-amz-meta-{name}"), value.as_str().unwrap_or_default());
    }
    Written { status, headers, body: Bytes::from(output.body.unwrap_or_default()) }
}

/// An error.
pub(super) fn failure(
    protocol: Protocol,
    service: Option<&Service>,
    failure: &Failure,
    id: &str,
) -> Written {
    let (headers, body) = match protocol {
        Protocol::RestJson => {
            let mut headers = HeaderMap::new();
            set(&mut headers, "content-type", "application/json");
            set(&mut headers, "x-amzn-errortype", &failure.name);
            (headers, failure.body().to_string())
        }
        Protocol::Json => {
            let mut headers = HeaderMap::new();
            set(&mut headers, "content-type", json_kind(service));
            if service.is_some_and(|service| service.name == "sqs") {
                set(&mut headers, "x-amzn-query-error", &sqs::query_error(failure));
            }
            let mut body = failure.body();
            body["__type"] = json!(failure.name);
            (headers, body.to_string())
        }
        Protocol::Query => {
            let kind = if failure.status < 500 { "Sender" } else { "Receiver" };
            let error = json!({"Type": kind, "Code": failure.name, "Message": failure.message});
            let namespace = service.map_or("", |s| s.namespace);
            let mut body = format!("<ErrorResponse xmlns=\"{namespace}\">");
            xml::members(&mut body, &json!({"Error": error, "RequestId": id}), Lists::Members);
            body.push_str("</ErrorResponse>");
            (xml_headers(), body)
        }
        Protocol::RestXml => {
            let mut error = json!({"Code": failure.name, "Message": failure.message});
            for (member, value) in failure.members.iter() {
                error[member] = value.clone();
            }
            error["RequestId"] = json!(id);
            let mut body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
            xml::element(&mut body, "Error", &error, Lists::S3);
            (xml_headers(), body)
        }
    };
    Written { status: failure.status, headers, body: Bytes::from(body) }
}

fn xml_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, "content-type", "text/xml");
    headers
}
