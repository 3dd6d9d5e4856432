//! `trunkline version`.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use serde_json::json;

pub(crate) fn run(app: &App) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    if app.printer.is_json() {
        app.printer.json("version", &json!({ "trunkline": version }));
    } else {
        app.printer.result(&format!("trunkline {version}"));
    }
    Ok(Exit::Done)
}
