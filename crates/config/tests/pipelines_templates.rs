//! What becomes of a CloudFormation template: one of our own with every function in it, and one
//! mistake at a time.

use trunkline_config::pipelines::{Definitions, Parameters, ReadOptions, read};
use trunkline_model::{Diagnostic, Severity};

const TEMPLATE: &str = include_str!("pipelines/template.yaml");

fn with(parameters: &[(&str, &str)]) -> (Option<Definitions>, Vec<Diagnostic>) {
    let pairs = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let options = ReadOptions { parameters: pairs.collect(), ..ReadOptions::default() };
    read(TEMPLATE, "pipelines/shop.yaml", &options)
}

/// Replaces a text of the template and expects a finding of this code on the last line that holds
/// `line`.
fn check(from: &str, to: &str, code: &str, line: &str) {
    assert!(TEMPLATE.contains(from), "the template has no {from}");
    let text = TEMPLATE.replacen(from, to, 1);
    let (_, found) = read(&text, "shop.yaml", &ReadOptions::default());
    let lines: Vec<&str> = text.lines().collect();
    let number = lines.iter().rposition(|l| l.contains(line)).expect("the line is there") + 1;
    let hit = |d: &&Diagnostic| d.code == code && d.place.line == u32::try_from(number).ok();
    let shown: Vec<_> = found.iter().map(|d| format!("{:?} {d}", d.place.line)).collect();
    assert!(found.iter().any(|d| hit(&d)), "{to}: no {code} in line {number}, but {shown:#?}");
}

#[test]
fn functions_become_values() {
    let (definitions, found) = with(&[("Repository", "shop")]);
    assert_eq!(found, []);
    let definitions = definitions.expect("it is good");
    let [pipeline] = definitions.pipelines.as_slice() else { panic!("one pipeline is left") };
    assert_eq!(pipeline.name, "shop-prod");
    assert_eq!(pipeline.role_arn.as_deref(), Some("arn:aws:iam::111122223333:role/shop-Role"));
    let source = &pipeline.stages[0].actions[0].configuration;
    assert_eq!((&*source["RepositoryName"], &*source["PollForSourceChanges"]), ("shop", "false"));
    let project = &definitions.projects[0];
    assert_eq!(pipeline.stages[1].actions[0].configuration["ProjectName"], project.name);
    assert!(project.buildspec.as_deref().is_some_and(|b| b.contains("echo prod ${HOME}")));
    assert_eq!(project.environment_variables.len(), 1);
    assert_eq!(project.environment_variables[0].value, "green");
    assert_eq!(project.timeout_in_minutes, Some(20));
    let ship = &pipeline.stages[2].actions;
    assert_eq!(
        ship[0].configuration["NotificationArn"],
        "arn:aws:sns:us-east-1:111122223333:approvals"
    );
    assert_eq!(ship[1].configuration["Environment"], "111122223333");
    assert_eq!(
        (&*definitions.disabled[0].pipeline, &*definitions.disabled[0].stage),
        ("shop-prod", "Ship")
    );
}

#[test]
fn given_values_decide_conditions_and_a_value_that_is_not_given_is_told() {
    let (definitions, found) = with(&[]);
    assert!(definitions.is_some());
    assert_eq!(
        found.iter().map(|d| (&*d.code, d.severity)).collect::<Vec<_>>(),
        [("TL0823", Severity::Note)]
    );
    assert!(found[0].message.contains("`Repository`"));
    // With `test` the other pipeline is there, which is none.
    let (definitions, found) = with(&[("Stage", "test")]);
    assert!(definitions.is_none());
    assert!(
        found.iter().any(|d| d.code == "TL0804" && d.message.contains("`Stages`")),
        "{found:?}"
    );
    let (_, found) = with(&[("Stage", "uat")]);
    assert!(found.iter().any(|d| d.code == "TL0822" && d.message.contains("`uat`")), "{found:?}");
}

/// What is wrong with a template that is to be run, with a file of parameters beside it: code, place and message.
fn to_run(text: &str, beside: &str) -> Vec<String> {
    let file = Parameters::beside("pipelines/shop.yaml");
    let beside = Parameters::read(beside, &file).expect("it can be read");
    let options = ReadOptions { to_run: true, beside: Some(beside), ..ReadOptions::default() };
    let (definitions, found) = read(text, "pipelines/shop.yaml", &options);
    let errors: Vec<String> = found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| {
            let (file, line) = (d.place.file.as_deref(), d.place.line);
            format!("{} {}:{} {}", d.code, file.expect("a file"), line.expect("a line"), d.message)
        })
        .collect();
    assert_eq!(definitions.is_some(), errors.is_empty());
    errors
}

/// What the template needs beside its repository: where its topic is, and with it the topic's ARN.
const PLACE: &str = r#""AWS::Region": "us-west-2", "AWS::AccountId": "444455556666""#;

