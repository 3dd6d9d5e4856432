//! Who sent a request: verifies its signature, and refuses in the words of the service's protocol.

use super::inbound::Found;
use crate::lab::Lab;
use crate::operations::Protocol;
use crate::request::Principal;
use crate::service::Failure;
use crate::signature::{Claim, Problem, Wire};
use jiff::Timestamp;
use trunkline_model::{AccountId, Region};

/// The account, region and principal of a request.
pub(super) struct Caller {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) principal: Principal,
}

/// Why a request is not accepted.
#[derive(Clone, Copy)]
enum Refusal {
    Missing,
    UnknownKey,
    WrongToken,
    ExpiredToken,
    Mismatch,
    Late,
    Body,
    Incomplete,
}

/// Name and status of each refusal: JSON services, query services, S3.
const NAMES: [(&str, [(&str, u16); 3]); 8] = [
    (
        "Missing Authentication Token",
        [
            ("MissingAuthenticationTokenException", 403),
            ("MissingAuthenticationToken", 403),
            ("AccessDenied", 403),
        ],
    ),
    (
        "The security token included in the request is invalid.",
        [
            ("UnrecognizedClientException", 403),
            ("InvalidClientTokenId", 403),
            ("InvalidAccessKeyId", 403),
        ],
    ),
    (
        "The security token included in the request is invalid.",
        [
            ("UnrecognizedClientException", 403),
            ("InvalidClientTokenId", 403),
            ("InvalidToken", 400),
        ],
    ),
    (
        "The security token included in the request is expired",
        [("ExpiredTokenException", 403), ("ExpiredToken", 403), ("ExpiredToken", 400)],
    ),
    (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
         Access Key and signing method. Consult the service documentation for details.",
        [
            ("InvalidSignatureException", 403),
            ("SignatureDoesNotMatch", 403),
            ("SignatureDoesNotMatch", 403),
        ],
    ),
    (
        "Signature expired: the time of signing is too far from the lab's clock",
        [("InvalidSignatureException", 403), ("SignatureDoesNotMatch", 403), ("AccessDenied", 403)],
    ),
    (
        "The provided hash of the body does not match what was received",
        [
            ("InvalidSignatureException", 403),
            ("SignatureDoesNotMatch", 403),
            ("XAmzContentSHA256Mismatch", 400),
        ],
    ),
    (
        "Authorization header or parameters have another form than signature version 4",
        [
            ("IncompleteSignature", 403),
            ("IncompleteSignature", 403),
            ("AuthorizationHeaderMalformed", 400),
        ],
    ),
];

impl Refusal {
    fn failure(self, protocol: Protocol) -> Failure {
        let (message, names) = NAMES[self as usize];
        let column = match protocol {
            Protocol::RestJson | Protocol::Json => 0,
            Protocol::Query => 1,
            Protocol::RestXml => 2,
        };
        let (name, status) = match (names[column], protocol) {
            ((name, _), Protocol::Json) => (name, 400),
            (usual, _) => usual,
        };
        Failure::new(name, status, message)
    }
}

/// The caller of a request, or why it is refused.
pub(super) fn caller(
    lab: &Lab,
    wire: &Wire<'_>,
    found: &Found,
    now: Timestamp,
) -> Result<Caller, Failure> {
    let refuse = |refusal: Refusal| refusal.failure(found.protocol());
    match &found.claim {
        Ok(Some(claim)) => signed(lab, wire, claim, now).map_err(refuse),
        Ok(None) => unsigned(found).ok_or_else(|| refuse(Refusal::Missing)),
        Err(reason) => {
            let mut failure = refuse(Refusal::Incomplete);
            failure.message = format!("{}: {reason}", failure.message);
            Err(failure)
        }
    }
}

fn signed(lab: &Lab, wire: &Wire<'_>, claim: &Claim, now: Timestamp) -> Result<Caller, Refusal> {
    let region = region(&claim.region);
    let (account, principal, secret) = match AccountId::parse(&claim.access_key) {
        Ok(account) => {
            let principal = Principal::root(&account);
            (account, principal, lab.options().secret.clone())
        }
        Err(_) => {
            let session = lab.session(&claim.access_key).ok_or(Refusal::UnknownKey)?;
            if claim.token.as_deref() != Some(session.token.as_str()) {
                return Err(Refusal::WrongToken);
            }
            if session.expires <= now {
                return Err(Refusal::ExpiredToken);
            }
            (session.account, session.principal, session.secret)
        }
    };
    if lab.options().verify {
        claim.verify(wire, &secret, now).map_err(|problem| match problem {
            Problem::Mismatch => Refusal::Mismatch,
            Problem::Expired => Refusal::Late,
            Problem::Body => Refusal::Body,
        })?;
    }
    Ok(Caller { account, region, principal })
}

/// The one operation that needs no signature; its token is accepted, whatever it says.
fn unsigned(found: &Found) -> Option<Caller> {
    if found.service_name() != "sts" || !found.is("AssumeRoleWithWebIdentity") {
        return None;
    }
    let account = AccountId::parse("000000000000").ok()?;
    let principal = Principal {
        arn: "arn:aws:sts::000000000000:web-identity".to_owned(),
        user_id: "web-identity".to_owned(),
        role: None,
        source_identity: None,
    };
    Some(Caller { account, region: region(""), principal })
}

/// The scope's region; global services may sign with something else.
fn region(text: &str) -> Region {
    Region::parse(text)
        .unwrap_or_else(|_| Region::parse("us-east-1").expect("us-east-1 is a region"))
}
