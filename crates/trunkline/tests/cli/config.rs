//! Finding and reading trunkline.yaml: where it is looked for, and what each bad file ends with.

use super::Place;

const GOOD: &str = "version: 1\nproject: acme\nenvironments:\n  \
    uat: { account: \"444455556666\", regions: [us-west-2], instance: acme-uat, aliases: [perf] }\n  \
    off: { account: \"555566667777\", regions: [us-west-2], instance: acme-off, enabled: false }\n  \
    prod: { account: \"012345678901\", regions: [us-west-2, us-east-1], instance: \"acme-{region}\", role: deploy }\n";

/// Runs `env list` with a configuration and expects code 64, and each text on stderr.
#[track_caller]
fn check(config: impl AsRef<[u8]>, expected: &[&str]) {
    let place = Place::new();
    place.write("trunkline.yaml", config);
    let ran = place.run(&["env", "list"]);
    assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{}", ran.err);
    for text in expected {
        assert!(ran.err.contains(text), "`{text}` is not in:\n{}", ran.err);
    }
}

fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from));
    GOOD.replacen(from, to, 1)
}

#[test]
fn an_account_id_that_is_no_text_of_twelve_digits() {
    check(
        changed("\"012345678901\"", "012345678901"),
        &[
            "error[TL0103]: the account id of environment `prod` is a number",
            "--> trunkline.yaml:6:20",
            "6 |   prod: { account: 012345678901, regions",
            "  |                    ^^^^^^^^^^^^\n",
            "note: a bare number loses its leading zero",
            "help: put it in quotes: account: \"012345678901\"",
            "run `trunkline explain TL0103`",
        ],
    );
    check(changed("\"012345678901\"", "\"12345678901\""), &["TL0103", ":6:20", "probably lost"]);
}

#[test]
fn a_name_that_stands_for_two_environments() {
    let twice = [":4:", "444455556666", "012345678901", "TL0104"];
    let bad = changed("role: deploy", "aliases: [perf]");
    check(&bad, &[&twice[1..], &["`perf` stands for two environments", ":6:"]].concat());
    // Also in a command that asks for another environment.
    let ran = Place::with_config(&bad).run(&["env", "show", "off"]);
    assert!(ran.code == 64 && ran.err.contains("TL0104"), "{}", ran.err);
}

#[test]
fn files_that_cannot_be_read() {
    check("", &["TL0102", "--> trunkline.yaml:1:1", "empty", "trunkline init"]);
    check("version: 1\nproject: \"x\n", &["TL0101", "--> trunkline.yaml:"]);
    check("version: 1\n\tproject: x\n", &["TL0101", "trunkline.yaml:2:", "spaces"]);
    check(b"version: 1\nproject: \xff\n", &["TL0101", "--> trunkline.yaml:2:1", "UTF-8"]);
    check("version: 7\n", &["TL0108", "--> trunkline.yaml:1:10", "newer"]);
    check(changed("project", "projekt"), &["TL0107", "`project`?", "TL0102"]);
}

#[test]
fn several_problems_come_together_each_code_explained_once() {
    let bad = changed("regions: [us-west-2], instance: acme-uat", "rate: 2")
        .replace("instance: acme-off", "rate: 0");
    check(&bad, &["TL0102", ":4:", ":5:"]);
    let err = Place::with_config(&bad).run(&["env", "list"]).err;
    assert_eq!(err.matches("error[TL0106]").count(), 2, "{err}");
    assert_eq!(err.matches("explain TL0106").count(), 1, "{err}");
}

#[test]
fn lookups_that_find_nothing() {
    for (arguments, expected) in [
        (&["env", "show", "prodd"][..], &["TL0105", "`prod`?", "uat, perf"][..]),
        (&["env", "show", "off"], &["TL0111", "enabled: false"]),
        (&["env", "show", "uat", "--region", "us-east-1"], &["TL0110", "us-west-2"]),
        (&["env", "show", "uat", "--region", "mars"], &["TL0901", "`mars`"]),
        (&["-C", "nowhere", "env", "list"], &["TL0901", "nowhere"]),
    ] {
        let ran = Place::with_config(GOOD).run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (64, ""));
        for text in expected {
            assert!(ran.err.contains(text), "`{text}` is not in:\n{}", ran.err);
        }
    }
}

#[test]
fn the_configuration_is_looked_for_up_to_the_git_root() {
    let place = Place::with_config(GOOD);
    place.write("deep/er/x", "");
    let ran = place.run(&["-C", "deep/er", "env", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    place.write("other/.git", "gitdir: elsewhere");
    let ran = place.run(&["-C", "other", "env", "list"]);
    assert!(ran.code == 64 && ran.err.contains("TL0109"), "{}", ran.err);
    let ran = place
        .variable("TRUNKLINE_CONFIG", "../trunkline.yaml")
        .run(&["-C", "other", "env", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn environments_and_targets_are_shown() {
    let ran = Place::with_config(GOOD).run(&["env", "list"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("012345678901") && ran.out.contains("also perf"), "{}", ran.out);
    let ran = Place::with_config(GOOD).run(&["env", "show", "prod", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["schema"], "trunkline/targets");
    assert_eq!(json["targets"][1]["instance"], "acme-us-east-1");
    assert_eq!(json["targets"][0]["role"], "arn:aws:iam::012345678901:role/deploy");
}

#[test]
fn failures_are_json_too() {
    let ran = Place::with_config("version: 7\n").run(&["env", "list", "--json"]);
    assert_eq!(ran.code, 64);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["schema"], "trunkline/error");
    assert_eq!(json["diagnostics"][0]["code"], "TL0108");
    assert_eq!(json["diagnostics"][0]["place"]["line"], 1);
}
