//! From an instance to documents: replaces what points into the instance by references, and escapes the rest.
//!
//! What is replaced is a whole id, ARN, or the part of a URL that names the instance; never digits of
//! a text. What points somewhere and cannot be named is collected, with a proposal of how to bind it.

use crate::bindings::Bindings;
use crate::kind::{IdField, Spec};
use crate::resource::{Instance, Names};
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use trunkline_flow::find::{self, FoundArn, UrlKind};
use trunkline_flow::reference::{self, Piece, Reference};
use trunkline_flow::rewrite::{self, Path};

/// A value of the instance that has no name yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unnamed {
    /// The value: an ARN, a bucket, a phone number.
    pub value: String,
    /// The kind of binding that it needs: `arn`, `bucket`, `phone`.
    pub kind: String,
    /// The name that is proposed for it.
    pub name: String,
    /// Where it stands: resource and path, in order of discovery.
    pub places: Vec<(String, String)>,
}

/// Turns bodies of one instance into bodies of documents.
pub struct Portable<'a> {
    instance: &'a Instance,
    names: &'a Names,
    bindings: &'a Bindings,
    unnamed: BTreeMap<(String, String), Unnamed>,
}

impl<'a> Portable<'a> {
    /// Starts with everything that has a name in the instance.
    pub fn new(instance: &'a Instance, names: &'a Names, bindings: &'a Bindings) -> Self {
        Self { instance, names, bindings, unnamed: BTreeMap::new() }
    }

    /// Rewrites a body; `subject` names the resource in findings.
    pub fn body(&mut self, spec: &Spec, subject: &str, value: &mut Value) {
        let result: Result<(), Infallible> = rewrite::map_strings(value, &mut |path, text| {
            Ok(self.text(spec.ids, subject, path, text))
        });
        match result {
            Ok(()) => {}
        }
    }

    /// The name for a value that waits for one: what an earlier place proposed, or a new proposal.
    pub fn proposed_name(&mut self, kind: &str, value: &str, subject: &str) -> String {
        self.named_value(kind, value, subject, String::new())
    }

    /// Everything that could not be named, in order of kind and value.
    pub fn into_unnamed(self) -> Vec<Unnamed> {
        self.unnamed.into_values().collect()
    }

    fn text(
        &mut self,
        ids: &[IdField],
        subject: &str,
        path: &Path<'_>,
        text: &str,
    ) -> Option<String> {
        if let Some(kind) = id_field(ids, path)
            && let Some(reference) = self.id_value(kind, subject, path, text)
        {
            return Some(reference);
        }
        if !might_point(text) {
            return reference::is_candidate(text).then(|| reference::escape(text));
        }
        let mut spans = self.spans(subject, path, text);
        spans.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut pieces = Vec::new();
        let mut at = 0;
        for (range, reference) in spans {
            if range.start < at {
                // A bucket's name can hold an id: the outer one says it all.
                continue;
            }
            if range.start > at {
                pieces.push(Piece::Text(text[at..range.start].to_owned()));
            }
            at = range.end;
            pieces.push(Piece::Ref(reference));
        }
        if at < text.len() {
            pieces.push(Piece::Text(text[at..].to_owned()));
        }
        let new = reference::render(&pieces);
        (new != text).then_some(new)
    }

    /// The value of a field that holds an id by the kind's own data.
    fn id_value(
        &mut self,
        kind: &str,
        subject: &str,
        path: &Path<'_>,
        text: &str,
    ) -> Option<String> {
        if kind == "phone" {
            // A phone number is the environment's: the reference is a binding whose value is the number.
            let (_, number) = self.names.of_id(text).or_else(|| self.names.of_arn(text))?;
            let number = number.to_owned();
            let name = self.bound_name("phone", &number, subject, path);
            return Some(Reference::new("phone", name).to_string());
        }
        match kind {
            "bucket" | "key" => {
                let name = self.bound_name(kind, text, subject, path);
                return Some(Reference::new(kind, name).to_string());
            }
            // These are legal as they stand; a binding makes them the environment's.
            "origin" => {
                let name = self.bindings.name_of("origin", text)?;
                return Some(Reference::new("origin", name).to_string());
            }
            "number" => {
                let name = self.bindings.name_of("phone", text)?;
                return Some(Reference::new("phone", name).form("number").to_string());
            }
            _ => {}
        }
        let (found, name) = self.names.of_id(text).or_else(|| self.names.of_arn(text))?;
        let name = self.bindings.name_of(kind, name).unwrap_or_else(|| name.to_owned());
        (found == kind).then(|| Reference::new(kind, name).to_string())
    }

