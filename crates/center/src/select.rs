//! Selections: which documents `--only` takes.
//!
//! A pattern is a kind, or a kind and a name in which `*` stands for anything. What a selected document refers
//! to must be settled where it goes (in the repository for an export, in the target for a plan), or be
//! selected as well: else the command stops and names it.

use crate::document::{Document, Documents};
use crate::kind::KindName;
use crate::kinds;
use crate::near::nearest;
use crate::replicas::is_copied;
use crate::resolve::references;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::{Diagnostic, Report};

/// What `--only` was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    kind: KindName,
    /// The name, with `*`; None takes the whole kind.
    name: Option<String>,
}

type Key = (KindName, String);

/// What a plan looks at: what was selected, and the documents that come along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    selection: Selection,
    documents: BTreeSet<(String, String)>,
}

impl Only {
    /// From a selection and what `Selection::select` made of it.
    pub fn new(selection: Selection, taken: &Documents) -> Self {
        let key = |d: &Document| (d.kind.to_owned(), d.name.clone());
        Self { selection, documents: taken.iter().map(key).collect() }
    }

    /// What is written to a replica itself: the kinds that AWS does not copy, within what was selected. Documents
    /// that refer to what is not there yet are left out, and returned for people.
    pub fn of_replica(
        selected: Option<&Selection>,
        documents: &Documents,
        is_there: &dyn Fn(&str, &str) -> bool,
    ) -> (Self, Vec<String>) {
        let own = documents.iter().filter(|d| !is_copied(d.kind));
        let own = own.filter(|d| selected.is_none_or(|s| s.takes(d.kind, &d.name)));
        let ready = |d: &&Document| {
            let mut needed = dependencies(documents, d).into_iter();
            needed.all(|(kind, name)| !is_copied(kind) || is_there(kind, &name))
        };
        let (taken, left): (Vec<&Document>, Vec<&Document>) = own.partition(ready);
        let named = |d: &&Document| (d.kind.to_owned(), d.name.clone());
        let documents = taken.iter().map(named).collect();
        let left = left.into_iter().map(Document::subject).collect();
        (Self { selection: Selection(Vec::new()), documents }, left)
    }

    /// Whether it holds a resource, which need not have a document.
    pub fn takes(&self, kind: &str, name: &str) -> bool {
        self.selection.takes(kind, name)
            || self.documents.contains(&(kind.to_owned(), name.to_owned()))
    }
}

impl Selection {
    /// Reads patterns; each text may hold several, separated by commas. A comma in a name is one where no
    /// kind follows it. TL0716: an unknown kind.
    pub fn parse(texts: &[String]) -> Result<Self, Report> {
        let (mut patterns, mut problems) = (Vec::<Pattern>::new(), Vec::new());
        for text in texts {
            let mut first = true;
            for part in text.split(',') {
                match (pattern(part.trim()), patterns.last_mut()) {
                    (Some(pattern), _) => patterns.push(pattern),
                    (None, Some(Pattern { name: Some(name), .. })) if !first => {
                        name.push(',');
                        name.push_str(part);
                    }
                    _ => problems.push(unknown(part)),
                }
                first = false;
            }
        }
        if problems.is_empty() { Ok(Self(patterns)) } else { Err(Report(problems)) }
    }

    /// Whether a resource is selected by its own name.
    pub fn takes(&self, kind: &str, name: &str) -> bool {
        self.0.iter().any(|p| p.kind == kind && p.name.as_ref().is_none_or(|n| fits(n, name)))
    }

    /// The selected documents, with everything they refer to, directly or not, where that is wanted.
    /// `is_settled` says of a kind and name whether it need not come along. TL0715: it is not settled, and
    /// nobody selected it.
    pub fn select(
        &self,
        documents: &Documents,
        with_dependencies: bool,
        is_settled: &dyn Fn(&str, &str) -> bool,
    ) -> Result<Documents, Report> {
        let own = documents.iter().filter(|d| self.takes(d.kind, &d.name));
        let own: BTreeSet<Key> = own.map(key).collect();
        let (mut taken, mut open) = (own.clone(), own.into_iter().collect::<Vec<_>>());
        let mut missing: BTreeMap<Key, String> = BTreeMap::new();
        while let Some((kind, name)) = open.pop() {
            let Some(document) = documents.get(kind, &name) else { continue };
            for needed in dependencies(documents, document) {
                if taken.contains(&needed) {
                    continue;
                }
                if with_dependencies {
                    taken.insert(needed.clone());
                    open.push(needed);
                } else if !is_settled(needed.0, &needed.1) {
                    missing.entry(needed).or_insert_with(|| document.subject());
                }
            }
        }
        if !missing.is_empty() {
            return Err(Report(missing.iter().map(left_out).collect()));
        }
        Ok(only(documents, &taken))
    }

