use super::*;
use crate::{Binding, State};
use trunkline_model::{Approval, EnvironmentUse, Region};

const FULL: &str = r#"version: 1
project: acme
state: s3://acme-trunkline-state          # or a folder; default .trunkline/state beside this file
environments:
  rnd:     { account: "111122223333", regions: [us-west-2], instance: acme-rnd, use: build }
  dev:     { account: "222233334444", regions: [us-west-2], instance: acme-dev, branch: develop, after: rnd }
  uat:     { account: "444455556666", regions: [us-west-2], instance: acme-uat, branch: uat, after: dev, aliases: [performance] }
  uat-fix: { account: "555566667777", regions: [us-west-2], instance: acme-uat-fix, branch: uat-fix, enabled: false }
  prod:    { account: "012345678901", regions: [us-west-2, us-east-1], instance: "acme-prod-{region}", branch: main, after: { any: [uat, uat-fix] },
             approval: required, apply_from: pipeline, freeze: ["Mon-Fri 07:00-19:00 America/Los_Angeles"], rate: 0.5 }
role: codebuild-connect            # assumed in every target account; read_role for export, plan and drift
bindings:
  "phone:Main line": { uat: "+15550100001", prod: { us-west-2: "+15550100100", us-east-1: "+15550100200" } }
  "lambda:*": "{name}-{environment}"
overrides:                         # values, not references, that differ by environment or region
  "queue:Sales": { prod: { MaxContacts: 200 } }
instance_owned:                    # created once, then only read: supervisors own them
  - hours-overrides
  - "queue:*.Status"
scope: { exclude: ["flow:Sample *", "flow:Copy of *"] }
external: ["queue:Shared Overflow"]  # names that somebody else supplies
"#;

fn project(text: &str) -> Project {
    parse(text, "trunkline.yaml").unwrap_or_else(|r| panic!("{r}"))
}

/// A file with one environment; `{}` stands for the lines of its settings.
fn with(environment: &str) -> String {
    format!("version: 1\nproject: acme\nenvironments:\n  prod: {{ {environment} }}\n")
}

const GOOD: &str = "account: \"111122223333\", regions: [us-west-2], instance: acme";

/// Checks codes and lines of all findings, and that each text stands somewhere in the report.
fn check(text: &str, expected: &[(&str, u32)], words: &[&str]) {
    let report = parse(text, "trunkline.yaml").expect_err("the text is bad").0;
    let found: Vec<_> =
        report.iter().map(|d| (d.code.as_str(), d.place.line.unwrap_or(0))).collect();
    assert_eq!(found, expected, "{report:#?}");
    let all = serde_json::to_string(&report).unwrap();
    for word in words {
        assert!(all.contains(word), "{word} is not in {all}");
    }
    assert!(report.iter().all(|d| d.place.file.as_deref() == Some("trunkline.yaml")));
}

#[test]
fn the_example_of_the_design_is_read_whole() {
    let p = project(FULL);
    assert_eq!(p.state, State::S3 { bucket: "acme-trunkline-state".into(), prefix: String::new() });
    let names: Vec<_> = p.environments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["rnd", "dev", "uat", "uat-fix", "prod"]);
    let prod = p.environment("prod").unwrap();
    assert_eq!(prod.account.as_str(), "012345678901");
    assert_eq!((prod.rate, prod.approval), (0.5, Approval::Required));
    assert_eq!(prod.role.as_deref(), Some("codebuild-connect"));
    assert_eq!(p.environment("rnd").unwrap().used_for, EnvironmentUse::Build);
    assert!(!p.environment("uat-fix").unwrap().enabled);
    assert_eq!(p.environment("performance").unwrap().name, "uat");
    let after = p.delivery["prod"].after.clone().unwrap();
    assert_eq!(after, serde_json::json!({ "any": ["uat", "uat-fix"] }));
    assert!(p.scope.holds("flow", "Main") && !p.scope.holds("flow", "Copy of Main"));
    assert!(p.is_external("queue", "Shared Overflow"));
    assert_eq!(p.warnings, []);
}

