//! The scripts that shells are given. Pure text.
//!
//! Each command has a shell of its own. Where state persists (0.2), a shell writes its variables and
//! its folder to a file when it ends, and the next one reads them: `TAG=1` in one command is there in the
//! next, exported or not, as in CodeBuild. Functions, aliases and options do not persist.

use crate::build::Limits;
use std::fmt::Write;
use std::path::Path;

/// The last line of a whole state file.
pub(crate) const WHOLE: &str = "#whole\n";

/// Prints all variables as commands that set them again, exported ones as exported. Bash's `set` prints functions,
/// too, and its readonly variables as assignments that end the shell; `declare` only complains of those. The next
/// shell has a parent of its own.
const VARIABLES: &str = "if [ \"${BASH_VERSION-}\" ]; then declare -p; else unset PPID; set; export -p; fi; \
     echo '#whole'";

/// What stands before a command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame<'a> {
    /// The state to begin with.
    pub restore: Option<&'a Path>,
    /// Where to leave it.
    pub save: Option<&'a Path>,
    /// The folder to be in when the one of the state is gone.
    pub folder: &'a str,
    /// What CODEBUILD_BUILD_SUCCEEDING is, where it changed.
    pub failing: bool,
}

/// Quotes a text for a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Makes the script of a command. All that stands before it is on its first line, without an end,
/// so that line numbers in messages are the command's.
pub(crate) fn script(command: &str, frame: &Frame, limits: &Limits) -> String {
    let mut text = String::new();
    let kibibytes = limits.address_space.map(|bytes| ("v", bytes >> 10));
    for (flag, value) in kibibytes.into_iter().chain(limits.cpu_seconds.map(|s| ("t", s))) {
        let _ = write!(text, "ulimit -{flag} {value}; ");
    }
    if let Some(state) = frame.restore {
        let state = quoted(&state.display().to_string());
        let folder = quoted(frame.folder);
        let _ = write!(
            text,
            ". {state} 2>/dev/null; TRUNKLINE_OLD=$OLDPWD; cd \"$PWD\" 2>/dev/null || cd {folder}; \
             OLDPWD=$TRUNKLINE_OLD; unset TRUNKLINE_OLD; "
        );
    }
    if frame.failing {
        text.push_str("export CODEBUILD_BUILD_SUCCEEDING=0; ");
    }
    if let Some(state) = frame.save {
        let state = quoted(&state.display().to_string());
        // The file is there already; a command may have forbidden to write over files.
        let save = format!("{{ {VARIABLES}; }} >|{state}");
        let _ = write!(text, "trap {} EXIT; ", quoted(&save));
    }
    text.push_str(command);
    text
}

/// Makes the script that prints variables and expanded texts, each ended by a NUL.
pub(crate) fn query(names: &[String], texts: &[String]) -> String {
    let mut script = "printf '%s\\0'".to_owned();
    for name in names {
        let _ = write!(script, " \"${{{name}-}}\"");
    }
    for text in texts {
        let _ = write!(script, " \"{text}\"");
    }
    script
}

/// Whether a text is a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_alone_is_its_own_script() {
        let got = script("make all", &Frame::default(), &Limits::default());
        assert_eq!(got, "make all");
    }

    #[test]
    fn what_stands_before_a_command_adds_no_line() {
        let frame = Frame {
            restore: Some(Path::new("/s/it's")),
            save: Some(Path::new("/s/1")),
            folder: "/src",
            failing: true,
        };
        let limits = Limits { cpu_seconds: Some(5), ..Limits::default() };
        let got = script("one\ntwo", &frame, &limits);
        assert_eq!(got.lines().count(), 2);
        assert!(got.starts_with("ulimit -t 5; . '/s/it'\\''s' 2>/dev/null; "), "{got}");
        assert!(got.contains("export CODEBUILD_BUILD_SUCCEEDING=0; "));
    }

    #[test]
    fn names_are_those_that_a_shell_can_hold() {
        for name in ["A", "_a1", "LONG_NAME"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "1A", "A-B", "A}$(x)"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
