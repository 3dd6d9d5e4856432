//! What is found out about a target before anything is written: quotas, replicas, beliefs, permissions.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;
use trunkline_center::permissions::{self, Scene, Verdict};
use trunkline_center::quotas::{self, Count};
use trunkline_center::replicas::{self, Part, Side};
use trunkline_center::{Bindings, Instance, ReadOptions, find_instance, probe, take};
use trunkline_lab::{Lab, Options};
use trunkline_model::{AccountId, Region};
use trunkline_testkit::{MemoryCloud, seed};

const ACCOUNT: &str = "111122223333";

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

fn lab(options: Options) -> Lab {
    Lab::open(Options { seed: Some(7), ..options }).expect("a lab")
}

/// Makes an instance, long ago.
fn instance(cloud: &MemoryCloud, region: &str) -> Instance {
    seed::instance(cloud, "SAML", "acme");
    cloud.pass(3600);
    found(cloud, region, "acme")
}

fn found(cloud: &MemoryCloud, region: &str, alias: &str) -> Instance {
    let account = AccountId::parse(ACCOUNT).expect("an account");
    let region = Region::parse(region).expect("a region");
    wait(find_instance(cloud, &account, &region, alias)).expect("the instance")
}

fn hours(cloud: &MemoryCloud, instance: &Instance, name: &str) -> Value {
    let input = json!({ "InstanceId": instance.id, "Name": name, "TimeZone": "UTC", "Config": [] });
    cloud.must("connect", "CreateHoursOfOperation", input)
}

#[test]
fn quotas_are_asked_once_and_only_where_something_is_made() {
    let quotas = BTreeMap::from([("queues".to_owned(), 10)]);
    let cloud =
        MemoryCloud::new(&lab(Options { quotas, ..Options::default() }), ACCOUNT, "us-west-2");
    let instance = instance(&cloud, "us-west-2");
    cloud.forget();
    assert_eq!(wait(quotas::compare(&cloud, &instance, &BTreeMap::new())), []);
    assert!(cloud.seen().is_empty());
    let check = |after: usize, expected: &str| {
        let counts = BTreeMap::from([("queue", Count { now: 1, after })]);
        let found = wait(quotas::compare(&cloud, &instance, &counts));
        let codes: Vec<_> = found.iter().map(|d| d.code.as_str()).collect();
        assert_eq!(codes.join(" "), expected, "{after}");
    };
    check(8, "");
    check(9, "TL0614");
    check(11, "TL0615");
    assert_eq!(cloud.seen().len(), 3);
    let counts = BTreeMap::from([("view", Count { now: 1, after: 2 })]);
    let unknown = wait(quotas::compare(&cloud, &instance, &counts));
    assert_eq!(unknown[0].code, "TL0616");
}

#[test]
fn a_replicated_pair_is_told_and_its_replica_awaited() {
    let lab = lab(Options { replication_lag_seconds: 60.0, ..Options::default() });
    let east = MemoryCloud::new(&lab, ACCOUNT, "us-east-1");
    let west = MemoryCloud::new(&lab, ACCOUNT, "us-west-2");
    let source = instance(&east, "us-east-1");
    let input = json!({
        "InstanceId": source.id, "ReplicaRegion": "us-west-2", "ReplicaAlias": "acme-west",
    });
    east.must("connect", "ReplicateInstance", input);
    // The clouds have clocks of their own.
    let pass = |seconds| {
        east.pass(seconds);
        west.pass(seconds);
    };
    west.pass(3600);
    pass(3600);
    let replica = found(&west, "us-west-2", "acme-west");
    let states = [
        (source.clone(), wait(replicas::replication(&east, &source)).expect("an answer")),
        (replica.clone(), wait(replicas::replication(&west, &replica)).expect("an answer")),
    ];
    assert_eq!(
        replicas::pairing(&states),
        [Part::Source(vec![replica.region.clone()]), Part::Replica(source.region.clone())]
    );
    let made = hours(&east, &source, "Day");
    let (options, bindings) = (ReadOptions::default(), Bindings::default());
    let reading = take(&east, &source, None, &bindings, &options);
    let wanted = replicas::wanted(&wait(reading).expect("a snapshot"));
    assert!(wanted.iter().any(|(kind, name, _)| kind == "hours" && name == "Day"));
    let compared = BTreeSet::from([("hours".to_owned(), "Day".to_owned())]);
    let look = || {
        let east = Side { cloud: &east, instance: &source };
        let west = Side { cloud: &west, instance: &replica };
        wait(replicas::look(east, west, &wanted, &compared)).expect("a look")
    };
    let id = made["HoursOfOperationId"].as_str().expect("an id").to_owned();
    assert_eq!(look().missing, [("hours".to_owned(), "Day".to_owned(), id)]);
    pass(120);
    assert_eq!(look(), replicas::Look::default());
    // What changes is not there at once either.
    let input = json!({
        "InstanceId": source.id, "HoursOfOperationId": made["HoursOfOperationId"],
        "Description": "Weekdays",
    });
    east.must("connect", "UpdateHoursOfOperation", input);
    assert_eq!(look().missing.len(), 1);
    pass(120);
    assert_eq!(look(), replicas::Look::default());
}

