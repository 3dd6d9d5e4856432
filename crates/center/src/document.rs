//! Documents: resources as files, free of any account, region, instance or id.
//!
//! Reads files that somebody else loaded and gives files that somebody else writes. The same resources
//! always give the same bytes. All problems of all files are reported at once.

use crate::filename::hex;
use crate::kind::{Format, Kind, KindName};
use crate::kinds;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use trunkline_flow::reference;
use trunkline_model::{Diagnostic, Report};

/// One resource as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its kind.
    pub kind: KindName,
    /// Its name: plain text, never a reference.
    pub name: String,
    /// Its fields, with references.
    pub body: Map<String, Value>,
    /// The file that it was read from.
    pub file: Option<String>,
}

/// All documents of a project, and the bytes that belong to them.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    documents: BTreeMap<(KindName, String), Document>,
    /// Bytes by their `sha256:` name.
    pub attachments: BTreeMap<String, Vec<u8>>,
}

/// A file: path relative to the project, with `/`, and bytes.
pub type File = (String, Vec<u8>);

impl Document {
    /// Names it for people: `flow "Main"`.
    pub fn subject(&self) -> String {
        subject(self.kind, &self.name)
    }
}

/// Names a resource for people: `flow "Main"`.
pub fn subject(kind: &str, name: &str) -> String {
    format!("{kind} \"{name}\"")
}

