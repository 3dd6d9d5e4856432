//! Parameters, secrets and the credentials of roles: who gets them, and that nothing of them is kept.

use crate::project::{Project, action, commands, says, source, stage};
use crate::stage::{TARGET, TOOLS};
use serde_json::json;

const PARAMETER: &str = "Op3n/Sesame+Parameter";
const SECRET: &str = "correct horse battery&staple";
const BOUND: &str = "only-prod-may-see-this";

/// The values in the lab, and who may read them in the configuration.
fn project() -> Project {
    let project = Project::new();
    let cloud = project.stage.cloud(TOOLS);
    let parameter = json!({ "Name": "/acme/key", "Type": "SecureString", "Value": PARAMETER });
    cloud.must("ssm", "PutParameter", parameter);
    let text = json!({ "password": SECRET }).to_string();
    for (name, value) in [("acme/db", text.as_str()), ("acme/prod/token", BOUND)] {
        let input = json!({ "Name": name, "SecretString": value });
        cloud.must("secretsmanager", "CreateSecret", input);
    }
    let config = project.stage.home.read("trunkline.yaml");
    project.write("trunkline.yaml", format!("{config}secrets: {{ 'acme/prod/*': prod }}\n"));
    project
}

/// The forms in which commands write a value.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let url: String = value
        .bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() || b == b'-' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    vec![value.as_bytes().to_vec(), url.into_bytes(), base64(value).into_bytes()]
}

fn base64(value: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in value.as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |all, b| all << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[test]
fn values_reach_commands_and_nothing_of_them_is_kept() {
    let project = project();
    let spec = "projects:\n- name: app\n  source:\n    type: CODEPIPELINE\n    buildspec: |\n      \
        version: 0.2\n      env:\n        parameter-store: { KEY: /acme/key }\n        \
        secrets-manager: { PASSWORD: 'acme/db:password' }\n        exported-variables: [LEAK]\n      \
        reports: { unit: { files: [junit.xml] } }\n      phases:\n        build:\n          commands:\n          \
        - sh show.sh \"$KEY\" \"$PASSWORD\"\n          - export LEAK=\"is $KEY\"\n          \
        - echo \"<testsuite><testcase name='a $KEY'><failure message='not $KEY'/></testcase></testsuite>\" > junit.xml\n        \
        post_build: { commands: ['test \"$KEY\" = \"not $KEY\"'] }\n";
    project.write(
        "show.sh",
        "for value in \"$@\"; do\n  echo \"literal $value\"\n  printf %s \"$value\" | base64\n  \
         printf %s \"$value\" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g'; echo\n  \
         printf 'size %s\\n' ${#value}\ndone\n",
    );
    let build = action(
        "Build",
        "Build/AWS/CodeBuild",
        &[
            "namespace: build",
            "region: us-west-2",
            "configuration: { ProjectName: app }",
            "inputArtifacts: [{ name: App }]",
        ],
    );
    project.define("main", &[source("main"), stage("Build", &[build])], spec);
    project.push("main", "Show");
    let said = project.fails("main", &[]);
    // They were there, whole.
    says(
        &said,
        &[
            &format!("size {}", PARAMETER.len()),
            &format!("size {}", SECRET.len()),
            "literal ***",
            "1 test, 1 failed",
        ],
    );
    let shown = project.action("main", "Build").to_string();
    let mut texts = project.data();
    texts.push(("what was said".into(), said.into_bytes()));
    texts.push(("what is shown".into(), shown.into_bytes()));
    for value in [PARAMETER, SECRET] {
        for form in forms(value) {
            for (path, bytes) in &texts {
                let found = bytes.windows(form.len()).any(|part| part == form);
                assert!(!found, "{} is in {}", String::from_utf8_lossy(&form), path.display());
            }
        }
    }
}

#[test]
fn a_secret_of_an_environment_is_read_only_by_what_works_for_it() {
    let project = project();
    let read = |environment: &str| {
        let mine = format!("{{ name: Environment, value: {environment} }}");
        let secret = "{ name: TOKEN, value: acme/prod/token, type: SECRETS_MANAGER }";
        let variables = format!("environmentVariables: [{mine}, {secret}]");
        let lines = ["echo \"$Environment $AccountNumber: ${#TOKEN} characters, $TOKEN\""];
        stage("Read", &[commands("Read", "App", &lines, &["region: us-west-2", &variables])])
    };
    project.define("prod", &[source("main"), read("prod")], "");
    project.define("rnd", &[source("main"), read("rnd")], "");
    project.define("none", &[source("main"), read("elsewhere")], "");
    project.push("main", "Read");
    let logs = project.succeeds("prod", &[]);
    says(&logs, &[&format!("prod {TARGET}: {} characters, ***", BOUND.len())]);
    for (pipeline, who) in [("rnd", "an action for `rnd`"), ("none", "for no environment")] {
        let said = project.fails(pipeline, &[]);
        says(&said, &["`acme/prod/token` belongs to other environments", who]);
        assert!(!said.contains(BOUND));
    }
}

#[test]
fn an_action_with_a_role_gets_its_credentials_and_one_without_gets_none() {
    let project = project();
    let role = format!("roleArn: arn:aws:iam::{TARGET}:role/deploy");
    let nobody = format!("roleArn: arn:aws:iam::{TARGET}:role/nobody");
    let with = [
        "case $AWS_ACCESS_KEY_ID in ASIA*) echo a session of a role;; esac",
        "echo \"token ${#AWS_SESSION_TOKEN} secret $AWS_SECRET_ACCESS_KEY key $AWS_ACCESS_KEY_ID\"",
        "test -n \"$AWS_ENDPOINT_URL\"",
    ];
    let without = ["test -z \"$AWS_ACCESS_KEY_ID$AWS_SECRET_ACCESS_KEY$AWS_SESSION_TOKEN\""];
    let actions =
        [commands("With", "App", &with, &[&role]), commands("Without", "App", &without, &[])];
    project.define("main", &[source("main"), stage("Work", &actions)], "");
    let refused = [commands("Nobody", "App", &["true"], &[&nobody])];
    project.define("refused", &[source("main"), stage("Work", &refused)], "");
    project.push("main", "Roles");
    let logs = project.succeeds("main", &[]);
    says(&logs, &["a session of a role", "secret *** key ***"]);
    assert!(!logs.contains("token 0 "), "{logs}");
    project.fails("refused", &[]);
    let failure = project.action("refused", "Nobody")["failure"].clone();
    assert_eq!(failure["kind"], "PermissionError", "{failure}");
}
