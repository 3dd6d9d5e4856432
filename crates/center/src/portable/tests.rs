//! What is taken out of an instance and put back into it is what it was, whatever stands around it.

use super::Portable;
use crate::bindings::{Bindings, Bound};
use crate::kind::Spec;
use crate::resolve::Resolver;
use crate::resource::{Entry, Instance, Names};
use proptest::prelude::*;
use serde_json::{Value, json};
use trunkline_model::{AccountId, Region};

const ID: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const ACCOUNT: &str = "111122223333";

fn instance() -> Instance {
    Instance {
        account: AccountId::parse(ACCOUNT).expect("twelve digits"),
        region: Region::parse("us-west-2").expect("a region"),
        id: ID.to_owned(),
        arn: format!("arn:aws:connect:us-west-2:{ACCOUNT}:instance/{ID}"),
        alias: "acme-rnd".to_owned(),
        identity: String::new(),
    }
}

/// Some resources: kind, word of the ARN, name.
const RESOURCES: [(&str, &str, &str); 5] = [
    ("queue", "queue", "Sales } 100% ${queue:x}"),
    ("flow", "contact-flow", "$"),
    ("hours", "operating-hours", "a/b"),
    ("prompt", "prompt", "😀"),
    ("module", "flow-module", "$${x}"),
];

fn id(number: usize) -> String {
    format!("{number}1234567-1234-1234-1234-123456789abc")
}

fn arn(number: usize) -> String {
    format!("{}/{}/{}", instance().arn, RESOURCES[number].1, id(number))
}

fn names() -> Names {
    let mut names = Names::default();
    for (number, (kind, _, name)) in RESOURCES.iter().enumerate() {
        names.insert(kind, name, Entry { id: id(number), arn: arn(number) });
    }
    let bot = format!("arn:aws:lex:us-west-2:{ACCOUNT}:bot-alias/ABCDEFGHIJ/TSTALIASID");
    names.insert("lex", "Concierge/live", Entry { id: String::new(), arn: bot });
    names
}

/// Parts of texts: what points somewhere, and what could be taken for a part of a reference.
fn parts() -> Vec<String> {
    let mut parts: Vec<String> = (0..RESOURCES.len()).flat_map(|n| [arn(n), id(n)]).collect();
    parts.extend([instance().arn, ID.to_owned()]);
    let with_account = [
        "arn:aws:lex:us-west-2:ACCOUNT:bot-alias/ABCDEFGHIJ/TSTALIASID",
        "arn:aws:lambda:us-west-2:ACCOUNT:function:lookup",
        "arn:aws:lambda:us-west-2:ACCOUNT:function:lookup:live",
        "arn:aws:lambda:$.AwsRegion:ACCOUNT:function:lookup",
        "arn:aws:lambda:$['AwsRegion']:ACCOUNT:function:lookup",
        "arn:aws:lambda:us-east-1:ACCOUNT:function:lookup",
        "arn:aws:wisdom:us-west-2:ACCOUNT:assistant/x",
        "arn:aws:lambda:us-west-2:ACCOUNT:function:",
        "ACCOUNT",
    ];
    parts.extend(with_account.map(|part| part.replace("ACCOUNT", ACCOUNT)));
    let plain = [
        "arn:aws:connect:us-west-2:aws:view/form:1",
        "arn:aws:connect:eu-central-1:aws:view/form:1",
        "arn:aws:iam::aws:policy/ReadOnly",
        "arn:aws-cn:iam::aws:policy/ReadOnly",
        "arn:aws:s3:::acme-audio/a.wav",
        "https://acme-rnd.my.connect.aws/ccp",
        "https://acme-rnd.awsapps.com",
        "acme-rnd.my.connect.aws",
        "s3://acme-audio/",
        "arn:",
        ":$SAVED",
        "$",
        "${",
        "${queue:Sales}",
        "$$",
        "{",
        "}",
        "%",
        ":",
        " ",
        "<",
        "x",
        "é",
        "へ",
    ];
    parts.extend(plain.map(str::to_owned));
    parts
}

/// Takes a value out and puts it back; gives the document between.
fn round(value: &Value, spec: &Spec) -> (Value, Value) {
    let (instance, names, mut bindings) = (instance(), names(), Bindings::default());
    let mut document = value.clone();
    let mut portable = Portable::new(&instance, &names, &bindings);
    portable.body(spec, "flow \"x\"", &mut document);
    for unnamed in portable.into_unnamed() {
        bindings.bind(&unnamed.kind, &unnamed.name, Bound::Value(unnamed.value));
    }
    let mut again = document.clone();
    let resolver = Resolver { instance: &instance, names: &names, bindings: &bindings };
    let resolved = resolver.value(&mut again);
    assert_eq!(resolved, Ok(()), "{document}");
    (document, again)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]
    #[test]
    fn what_is_taken_out_is_put_back(
        chosen in prop::collection::vec(prop_oneof![
            4 => prop::sample::select(parts()),
            1 => ".{0,4}",
        ], 0..8)
    ) {
        for glue in ["", " "] {
            let text = chosen.join(glue);
            let value = json!([text, { text.as_str(): { "in": text } }]);
            let (document, again) = round(&value, &Spec::EMPTY);
            prop_assert_eq!(&again, &value, "{}", document);
        }
        // Without spaces between them, an id can be the end of a function's name.
        let (document, _) = round(&json!(chosen.join(" ")), &Spec::EMPTY);
        let document = document.as_str().unwrap_or_default();
        let own = |part: &str| !document.contains(part);
        prop_assert!(own(ID), "{}", document);
        prop_assert!((0..RESOURCES.len()).all(|n| own(&id(n))), "{}", document);
        prop_assert!(own("://acme-rnd."), "{}", document);
        for start in ["arn:aws:lambda:us-west-2", "arn:aws:wisdom:us-west-2", "arn:aws:lex:us-west-2"] {
            prop_assert!(own(&format!("{start}:{ACCOUNT}:")), "{}", document);
        }
    }
}

#[track_caller]
fn check(text: &str, wanted: &str) {
    let (document, again) = round(&json!(text), &Spec::EMPTY);
    assert_eq!(document, wanted);
    assert_eq!(again, text);
}

#[test]
fn references_are_replaced_and_speech_is_not() {
    check("Account 111122223333 in us-west-2", "Account 111122223333 in us-west-2");
    check("See acme-rnd or us-west-2", "See acme-rnd or us-west-2");
    check(&format!("部署{}へ", arn(3)), "部署${prompt:😀}へ");
    check(&format!("key/{}-recording.wav", id(2)), "key/${hours.id:a/b}-recording.wav");
    check("http://acme-rnd.my.connect.awsへ", "http://${instance.alias:this}.my.connect.awsへ");
    check("https://not-acme-rnd.my.connect.aws", "https://not-acme-rnd.my.connect.aws");
    check("arn:aws:iam::aws:policy/Read", "${aws.global:iam:policy/Read}");
    check(
        "arn:aws:lambda:us-west-2:111122223333:function:a-${Env}",
        "${arn:lambda-function-1}$${Env}",
    );
}
