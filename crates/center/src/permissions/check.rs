//! Checks one by one what a role may do: IAM says it where SimulatePrincipalPolicy is allowed; else harmless reads
//! are tried, and what only a write could show stays unknown. Changes nothing.

use super::{Need, On, action, denied};
use crate::cloud::{Call, CallError, CallErrorKind, Cloud};
use crate::kinds;
use crate::read::{json_of, text};
use crate::resource::Instance;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a role is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The role's ARN.
    pub role: &'a str,
    /// The instance.
    pub instance: &'a Instance,
    /// The staging bucket.
    pub staging: Option<&'a str>,
}

/// Whether an action is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Allowed,
    /// It is not.
    Denied,
    /// It could not be found out without doing it.
    NotKnown,
}

/// One action that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The action.
    pub need: Need,
    /// The ARN that it was checked on; `*` where it has none.
    pub resource: String,
    /// Whether it is allowed.
    pub verdict: Verdict,
}

/// What was found out, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Every action, in the order of the needs.
    pub all: Vec<Checked>,
    /// Whether IAM said it; else reads were tried.
    pub simulated: bool,
}

/// The most actions of one simulation.
const ACTIONS_AT_ONCE: usize = 50;
/// How many reads are tried at once.
const TRIES_AT_ONCE: usize = 16;
/// An id that nothing has.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Checks needs of a role. `judge` may simulate policies (often the caller's own credentials), `cloud` is the role.
pub async fn check(
    judge: &dyn Cloud,
    cloud: &dyn Cloud,
    needs: &[Need],
    scene: Scene<'_>,
) -> Result<Checks, CallError> {
    let needs: Vec<&Need> = needs.iter().filter(|n| !resources(n.on, &scene).is_empty()).collect();
    let (verdicts, simulated) = match simulate(judge, &needs, &scene).await {
        Ok(verdicts) => (verdicts, true),
        Err(error) if error.kind == CallErrorKind::Refused => (tries(cloud, &scene).await?, false),
        Err(error) => return Err(error),
    };
    let all = needs.into_iter().map(|need| {
        let verdict = verdicts.get(&need.action).cloned().unwrap_or(Verdict::NotKnown);
        let resource = resources(need.on, &scene).pop().unwrap_or_default();
        Checked { need: need.clone(), resource, verdict }
    });
    Ok(Checks { all: all.collect(), simulated })
}

async fn simulate(
    cloud: &dyn Cloud,
    needs: &[&Need],
    scene: &Scene<'_>,
) -> Result<BTreeMap<String, Verdict>, CallError> {
    let mut found = BTreeMap::new();
    let groups: BTreeSet<On> = needs.iter().map(|n| n.on).collect();
    for on in groups {
        let actions: Vec<&str> =
            needs.iter().filter(|n| n.on == on).map(|n| n.action.as_str()).collect();
        for actions in actions.chunks(ACTIONS_AT_ONCE) {
            simulate_some(cloud, actions, &resources(on, scene), scene.role, &mut found).await?;
        }
    }
    Ok(found)
}

async fn simulate_some(
    cloud: &dyn Cloud,
    actions: &[&str],
    resources: &[String],
    role: &str,
    found: &mut BTreeMap<String, Verdict>,
) -> Result<(), CallError> {
    let mut input = json!({ "PolicySourceArn": role, "ActionNames": actions });
    if resources != ["*"] {
        input["ResourceArns"] = json!(resources);
    }
    loop {
        let answer = cloud.call(Call::new("iam", "SimulatePrincipalPolicy", input.clone())).await?;
        for result in answer.output["EvaluationResults"].as_array().into_iter().flatten() {
            let specific = result["ResourceSpecificResults"].as_array().into_iter().flatten();
            // An action is allowed where it is so on one of the resources: which of them it needs, IAM knows.
            let allowed = text(result, "EvalDecision") == "allowed"
                || specific.into_iter().any(|s| text(s, "EvalResourceDecision") == "allowed");
            let entry = found.entry(text(result, "EvalActionName")).or_insert(Verdict::Denied);
            if allowed {
                *entry = Verdict::Allowed;
            }
        }
        match answer.output.get("Marker").and_then(Value::as_str) {
            Some(marker) if !marker.is_empty() => input["Marker"] = json!(marker),
            _ => return Ok(()),
        }
    }
}

