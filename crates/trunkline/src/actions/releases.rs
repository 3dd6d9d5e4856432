//! Releases: what was deployed where, whether it may go further, and whether it would undo a fix.
//!
//! A release is the hash of the documents, so the same documents on two branches are one release. What was
//! deployed is kept in the server's store; `after` of an environment is judged over it. The deploy action asks
//! here before it starts anything, and records here what it deployed. Reads only what it is given.

use super::git::View;
use crate::files;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use trunkline_config::Project;
use trunkline_model::{Diagnostic, Environment, EnvironmentUse, Report};

/// How a twin for fixes is called: `uat-fix` is the one of `uat`.
const FIX: &str = "-fix";

/// A release that was deployed to an environment, as it is judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deployed {
    pub(super) release: String,
    pub(super) commit: Option<String>,
    pub(super) regions: Vec<String>,
    /// Documents and bots, or a part.
    pub(super) whole: bool,
}

/// The hash of a project's documents: paths and contents, in order.
pub(super) fn release_of(root: &Path) -> Result<String, Report> {
    let mut hash = Sha256::new();
    for (path, bytes) in files::read(root)? {
        for part in [path.as_bytes(), &bytes] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes sure that a release was deployed where it has to be first. TL0113: it was not.
pub(super) fn check_after(
    project: &Project,
    environment: &Environment,
    release: &str,
    deployed: &dyn Fn(&str) -> Result<Vec<Deployed>, Report>,
) -> Result<(), Report> {
    let after = project.delivery.get(&environment.name).and_then(|d| d.after.as_ref());
    let Some((any, names)) = after.and_then(names_of) else { return Ok(()) };
    let mut before = Vec::new();
    for name in &names {
        let other = project.environment(name)?;
        // People build there: it is exported from, never deployed to.
        if other.used_for != EnvironmentUse::Build {
            before.push(other);
        }
    }
    let mut missing: Vec<&str> = Vec::new();
    for other in &before {
        let all = deployed(&other.name)?;
        let there: BTreeSet<&str> = all
            .iter()
            .filter(|d| d.whole && d.release == release)
            .flat_map(|d| d.regions.iter().map(String::as_str))
            .collect();
        if !other.regions.iter().all(|region| there.contains(region.as_str())) {
            missing.push(&other.name);
        }
    }
    let enough = if any { missing.len() < before.len() } else { missing.is_empty() };
    if before.is_empty() || enough {
        return Ok(());
    }
    let wanted = missing.join(if any { " or " } else { " and " });
    let message =
        format!("`{}` comes after {wanted}, where this release was not deployed", environment.name);
    Err(Diagnostic::error("TL0113", message)
        .in_file(&project.file)
        .on(environment.name.clone())
        .because(format!("the release is {}: the hash of the documents", &release[..12]))
        .help(format!("deploy the same documents to {wanted} first, by a merge into its branch"))
        .report())
}

/// What `after` says: whether one of the environments is enough, and which they are.
fn names_of(after: &Value) -> Option<(bool, Vec<String>)> {
    let list = |value: &Value| -> Option<Vec<String>> {
        match value {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(all) => all.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => None,
        }
    };
    match after.as_object() {
        Some(words) => {
            let (word, value) = words.iter().next()?;
            Some((word == "any", list(value)?))
        }
        None => Some((false, list(after)?)),
    }
}

/// A fix that a commit lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// Where it was deployed.
    environment: String,
    commit: String,
    /// The documents that it changed.
    files: Vec<String>,
}

/// The environments whose fixes an environment must not lose: its twin, and the twins that it comes after.
pub(super) fn fix_environments<'a>(
    project: &'a Project,
    environment: &Environment,
) -> Vec<&'a Environment> {
    let after = project.delivery.get(&environment.name).and_then(|d| d.after.as_ref());
    let (_, before) = after.and_then(names_of).unwrap_or_default();
    let twin = format!("{}{FIX}", environment.name);
    let is_fix = |e: &&Environment| {
        let named = before.iter().any(|n| *n == e.name || e.aliases.contains(n));
        e.name == twin || named && e.name.ends_with(FIX)
    };
    project.environments.iter().filter(is_fix).collect()
}

/// A fix: where it was deployed, and the commit that it was, if that is known.
pub(super) type Fix = (String, Option<String>);

