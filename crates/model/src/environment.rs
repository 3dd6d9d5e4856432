//! Environments (named places to deploy to) and targets (an environment in one region).

use crate::{AccountId, Region};

/// What an environment's instances are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EnvironmentUse {
    /// People build in it: exported, and applied to only with `--into-build`.
    Build,
    /// Deployed to.
    #[default]
    Deploy,
}

/// Whether a person must approve a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Approval {
    /// Nobody is asked.
    #[default]
    None,
    /// A person approves.
    Required,
}

/// A named place to deploy to.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Its name in `trunkline.yaml`.
    pub name: String,
    /// Other names that people use for it.
    pub aliases: Vec<String>,
    /// The account that holds its instances.
    pub account: AccountId,
    /// Its regions, the primary first; never empty.
    pub regions: Vec<Region>,
    /// The instance's alias; `{region}` and `{environment}` stand for the target's.
    pub instance: String,
    /// The branch that deploys to it.
    pub branch: Option<String>,
    /// Built in, or deployed to.
    pub used_for: EnvironmentUse,
    /// Switched off with `enabled: false`.
    pub enabled: bool,
    /// The role to assume: a name (then of the environment's account) or a whole ARN. None: the caller's own.
    pub role: Option<String>,
    /// The role for reads (export, plan, drift); the deploy role where absent.
    pub read_role: Option<String>,
    /// Sent with AssumeRole where the role's trust asks for it.
    pub external_id: Option<String>,
    /// Whether the caller's name is set as the source identity when the role is assumed; the role's trust policy
    /// must allow it.
    pub source_identity: bool,
    /// The bucket through which prompt audio reaches the account.
    pub staging_bucket: Option<String>,
    /// The share of the account's API rate that Trunkline may use, above 0 and at most 1.
    pub rate: f64,
    /// Whether a person must approve.
    pub approval: Approval,
}

/// One environment in one region.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The environment.
    pub environment: Environment,
    /// The region.
    pub region: Region,
}

impl Target {
    /// Returns the instance alias with `{region}` and `{environment}` filled in.
    pub fn instance_alias(&self) -> String {
        self.environment
            .instance
            .replace("{region}", self.region.as_str())
            .replace("{environment}", &self.environment.name)
    }

    /// Returns the ARN of a role setting: a bare name is of the environment's account.
    pub fn role_arn(&self, role: &str) -> String {
        if role.starts_with("arn:") {
            role.to_owned()
        } else {
            let (partition, account) = (self.region.partition(), &self.environment.account);
            format!("arn:{partition}:iam::{account}:role/{role}")
        }
    }

    /// Returns `environment / region`, as every screen names a target.
    pub fn label(&self) -> String {
        format!("{} / {}", self.environment.name, self.region)
    }
}
