//! `trunkline explain [CODE]`: the long form of a diagnostic code, or the list of codes.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::pages::PAGES;
use crate::printer::write_out;
use crate::render;
use serde_json::json;
use trunkline_model::{CODES, Diagnostic, code_info};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A code such as TL0103; without it, all codes are listed
    code: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let Some(written) = &arguments.code else { return Ok(list(app)) };
    let code = normal(written);
    let Some((_, page)) = PAGES.iter().find(|(c, _)| *c == code) else {
        return Err(unknown(written, &code).report());
    };
    if app.printer.is_json() {
        let title = code_info(&code).map(|info| info.title);
        app.printer.json("explain", &json!({ "code": code, "title": title, "page": page }));
    } else {
        match app.printer.width {
            Some(width) => write_out(&render::page(page, width)),
            None => write_out(page),
        }
    }
    Ok(Exit::Done)
}

/// `tl103`, `103` and `TL0103` are the same code.
fn normal(written: &str) -> String {
    let upper = written.trim().to_uppercase();
    let digits = upper.strip_prefix("TL").unwrap_or(&upper);
    if !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return format!("TL{digits:0>4}");
    }
    upper
}

fn unknown(written: &str, code: &str) -> Diagnostic {
    let found = Diagnostic::error("TL0901", format!("there is no code `{written}`"));
    // Codes of one area share their first four characters; those are the near ones.
    let shared = |c: &str| c.bytes().zip(code.bytes()).take_while(|(a, b)| a == b).count();
    let best = CODES.iter().map(|c| shared(c.code)).max().unwrap_or(0);
    if best < 4 {
        return found.help("`trunkline explain` lists all codes");
    }
    let near = CODES.iter().filter(|c| shared(c.code) == best).take(12);
    let near: Vec<_> = near.map(|c| format!("{} ({})", c.code, c.title)).collect();
    found
        .because(format!("near codes: {}", near.join(", ")))
        .help("`trunkline explain` lists all codes")
}

fn list(app: &App) -> Exit {
    if app.printer.is_json() {
        let codes: Vec<_> =
            CODES.iter().map(|c| json!({ "code": c.code, "title": c.title })).collect();
        app.printer.json("codes", &json!({ "codes": codes }));
        return Exit::Done;
    }
    for code in CODES {
        app.printer.result(&format!("{}  {}", app.printer.paint.bold(code.code), code.title));
    }
    Exit::Done
}
