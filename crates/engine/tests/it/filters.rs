//! Filters of triggers.

use trunkline_engine::filters::{PullRequestEvent, Push, Reference, matches};
use trunkline_engine::glob::Glob;
use trunkline_model::pipeline::{GitConfiguration, GitFilter, Patterns, Trigger};

fn patterns(includes: &[&str], excludes: &[&str]) -> Option<Patterns> {
    let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
    Some(Patterns { includes: owned(includes), excludes: owned(excludes) })
}

fn trigger(push: Vec<GitFilter>, pull_request: Vec<GitFilter>) -> Trigger {
    let source_action_name = "Source".to_owned();
    let git = GitConfiguration { source_action_name, push, pull_request };
    let provider_type = "CodeStarSourceConnection".to_owned();
    Trigger { provider_type, git_configuration: Some(git) }
}

fn branch(name: &str, files: Option<&[&str]>) -> Push {
    Push {
        reference: Reference::Branch(name.to_owned()),
        pull_request: None,
        files: files.map(|files| files.iter().map(|s| (*s).to_owned()).collect()),
        configured_branch: "main".to_owned(),
    }
}

fn check(trigger: &Trigger, push: &Push, starts: bool) {
    let decision = matches(trigger, push);
    assert_eq!(decision.start, starts, "{push:?}: {}", decision.why);
    assert!(!decision.why.is_empty());
}

#[test]
fn vector_10_excludes_beat_includes() {
    let filter = GitFilter {
        branches: patterns(&["release/**", "main"], &["release/old*"]),
        file_paths: patterns(&["connect/**"], &["connect/docs/**"]),
        ..GitFilter::default()
    };
    let trigger = trigger(vec![filter], vec![]);
    check(&trigger, &branch("main", Some(&["connect/flows/a.json"])), true);
    check(&trigger, &branch("release/1/2", Some(&["connect/flows/a.json"])), true);
    check(&trigger, &branch("release/old-1", Some(&["connect/flows/a.json"])), false);
    check(&trigger, &branch("main", Some(&["connect/docs/a.md"])), false);
    check(&trigger, &branch("main", Some(&["connect/docs/a.md", "connect/queues/b.yaml"])), true);
    check(&trigger, &branch("main", Some(&["lambda/a.py"])), false);
    check(&trigger, &branch("dev", Some(&["connect/flows/a.json"])), false);
    check(&trigger, &branch("main", Some(&[])), false);
}

#[test]
fn vector_10_one_star_stays_within_a_part_and_two_cross() {
    let check = |glob: &str, path: &str, matches: bool| {
        assert_eq!(Glob::new(glob).unwrap().matches(path), matches, "{glob} on {path}");
    };
    check("src/*.rs", "src/a.rs", true);
    check("src/*.rs", "src/b/a.rs", false);
    check("src/**.rs", "src/b/a.rs", true);
    check("src/**", "src/b/c/a.rs", true);
    check("**/a.rs", "a.rs", false);
    check("**/a.rs", "x/y/a.rs", true);
    check("*", "a/b", false);
    check("**", "a/b", true);
    check("a?c", "abc", true);
    check("a?c", "a/c", false);
    check("v[0-9].*", "v1.2", true);
    check("v[!0-9]*", "v1", false);
    check("v[!0-9]*", "vx", true);
    check("[!a]", "/", false);
    check("{dev,qa}/*", "qa/x", true);
    check("{dev,qa}/*", "uat/x", false);
    check("a\\*b", "a*b", true);
    check("a\\*b", "axb", false);
    check("a.b+(c)", "a.b+(c)", true);
    check("a.b", "axb", false);
    for wrong in ["[a", "{a", "{a{b}}", "a\\"] {
        assert!(Glob::new(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn of_several_filters_one_is_enough() {
    let by_branch = GitFilter { branches: patterns(&["main"], &[]), ..GitFilter::default() };
    let by_tag = GitFilter { tags: patterns(&["v*"], &["v0*"]), ..GitFilter::default() };
    let trigger = trigger(vec![by_branch, by_tag], vec![]);
    let tag =
        |name: &str| Push { reference: Reference::Tag(name.to_owned()), ..branch("main", None) };
    check(&trigger, &branch("main", None), true);
    check(&trigger, &branch("v1", None), false);
    check(&trigger, &tag("v1"), true);
    check(&trigger, &tag("v0.9"), false);
    check(&trigger, &tag("main"), false);
}

#[test]
fn what_is_not_known_starts() {
    let filter = GitFilter { file_paths: patterns(&["a/**"], &[]), ..GitFilter::default() };
    let trigger = trigger(vec![filter], vec![]);
    check(&trigger, &branch("main", None), true);
    assert!(matches(&trigger, &branch("main", None)).why.contains("not known"));
}

#[test]
fn pull_requests_start_by_their_own_filters() {
    let filter = GitFilter {
        events: vec!["OPEN".into(), "UPDATED".into()],
        branches: patterns(&["main"], &[]),
        ..GitFilter::default()
    };
    let trigger = trigger(vec![], vec![filter]);
    let request = |event| Push { pull_request: Some(event), ..branch("main", None) };
    check(&trigger, &request(PullRequestEvent::Open), true);
    check(&trigger, &request(PullRequestEvent::Updated), true);
    check(&trigger, &request(PullRequestEvent::Closed), false);
    check(&trigger, &branch("main", None), false);
}

#[test]
fn without_filters_the_branch_of_the_source_action_starts() {
    let trigger =
        Trigger { provider_type: "CodeStarSourceConnection".into(), ..Trigger::default() };
    check(&trigger, &branch("main", None), true);
    check(&trigger, &branch("dev", None), false);
}
