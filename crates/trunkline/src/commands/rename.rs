//! `trunkline rename`: gives a resource another name everywhere in the repository, and records it, so that
//! every target renames its own instead of making a second one. Files only.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::files;
use serde_json::json;
use std::collections::BTreeMap;
use trunkline_center::identity::rename_documents;
use trunkline_center::renames::{self, Renames};
use trunkline_center::{Documents, Places, kind_named};
use trunkline_model::{Diagnostic, Report};

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline rename queue:Sales Vendite")]
pub(crate) struct Arguments {
    /// The resource, as `kind:name`
    #[arg(value_name = "KIND:OLD")]
    old: String,
    /// Its new name
    #[arg(value_name = "NEW")]
    new: String,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let located = app.project()?;
    let (kind, old) = arguments.old.split_once(':').ok_or_else(|| {
        Diagnostic::error("TL0901", "a resource is named as `kind:name`").report()
    })?;
    let kind = kind_named(kind).ok_or_else(|| {
        Diagnostic::error("TL0901", format!("there is no kind `{kind}`")).report()
    })?;
    let (name, new) = (kind.spec().name, arguments.new.as_str());
    let existing = files::read(&located.root)?;
    let documents = Documents::load(&existing)?;
    if documents.get(name, old).is_none() {
        let missing = format!("the project has no {name} `{old}`");
        return Err(Diagnostic::error("TL0204", missing).help("correct the name").report());
    }
    // What lies within something keeps the path to it.
    let new = match (kind.spec().within, old.rsplit_once('/')) {
        (Some(_), Some((path, _))) if !new.contains('/') => format!("{path}/{new}"),
        _ => new.to_owned(),
    };
    let mut names = BTreeMap::from([((name, old.to_owned()), new.clone())]);
    for inner in documents.iter() {
        let within = kind_named(inner.kind).and_then(|k| k.spec().within);
        let path = inner.name.strip_prefix(&format!("{old}/"));
        if let (Some((_, outer)), Some(rest)) = (within, path)
            && outer == name
        {
            names.insert((inner.kind, inner.name.clone()), format!("{new}/{rest}"));
        }
    }
    for ((kind, _), new) in &names {
        if documents.get(kind, new).is_some() {
            let taken = format!("the project has a {kind} `{new}` already");
            return Err(Diagnostic::error("TL0203", taken).help("take another name").report());
        }
    }
    let renamed = rename_documents(&documents, &names);
    let mut places = Places::of(&existing);
    let mut gone: Vec<String> = Vec::new();
    for (kind, old) in names.keys() {
        let place = places.remove(kind, old);
        gone.extend(place.iter().map(|p| p.file.clone()));
        gone.extend(place.and_then(|p| p.attachment));
    }
    let mut written = renamed.files_at(&places);
    let record = existing.iter().find(|(path, _)| path == renames::FILE);
    let mut record = record.map_or_else(|| Ok(Renames::default()), |(_, b)| Renames::parse(b))?;
    record.append(names.clone());
    written.push((renames::FILE.to_owned(), record.to_yaml().into_bytes()));
    gone.retain(|path| written.iter().all(|(p, _)| p != path));
    let (added, changed) = files::write(&located.root, &existing, &written)?;
    files::remove(&located.root, &gone)?;
    let marks = [("+", &added), ("~", &changed), ("-", &gone)];
    for (mark, path) in marks.iter().flat_map(|(m, paths)| paths.iter().map(move |p| (m, p))) {
        app.printer.result(&format!("  {mark} {path}"));
    }
    app.printer.warnings(&in_configuration(&located.project.file, &names)?);
    if kind.spec().rename.is_none() {
        app.printer.say(&format!(
            "The service does not rename a {name}: each target makes a new one, and `--prune` takes the old one out of use."
        ));
    }
    if app.printer.is_json() {
        let body = json!({ "added": added, "changed": changed, "removed": gone });
        app.printer.json("rename", &body);
    }
    Ok(Exit::Done)
}

/// Lines of the configuration that still say the old name: a person decides about them.
fn in_configuration(
    file: &str,
    names: &BTreeMap<(&'static str, String), String>,
) -> Result<Vec<Diagnostic>, Report> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut found = Vec::new();
    for ((kind, old), new) in names {
        let key = format!("{kind}:{old}");
        for (number, _) in text.lines().enumerate().filter(|(_, line)| line.contains(&key)) {
            let message = format!("`{key}` stands here by its old name");
            let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let told = Diagnostic::warning("TL0204", message).in_file(file).at(line, 1);
            found.push(told.help(format!("write `{kind}:{new}`, if it means the renamed one")));
        }
    }
    Ok(found)
}