    /// TL0716 for every pattern that none of these resources fits; the names that are close stand beside it.
    pub fn check_all_fit<'a>(
        &self,
        known: impl Iterator<Item = (KindName, &'a str)>,
    ) -> Result<(), Report> {
        let known: Vec<(KindName, &str)> = known.collect();
        let unused = self.0.iter().filter_map(|pattern| {
            let name = pattern.name.as_ref()?;
            let mut names = known.iter().filter(|(kind, _)| *kind == pattern.kind).map(|(_, n)| *n);
            if names.clone().any(|own| fits(name, own)) {
                return None;
            }
            let near = nearest(name, &mut names).map(str::to_owned);
            let found = Diagnostic::error("TL0716", format!("no {} fits `{name}`", pattern.kind));
            Some(match near {
                Some(near) => found.help(format!("did you mean `{}:{near}`?", pattern.kind)),
                None => found.help("a name counts with its case; `*` stands for anything"),
            })
        });
        let unused: Vec<Diagnostic> = unused.collect();
        if unused.is_empty() { Ok(()) } else { Err(Report(unused)) }
    }
}

/// Selects from documents; what is left out counts as settled nowhere. TL0715, TL0716.
pub fn select(
    documents: &Documents,
    patterns: &[String],
    with_dependencies: bool,
) -> Result<Documents, Report> {
    let selection = Selection::parse(patterns)?;
    selection.check_all_fit(documents.iter().map(|d| (d.kind, d.name.as_str())))?;
    selection.select(documents, with_dependencies, &|_, _| false)
}

fn pattern(text: &str) -> Option<Pattern> {
    match text.split_once(':') {
        Some((kind, name)) => Some(Pattern { kind: kind_of(kind)?, name: Some(name.to_owned()) }),
        None => Some(Pattern { kind: kind_of(text)?, name: None }),
    }
}

/// A kind by its name, in the plural too.
fn kind_of(text: &str) -> Option<KindName> {
    let kind = kinds::get(text).or_else(|| kinds::get(text.strip_suffix('s')?));
    kind.map(|kind| kind.spec().name)
}

fn unknown(part: &str) -> Diagnostic {
    let word = part.split(':').next().unwrap_or_default().trim();
    let all = || kinds::ALL.iter().map(|kind| kind.spec().name);
    let found = Diagnostic::error("TL0716", format!("there is no kind `{word}`"));
    match nearest(word, all()) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found.help(format!("the kinds are {}", all().collect::<Vec<_>>().join(", "))),
    }
}

fn key(document: &Document) -> Key {
    (document.kind, document.name.clone())
}

fn left_out((needed, by): (&Key, &String)) -> Diagnostic {
    let (kind, name) = needed;
    Diagnostic::error("TL0715", format!("{kind} \"{name}\" is needed and not selected"))
        .because(format!("{by} refers to it"))
        .help(format!("add `--with-dependencies`, or `--only \"{kind}:{name}\"`"))
}

/// What a document refers to and the project holds, each once. A function or bot stands for its association:
/// flows can use it only where the instance may.
fn dependencies(documents: &Documents, document: &Document) -> BTreeSet<Key> {
    let mut found = BTreeSet::new();
    for reference in references(&Value::Object(document.body.clone())) {
        let name = reference.name.as_str();
        let of = |kind: &str, fits: &dyn Fn(&str) -> bool| -> Vec<Key> {
            let all = documents.iter().filter(|d| d.kind == kind && fits(&d.name));
            all.map(key).collect()
        };
        found.extend(match reference.kind.as_str() {
            "lambda" => of("lambda-association", &|own| {
                own == name || own.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
            }),
            "lex" => of("bot-association", &|own| own == name),
            kind => documents.get(kind, name).map(key).into_iter().collect(),
        });
    }
    found.remove(&key(document));
    found
}

