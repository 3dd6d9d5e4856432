//! The plan of `adopt`: takes over what documents name and nobody owns. It writes tags and the ledger, nothing
//! else: values stay as they are, and where they differ from the documents' the next plan says so.

use super::build::{pairs, resolver, target};
use super::resolving::resolve_now;
use super::{
    Action, PLAN_VERSION, PROJECT_TAG, Plan, PlanInput, PlannedChange, Step, StepCall, StepsOf,
    check_tags,
};
use crate::document::subject;
use crate::kind::Kind;
use crate::ownership::{self, Claim, ClaimChange, Owner, Ownership, TAGS_AT_MOST};
use crate::resource::Resource;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use trunkline_flow::reference::escape;
use trunkline_model::{Diagnostic, Report};

/// Plans to take over the chosen resources that have a document and belong to nobody, or to the project
/// `from`. What belongs to yet another project is told, and stays.
pub fn adoption(
    input: &PlanInput<'_>,
    chosen: &dyn Fn(&str, &str) -> bool,
    from: Option<&str>,
) -> Result<Plan, Report> {
    let (mut steps, mut changes) = (Vec::new(), Vec::new());
    let (mut claims, mut findings) = (Vec::new(), Vec::new());
    let PlanInput { options, baseline, .. } = input;
    for (kind, wanted, live) in pairs(input) {
        let Some(live) = live.filter(|l| chosen(l.kind, &wanted.name)) else { continue };
        let line = match ownership::owner(kind, live, &options.project, &baseline.ledger) {
            Owner::Ours => continue,
            Owner::Project(other) if from != Some(other.as_str()) => {
                let found = ownership::refusal(&Owner::Project(other), live.kind, &live.name, &[]);
                findings.extend(found.map(as_warning));
                continue;
            }
            Owner::Project(other) => format!("taken over from the project `{other}`"),
            Owner::Nobody => "becomes the project's".to_owned(),
        };
        let full = live.tags.len() >= TAGS_AT_MOST && !live.tags.contains_key(PROJECT_TAG);
        let listed = kind.spec().ownership() == Ownership::Listed || full;
        let how = if listed { "in the ledger" } else { "by its tag" };
        if full && kind.spec().ownership() == Ownership::Tagged {
            let message = format!("it has {TAGS_AT_MOST} tags: the ledger says whose it is");
            let note = Diagnostic::note("TL0423", message).on(subject(live.kind, &live.name));
            findings.push(note.because("there is no room for the project's tag"));
        }
        if listed {
            let (kind, name) = (live.kind.to_owned(), live.name.clone());
            claims.push(Claim { kind, name, change: ClaimChange::Gained, step: None });
        } else {
            tag(kind, live, &options.project, &mut steps, &mut findings);
        }
        let (kind, name) = (live.kind.to_owned(), live.name.clone());
        let lines = vec![format!("{line}, {how}; its values stay as they are")];
        changes.push(PlannedChange {
            action: Action::Adopt,
            kind,
            name,
            lines,
            layout_only: false,
        });
    }
    resolve_now(&mut steps, &resolver(input))?;
    Ok(Plan {
        version: PLAN_VERSION,
        project: options.project.clone(),
        target: target(&input.snapshot.instance, options),
        changes,
        steps,
        findings,
        attachments: BTreeMap::new(),
        wanted: Vec::new(),
        forgotten: Vec::new(),
        claims,
        renames: Vec::new(),
        unseen: Vec::new(),
    })
}

fn tag(
    kind: &'static dyn Kind,
    live: &Resource,
    project: &str,
    steps: &mut Vec<Step>,
    findings: &mut Vec<Diagnostic>,
) {
    let mut of = StepsOf { spec: kind.spec(), kind, name: &live.name, steps, findings };
    let mut tags = Map::new();
    tags.insert(PROJECT_TAG.to_owned(), Value::String(escape(project)));
    let check = check_tags(kind.spec(), live, &tags, &[]);
    let input = json!({ "resourceArn": escape(&live.arn), "tags": tags });
    let (service, operation) = ("connect".to_owned(), "TagResource".to_owned());
    of.step(Action::Adopt, StepCall { service, operation, input, attachment: None }).check = check;
}

fn as_warning(mut found: Diagnostic) -> Diagnostic {
    found.severity = trunkline_model::Severity::Warning;
    found
}
