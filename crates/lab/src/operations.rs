//! The operations that the lab answers, as data: one text file a service under `operations/`.
//!
//! A file holds blocks. The first line of a block is `NAME METHOD URI STATUS read|write`; indented
//! lines follow: `label`, `query`, `header`, `body` list the input's members as
//! `[wire=]Member:type[!]` (`!` is required; types: s text, i integer, f float, b boolean, t time,
//! o structure, m map, l list, d bytes; a header `prefix*` takes all that begin with it), `errors`
//! lists what the operation declares with its status, and `empty` says that it has no output.
//! `refused.txt` knows further operations by name, so that their refusal can say it.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON bodies, REST paths.
    RestJson,
    /// JSON in and out, the operation in the header `x-amz-target`.
    Json,
    /// XML bodies, REST paths (S3).
    RestXml,
    /// Forms in, XML out.
    Query,
}

impl Protocol {
    /// Name and status of a refusal for lack of permission.
    pub(crate) fn denied(self) -> (&'static str, u16) {
        match self {
            Self::RestJson => ("AccessDeniedException", 403),
            Self::Json => ("AccessDeniedException", 400),
            Self::RestXml | Self::Query => ("AccessDenied", 403),
        }
    }
}

/// A service of the lab.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name that other parts of the lab and the record use.
    pub(crate) name: &'static str,
    /// The name in a signature's scope.
    pub(crate) signing: &'static str,
    pub(crate) protocol: Protocol,
    /// XML namespace of a query service's answers.
    pub(crate) namespace: &'static str,
    pub(crate) operations: Vec<Operation>,
    pub(crate) refused: Vec<Refused>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) route: Route,
    pub(crate) status: u16,
    /// Whether it changes anything.
    pub(crate) write: bool,
    pub(crate) members: Vec<Member>,
    pub(crate) errors: Vec<(&'static str, u16)>,
    /// Whether it has no output at all.
    pub(crate) empty: bool,
}

/// An operation that is known by name only.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) name: &'static str,
    pub(crate) route: Route,
}

/// Method, path and what else tells operations apart.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) segments: Vec<Segment>,
    /// Query parameters that must be there, with their value where the URI fixes one.
    pub(crate) query: Vec<(&'static str, &'static str)>,
    /// Headers that must be there.
    pub(crate) headers: Vec<&'static str>,
}

/// A segment of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(&'static str),
    Label(&'static str),
    /// Takes the rest of the path.
    Rest(&'static str),
}

/// Where an input's member stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Label,
    Query,
    Header,
    Body,
}

/// A member of an operation's input.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) place: Place,
    pub(crate) wire: &'static str,
    pub(crate) name: &'static str,
    /// `s`, `i`, `f`, `b`, `t`, `o`, `m`, `l` or `d`.
    pub(crate) kind: char,
    pub(crate) required: bool,
}

const REFUSED: &str = include_str!("operations/refused.txt");

/// Name, signing name, protocol, namespace, table.
const SOURCES: [(&str, &str, Protocol, &str, &str); 12] = [
    ("connect", "connect", Protocol::RestJson, "", include_str!("operations/connect.txt")),
    ("lambda", "lambda", Protocol::RestJson, "", include_str!("operations/lambda.txt")),
    ("lexv2-models", "lex", Protocol::RestJson, "", include_str!("operations/lex.txt")),
    (
        "s3",
        "s3",
        Protocol::RestXml,
        "http://s3.amazonaws.com/doc/2006-03-01/",
        include_str!("operations/s3.txt"),
    ),
    (
        "sts",
        "sts",
        Protocol::Query,
        "https://sts.amazonaws.com/doc/2011-06-15/",
        include_str!("operations/sts.txt"),
    ),
    (
        "iam",
        "iam",
        Protocol::Query,
        "https://iam.amazonaws.com/doc/2010-05-08/",
        include_str!("operations/iam.txt"),
    ),
    (
        "cloudformation",
        "cloudformation",
        Protocol::Query,
        "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        include_str!("operations/cloudformation.txt"),
    ),
    (
        "service-quotas",
        "servicequotas",
        Protocol::Json,
        "",
        include_str!("operations/service-quotas.txt"),
    ),
    ("cloudtrail", "cloudtrail", Protocol::Json, "", include_str!("operations/cloudtrail.txt")),
    ("sqs", "sqs", Protocol::Json, "", include_str!("operations/sqs.txt")),
    ("ssm", "ssm", Protocol::Json, "", include_str!("operations/ssm.txt")),
    (
        "secretsmanager",
        "secretsmanager",
        Protocol::Json,
        "",
        include_str!("operations/secretsmanager.txt"),
    ),
];

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    SOURCES
        .iter()
        .map(|&(name, signing, protocol, namespace, table)| Service {
            name,
            signing,
            protocol,
            namespace,
            operations: operations(table),
            refused: refused(name),
        })
        .collect()
});

