use crate::harness::Place;
use std::os::unix::fs::PermissionsExt;
use trunkline_build::{BuildStatus, FileLog, LogLine, LogSink, Secret};
use trunkline_model::buildspec::PhaseName;

fn place(commands: &[&str]) -> Place {
    let mut place = Place::commands("secrets", commands);
    let env = &mut place.build.spec.env;
    env.parameter_store.insert("TOKEN".into(), "/site/token".into());
    env.secrets_manager.insert("PASSWORD".into(), "db:password".into());
    place.vault.parameters.insert("/site/token".into(), "opensesame".into());
    place.vault.secrets.insert("db".into(), r#"{"password":"correct horse/battery"}"#.into());
    place
}

#[tokio::test]
async fn secrets_reach_commands_but_not_the_log_nor_the_result() {
    let mut place = place(&[
        "test ${#TOKEN} = 10 && test ${#PASSWORD} = 21 && echo both",
        "echo $TOKEN; printf %s $PASSWORD | base64; printf opense; sleep 0.02; echo same",
        "echo is opensesame >&2; false",
    ]);
    place.build.spec.env.exported_variables = vec!["TOKEN".into(), "OTHER".into()];
    place.build.spec.phases.push((PhaseName::PostBuild, Default::default()));
    place.build.spec.phases[1].1.commands = vec!["export OTHER=\"is $PASSWORD\"".into()];
    let done = place.run().await;
    assert_eq!(done.output()[0], "both");
    let all = format!("{}{:?}", done.text(), done.result);
    for shown in ["opensesame", "correct horse/battery", "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5"] {
        assert!(!all.contains(shown), "{shown} in {all}");
    }
    assert_eq!(done.result.variables["TOKEN"], "***");
    assert_eq!(done.result.variables["OTHER"], "is ***");
}

#[tokio::test]
async fn a_secret_that_was_given_is_masked_and_a_variable_if_it_says_so() {
    let mut place = Place::commands("given", &["echo ${KEY:-none} ${OTHER:-none} open-sesame"]);
    let secret = |name: &str, value: &str, variable| Secret {
        name: name.into(),
        value: value.into(),
        variable,
    };
    place.build.secrets =
        vec![secret("KEY", "shibboleth", true), secret("OTHER", "open-sesame", false)];
    let done = place.run().await;
    assert_eq!(done.output(), ["*** none ***"]);
    assert!(!format!("{:?}", place.build).contains("shibboleth"));
}

#[tokio::test]
async fn a_build_without_its_values_does_not_begin() {
    let check = async |place: Place, code: &str, word: &str| {
        let done = place.run().await;
        let reason = done.result.reason.unwrap();
        assert_eq!((done.result.status, reason.code.as_str()), (BuildStatus::Failed, code));
        assert!(reason.message.contains(word), "{}", reason.message);
        assert!(!done.log.iter().any(|line| line.contains("ran")));
    };
    let mut none = place(&["echo ran"]);
    none.vault.parameters.clear();
    check(none, "TL0853", "`TOKEN`").await;
    let mut other = place(&["echo ran"]);
    other.vault.secrets.insert("db".into(), "{}".into());
    check(other, "TL0853", "`password`").await;
    let mut short = place(&["echo ran"]);
    short.vault.parameters.insert("/site/token".into(), "abc".into());
    check(short, "TL0850", "`TOKEN`").await;
}

#[tokio::test]
async fn the_state_of_shells_is_private_and_does_not_stay() {
    let place = place(&["ls -ld ../scratch/shell ../scratch/shell/* | cut -c1-10", "true"]);
    let done = place.run().await;
    assert_eq!(done.output(), ["drwx------", "-rw-------"], "{}", done.text());
    assert!(!place.build.folders.scratch.join("shell").exists());
}

#[tokio::test]
async fn the_machines_own_credentials_do_not_reach_a_build() {
    let mut place = Place::commands("scrubbed", &["env | grep -c AWS_ || true"]);
    place.build.host.insert("AWS_SECRET_ACCESS_KEY".into(), "opensesame".into());
    assert_eq!(place.run().await.output(), ["0"]);
}

#[test]
fn a_log_file_grows_by_lines_with_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    for text in ["a  b", ""] {
        let line = LogLine { time: "2026-01-02T03:04:05.678Z".parse().unwrap(), text: text.into() };
        FileLog::open(&file).unwrap().lines(std::slice::from_ref(&line)).unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(written.lines().last().and_then(LogLine::parse), Some(line));
    }
    let expected = "2026-01-02T03:04:05.678Z a  b\n2026-01-02T03:04:05.678Z \n";
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_fault() {
    let place = Place::commands("fault", &["true", "true"]);
    std::fs::write(&place.build.folders.scratch, "a file where a folder should be").unwrap();
    std::fs::set_permissions(&place.build.folders.scratch, PermissionsExt::from_mode(0o600))
        .unwrap();
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Fault);
    assert_eq!(done.result.reason.unwrap().code, "TL0858");
}
