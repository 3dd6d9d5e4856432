//! One good pipeline, and one mistake at a time in it: what is found, with which code, on which line.

use trunkline_config::pipelines::{Definitions, FileKind, ReadOptions, kind_of, read};
use trunkline_model::pipeline::{ExecutionMode, PipelineType};
use trunkline_model::{Diagnostic, Severity};

const GOOD: &str = include_str!("pipelines/good.yaml");

fn read_text(text: &str) -> (Option<Definitions>, Vec<Diagnostic>) {
    read(text, "site.yaml", &ReadOptions::default())
}

/// Replaces texts of the good pipeline and expects a finding of this code on the last line that
/// holds `line`, an error unless the code begins with `?` (a warning) or `-` (a note).
fn check(changes: &[(&str, &str)], code: &str, line: &str) {
    let mut text = GOOD.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the good pipeline has no {from}");
        text = text.replacen(from, to, 1);
    }
    let (severity, code) = match code.split_at(1) {
        ("?", code) => (Severity::Warning, code),
        ("-", code) => (Severity::Note, code),
        _ => (Severity::Error, code),
    };
    let (definitions, found) = read_text(&text);
    let lines: Vec<&str> = text.lines().collect();
    let number = lines.iter().rposition(|l| l.contains(line)).expect("the line is there") + 1;
    let hit = found.iter().any(|d| {
        d.code == code && d.severity == severity && d.place.line == u32::try_from(number).ok()
    });
    let shown: Vec<_> = found
        .iter()
        .map(|d| format!("{:?} {}: {d}", d.severity, d.place.line.unwrap_or(0)))
        .collect();
    assert!(hit, "{changes:?}: no {code} in line {number}, but\n{}", shown.join("\n"));
    assert_eq!(definitions.is_none(), severity == Severity::Error, "{changes:?}: {shown:?}");
    assert!(found.iter().all(|d| d.place.file.as_deref() == Some("site.yaml")));
}

#[test]
fn the_good_pipeline_is_read_whole_and_without_a_word() {
    let (definitions, found) = read_text(GOOD);
    assert_eq!(found, []);
    let definitions = definitions.expect("it is good");
    let pipeline = &definitions.pipelines[0];
    assert_eq!(pipeline.execution_mode, ExecutionMode::Queued);
    assert_eq!(pipeline.stages.len(), 3);
    assert_eq!(pipeline.stages[1].actions[1].commands, ["./test.sh", "./smoke.sh --fast"]);
    assert_eq!(definitions.projects[0].name, "site-build");
    let json = serde_json::to_value(pipeline).expect("it is plain data");
    let again = read(&json.to_string(), "site.json", &ReadOptions::default());
    assert_eq!(again.0.expect("what is read can be written and read").pipelines[0], *pipeline);
}

#[test]
fn members_and_their_values() {
    check(&[("runOrder: 2", "runOrdr: 2")], "TL0805", "runOrdr");
    check(&[("runOrder: 2", "runOrder: 0")], "TL0804", "runOrder: 0");
    check(&[("runOrder: 2", "runOrder: \"2\"")], "TL0804", "runOrder: \"2\"");
    check(&[("runOrder: 2", "runOrder: 1000")], "TL0804", "runOrder: 1000");
    check(&[("executionMode: QUEUED", "executionMode: QUEUE")], "TL0804", "QUEUE");
    check(&[("category: Approval", "category: Aproval")], "TL0804", "Aproval");
    check(&[("owner: Custom", "owner: Us")], "TL0804", "owner: Us");
    check(&[("  name: site", "  nam: site")], "TL0805", "nam: site");
    check(&[("  name: site\n", "")], "TL0803", "executionMode");
    check(&[("commands:\n", "commands: none\n          x:\n")], "TL0804", "commands: none");
    check(
        &[("pipelineType: V2\n", "pipelineType: V2\n  pipelineType: V2\n")],
        "TL0808",
        "pipelineType",
    );
    check(&[(", provider: Manual", "")], "TL0803", "category: Approval");
    check(&[("pipeline:\n", "pipelines: []\npipeline:\n")], "TL0805", "pipelines");
    check(&[("timeoutInMinutes: 60", "timeoutInMinutes: 4")], "TL0804", "timeoutInMinutes: 4");
    check(
        &[("  executionMode", "  artifactStore: {}\n  artifactStores: {}\n  executionMode")],
        "TL0804",
        "artifactStores",
    );
}

