//! What an export changes in the files of a project: which are written, moved, and no longer stand for anything.
//!
//! The files are those of the last export where that is known, so that only what changed in the instance
//! changes. What vanished from the instance is proposed, and goes only where that was accepted.

use crate::document::{File, subject};
use crate::export::Exported;
use crate::kind::KindName;
use crate::places::{Place, Places};
use crate::renames::{self, Ids, Renames};
use std::collections::{BTreeMap, BTreeSet};

/// What an export starts from and what it may do.
pub struct Start<'a> {
    /// The files that it builds upon, with those of all kinds and the renames.
    pub files: &'a [File],
    /// The ids that an earlier export found.
    pub ids: Option<&'a Ids>,
    /// Whether that export is the one that the files are from.
    pub ids_are_latest: bool,
    /// Whether a resource is looked at: its kind was read, it is in scope and selected.
    pub looks_at: &'a dyn Fn(&str, &str) -> bool,
    /// Files that the branch has changed since: what is merged into them must be of the same resource.
    pub edited: &'a BTreeSet<String>,
    /// Whether files of what vanished are removed.
    pub accept_deletions: bool,
}

/// What changes.
#[derive(Clone, Debug, Default)]
pub struct Revision {
    /// Files with their new bytes; some may be as they were.
    pub writes: Vec<File>,
    /// Files that go.
    pub removes: Vec<String>,
    /// What the instance no longer holds: named for people, with its file.
    pub gone: Vec<(String, String)>,
    /// What has another name: kind, old and new name.
    pub renamed: Vec<(KindName, String, String)>,
    /// The ids as they are now, those of what is gone and kept included.
    pub ids: Ids,
}

/// Says what an export changes.
pub fn revise(exported: &Exported, start: &Start<'_>) -> Revision {
    let mut places = Places::of(start.files);
    let (none, documents) = (Ids::new(), &exported.documents);
    let before = start.ids.unwrap_or(&none);
    let now: Ids = exported
        .ids
        .iter()
        .filter(|((k, n), _)| documents.get(k, n).is_some())
        .map(owned)
        .collect();
    let has = |kind: KindName, name: &str| places.get(kind, name).is_some();
    let renamed = renames::recognise(before, &now, &has, start.ids_are_latest);
    let mut left = moved(&mut places, &renamed, start.edited);
    let vanished = |kind: KindName, name: &str| {
        let key = (kind, name.to_owned());
        (start.looks_at)(kind, name) && !exported.present.contains(&key)
    };
    let gone: Vec<(KindName, String, Place)> = places
        .iter()
        .filter(|(kind, name, _)| vanished(kind, name))
        .map(|(kind, name, place)| (kind, name.to_owned(), place.clone()))
        .collect();
    let mut ids = kept_ids(before, &now);
    if start.accept_deletions {
        for (kind, name, _) in &gone {
            left.extend(places.remove(kind, name));
            ids.remove(&(*kind, name.clone()));
        }
    }
    ids.extend(now);
    let mut writes = documents.files_at(&places);
    writes.extend(renames_file(start.files, &renamed));
    let written: BTreeSet<&str> = writes.iter().map(|(path, _)| path.as_str()).collect();
    // Audio that a document no longer names goes with the place that it left.
    let dropped =
        documents.iter().filter_map(|d| places.get(d.kind, &d.name)?.attachment.as_deref());
    let removes: BTreeSet<String> =
        left.iter().flat_map(Place::paths).chain(dropped).map(str::to_owned).collect();
    Revision {
        removes: removes.into_iter().filter(|path| !written.contains(path.as_str())).collect(),
        gone: gone
            .into_iter()
            .map(|(kind, name, place)| (subject(kind, &name), place.file))
            .collect(),
        renamed: renamed.into_iter().map(|((kind, old), new)| (kind, old, new)).collect(),
        ids,
        writes,
    }
}

/// Takes what was renamed out of its files; returns those that are free then.
///
/// Where one moves into the file of another and somebody works on one of them, all stay where they are: the
/// work would be merged into the wrong resource.
fn moved(
    places: &mut Places,
    renamed: &BTreeMap<(KindName, String), String>,
    edited: &BTreeSet<String>,
) -> Vec<Place> {
    let mut left = Vec::new();
    for ((kind, old), new) in renamed {
        left.extend(places.remove(kind, old).map(|place| (*kind, new, place)));
    }
    let exchanged =
        renamed.iter().any(|((kind, _), new)| renamed.contains_key(&(*kind, new.clone())));
    let worked_on = left.iter().any(|(.., place)| place.paths().any(|path| edited.contains(path)));
    if exchanged && worked_on {
        for (kind, new, place) in left {
            places.insert(kind, new, place);
        }
        return Vec::new();
    }
    left.into_iter().map(|(.., place)| place).collect()
}

fn owned((key, id): (&(KindName, String), &String)) -> ((KindName, String), String) {
    (key.clone(), id.clone())
}

/// The earlier ids of what this export does not name.
fn kept_ids(before: &Ids, now: &Ids) -> Ids {
    let known: BTreeSet<(KindName, &str)> =
        now.iter().map(|((k, _), id)| (*k, id.as_str())).collect();
    let kept = before.iter().filter(|((kind, _), id)| !known.contains(&(*kind, id.as_str())));
    kept.map(owned).collect()
}

