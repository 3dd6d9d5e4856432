//! Which pushes and pull requests start a pipeline, by the filters of a trigger.
//!
//! Within a filter, branches and files must both match; of several filters, one. Excludes win over
//! includes. What changed is computed by whoever asks, from its own copy of the repository: where that is
//! not known, the pipeline starts, and the reason says so.

use crate::glob::Glob;
use trunkline_model::pipeline::{GitFilter, Patterns, Trigger};

/// What happened in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Where.
    pub reference: Reference,
    /// The pull request's event; nothing for a push.
    pub pull_request: Option<PullRequestEvent>,
    /// The files that changed; nothing where that is not known.
    pub files: Option<Vec<String>>,
    /// The branch of the source action's configuration: it counts where a trigger has no filters.
    pub configured_branch: String,
}

/// A branch or tag, by its name without `refs/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The branch pushed to; of a pull request the one that it goes into.
    Branch(String),
    /// A tag.
    Tag(String),
}

/// The events of pull requests that filters know; others start nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullRequestEvent {
    /// It was opened.
    Open,
    /// It has new commits.
    Updated,
    /// It was closed or merged.
    Closed,
}

impl PullRequestEvent {
    fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Updated => "UPDATED",
            Self::Closed => "CLOSED",
        }
    }
}

/// Whether a pipeline starts, and why (or why not), in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// It starts.
    pub start: bool,
    /// Lower case, no full stop.
    pub why: String,
}

impl Decision {
    fn yes(why: impl Into<String>) -> Self {
        Self { start: true, why: why.into() }
    }

    fn no(why: impl Into<String>) -> Self {
        Self { start: false, why: why.into() }
    }
}

/// Holds a push against a trigger.
pub fn matches(trigger: &Trigger, push: &Push) -> Decision {
    let Some(git) = &trigger.git_configuration else { return without_filters(push) };
    if git.push.is_empty() && git.pull_request.is_empty() {
        return without_filters(push);
    }
    let (filters, what) = match push.pull_request {
        None => (&git.push, "pushes"),
        Some(_) => (&git.pull_request, "pull requests"),
    };
    if filters.is_empty() {
        return Decision::no(format!("the trigger has no filter for {what}"));
    }
    let mut reasons = Vec::new();
    for filter in filters {
        let decision = one(filter, push);
        if decision.start {
            return decision;
        }
        if !reasons.contains(&decision.why) {
            reasons.push(decision.why);
        }
    }
    Decision::no(reasons.join("; "))
}

/// Without filters, pushes to the branch of the source action's configuration start.
fn without_filters(push: &Push) -> Decision {
    match &push.reference {
        Reference::Branch(branch)
            if push.pull_request.is_none() && *branch == push.configured_branch =>
        {
            Decision::yes(format!("branch {branch} is the one of the source action"))
        }
        _ => Decision::no(format!("only pushes to branch {} start", push.configured_branch)),
    }
}

fn one(filter: &GitFilter, push: &Push) -> Decision {
    if let Some(event) = push.pull_request {
        let word = event.word();
        if !filter.events.is_empty() && !filter.events.iter().any(|e| e == word) {
            return Decision::no(format!("no filter takes pull requests that are {word}"));
        }
    }
    let tags_only = filter.branches.is_none() && filter.file_paths.is_none();
    match &push.reference {
        Reference::Tag(tag) => match &filter.tags {
            Some(patterns) => named("tag", tag, patterns),
            None => Decision::no("no filter takes tags"),
        },
        Reference::Branch(_) if filter.tags.is_some() && tags_only => {
            Decision::no("the filter takes tags only")
        }
        Reference::Branch(branch) => {
            let decision = match &filter.branches {
                Some(patterns) => named("branch", branch, patterns),
                None => Decision::yes("the filter takes every branch"),
            };
            match &filter.file_paths {
                Some(patterns) if decision.start => files(push.files.as_deref(), patterns),
                _ => decision,
            }
        }
    }
}

fn named(what: &str, name: &str, patterns: &Patterns) -> Decision {
    match judge(name, patterns) {
        Err(why) => Decision::no(why),
        Ok(Verdict::Included(by)) => Decision::yes(format!("{what} {name} matches \"{by}\"")),
        Ok(Verdict::NotExcluded) => Decision::yes(format!("{what} {name} is not excluded")),
        Ok(Verdict::Excluded(by)) => Decision::no(format!("{what} {name} is excluded by \"{by}\"")),
        Ok(Verdict::NotIncluded) => Decision::no(format!("{what} {name} matches no include")),
    }
}

/// Starts where one file at least is included and not excluded.
fn files(files: Option<&[String]>, patterns: &Patterns) -> Decision {
    let Some(files) = files else {
        return Decision::yes("which files changed is not known, so it starts");
    };
    let mut excluded = 0;
    for file in files {
        match judge(file, patterns) {
            Err(why) => return Decision::no(why),
            Ok(Verdict::Included(by)) => {
                return Decision::yes(format!("file {file} matches \"{by}\""));
            }
            Ok(Verdict::NotExcluded) => {
                return Decision::yes(format!("file {file} is not excluded"));
            }
            Ok(Verdict::Excluded(_)) => excluded += 1,
            Ok(Verdict::NotIncluded) => {}
        }
    }
    let all = files.len();
    Decision::no(format!("of {all} changed files none is included, {excluded} are excluded"))
}

enum Verdict {
    Included(String),
    NotExcluded,
    Excluded(String),
    NotIncluded,
}

fn judge(name: &str, patterns: &Patterns) -> Result<Verdict, String> {
    if let Some(by) = first(name, &patterns.excludes)? {
        return Ok(Verdict::Excluded(by.to_owned()));
    }
    if patterns.includes.is_empty() {
        return Ok(Verdict::NotExcluded);
    }
    Ok(match first(name, &patterns.includes)? {
        Some(by) => Verdict::Included(by.to_owned()),
        None => Verdict::NotIncluded,
    })
}

fn first<'a>(name: &str, globs: &'a [String]) -> Result<Option<&'a String>, String> {
    for glob in globs {
        if Glob::new(glob)?.matches(name) {
            return Ok(Some(glob));
        }
    }
    Ok(None)
}
