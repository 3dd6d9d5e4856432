//! The parameter store and Secrets Manager in memory: what roles may read, and what the log brings back.

mod support;

use serde_json::{Value, json};
use trunkline_lab::{Lab, Options, Principal, Request};

const ACCOUNT: &str = "111122223333";

fn request(service: &str, operation: &str, input: Value) -> Request {
    support::request(ACCOUNT, service, operation, input)
}

fn call_at(lab: &Lab, request: &Request, time: &str) -> Result<Value, String> {
    lab.handle(request, time.parse().expect("a time")).map(|o| o.members).map_err(|f| f.name)
}

fn call(lab: &Lab, service: &str, operation: &str, input: Value) -> Result<Value, String> {
    call_at(lab, &request(service, operation, input), "2026-02-03T10:00:00Z")
}

#[test]
fn a_role_reads_the_parameters_and_secrets_that_its_policy_names() {
    let lab = Lab::open(Options { strict_roles: true, ..Options::default() }).expect("a lab");
    for (name, kind) in [("/crm/token", "SecureString"), ("/other/token", "String")] {
        let input = json!({"Name": name, "Value": "v", "Type": kind});
        call(&lab, "ssm", "PutParameter", input).expect("a parameter");
    }
    for name in ["crm/api", "other/api"] {
        let input = json!({"Name": name, "SecretString": "s"});
        call(&lab, "secretsmanager", "CreateSecret", input).expect("a secret");
    }
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "ssm:GetParameters",
         "Resource": "arn:aws:ssm:us-west-2:111122223333:parameter/crm/*"},
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
         "Resource": "arn:aws:secretsmanager:us-west-2:111122223333:secret:crm/api-??????"}]});
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}]});
    let role = json!({"RoleName": "build", "AssumeRolePolicyDocument": trust.to_string()});
    call(&lab, "iam", "CreateRole", role).expect("a role");
    let put = json!({"RoleName": "build", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    call(&lab, "iam", "PutRolePolicy", put).expect("a policy");
    let as_role = |service: &str, operation: &str, input: Value| {
        let mut request = request(service, operation, input);
        request.principal = Principal {
            arn: "arn:aws:sts::111122223333:assumed-role/build/run".to_owned(),
            user_id: "AROA:run".to_owned(),
            role: Some("arn:aws:iam::111122223333:role/build".to_owned()),
            source_identity: None,
        };
        call_at(&lab, &request, "2026-02-03T10:00:00Z")
    };
    let parameters = |names: Value| {
        as_role("ssm", "GetParameters", json!({"Names": names, "WithDecryption": true}))
    };
    let read = parameters(json!(["/crm/token"])).expect("it is allowed");
    assert_eq!(read["Parameters"][0]["Value"], "v");
    let denied = || Err("AccessDeniedException".to_owned());
    assert_eq!(parameters(json!(["/crm/token", "/other/token"])), denied(), "one is not allowed");
    let secret = |id: &str| as_role("secretsmanager", "GetSecretValue", json!({"SecretId": id}));
    assert_eq!(secret("crm/api").expect("it is allowed")["SecretString"], "s");
    assert_eq!(secret("other/api"), denied());
    assert_eq!(secret("none"), denied(), "whether it exists is not told");
}

#[test]
fn the_log_brings_back_secrets_with_their_arns_and_versions() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let describe = json!({"SecretId": "crm/api"});
    let before = {
        let lab = Lab::open(kept()).expect("a lab");
        let input = json!({"Name": "crm/api", "SecretString": "one"});
        call(&lab, "secretsmanager", "CreateSecret", input).expect("a secret");
        let input = json!({"SecretId": "crm/api", "SecretString": "two"});
        call(&lab, "secretsmanager", "PutSecretValue", input).expect("a version");
        call(&lab, "secretsmanager", "DescribeSecret", describe.clone()).expect("a secret")
    };
    let lab = Lab::open(kept()).expect("the lab again");
    let after = call(&lab, "secretsmanager", "DescribeSecret", describe);
    assert_eq!(after, Ok(before));
}

#[test]
fn a_deleted_secret_is_gone_when_its_window_ends() {
    let lab = Lab::open(Options::default()).expect("a lab");
    let input = json!({"Name": "crm/api", "SecretString": "s"});
    let made = call(&lab, "secretsmanager", "CreateSecret", input.clone()).expect("a secret");
    let delete = json!({"SecretId": "crm/api", "RecoveryWindowInDays": 7});
    call(&lab, "secretsmanager", "DeleteSecret", delete).expect("it is deleted");
    let create = request("secretsmanager", "CreateSecret", input);
    let soon = call_at(&lab, &create, "2026-02-10T09:59:00Z");
    assert_eq!(soon, Err("InvalidRequestException".to_owned()));
    let later = call_at(&lab, &create, "2026-02-10T10:01:00Z").expect("the name is free");
    assert_ne!(later["ARN"], made["ARN"], "it is another secret");
}

#[test]
fn no_value_of_a_secret_or_parameter_reaches_the_trail() {
    let lab = Lab::open(Options { trail_lag_seconds: 0.0, ..Options::default() }).expect("a lab");
    let input = json!({"Name": "crm/api", "SecretString": "unheard-of"});
    call(&lab, "secretsmanager", "CreateSecret", input).expect("a secret");
    let input = json!({"Name": "/crm/token", "Value": "unheard-of", "Type": "SecureString"});
    call(&lab, "ssm", "PutParameter", input).expect("a parameter");
    let events = call(&lab, "cloudtrail", "LookupEvents", json!({})).expect("events");
    assert_eq!(events["Events"].as_array().map(Vec::len), Some(2), "{events}");
    assert!(!events.to_string().contains("unheard-of"), "{events}");
    let about = |n: usize| events["Events"][n]["Resources"][0]["ResourceType"].clone();
    assert_eq!([about(0), about(1)], ["AWS::SSM::Parameter", "AWS::SecretsManager::Secret"]);
}
