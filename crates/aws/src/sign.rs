//! Signatures (version 4), in headers for calls and in the query for presigned URLs.

use crate::request::Unsigned;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign as sign_v4,
};
use aws_sigv4::sign::v4;
use std::time::{Duration, SystemTime};

/// What a signature is made for.
pub(crate) struct Scope<'a> {
    /// The service's signing name: `lex`.
    pub(crate) service: &'a str,
    /// The region in the scope.
    pub(crate) region: &'a str,
    /// The time of the signature.
    pub(crate) time: SystemTime,
}

/// The product and version in every request.
pub(crate) const USER_AGENT: &str = concat!("trunkline/", env!("CARGO_PKG_VERSION"));

/// Signs a request in its headers.
pub(crate) fn sign(
    request: &Unsigned,
    scope: &Scope<'_>,
    credentials: &Credentials,
) -> Result<http::Request<Vec<u8>>, String> {
    let body = SignableBody::Bytes(&request.body);
    signed(request, scope, credentials, settings(scope.service), body)
}

/// Signs a GET in its query, valid for `expires_in`.
pub(crate) fn presign(
    request: &Unsigned,
    scope: &Scope<'_>,
    credentials: &Credentials,
    expires_in: Duration,
) -> Result<String, String> {
    let mut settings = settings(scope.service);
    settings.signature_location = SignatureLocation::QueryParams;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.expires_in = Some(expires_in);
    let body = SignableBody::UnsignedPayload;
    signed(request, scope, credentials, settings, body).map(|r| r.uri().to_string())
}

/// S3 reads paths as they are; every other service expects them encoded once more and normalised.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

fn signed(
    request: &Unsigned,
    scope: &Scope<'_>,
    credentials: &Credentials,
    settings: SigningSettings,
    body: SignableBody<'_>,
) -> Result<http::Request<Vec<u8>>, String> {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?;
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(request.method.as_str(), &request.url, headers, body)
        .map_err(|error| error.to_string())?;
    let output = sign_v4(signable, &params.into()).map_err(|error| error.to_string())?;
    let mut signed = unsigned(request).map_err(|error| error.to_string())?;
    output.into_parts().0.apply_to_request_http1x(&mut signed);
    Ok(signed)
}

fn unsigned(request: &Unsigned) -> Result<http::Request<Vec<u8>>, http::Error> {
    let mut builder = http::Request::builder().method(&request.method).uri(&request.url);
    builder = builder.header("user-agent", USER_AGENT);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    builder.body(request.body.clone())
}
