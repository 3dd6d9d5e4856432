//! The operations that can be called, as a table of text (`operations/*.txt`).
//!
//! A row is `NAME METHOD URI EFFECT` and then only what differs from the protocol's defaults:
//! `body` (rest-json: members are left for a JSON body), `payload=M` (one member is the whole XML body),
//! `stream=M` / `out-stream=M` (raw bytes), `query:`, `header:`, `prefix:` (input members by their wire
//! names), `out-header:`, `out-prefix:` (output members), `xml:` (which output members are lists,
//! `#` numbers and `?` booleans). A label in braces has the name of the member that it takes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

const TABLES: [&str; 12] = [
    include_str!("operations/cloudformation.txt"),
    include_str!("operations/cloudtrail.txt"),
    include_str!("operations/connect.txt"),
    include_str!("operations/iam.txt"),
    include_str!("operations/lambda.txt"),
    include_str!("operations/lexv2-models.txt"),
    include_str!("operations/s3.txt"),
    include_str!("operations/secretsmanager.txt"),
    include_str!("operations/service-quotas.txt"),
    include_str!("operations/sqs.txt"),
    include_str!("operations/ssm.txt"),
    include_str!("operations/sts.txt"),
];

/// How members travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON bodies, labels and query members in the URI.
    RestJson,
    /// S3: XML bodies or raw bytes.
    RestXml,
    /// STS, IAM and CloudFormation: a form in, XML out.
    Query,
    /// Service Quotas, CloudTrail, Secrets Manager, the parameter store and SQS: JSON in and out, the operation in a
    /// header.
    Json,
}

/// What repeating a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing: a lost answer is asked for again.
    Read,
    /// Changes something, and repeating it may fail or do it twice: a lost answer is uncertain.
    Write,
    /// Changes something, and repeating it ends the same.
    Put,
}

/// A service of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// botocore's name: `lexv2-models`.
    pub(crate) name: String,
    /// The first label of its host names: `models-v2-lex`.
    pub(crate) endpoint: String,
    /// The name in the signature's scope: `lex`.
    pub(crate) signing: String,
    /// How members travel.
    pub(crate) protocol: Protocol,
    /// The API's version, a member of query requests.
    pub(crate) version: String,
    /// What stands before the operation's name in the header of JSON requests.
    pub(crate) target: String,
    /// The version of the JSON of such requests: `1.1` unless the table says another.
    pub(crate) json: String,
}

/// A member and its name on the wire, with the type of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The name in the API's model.
    pub(crate) name: String,
    /// The name on the wire.
    pub(crate) wire: String,
    /// What an output member's text stands for.
    pub(crate) scalar: Scalar,
}

/// What the text of an XML element or a header stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// Itself.
    Text,
    /// A JSON number.
    Number,
    /// A JSON boolean.
    Boolean,
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    pub(crate) service: std::sync::Arc<Service>,
    /// The name: `CreateQueue`.
    pub name: String,
    pub(crate) method: http::Method,
    pub(crate) uri: String,
    /// What repeating it does.
    pub effect: Effect,
    pub(crate) body: bool,
    pub(crate) payload: Option<String>,
    pub(crate) stream: bool,
    pub(crate) query: Vec<Member>,
    pub(crate) headers: Vec<Member>,
    pub(crate) prefix: Option<Member>,
    pub(crate) out_stream: bool,
    pub(crate) out_headers: Vec<Member>,
    pub(crate) out_prefix: Option<Member>,
    pub(crate) xml: crate::xml::Hints,
}

impl Operation {
    /// The service's name: `connect`.
    pub fn service(&self) -> &str {
        &self.service.name
    }

    /// The name that errors and counts use: `connect.CreateQueue`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.service.name, self.name)
    }
}

type Table = BTreeMap<(String, String), Operation>;

/// Every operation of the table, by service and name.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    table().values()
}

/// Finds an operation by botocore's service name and the operation's name.
pub fn operation(service: &str, name: &str) -> Option<&'static Operation> {
    table().get(&(service.to_owned(), name.to_owned()))
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| TABLES.iter().flat_map(|text| read_table(text)).collect())
}

