//! The lab over HTTP: signatures, protocols, faults, rates, restarts, the record.

mod support;

use serde_json::{Value, json};
use support::{Call, Keys, account, credentials, serve};
use trunkline_lab::{Deed, Fault, Options, When};

const ACCOUNT: &str = "111122223333";
const IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[test]
fn refusals_speak_each_services_protocol() {
    let served = serve(Options::default());
    let wrong = Keys(ACCOUNT.to_owned(), "wrong".to_owned(), None);
    let unknown = Keys("AKIAUNKNOWN".to_owned(), "x".to_owned(), None);
    let check = |keys: &Keys, service: &str, status: u16, name: &str| {
        let form = "application/x-www-form-urlencoded";
        let (method, path, kind, body) = match service {
            "sts" => ("POST", "/", form, IDENTITY),
            "s3" => ("GET", "/", "", ""),
            _ => ("GET", "/instance", "", ""),
        };
        let call = Call { keys, region: "us-west-2", service, method, path, kind, body };
        let answer = served.call(&call).expect("an answer");
        assert_eq!(answer.status, status, "{service} {}", answer.body);
        let named = format!("{}{}", answer.headers, answer.body);
        assert!(named.to_lowercase().contains(&name.to_lowercase()), "{service}: {named}");
    };
    check(&wrong, "connect", 403, "InvalidSignatureException");
    check(&wrong, "sts", 403, "<Code>SignatureDoesNotMatch</Code>");
    check(&wrong, "s3", 403, "<Code>SignatureDoesNotMatch</Code>");
    check(&unknown, "connect", 403, "UnrecognizedClientException");
    check(&unknown, "sts", 403, "<Code>InvalidClientTokenId</Code>");
    check(&unknown, "s3", 403, "<Code>InvalidAccessKeyId</Code>");
    check(&account(ACCOUNT), "connect", 200, "InstanceSummaryList");
    check(&account(ACCOUNT), "sts", 200, "arn:aws:iam::111122223333:root");
    check(&account(ACCOUNT), "dynamodb", 404, "UnknownOperationException");
}

#[test]
fn without_verification_a_wrong_secret_will_do() {
    let served = serve(Options { verify: false, ..Options::default() });
    let keys = Keys(ACCOUNT.to_owned(), "wrong".to_owned(), None);
    assert_eq!(served.get(&keys, "/instance").expect("an answer").status, 200);
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let served = serve(Options::default());
    let keys = account(ACCOUNT);
    let refused = |path: &str| served.get(&keys, path).expect("an answer");
    let rules = refused("/rules/11111111-2222-3333-4444-555555555555");
    assert_eq!(rules.status, 404);
    assert!(
        rules.headers.contains("x-amzn-errortype: unknownoperationexception"),
        "{}",
        rules.headers
    );
    let path = refused("/no/such/path");
    assert!(path.status == 404 && path.body.contains("GET /no/such/path"), "{}", path.body);
}

#[test]
fn a_roles_credentials_outlive_a_restart_and_end_when_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let first = serve(options());
    let role =
        credentials(&first.assume(&account(ACCOUNT), "arn:aws:iam::222233334444:role/deploy"));
    drop(first);
    let second = serve(options());
    let answer = second.sts(&role, IDENTITY).expect("an answer");
    assert_eq!(answer.element("Arn"), "arn:aws:sts::222233334444:assumed-role/deploy/test");
    let forged = Keys(role.0.clone(), role.1.clone(), Some("forged".to_owned()));
    assert_eq!(
        second.sts(&forged, IDENTITY).expect("an answer").element("Code"),
        "InvalidClientTokenId"
    );
    assert_eq!(second.control("POST", "/_lab/expire-sessions", "").status, 200);
    assert_eq!(second.sts(&role, IDENTITY).expect("an answer").element("Code"), "ExpiredToken");
    let json = second.get(&role, "/instance").expect("an answer");
    assert!(
        json.status == 403 && json.headers.contains("expiredtokenexception"),
        "{}",
        json.headers
    );
    drop(second);
    let third = serve(options());
    assert_eq!(third.sts(&role, IDENTITY).expect("an answer").element("Code"), "ExpiredToken");
}

#[test]
fn a_dropped_answer_after_the_effect_leaves_the_effect_and_a_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record.jsonl");
    let served = serve(Options { record: Some(record.clone()), ..Options::default() });
    let mut fault = Fault::new("lambda", "CreateFunction", Deed::Drop);
    fault.when = When::After;
    served.lab.inject(fault);
    let keys = account(ACCOUNT);
    let body = json!({"FunctionName": "acme", "Role": "arn:aws:iam::111122223333:role/x", "Code": {"ZipFile": "UEs="}}).to_string();
    let call = |method, path, body| {
        served.call(&Call {
            keys: &keys,
            region: "us-west-2",
            service: "lambda",
            method,
            path,
            kind: "application/json",
            body,
        })
    };
    assert!(call("POST", "/2015-03-31/functions", &body).is_none(), "no answer is sent");
    let listed = call("GET", "/2015-03-31/functions", "").expect("an answer").json();
    assert_eq!(listed["Functions"][0]["FunctionName"], "acme");
    let record = std::fs::read_to_string(record).expect("a record");
    let lines: Vec<Value> =
        record.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["response"].is_null() && lines[0]["request"]["body"].is_string());
    assert_eq!(lines[1]["response"]["status"], 200);
    assert_eq!(lines[1]["request"]["uri"], "/2015-03-31/functions");
}

#[test]
fn faults_count_from_their_registration() {
    let served = serve(Options::default());
    let keys = account(ACCOUNT);
    served.get(&keys, "/instance");
    let fault =
        json!({"service": "connect", "operation": "ListInstances", "nth": 2, "do": "error"});
    assert_eq!(served.control("POST", "/_lab/faults", &fault.to_string()).status, 200);
    let statuses: Vec<u16> =
        (0..3).map(|_| served.get(&keys, "/instance").expect("an answer").status).collect();
    assert_eq!(statuses, [200, 500, 200]);
    assert_eq!(served.control("POST", "/_lab/faults", "{\"do\": \"explode\"}").status, 400);
    assert_eq!(served.control("GET", "/_lab/status", "").json()["emulated"], true);
}

#[test]
fn the_sixth_call_at_once_is_throttled_in_one_region_only() {
    let served = serve(Options { time_scale: 0.001, ..Options::default() });
    let keys = account(ACCOUNT);
    let statuses: Vec<u16> =
        (0..6).map(|_| served.get(&keys, "/instance").expect("an answer").status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let east = Call {
        keys: &keys,
        region: "us-east-1",
        service: "connect",
        method: "GET",
        path: "/instance",
        kind: "",
        body: "",
    };
    assert_eq!(served.call(&east).expect("an answer").status, 200);
}