    fn spans(
        &mut self,
        subject: &str,
        path: &Path<'_>,
        text: &str,
    ) -> Vec<(Range<usize>, Reference)> {
        let mut spans = Vec::new();
        let arns = find::arns(text);
        for arn in &arns {
            spans.extend(self.arn(subject, path, text, arn));
        }
        for range in find::uuids(text) {
            if arns.iter().any(|a| a.range.start < range.end && range.start < a.range.end) {
                continue;
            }
            let id = &text[range.clone()];
            if id == self.instance.id {
                spans.push((range, Reference::new("instance", "this").form("id")));
            } else if let Some((kind, name)) = self.names.of_id(id) {
                spans.push((range, Reference::new(kind, name).form("id")));
            }
        }
        for host in self.hosts(text) {
            spans.push((host, Reference::new("instance", "this").form("alias")));
        }
        for url in find::urls(text) {
            match url.kind {
                UrlKind::Bucket(bucket) if url.range.start == 0 => {
                    let name = self.bound_name("bucket", &text[bucket.clone()], subject, path);
                    spans.push((bucket, Reference::new("bucket", name)));
                }
                UrlKind::Instance(_) | UrlKind::Bucket(_) => {}
            }
        }
        for range in self.leftovers(text, &arns) {
            let name = self.bound_name("arn", &text[range.clone()], subject, path);
            spans.push((range, Reference::new("arn", name)));
        }
        spans
    }

    /// The instance's alias wherever it stands in a host, with or without the beginning of a URL.
    fn hosts(&self, text: &str) -> Vec<Range<usize>> {
        let alias = &self.instance.alias;
        let of = |domain: &str| {
            let found = text.match_indices(domain).filter_map(|(at, _)| {
                let start = text[..at].strip_suffix(alias.as_str())?.len();
                let inner = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
                (!text[..start].ends_with(inner)).then_some(start..at)
            });
            found.collect::<Vec<_>>()
        };
        HOSTS.iter().flat_map(|domain| of(domain)).collect()
    }

    /// What begins as an ARN of this account and is none, up to where it goes wrong: a placeholder in a
    /// name must not carry the account into a document.
    fn leftovers(&self, text: &str, arns: &[FoundArn]) -> Vec<Range<usize>> {
        let ours = |start: usize| -> Option<Range<usize>> {
            let rest = &text[start..];
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>{},;()[]|\\%".contains(c));
            let rest = &rest[..end.unwrap_or(rest.len())];
            let account = rest.split(':').nth(4)?;
            let end = start + rest.trim_end_matches('$').len();
            (account == self.instance.account.as_str()).then_some(start..end)
        };
        let uncovered = |at: &usize| !arns.iter().any(|arn| arn.range.contains(at));
        let starts = text.match_indices("arn:").map(|(at, _)| at).filter(uncovered);
        starts.filter_map(ours).collect()
    }

