use super::*;
use trunkline_model::buildspec::{OnFailure, PhaseName};

/// Reads what should be usable.
fn read_ok(text: &str) -> ReadBuildspec {
    parse(text, "buildspec.yml").unwrap_or_else(|report| panic!("{report}\n{text}"))
}

/// Findings as `CODE line:column message`, help after ` | `.
fn lines(found: &[Diagnostic]) -> Vec<String> {
    let place = |d: &Diagnostic| {
        let (line, column) = (d.place.line.unwrap_or(0), d.place.column.unwrap_or(0));
        let help = d.help.as_ref().map(|h| format!(" | {h}")).unwrap_or_default();
        format!("{} {line}:{column} {}{help}", d.code, d.message)
    };
    found.iter().map(place).collect()
}

/// Checks the findings of a text, each by the begin of its line.
fn check(text: &str, wanted: &[&str]) {
    let found = match parse(text, "buildspec.yml") {
        Ok(read) => lines(&read.warnings),
        Err(report) => lines(&report.0),
    };
    let same =
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| f.starts_with(w));
    assert!(same, "found\n  {}\nwanted\n  {}\nin\n{text}", found.join("\n  "), wanted.join("\n  "));
}

/// A text of version 0.2 whose only phase is `build`, followed by more keys from line 5 on.
fn with(more: &str) -> String {
    format!("version: 0.2\nphases:\n  build:\n    commands: [make]\n{more}")
}

#[test]
fn a_whole_buildspec_is_read() {
    let read = read_ok(
        r#"
version: 0.2
run-as: builder
env:
  shell: bash
  variables: { EMPTY: "", FLAG: True, VERSION: 1.10, PATH: "$PATH:/opt" }
  parameter-store: { TOKEN: /crm/token }
  secrets-manager: { PASSWORD: "crm/api:password" }
  exported-variables: [REVISION, CODEBUILD_BUILD_ID, REVISION]
  git-credential-helper: yes
phases:
  post_build:
    finally: [echo over]
    commands: echo done
  install:
    runtime-versions: { python: 3.10, nodejs: latest }
  build:
    run-as: root
    on-failure: CONTINUE
    commands:
      - make
      - true
      - |
        one
        two
reports:
  unit:
    files: ['**/*.xml']
    file-format: junitxml
    discard-paths: no
artifacts:
  files: [out/**/*]
  name: site-$(date +%F)
  base-directory: out*
  exclude-paths: ['**/*.map']
  enable-symlinks: yes
  s3-prefix: p
  secondary-artifacts:
    docs: { files: [docs/**/*], discard-paths: yes }
cache:
  paths: [node_modules/**/*]
"#,
    );
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    let spec = read.spec;
    assert_eq!(spec.run_as.as_deref(), Some("builder"));
    assert_eq!(spec.env.variables["FLAG"], "True", "values are literal");
    assert_eq!(spec.env.variables["VERSION"], "1.10");
    assert_eq!(spec.env.variables["EMPTY"], "");
    assert_eq!(spec.env.variables["PATH"], "$PATH:/opt");
    assert_eq!(spec.env.exported_variables, ["REVISION", "CODEBUILD_BUILD_ID"]);
    assert!(spec.env.git_credential_helper);
    let names: Vec<_> = spec.phases.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, [PhaseName::Install, PhaseName::Build, PhaseName::PostBuild]);
    assert_eq!(spec.phases[0].1.runtime_versions["python"], "3.10");
    assert_eq!(spec.phases[1].1.commands, ["make", "true", "one\ntwo\n"]);
    assert_eq!(spec.phases[1].1.on_failure, OnFailure::Continue);
    assert_eq!(spec.phases[2].1.commands, ["echo done"]);
    assert_eq!(spec.phases[2].1.finally, ["echo over"]);
    assert_eq!(spec.reports[0].file_format.as_deref(), Some("JUNITXML"));
    let artifacts = spec.artifacts.expect("artifacts");
    assert_eq!(artifacts.primary.name.as_deref(), Some("site-$(date +%F)"));
    assert!(artifacts.primary.enable_symlinks && !artifacts.primary.discard_paths);
    assert!(artifacts.secondary["docs"].discard_paths);
    assert_eq!(spec.cache, ["node_modules/**/*"]);
}

