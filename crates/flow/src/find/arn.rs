//! ARNs anywhere inside a text, as long as makes sense for their service.

use super::uuid::{LENGTH as UUID_LENGTH, is_uuid, starts_with_uuid};
use std::ops::Range;

/// An ARN inside a text, by ranges of bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundArn {
    /// The whole ARN, its qualifier included.
    pub range: Range<usize>,
    /// `aws`, `aws-cn` ...
    pub partition: Range<usize>,
    /// `connect`, `lambda` ...
    pub service: Range<usize>,
    /// May be empty, and may be `$.AwsRegion`.
    pub region: Range<usize>,
    /// Digits (twelve, unless somebody redacted the file), `aws`, or empty.
    pub account: Range<usize>,
    /// The resource, without the qualifier.
    pub resource: Range<usize>,
    /// `$LATEST`, `$SAVED`, a version or an alias, without the colon before it.
    pub qualifier: Option<Range<usize>>,
}

impl FoundArn {
    /// The ARN without its qualifier.
    pub fn base(&self) -> Range<usize> {
        self.range.start..self.resource.end
    }
}

/// The ARNs of a text, in order; none overlap.
pub fn arns(text: &str) -> Vec<FoundArn> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(at) = text[rest..].find("arn:") {
        let start = rest + at;
        rest = start + 4;
        let joined =
            text[..start].ends_with(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
        let end = text[rest..].find("arn:aws").map_or(text.len(), |next| rest + next);
        let Some(arn) = arn_at(&text[..end], start) else { continue };
        // The end of a word (`learn:aws:...`) is an ARN only where an account makes it one.
        if !joined || arn.account.len() == ACCOUNT_LENGTH {
            rest = arn.range.end;
            found.push(arn);
        }
    }
    found
}

const ACCOUNT_LENGTH: usize = 12;

fn arn_at(text: &str, start: usize) -> Option<FoundArn> {
    let partition = field(text, start + 4, is_name)?;
    if !text[partition.clone()].starts_with("aws") {
        return None;
    }
    let service = field(text, partition.end + 1, is_name)?;
    let region = region_at(text, service.end + 1)?;
    let account = field(text, region.end + 1, |byte| byte.is_ascii_alphanumeric())?;
    let owner = &text[account.clone()];
    let numeric = !owner.is_empty() && owner.bytes().all(|byte| byte.is_ascii_digit());
    if text[service.clone()].is_empty() || !(numeric || owner.is_empty() || owner == "aws") {
        return None;
    }
    let (resource, qualifier) = resource_at(text, &text[service.clone()], account.end + 1)?;
    let end = qualifier.as_ref().map_or(resource.end, |qualifier| qualifier.end);
    // An id that is complete cannot go on with a placeholder.
    let complete = starts_with_uuid(&text.as_bytes()[end.saturating_sub(UUID_LENGTH)..end]);
    let placeholder = !complete && opens_placeholder(&text[end..]);
    let range = start..end;
    let found = FoundArn { range, partition, service, region, account, resource, qualifier };
    (!placeholder).then_some(found)
}

/// Whether a name that ends here goes on with a placeholder; tags of a spoken text are none.
fn opens_placeholder(rest: &str) -> bool {
    let tag = || rest.starts_with("</") || rest.split('>').next().is_some_and(|t| t.ends_with('/'));
    ["${", "{", "%{"].iter().any(|open| rest.starts_with(open)) || rest.starts_with('<') && !tag()
}

/// A field up to the next colon, if all of its bytes are wanted ones.
fn field(text: &str, start: usize, wanted: fn(u8) -> bool) -> Option<Range<usize>> {
    let end = run(text, start, wanted);
    (text.as_bytes().get(end) == Some(&b':')).then_some(start..end)
}

/// A region's name, nothing, or the contact's own region as a dynamic value.
fn region_at(text: &str, start: usize) -> Option<Range<usize>> {
    for dynamic in ["$.AwsRegion", "$['AwsRegion']"] {
        if let Some(after) = text.get(start..).and_then(|rest| rest.strip_prefix(dynamic)) {
            return after.starts_with(':').then_some(start..start + dynamic.len());
        }
    }
    field(text, start, is_name)
}