fn read_table(text: &str) -> Vec<((String, String), Operation)> {
    let mut lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    let head = lines.next().expect("a table starts with its service");
    let service = std::sync::Arc::new(read_service(head));
    let row = |line| {
        let operation = read_operation(line, &service);
        ((service.name.clone(), operation.name.clone()), operation)
    };
    lines.map(row).collect()
}

fn read_service(line: &str) -> Service {
    let mut words = line.split(' ').skip(1);
    let name = words.next().expect("a service has a name").to_owned();
    let fields: BTreeMap<&str, &str> = words.filter_map(|w| w.split_once('=')).collect();
    let field = |key: &str| fields.get(key).copied().unwrap_or_default().to_owned();
    let protocol = match fields.get("protocol").copied() {
        Some("rest-xml") => Protocol::RestXml,
        Some("query") => Protocol::Query,
        Some("json") => Protocol::Json,
        _ => Protocol::RestJson,
    };
    let (endpoint, signing, version) = (field("endpoint"), field("signing"), field("version"));
    let json = fields.get("json").copied().unwrap_or("1.1").to_owned();
    Service { name, endpoint, signing, protocol, version, target: field("target"), json }
}

fn read_operation(line: &str, service: &std::sync::Arc<Service>) -> Operation {
    let mut words = line.split(' ');
    let mut next = || words.next().expect("a row has four words").to_owned();
    let (name, method, uri, effect) = (next(), next(), next(), next());
    let mut operation = Operation {
        service: service.clone(),
        name,
        method: method.parse().expect("the table's methods are HTTP's"),
        uri,
        effect: match effect.as_str() {
            "read" => Effect::Read,
            "put" => Effect::Put,
            _ => Effect::Write,
        },
        body: false,
        payload: None,
        stream: false,
        query: Vec::new(),
        headers: Vec::new(),
        prefix: None,
        out_stream: false,
        out_headers: Vec::new(),
        out_prefix: None,
        xml: crate::xml::Hints::default(),
    };
    words.for_each(|word| read_extra(word, &mut operation));
    operation
}

fn read_extra(word: &str, operation: &mut Operation) {
    let (key, value) = word.split_once([':', '=']).unwrap_or((word, ""));
    match key {
        "body" => operation.body = true,
        "payload" => operation.payload = Some(value.to_owned()),
        "stream" => operation.stream = true,
        "out-stream" => operation.out_stream = true,
        "query" => operation.query = members(value),
        "header" => operation.headers = members(value),
        "prefix" => operation.prefix = members(value).pop(),
        "out-header" => operation.out_headers = members(value),
        "out-prefix" => operation.out_prefix = members(value).pop(),
        "xml" => operation.xml = crate::xml::Hints::parse(value),
        _ => unreachable!("the table is part of the program, and a test reads all of it: {word}"),
    }
}

fn members(text: &str) -> Vec<Member> {
    let member = |item: &str| {
        let (scalar, item) = match item.as_bytes().first() {
            Some(b'#') => (Scalar::Number, &item[1..]),
            Some(b'?') => (Scalar::Boolean, &item[1..]),
            _ => (Scalar::Text, item),
        };
        let (name, wire) = item.split_once('=').unwrap_or((item, item));
        Member { name: name.to_owned(), wire: wire.to_owned(), scalar }
    };
    text.split(',').map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads_and_names_are_unique_per_service() {
        assert!(operations().count() > 180);
        let create = operation("connect", "CreateQueue").expect("in the table");
        assert_eq!((create.method.as_str(), create.uri.as_str()), ("PUT", "/queues/{InstanceId}"));
        assert_eq!(create.effect, Effect::Write);
        assert!(create.body);
        let untag = operation("connect", "UntagResource").expect("in the table");
        assert_eq!(untag.query[0].wire, "tagKeys");
        assert!(
            operation("connect", "ListBots").is_some() && operation("iam", "GetRole").is_some()
        );
    }

    #[test]
    fn what_is_called_a_read_changes_nothing() {
        let prefixes =
            ["Describe", "Get", "List", "Search", "Head", "AssumeRole", "Lookup", "Simulate"];
        for row in operations() {
            let read = prefixes.iter().any(|p| row.name.starts_with(p));
            assert_eq!(row.effect == Effect::Read, read, "{}", row.full_name());
        }
    }
}