#[test]
fn names_have_their_characters_and_lengths_and_are_unique() {
    check(&[("- name: Ship", "- name: Build")], "TL0808", "- name: Build");
    check(&[("- name: Try", "- name: Compile")], "TL0808", "- name: Compile");
    check(&[("namespace: try", "namespace: build")], "TL0808", "namespace: build");
    check(&[("namespace: try", "namespace: Code")], "TL0808", "namespace: Code");
    check(&[("namespace: try", "namespace: variables")], "TL0806", "namespace: variables");
    check(&[("  name: site", "  name: my site")], "TL0806", "my site");
    check(&[("- name: Ship", "- name: Ship/it")], "TL0806", "Ship/it");
    check(&[("[{ name: Site }]", "[{ name: Site.zip }]")], "TL0806", "Site.zip");
    check(
        &[("outputArtifacts: [{ name: Site }]", "outputArtifacts: [{ name: Code }]")],
        "TL0808",
        "outputArtifacts: [{ name: Code }]",
    );
    check(&[("  name: site", &format!("  name: {}", "s".repeat(101)))], "TL0806", "sss");
    check(&[("defaultValue: full", "defaultValue: ''")], "TL0804", "defaultValue");
    check(
        &[("{ name: Level, defaultValue: full }", "{ name: Level }\n    - { name: Level }")],
        "TL0808",
        "{ name: Level }",
    );
}

#[test]
fn numbers_have_their_limits() {
    let many = |what: &str, count: usize| {
        (0..count).map(|i| what.replace('N', &i.to_string())).collect::<String>()
    };
    let stages = many("    - { name: sN, actions: [] }\n", 48);
    check(&[("projects:\n", &format!("{stages}projects:\n"))], "TL0807", "stages:");
    check(
        &[("projects:\n", "    - { name: Last, actions: [] }\nprojects:\n")],
        "TL0807",
        "actions: []",
    );
    let commands = many("            - echo N\n", 49);
    check(
        &[("            - ./test.sh\n", &format!("            - ./test.sh\n{commands}"))],
        "TL0807",
        "          commands:",
    );
    let variables = many("vN, ", 16);
    check(&[("[Coverage]", &format!("[Coverage, {variables}]"))], "TL0807", "outputVariables");
}

#[test]
fn source_actions_stand_in_the_first_stage_and_only_there() {
    check(
        &[(
            "{ category: Approval, owner: AWS, provider: Manual",
            "{ category: Source, owner: AWS, provider: S3",
        )],
        "TL0809",
        "provider: S3",
    );
    let build = "{ category: Build, owner: AWS, provider: CodeBuild, version: \"1\" } # here";
    check(
        &[(
            "{ category: Source, owner: AWS, provider: CodeStarSourceConnection, version: \"1\" }",
            build,
        )],
        "TL0809",
        "# here",
    );
}

#[test]
fn artifacts_come_from_earlier_actions_in_the_right_number() {
    check(
        &[("inputArtifacts: [{ name: Code }]", "inputArtifacts: [{ name: Coed }]")],
        "TL0810",
        "Coed",
    );
    check(
        &[("inputArtifacts: [{ name: Site }]", "inputArtifacts: [{ name: Nowhere }]")],
        "TL0810",
        "Nowhere",
    );
    check(&[("runOrder: 1", "runOrder: 2")], "TL0810", "inputArtifacts: [{ name: Site }]");
    check(
        &[
            ("          outputArtifacts: [{ name: Code }]", "          outputArtifacts: []"),
            ("inputArtifacts: [{ name: Code }]", "inputArtifacts: []"),
            ("inputArtifacts: [{ name: Code }]", "inputArtifacts: []"),
        ],
        "TL0811",
        "outputArtifacts: []",
    );
    check(
        &[(
            "          timeoutInMinutes: 60\n",
            "          timeoutInMinutes: 60\n          inputArtifacts: [{ name: Code }] # here\n",
        )],
        "TL0811",
        "# here",
    );
    check(
        &[(
            "          inputArtifacts: [{ name: Code }]\n          outputArtifacts: [{ name: Site }]",
            "          outputArtifacts: [{ name: Site }]",
        )],
        "?TL0811",
        "- name: Compile",
    );
    let deploy = "            Mode: apply\n          inputArtifacts: [{ name: Code }]";
    let two =
        "            Mode: plan\n          inputArtifacts: [{ name: Code }, { name: Site }] # here";
    check(&[(deploy, two)], "TL0811", "# here");
    let made = format!("{deploy}\n          outputArtifacts: [{{ name: Plan }}] # here");
    check(&[(deploy, &made)], "TL0811", "# here");
}

