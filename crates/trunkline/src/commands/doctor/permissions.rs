//! The doctor's look at permissions, one by one, at the clock, and at the state store.

use super::{Check, Findings, Verdict};
use crate::context::Located;
use crate::state;
use std::collections::BTreeSet;
use trunkline_aws::{Aws, Client};
use trunkline_center::permissions::{self, Access, Need, Scene};
use trunkline_center::state::Condition;
use trunkline_center::{Cloud, Documents, Instance, call_failed};
use trunkline_model::{Diagnostic, Target};

/// From here on the clock is said to be wrong, in seconds: answers tell whole seconds, and networks take time.
const SKEW_WARNED: i64 = 60;
/// AWS refuses signatures that are five minutes off.
const SKEW_REFUSED: i64 = 270;
/// The key under which the store is tried out.
const TRIAL: &str = "doctor/trial";

/// Compares this machine's clock with that of the service that answered last.
pub(super) fn clock(aws: &Aws, findings: &mut Findings<'_>) {
    let Some(skew) = aws.clock_skew() else { return };
    let seconds = skew.as_secs();
    let way = if seconds >= 0 { "ahead of" } else { "behind" };
    let message = format!("{} s {way} AWS", seconds.abs());
    let help = "set this machine's clock by a time server";
    match seconds.abs() {
        0..SKEW_WARNED => findings.ok("clock", message),
        SKEW_WARNED..SKEW_REFUSED => findings.warn("clock", message, help),
        _ => {
            let message = format!("this machine's clock is {message}");
            let found = Diagnostic::error("TL0620", message)
                .because("AWS refuses signatures that are more than five minutes off")
                .help(help);
            findings.fail("clock", &found.report());
        }
    }
}

/// Writes to the state store and reads it back.
pub(super) async fn store(aws: &Aws, located: &Located, findings: &mut Findings<'_>) {
    let Some(store) = findings.keep("state", state::store(located, aws).await) else { return };
    let tried = async {
        store.put(TRIAL, b"trunkline doctor".to_vec(), Condition::Always).await?;
        let read = store.get(TRIAL).await?;
        store.delete(TRIAL).await?;
        Ok::<bool, trunkline_center::state::StoreError>(read.is_some())
    };
    match tried.await {
        Ok(true) => findings.ok("state", format!("{} can be written and read", store.place())),
        Ok(false) => findings.warn(
            "state",
            format!("{} does not give back what was written", store.place()),
            "check that the bucket keeps objects, and that nothing else writes to it",
        ),
        Err(error) => {
            let found = Diagnostic::error("TL0520", "the state store cannot be used")
                .because(error.to_string())
                .help("check the folder's or bucket's permissions");
            findings.fail("state", &found.report());
        }
    }
}

/// What the project needs of a role.
fn needs(documents: Option<&Documents>, reads: bool) -> Vec<Need> {
    let mut kinds: BTreeSet<&str> =
        documents.into_iter().flat_map(Documents::iter).map(|d| d.kind).collect();
    if kinds.is_empty() {
        kinds = permissions::usual_kinds();
    }
    let all = permissions::needs(&kinds).into_iter();
    // What stands beside other actions is not checked: whether it is needed was never seen.
    all.filter(|n| n.access != Access::Beside && (!reads || n.reads())).collect()
}

/// Checks the permissions of a role, and lists each that is missing with its ARN.
pub(super) async fn check(
    own: &Client,
    role: &Client,
    target: &Target,
    instance: &Instance,
    documents: Option<&Documents>,
    reads: bool,
    findings: &mut Findings<'_>,
) {
    let environment = &target.environment;
    let setting = environment.read_role.as_ref().filter(|_| reads).or(environment.role.as_ref());
    let Some(arn) = setting.map(|role| target.role_arn(role)) else {
        findings.ok("permissions", "not checked: no role is set, your own credentials are used");
        return;
    };
    let staging = target.environment.staging_bucket.as_deref();
    let scene = Scene { role: &arn, instance, staging };
    // The caller's own credentials can look at the role only within its account.
    let judge: &dyn Cloud =
        if own.identity().account == role.identity().account { own } else { role };
    let needs = needs(documents, reads);
    let found = permissions::check(judge, role, &needs, scene).await.map_err(|e| call_failed(&e));
    let Some(checks) = findings.keep("permissions", found) else { return };
    let of = |wanted: permissions::Verdict| {
        checks.all.iter().filter(move |c| c.verdict == wanted).collect::<Vec<_>>()
    };
    let how = if checks.simulated { "as IAM simulates it" } else { "as harmless reads show" };
    let (allowed, unknown) =
        (of(permissions::Verdict::Allowed).len(), of(permissions::Verdict::NotKnown));
    let (optional, missing): (Vec<_>, Vec<_>) = of(permissions::Verdict::Denied)
        .into_iter()
        .partition(|c| c.need.access == Access::Optional);
    let mut notes: Vec<String> =
        missing.iter().map(|c| format!("missing: {} on {}", c.need.action, c.resource)).collect();
    notes.extend(
        optional
            .iter()
            .map(|c| format!("missing, but not needed: {} on {}", c.need.action, c.resource)),
    );
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(|c| c.need.action.as_str()).collect();
        notes.push(format!("not known ({}): {}", names.len(), names.join(", ")));
    }
    let verdict = if missing.is_empty() { Verdict::Ok } else { Verdict::Fail };
    let message = format!("{allowed} of {} actions allowed, {how}", checks.all.len());
    let message = if missing.is_empty() { message } else { format!("{message} [TL0612]") };
    let environment = &environment.name;
    let help = (!missing.is_empty()).then(|| {
        format!("`trunkline env bootstrap --env {environment}` makes a role that has them")
    });
    findings.add(Check { notes, help, ..Check::new(verdict, "permissions", message) });
}
