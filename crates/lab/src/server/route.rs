//! Finds the operation of a REST request by method, path, query and headers.

use crate::operations::{Operation, Route, Segment, Service};
use crate::signature::Wire;
use crate::text;

/// What a request's method and path stand for.
pub(super) enum Routed {
    /// An operation, with the values of its labels.
    Operation(&'static Operation, Vec<(&'static str, String)>),
    /// An operation that the lab knows by name only.
    Refused(&'static str),
    Nothing,
}

/// Finds the most specific route that fits.
pub(super) fn find(service: &'static Service, wire: &Wire<'_>) -> Routed {
    let path = bucket_path(service, wire);
    let query = text::pairs(wire.query, false);
    let mut best = (None, Routed::Nothing);
    let mut offer = |score: Score, routed: Routed| {
        if best.0.is_none_or(|b| score > b) {
            best = (Some(score), routed);
        }
    };
    for operation in &service.operations {
        if let Some((score, labels)) = fit(&operation.route, wire, &path, &query) {
            offer(score, Routed::Operation(operation, labels));
        }
    }
    for refused in &service.refused {
        if let Some((score, _)) = fit(&refused.route, wire, &path, &query) {
            offer(score, Routed::Refused(refused.name));
        }
    }
    best.1
}

/// The path with the bucket in it, where the host names the bucket.
fn bucket_path(service: &Service, wire: &Wire<'_>) -> String {
    let host = wire.headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bucket = host.strip_suffix(".localhost").map(|b| b.strip_suffix(".s3").unwrap_or(b));
    match bucket {
        Some(bucket) if service.name == "s3" && bucket != "s3" => format!("/{bucket}{}", wire.path),
        _ => wire.path.to_owned(),
    }
}

/// Demands that are met, then literal segments: what is more specific is greater.
type Score = (usize, usize);

fn fit(
    route: &Route,
    wire: &Wire<'_>,
    path: &str,
    query: &[(String, String)],
) -> Option<(Score, Vec<(&'static str, String)>)> {
    if route.method != wire.method {
        return None;
    }
    let labels = labels(&route.segments, path)?;
    let there = |&(name, value): &(&str, &str)| {
        query.iter().any(|(n, v)| n == name && (value.is_empty() || v == value))
    };
    let demanded = route.query.iter().all(there)
        && route.headers.iter().all(|name| wire.headers.contains_key(*name));
    let literal = route.segments.iter().filter(|s| matches!(s, Segment::Literal(_))).count();
    demanded.then_some(((route.query.len() + route.headers.len(), literal), labels))
}

fn labels(segments: &[Segment], path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut rest = path.strip_prefix('/')?;
    let mut labels = Vec::new();
    for segment in segments {
        if let Segment::Rest(label) = segment {
            let key = Some(rest).filter(|r| !r.is_empty())?;
            labels.push((*label, text::decode(key, false)));
            return Some(labels);
        }
        let (piece, after) = rest.split_once('/').unwrap_or((rest, ""));
        match segment {
            Segment::Literal(literal) if *literal == piece => {}
            Segment::Label(label) if !piece.is_empty() => {
                labels.push((*label, text::decode(piece, false)));
            }
            _ => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(labels)
}