#[test]
fn types_of_actions_exist_and_those_not_carried_out_here_are_named() {
    check(&[("provider: Manual", "provider: Manuel")], "TL0812", "Manuel");
    check(&[("category: Approval", "category: Invoke")], "TL0812", "category: Invoke");
    check(
        &[("owner: Custom, provider: Trunkline", "owner: AWS, provider: Trunkline")],
        "TL0812",
        "provider: Trunkline",
    );
    check(
        &[(
            "version: \"1\" }\n          runOrder: 1\n          timeout",
            "version: \"3\" }\n          runOrder: 1\n          timeout",
        )],
        "?TL0812",
        "version: \"3\"",
    );
    let lambda = [
        (
            "category: Approval, owner: AWS, provider: Manual",
            "category: Invoke, owner: AWS, provider: Lambda",
        ),
        ("{ CustomData:", "{ FunctionName: audit, UserParameters:"),
        ("          timeoutInMinutes: 60\n", ""),
    ];
    check(&lambda, "?TL0813", "provider: Lambda");
    let text = lambda.iter().fold(GOOD.to_owned(), |t, (from, to)| t.replace(from, to));
    let (definitions, found) =
        read(&text, "site.yaml", &ReadOptions { to_run: true, ..ReadOptions::default() });
    assert!(definitions.is_none(), "a pipeline with Lambda is not run here");
    assert_eq!(
        found.iter().map(|d| (d.code.as_str(), d.severity)).collect::<Vec<_>>(),
        [("TL0813", Severity::Error)]
    );
}

#[test]
fn configurations_have_the_settings_of_their_provider() {
    check(&[("Environment: prod", "Enviroment: prod")], "TL0814", "Enviroment");
    check(
        &[("configuration:\n            Environment: prod\n", "configuration: # here\n")],
        "TL0815",
        "# here",
    );
    check(&[("Mode: apply", "Mode: aply")], "TL0816", "aply");
    check(&[("Mode: apply", "Mode: [apply]")], "TL0816", "[apply]");
    check(&[("BranchName: main", &format!("BranchName: {}", "m".repeat(1001)))], "TL0816", "mmm");
    check(
        &[(
            "'[{\"name\": \"COMMIT\", \"value\": \"#{source.CommitId}\"}]'",
            "'[{\"name\": \"A\"}]'",
        )],
        "TL0816",
        "EnvironmentVariables: '",
    );
    check(
        &[
            (
                "configuration:\n            ProjectName",
                "configuration: # here\n            ProjectName",
            ),
            (
                "inputArtifacts: [{ name: Code }]",
                "inputArtifacts: [{ name: Code }, { name: Kode }]",
            ),
            (
                "          outputArtifacts: [{ name: Code }]",
                "          outputArtifacts: [{ name: Code }]\n        - name: Other\n          actionTypeId: { category: Source, owner: AWS, provider: S3, version: \"1\" }\n          configuration: { S3Bucket: b, S3ObjectKey: k }\n          outputArtifacts: [{ name: Kode }]",
            ),
        ],
        "TL0815",
        "# here",
    );
}

#[test]
fn stores_roles_and_time_zones_are_what_they_say() {
    let store = |text: &str| format!("  {text}\n  executionMode");
    let check = |text: &str, code: &str| check(&[("  executionMode", &store(text))], code, text);
    check(
        "artifactStore: { type: S3, location: bucket, encryptionKey: { id: k, typ: KMS } }",
        "TL0805",
    );
    check("artifactStore: { type: S3, locaton: bucket }", "TL0805");
    check("artifactStore: { type: GCS, location: bucket }", "TL0804");
    check("artifactStores: [{ type: S3, location: bucket }]", "TL0804");
    check("roleArn: arn:aws:iam::1112222333:role/pipeline", "TL0804");
}

