//! Where the documents of a project lie: which file holds which resource.
//!
//! A file may be called anything, so an export writes a resource into the file that holds it already, and
//! gives new ones a file of their own. What cannot be read holds nothing.

use crate::document::{Document, Documents, File, ending, kind_of_path, read_file, write_file};
use crate::filename::{short_hash, stems};
use crate::kind::{Kind, KindName};
use crate::kinds;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The files of one resource; paths relative to the project, with `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its document.
    pub file: String,
    /// What lies beside it (a prompt's audio).
    pub attachment: Option<String>,
}

/// The files of all resources of a project, by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<(KindName, String), Place>);

impl Places {
    /// Looks into files. Of two documents of one name the first by path counts.
    pub fn of(files: &[File]) -> Self {
        let by_path = files.iter().map(|(p, b)| (p.as_str(), b.as_slice())).collect();
        let mut all = Self::default();
        for (path, bytes) in files {
            let Some(kind) = kind_of_path(path) else { continue };
            let read = read_file(kind, path, bytes, &by_path, &mut BTreeMap::new());
            let Ok(document) = read else { continue };
            let attachment = attachment_of(kind, path, bytes);
            let place = Place { file: path.clone(), attachment };
            all.0.entry((kind.spec().name, document.name)).or_insert(place);
        }
        all
    }

    /// The files of one resource.
    pub fn get(&self, kind: KindName, name: &str) -> Option<&Place> {
        self.0.get(&(kind, name.to_owned()))
    }

    /// Forgets where a resource lies, and says where it was.
    pub fn remove(&mut self, kind: KindName, name: &str) -> Option<Place> {
        self.0.remove(&(kind, name.to_owned()))
    }

    /// Says where a resource lies.
    pub fn insert(&mut self, kind: KindName, name: &str, place: Place) {
        self.0.insert((kind, name.to_owned()), place);
    }

    /// All of them, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = (KindName, &str, &Place)> {
        self.0.iter().map(|((kind, name), place)| (*kind, name.as_str(), place))
    }
}

impl Place {
    /// Its files.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.file.as_str()).chain(self.attachment.as_deref())
    }
}

fn attachment_of(kind: &dyn Kind, path: &str, bytes: &[u8]) -> Option<String> {
    let field = kind.spec().attachment?;
    let body = crate::yaml::read(std::str::from_utf8(bytes).ok()?).ok()?;
    let file = body.get(field)?.as_str()?;
    Some(path.rsplit_once('/').map_or(file.to_owned(), |(folder, _)| format!("{folder}/{file}")))
}

impl Documents {
    /// Gives the files of all documents, in order of path, each named after its resource.
    pub fn files(&self) -> Vec<File> {
        self.files_at(&Places::default())
    }

    /// The same, with the files that resources lie in already. A new one never takes the file of another.
    pub fn files_at(&self, places: &Places) -> Vec<File> {
        let mut files = Vec::new();
        for kind in kinds::ALL {
            let spec = kind.spec();
            let mut taken: BTreeSet<String> =
                places.iter().map(|(.., place)| place.file.to_lowercase()).collect();
            let documents: Vec<&Document> = self.iter().filter(|d| d.kind == spec.name).collect();
            let mut names: Vec<&str> = documents.iter().map(|d| d.name.as_str()).collect();
            // Names that differ by case only get a hash, whether or not they are written now.
            let others = places.iter().filter(|(kind, ..)| *kind == spec.name);
            names.extend(
                others.map(|(_, name, _)| name).filter(|n| self.get(spec.name, n).is_none()),
            );
            for (document, stem) in documents.iter().zip(stems(&names)) {
                let place = places.get(spec.name, &document.name).cloned();
                let place = place.unwrap_or_else(|| new_place(*kind, stem, &document.name, &taken));
                taken.insert(place.file.to_lowercase());
                files.extend(self.files_of(*kind, document, place));
            }
        }
        files.sort();
        files
    }

    fn files_of(&self, kind: &dyn Kind, document: &Document, place: Place) -> Vec<File> {
        let (mut files, mut body) = (Vec::new(), document.body.clone());
        if let Some(field) = kind.spec().attachment {
            let bytes = body.get(field).and_then(Value::as_str);
            let beside = place.attachment.unwrap_or_else(|| {
                let stem =
                    place.file.rsplit_once('.').map_or(place.file.as_str(), |(stem, _)| stem);
                format!("{stem}.wav")
            });
            if let Some(bytes) = bytes.and_then(|name| self.attachments.get(name)) {
                let name = beside.rsplit('/').next().unwrap_or(&beside);
                body.insert(field.to_owned(), json!(name));
                files.push((beside, bytes.clone()));
            }
        }
        files.push(write_file(kind, place.file, &document.name, body));
        files
    }
}

fn new_place(kind: &dyn Kind, stem: String, name: &str, taken: &BTreeSet<String>) -> Place {
    let spec = kind.spec();
    let path = |stem: &str| format!("{}/{stem}.{}", spec.folder, ending(spec.format));
    let file = path(&stem);
    let is_taken = taken.contains(&file.to_lowercase());
    let file = if is_taken { path(&format!("{stem}~{}", short_hash(name))) } else { file };
    Place { file, attachment: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> Document {
        let body = json!({ "MaxContacts": 3 }).as_object().cloned().unwrap_or_default();
        Document { kind: "queue", name: name.to_owned(), body, file: None }
    }

    fn paths(names: &[&str], existing: &[(&str, &str)]) -> Vec<String> {
        let mut documents = Documents::default();
        for name in names {
            documents.insert(queue(name)).expect("names differ");
        }
        let text = |name: &str| format!("Name: {name}\n").into_bytes();
        let files: Vec<File> = existing.iter().map(|(p, n)| ((*p).to_owned(), text(n))).collect();
        let files = documents.files_at(&Places::of(&files));
        files.into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn a_resource_stays_in_the_file_that_holds_it() {
        let existing =
            [("connect/queues/mine.yml", "Sales"), ("connect/queues/Sales.yaml", "Other")];
        let paths = paths(&["Sales", "New"], &existing);
        assert_eq!(paths, ["connect/queues/New.yaml", "connect/queues/mine.yml"]);
    }

    #[test]
    fn a_new_resource_takes_no_file_of_another() {
        let hash = short_hash("Sales");
        let existing = [("connect/queues/Sales.yaml", "Other")];
        assert_eq!(paths(&["Sales"], &existing), [format!("connect/queues/Sales~{hash}.yaml")]);
        let hash = short_hash("sales");
        let existing = [("connect/queues/Sales.yaml", "Sales")];
        assert_eq!(paths(&["sales"], &existing), [format!("connect/queues/sales~{hash}.yaml")]);
    }
}