/// A clock that only sleeping moves; it takes the cloud along.
struct Clock<'a>(&'a MemoryCloud, Mutex<Duration>);

impl probe::Wait for Clock<'_> {
    fn elapsed(&self) -> Duration {
        *self.1.lock().expect("one thread")
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.1.lock().expect("one thread") += duration;
        self.0.pass(1);
        Box::pin(async {})
    }
}

#[test]
fn a_probe_finds_both_answers_and_leaves_nothing() {
    for (saved, content) in [(true, true), (false, true), (true, false), (false, false)] {
        let options = Options {
            published_may_name_saved: saved,
            search_returns_content: content,
            search_lag_seconds: 5.0,
            ..Options::default()
        };
        let cloud = MemoryCloud::new(&lab(options), ACCOUNT, "us-west-2");
        let instance = instance(&cloud, "us-west-2");
        // What an earlier probe left behind when it was cut off.
        let left = json!({
            "InstanceId": instance.id, "Name": "trunkline-probe-old-a", "Type": "CONTACT_FLOW",
            "Status": "SAVED", "Content": "{\"Version\":\"2019-10-30\",\"StartAction\":\"e\",\"Actions\":[\
                {\"Identifier\":\"e\",\"Type\":\"DisconnectParticipant\",\"Parameters\":{},\"Transitions\":{}}]}",
        });
        cloud.must("connect", "CreateContactFlow", left);
        let clock = Clock(&cloud, Mutex::default());
        let found = wait(probe::probe(&cloud, &instance, &clock, "r1")).expect("a probe");
        assert_eq!(found.published_may_name_saved, Some(saved));
        assert_eq!(found.search_returns_content, Some(content));
        assert!(found.search_lag.is_some_and(|s| s > 0.0), "{found:?}");
        assert_eq!(wait(probe::clean(&cloud, &instance)).expect("a list"), 0, "something is left");
    }
}

#[test]
fn permissions_are_told_by_simulation_or_else_by_reads() {
    let options = Options { strict_roles: true, ..Options::default() };
    let cloud = MemoryCloud::new(&lab(options), ACCOUNT, "us-west-2");
    let instance = instance(&cloud, "us-west-2");
    let trust =
        json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" } });
    let role = json!({ "RoleName": "deploy", "AssumeRolePolicyDocument": trust.to_string() });
    cloud.must("iam", "CreateRole", role);
    let policy = json!({ "Statement": [
        { "Effect": "Allow", "Action": "connect:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "connect:CreateQueue", "Resource": "*" },
    ]});
    let policy = json!({
        "RoleName": "deploy", "PolicyName": "p", "PolicyDocument": policy.to_string(),
    });
    cloud.must("iam", "PutRolePolicy", policy);
    let needs = permissions::needs(&BTreeSet::from(["queue"]));
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/deploy");
    let check = |role: &str| {
        let scene = Scene { role, instance: &instance, staging: None };
        wait(permissions::check(&cloud, &cloud, &needs, scene)).expect("checks")
    };
    let of = |checks: &permissions::Checks, action: &str| {
        checks.all.iter().find(|c| c.need.action == action).expect("checked").verdict.clone()
    };
    let simulated = check(&arn);
    assert!(simulated.simulated);
    assert_eq!(of(&simulated, "connect:SearchQueues"), Verdict::Allowed);
    assert_eq!(of(&simulated, "connect:CreateQueue"), Verdict::Denied);
    assert_eq!(of(&simulated, "lex:ListBots"), Verdict::Denied);
    // IAM knows no such role, so that reads are tried: with the account's own credentials all of them succeed.
    let tried = check(&format!("arn:aws:iam::{ACCOUNT}:role/nobody"));
    assert!(!tried.simulated);
    assert_eq!(of(&tried, "connect:SearchQueues"), Verdict::Allowed);
    assert_eq!(of(&tried, "connect:DescribeQueue"), Verdict::Allowed);
    assert_eq!(of(&tried, "connect:CreateQueue"), Verdict::NotKnown);
}
