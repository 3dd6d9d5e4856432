//! What is found without AWS, between `trunkline.yaml`, pipelines, parameters and the state store.

use super::{Place, Ran};

/// A project whose environment `prod` has these regions.
fn project(regions: &str) -> String {
    format!(
        "version: 1\nproject: acme\nenvironments:\n  \
         uat: {{ account: \"444455556666\", regions: [us-west-2, us-east-1], instance: \"u-{{region}}\" }}\n  \
         prod: {{ account: \"555566667777\", regions: [{regions}], instance: \"p-{{region}}\", aliases: [live] }}\n"
    )
}

#[track_caller]
fn done(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.out, ran.err);
    ran
}

#[test]
fn a_region_that_no_action_of_a_pipeline_deploys_is_told() {
    let place = Place::with_config(&project("us-west-2"));
    done(&place, &["pipeline", "new", "--env", "live"]);
    let file = "pipelines/prod.yaml";
    let before = std::fs::read_to_string(place.path().join(file)).expect("a pipeline");
    let ran = done(&place, &["check"]);
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("0 documents and 1 pipeline checked: 0 errors, 0 warnings\n", "")
    );
    place.write("trunkline.yaml", project("us-west-2, us-east-1"));
    let ran = done(&place, &["check"]);
    assert!(ran.out.ends_with("0 errors, 1 warning\n"), "{}", ran.out);
    for said in [
        "warning[TL0534]: no pipeline deploys prod / us-east-1",
        "--> pipelines/prod.yaml   pipeline \"acme-prod\"",
        "it deploys us-west-2 only",
        "`Region: us-east-1`",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
    assert_eq!(place.run(&["check", "--strict"]).code, 3);
    done(&place, &["check", "--strict", "--env", "uat"]);
    // An action without a region deploys all; so may one with a variable.
    for change in ["            # no region", "            Region: \"#{variables.DropFix}\""] {
        place.write(file, before.replace("            Region: us-west-2", change));
        done(&place, &["check", "--strict"]);
    }
    // Nothing is known of what a file deploys that is broken.
    place.write(file, &before);
    place.write("pipelines/other.yaml", "pipeline: {");
    let ran = place.run(&["check"]);
    assert!(ran.code == 3 && !ran.err.contains("TL0534"), "{}", ran.err);
}

#[test]
fn an_action_that_names_what_trunkline_yaml_does_not_have_is_told_before_it_runs() {
    let place = Place::with_config(&project("us-west-2"));
    done(&place, &["pipeline", "new", "--env", "live"]);
    let file = "pipelines/prod.yaml";
    let before = std::fs::read_to_string(place.path().join(file)).expect("a pipeline");
    for (from, to, said) in [
        ("Environment: prod", "Environment: prd", ["error[TL0105]", "did you mean `prod`?"]),
        ("Region: us-west-2", "Region: us-east-1", ["error[TL0110]", "its regions are us-west-2"]),
        ("Region: us-west-2", "Region: west", ["error[TL0106]", "`west`"]),
    ] {
        let text = before.replace(from, to);
        assert_ne!(text, before, "{from}");
        place.write(file, text);
        let ran = place.run(&["check"]);
        let said = said.into_iter().chain(["--> pipelines/prod.yaml   action \"", "\"acme-prod\""]);
        for said in said {
            assert!(ran.code == 3 && ran.err.contains(said), "{said}\n{}", ran.err);
        }
    }
    place.write(file, before.replace("Environment: prod", "Environment: \"#{variables.E}\""));
    assert!(!place.run(&["check"]).err.contains("TL0105"));
}

#[test]
fn one_alias_for_two_regions_is_told_once_with_the_line_to_write() {
    let text = project("us-west-2, us-east-1").replace("p-{region}", "acme");
    let ran = done(&Place::with_config(&text), &["check"]);
    assert_eq!(ran.err.matches("TL0106]").count(), 1, "{}", ran.err);
    for said in [
        "--> trunkline.yaml:5:",
        "only one of us-west-2, us-east-1 can have `acme`",
        "write `instance: \"acme-{region}\"` where the instances are called `acme-us-west-2`, `acme-us-east-1`",
        "an environment of its own",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
}

#[test]
fn a_parameter_that_no_file_declares_is_refused_with_the_one_that_was_meant() {
    let place = Place::new();
    place.write("a.yaml", "Parameters:\n  Branch: { Type: String, Default: main }\nResources:\n  Bucket: { Type: AWS::S3::Bucket }\n");
    place.write("buildspec.yml", "version: 0.2\nphases: { build: { commands: [make] } }\n");
    let validate = |parameter: &str| {
        place.run(&["pipeline", "validate", "a.yaml", "buildspec.yml", "--parameter", parameter])
    };
    let ran = validate("Brnch=x");
    assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{}", ran.err);
    assert!(
        ran.err.contains("`Brnch`") && ran.err.contains("did you mean `Branch`?"),
        "{}",
        ran.err
    );
    for known in ["Branch=x", "Bucket=x", "AWS::AccountId=111122223333", "Role.Arn=x"] {
        let ran = validate(known);
        assert!(!ran.err.contains("TL0901"), "{known}: {}", ran.err);
    }
    let ran = place.run(&["pipeline", "validate", "buildspec.yml", "--parameter", "Branch=x"]);
    assert!(ran.code == 64 && ran.err.contains("none of them has parameters"), "{}", ran.err);
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_what_to_do() {
    let place = Place::with_config(&project("us-west-2"));
    place.write("pipelines/latin.yaml", b"pipeline: \xff\n");
    for arguments in [&["check"][..], &["pipeline", "validate", "pipelines/latin.yaml"]] {
        let ran = place.run(arguments);
        assert!(ran.code == 3 && ran.err.contains("TL0801"), "{}", ran.err);
        assert!(ran.err.contains("help: ") && ran.err.contains("in UTF-8"), "{}", ran.err);
    }
    let ran = place.run(&["-q", "check"]);
    assert!(ran.code == 3 && ran.err.contains("TL0801"), "errors are not talk: {}", ran.err);
}

#[test]
fn a_run_that_is_nowhere_was_looked_for_everywhere() {
    let place = Place::with_config(&project("us-west-2"));
    let ran = place.run(&["log", "20270101-000000-1a2b"]);
    assert_eq!(ran.code, 64, "{}", ran.err);
    let looked = "--> uat / us-west-2, uat / us-east-1, prod / us-west-2\n";
    assert!(ran.err.contains("TL0523") && ran.err.contains(looked), "{}", ran.err);
}

#[test]
fn who_has_no_credentials_is_told_what_to_do() {
    let place = Place::with_config(&project("us-west-2"))
        .variable("AWS_EC2_METADATA_DISABLED", "true")
        .variable("AWS_MAX_ATTEMPTS", "1");
    let ran = place.run(&["plan", "--env", "prod"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    for said in ["error[TL0601]: there are no AWS credentials\n", "aws sso login", "`--profile`"] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
}
