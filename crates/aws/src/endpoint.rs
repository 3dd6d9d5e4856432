//! Where a service answers: an override, or its endpoint in the region's partition.

use crate::operations::Service;
use crate::settings::Settings;
use trunkline_model::{Partition, Region};

/// Where to send, and what to sign for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Scheme, host, port and a path without a slash at its end.
    pub(crate) url: String,
    /// The region of the signature's scope.
    pub(crate) signing_region: String,
    /// AWS's own endpoint, where S3's buckets are host names.
    pub(crate) native: bool,
}

/// Finds a service's endpoint; an error is a sentence about the override that cannot be used.
pub(crate) fn endpoint(
    service: &Service,
    region: &Region,
    settings: &Settings,
) -> Result<Endpoint, String> {
    let (native_host, signing_region) = host(service, region);
    let custom = settings.endpoints.get(&service.name).or_else(|| settings.endpoints.get(""));
    let Some(url) = custom else {
        return Ok(Endpoint {
            url: format!("https://{native_host}"),
            signing_region,
            native: true,
        });
    };
    check_url(url)?;
    let url = url.trim_end_matches('/').to_owned();
    Ok(Endpoint { url, signing_region, native: false })
}

/// Refuses what would carry calls in the clear over a network.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    let uri: http::Uri = url.parse().map_err(|_| format!("`{url}` is not a URL"))?;
    let host = uri.host().ok_or_else(|| format!("`{url}` names no host"))?;
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(host) => Ok(()),
        Some("http") => Err(format!("`{url}` is not on this machine: it must be https")),
        _ => Err(format!("`{url}` is neither https nor http")),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let address = name.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback());
    address || name == "localhost" || name.ends_with(".localhost")
}

fn host(service: &Service, region: &Region) -> (String, String) {
    let suffix = match region.partition() {
        Partition::AwsCn => "amazonaws.com.cn",
        Partition::Aws | Partition::AwsUsGov => "amazonaws.com",
    };
    if service.name != "iam" {
        return (format!("{}.{region}.{suffix}", service.endpoint), region.to_string());
    }
    // IAM is global: one endpoint a partition, signed for that partition's home region.
    match region.partition() {
        Partition::Aws => ("iam.amazonaws.com".into(), "us-east-1".into()),
        Partition::AwsCn => (format!("iam.cn-north-1.{suffix}"), "cn-north-1".into()),
        Partition::AwsUsGov => ("iam.us-gov.amazonaws.com".into(), "us-gov-west-1".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::operation;

    fn check(service: &str, name: &str, region: &str, settings: &Settings) -> (String, String) {
        let region = Region::parse(region).expect("a region");
        let row = operation(service, name).expect("in the table");
        let found = endpoint(&row.service, &region, settings).expect("an endpoint");
        (found.url, found.signing_region)
    }

    #[test]
    fn endpoints_by_region_and_partition() {
        let aws = Settings::default();
        for (service, name, region, url, scope) in [
            (
                "connect",
                "ListInstances",
                "us-west-2",
                "https://connect.us-west-2.amazonaws.com",
                "us-west-2",
            ),
            (
                "lexv2-models",
                "ListBots",
                "eu-west-2",
                "https://models-v2-lex.eu-west-2.amazonaws.com",
                "eu-west-2",
            ),
            (
                "sts",
                "AssumeRole",
                "cn-north-1",
                "https://sts.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            ("iam", "GetRole", "eu-west-2", "https://iam.amazonaws.com", "us-east-1"),
            (
                "s3",
                "GetObject",
                "us-gov-west-1",
                "https://s3.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
            ),
        ] {
            assert_eq!(check(service, name, region, &aws), (url.to_owned(), scope.to_owned()));
        }
    }

    #[test]
    fn a_services_own_override_wins() {
        let endpoints = [("", "http://127.0.0.1:1/"), ("sts", "https://sts.example.com")];
        let endpoints = endpoints.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let settings = Settings { endpoints, ..Settings::default() };
        let url = |service, name| check(service, name, "us-west-2", &settings).0;
        assert_eq!(url("connect", "ListInstances"), "http://127.0.0.1:1");
        assert_eq!(url("sts", "AssumeRole"), "https://sts.example.com");
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in
            ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:80", "https://a.example"]
        {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in ["http://lab.example:4566", "ftp://127.0.0.1", "127.0.0.1:80", "http://"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
