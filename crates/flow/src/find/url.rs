//! URLs that point into one instance or one bucket.

use std::ops::Range;

/// What a URL points into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlKind {
    /// A Connect instance: the range of its alias in the host.
    Instance(Range<usize>),
    /// S3: the range of the bucket's name.
    Bucket(Range<usize>),
}

/// A URL inside a text, by ranges of bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUrl {
    /// The whole URL.
    pub range: Range<usize>,
    /// The host; of `s3://`, the bucket.
    pub host: Range<usize>,
    /// What it points into.
    pub kind: UrlKind,
}

/// The URLs of a text that point into an instance (`https://ALIAS.my.connect.aws`,
/// `https://ALIAS.awsapps.com`) or a bucket (`s3://`, `https` to S3), in order.
pub fn urls(text: &str) -> Vec<FoundUrl> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(at) = text[rest..].find("://") {
        let colon = rest + at;
        let host_start = colon + 3;
        rest = host_start;
        let Some(scheme) = ["https", "s3"].iter().find(|s| text[..colon].ends_with(*s)) else {
            continue;
        };
        let start = colon - scheme.len();
        if text[..start].ends_with(|c: char| c.is_alphanumeric()) {
            continue;
        }
        let end = url_end(text, host_start);
        let host_end = text[host_start..end].find(['/', '?', '#', ':']);
        let host = host_start..host_end.map_or(end, |at| host_start + at);
        let kind = match *scheme {
            "s3" => is_bucket(&text[host.clone()]).then(|| UrlKind::Bucket(host.clone())),
            _ => kind_of(text, &host, end),
        };
        if let Some(kind) = kind {
            rest = end;
            found.push(FoundUrl { range: start..end, host, kind });
        }
    }
    found
}

fn url_end(text: &str, from: usize) -> usize {
    let delimiter = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>)]}|\\".contains(c);
    let rest = &text[from..];
    let rest = &rest[..rest.find(delimiter).unwrap_or(rest.len())];
    from + rest.trim_end_matches(['.', ',', ';', ':', '!', '?']).len()
}

fn kind_of(text: &str, host: &Range<usize>, end: usize) -> Option<UrlKind> {
    let name = &text[host.clone()];
    for suffix in [".my.connect.aws", ".awsapps.com"] {
        if let Some(alias) = name.strip_suffix(suffix) {
            return is_alias(alias)
                .then(|| UrlKind::Instance(host.start..host.start + alias.len()));
        }
    }
    let domain = name.strip_suffix(".amazonaws.com").or(name.strip_suffix(".amazonaws.com.cn"))?;
    if domain == "s3" || domain.starts_with("s3.") || domain.starts_with("s3-") {
        let path = text[host.end..end].strip_prefix('/')?;
        let bucket = &path[..path.find(['/', '?', '#']).unwrap_or(path.len())];
        let start = host.end + 1;
        return is_bucket(bucket).then(|| UrlKind::Bucket(start..start + bucket.len()));
    }
    let at = [".s3.", ".s3-"].iter().find_map(|mark| domain.rfind(mark));
    let at = at.or_else(|| domain.strip_suffix(".s3").map(str::len))?;
    is_bucket(&domain[..at]).then(|| UrlKind::Bucket(host.start..host.start + at))
}

fn is_alias(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_bucket(text: &str) -> bool {
    text.len() >= 3
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
