use super::*;
use trunkline_model::AccountId;

fn instance(id: &str, region: &str) -> Instance {
    Instance {
        account: AccountId::parse("111122223333").expect("an account"),
        region: Region::parse(region).expect("a region"),
        id: id.to_owned(),
        arn: format!("arn:aws:connect:{region}:111122223333:instance/{id}"),
        alias: format!("acme-{region}"),
        identity: String::new(),
    }
}

fn replicated(source: &str, regions: &[&str]) -> Option<Replication> {
    let rows: Vec<Value> = regions
        .iter()
        .map(|r| json!({ "Region": r, "ReplicationStatus": "INSTANCE_REPLICATION_COMPLETE" }))
        .collect();
    let rows = json!({ "SourceRegion": source, "ReplicationStatusSummaryList": rows });
    Replication::of(&json!({ "Instance": {}, "ReplicationConfiguration": rows }))
}

#[test]
fn a_pair_is_written_in_its_source_and_awaited_in_the_other() {
    let both = ["us-east-1", "us-west-2"];
    let found = pairing(&[
        (instance("i", "us-west-2"), replicated("us-east-1", &both)),
        (instance("i", "us-east-1"), replicated("us-east-1", &both)),
    ]);
    let region = |name| Region::parse(name).expect("a region");
    let source = Part::Source(vec![region("us-west-2")]);
    assert_eq!(found, [Part::Replica(region("us-east-1")), source]);
}

#[test]
fn instances_that_are_not_linked_are_targets_of_their_own() {
    let apart = [(instance("i", "us-west-2"), None), (instance("j", "us-east-1"), None)];
    assert_eq!(pairing(&apart), [Part::Alone, Part::Alone]);
    // A replica whose source is no target of the environment.
    let both = ["us-east-1", "us-west-2"];
    let lonely = [(instance("i", "us-west-2"), replicated("us-east-1", &both))];
    assert_eq!(pairing(&lonely), [Part::Alone]);
    assert_eq!(Replication::of(&json!({ "Instance": {} })), None);
}

#[test]
fn what_a_replica_lacks_is_said_with_the_reason() {
    let one = |name: &str| ("queue".to_owned(), name.to_owned(), "id".to_owned());
    let look = Look { missing: vec![one("Sales")], conflicts: vec![one("Billing")] };
    let state = RegionState {
        status: "INSTANCE_REPLICATION_FAILED".to_owned(),
        reason: "a name is taken".to_owned(),
    };
    let found = problems(&look, &instance("i", "us-west-2"), Some(&state));
    let codes: Vec<_> = found.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["TL0618", "TL0617"]);
    assert!(found[1].notes.iter().any(|n| n.ends_with("FAILED: a name is taken")), "{found:#?}");
    assert_eq!(problems(&Look::default(), &instance("i", "us-west-2"), None), []);
}
