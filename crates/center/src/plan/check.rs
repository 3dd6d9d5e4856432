//! References that have no value in the target: all of them at once, before anything is written.

use super::PlanInput;
use crate::document::Document;
use crate::resolve::{OUTSIDE_KINDS, Resolver, Unresolved, references};
use serde_json::Value;
use std::collections::BTreeSet;
use trunkline_flow::reference::Reference;
use trunkline_model::Diagnostic;

/// Finds every reference that has no value. Returns the documents that are skipped because
/// the environment says `unbound`, and those that refer to them.
pub(super) fn unresolved<'a>(
    input: &PlanInput<'a>,
    resolver: &Resolver<'_>,
    findings: &mut Vec<Diagnostic>,
    problems: &mut Vec<Diagnostic>,
) -> BTreeSet<(&'static str, &'a str)> {
    let held: BTreeSet<(&str, &str)> =
        input.documents.iter().map(|d| (d.kind, d.name.as_str())).collect();
    let mut skipped: BTreeSet<(&'static str, &'a str)> = BTreeSet::new();
    loop {
        let (before, mut round, mut notes) = (skipped.len(), Vec::new(), Vec::new());
        for document in input.documents.iter() {
            let key = (document.kind, document.name.as_str());
            let selected = input.options.limits.takes(document.kind, &document.name);
            if !selected || skipped.contains(&key) {
                continue;
            }
            for reference in references(&Value::Object(document.body.clone())) {
                let place = |d: Diagnostic| located(d, document, &reference);
                let other = (reference.kind.as_str(), reference.name.as_str());
                if skipped.iter().any(|s| *s == other) {
                    notes.push(place(Diagnostic::warning(
                        "TL0207",
                        "skipped: it refers to something skipped",
                    )));
                    skipped.insert(key);
                } else if !held.contains(&other) {
                    match resolver.reference(&reference) {
                        Err(Unresolved::Unbound(_)) => {
                            notes.push(place(Diagnostic::warning(
                                "TL0207",
                                format!("skipped: {reference} is unbound here"),
                            )));
                            skipped.insert(key);
                        }
                        Err(why) => round.push(place(explain(&reference, &why, input))),
                        Ok(_) => round.extend(outside(&reference, input).map(place)),
                    }
                }
            }
        }
        findings.extend(notes);
        if skipped.len() == before {
            problems.extend(round);
            return skipped;
        }
    }
}

fn located(diagnostic: Diagnostic, document: &Document, reference: &Reference) -> Diagnostic {
    let body = Value::Object(document.body.clone());
    let path = crate::document::path_of(&body, reference);
    let diagnostic = diagnostic.on(document.subject()).path(in_words(&body, &path));
    match &document.file {
        Some(file) => diagnostic.in_file(file),
        None => diagnostic,
    }
}

/// A JSON pointer as people read it: fields with dots between them, a flow's block by its identifier, as in
/// `block "menu" (Compare) > Transitions.Conditions.0.Condition.Operands.0`.
fn in_words(body: &Value, pointer: &str) -> String {
    let plain = |pointer: &str| pointer.trim_start_matches('/').replace('/', ".");
    let block = pointer.strip_prefix("/content/Actions/").and_then(|rest| {
        let (number, rest) = rest.split_once('/')?;
        let action = body.pointer(&format!("/content/Actions/{number}"))?;
        let (id, kind) = (action.get("Identifier")?.as_str()?, action.get("Type")?.as_str()?);
        Some(format!("block \"{id}\" ({kind}) > {}", plain(rest)))
    });
    block.unwrap_or_else(|| plain(pointer))
}

fn explain(reference: &Reference, why: &Unresolved, input: &PlanInput<'_>) -> Diagnostic {
    let Reference { kind, name, .. } = reference;
    let environment = &input.options.environment;
    let bind = format!(
        "bind it in trunkline.yaml: `\"{kind}:{name}\": {{ {environment}: ... }}`, or `unbound`"
    );
    match why {
        Unresolved::NotBound(_) => {
            Diagnostic::error("TL0207", format!("{reference} has no value in {environment}"))
                .help(bind)
        }
        Unresolved::Malformed(reason) => Diagnostic::error("TL0205", reason.clone()),
        Unresolved::NoSuchKind(_) => Diagnostic::error(
            "TL0205",
            format!("{reference} has a form that its kind does not have"),
        ),
        Unresolved::Missing(_) | Unresolved::Unbound(_)
            if OUTSIDE_KINDS.contains(&kind.as_str()) =>
        {
            Diagnostic::error("TL0206", format!("{reference} does not exist in {environment}"))
                .because(format!(
                    "there is no {} of that name in account and region of the target",
                    thing(kind)
                ))
                .help("create it there, or bind the name to what the environment has")
        }
        Unresolved::Missing(_) | Unresolved::Unbound(_) => {
            let close = closest(kind, name, input);
            let missing = Diagnostic::error("TL0204", format!("{reference} stands for nothing"))
                .because(format!("no {kind} of that name is in the project or in {environment}"));
            match close {
                Some(close) => missing.help(format!("did you mean `${{{kind}:{close}}}`?")),
                None => missing.help("add its document, or correct the name"),
            }
        }
    }
}

/// What a reference to something outside the instance stands for, in words.
fn thing(kind: &str) -> &str {
    match kind {
        "lambda" => "function",
        "lex" => "bot alias",
        "phone" => "phone number",
        other => other,
    }
}

/// The name of the same kind that is nearest, where one is near.
fn closest(kind: &str, name: &str, input: &PlanInput<'_>) -> Option<String> {
    let names = input.documents.iter().filter(|d| d.kind == kind).map(|d| d.name.as_str());
    crate::near::nearest(name, names).map(str::to_owned)
}

/// Functions that the target lacks: their ARNs can be written, so only the snapshot knows.
fn outside(reference: &Reference, input: &PlanInput<'_>) -> Option<Diagnostic> {
    let mut known = input.snapshot.functions_missing.iter();
    let missing = known.find(|(name, _)| reference.kind == "lambda" && *name == reference.name)?;
    Some(
        Diagnostic::error(
            "TL0206",
            format!("the function `{}` does not exist in the target", missing.1),
        )
        .help("deploy the function first, or bind the name to the one that the environment has"),
    )
}
