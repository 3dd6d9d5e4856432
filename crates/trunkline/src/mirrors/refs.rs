//! The references of a repository, read from its files: a process takes longer than everything else between a push
//! and its execution.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Branches and tags, with what they point to.
pub(crate) type Refs = BTreeMap<String, String>;

/// Branches and tags of a repository whose references are files: those that stand alone, which win, and then
/// (git adds to that file before it removes them) `packed-refs`. None where only git can tell.
pub(super) fn in_files(folder: &Path) -> Option<Refs> {
    let plain = folder.join("HEAD").is_file() && folder.join("objects").is_dir();
    if !plain || folder.join("reftable").exists() || folder.join("commondir").exists() {
        return None;
    }
    let mut refs = Refs::new();
    for kind in ["refs/heads", "refs/tags"] {
        below(folder, kind, &mut refs)?;
    }
    let packed = match std::fs::read_to_string(folder.join("packed-refs")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(refs),
        packed => packed.ok()?,
    };
    for line in packed.lines().filter(|line| !line.starts_with(['#', '^'])) {
        let (object, name) = line.split_once(' ')?;
        if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
            refs.entry(name.to_owned()).or_insert_with(|| object.to_owned());
        }
    }
    refs.values().all(|object| is_object(object)).then_some(refs)
}

/// Adds the references whose files lie below a name. None where one is not what an ordinary one is.
fn below(folder: &Path, name: &str, refs: &mut Refs) -> Option<()> {
    let entries = match std::fs::read_dir(folder.join(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(()),
        entries => entries.ok()?,
    };
    for entry in entries {
        let entry = entry.ok()?;
        let name = format!("{name}/{}", entry.file_name().to_str()?);
        if entry.file_type().ok()?.is_dir() {
            below(folder, &name, refs)?;
        } else if !name.ends_with(".lock") {
            match std::fs::read_to_string(entry.path()) {
                // Deleted, or packed, since the folder was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                text => {
                    let object = text.ok()?.trim().to_owned();
                    is_object(&object).then(|| refs.insert(name, object))?;
                }
            }
        }
    }
    Some(())
}

fn is_object(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The branch that HEAD stands for.
pub(super) fn head(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("HEAD")).ok()?;
    text.trim().strip_prefix("ref: ").map(str::to_owned)
}