#[test]
fn what_is_run_has_no_value_that_nobody_gave() {
    let given = |more: &str| format!("{{\"Parameters\": {{{PLACE}{more}}}}}");
    let text =
        TEMPLATE.replace("!Ref \"AWS::Region\", us-east-1", "!Ref \"AWS::Region\", us-west-2");
    let found = to_run(&text, &given(""));
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert!(
        one.starts_with("TL0823 pipelines/shop.yaml:4 the parameter `Repository` has no value")
    );
    assert_eq!(to_run(&text, &given(", \"Repository\": \"shop\"")), [""; 0]);

    let found = to_run(TEMPLATE, "{\"Parameters\": {\"Repository\": \"shop\"}}");
    let told = ["`AWS::AccountId`", "`AWS::Region`"].map(|n| found.iter().any(|f| f.contains(n)));
    assert_eq!((told, found.len()), ([true, true], 2), "{found:?}");

    let slip = given(",\n\"Repository\": \"shop\",\n\"Brunch\": \"main\"");
    let found = to_run(&text, &slip);
    let wanted = "TL0805 pipelines/shop.parameters.json:3 the template has no parameter `Brunch`";
    assert_eq!(found, [wanted]);
    let found = to_run(&text, &given(", \"Repository\": \"shop\", \"Stage\": \"uat\""));
    assert!(found.iter().any(|f| f.starts_with("TL0822") && f.contains("`uat`")), "{found:?}");
}

