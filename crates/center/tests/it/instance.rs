//! Which instance is worked on: the one that the alias names, and whose description says the same.

use crate::harness::wait;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use trunkline_center::{Answer, Call, CallError, Cloud, find_instance};
use trunkline_lab::{Lab, Options};
use trunkline_model::{AccountId, Region};
use trunkline_testkit::{MemoryCloud, seed};

/// The lab, with one member of every description of the instance replaced.
struct Disguised(MemoryCloud, &'static str, Value);

impl Cloud for Disguised {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CallError>> {
        Box::pin(async move {
            let described = call.operation == "DescribeInstance";
            let mut answer = self.0.call(call).await?;
            if described {
                answer.output["Instance"][self.1] = self.2.clone();
            }
            Ok(answer)
        })
    }

    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, CallError>> {
        self.0.fetch(url)
    }

    fn presign<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<String, CallError>> {
        self.0.presign(bucket, key)
    }
}

/// The code with which the search for `alias` ends, and what it says.
#[track_caller]
fn check(alias: &str, member: &'static str, value: Value, expected: Option<(&str, &str)>) {
    let lab = Lab::open(Options::default()).expect("the lab opens");
    let cloud = MemoryCloud::new(&lab, "111122223333", "us-west-2");
    seed::instance(&cloud, "SAML", "acme");
    let cloud = Disguised(cloud, member, value);
    let account = AccountId::parse("111122223333").expect("twelve digits");
    let region = Region::parse("us-west-2").expect("a region");
    let found = wait(find_instance(&cloud, &account, &region, alias));
    let refused = found.err().map(|report| report.0[0].clone());
    assert_eq!(refused.as_ref().map(|d| d.code.as_str()), expected.map(|(code, _)| code));
    if let (Some(refused), Some((_, note))) = (refused, expected) {
        assert!(refused.notes.concat().contains(note) && refused.help.is_some(), "{refused:?}");
    }
}

#[test]
fn an_instance_that_is_not_the_one_expected_stops_everything() {
    let other = |account: &str, region: &str| {
        json!(format!(
            "arn:aws:connect:{region}:{account}:instance/00000000-0000-4000-8000-000000000000"
        ))
    };
    check("acme", "CreatedTime", json!(0), None);
    check("other", "CreatedTime", json!(0), Some(("TL0401", "acme")));
    check("acme", "InstanceAlias", json!("acme-2"), Some(("TL0402", "`acme-2`")));
    check("acme", "Arn", other("444455556666", "us-west-2"), Some(("TL0402", "444455556666")));
    check("acme", "Arn", other("111122223333", "us-east-1"), Some(("TL0402", "us-east-1")));
}