/// Makes reads that change nothing, and sees which of them are not permitted.
async fn tries(
    cloud: &dyn Cloud,
    scene: &Scene<'_>,
) -> Result<BTreeMap<String, Verdict>, CallError> {
    let tried = stream::iter(harmless(scene)).map(|call| async move {
        let wanted = action(&call.service, &call.operation);
        let verdict = match cloud.call(call).await {
            Err(error) if error.code.starts_with("AccessDenied") => {
                // What is missing may be another action than that of the call.
                let missing = denied(&error).action;
                if missing == wanted { Verdict::Denied } else { Verdict::NotKnown }
            }
            Ok(_) => Verdict::Allowed,
            Err(error) if error.kind == CallErrorKind::Refused => Verdict::Allowed,
            Err(error) => return Err(error),
        };
        Ok((wanted, verdict))
    });
    let all: Vec<Result<_, CallError>> = tried.buffer_unordered(TRIES_AT_ONCE).collect().await;
    let mut found = BTreeMap::new();
    for one in all {
        let (action, verdict) = one?;
        // One refusal says more than any number of other answers.
        if found.get(&action) != Some(&Verdict::Denied) {
            found.insert(action, verdict);
        }
    }
    Ok(found)
}

/// Reads that need nothing but the instance, and descriptions of what does not exist.
fn harmless(scene: &Scene<'_>) -> Vec<Call> {
    let mut calls = BTreeMap::new();
    let mut add = |service: &str, operation: &str, input: Value| {
        calls.entry((service.to_owned(), operation.to_owned())).or_insert(input);
    };
    let id = scene.instance.id.as_str();
    let of_instance = |more: Value| {
        let mut input = more;
        input["InstanceId"] = json!(id);
        input
    };
    for kind in kinds::ALL {
        let spec = kind.spec();
        if let Some(list) = spec.list.as_ref().filter(|_| spec.within.is_none()) {
            add("connect", list.operation, of_instance(json_of(list.input)));
        }
        if let Some(search) = &spec.search {
            let mut input = of_instance(json_of(search.input));
            input["MaxResults"] = json!(1);
            add("connect", search.operation, input);
        }
        if let Some(describe) = spec.describe.as_ref().filter(|_| spec.beside.is_empty()) {
            let input = match spec.id_member {
                "" => json!({}),
                member => json!({ member: NOBODY }),
            };
            add("connect", describe.operation, of_instance(input));
        }
    }
    for operation in [
        "ListApprovedOrigins",
        "ListSecurityKeys",
        "ListLambdaFunctions",
        "ListInstanceAttributes",
        "ListUsers",
        "DescribeInstance",
    ] {
        add("connect", operation, of_instance(json!({})));
    }
    add("connect", "ListBots", of_instance(json!({ "LexVersion": "V2" })));
    add("connect", "GetPromptFile", of_instance(json!({ "PromptId": NOBODY })));
    add("connect", "ListQueueQuickConnects", of_instance(json!({ "QueueId": NOBODY })));
    add("connect", "ListRoutingProfileQueues", of_instance(json!({ "RoutingProfileId": NOBODY })));
    add("connect", "ListInstances", json!({ "MaxResults": 1 }));
    let numbers = json!({ "TargetArn": scene.instance.arn, "MaxResults": 1 });
    add("connect", "ListPhoneNumbersV2", numbers);
    add("lexv2-models", "ListBots", json!({ "maxResults": 1 }));
    add(
        "service-quotas",
        "ListServiceQuotas",
        json!({ "ServiceCode": "connect", "MaxResults": 1 }),
    );
    add("cloudtrail", "LookupEvents", json!({ "MaxResults": 1 }));
    if let Some(bucket) = scene.staging {
        add("s3", "HeadBucket", json!({ "Bucket": bucket }));
    }
    calls.into_iter().map(|((s, o), input)| Call::new(&s, &o, input)).collect()
}

/// ARNs on which needs are checked; none where the scene has nothing of that sort.
fn resources(on: On, scene: &Scene<'_>) -> Vec<String> {
    let instance = scene.instance;
    let (partition, region) = (instance.region.partition(), &instance.region);
    let own = |service: &str, rest: &str| {
        format!("arn:{partition}:{service}:{region}:{}:{rest}", instance.account)
    };
    let bucket = |rest: &str| {
        scene.staging.map(|b| format!("arn:{partition}:s3:::{b}{rest}")).into_iter().collect()
    };
    let below = format!("{}/*", instance.arn);
    match on {
        On::Everything => vec!["*".to_owned()],
        On::Instance => vec![below, instance.arn.clone()],
        On::Numbers => {
            vec![own("connect", "phone-number/*"), below, instance.arn.clone()]
        }
        On::Functions => vec![own("lambda", "function:*")],
        On::Bots => vec![own("lex", "bot/*"), own("lex", "bot-alias/*")],
        On::Staging => bucket(""),
        On::Staged => bucket("/trunkline/prompts/*"),
        On::Role => vec![scene.role.to_owned()],
        // Which of these there are is not known here.
        On::Buckets | On::Keys | On::Streams | On::ServiceRole => Vec::new(),
    }
}
