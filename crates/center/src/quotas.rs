//! Counts of resources against the quotas of the account, before an apply: what will not fit is an error of the
//! plan, not of its hundredth step. `plan` and `apply` call `compare` where a plan creates something.
//!
//! Service Quotas knows most quotas of Connect by name; where it cannot be asked, or lacks one, that is said once.

use crate::cloud::{Call, CallError, Cloud};
use crate::plan::{Action, PlannedChange};
use crate::read::text;
use crate::resource::Instance;
use crate::snapshot::Snapshot;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;

/// Kinds that have a quota, with the names that the quota has or had at Service Quotas.
const QUOTAS: &[(&str, &[&str])] = &[
    ("agent-status", &["agent statuses per instance", "agent status per instance"]),
    ("bot-association", &["amazon lex v2 bot aliases per instance"]),
    ("flow", &["contact flows per instance", "flows per instance"]),
    ("hierarchy-group", &["user hierarchy groups per instance"]),
    ("hours", &["hours of operation per instance"]),
    ("lambda-association", &["aws lambda functions per instance"]),
    ("module", &["flow modules per instance", "modules per instance"]),
    ("predefined-attribute", &["predefined attributes per instance"]),
    ("prompt", &["prompts per instance"]),
    ("queue", &["queues per instance"]),
    ("quick-connect", &["quick connects per instance"]),
    ("routing-profile", &["routing profiles per instance"]),
    ("security-profile", &["security profiles per instance"]),
    ("user", &["users per instance"]),
    ("view", &["views per instance", "customer managed views per instance"]),
];

/// From this share of a quota on, a plan warns.
const NEAR: f64 = 0.9;
/// More pages than Service Quotas has of one service.
const PAGES_AT_MOST: usize = 20;

/// How many resources of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// In the instance now.
    pub now: usize,
    /// Once the plan is carried out.
    pub after: usize,
}

/// Counts the kinds of which a plan makes more. Empty where it makes nothing that has a quota.
pub fn counts(snapshot: &Snapshot, changes: &[PlannedChange]) -> BTreeMap<&'static str, Count> {
    let mut all = BTreeMap::new();
    for (kind, _) in QUOTAS {
        let of = |action: Action| {
            changes.iter().filter(|c| c.kind == *kind && c.action == action).count()
        };
        let there = snapshot.resources.iter().filter(|r| r.kind == *kind).count();
        // Users are known by name even where they are not read.
        let now = there.max(snapshot.names.of_kind(kind).count());
        let associated = if kind.ends_with("-association") { of(Action::Associate) } else { 0 };
        let made = of(Action::Create) + associated;
        let after = (now + made).saturating_sub(of(Action::Delete));
        if after > now {
            all.insert(*kind, Count { now, after });
        }
    }
    all
}

/// Holds counts against the account's quotas: TL0615 beyond, TL0614 near, TL0616 where they are not known. Asks
/// nobody where the counts are empty.
pub async fn compare(
    cloud: &dyn Cloud,
    instance: &Instance,
    counts: &BTreeMap<&'static str, Count>,
) -> Vec<Diagnostic> {
    if counts.is_empty() {
        return Vec::new();
    }
    match list(cloud).await {
        Ok(quotas) => judge(&quotas, instance, counts),
        Err(error) => {
            let why = format!("{}: {}", error.operation, error.code);
            vec![unknown(&counts.keys().copied().collect::<Vec<_>>()).because(why)]
        }
    }
}

async fn list(cloud: &dyn Cloud) -> Result<Vec<Value>, CallError> {
    let mut input =
        json!({ "ServiceCode": "connect", "QuotaAppliedAtLevel": "ALL", "MaxResults": 100 });
    let mut all = Vec::new();
    for _ in 0..PAGES_AT_MOST {
        let call = Call::new("service-quotas", "ListServiceQuotas", input.clone());
        let mut output = cloud.call(call).await?.output;
        if let Some(Value::Array(page)) = output.get_mut("Quotas").map(Value::take) {
            all.extend(page);
        }
        match output.get("NextToken").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => input["NextToken"] = json!(token),
            _ => break,
        }
    }
    Ok(all)
}

