//! What an export says: warnings, the files, and where they are now.

use super::ground::Written;
use super::one_line;
use crate::context::App;
use crate::git::Merged;
use crate::render::{counted, printable};
use serde_json::json;
use trunkline_center::export::Exported;
use trunkline_model::Diagnostic;

/// Files of each sort that are named without `-v`.
const FILES_SHOWN_AT_MOST: usize = 15;

/// TL0702: one warning for all drafts, which names the first of them.
fn drafts_left(names: &[String]) -> Option<Diagnostic> {
    const NAMED: usize = 10;
    let count = names.len();
    let message = match names {
        [] => return None,
        [name] => format!("{name} has a draft that was not exported"),
        _ => format!("{count} flows and modules have drafts that were not exported"),
    };
    let mut note = Diagnostic::warning("TL0702", message);
    if count > 1 {
        let more = if count > NAMED { format!(", and {} more", count - NAMED) } else { "".into() };
        note = note.because(format!("{}{more}", names[..count.min(NAMED)].join(", ")));
    }
    Some(note.help("`--drafts` exports drafts as `status: saved`"))
}

/// What was found on the way and stops nothing.
fn findings(exported: &Exported) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    findings.extend(drafts_left(&exported.drafts_left));
    for (kind, field) in &exported.unmanaged {
        findings.push(Diagnostic::note("TL0703", format!("`{field}` of {kind} is not managed")));
    }
    for one in &exported.unnamed {
        let value = one_line(&one.value);
        let message = format!("`{}:{}` was bound to {value}", one.kind, one.name);
        findings.push(
            Diagnostic::note("TL0701", message)
                .help("give the other environments their values in trunkline.yaml"),
        );
    }
    findings
}

/// Prints the result.
pub(super) fn report(app: &App, exported: &Exported, written: &Written) {
    let printer = &app.printer;
    printer.warnings(&findings(exported));
    if printer.is_json() {
        return printer.json("export", &body(exported, written));
    }
    let proposed = match written.kept {
        Some(_) => "   not in the instance any more; `--accept-deletions` removes it",
        None => "   not in the instance any more; delete it if that is meant",
    };
    let lists = [
        ("+", &written.added, ""),
        ("~", &written.changed, ""),
        ("-", &written.removed, ""),
        ("?", &written.gone, proposed),
    ];
    for (mark, paths, note) in lists {
        let shown = if printer.is_verbose() { paths.len() } else { FILES_SHOWN_AT_MOST };
        for path in paths.iter().take(shown) {
            printer.result(&format!("  {mark} {}{note}", printable(path)));
        }
        if paths.len() > shown {
            printer.result(&format!("  {mark} … {} more, shown with -v", paths.len() - shown));
        }
    }
    for (kind, old, new) in &written.renamed {
        printer.result(&printable(&format!("  {kind} \"{old}\" is called \"{new}\" now")));
    }
    printer.result(&sums(exported, written));
    if let Some(line) = where_it_is(written) {
        printer.result(&printable(&line));
    }
}

fn sums(exported: &Exported, written: &Written) -> String {
    let (added, changed) = (written.added.len(), written.changed.len());
    let mut files = format!("{added} added, {changed} changed");
    if !written.removed.is_empty() {
        files += &format!(", {} removed", written.removed.len());
    }
    format!(
        "{}, {} by name; files: {files}, {} left over",
        counted(exported.documents.len(), "document"),
        counted(exported.replaced, "reference"),
        written.gone.len()
    )
}

fn where_it_is(written: &Written) -> Option<String> {
    let kept = written.kept.as_ref()?;
    let (commit, branch) = (&kept.commit[..10.min(kept.commit.len())], &kept.branch);
    Some(match kept.merged {
        Merged::Nothing => format!("Nothing new: {branch} holds the last export."),
        Merged::Forward => format!("Committed to {branch}: {commit}."),
        Merged::Joined => format!("Merged into {branch}: {commit}."),
    })
}

fn body(exported: &Exported, written: &Written) -> serde_json::Value {
    let mut body = json!({
        "documents": exported.documents.len(), "references": exported.replaced,
        "added": written.added, "changed": written.changed, "removed": written.removed,
        "gone": written.gone, "drafts_left": exported.drafts_left,
        "bound": exported.unnamed.len(),
    });
    let renamed = written.renamed.iter();
    let renamed = renamed.map(|(kind, old, new)| json!({ "kind": kind, "old": old, "new": new }));
    body["renamed"] = renamed.collect();
    if let Some(kept) = &written.kept {
        let merged = match kept.merged {
            Merged::Nothing => "nothing",
            Merged::Forward => "forward",
            Merged::Joined => "joined",
        };
        body["commit"] = json!({ "id": kept.commit, "branch": kept.branch, "merge": merged });
    }
    body
}
