//! The files of the corpus, and names for what is in them.

use std::path::{Path, PathBuf};
use trunkline_flow::other_layouts::{self, OtherFlow};

/// The corpus; None, with a line that says so, where it is absent.
pub fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUNKLINE_CORPUS").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("SKIP: no corpus of real files ({})", folder.display());
        return None;
    }
    Some(folder)
}

/// The files of one folder, by name, with their texts.
pub fn texts(corpus: &Path, folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(corpus.join(folder)).expect(folder);
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|p| (name(p), std::fs::read_to_string(p).expect("a text"))).collect()
}

/// Every flow and module that is in the flow language, with a name made from its file's; and how many
/// files were not.
pub fn flows(corpus: &Path) -> (Vec<(String, OtherFlow)>, usize) {
    let folders = ["flows", "flows-wrapped", "derived-flows"];
    let all: Vec<(String, String)> = folders.iter().flat_map(|f| texts(corpus, f)).collect();
    let (total, mut flows) = (all.len(), Vec::new());
    for (file, text) in all {
        if let Ok(flow) = other_layouts::read(&text) {
            flows.push((name(&file, flows.len()), flow));
        }
    }
    let refused = total - flows.len();
    (flows, refused)
}

/// The end of a file's name tells most; the number makes it unique.
fn name(file: &str, number: usize) -> String {
    let characters: Vec<char> = file.chars().collect();
    let end: String = characters[characters.len().saturating_sub(110)..].iter().collect();
    format!("{number:03} {}", end.trim())
}
