//! Git repositories over smart HTTP, through git's own `http-backend`.
//!
//! Three addresses of a repository are answered, no others: what a client may ask for is spelled out here, so no
//! path of a request ever reaches the file system. Who may is told by a token, sent as the password of Basic
//! authentication. `cgi` runs the program and streams both ways.

mod cgi;

use crate::answer::{Reply, failure, refusal};
use crate::ports::Repositories;
use crate::tokens::Access;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use base64::Engine as _;
use std::path::PathBuf;
use std::sync::Arc;

/// The program that speaks git's protocol.
#[derive(Clone, Debug)]
pub struct Git {
    /// `git-http-backend` in git's folder of programs: one process less than `git http-backend`.
    pub backend: PathBuf,
    /// The variables that it gets; it sees no others.
    pub environment: Vec<(String, String)>,
}

/// Whether a name can be a hosted repository's: CodeCommit's rule, without names that mean something to a file
/// system or end in `.git`.
pub fn valid_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=100).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
        && !name.to_ascii_lowercase().ends_with(".git")
}

/// What of a repository a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Service {
    /// The rest of the path.
    path: &'static str,
    /// Whether it changes the repository.
    writes: bool,
    /// Whether it is the exchange itself, not the list of references before it.
    exchange: bool,
}

/// Splits `/git/NAME.git/REST` and finds the service that it asks for.
fn route<'a>(method: &Method, path: &'a str, query: &str) -> Option<(&'a str, Service)> {
    let (name, rest) = path.strip_prefix("/git/")?.split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    if !valid_name(name) {
        return None;
    }
    let service = match (method.as_str(), rest, query) {
        ("GET", "info/refs", "service=git-upload-pack") => {
            Service { path: "info/refs", writes: false, exchange: false }
        }
        ("GET", "info/refs", "service=git-receive-pack") => {
            Service { path: "info/refs", writes: true, exchange: false }
        }
        ("POST", "git-upload-pack", "") => {
            Service { path: "git-upload-pack", writes: false, exchange: true }
        }
        ("POST", "git-receive-pack", "") => {
            Service { path: "git-receive-pack", writes: true, exchange: true }
        }
        _ => return None,
    };
    Some((name, service))
}

/// Answers a request for a repository.
pub(crate) async fn answer(
    git: &Git,
    repositories: Arc<dyn Repositories>,
    request: Request<Body>,
) -> Reply {
    let uri = request.uri().clone();
    let Some((name, service)) =
        route(request.method(), uri.path(), uri.query().unwrap_or_default())
    else {
        let message = "there is no such repository, or git does not ask for this";
        return refusal(StatusCode::NOT_FOUND, "TL0891", message);
    };
    let needed = if service.writes { Access::Write } else { Access::Read };
    match password(request.headers()).and_then(|token| repositories.access(&token)) {
        None => return unauthorized(),
        Some(access) if access < needed => {
            return refusal(StatusCode::FORBIDDEN, "TL0891", "this token may only read");
        }
        Some(_) => {}
    }
    let hosted = match repositories.find(name).await {
        Ok(Some(hosted)) => hosted,
        Ok(None) => {
            let message = format!("no repository `{name}` is hosted here");
            return refusal(StatusCode::NOT_FOUND, "TL0891", &message);
        }
        Err(report) => return failure(StatusCode::INTERNAL_SERVER_ERROR, &report),
    };
    let call = cgi::Call {
        path: format!("/{}/{}", hosted.folder, service.path),
        root: hosted.root,
        // Only a push is followed to its end, whether or not its client stays to hear of it.
        after: (service.writes && service.exchange).then(|| (repositories, name.to_owned())),
    };
    cgi::run(git, call, request).await
}

/// The password of Basic authentication.
fn password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

fn unauthorized() -> Reply {
    let mut reply = refusal(
        StatusCode::UNAUTHORIZED,
        "TL0891",
        "git needs a token here, as the password; any user name will do",
    );
    let basic = HeaderValue::from_static("Basic realm=\"trunkline\", charset=\"UTF-8\"");
    reply.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_of_the_protocol_lead_to_a_repository() {
        let found =
            |method, path, query| route(method, path, query).map(|(name, s)| (name, s.path));
        let (get, post) = (&Method::GET, &Method::POST);
        assert_eq!(
            found(get, "/git/acme.git/info/refs", "service=git-upload-pack"),
            Some(("acme", "info/refs"))
        );
        assert_eq!(
            found(post, "/git/acme/git-receive-pack", ""),
            Some(("acme", "git-receive-pack"))
        );
        for (method, path, query) in [
            (get, "/git/acme.git/info/refs", ""),
            (get, "/git/acme.git/HEAD", ""),
            (get, "/git/acme.git/objects/info/packs", ""),
            (get, "/git/acme.git/git-upload-pack", ""),
            (post, "/git/../etc.git/git-upload-pack", ""),
            (post, "/git/%2e%2e/git-upload-pack", ""),
            (post, "/git/..git/git-upload-pack", ""),
            (post, "/git/a/b.git/git-upload-pack", ""),
            (post, "/git/acme.git//git-upload-pack", ""),
            (post, "/git/acme.git/../x.git/git-upload-pack", ""),
            (post, "/git/-x.git/git-upload-pack", ""),
        ] {
            assert_eq!(found(method, path, query), None, "{path}?{query}");
        }
    }
}