type Parts = Option<(Range<usize>, Option<Range<usize>>)>;

fn resource_at(text: &str, service: &str, start: usize) -> Parts {
    match service {
        "connect" => connect(text, start),
        "lex" => lex(text, start),
        "lambda" => lambda(text, start),
        _ => other(text, start),
    }
}

/// `instance/I[/type/ID]`, `phone-number/ID`, `view/ID` ...: words between slashes.
fn connect(text: &str, start: usize) -> Parts {
    let mut end = run(text, start, is_id);
    let head = &text[start..end];
    // Where the id is a UUID, what follows it directly is no part of it.
    let id_end = |at: usize| match text.as_bytes().get(at..).is_some_and(starts_with_uuid) {
        true => at + UUID_LENGTH,
        false => run(text, at, is_id),
    };
    // After the head: one id; in an instance also a type and an id, with a second type word for
    // an agent's own queue.
    let mut words = if head == "instance" { 3 } else { 1 };
    let mut taken = 0;
    while taken < words && text[end..].starts_with('/') {
        let next = id_end(end + 1);
        if next == end + 1 {
            break;
        }
        if head == "instance" && &text[end + 1..next] == "agent" && taken == 2 {
            words += 1;
        }
        taken += 1;
        end = next;
    }
    if taken == 0 || text[end..].starts_with("/$") {
        return None;
    }
    Some((start..end, qualifier(text, end)))
}

/// `bot-alias/BOT/ALIAS`, `bot/BOT`, and the first generation's `bot:NAME:ALIAS`.
fn lex(text: &str, start: usize) -> Parts {
    let head = run(text, start, is_id);
    let separator = match text.as_bytes().get(head) {
        Some(b'/') => '/',
        Some(b':') => ':',
        _ => return None,
    };
    let mut end = head;
    for _ in 0..2 {
        let next = run(text, end + 1, is_id);
        if !text[end..].starts_with(separator) || next == end + 1 {
            break;
        }
        end = next;
    }
    (end > head && !text[end..].starts_with("/$")).then_some((start..end, None))
}

/// `function:NAME[:QUALIFIER]`, `layer:NAME[:VERSION]`.
fn lambda(text: &str, start: usize) -> Parts {
    let head = field(text, start, is_name)?;
    let name = head.end + 1;
    let end = run(text, name, is_id);
    if end == name {
        return None;
    }
    let mark = text[end..].strip_prefix(':').map(|rest| usize::from(rest.starts_with('$')));
    let qualified = mark.map(|mark| end + 1..run(text, end + 1 + mark, is_id));
    let qualified = qualified.filter(|q| q.len() > usize::from(text[q.clone()].starts_with('$')));
    if text[end..].starts_with(":${") {
        return None;
    }
    Some((start..end, qualified))
}

/// Any other service: up to a delimiter, without the punctuation of a sentence.
fn other(text: &str, start: usize) -> Parts {
    let delimiter = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>,;)]}|\\".contains(c);
    let rest = &text[start..];
    let rest = &rest[..rest.find(delimiter).unwrap_or(rest.len())];
    let rest = rest.trim_end_matches(['.', ':', '!', '?']);
    (!rest.is_empty() && !rest.contains('{')).then_some((start..start + rest.len(), None))
}

/// What follows a Connect id after a colon: `$LATEST`, `$SAVED`, a number or an alias's UUID.
fn qualifier(text: &str, colon: usize) -> Option<Range<usize>> {
    let rest = text[colon..].strip_prefix(':')?;
    let start = colon + 1;
    let end = match rest.strip_prefix('$') {
        Some(_) => run(text, start + 1, |byte| byte.is_ascii_uppercase()),
        None => run(text, start, is_id),
    };
    let word = &text[start..end];
    let version = word.bytes().all(|byte| byte.is_ascii_digit());
    let known = (word.starts_with('$') && word.len() > 1) || version || is_uuid(word);
    (known && !word.is_empty()).then_some(start..end)
}

fn run(text: &str, start: usize, wanted: fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    start + bytes.iter().position(|byte| !wanted(*byte)).unwrap_or(bytes.len())
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn is_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_*".contains(&byte)
}
