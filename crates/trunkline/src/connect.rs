//! A target, connected: credentials checked, instance found by its alias, bindings made for it.

use crate::caller;
use crate::context::{App, Located};
use crate::render::printable;
use std::sync::Arc;
use trunkline_aws::{Aws, Buckets, Client, Options, Role, Settings};
use trunkline_center::replicas::Replication;
use trunkline_center::{
    Bindings, Bound, CallError, Documents, Instance, ReadOptions, Snapshot, call_failed,
    find_instance_with_replication, read_drafts, take,
};
use trunkline_config::{Binding, Project};
use trunkline_model::{Diagnostic, Region, Report, Target};

/// Whether a command only reads; then the environment's read role is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A target with everything that is needed to work on it.
pub(crate) struct Connected {
    pub(crate) target: Target,
    pub(crate) client: Client,
    pub(crate) instance: Instance,
    pub(crate) bindings: Bindings,
    /// Who runs the command, as AWS's records name the session.
    pub(crate) caller: String,
    /// The region of the environment from which AWS copies to this instance; None where it is none's replica.
    pub(crate) source: Option<Region>,
}

/// The variable that names a role to assume before any other: the one of a pipeline's action.
pub(crate) const FIRST_ROLE: &str = "TRUNKLINE_ROLE";

/// Makes the connections that all targets of a command share.
pub(crate) fn aws(app: &App) -> Result<Aws, Report> {
    let settings = Settings::from_env(&crate::context::variable).map_err(|error| {
        Diagnostic::error("TL0106", error.to_string()).help("correct the environment variable")
    })?;
    let profile = app.global.profile.clone().or(settings.profile.clone());
    let (caller, user) = (caller::known(app), app.surroundings.user.clone());
    let role = crate::context::variable(FIRST_ROLE).filter(|role| !role.is_empty());
    let settings = Settings { profile, caller, user, role, ..settings };
    Aws::new(settings, Arc::new(Buckets::default())).map_err(|e| call_failed(&e))
}

/// Connects to a target and finds its instance.
pub(crate) async fn connect(
    aws: &Aws,
    located: &Located,
    target: Target,
    access: Access,
    run: &str,
) -> Result<Connected, Report> {
    let caller = caller::name(aws, &target.region).await;
    let client = assume(aws, &target, access, run, &caller).await?;
    let (environment, alias) = (&target.environment, target.instance_alias());
    let account = &environment.account;
    let found = find_instance_with_replication(&client, account, &target.region, &alias);
    let (instance, replication) = found.await?;
    let source = source_of(&target, replication)?;
    let bindings = bindings_of(&located.project, &target);
    Ok(Connected { target, client, instance, bindings, caller, source })
}

/// The region of the environment whose instance AWS copies to this one (Global Resiliency).
fn source_of(target: &Target, replication: Option<Replication>) -> Result<Option<Region>, Report> {
    let source = replication.map(|r| r.source).filter(|source| source != target.region.as_str());
    let Some(source) = source else { return Ok(None) };
    let mut before = target.environment.regions.iter().take_while(|r| **r != target.region);
    match before.find(|region| region.as_str() == source) {
        Some(region) => Ok(Some(region.clone())),
        // What is copied is there before what is written beside it, so the source comes first.
        None if target.environment.regions.iter().any(|r| r.as_str() == source) => {
            let message = format!("{} is a replica of {source}, which comes later", target.region);
            Err(Diagnostic::error("TL0430", message)
                .on(target.label())
                .because("what is written in the source region is copied to the other one")
                .help(format!(
                    "name {source} first in the `regions` of `{}`",
                    target.environment.name
                ))
                .report())
        }
        None => Ok(None),
    }
}

/// Assumes the target's role.
pub(crate) async fn client(
    aws: &Aws,
    target: &Target,
    access: Access,
    run: &str,
) -> Result<Client, Report> {
    let caller = caller::name(aws, &target.region).await;
    assume(aws, target, access, run, &caller).await
}

async fn assume(
    aws: &Aws,
    target: &Target,
    access: Access,
    run: &str,
    caller: &str,
) -> Result<Client, Report> {
    let environment = &target.environment;
    let read = environment.read_role.as_ref().filter(|_| access == Access::Read);
    let named = environment.source_identity;
    let role = read.or(environment.role.as_ref()).map(|role| Role {
        external_id: environment.external_id.clone(),
        source_identity: named.then(|| caller.to_owned()),
        tags: named.then(|| ("trunkline-run".to_owned(), run.to_owned())).into_iter().collect(),
        ..Role::new(target.role_arn(role), caller)
    });
    let options = Options {
        region: target.region.clone(),
        roles: role.into_iter().collect(),
        expected_account: Some(environment.account.clone()),
        share: environment.rate,
    };
    aws.client(options).await.map_err(|error| {
        let mut report = call_failed(&error);
        for diagnostic in &mut report.0 {
            diagnostic.place.subject = Some(target.label());
        }
        report
    })
}

impl Connected {
    /// A call on the target that failed, with the target and the instance that it was made on.
    pub(crate) fn failed(&self, error: &CallError) -> Report {
        let mut report = call_failed(error);
        for found in &mut report.0 {
            found.place.subject = Some(self.target.label());
            if found.code == "TL0604" {
                found.notes.push(format!("the instance is {}", self.instance.arn));
            }
        }
        report
    }

    /// Reads the instance. `documents` say which functions and bots are needed beside those in use.
    pub(crate) async fn snapshot(
        &self,
        documents: Option<&Documents>,
        read: &ReadOptions,
    ) -> Result<Snapshot, Report> {
        let taken = take(&self.client, &self.instance, documents, &self.bindings, read).await;
        taken.map_err(|e| self.failed(&e))
    }

    /// Reads the drafts of these resources, kind and id, into a snapshot of the instance.
    pub(crate) async fn read_drafts(
        &self,
        snapshot: &mut Snapshot,
        wanted: &[(&'static str, String)],
        read: &ReadOptions,
    ) -> Result<(), Report> {
        let done = read_drafts(&self.client, snapshot, wanted, read).await;
        done.map_err(|e| self.failed(&e))
    }

    /// The line that names account, alias, region and role before anything else is said.
    pub(crate) fn headline(&self) -> String {
        let identity = &self.client.identity().arn;
        let role = identity.split_once(":assumed-role/").map_or(identity.as_str(), |(_, r)| r);
        let role = role.split('/').next().unwrap_or(role);
        let label = self.target.label();
        printable(&format!(
            "{label}   {}  {}  role {role}",
            self.instance.account, self.instance.alias
        ))
    }
}

/// The configuration's bindings as one target sees them.
pub(crate) fn bindings_of(project: &Project, target: &Target) -> Bindings {
    let mut bindings = Bindings::default();
    for key in project.bindings.keys() {
        let Some((kind, pattern)) = key.split_once(':') else { continue };
        if let Some((before, after)) = pattern.split_once('*') {
            let probe = format!("{before}{{name}}{after}");
            if let Binding::Value(value) = project.bindings.value(kind, &probe, target) {
                let value = value.replace(&probe, "{name}");
                bindings.bind_all(kind, (before, after), &value);
            }
            continue;
        }
        match project.bindings.value(kind, pattern, target) {
            Binding::Value(value) => bindings.bind(kind, pattern, Bound::Value(value)),
            Binding::Unbound => bindings.bind(kind, pattern, Bound::Unbound),
            Binding::Missing => {}
        }
    }
    bindings
}