#[test]
fn a_missing_space_is_named_and_hides_nothing_else() {
    check(
        "# build\nversion:0.2\nphase:\n  build:\n    commans:\n      - make\n",
        &[
            "TL0830 2:1 a space is missing after `version:` | write `version: 0.2`",
            "TL0832 3:1 `phase` is no key of the buildspec | did you mean `phases`?",
            "TL0832 5:5 `commans` is no key of phase `build` | did you mean `commands`?",
        ],
    );
    check("version: 0.2\nphases: [\n", &["TL0830 "]);
}

#[test]
fn slips_of_keys_are_errors_with_what_was_meant() {
    check(
        "versio: 0.2\nphases:\n  install:\n    runtimeversions:\n      python: 3.9\n  prebuild:\n    command: [a]\n  BUILD:\n    commands: [a]\n",
        &[
            "TL0832 1:1 `versio` is no key of the buildspec | did you mean `version`?",
            "TL0832 4:5 `runtimeversions` is no key of phase `install` | did you mean `runtime-versions`?",
            "TL0832 6:3 `prebuild` is no key of `phases` | did you mean `pre_build`?",
            "TL0832 7:5 `command` is no key of phase `pre_build` | did you mean `commands`?",
            "TL0832 8:3 `BUILD` is no key of `phases` | did you mean `build`?",
        ],
    );
    check(&with("artifact:\n  file: [a]\n"), &["TL0832 5:1 `artifact`", "TL0832 6:3 `file` "]);
}

#[test]
fn other_phases_are_errors_and_other_keys_are_ignored() {
    check(
        "version: 0.2\nphases:\n  build:\n    commands: [a]\n  test:\n    commands: [b]\n",
        &["TL0832 5:3 `test` is no key of `phases`"],
    );
    check(&with("stages: [a]\n"), &["TL0835 5:1 `stages` is no key of the buildspec"]);
    check(&with("artifacts:\n  type: zip\n  files: [a]\n"), &["TL0835 6:3 `type` of artifacts"]);
}

#[test]
fn versions_are_told_apart() {
    check("phases:\n  build:\n    commands: [a]\n", &["TL0831 1:1 `version` is missing"]);
    check(
        "version: 0.3\nphases:\n  build:\n    commands: [a]\n",
        &["TL0831 1:10 there is no version 0.3"],
    );
    check("version:\nphases:\n  build:\n    commands: [a]\n", &["TL0831 1:"]);
    check("version: '0.2'\nphases:\n  build:\n    commands: [a]\n", &[]);
    let old = "version: 0.1\nenvironment_variables:\n  plaintext:\n    A: b\nphases:\n  build:\n    commands: [a]\n";
    let read = read_ok(old);
    assert_eq!(read.spec.version, BuildspecVersion::V01);
    assert_eq!(read.spec.env.variables["A"], "b");
    check(&format!("{old}    finally: [b]\n"), &["TL0832 8:5 `finally` needs version 0.2"]);
    check(
        &old.replace("0.1", "0.2"),
        &["TL0832 2:1 `environment_variables` is a key of version 0.1"],
    );
}

#[test]
fn commands_are_texts() {
    let phase =
        |commands: &str| format!("version: 0.2\nphases:\n  build:\n    commands:{commands}\n");
    check(&phase(""), &["TL0834 4:13 `commands` must be a list of commands, this is nothing"]);
    check(
        &phase("\n      a: b"),
        &["TL0834 5:7 `commands` must be a list of commands, this is a mapping"],
    );
    check(
        &phase("\n      - echo done: all\n      - [x]\n      - # nothing\n      - ok"),
        &[
            "TL0834 5:9 a command of `commands` is a mapping | put the whole command in single quotes",
            "TL0834 6:9 a command of `commands` must be a text",
            "TL0834 7:",
        ],
    );
    assert_eq!(
        read_ok(&phase("\n      - # nothing\n      - ok")).spec.phases[0].1.commands,
        ["ok"]
    );
    check(
        "version: 0.2\nphases:\n  build:\n",
        &["TL0833 3:8 `commands` is missing in phase `build`"],
    );
    check("version: 0.2\nphases:\n", &["TL0833 2:7 `phases` holds no phase"]);
    check("version: 0.2\n", &["TL0833 1:1 `phases` is missing in the buildspec"]);
    check("", &["TL0833 1:1 the buildspec is empty"]);
    check("- a\n", &["TL0834 1:1 the buildspec must be a mapping, this is a list"]);
}