fn judge(
    quotas: &[Value],
    instance: &Instance,
    counts: &BTreeMap<&'static str, Count>,
) -> Vec<Diagnostic> {
    let (mut found, mut not_known) = (Vec::new(), Vec::new());
    for (kind, count) in counts {
        let Some((name, most)) = quota_of(kind, quotas, instance) else {
            not_known.push(*kind);
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "quotas and counts are small")]
        let share = count.after as f64 / most.max(1.0);
        let facts = format!(
            "there are {} now and {} after the plan; the quota `{name}` is {most}",
            count.now, count.after
        );
        let raise = "ask for more under Service Quotas, or remove what is not used";
        if share > 1.0 {
            let message =
                format!("there would be more resources of kind {kind} than the quota allows");
            found.push(Diagnostic::error("TL0615", message).because(facts).help(raise));
        } else if share >= NEAR {
            let message = format!("the quota of kind {kind} is nearly used up");
            found.push(Diagnostic::warning("TL0614", message).because(facts).help(raise));
        }
    }
    if !not_known.is_empty() {
        found.push(unknown(&not_known));
    }
    found
}

fn unknown(kinds: &[&str]) -> Diagnostic {
    let message = format!("kinds whose quotas are not known: {}", kinds.len());
    Diagnostic::note("TL0616", message).because(kinds.join(", "))
}

/// Name and value of a kind's quota: that of the instance where it has one of its own, else the account's.
fn quota_of(kind: &str, quotas: &[Value], instance: &Instance) -> Option<(String, f64)> {
    let (_, names) = QUOTAS.iter().find(|(k, _)| *k == kind)?;
    let named = |q: &&Value| names.contains(&text(q, "QuotaName").to_lowercase().as_str());
    let own = |q: &&Value| {
        let id = q["QuotaContext"]["ContextId"].as_str().unwrap_or_default();
        id == instance.id || id == instance.arn
    };
    let general = |q: &&Value| q["QuotaContext"]["ContextId"].as_str().is_none_or(|id| id == "*");
    let all: Vec<&Value> = quotas.iter().filter(named).collect();
    let quota = all.iter().copied().find(own).or_else(|| all.iter().copied().find(general))?;
    Some((text(quota, "QuotaName"), quota["Value"].as_f64()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_model::{AccountId, Region};

    fn instance() -> Instance {
        Instance {
            account: AccountId::parse("111122223333").expect("an account"),
            region: Region::parse("us-west-2").expect("a region"),
            id: "i-1".to_owned(),
            arn: "arn:aws:connect:us-west-2:111122223333:instance/i-1".to_owned(),
            alias: "acme".to_owned(),
            identity: String::new(),
        }
    }

    fn quota(name: &str, value: f64, context: Option<&str>) -> Value {
        let mut quota = json!({ "QuotaName": name, "Value": value });
        if let Some(id) = context {
            quota["QuotaContext"] = json!({ "ContextId": id });
        }
        quota
    }

    #[track_caller]
    fn check(quotas: &[Value], now: usize, after: usize, code: &str) {
        let counts = BTreeMap::from([("queue", Count { now, after })]);
        let found = judge(quotas, &instance(), &counts);
        let codes: Vec<_> = found.iter().map(|d| d.code.as_str()).collect();
        assert_eq!(codes.join(" "), code, "{found:#?}");
    }

    #[test]
    fn counts_beyond_a_quota_are_errors_and_near_it_warnings() {
        let fifty = [quota("Queues per instance", 50.0, None)];
        check(&fifty, 10, 44, "");
        check(&fifty, 10, 45, "TL0614");
        check(&fifty, 10, 50, "TL0614");
        check(&fifty, 10, 51, "TL0615");
        check(&[quota("Users per instance", 1.0, None)], 10, 11, "TL0616");
    }

    #[test]
    fn an_instance_may_have_a_quota_of_its_own() {
        let all = [
            quota("Queues per instance", 50.0, Some("*")),
            quota("Queues per instance", 200.0, Some("i-1")),
            quota("Queues per instance", 10.0, Some("i-2")),
        ];
        check(&all, 10, 51, "");
        check(&all[..1], 10, 51, "TL0615");
        check(&all[2..], 10, 51, "TL0616");
    }
}