#[test]
fn what_only_the_service_knows_can_be_given_by_its_name() {
    let from = "TEAM, Value: !Select [1, !Ref Teams]";
    let with = |value: &str| {
        TEMPLATE
            .replace(from, &format!("TEAM, Value: {value}"))
            .replace("!Ref Topic", "arn:aws:sns:us-west-2:444455556666:approvals")
            .replace(
                "[!Condition IsTest, !Equals [!Ref \"AWS::Region\", us-east-1]]",
                "[!Condition IsProd, !Condition IsTest]",
            )
    };
    for (value, name) in [
        ("!ImportValue shared-bucket", "shared-bucket"),
        ("!Ref Store", "Store"),
        ("!GetAtt Store.DomainName", "Store.DomainName"),
        ("'{{resolve:ssm:/shop/team:1}}'", "{{resolve:ssm:/shop/team:1}}"),
        ("!Sub 'a-{{resolve:ssm:/${Stage}/team}}'", "{{resolve:ssm:/prod/team}}"),
    ] {
        let text = with(value);
        let found = to_run(&text, r#"{"Parameters": {"Repository": "shop"}}"#);
        let [one] = found.as_slice() else { panic!("{value}: {found:?}") };
        assert!(one.starts_with("TL0823 ") && one.contains(&format!("`{name}`")), "{one}");
        let given = format!(r#"{{"Parameters": {{"Repository": "shop", "{name}": "x"}}}}"#);
        assert_eq!(to_run(&text, &given), [""; 0], "{value}");
    }
    // The parameter store has the value; the file of parameters has its name there.
    let stored = "Repository: { Type: AWS::SSM::Parameter::Value<String> }";
    let text = with("x").replace("Repository: { Type: String }", stored);
    let one = r#"{"ParameterKey": "Repository", "ParameterValue": "/shop/name""#;
    assert_eq!(to_run(&text, &format!("[{one}}}]")).len(), 1);
    assert_eq!(to_run(&text, &format!(r#"[{one}, "ResolvedValue": "shop"}}]"#)), [""; 0]);
}

#[test]
fn what_a_loop_makes_is_told_to_be_missing() {
    let text = "Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Sites:
    - Site
    - [Shop, Blog]
    - ${Site}Pipeline:
        Type: AWS::CodePipeline::Pipeline
";
    let (definitions, found) = read(text, "shop.yaml", &ReadOptions::default());
    let found: Vec<_> = found.iter().map(|d| (&*d.code, d.severity, d.place.line)).collect();
    assert_eq!(found, [("TL0823", Severity::Note, Some(3))]);
    assert!(definitions.is_some_and(|d| d.pipelines.is_empty()));
    assert_eq!(to_run(text, "{\"Parameters\": {}}").len(), 1);
}

#[test]
fn macros_are_told_of_and_those_of_the_service_are_not() {
    let text = |transform: &str| format!("Transform: {transform}\n{TEMPLATE}");
    let told = |transform: &str| -> Vec<String> {
        let (_, found) = read(&text(transform), "shop.yaml", &ReadOptions::default());
        let macros = found.iter().filter(|d| d.message.starts_with("the macro"));
        macros.map(|d| format!("{:?} {} {}", d.severity, d.code, d.message)).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(told("AWS::Serverless-2016-10-31"), none);
    let list = "[AWS::LanguageExtensions, { Name: Ours, Parameters: {} }]";
    assert_eq!(told(list), ["Note TL0823 the macro `Ours` is not carried out"]);
}

#[test]
fn a_resource_without_its_template_is_told_what_is_missing() {
    let resource = "Type: AWS::CodePipeline::Pipeline\nProperties: { Stages: [] }\n";
    let named = format!("Pipeline:\n  {}", resource.replace('\n', "\n  "));
    for text in [resource, &named] {
        let (_, found) = read(text, "shop.yaml", &ReadOptions::default());
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(one.code, "TL0802");
        assert_eq!(one.help.as_deref(), Some("write `Resources:` above its resources"));
    }
}

#[test]
fn region_account_and_stack_can_be_given() {
    let options = ReadOptions {
        region: Some("us-gov-west-1".into()),
        account: Some("444455556666".into()),
        stack_name: Some("blue".into()),
        ..ReadOptions::default()
    };
    let text = TEMPLATE.replace("[!Condition IsTest,", "[!Condition IsProd,");
    let (definitions, found) = read(&text, "shop.yaml", &options);
    let pipeline = &definitions.unwrap_or_else(|| panic!("{found:?}")).pipelines[0];
    assert_eq!(pipeline.name, "blue-prod");
    assert_eq!(
        pipeline.role_arn.as_deref(),
        Some("arn:aws-us-gov:iam::444455556666:role/blue-Role")
    );
}

#[test]
fn mistakes_of_templates_are_found_at_their_lines() {
    check("!Ref Branch", "!Ref Brunch", "TL0822", "Brunch");
    check("!GetAtt [Role, Arn]", "!GetAtt [Rule, Arn]", "TL0822", "[Rule, Arn]");
    check("!GetAtt Role.Arn", "!GetAtt Role", "TL0822", "!GetAtt Role\n".trim());
    check("${Stage}", "${Stag}", "TL0822", "version: 0.2");
    check("!Select [1, !Ref Teams]", "!Select [2, !Ref Teams]", "TL0822", "!Select [2");
    check(
        "!FindInMap [Accounts, !Ref Stage, Mode]",
        "!FindInMap [Accounts, !Ref Stage, Mod]",
        "TL0822",
        "Mod]",
    );
    check("- Both\n", "- Boht\n", "TL0822", "- Boht");
    check("  IsProd: !Equals", "  IsProd: !Equal", "TL0822", "IsProd: !Equal ");
    check("!Join [\"-\",", "!Joyn [\"-\",", "TL0822", "!Joyn");
    check(
        "IsTest: !Not [!Condition IsProd]",
        "IsTest: !Not [!Condition IsTest]",
        "TL0822",
        "IsTest: !Not",
    );
    check("    Condition: IsTest", "    Condition: IsTset", "TL0822", "Condition: IsTset");
    check("RunOrder: 1\n", "RunOrdr: 1\n", "TL0805", "RunOrdr");
    check("      RoleArn: !GetAtt [Role, Arn]\n", "", "TL0803", "Name: !Join");
    check(
        "Type: AWS::CodePipeline::Pipeline\n    Properties:\n      Name",
        "Type: AWS::CodePipeline::Pipelin\n    Properties:\n      Name",
        "TL0822",
        "Pipelin\n".trim(),
    );
    check("Parameters:", "Parameter:", "TL0805", "Parameter:");
    check("TimeoutInMinutes: \"20\"", "TimeoutInMinutes: \"2\"", "TL0825", "\"2\"");
}

#[test]
fn two_pipelines_of_one_name_are_refused() {
    let one = "Type: AWS::CodePipeline::Pipeline, Properties: { Name: x, RoleArn: r, Stages: [] }";
    let text = format!("Resources:\n  A: {{ {one} }}\n  B: {{ {one} }}\n");
    let (_, found) = read(&text, "two.yaml", &ReadOptions::default());
    assert!(found.iter().any(|d| d.code == "TL0808" && d.place.line == Some(3)), "{found:?}");
}

#[test]
fn long_forms_in_json_with_tabs_are_read_alike() {
    let json = "{\n\t\"Resources\": {\n\t\t\"P\": {\n\t\t\t\"Type\": \"AWS::CodePipeline::Pipeline\",\n\t\t\t\"Properties\": {\n\t\t\t\t\"Name\": {\"Fn::Join\": [\"\", [\"a\\tb\", {\"Ref\": \"AWS::Region\"}]]}\n\t\t\t}\n\t\t}\n\t}\n}";
    let (definitions, found) = read(json, "p.json", &ReadOptions::default());
    assert!(definitions.is_none());
    let found: Vec<_> = found.iter().map(|d| (&*d.code, d.place.line, d.place.column)).collect();
    assert_eq!(
        found,
        [
            ("TL0803", Some(5), Some(18)),
            ("TL0803", Some(5), Some(18)),
            ("TL0806", Some(6), Some(13))
        ]
    );
}
