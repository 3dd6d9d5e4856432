//! Tries the crate on real public flows, read from beside the repository; skips where they are absent.

use serde_json::Value;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use trunkline_flow::canonical::{canonicalise, to_compact_string, to_pretty_string};
use trunkline_flow::reference::{Piece, escape, parse};
use trunkline_flow::{blocks, content, find, other_layouts, rewrite, validate};

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUNKLINE_CORPUS").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: no corpus of real files ({})", folder.display());
        return None;
    }
    Some(folder)
}

fn files(corpus: &Path, folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(corpus.join(folder)).expect(folder);
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let read = |path: PathBuf| (name(&path), std::fs::read_to_string(&path).expect("text"));
    let files: Vec<_> = paths.into_iter().map(read).collect();
    assert!(files.len() >= 10, "{folder} holds {} files", files.len());
    files
}

/// Every flow of the corpus that is in the flow language, with its file's name and type.
fn flows(corpus: &Path) -> Vec<(String, other_layouts::OtherFlow)> {
    let folders = ["flows", "derived-flows", "flows-wrapped"];
    let all = folders.iter().flat_map(|folder| files(corpus, folder));
    let flows: Vec<_> =
        all.filter_map(|(name, text)| other_layouts::read(&text).ok().map(|f| (name, f))).collect();
    assert!(flows.len() > 150, "only {} flows were read", flows.len());
    flows
}

#[test]
fn every_flow_is_read_and_survives_the_canonical_form() {
    let Some(corpus) = corpus() else { return };
    for folder in ["flows", "derived-flows"] {
        for (name, text) in files(&corpus, folder) {
            let original = content::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
            let mut canonical = original.clone();
            canonicalise(&mut canonical);
            assert_eq!(canonical, original, "{name}");
            let pretty = to_pretty_string(&canonical);
            let mut again = content::parse(&pretty).expect(&name);
            canonicalise(&mut again);
            assert_eq!(to_pretty_string(&again), pretty, "{name}");
            let (logic, layout) = content::split(canonical.clone());
            let mut joined = content::join(logic, layout);
            canonicalise(&mut joined);
            assert_eq!(to_compact_string(&joined), to_compact_string(&canonical), "{name}");
        }
    }
}

#[test]
fn wrapped_flows_are_read() {
    let Some(corpus) = corpus() else { return };
    let mut failed = Vec::new();
    for (name, text) in files(&corpus, "flows-wrapped") {
        match other_layouts::read(&text) {
            Ok(flow) => assert!(flow.name.is_some() && flow.flow_type.is_some(), "{name}"),
            Err(why) => failed.push(format!("{name}: {why}")),
        }
    }
    assert!(failed.len() <= 3, "{failed:#?}");
}

#[test]
fn legacy_files_are_refused_with_advice() {
    let Some(corpus) = corpus() else { return };
    for (name, text) in files(&corpus, "flows-legacy") {
        let report = content::parse(&text).expect_err(&name);
        assert_eq!(report.0[0].code, "TL0301", "{name}");
        assert!(report.0[0].help.is_some());
    }
}

#[test]
fn every_text_is_escaped_and_read_back_as_it_was() {
    let Some(corpus) = corpus() else { return };
    for (name, mut flow) in flows(&corpus) {
        let done: Result<(), Infallible> =
            rewrite::map_strings(&mut flow.content, &mut |path, text| {
                let pieces = parse(&escape(text)).expect("escaped text is readable");
                let wanted = [Piece::Text(text.to_owned())];
                let wanted = if text.is_empty() { &[][..] } else { &wanted[..] };
                assert_eq!(pieces, wanted, "{name}{path}");
                Ok(None)
            });
        assert_eq!(done, Ok(()));
    }
}

#[test]
fn every_arn_of_an_instance_is_found() {
    let Some(corpus) = corpus() else { return };
    let mut found = 0;
    for (name, mut flow) in flows(&corpus) {
        let done: Result<(), Infallible> =
            rewrite::map_strings(&mut flow.content, &mut |path, text| {
                let arns = find::arns(text);
                found += arns.len();
                let placeholder = text.contains(['$', '{', '<', '%', '*']);
                let lead = text.matches("arn:aws").count();
                let real = text.contains(":instance/") && !placeholder;
                assert!(!real || arns.len() == lead, "{name}{path}: {text}");
                Ok(None)
            });
        assert_eq!(done, Ok(()));
    }
    assert!(found > 150, "{found}");
}

/// Puts a well-formed id where a file has a placeholder or a redacted one, as its publisher had.
fn fill_references(content: &mut Value) {
    let actions = content["Actions"].as_array_mut().expect("actions");
    for action in actions {
        let kind = content::text_of(action, "Type").to_owned();
        for (path, _) in validate::reference_parameters(&kind) {
            let pointer = format!("/Parameters/{}", path.replace('.', "/"));
            if let Some(Value::String(text)) = action.pointer_mut(&pointer)
                && !text.starts_with("$.")
            {
                *text = "arn:aws:lambda:us-west-2:111122223333:function:any".to_owned();
            }
        }
    }
}

#[test]
fn the_service_would_take_most_published_flows() {
    let Some(corpus) = corpus() else { return };
    let (mut as_found, mut filled, mut reasons) = (0, 0, Vec::new());
    let flows = flows(&corpus);
    let total = flows.len();
    for (name, mut flow) in flows {
        let module = content::is_module(&flow.content);
        let kind = flow.flow_type.unwrap_or("CONTACT_FLOW");
        as_found += usize::from(validate::problems(&flow.content, kind, module).is_empty());
        fill_references(&mut flow.content);
        let problems = validate::problems(&flow.content, kind, module);
        filled += usize::from(problems.is_empty());
        for problem in problems {
            let explained = validate::explain(&problem, &flow.content);
            assert_eq!(explained.starts_with("block "), problem.contains("Path: Actions["));
            reasons.push(format!("{name}: {explained}"));
        }
        let names = blocks::block_names(&flow.content);
        assert_eq!(names.is_empty(), content::actions(&flow.content).is_empty());
    }
    eprintln!("of {total}: {as_found} accepted as found, {filled} with placeholders filled in");
    assert!(as_found * 100 >= total * 70 && filled * 100 >= total * 90, "{reasons:#?}");
}