/// The file of renames with a new entry; the lines before it stay as they are.
fn renames_file(files: &[File], renamed: &BTreeMap<(KindName, String), String>) -> Option<File> {
    if renamed.is_empty() {
        return None;
    }
    let before = files.iter().find(|(path, _)| path == renames::FILE);
    let mut bytes = before.map(|(_, bytes)| bytes.clone()).unwrap_or_default();
    // A file that cannot be read is reported by the plan; the new entry is none the worse for it.
    let mut all = Renames::parse(&bytes).unwrap_or_default();
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes.extend(all.append(renamed.clone()).line().into_bytes());
    bytes.push(b'\n');
    Some((renames::FILE.to_owned(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use serde_json::json;

    /// An export of queues: name and id.
    fn exported(queues: &[(&str, &str)]) -> Exported {
        let mut all = Exported::default();
        for (name, id) in queues {
            let body = json!({ "MaxContacts": id.len() }).as_object().cloned().unwrap_or_default();
            let document = Document { kind: "queue", name: (*name).to_owned(), body, file: None };
            all.documents.insert(document).expect("names differ");
            all.ids.insert(("queue", (*name).to_owned()), (*id).to_owned());
            all.present.insert(("queue", (*name).to_owned()));
        }
        all
    }

    fn start(files: &[File], ids: Option<&Ids>, accept: bool, now: &Exported) -> Revision {
        start_edited(files, ids, accept, now, &[])
    }

    fn start_edited(
        files: &[File],
        ids: Option<&Ids>,
        accept: bool,
        now: &Exported,
        edited: &[&str],
    ) -> Revision {
        let looks_at = |_: &str, name: &str| name != "Unseen";
        let edited = &edited.iter().map(|path| (*path).to_owned()).collect();
        let start = Start {
            files,
            ids,
            ids_are_latest: true,
            looks_at: &looks_at,
            edited,
            accept_deletions: accept,
        };
        revise(now, &start)
    }

    fn written(revision: &Revision, path: &str) -> String {
        let found = revision.writes.iter().find(|(p, _)| p == path);
        found.map(|(_, b)| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    }

    #[test]
    fn what_vanished_is_proposed_and_goes_only_where_that_is_accepted() {
        let before = exported(&[("A", "1"), ("B", "22"), ("Unseen", "3")]);
        let (files, now) = (before.documents.files(), exported(&[("A", "1")]));
        let revision = start(&files, Some(&before.ids), false, &now);
        assert_eq!(revision.gone, [("queue \"B\"".to_owned(), "connect/queues/B.yaml".to_owned())]);
        assert!(revision.removes.is_empty() && revision.ids == before.ids);
        let revision = start(&files, Some(&before.ids), true, &now);
        assert_eq!(revision.removes, ["connect/queues/B.yaml"]);
        assert!(!revision.ids.contains_key(&("queue", "B".to_owned())));
    }

    #[test]
    fn a_renamed_resource_moves_and_is_recorded_once() {
        let before = exported(&[("A", "1"), ("B", "22")]);
        let (files, now) = (before.documents.files(), exported(&[("A", "1"), ("C", "22")]));
        let revision = start(&files, Some(&before.ids), false, &now);
        assert_eq!(revision.renamed, [("queue", "B".to_owned(), "C".to_owned())]);
        assert_eq!(revision.removes, ["connect/queues/B.yaml"]);
        assert!(written(&revision, "connect/queues/C.yaml").contains("Name: C"));
        assert!(written(&revision, renames::FILE).contains("\"queue:B\":\"C\""));
        assert!(revision.gone.is_empty());
        let again = start(&revision.writes, Some(&revision.ids), false, &now);
        assert!(again.renamed.is_empty() && written(&again, renames::FILE).is_empty());
    }

    #[test]
    fn exchanged_names_exchange_their_files() {
        let before = exported(&[("A", "1"), ("B", "22")]);
        let (files, now) = (before.documents.files(), exported(&[("B", "1"), ("A", "22")]));
        let revision = start(&files, Some(&before.ids), false, &now);
        assert_eq!(revision.renamed.len(), 2);
        assert!(revision.removes.is_empty());
        assert!(written(&revision, "connect/queues/A.yaml").contains("MaxContacts: 2"));
        assert_eq!(written(&revision, renames::FILE).lines().count(), 1);
    }
    #[test]
    fn what_somebody_works_on_stays_in_its_file_when_names_are_exchanged() {
        let before = exported(&[("A", "1"), ("B", "22")]);
        let (files, now) = (before.documents.files(), exported(&[("B", "1"), ("A", "22")]));
        let edited = ["connect/queues/A.yaml"];
        let revision = start_edited(&files, Some(&before.ids), false, &now, &edited);
        let text = written(&revision, "connect/queues/A.yaml");
        assert!(text.contains("Name: B") && text.contains("MaxContacts: 1"), "{text}");
        let renamed = exported(&[("C", "1"), ("B", "22")]);
        let revision = start_edited(&files, Some(&before.ids), false, &renamed, &edited);
        assert_eq!(revision.removes, edited, "git finds the edit again in the file that moved");
    }
}