/// The fixes that a commit would undo: documents that a fix changed, and that the commit has as they were
/// before it. Going back to an earlier commit of the line that is deployed is no loss. Why it is not known: the
/// commits are not all there.
pub(super) async fn lost(
    view: &View,
    prefix: &str,
    commit: &str,
    current: Option<&str>,
    fixes: &[Fix],
) -> Result<Vec<Lost>, String> {
    let mut found = Vec::new();
    let folder = format!("{prefix}connect");
    if let Some(current) = current
        && view.base(commit, current).await.is_ok_and(|base| base.as_deref() == Some(commit))
    {
        return Ok(found);
    }
    for (environment, fix) in fixes {
        let Some(fix) = fix else {
            return Err(format!("what was deployed to {environment} is of no commit"));
        };
        let Some(base) = view.base(commit, fix).await? else {
            return Err(format!("commit {commit} and commit {fix} have no history in common"));
        };
        if base == *fix {
            continue;
        }
        let before = view.objects(&base, &[&folder]).await?;
        let fixed = view.objects(fix, &[&folder]).await?;
        let now = view.objects(commit, &[&folder]).await?;
        let paths: BTreeSet<&String> = before.keys().chain(fixed.keys()).collect();
        let undone = |path: &&String| {
            let (before, fixed, now) = (before.get(*path), fixed.get(*path), now.get(*path));
            before != fixed && now == before
        };
        let files: Vec<String> = paths.into_iter().filter(undone).cloned().collect();
        if !files.is_empty() {
            let (environment, commit) = (environment.clone(), fix.clone());
            found.push(Lost { environment, commit, files });
        }
    }
    Ok(found)
}

/// TL0546: whether a deployment would undo fixes is not known, so it may not begin.
pub(super) fn unknown(environment: &str, fixes: &[Fix], why: &str) -> Report {
    let names: Vec<&str> = fixes.iter().map(|(name, _)| name.as_str()).collect();
    let message = format!("whether a fix of {} would be undone is not known", names.join(" or "));
    let found = Diagnostic::error("TL0546", message).on(environment).because(why);
    let commit = fixes.iter().find_map(|(_, commit)| commit.as_deref());
    let mend = commit.map_or("deploy a commit that has the fix".to_owned(), |commit| {
        let commit: String = commit.chars().take(10).collect();
        format!("push the branch of commit {commit} to the repository of this pipeline, and merge it forward")
    });
    found
        .help(format!(
            "{mend}; to deploy whatever is undone: `trunkline pipeline run NAME --drop-fix`"
        ))
        .report()
}