#[test]
fn bindings_answer_by_environment_region_and_pattern() {
    let p = project(&FULL.replace(
        "  \"lambda:*\"",
        "  \"lambda:acme-*\": unbound\n  \"lambda:acme-own\": { uat: 'x-{account}' }\n  \"lambda:*\"",
    ));
    let target = |name: &str, region: usize| {
        p.targets(p.environment(name).unwrap(), None).unwrap().swap_remove(region)
    };
    let value = |v: &str| Binding::Value(v.to_owned());
    for (kind, name, environment, region, expected) in [
        ("phone", "Main line", "prod", 1, value("+15550100200")),
        ("phone", "Main line", "performance", 0, value("+15550100001")),
        ("phone", "Main line", "dev", 0, Binding::Missing),
        ("lambda", "lookup", "dev", 0, value("lookup-dev")),
        ("lambda", "{region}", "dev", 0, value("{region}-dev")),
        ("lambda", "acme-lookup", "dev", 0, Binding::Unbound),
        ("lambda", "acme-own", "uat", 0, value("x-444455556666")),
        ("lambda", "acme-own", "dev", 0, Binding::Unbound),
        ("queue", "Sales", "dev", 0, Binding::Missing),
    ] {
        let found = p.bindings.value(kind, name, &target(environment, region));
        assert_eq!(found, expected, "{kind}:{name} in {environment}");
    }
    assert_eq!(p.bindings.place("phone", "Main line").unwrap().line, Some(13));
}

#[test]
fn overrides_of_a_region_win() {
    let p = project(&FULL.replace(
        "{ MaxContacts: 200 }",
        "{ MaxContacts: 200, Status: ENABLED, us-east-1: { MaxContacts: 5 } }",
    ));
    let targets = p.targets(p.environment("prod").unwrap(), None).unwrap();
    let fields =
        |i: usize| serde_json::Value::Object(p.overrides_for("queue", "Sales", &targets[i]));
    assert_eq!(fields(0), serde_json::json!({ "MaxContacts": 200, "Status": "ENABLED" }));
    assert_eq!(fields(1), serde_json::json!({ "MaxContacts": 5, "Status": "ENABLED" }));
}