#[test]
fn variables_come_from_actions_that_certainly_ended() {
    check(&[("#{source.CommitId}", "#{sorce.CommitId}")], "TL0817", "sorce");
    check(&[("#{source.CommitId}", "#{source.CommitIdd}")], "TL0817", "CommitIdd");
    check(&[("#{source.CommitId}", "#{source.Weather}")], "?TL0817", "Weather");
    check(&[("#{source.CommitId}", "#{CommitId}")], "TL0817", "#{CommitId}");
    check(&[("#{source.CommitId}", "#{try.Coverage}")], "TL0817", "COMMIT");
    check(&[("#{source.CommitId}", "#{codepipeline.Id}")], "TL0817", "#{codepipeline.Id}");
    check(&[("coverage #{try.Coverage}", "coverage #{try.Height}")], "TL0817", "Height");
    check(&[("\"#{variables.Level}\"", "\"#{variables.Lvel}\"")], "TL0817", "Lvel");
    check(&[("of #{build.Version}", "of #{build.Version")], "TL0817", "of #{build.Version");
}

#[test]
fn vector_09_a_variable_of_the_same_run_order_is_refused() {
    let sibling =
        ("            Environment: prod\n", "            Environment: \"#{sibling.Name}\"\n");
    let approval = (
        "          timeoutInMinutes: 60\n",
        "          timeoutInMinutes: 60\n          namespace: sibling\n",
    );
    let (definitions, found) = {
        let text = GOOD.replace(sibling.0, sibling.1).replace(approval.0, approval.1);
        read_text(&text)
    };
    // Manual gives no variables, but it ended before.
    assert!(definitions.is_some(), "{found:?}");
    let last = GOOD.rfind("runOrder: 2").expect("the last action's");
    let text = format!("{}runOrder: 1{}", &GOOD[..last], &GOOD[last + 11..]);
    let (definitions, found) =
        read_text(&text.replace(sibling.0, sibling.1).replace(approval.0, approval.1));
    assert!(definitions.is_none());
    assert!(
        found.iter().any(|d| d.code == "TL0817" && d.notes[0].contains("same `runOrder`")),
        "{found:?}"
    );
}

#[test]
fn triggers_filter_by_what_codepipeline_knows() {
    let branches = "branches: { includes: [main] }";
    check(&[("sourceActionName: Fetch", "sourceActionName: Fetsh")], "TL0818", "Fetsh");
    check(&[(branches, "tags: { includes: [v1] }")], "TL0818", "tags:");
    check(
        &[("- branches: { includes: [main] }\n            filePaths", "- filePaths")],
        "TL0818",
        "- filePaths",
    );
    check(&[("\"web/**\"", "\"web/{a,b\"")], "TL0818", "web/{a,b");
    check(&[("\"web/**\"", "a, b, c, d, e, f, g, h, i")], "TL0807", "filePaths");
    check(&[("[main]", "[]")], "TL0818", "includes: []");
    check(
        &[("providerType: CodeStarSourceConnection", "providerType: GitHub")],
        "TL0818",
        "providerType",
    );
    check(
        &[(
            "        push:\n",
            "        pullRequest:\n          - events: [OPENED]\n            branches: { includes: [main] }\n        push:\n",
        )],
        "TL0818",
        "OPENED",
    );
    check(
        &[("        push:\n", "        pullRequest:\n          - events: [OPEN]\n        push:\n")],
        "TL0818",
        "- events",
    );
    check(
        &[
            ("provider: CodeStarSourceConnection, version", "provider: CodeCommit, version"),
            (
                "            ConnectionArn: arn:aws:codestar-connections:us-west-2:111122223333:connection/0\n            FullRepositoryId",
                "            RepositoryName",
            ),
        ],
        "-TL0818",
        "sourceActionName",
    );
}

#[test]
fn the_second_type_is_needed_for_its_features_and_taken_for_them() {
    check(&[("pipelineType: V2", "pipelineType: V1")], "TL0819", "executionMode");
    check(&[("pipelineType: V2", "pipelineType: V1")], "TL0819", "category: Compute");
    let (definitions, _) = read_text(&GOOD.replace("  pipelineType: V2\n", ""));
    assert_eq!(definitions.expect("it is good").pipelines[0].pipeline_type, Some(PipelineType::V2));
}

