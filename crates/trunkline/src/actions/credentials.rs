//! As whom an action reaches AWS: as this program, or as the role of the action (`roleArn`).
//!
//! Sources and vaults are given a client. Commands are given the credentials of the role as variables, masked wherever
//! they appear; those last an hour. The program's own credentials never reach a build.

use super::{Job, Shared};
use serde_json::json;
use std::collections::BTreeMap;
use trunkline_aws::{Client, Options, Role};
use trunkline_build::Secret;
use trunkline_center::{Call, Cloud as _, call_failed};
use trunkline_model::{Diagnostic, Report};

/// Variables that say where AWS is; a build with credentials needs them as this program does.
const PLACES: &[&str] = &["AWS_CA_BUNDLE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];
/// The beginning of the others.
const ENDPOINTS: &str = "AWS_ENDPOINT_URL";
/// What an answer calls the parts of credentials, and the variables that hold them.
const PARTS: &[(&str, &str)] = &[
    ("AccessKeyId", "AWS_ACCESS_KEY_ID"),
    ("SecretAccessKey", "AWS_SECRET_ACCESS_KEY"),
    ("SessionToken", "AWS_SESSION_TOKEN"),
];
/// Seconds that a role's credentials last; a role that was assumed from another one allows no more.
const LASTING: u32 = 3600;

/// The variable that makes a process of this program assume the role of its action before any other. Unlike
/// credentials, it lasts as long as the process does.
pub(super) fn first_role(job: &Job) -> Option<(String, String)> {
    let role = job.run.role_arn.clone().filter(|role| !role.is_empty())?;
    Some((crate::connect::FIRST_ROLE.to_owned(), role))
}

impl Shared {
    /// Calls in the region of an action, with its role where it has one.
    pub(super) async fn client(&self, job: &Job) -> Result<Client, Report> {
        let role = |arn: &String| Role::new(arn.as_str(), job.run.execution.as_str());
        let roles = job.run.role_arn.iter().map(role).collect();
        let options = Options { roles, ..Options::new(self.region(job)?) };
        (self.setting.aws)()?.client(options).await.map_err(|error| call_failed(&error))
    }

    /// What the commands of an action get: nothing where it has no role.
    pub(super) async fn granted(
        &self,
        job: &Job,
    ) -> Result<(BTreeMap<String, String>, Vec<Secret>), Report> {
        let Some(role) = &job.run.role_arn else { return Ok(Default::default()) };
        let own = (self.setting.aws)()?.client(Options::new(self.region(job)?)).await;
        let input = json!({
            "RoleArn": role, "RoleSessionName": job.run.execution, "DurationSeconds": LASTING,
        });
        let call = Call::new("sts", "AssumeRole", input);
        let answer = match own {
            Ok(own) => own.call(call).await,
            Err(error) => Err(error),
        };
        let found = answer.map_err(|error| call_failed(&error))?.output["Credentials"].take();
        let mut secrets = Vec::new();
        for (part, variable) in PARTS {
            let value = found[*part].as_str().ok_or_else(|| {
                Diagnostic::error("TL0602", format!("AssumeRole of {role} answered no {part}"))
                    .report()
            })?;
            let (name, value) = ((*variable).to_owned(), value.to_owned());
            secrets.push(Secret { name, value, variable: true });
        }
        let place = |name: &String| PLACES.contains(&name.as_str()) || name.starts_with(ENDPOINTS);
        let places = self.setting.variables.iter().filter(|(name, _)| place(name));
        Ok((places.map(|(name, value)| (name.clone(), value.clone())).collect(), secrets))
    }
}