static INDEX: LazyLock<HashMap<(&str, &str), &Operation>> = LazyLock::new(|| {
    SERVICES.iter().flat_map(|s| s.operations.iter().map(|o| ((s.name, o.name), o))).collect()
});

/// The service of that name.
pub(crate) fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|s| s.name == name)
}

/// The service that signs with that name.
pub(crate) fn signed_as(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|s| s.signing == name)
}

/// The operation, where the lab implements it.
pub(crate) fn operation(service: &str, name: &str) -> Option<&'static Operation> {
    INDEX.get(&(service, name)).copied()
}

fn operations(table: &'static str) -> Vec<Operation> {
    let mut all: Vec<Operation> = Vec::new();
    for line in table.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        if let Some(detail) = line.strip_prefix("  ") {
            let operation = all.last_mut().expect("a detail follows its operation");
            describe(operation, detail);
        } else {
            all.push(head(line));
        }
    }
    all
}

fn head(line: &'static str) -> Operation {
    let mut words = line.split(' ');
    let mut word = || words.next().expect("an operation's first line has five words");
    let (name, method, uri, status, mode) = (word(), word(), word(), word(), word());
    Operation {
        name,
        route: route(method, uri),
        status: status.parse().expect("a status is a number"),
        write: mode == "write",
        members: Vec::new(),
        errors: Vec::new(),
        empty: false,
    }
}

fn describe(operation: &mut Operation, detail: &'static str) {
    let mut words = detail.split(' ');
    let place = match words.next() {
        Some("label") => Place::Label,
        Some("query") => Place::Query,
        Some("header") => Place::Header,
        Some("body") => Place::Body,
        Some("errors") => {
            operation.errors = words.filter_map(|w| w.split_once('=')).map(error).collect();
            return;
        }
        _ => {
            operation.empty = detail == "empty";
            return;
        }
    };
    operation.members.extend(words.map(|word| member(place, word)));
}

fn error((name, status): (&'static str, &str)) -> (&'static str, u16) {
    (name, status.parse().expect("a status is a number"))
}

fn member(place: Place, word: &'static str) -> Member {
    let (names, kind) = word.rsplit_once(':').expect("a member has a type");
    let (wire, name) = names.split_once('=').unwrap_or((names, names));
    Member {
        place,
        wire,
        name,
        kind: kind.chars().next().expect("a type is a letter"),
        required: kind.ends_with('!'),
    }
}

fn route(method: &'static str, uri: &'static str) -> Route {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let segments = path.trim_matches('/').split('/').filter(|s| !s.is_empty());
    let fixed = query.split('&').filter(|q| !q.is_empty());
    Route {
        method,
        segments: segments.map(segment).collect(),
        query: fixed.map(|q| q.split_once('=').unwrap_or((q, ""))).collect(),
        headers: Vec::new(),
    }
}

fn segment(text: &'static str) -> Segment {
    match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        Some(label) => match label.strip_suffix('+') {
            Some(rest) => Segment::Rest(rest),
            None => Segment::Label(label),
        },
        None => Segment::Literal(text),
    }
}

fn refused(service: &str) -> Vec<Refused> {
    let lines = REFUSED.lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            if words.next() != Some(service) {
                return None;
            }
            let (name, method, uri) = (words.next()?, words.next()?, words.next()?);
            let mut route = route(method, uri);
            for need in words {
                match need.strip_prefix('?') {
                    Some(query) => route.query.push((query, "")),
                    None => route.headers.push(need),
                }
            }
            Some(Refused { name, route })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_can_be_read_whole() {
        for service in SERVICES.iter() {
            assert!(!service.operations.is_empty(), "{}", service.name);
            for operation in &service.operations {
                for segment in &operation.route.segments {
                    if let Segment::Label(label) | Segment::Rest(label) = segment {
                        assert!(
                            operation.members.iter().any(|m| m.name == *label),
                            "{}.{}: {label}",
                            service.name,
                            operation.name
                        );
                    }
                }
            }
        }
        let queue = operation("connect", "CreateQueue").expect("CreateQueue is there");
        assert!(queue.write && queue.errors.contains(&("DuplicateResourceException", 409)));
        assert!(
            service("connect").expect("connect").refused.iter().any(|r| r.name == "CreateRule")
        );
    }
}