#[test]
fn conditions_have_their_results_and_rules() {
    check(&[("result: SKIP", "result: RETRY # here")], "TL0820", "# here");
    check(&[("result: ROLLBACK", "result: SKIP")], "TL0820", "result: SKIP");
    check(&[("executionMode: QUEUED", "executionMode: PARALLEL")], "TL0820", "ROLLBACK");
    check(
        &[(
            "          - result: SKIP\n",
            "          - { result: FAIL, rules: [] }\n          - result: SKIP\n",
        )],
        "TL0820",
        "rules: []",
    );
    check(
        &[("provider: DeploymentWindow", "provider: DeploymentWindows")],
        "TL0812",
        "DeploymentWindows",
    );
    check(
        &[
            ("provider: DeploymentWindow", "provider: CloudWatchAlarm"),
            ("Cron: 0 0 9-17 ? * MON-FRI *", "AlarmName: fire"),
            ("TimeZone: Europe/Berlin", "WaitTime: \"1\""),
        ],
        "?TL0813",
        "CloudWatchAlarm",
    );
    check(&[("0 0 9-17 ? * MON-FRI *", "0 0 25 ? * MON-FRI *")], "TL0816", "0 0 25");
    check(&[("Europe/Berlin", "PST")], "?TL0816", "TimeZone: PST");
    check(&[("Operator: EQ", "Operator: IS")], "TL0816", "Operator: IS");
    check(&[("Variable: \"#{try.Coverage}\"", "Variable: \"#{tri.Coverage}\"")], "TL0817", "tri.");
    check(&[("category: Rule", "category: Role")], "TL0812", "category: Role");
    check(&[("result: RETRY,", "result: FAIL,")], "?TL0824", "retryMode");
}

#[test]
fn what_is_no_list_is_not_counted() {
    let text = "name: site\nroleArn: arn:aws:iam::111122223333:role/r\nstages: { Source: {} }\n";
    let (_, found) = read_text(text);
    let codes: Vec<_> = found.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["TL0804"], "{found:?}");
}

#[test]
fn settings_of_providers_of_others_are_known_or_left_alone() {
    let action = |id: &str, settings: &str| {
        let id = format!("actionTypeId: {{ {id}, version: \"1\" }}");
        format!(
            "    - name: More\n      actions:\n        - name: It\n          {id}\n          inputArtifacts: [{{ name: Code }}]\n          configuration: {settings}\nprojects:"
        )
    };
    let lambda = "category: Deploy, owner: AWS, provider: Lambda";
    let farm = "category: Test, owner: AWS, provider: DeviceFarm";
    for (id, settings) in
        [(lambda, "{ FunctionName: site, FunctionAlias: live }"), (farm, "{ ProjectId: x }")]
    {
        let text = GOOD.replacen("projects:", &action(id, settings), 1);
        let codes: Vec<_> = read_text(&text).1.into_iter().map(|d| d.code).collect();
        assert_eq!(codes, ["TL0813"], "{id}");
    }
    check(
        &[("projects:", &action(lambda, "{ FunctionNam: x, FunctionName: y }"))],
        "?TL0814",
        "Nam:",
    );
    check(&[("projects:", &action(lambda, "{ FunctionAlias: x }"))], "TL0815", "FunctionAlias");
}

#[test]
fn what_create_pipeline_reads_has_tags_beside_the_pipeline() {
    let tags = "tags: [{ key: team, value: site }]\n";
    let (definitions, found) = read_text(&format!("{}\n{tags}", GOOD.trim_end()));
    assert_eq!(found, []);
    assert_eq!(definitions.expect("it is good").pipelines.len(), 1);
}

