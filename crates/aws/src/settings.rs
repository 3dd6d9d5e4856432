//! Settings of the calls, read from an environment that the caller passes in.
//!
//! aws-config reads its own variables (profiles, SSO, container and instance credentials) by itself.

use std::collections::BTreeMap;
use std::time::Duration;

/// Settings of the calls; `Default` is AWS without overrides.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Endpoints by service (`connect`, `lexv2-models` ...) that replace AWS's own; `""` is every other's.
    pub endpoints: BTreeMap<String, String>,
    /// The profile of the shared configuration; none is the environment's or `default`.
    pub profile: Option<String>,
    /// A PEM file of the authorities to trust, instead of the machine's.
    pub ca_bundle: Option<String>,
    /// Attempts at a throttled call, the first included.
    pub throttle_attempts: u32,
    /// Attempts at a read without an answer, or at a connection.
    pub lost_attempts: u32,
    /// Multiplies every bucket's rate; a lab that runs faster than AWS says so here.
    pub rate_scale: f64,
    /// Whether calls wait for their buckets at all.
    pub buckets: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long one attempt may take, connecting and reading the answer included.
    pub timeout: Duration,
    /// For how long a role's credentials are asked; a chained role's last an hour at most.
    pub role_duration: Duration,
    /// The most that `fetch` downloads, in bytes.
    pub fetch_limit: usize,
    /// Who runs the process, where the machine knows it: for names of sessions.
    pub caller: Option<String>,
    /// The user of the operating system, for the same where nothing better is known.
    pub user: Option<String>,
    /// The ARN of a role that every client assumes before its own: the machine's credentials are only for that.
    pub role: Option<String>,
}

/// A variable whose value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: `{value}` is not {wanted}")]
pub struct SettingsError {
    /// The variable.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// What it should be.
    pub wanted: &'static str,
}

/// The variables that override one service's endpoint.
const ENDPOINT_VARIABLES: [(&str, &str); 13] = [
    ("", "AWS_ENDPOINT_URL"),
    ("cloudformation", "AWS_ENDPOINT_URL_CLOUDFORMATION"),
    ("cloudtrail", "AWS_ENDPOINT_URL_CLOUDTRAIL"),
    ("connect", "AWS_ENDPOINT_URL_CONNECT"),
    ("iam", "AWS_ENDPOINT_URL_IAM"),
    ("lambda", "AWS_ENDPOINT_URL_LAMBDA"),
    ("lexv2-models", "AWS_ENDPOINT_URL_LEX_MODELS_V2"),
    ("s3", "AWS_ENDPOINT_URL_S3"),
    ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    ("service-quotas", "AWS_ENDPOINT_URL_SERVICE_QUOTAS"),
    ("sqs", "AWS_ENDPOINT_URL_SQS"),
    ("ssm", "AWS_ENDPOINT_URL_SSM"),
    ("sts", "AWS_ENDPOINT_URL_STS"),
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoints: BTreeMap::new(),
            profile: None,
            ca_bundle: None,
            throttle_attempts: 12,
            lost_attempts: 4,
            rate_scale: 1.0,
            buckets: true,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            role_duration: Duration::from_secs(3600),
            fetch_limit: 50 * 1024 * 1024,
            caller: None,
            user: None,
            role: None,
        }
    }
}

impl Settings {
    /// Reads the settings from an environment; a variable that is set to nothing counts as unset.
    pub fn from_env(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut settings = Self { profile: get("AWS_PROFILE"), ..Self::default() };
        settings.ca_bundle = get("AWS_CA_BUNDLE");
        let ignored = get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").as_deref() == Some("true");
        if !ignored {
            let pair = |(service, name): (&str, &str)| Some((service.to_owned(), get(name)?));
            settings.endpoints = ENDPOINT_VARIABLES.into_iter().filter_map(pair).collect();
        }
        if let Some(attempts) =
            number(&get, "AWS_MAX_ATTEMPTS", "a number of at least 1", |n| n >= 1.0)?
        {
            settings.throttle_attempts = attempts as u32;
            settings.lost_attempts = settings.lost_attempts.min(attempts as u32);
        }
        let scale = number(&get, "TRUNKLINE_RATE_SCALE", "a number above 0, or `off`", |n| n > 0.0);
        match get("TRUNKLINE_RATE_SCALE").as_deref() {
            Some("off") => settings.buckets = false,
            _ => settings.rate_scale = scale?.unwrap_or(1.0),
        }
        Ok(settings)
    }
}

fn number(
    get: &dyn Fn(&str) -> Option<String>,
    variable: &'static str,
    wanted: &'static str,
    fits: impl Fn(f64) -> bool,
) -> Result<Option<f64>, SettingsError> {
    let Some(value) = get(variable) else { return Ok(None) };
    match value.parse::<f64>() {
        Ok(n) if n.is_finite() && fits(n) => Ok(Some(n)),
        _ => Err(SettingsError { variable, value, wanted }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let find = |name: &str| pairs.iter().find(|p| p.0 == name).map(|p| p.1.to_owned());
        Settings::from_env(&find)
    }

    #[test]
    fn an_empty_environment_is_aws_itself() {
        assert_eq!(read(&[("AWS_PROFILE", "")]), Ok(Settings::default()));
    }

    #[test]
    fn endpoints_attempts_and_scale() {
        let settings = read(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_LEX_MODELS_V2", "http://127.0.0.1:2"),
            ("AWS_MAX_ATTEMPTS", "2"),
            ("TRUNKLINE_RATE_SCALE", "20"),
        ])
        .expect("fits");
        assert_eq!(settings.endpoints[""], "http://127.0.0.1:1");
        assert_eq!(settings.endpoints["lexv2-models"], "http://127.0.0.1:2");
        assert_eq!((settings.throttle_attempts, settings.lost_attempts), (2, 2));
        assert_eq!(settings.rate_scale, 20.0);
        assert!(!read(&[("TRUNKLINE_RATE_SCALE", "off")]).expect("fits").buckets);
    }

    #[test]
    fn what_does_not_fit_names_its_variable() {
        for pair in [("AWS_MAX_ATTEMPTS", "0"), ("TRUNKLINE_RATE_SCALE", "fast")] {
            assert_eq!(read(&[pair]).expect_err("refused").variable, pair.0);
        }
    }
}
