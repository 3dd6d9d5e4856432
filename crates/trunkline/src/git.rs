//! Git, as an export uses it: the real program, run in the project's folder. The only file that starts it.
//!
//! An export is kept as a commit (`commit`), made without touching the work tree, and merged into the branch
//! (`merge`); flows are merged by block (`driver`). Whether files stand in the way is asked first (`changes`).

mod changes;
mod commit;
mod driver;
mod merge;

pub(crate) use commit::{Contents, Kept};
pub(crate) use driver::{ATTRIBUTES, ATTRIBUTES_FILE, Lines, merge_lines};
pub(crate) use merge::Merged;

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use trunkline_center::File;
use trunkline_model::{Diagnostic, Report};

/// The repository that a project lies in, with a work tree.
pub(crate) struct Repository {
    /// The project's folder.
    root: PathBuf,
    /// The folder of git's own files, of this work tree.
    folder: PathBuf,
    /// The project's folder inside the work tree: empty, or with a slash at its end.
    prefix: String,
}

/// A file of a commit: mode, object, path relative to the work tree.
type Listed = (String, String, String);

impl Repository {
    /// Finds the repository; None where there is none, or no git. TL0714: git refuses to look.
    pub(crate) fn open(root: &Path) -> Result<Option<Self>, Report> {
        let root =
            if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.to_path_buf() };
        let mut command = Command::new("git");
        command.args(["rev-parse", "--is-inside-work-tree", "--absolute-git-dir", "--show-prefix"]);
        command.current_dir(&root).stdin(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("rev-parse", &error.to_string())),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("safe.directory") {
            return Err(failed("rev-parse", &said));
        }
        let out = String::from_utf8_lossy(&output.stdout);
        let mut lines = out.lines();
        let (inside, folder, prefix) = (lines.next(), lines.next(), lines.next());
        let found = output.status.success() && inside == Some("true");
        Ok(folder.filter(|_| found).map(|folder| Self {
            root,
            folder: PathBuf::from(folder),
            prefix: prefix.unwrap_or_default().to_owned(),
        }))
    }

    /// Whether git is told to pass a file over, as in a folder of scratch work inside somebody's repository.
    pub(crate) fn ignores(&self, file: &str) -> bool {
        self.succeeds(&["check-ignore", "-q", "--", file])
    }

    /// The commit that the branch is at; None before the first one.
    pub(crate) fn head(&self) -> Option<String> {
        self.commit_of("HEAD")
    }

    /// The commit that a name stands for.
    fn commit_of(&self, name: &str) -> Option<String> {
        self.line(&["rev-parse", "-q", "--verify", &format!("{name}^{{commit}}")])
    }

    /// The branch, for people.
    pub(crate) fn branch(&self) -> String {
        self.line(&["symbolic-ref", "-q", "--short", "HEAD"]).unwrap_or_else(|| "HEAD".to_owned())
    }

    fn is_ancestor(&self, older: &str, newer: &str) -> bool {
        self.succeeds(&["merge-base", "--is-ancestor", older, newer])
    }

    /// The files of the project in a commit, for paths relative to the project.
    pub(crate) fn files(&self, commit: &str, paths: &[String]) -> Result<Vec<File>, Report> {
        let listed = self.listed(commit, paths)?;
        let objects: Vec<&str> = listed.iter().map(|(_, object, _)| object.as_str()).collect();
        let contents = self.contents(&objects)?;
        let names = listed.into_iter().map(|(.., path)| self.of_project(&path));
        Ok(names.zip(contents).collect())
    }

    fn listed(&self, commit: &str, paths: &[String]) -> Result<Vec<Listed>, Report> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-name", commit, "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let text = self.run(&arguments)?;
        let entry = |entry: &str| {
            let (meta, path) = entry.split_once('\t')?;
            let mut meta = meta.split(' ');
            let (mode, sort, object) = (meta.next()?, meta.next()?, meta.next()?);
            (sort == "blob").then(|| (mode.to_owned(), object.to_owned(), path.to_owned()))
        };
        Ok(text.split('\0').filter_map(entry).collect())
    }

    /// The bytes of objects, in the order given.
    fn contents(&self, objects: &[&str]) -> Result<Vec<Vec<u8>>, Report> {
        let input: String = objects.iter().map(|object| format!("{object}\n")).collect();
        let output = self.output(&["cat-file", "--batch"], &[], Some(input.as_bytes()))?;
        let (mut rest, mut all) = (output.as_slice(), Vec::new());
        let broken = || failed("cat-file --batch", "it answered what nobody asked");
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == b'\n').ok_or_else(broken)?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size: usize =
                head.rsplit(' ').next().and_then(|n| n.parse().ok()).ok_or_else(broken)?;
            all.push(rest.get(end + 1..end + 1 + size).ok_or_else(broken)?.to_vec());
            rest = rest.get(end + size + 2..).ok_or_else(broken)?;
        }
        if all.len() == objects.len() { Ok(all) } else { Err(broken()) }
    }

    /// What changed in the project between two commits: letter (A, M, D ...) and path.
    pub(crate) fn changed(&self, from: &str, to: &str) -> Result<Vec<(char, String)>, Report> {
        let text =
            self.run(&["diff", "--name-status", "-z", "--no-renames", "--relative", from, to])?;
        let mut parts = text.split('\0');
        let mut changed = Vec::new();
        while let (Some(letter), Some(path)) = (parts.next(), parts.next()) {
            changed.extend(letter.chars().next().map(|letter| (letter, path.to_owned())));
        }
        Ok(changed)
    }

    /// A path of the work tree as the project has it.
    fn of_project(&self, path: &str) -> String {
        path.strip_prefix(&self.prefix).unwrap_or(path).to_owned()
    }

    fn line(&self, arguments: &[&str]) -> Option<String> {
        let text = self.run(arguments).ok()?;
        text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned)
    }

    fn succeeds(&self, arguments: &[&str]) -> bool {
        self.run(arguments).is_ok()
    }

    fn run(&self, arguments: &[&str]) -> Result<String, Report> {
        let bytes = self.output(arguments, &[], None)?;
        String::from_utf8(bytes)
            .map_err(|_| failed(&arguments.join(" "), "a path is not UTF-8 text"))
    }

    /// What a command writes to stdout. TL0714 with its own words where it fails.
    fn output(
        &self,
        arguments: &[&str],
        variables: &[(&str, &Path)],
        input: Option<&[u8]>,
    ) -> Result<Vec<u8>, Report> {
        let output = self.raw(&self.root, arguments, variables, input)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(failed(&arguments.join(" "), &words(&output)))
    }

    fn raw(
        &self,
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &Path)],
        input: Option<&[u8]>,
    ) -> Result<Output, Report> {
        let shown = arguments.join(" ");
        let failed = |error: std::io::Error| failed(&shown, &error.to_string());
        let mut command = Command::new("git");
        command.current_dir(folder).args(arguments).envs(variables.iter().copied());
        // Looking at files writes nothing.
        command.env("GIT_OPTIONAL_LOCKS", "0");
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let (pipe, input) = (child.stdin.take(), input.map(<[u8]>::to_vec));
        // Written beside, because the command may answer before it has read everything.
        let writer = std::thread::spawn(move || {
            if let (Some(mut pipe), Some(input)) = (pipe, input) {
                // A command that ends early says why by its exit code.
                let _ = pipe.write_all(&input);
            }
        });
        let output = child.wait_with_output().map_err(failed);
        let _ = writer.join();
        output
    }
}

/// What a command that failed said, on one line.
fn words(output: &Output) -> String {
    let both =
        [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let lines: Vec<&str> = both.iter().flat_map(|text| text.lines()).map(str::trim).collect();
    lines.into_iter().filter(|line| !line.is_empty()).take(12).collect::<Vec<_>>().join("; ")
}

fn failed(command: &str, words: &str) -> Report {
    let command = command.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    Diagnostic::error("TL0714", format!("`git {command}` failed"))
        .because(format!("git says: {}", words.trim()))
        .help("do what git says and export again; `--no-commit` writes the files without git")
        .report()
}