/// Where a reference stands in a body, as a JSON pointer; empty where it does not.
pub(crate) fn path_of(body: &Value, wanted: &reference::Reference) -> String {
    let (mut body, mut found, wanted) = (body.clone(), String::new(), wanted.to_string());
    let walked = trunkline_flow::rewrite::map_strings::<()>(&mut body, &mut |path, text| {
        if found.is_empty() && text.contains(&wanted) {
            found = path.to_string();
        }
        Ok(None)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    found
}

/// The `sha256:` name of an attachment.
pub fn attachment_name(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

impl Documents {
    /// Adds a document; gives it back where its name is taken.
    pub fn insert(&mut self, document: Document) -> Result<(), Box<Document>> {
        let key = (document.kind, document.name.clone());
        if self.documents.contains_key(&key) {
            return Err(Box::new(document));
        }
        self.documents.insert(key, document);
        Ok(())
    }

    /// Returns one document.
    pub fn get(&self, kind: &str, name: &str) -> Option<&Document> {
        let kind = kinds::get(kind)?.spec().name;
        self.documents.get(&(kind, name.to_owned()))
    }

    /// Takes one document out.
    pub fn remove(&mut self, kind: KindName, name: &str) -> Option<Document> {
        self.documents.remove(&(kind, name.to_owned()))
    }

    /// All documents, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.documents.values()
    }

    /// All documents, to change them in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Document> {
        self.documents.values_mut()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Reads the files of a project; those outside the folders of the kinds are passed over.
    pub fn load(files: &[File]) -> Result<Self, Report> {
        let by_path: BTreeMap<&str, &[u8]> =
            files.iter().map(|(p, b)| (p.as_str(), b.as_slice())).collect();
        let (mut all, mut problems) = (Self::default(), Vec::new());
        for (path, bytes) in files {
            let Some(kind) = kind_of_path(path) else { continue };
            match read_file(kind, path, bytes, &by_path, &mut all.attachments) {
                Ok(document) => {
                    if let Err(second) = all.insert(document) {
                        let first = all.get(second.kind, &second.name);
                        let other = first.and_then(|d| d.file.clone()).unwrap_or_default();
                        problems.push(
                            Diagnostic::error(
                                "TL0203",
                                format!("a second document for {}", second.subject()),
                            )
                            .in_file(path)
                            .because(format!("the first is {other}"))
                            .help("rename one of the two, or delete one file"),
                        );
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(Report(problems)) }
    }
}

pub(crate) fn kind_of_path(path: &str) -> Option<&'static dyn Kind> {
    let (folder, file) = path.rsplit_once('/')?;
    let kind = kinds::ALL.iter().copied().find(|k| k.spec().folder == folder)?;
    let ending = file.rsplit_once('.').map(|(_, e)| e);
    let fits = match kind.spec().format {
        Format::Yaml => matches!(ending, Some("yaml" | "yml")),
        Format::Json => ending == Some("json"),
    };
    fits.then_some(kind)
}

fn name_key(format: Format) -> &'static str {
    match format {
        Format::Yaml => "Name",
        Format::Json => "name",
    }
}

/// The field of a document that holds its tags.
pub(crate) fn tags_key(format: Format) -> &'static str {
    match format {
        Format::Yaml => "Tags",
        Format::Json => "tags",
    }
}

/// The ending of a kind's files.
pub(crate) fn ending(format: Format) -> &'static str {
    match format {
        Format::Yaml => "yaml",
        Format::Json => "json",
    }
}

pub(crate) fn write_file(
    kind: &dyn Kind,
    path: String,
    name: &str,
    body: Map<String, Value>,
) -> File {
    let spec = kind.spec();
    let mut whole = Map::new();
    whole.insert(name_key(spec.format).to_owned(), json!(spec.own_name(name)));
    whole.extend(crate::export::ordered(kind, body));
    let text = match spec.format {
        Format::Json => trunkline_flow::canonical::to_pretty_string(&Value::Object(whole)),
        Format::Yaml => crate::yaml::write(&whole),
    };
    (path, text.into_bytes())
}

pub(crate) fn read_file(
    kind: &'static dyn Kind,
    path: &str,
    bytes: &[u8],
    files: &BTreeMap<&str, &[u8]>,
    attachments: &mut BTreeMap<String, Vec<u8>>,
) -> Result<Document, Vec<Diagnostic>> {
    let spec = kind.spec();
    let one = |d: Diagnostic| vec![d.in_file(path)];
    let text = std::str::from_utf8(bytes)
        .map_err(|e| one(Diagnostic::error("TL0201", format!("not UTF-8 text: {e}"))))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(line) = marked(text) {
        let found = Diagnostic::error("TL0710", "a merge left both versions in the file");
        return Err(one(found.at(line, 1).help(
            "keep one version and remove the lines with markers, then `git add` the file and \
             `git commit`; `git merge --abort` goes back",
        )));
    }
    let mut body = match spec.format {
        Format::Json => crate::json::read(kind, path, text).map_err(one)?,
        Format::Yaml => crate::yaml::read(text).map_err(one)?,
    };
    let name = body.shift_remove(name_key(spec.format));
    let Some(Value::String(name)) = name.filter(|n| n.as_str().is_some_and(|s| !s.is_empty()))
    else {
        let key = name_key(spec.format);
        let missing = Diagnostic::error("TL0202", format!("`{key}` is missing or is no text"));
        return Err(one(missing.help(format!("add `{key}` with the resource's name"))));
    };
    let name = spec.full_name(&name, &body);
    let mut document = Document { kind: spec.name, name, body, file: Some(path.to_owned()) };
    if let Some(field) = spec.attachment {
        attach(&mut document, field, path, files, attachments).map_err(one)?;
    }
    kind.canonical(&mut document.body);
    let problems = check_fields(kind, &document);
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

/// The line of the first conflict marker that git left, from 1. Inside a document no text begins a line so.
fn marked(text: &str) -> Option<u32> {
    let at = |marker: &str| text.lines().position(|line| line.starts_with(marker));
    let (first, middle, last) = (at("<<<<<<< ")?, at("=======")?, at(">>>>>>> ")?);
    (first < middle && middle < last).then(|| u32::try_from(first + 1).unwrap_or(u32::MAX))
}

fn attach(
    document: &mut Document,
    field: &str,
    path: &str,
    files: &BTreeMap<&str, &[u8]>,
    attachments: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), Diagnostic> {
    let Some(Value::String(file)) = document.body.get(field) else { return Ok(()) };
    let beside =
        path.rsplit_once('/').map_or(file.clone(), |(folder, _)| format!("{folder}/{file}"));
    let bytes = files.get(beside.as_str()).ok_or_else(|| {
        Diagnostic::error("TL0202", format!("`{field}` names a file that is not there: {beside}"))
            .on(document.subject())
            .help("add the file, or correct its name")
    })?;
    let name = attachment_name(bytes);
    document.body.insert(field.to_owned(), json!(name));
    attachments.insert(name, bytes.to_vec());
    Ok(())
}

/// Unknown fields and references that cannot be read.
fn check_fields(kind: &dyn Kind, document: &Document) -> Vec<Diagnostic> {
    let spec = kind.spec();
    let path = document.file.clone().unwrap_or_default();
    let mut problems = Vec::new();
    for field in document.body.keys() {
        let tags = field == tags_key(spec.format) && spec.create.as_ref().is_some_and(|c| c.tags);
        if !spec.fields.contains(&field.as_str()) && !tags {
            let near = crate::near::nearest(field, spec.fields.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("remove it; the kind has: {}", spec.fields.join(", ")),
            };
            problems.push(
                Diagnostic::error(
                    "TL0209",
                    format!("`{field}` is not a field of the kind {}", spec.name),
                )
                .in_file(&path)
                .on(document.subject())
                .help(help),
            );
        }
    }
    let mut value = Value::Object(document.body.clone());
    let walked = trunkline_flow::rewrite::map_strings::<()>(&mut value, &mut |at, text| {
        let broken = reference::is_candidate(text).then(|| reference::parse(text).err()).flatten();
        if let Some(error) = broken {
            problems.push(
                Diagnostic::error("TL0205", error.to_string())
                    .in_file(&path)
                    .on(document.subject())
                    .path(at.to_string())
                    .help("write a literal `${` as `$${`"),
            );
        }
        Ok(None)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &str, text: &str) -> Option<(String, Option<u32>)> {
        let report = Documents::load(&[(path.to_owned(), text.as_bytes().to_vec())]).err()?;
        Some((report.0[0].code.clone(), report.0[0].place.line))
    }

    #[test]
    fn conflict_markers_are_told_by_line_and_taken_for_nothing_else() {
        let both = "<<<<<<< HEAD\nMaxContacts: 7\n=======\nMaxContacts: 9\n>>>>>>> other\n";
        let found = problem("connect/queues/a.yaml", &format!("Name: a\n{both}"));
        assert_eq!(found, Some(("TL0710".to_owned(), Some(2))));
        let found = problem("connect/flows/a.json", &format!("{{\n{both}}}\n"));
        assert_eq!(found, Some(("TL0710".to_owned(), Some(2))));
        let text = "Name: a\nDescription: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> x\n";
        assert_eq!(problem("connect/queues/a.yaml", text), None);
    }
}