#[test]
fn what_a_failure_does_is_read_in_all_its_forms() {
    let read = |word: &str| {
        let text =
            format!("version: 0.2\nphases:\n  build:\n    on-failure: {word}\n    commands: [a]\n");
        parse(&text, "b").map(|r| r.spec.phases[0].1.on_failure.clone())
    };
    let retry = |times, pattern: Option<&str>| {
        Ok(OnFailure::Retry { times, pattern: pattern.map(str::to_owned) })
    };
    assert_eq!(read("ABORT"), Ok(OnFailure::Abort));
    assert_eq!(read("RETRY"), retry(3, None));
    assert_eq!(read("RETRY-2"), retry(2, None));
    assert_eq!(read("RETRY-timed out"), retry(3, Some("timed out")));
    assert_eq!(read("RETRY-5-time-?out"), retry(5, Some("time-?out")));
    assert_eq!(read("RETRY-0"), retry(0, None));
    assert_eq!(read("Retry-3-.*timed out.*"), retry(3, Some(".*timed out.*")));
    for wrong in ["abort", "STOP", "RETRY-101", "RETRY-2-", "RETRY-(", "[a]"] {
        let report = read(wrong).expect_err(wrong);
        let found = lines(&report.0);
        assert!(found.len() == 1 && found[0].starts_with("TL0834 4:17"), "{found:?}");
    }
}

#[test]
fn the_environment_is_checked_name_by_name() {
    check(
        &with(
            "env:\n  shell: bsh\n  variables:\n    CODEBUILD_X: a\n    MY-VAR: b\n    MAP: {a: b}\n  secrets-manager:\n    A: ':key'\n    B: arn:aws:s3:::x\n  parameter-store:\n    C: ''\n  exported-variables:\n    - $A\n    - AWS_REGION\n",
        ),
        &[
            "TL0834 6:10 `shell` is bsh | did you mean `bash`?",
            "TL0838 8:5 `CODEBUILD_X` is reserved",
            "TL0838 9:5 no shell can read",
            "TL0834 10:10 a variable's value must be a text",
            "TL0837 12:8 `:key` cannot be read",
            "TL0837 13:8 ",
            "TL0834 15:8 `C` names nothing",
            "TL0838 17:7 `$A` cannot be exported",
            "TL0838 18:7 `AWS_REGION` is not exported",
        ],
    );
    check(
        &with("env:\n  variables:\n    - A: b\n"),
        &[
            "TL0834 7:5 `variables` must be a mapping, this is a list | write one `NAME: value` a line",
        ],
    );
    check(&with("env:\n  shell: cmd.exe\n"), &["TL0836 6:10 `cmd.exe` is not carried out"]);
}

#[test]
fn artifacts_and_reports_need_their_files() {
    check(
        &with("artifacts:\n  secondary-artifacts:\n    docs: {files: [a]}\n    s-1: {}\n"),
        &[
            "TL0833 6:3 `files` is missing in `artifacts`",
            "TL0834 8:5 `s-1` cannot be an artifact's identifier",
            "TL0833 8:10 `files` is missing in secondary artifact `s-1`",
        ],
    );
    check(
        &with(
            "reports:\n  unit:\n    file-format: JUNIT\n    discard-paths: maybe\n    files: []\n",
        ),
        &[
            "TL0834 7:18 there is no format JUNIT of reports",
            "TL0834 8:20 `discard-paths` must be yes or no",
            "TL0834 9:12 `files` must be a list of texts, this is an empty list",
        ],
    );
    let many: String = (0..6).map(|n| format!("  g{n}: {{files: [a]}}\n")).collect();
    check(&with(&format!("reports:\n{many}")), &["TL0834 11:3 a build has at most 5 groups"]);
    check(&with("cache:\n  path: [a]\n"), &["TL0832 6:3 `path`"]);
}

