//! Exit codes, streams, colour, help, explain, completions.

use super::Place;

#[test]
fn bad_usage_exits_64_and_says_so_on_stderr() {
    for arguments in
        [&["--nonsense"][..], &["plam"], &[], &["explain", "a", "b"], &["-q", "-v", "version"]]
    {
        let ran = Place::new().run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{arguments:?}");
        assert!(ran.err.contains("Usage"), "{}", ran.err);
    }
}

#[test]
fn version_and_help_are_results() {
    for arguments in [&["--version"][..], &["version"]] {
        let ran = Place::new().run(arguments);
        assert_eq!(ran.code, 0);
        assert_eq!(ran.out, format!("trunkline {}\n", env!("CARGO_PKG_VERSION")));
    }
    for arguments in
        [&["--help"][..], &["help"], &["help", "env"], &["help", "env", "show"], &["env", "--help"]]
    {
        let ran = Place::new().run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        assert!(ran.out.contains("Usage: trunkline"), "{}", ran.out);
    }
    let ran = Place::new().run(&["help", "envv"]);
    assert_eq!(ran.code, 64);
    assert!(ran.err.contains("`env`?"), "{}", ran.err);
}

#[test]
fn the_exit_codes_are_one_table() {
    let ran = Place::new().run(&["help", "exit-codes"]);
    let codes: Vec<_> = ran.out.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "64", "129", "130", "143"]);
    let ran = Place::new().run(&["help", "exit-codes", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["codes"][6]["code"], 64);
}

#[test]
fn explain_prints_the_page_of_a_code_however_it_is_written() {
    for written in ["TL0103", "tl0103", "TL103", "103"] {
        let ran = Place::new().run(&["explain", written]);
        assert_eq!(ran.code, 0, "{written}");
        assert!(ran.out.starts_with("# TL0103: an account id"), "{}", ran.out);
        assert!(ran.out.contains("leading zero"));
    }
}

#[test]
fn explain_lists_all_codes_and_suggests_near_ones() {
    let ran = Place::new().run(&["explain"]);
    assert_eq!(ran.out.lines().count(), trunkline_model::CODES.len());
    let ran = Place::new().run(&["explain", "TL0199"]);
    assert_eq!((ran.code, ran.out.as_str()), (64, ""));
    assert!(ran.err.contains("TL0103") && !ran.err.contains("TL0501"), "{}", ran.err);
    let ran = Place::new().run(&["explain", "pasta"]);
    assert_eq!(ran.code, 64);
    assert!(ran.err.contains("lists all codes"), "{}", ran.err);
}

#[test]
fn each_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Place::new().run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("trunkline") && ran.out.contains("explain"), "{shell}");
    }
    assert_eq!(Place::new().run(&["completions", "cmd"]).code, 64);
}

#[test]
fn the_flag_beats_force_color_which_beats_no_color() {
    for (variables, flag, colored) in [
        (&[][..], None, false),
        (&[("FORCE_COLOR", "1")][..], None, true),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")][..], None, true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")][..], None, false),
        (&[("CLICOLOR_FORCE", "1")][..], None, true),
        (&[("FORCE_COLOR", "1")][..], Some("--color=never"), false),
        (&[("NO_COLOR", "1")][..], Some("--color=always"), true),
    ] {
        for command in [&["env", "list"][..], &["--nonsense"]] {
            let place = variables.iter().fold(Place::new(), |p, (k, v)| p.variable(k, *v));
            let arguments: Vec<&str> = flag.into_iter().chain(command.iter().copied()).collect();
            let ran = place.run(&arguments);
            assert_eq!(ran.code, 64);
            assert_eq!(
                ran.err.contains('\x1b'),
                colored,
                "{variables:?} {arguments:?} {}",
                ran.err
            );
        }
    }
}

#[test]
fn quiet_hides_talk_but_not_errors() {
    let place = Place::new();
    assert_eq!(place.run(&["-v", "version"]).err.lines().count(), 2);
    assert_eq!(place.run(&["-q", "version"]).err, "");
    assert!(place.run(&["-q", "env", "list"]).err.contains("TL0109"));
}
