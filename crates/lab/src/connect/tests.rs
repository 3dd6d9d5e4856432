//! Tests of the emulated Connect, kind by kind, over a harness without HTTP.

mod flows;
mod kinds;
mod people;
mod search;

use crate::connect::{State, call};
use crate::service::{Context, Ids, Neighbours, Outcome, Settings};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use trunkline_model::{AccountId, Region};

/// Ids that count upwards.
struct Counter(u32);

impl Ids for Counter {
    fn uuid(&mut self) -> String {
        self.0 += 1;
        format!("00000000-0000-4000-8000-{:012}", self.0)
    }

    fn letters(&mut self, count: usize) -> String {
        self.0 += 1;
        format!("{:0>count$}", self.0)
    }
}

/// A function, a bot alias, a bucket and an object, and whatever the service keeps.
#[derive(Default)]
struct Around {
    kept: RefCell<BTreeMap<String, Vec<u8>>>,
}

const FUNCTION: &str = "arn:aws:lambda:us-west-2:111122223333:function:acme-lookup";
const BOT: &str = "arn:aws:lex:us-west-2:111122223333:bot-alias/ABCDEFGHIJ/KLMNOPQRST";

impl Neighbours for Around {
    fn function_exists(&self, arn: &str) -> bool {
        arn == FUNCTION
    }

    fn bot_alias_exists(&self, arn: &str) -> bool {
        arn == BOT
    }

    fn object(&self, uri: &str) -> Option<Vec<u8>> {
        let stored = uri.strip_prefix("https://lab/");
        match stored {
            Some(key) => self.kept.borrow().get(key).cloned(),
            None => (uri == "s3://acme/hello.wav").then(|| b"RIFF hello".to_vec()),
        }
    }

    fn bucket_exists(&self, name: &str) -> bool {
        name == "acme"
    }

    fn presigned(&self, bucket: &str, key: &str) -> String {
        format!("https://lab/{bucket}/{key}")
    }

    fn origin(&self) -> String {
        "https://lab".to_owned()
    }

    fn keep(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.kept.borrow_mut().insert(format!("{bucket}/{key}"), bytes.to_vec());
    }
}

/// One account and region with an instance in it, and a clock that stands still until told.
struct Bench {
    state: State,
    ids: Counter,
    around: Around,
    settings: Settings,
    seconds: i64,
    instance: String,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            state: State::default(),
            ids: Counter(0),
            around: Around::default(),
            settings: Settings::default(),
            seconds: 1_800_000_000,
            instance: String::new(),
        };
        let made = bench.ok(
            "CreateInstance",
            json!({
                "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "acme-dev",
                "InboundCallsEnabled": true, "OutboundCallsEnabled": true,
            }),
        );
        bench.instance = text(&made, "/Id");
        bench
    }

    /// Calls an operation on the instance.
    fn call(&mut self, operation: &str, mut input: Value) -> Outcome {
        if !self.instance.is_empty() && input.get("InstanceId").is_none() {
            input["InstanceId"] = json!(self.instance);
        }
        let account = AccountId::parse("111122223333").expect("an account");
        let region = Region::parse("us-west-2").expect("a region");
        let mut context = Context {
            account: &account,
            region: &region,
            now: jiff::Timestamp::from_second(self.seconds).expect("a time"),
            ids: &mut self.ids,
            settings: &self.settings,
            neighbours: &self.around,
        };
        call(operation, &input, &mut self.state, &mut context)
    }

    /// The same, where it has to succeed.
    #[track_caller]
    fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input).unwrap_or_else(|failure| panic!("{operation}: {failure:?}"))
    }

    /// The same, where it has to fail; returns the error's name and status.
    #[track_caller]
    fn fails(&mut self, operation: &str, input: Value) -> (String, u16) {
        let failure = self.call(operation, input).expect_err(operation);
        (failure.name, failure.status)
    }

    /// The id of a resource that List shows under a name.
    #[track_caller]
    fn named(&mut self, list: &str, member: &str, name: &str) -> String {
        let all = self.ok(list, json!({}));
        let all = all[member].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|one| one["Name"] == name);
        found.map(|one| text(one, "/Id")).unwrap_or_else(|| panic!("{list} has no {name}"))
    }
}

#[track_caller]
fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} of {value}")).to_owned()
}

/// The error names and statuses that tests expect.
fn duplicate() -> (String, u16) {
    ("DuplicateResourceException".to_owned(), 409)
}

fn missing() -> (String, u16) {
    ("ResourceNotFoundException".to_owned(), 404)
}

fn invalid() -> (String, u16) {
    ("InvalidParameterException".to_owned(), 400)
}

fn refused() -> (String, u16) {
    ("InvalidRequestException".to_owned(), 400)
}

fn in_use() -> (String, u16) {
    ("ResourceInUseException".to_owned(), 409)
}

#[test]
fn every_operation_has_a_contract_and_the_rows_are_sorted() {
    for operation in crate::connect::operations() {
        assert!(crate::connect::contract::of(operation).is_some(), "{operation}");
    }
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let (name, status) = Bench::new().fails("StartOutboundVoiceContact", json!({}));
    assert_eq!((name.as_str(), status), ("UnknownOperationException", 404));
}