#[test]
fn what_the_documentation_asks_for_and_builds_do_without_is_a_warning() {
    let only_finally =
        read_ok("version: 0.2\nphases:\n  post_build:\n    finally:\n      - make clean\n");
    assert_eq!(only_finally.spec.phases[0].1.finally, ["make clean"]);
    let warned = lines(&only_finally.warnings);
    assert!(warned.len() == 1 && warned[0].starts_with("TL0833 4:5 `commands`"), "{warned:?}");
    let text = with("artifacts:\n  secondary-artifacts:\n    docs: {files: [a]}\n");
    let only_secondary = read_ok(&text);
    let artifacts = only_secondary.spec.artifacts.expect("they are there");
    assert!(artifacts.primary.files.is_empty() && artifacts.secondary["docs"].files == ["a"]);
    let warned = lines(&only_secondary.warnings);
    assert!(warned.len() == 1 && warned[0].starts_with("TL0833 6:3 `files`"), "{warned:?}");
}

#[test]
fn a_key_of_another_place_is_told_where_it_belongs() {
    check(
        "version: 0.2\nenv:\n  STAGE: dev\nphases:\n  build:\n    commands: [make]\n    post_build: {commands: [x]}\n  artifacts: {files: [a]}\nsecondary-artifacts: {}\n",
        &[
            "TL0835 3:3 `STAGE` is no key of `env` | variables stand below `variables:`",
            "TL0835 7:5 `post_build` is no key of phase `build` | it belongs to `phases`",
            "TL0832 8:3 `artifacts` is no key of `phases` | it belongs to the top of the file",
            "TL0835 9:1 `secondary-artifacts` is no key of the buildspec | it belongs to `artifacts`",
        ],
    );
}

#[test]
fn a_missing_colon_after_the_version_is_named() {
    check(
        "version 0.2\n\nphases:\n  build:\n    commands: [a]\n",
        &["TL0830 1:1 a colon is missing after `version` | write `version: 0.2`"],
    );
}

#[test]
fn what_is_not_carried_out_is_named() {
    check(
        &with("proxy: {logs: yes}\nbatch:\n  fast-fail: true\ncache: {paths: [a], key: k}\n"),
        &[
            "TL0836 5:1 `proxy` is not carried out",
            "TL0836 6:1 `batch` is not carried out",
            "TL0836 8:21 `key` of the cache is not carried out",
        ],
    );
}

#[test]
fn a_key_that_stands_twice_is_named() {
    check(
        &with("cache: {paths: [a]}\ncache: {paths: [b]}\n"),
        &["TL0839 6:1 `cache` stands twice"],
    );
}

#[test]
fn commands_that_begin_with_a_sign_of_yaml() {
    let item = |item: &str| {
        format!("version: 0.2\nphases:\n  build:\n    commands:\n      - ls\n      - {item}\n")
    };
    for (sign, command) in [
        ('[', "[ -f x ] && make"),
        ('*', "*.sh"),
        ('@', "@echo x"),
        ('"', r#""$TOOL" --yes"#),
        ('`', "`which x` y"),
        ('{', "{{x}} y"),
    ] {
        let report = parse(&item(command), "buildspec.yml").unwrap_err().0;
        let [one] = report.as_slice() else { panic!("{command}: {report:?}") };
        assert_eq!((one.code.as_str(), one.place.line), ("TL0830", Some(6)), "{command}");
        let told = format!("YAML has a meaning of its own for `{sign}` at the start");
        assert!(one.notes.contains(&told), "{command}: {:?}", one.notes);
        let quoted = Some("put the whole text in single quotes");
        assert_eq!(one.help.as_deref(), quoted, "{command}");
    }
    let begin = "begin the text on the line below `|`, indented";
    let report = parse(&item("| make"), "buildspec.yml").unwrap_err().0;
    assert_eq!(report[0].help.as_deref(), Some(begin));
    check(
        &item("[ -f x ]"),
        &["TL0834 6:9 a command of `commands` must be a text, this is a list | put the whole"],
    );
    check(
        &item("! grep -q x y"),
        &["TL0834 6:11 YAML takes the `!` off the start of a command of `commands` | put the"],
    );
    check(&item("'! grep -q x y'"), &[]);
    check(&item("&name make\n      - *name"), &[]);
}

#[test]
fn a_list_without_spaces_is_no_command() {
    check(
        "version: 0.2\nphases:\n  build:\n    commands:\n      -make a\n      -make b\n",
        &["TL0834 5:7 a space is missing after `-` in `commands` | write `- make a`"],
    );
    check(&with("").replace("[make]", "make -a"), &[]);
}