/// TL0545 for fixes that a deployment would undo.
pub(super) fn refuse_lost(environment: &str, lost: &[Lost]) -> Result<(), Report> {
    if lost.is_empty() {
        return Ok(());
    }
    let one = |lost: &Lost| {
        let message = format!("a fix of {} is not in what goes to {environment}", lost.environment);
        let commit: String = lost.commit.chars().take(10).collect();
        let found = Diagnostic::error("TL0545", message)
            .on(environment)
            .because(format!("it was deployed there as commit {commit}"));
        let files = lost.files.iter().take(10);
        let found = files.fold(found, |d, f| d.because(format!("{f} is as it was before the fix")));
        found.help(format!(
            "merge commit {commit} forward; to drop it on purpose: `trunkline pipeline run NAME --drop-fix`"
        ))
    };
    Err(Report(lost.iter().map(one).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirrors::{Limits, Mirrors, Place, Want};

    const CONFIG: &str = r#"
version: 1
project: acme
environments:
  rnd: { account: "111122223333", regions: [us-west-2], instance: a, use: build }
  dev: { account: "222233334444", regions: [us-west-2], instance: a, after: rnd }
  uat: { account: "444455556666", regions: [us-west-2, us-east-1], instance: "a-{region}", after: [dev] }
  uat-fix: { account: "555566667777", regions: [us-west-2], instance: a, enabled: false }
  prod: { account: "012345678901", regions: [us-west-2], instance: a, after: { any: [uat, uat-fix] } }
"#;

    fn check(environment: &str, deployed: &[(&str, &str, &[&str])]) -> Result<(), Report> {
        let project = trunkline_config::parse(CONFIG, "trunkline.yaml").expect("a configuration");
        let of = |name: &str| {
            let own = deployed.iter().filter(|(e, ..)| *e == name);
            let one = |(_, release, regions): &(&str, &str, &[&str])| Deployed {
                release: (*release).to_owned(),
                commit: None,
                regions: regions.iter().map(|r| (*r).to_owned()).collect(),
                whole: true,
            };
            Ok(own.map(one).collect())
        };
        let environment = project.environment(environment).expect("an environment");
        check_after(&project, environment, "aaaaaaaaaaaaaaaa", &of)
    }

    #[test]
    fn a_release_goes_on_only_where_it_was_deployed_before() {
        const R: &str = "aaaaaaaaaaaaaaaa";
        let west: &[&str] = &["us-west-2"];
        let refused = |found: Result<(), Report>| found.expect_err("refused").0[0].message.clone();
        assert_eq!(check("dev", &[]), Ok(()), "people build in rnd");
        assert!(refused(check("uat", &[])).contains("comes after dev"));
        assert!(refused(check("uat", &[("dev", "another", west)])).contains("comes after dev"));
        assert_eq!(check("uat", &[("dev", R, west)]), Ok(()));
        assert!(
            refused(check("prod", &[("uat", R, west)])).contains("uat or uat-fix"),
            "one region"
        );
        assert_eq!(check("prod", &[("uat", R, west), ("uat", R, &["us-east-1"])]), Ok(()));
        assert_eq!(check("prod", &[("uat-fix", R, west)]), Ok(()), "one of them is enough");
    }

    #[test]
    fn twins_for_fixes_are_known_by_name_and_by_what_comes_before() {
        let project = trunkline_config::parse(CONFIG, "trunkline.yaml").expect("a configuration");
        let of = |name: &str| {
            let environment = project.environment(name).expect("an environment");
            let found = fix_environments(&project, environment);
            found.iter().map(|e| e.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of("uat"), ["uat-fix"]);
        assert_eq!(of("prod"), ["uat-fix"]);
        assert!(of("dev").is_empty());
    }

    /// A repository in which `main` goes on beside a fix that changed one document of two.
    struct Lines {
        folder: tempfile::TempDir,
    }

    impl Lines {
        fn git(&self, arguments: &[&str]) -> String {
            let mut command = std::process::Command::new("git");
            command.current_dir(self.folder.path()).args([
                "-c",
                "user.name=Ann",
                "-c",
                "user.email=ann@example.com",
            ]);
            let output = command.args(arguments).output().expect("git runs");
            assert!(output.status.success(), "{arguments:?} {output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }

        fn commit(&self, files: &[(&str, &str)]) -> String {
            for (name, text) in files {
                let path = self.folder.path().join("connect/flows").join(name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
                std::fs::write(path, text).expect("it can be written");
            }
            self.git(&["add", "."]);
            self.git(&["commit", "--quiet", "-m", "work"]);
            self.git(&["rev-parse", "HEAD"])
        }
    }

    #[tokio::test]
    async fn a_fix_that_was_not_merged_forward_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = Lines { folder };
        lines.git(&["init", "--quiet", "-b", "main"]);
        let start = lines.commit(&[("a", "1"), ("b", "1")]);
        lines.git(&["checkout", "--quiet", "-b", "fix"]);
        let fix = lines.commit(&[("a", "fixed")]);
        lines.git(&["checkout", "--quiet", "main"]);
        let without = lines.commit(&[("b", "2")]);
        let picked = lines.commit(&[("a", "fixed"), ("b", "3")]);
        let place = Place::Here(lines.folder.path().to_owned());
        let mirrors = tempfile::tempdir().expect("a folder");
        let limits = Limits { silence: std::time::Duration::MAX, time: std::time::Duration::MAX };
        let mirrors = Mirrors::new(mirrors.path(), Path::new("trunkline.yaml"), limits);
        let view = mirrors.open(&place, Want::Newest).await.expect("a repository");
        let fixes = [("uat-fix".to_owned(), Some(fix.clone()))];
        let check = async |commit: &str, current: Option<&str>, files: &[&str]| {
            let lost = lost(&view, "", commit, current, &fixes).await.expect("all is there");
            let found: Vec<String> = lost.into_iter().flat_map(|l| l.files).collect();
            assert_eq!(found, files, "{commit} over {current:?}");
        };
        check(&without, None, &["connect/flows/a"]).await;
        check(&without, Some(&start), &["connect/flows/a"]).await;
        check(&picked, Some(&start), &[]).await;
        check(&fix, None, &[]).await;
        check(&start, Some(&without), &[]).await;
        let refused = lost(&view, "", &without, None, &fixes).await.expect("all is there");
        let report = refuse_lost("uat", &refused).expect_err("refused");
        assert_eq!(report.0[0].code, "TL0545");

        // What cannot be looked at is no permission.
        lines.git(&["checkout", "--quiet", "--orphan", "other"]);
        let other = lines.commit(&[("a", "2")]);
        for (commit, fix, why) in [
            (&other, Some(fix.clone()), "no history in common"),
            (&without, Some("0".repeat(40)), "0000000"),
            (&without, None, "of no commit"),
        ] {
            let fixes = [("uat-fix".to_owned(), fix)];
            let found = lost(&view, "", commit, None, &fixes).await.expect_err("not known");
            assert!(found.contains(why), "{found}");
            let report = unknown("uat", &fixes, &found);
            assert!(report.0[0].help.as_ref().is_some_and(|help| help.contains("--drop-fix")));
        }
    }
}