#[test]
fn account_ids_are_quoted_texts_of_twelve_digits() {
    let id =
        |written: &str| with(&format!("account: {written}, regions: [us-west-2], instance: a"));
    check(&id("111122223333"), &[("TL0103", 4)], &["leading zero", r#"account: \"111122223333\""#]);
    check(&id("012345678901"), &[("TL0103", 4)], &[r#"account: \"012345678901\""#]);
    check(&id("12345678901"), &[("TL0103", 4)], &["probably lost", r#"\"012345678901\""#]);
    check(&id("\"12345678901\""), &[("TL0103", 4)], &["11 digits", "probably lost"]);
    check(&id("1111-2222-3333"), &[("TL0103", 4)], &["without hyphens"]);
    check(&id("\"1111222233334\""), &[("TL0103", 4)], &["13 digits"]);
    check(&id(&"9".repeat(5000)), &[("TL0103", 4)], &["…"]);
    check(&id(""), &[("TL0102", 4)], &["`account` is missing in environment `prod`"]);
}

#[test]
fn a_name_for_two_environments_is_refused_with_both_accounts() {
    let both = ["111122223333", "222233334444"];
    let two = |first: &str, a: &str, second: &str, b: &str| {
        format!(
            "version: 1\nproject: acme\nenvironments:\n  \
             {first}: {{ account: \"111122223333\", regions: [us-west-2], instance: a{a} }}\n  \
             {second}: {{ account: \"222233334444\", regions: [us-west-2], instance: b{b} }}\n"
        )
    };
    check(&two("uat", "", "uat", ""), &[("TL0104", 5)], &both);
    check(&two("uat", "", "prod", ", aliases: [uat]"), &[("TL0104", 5)], &both);
    check(&two("uat", ", aliases: [x]", "prod", ", aliases: [x]"), &[("TL0104", 5)], &both);
    check(&two("uat", "", "UAT", ""), &[("TL0104", 5)], &["only by case"]);
}

#[test]
fn every_problem_is_reported_at_once_with_its_line() {
    let text = "version: 1\nproject: 5\nenviroments: {}\nenvironments:\n  prod:\n    account: 1\n    \
                regions: [us-west]\n    rate: 2\n    instence: acme\n    aliases: [a b]\n\
                bindings:\n  phone: x\n  \"phone:a\": { pord: x, prod: { eu-west-1: y } }\n";
    let expected = [
        ("TL0106", 2),
        ("TL0107", 3),
        ("TL0102", 6),
        ("TL0103", 6),
        ("TL0106", 7),
        ("TL0106", 8),
        ("TL0107", 9),
        ("TL0106", 10),
        ("TL0106", 12),
        ("TL0105", 13),
        ("TL0110", 13),
    ];
    let words = ["`environments`?", "`instance`?", "`prod`?", r#"project: \"5\""#];
    check(text, &expected, &words);
}

#[test]
fn the_version_is_judged_before_anything_else() {
    check("version: 2\nfuture: [", &[("TL0101", 2)], &[]);
    check("version: 2\nfuture: 1\n", &[("TL0108", 1)], &["install a newer"]);
    check("version: \"1\"\n", &[("TL0106", 1)], &["number 1"]);
    check("project: acme\n", &[("TL0102", 1)], &["start the file with `version: 1`"]);
}

#[test]
fn what_is_no_usable_yaml_says_where() {
    check("", &[("TL0102", 1)], &["empty"]);
    check("# only a comment\n", &[("TL0102", 1)], &["empty"]);
    check("- a\n", &[("TL0106", 1)], &["a list"]);
    check("version: 1\nproject: \"acme\n", &[("TL0101", 3)], &["quote"]);
    check("version: 1\nenvironments:\n\tprod: {}\n", &[("TL0101", 3)], &["spaces"]);
    check("version: 1\n---\nversion: 1\n", &[("TL0101", 3)], &["more than one"]);
    check(&format!("{}scope: {{}}\nscope: {{}}\n", with(GOOD)), &[("TL0101", 6)], &["line 5"]);
    check(&with(&format!("{GOOD}, rate: 1, rate: 1")), &[("TL0101", 4)], &["`rate` occurs twice"]);
}

#[test]
fn an_expanding_file_is_refused_quickly() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let items = vec![format!("*a{}", i - 1); 9].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{items}]\n"));
    }
    let report = parse(&text, "f").expect_err("it expands to 9^12 values").0;
    assert_eq!(report[0].code, "TL0101");
    let deep = "[".repeat(100_000);
    assert_eq!(parse(&deep, "f").expect_err("too deep").0[0].code, "TL0101");
}

#[test]
fn byte_order_mark_carriage_returns_and_anchors_are_read() {
    let text = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    assert_eq!(project(&text).environments.len(), 5);
    let text = "version: 1\nproject: acme\nenvironments:\n  a: &a\n    account: \"111122223333\"\n    \
                regions: [us-west-2]\n    instance: a\n  b:\n    <<: *a\n    instance: b\n";
    let p = project(text);
    assert_eq!(p.environments[1].account.as_str(), "111122223333");
    assert_eq!(p.environments[1].instance, "b");
}

#[test]
fn words_that_old_yaml_read_as_booleans_are_names() {
    let text = with(GOOD).replace("prod:", "no:");
    let p = project(&text);
    assert_eq!(p.environment("no").unwrap().name, "no");
    check(&with(&format!("{GOOD}, enabled: no")), &[("TL0106", 4)], &["true or false"]);
}

#[test]
fn lookups_name_what_exists() {
    let p = project(FULL);
    let error = p.environment("prodd").unwrap_err();
    assert_eq!(error.code, "TL0105");
    assert!(error.notes[0].contains("performance") && error.help.unwrap().contains("`prod`"));
    let region = Region::parse("eu-west-1").unwrap();
    let error = p.targets(p.environment("dev").unwrap(), Some(&region)).unwrap_err();
    assert_eq!(error.code, "TL0110");
}

#[test]
fn odd_but_usable_settings_warn() {
    let text = with(&GOOD.replace("[us-west-2]", "[us-west-2, us-east-1]"));
    let text = format!("{text}  twin: {{ {GOOD} }}\n");
    let codes: Vec<_> = project(&text).warnings.iter().map(|w| w.place.line).collect();
    assert_eq!(codes, [Some(4), Some(5)]);
}

#[test]
fn a_staging_bucket_is_one_text_or_one_for_each_region() {
    let regions =
        GOOD.replace("[us-west-2]", "[us-west-2, us-east-1]").replace("acme", "'a-{region}'");
    let buckets = |setting: &str| {
        let p = project(&with(&format!("{regions}, staging_bucket: {setting}")));
        let targets = p.targets(&p.environments[0], None).unwrap();
        targets.into_iter().map(|t| t.environment.staging_bucket.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(buckets("'b-{environment}-{region}'"), ["b-prod-us-west-2", "b-prod-us-east-1"]);
    assert_eq!(buckets("{ us-west-2: x, us-east-1: y }"), ["x", "y"]);
    let bad = format!("{regions}, staging_bucket: {{ eu-west-1: x }}");
    check(&with(&bad), &[("TL0110", 4)], &[]);
}

#[test]
fn settings_are_checked() {
    let text =
        format!("{}settings: {{ search_lag: 5, published_may_name_saved: false }}\n", with(GOOD));
    let settings = project(&text).settings;
    assert_eq!((settings.search_lag, settings.published_may_name_saved), (5.0, Some(false)));
    let text = format!("{}settings: {{ search_lag: -1, serch_lag: 1 }}\n", with(GOOD));
    check(&text, &[("TL0106", 5), ("TL0107", 5)], &["`search_lag`?"]);
}

#[test]
fn freeze_windows_are_read_and_bad_ones_are_shown_where_they_stand() {
    let p = project(FULL);
    let prod = &p.delivery["prod"];
    assert_eq!(prod.apply_from, crate::ApplyFrom::Pipeline);
    assert_eq!(prod.freeze[0].text(), "Mon-Fri 07:00-19:00 America/Los_Angeles");
    let text = with(&format!("{GOOD},\n    freeze: [\"Sat UTC\",\n      \"Mon-Fri 7-19 UTC\"]"));
    check(&text, &[("TL0106", 6)], &["Mon-Fri 7-19 UTC", "is not a time of day"]);
    check(&with(&format!("{GOOD}, apply_from: laptop")), &[("TL0106", 4)], &["pipeline"]);
}

#[test]
fn the_source_identity_is_a_default_that_an_environment_may_change() {
    let text = format!("{}source_identity: true\n", with(GOOD));
    assert!(project(&text).environments[0].source_identity);
    let text =
        format!("{}source_identity: true\n", with(&format!("{GOOD}, source_identity: false")));
    assert!(!project(&text).environments[0].source_identity);
    assert!(!project(&with(GOOD)).environments[0].source_identity);
}

#[test]
fn secrets_are_read_only_by_actions_for_their_environments() {
    let text = "version: 1\nproject: acme\nenvironments:\n  prod: { account: \"111122223333\", \
        regions: [us-west-2], instance: acme, aliases: [live] }\n  uat: { account: \"222233334444\", \
        regions: [us-west-2], instance: acme }\nsecrets:\n  \"acme/live/*\": live\n\
        repositories: { center: \"https://git.example.com/center.git\" }\n";
    let project = parse(text, "trunkline.yaml").expect("a configuration");
    assert_eq!(project.repositories["center"], "https://git.example.com/center.git");
    let check = |id: &str, environment: Option<&str>, may: bool| {
        assert_eq!(project.may_read_secret(id, environment), may, "{id} for {environment:?}");
    };
    check("acme/live/key", Some("prod"), true);
    check("acme/live/key", Some("uat"), false);
    check("acme/live/key", None, false);
    check("acme/other", None, true);
    let wrong = text.replace(": live\n", ": [live, nowhere]\n");
    let report = parse(&wrong, "trunkline.yaml").expect_err("no such environment");
    assert_eq!(report.0[0].code, "TL0105");
}