#[test]
fn a_source_has_the_region_of_its_pipeline() {
    // `get-pipeline` prints it with every action.
    let own =
        GOOD.replacen("namespace: source", "region: eu-west-1\n          namespace: source", 1);
    assert_eq!(read_text(&own).1, []);
    let second = "        - name: Two
          region: us-west-2
          actionTypeId: { category: Source, owner: AWS, provider: S3, version: \"1\" }
          configuration: { S3Bucket: site, S3ObjectKey: site.zip }
          outputArtifacts: [{ name: Two }]
    - name: Build";
    let first = ("namespace: source", "region: eu-west-1\n          namespace: source");
    check(&[first, ("    - name: Build", second)], "?TL0824", "region: us-west-2");
}

#[test]
fn what_only_looks_like_a_function_of_templates_is_told() {
    let text = GOOD.replace(
        "outputArtifacts: [{ name: Code }]",
        "outputArtifacts: [{ name: \"${Name}-Code\" }]",
    );
    let found = read_text(&text).1;
    let told =
        |d: &Diagnostic| d.code == "TL0806" && d.help.as_ref().is_some_and(|h| h.contains("!Sub"));
    assert!(found.iter().any(told), "{found:?}");
    let nothing = read_text("# name: site\n").1;
    assert!(nothing[0].notes.iter().any(|note| note.contains("comments only")), "{nothing:?}");
}

#[test]
fn commands_are_single_lines_of_actions_that_run_them() {
    check(&[("- ./smoke.sh --fast", "- \"a\\nb\"")], "TL0821", "\"a\\nb\"");
    check(&[("- ./smoke.sh --fast", "- ''")], "TL0821", "- ''");
    check(
        &[("          timeoutInMinutes: 60\n", "          commands: [ls]\n")],
        "TL0804",
        "commands: [ls]",
    );
    check(
        &[(
            "provider: Commands, version: \"1\" }\n",
            "provider: Commands, version: \"1\" }\n          timeoutInMinutes: 9\n",
        )],
        "?TL0824",
        "timeoutInMinutes: 9",
    );
}

#[test]
fn build_projects_have_their_limits() {
    check(&[("timeoutInMinutes: 30", "timeoutInMinutes: 3")], "TL0825", "timeoutInMinutes: 3");
    check(&[("- name: site-build", "- name: site build")], "TL0825", "site build");
    check(&[("buildspec: ci", "buildspce: ci")], "TL0805", "buildspce");
    check(
        &[("environmentVariables: [{ name: STAGE", "environmentVariables: [{ nam: STAGE")],
        "TL0805",
        "nam: STAGE",
    );
    check(
        &[("projects:\n", "projects:\n  - { name: site-build }\n")],
        "TL0808",
        "  - name: site-build",
    );
    check(&[("ProjectName: site-build", "ProjectName: site-bild")], "?TL0826", "site-bild");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_their_lines() {
    let text = GOOD
        .replace("runOrder: 2", "runOrder: 0")
        .replace("BranchName", "BranchNam")
        .replace("name: Ship", "name: Build");
    let (_, found) = read_text(&text);
    let lines: Vec<_> = found.iter().map(|d| d.place.line).collect();
    assert!(lines.is_sorted() && found.len() >= 4, "{found:?}");
}

#[test]
fn kinds_of_files_are_told_by_their_content() {
    for (text, kind) in [
        (GOOD, FileKind::Pipeline),
        ("{\n\t\"pipeline\": {\n\t\t\"name\": \"x\"\n\t}\n}", FileKind::Pipeline),
        ("name: x\nroleArn: y\nstagess: []", FileKind::Pipeline),
        ("projects: []", FileKind::Pipeline),
        ("version: 0.2\nphases: {}", FileKind::Buildspec),
        ("version: 0.2\nphase: {}", FileKind::Buildspec),
        ("version: 0.2\nphases:\n  build: [", FileKind::Buildspec),
        ("Resources: {}", FileKind::Template),
        ("AWSTemplateFormatVersion: 2010-09-09\nResource: {}", FileKind::Template),
        ("{ \"Resources\": {", FileKind::Template),
        ("version: 1\nproject: x", FileKind::Other),
        ("[1]", FileKind::Other),
        ("", FileKind::Other),
    ] {
        assert_eq!(kind_of(text), kind, "{text}");
    }
    let (definitions, found) = read_text("version: 0.2\nphases: {}");
    assert!(definitions.is_none());
    assert_eq!(found[0].code, "TL0802");
}

#[test]
fn the_example_of_the_page_is_read_without_a_word() {
    let page = include_str!("../../../docs/pipelines.md");
    let example = page.split("```").nth(1).and_then(|block| block.strip_prefix("yaml\n"));
    let (definitions, found) = read_text(example.expect("the page begins with an example"));
    assert_eq!(found, []);
    assert_eq!(definitions.expect("it is good").projects.len(), 1);
}

#[test]
fn a_schedule_of_an_export_has_five_fields() {
    let with = |schedule: &str| {
        read_text(&format!(
            "name: export\nstages:\n- name: Source\n  actions:\n  - name: Export\n    actionTypeId: {{ category: Source, owner: \
             Custom, provider: TrunklineExport, version: \"1\" }}\n    configuration: {{ Environment: rnd, Branch: main, \
             Repository: acme, Schedule: \"{schedule}\" }}\n- name: Hold\n  actions:\n  - name: Ask\n    actionTypeId: {{ \
             category: Approval, owner: AWS, provider: Manual, version: \"1\" }}\n"
        ))
        .1
    };
    assert_eq!(with("30 3 * * 1-5"), []);
    for bad in ["0 30 3 * * *", "61 3 * * *", "often"] {
        let found = with(bad);
        assert_eq!(found.iter().map(|d| &*d.code).collect::<Vec<_>>(), ["TL0816"], "{bad}");
    }
}
