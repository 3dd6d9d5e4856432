use super::*;
use serde_json::Value;
use trunkline_model::Region;

fn places(regions: &[&str]) -> Places {
    let region = |r: &&str| Region::parse(r).expect("a region");
    Places {
        regions: regions.iter().map(region).collect(),
        staging: BTreeSet::from(["acme-staging".to_owned()]),
        role: "deploy".to_owned(),
    }
}

fn roles() -> Roles {
    Roles { deploy: "deploy".to_owned(), read: Some("ops/read".to_owned()), ..Roles::default() }
}

/// The actions of a role's policies in a template, inline or managed.
fn actions(template: &Value, prefix: &str) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().expect("resources");
    let properties = &resources[&format!("{prefix}Role")]["Properties"];
    let inline = properties["Policies"].as_array().into_iter().flatten();
    let managed = properties["ManagedPolicyArns"].as_array().into_iter().flatten();
    let managed = managed.map(|r| &resources[r["Ref"].as_str().expect("a policy")]["Properties"]);
    inline
        .chain(managed)
        .flat_map(|p| p["PolicyDocument"]["Statement"].as_array().expect("statements"))
        .flat_map(|s| s["Action"].as_array().expect("actions"))
        .map(|a| a.as_str().expect("a text").to_owned())
        .collect()
}

#[test]
fn writing_needs_the_kinds_in_use_and_reading_needs_all() {
    let all: Vec<String> =
        needs(&BTreeSet::from(["queue"])).into_iter().map(|n| n.action).collect();
    for action in ["connect:CreateQueue", "connect:UpdateQueueStatus", "connect:SearchPrompts"] {
        assert!(all.iter().any(|a| a == action), "{action}");
    }
    for action in ["connect:CreatePrompt", "s3:PutObject", "connect:DescribeUser", "kms:Decrypt"] {
        assert!(!all.iter().any(|a| a == action), "{action}");
    }
    assert!(all.is_sorted());
    let users = needs(&BTreeSet::from(["user"]));
    assert!(users.iter().any(|n| n.action == "connect:DescribeUser" && n.access == Access::Read));
}

#[test]
fn the_read_role_writes_nothing() {
    let needs = needs(&usual_kinds());
    let made = template(&roles(), &needs, &places(&["us-west-2"]));
    let read = actions(&made, "Read");
    let writes = |action: &&String| {
        let operation = action.split(':').nth(1).unwrap_or_default();
        !["Describe", "List", "Search", "Get", "Lookup", "Simulate"]
            .iter()
            .any(|verb| operation.starts_with(verb))
    };
    assert_eq!(read.iter().filter(writes).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(read.contains("connect:SearchQueues"));
    let role = &made["Resources"]["ReadRole"]["Properties"];
    assert_eq!((role["RoleName"].as_str(), role["Path"].as_str()), (Some("read"), Some("/ops/")));
}

#[test]
fn policies_stay_within_the_limits_of_iam_whatever_the_regions() {
    let needs = needs(&kinds::ALL.iter().map(|k| k.spec().name).collect());
    let expected: BTreeSet<String> = needs.iter().map(|n| n.action.clone()).collect();
    let many =
        ["us-west-2", "us-east-1", "eu-central-1", "ap-southeast-2", "eu-west-2", "ca-central-1"];
    for count in 1..=many.len() {
        let made = template(&roles(), &needs, &places(&many[..count]));
        assert_eq!(actions(&made, "Deploy"), expected);
        let resources = made["Resources"].as_object().expect("resources");
        for (name, resource) in resources {
            let properties = &resource["Properties"];
            let managed = properties["ManagedPolicyArns"].as_array().map_or(0, Vec::len);
            assert!(managed <= 10, "{name}");
            // What is written here is longer than what is sent: texts in place of ids.
            let document = properties["PolicyDocument"].to_string();
            assert!(document.len() < 9_000, "{name}: {}", document.len());
        }
    }
}

#[test]
fn trust_asks_for_what_callers_send() {
    let mut wanted = roles();
    let trust = |roles: &Roles| {
        let made = template(roles, &[], &places(&["us-west-2"]));
        made["Resources"]["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
            .clone()
    };
    assert_eq!(trust(&wanted)["Action"], serde_json::json!(["sts:AssumeRole"]));
    assert_eq!(trust(&wanted)["Condition"], Value::Null);
    wanted.external_id = Some("secret".to_owned());
    wanted.source_identity = true;
    let found = trust(&wanted);
    assert_eq!(found["Action"].as_array().map(Vec::len), Some(3));
    assert_eq!(found["Condition"]["StringEquals"]["sts:ExternalId"]["Ref"], "ExternalId");
}

#[test]
fn actions_have_the_names_of_iam() {
    for (operation, expected) in [
        ("connect.CreateQueue", "connect:CreateQueue"),
        ("connect.ListPhoneNumbersV2", "connect:ListPhoneNumbers"),
        ("lexv2-models.ListBots", "lex:ListBots"),
        ("service-quotas.ListServiceQuotas", "servicequotas:ListServiceQuotas"),
        ("s3.HeadBucket", "s3:ListBucket"),
    ] {
        assert_eq!(action_of(operation), expected);
    }
}

#[test]
fn nothing_is_allowed_everywhere_that_has_resources_to_name() {
    let needs = needs(&kinds::ALL.iter().map(|k| k.spec().name).collect());
    let everywhere: Vec<&str> =
        needs.iter().filter(|n| n.on == On::Everything).map(|n| n.action.as_str()).collect();
    let expected = [
        "cloudtrail:LookupEvents",
        "connect:ListInstances",
        "lex:ListBots",
        "servicequotas:ListServiceQuotas",
    ];
    assert_eq!(everywhere, expected);
    let iam =
        statements(needs.iter().filter(|n| n.action.starts_with("iam:")), &places(&["us-west-2"]));
    for statement in iam {
        for resource in statement["Resource"].as_array().expect("resources") {
            let arn = resource["Fn::Sub"].as_str().expect("a text");
            assert!(
                arn.contains("aws-service-role/connect") || arn.ends_with("role/deploy"),
                "{arn}"
            );
        }
    }
}