fn only(documents: &Documents, taken: &BTreeSet<Key>) -> Documents {
    let mut selected = Documents::default();
    for document in documents.iter().filter(|d| taken.contains(&key(d))) {
        let attachment = kinds::get(document.kind).and_then(|kind| kind.spec().attachment);
        let name = attachment.and_then(|field| document.body.get(field)?.as_str());
        if let Some((name, bytes)) = name.and_then(|n| documents.attachments.get_key_value(n)) {
            selected.attachments.insert(name.clone(), bytes.clone());
        }
        let inserted = selected.insert(document.clone());
        debug_assert!(inserted.is_ok(), "names were unique before");
    }
    selected
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    starts.into_iter().any(|at| fits(rest, &name[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn documents() -> Documents {
        let mut all = Documents::default();
        for (kind, name, refers) in [
            ("flow", "Main", "${flow:Menu} ${queue:Sales} ${lambda:lookup}"),
            ("flow", "Menu", "${flow:Main} ${prompt:Hi}"),
            ("flow", "Other, too", ""),
            ("queue", "Sales", "${hours:Day}"),
            ("queue", "Support", ""),
            ("hours", "Day", ""),
            ("prompt", "Hi", ""),
            ("lambda-association", "lookup:live", "${lambda:lookup}:live"),
        ] {
            let kind = kinds::get(kind).expect("a kind").spec().name;
            let mut body =
                json!({ "description": refers }).as_object().cloned().expect("an object");
            if kind == "prompt" {
                body.insert("Audio".into(), json!("sha256:1"));
            }
            let document = Document { kind, name: name.to_owned(), body, file: None };
            all.insert(document).expect("names differ");
        }
        all.attachments.insert("sha256:1".into(), vec![1]);
        all.attachments.insert("sha256:2".into(), vec![2]);
        all
    }

    fn names(found: &Documents) -> Vec<String> {
        found.iter().map(|d| format!("{}:{}", d.kind, d.name)).collect()
    }

    #[track_caller]
    fn check(patterns: &[&str], settled: &[&str], with_dependencies: bool, wanted: &[&str]) {
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        let selection = Selection::parse(&patterns).expect("patterns");
        let settled = |kind: &str, name: &str| settled.contains(&format!("{kind}:{name}").as_str());
        let found = selection.select(&documents(), with_dependencies, &settled);
        let found = found.map(|d| names(&d)).unwrap_or_else(|report| {
            report.0.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
        });
        assert_eq!(found, wanted);
    }

    #[test]
    fn kinds_and_names_are_taken_and_nothing_else() {
        check(&["queue,hours"], &[], false, &["hours:Day", "queue:Sales", "queue:Support"]);
        check(&["queues"], &["hours:Day"], false, &["queue:Sales", "queue:Support"]);
        check(&["queue:S*p*t"], &[], false, &["queue:Support"]);
        check(&["flow:Other, too,hours:Day"], &[], false, &["flow:Other, too", "hours:Day"]);
    }

    #[test]
    fn what_is_left_out_and_not_settled_is_named() {
        let needed = "TL0715 flow \"Main\" is needed and not selected";
        let prompt = "TL0715 prompt \"Hi\" is needed and not selected";
        check(&["flow:Menu"], &[], false, &[needed, prompt]);
        check(&["flow:Menu"], &["flow:Main", "prompt:Hi"], false, &["flow:Menu"]);
    }

    #[test]
    fn dependencies_come_along_in_circles_too_with_their_audio() {
        let all = [
            "flow:Main",
            "flow:Menu",
            "hours:Day",
            "lambda-association:lookup:live",
            "prompt:Hi",
            "queue:Sales",
        ];
        check(&["flow:Menu"], &[], true, &all);
        let found = select(&documents(), &["flow:Menu".to_owned()], true).expect("all are there");
        assert_eq!(found.attachments.keys().collect::<Vec<_>>(), ["sha256:1"]);
    }

    #[test]
    fn what_fits_nothing_is_refused_with_what_is_close() {
        for (pattern, says) in
            [("ques:Sales", "queue"), ("queue:Saled", "queue:Sales"), ("flow:menu", "flow:Menu")]
        {
            let report = select(&documents(), &[pattern.to_owned()], true).expect_err(pattern);
            assert_eq!(report.0[0].code, "TL0716");
            assert!(report.0[0].help.as_ref().is_some_and(|h| h.contains(says)), "{report:?}");
        }
    }
}