    fn arn(
        &mut self,
        subject: &str,
        path: &Path<'_>,
        text: &str,
        found: &FoundArn,
    ) -> Option<(Range<usize>, Reference)> {
        let base = found.base();
        let (service, region) = (&text[found.service.clone()], &text[found.region.clone()]);
        let (account, resource) = (&text[found.account.clone()], &text[found.resource.clone()]);
        if account == "aws" {
            let name = format!("{service}:{resource}");
            let home = &self.instance.region;
            let same = text[found.partition.clone()] == *home.partition().as_str();
            return match region {
                _ if !same => None,
                "" => Some((base, Reference::new("aws", name).form("global"))),
                _ if region == home.as_str() => Some((base, Reference::new("aws", name))),
                // What AWS has elsewhere is nobody's, and stays there.
                _ => None,
            };
        }
        let ours = account == self.instance.account.as_str();
        let any_region = region == "$.AwsRegion";
        if ours
            && service == "lambda"
            && (any_region || region == self.instance.region.as_str())
            && let Some(function) = resource.strip_prefix("function:")
        {
            let name = self.bindings.name_of("lambda", function);
            let name = name.unwrap_or_else(|| function.to_owned());
            let reference = Reference::new("lambda", name);
            let reference = if any_region { reference.form("any-region") } else { reference };
            return Some((base, reference));
        }
        let whole = &text[base.clone()];
        if whole == self.instance.arn {
            return Some((base, Reference::new("instance", "this")));
        }
        if let Some(("phone", number)) = self.names.of_arn(whole) {
            let number = number.to_owned();
            let name = self.bound_name("phone", &number, subject, path);
            return Some((base, Reference::new("phone", name).form("arn")));
        }
        if let Some((kind, name)) = self.names.of_arn(whole) {
            return Some((base, Reference::new(kind, name)));
        }
        if let Some(user) =
            resource.strip_prefix(&format!("instance/{}/queue/agent/", self.instance.id))
            && let Some(("user", name)) = self.names.of_id(user)
        {
            return Some((base, Reference::new("user", name).form("agent-queue")));
        }
        // The qualifier goes with it: a version or alias of something unknown is unknown as well.
        let name = self.bound_name("arn", &text[found.range.clone()], subject, path);
        Some((found.range.clone(), Reference::new("arn", name)))
    }

    /// The name that a value is bound to; where it is not, a proposal that is noted.
    fn bound_name(&mut self, kind: &str, value: &str, subject: &str, path: &Path<'_>) -> String {
        self.named_value(kind, value, subject, path.to_string())
    }

    fn named_value(&mut self, kind: &str, value: &str, subject: &str, path: String) -> String {
        if let Some(name) = self.bindings.name_of(kind, value) {
            return name;
        }
        let key = (kind.to_owned(), value.to_owned());
        if !self.unnamed.contains_key(&key) {
            let name = self.proposal(kind, value);
            let (kind, value) = key.clone();
            self.unnamed.insert(key.clone(), Unnamed { value, kind, name, places: Vec::new() });
        }
        let Some(unnamed) = self.unnamed.get_mut(&key) else { return String::new() };
        unnamed.places.push((subject.to_owned(), path));
        unnamed.name.clone()
    }

    /// A name that says what the value is without saying where it points.
    fn proposal(&self, kind: &str, value: &str) -> String {
        let stem = match kind {
            "arn" => {
                let mut parts = value.split(':');
                let service = parts.nth(2).unwrap_or("resource").to_owned();
                let resource = parts.nth(2).unwrap_or_default();
                let word = resource.split(['/', ':']).next().unwrap_or_default();
                if word.is_empty() { service } else { format!("{service}-{word}") }
            }
            "phone" => "number".to_owned(),
            other => other.to_owned(),
        };
        let taken = |name: &str| {
            self.bindings.get(kind, name).is_some()
                || self.unnamed.values().any(|u| u.kind == kind && u.name == name)
        };
        (1..).map(|n| format!("{stem}-{n}")).find(|n| !taken(n)).unwrap_or(stem)
    }
}

/// The domains in which an instance's alias is a host.
const HOSTS: [&str; 2] = [".my.connect.aws", ".awsapps.com"];

/// A cheap first look: only texts with one of these can point anywhere.
fn might_point(text: &str) -> bool {
    // The domains of `HOSTS` have this in common.
    text.contains(".aws")
        || text.contains("arn:")
        || text.contains("://")
        || text.len() >= 36 && text.contains('-')
}

/// The kind whose id stands at a path, by the kind's data.
pub(crate) fn id_field(ids: &[IdField], path: &Path<'_>) -> Option<&'static str> {
    if ids.is_empty() || path.is_key() {
        return None;
    }
    let pointer = path.to_string();
    let segments: Vec<&str> = pointer.split('/').skip(1).collect();
    ids.iter()
        .find(|(pattern, _)| {
            pattern.len() == segments.len()
                && pattern.iter().zip(&segments).all(|(p, s)| *p == "*" || p == s)
        })
        .map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests;
