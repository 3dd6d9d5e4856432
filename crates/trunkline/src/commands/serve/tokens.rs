//! `trunkline serve token`: the tokens with which people and programs use the hosted repositories.
//!
//! The file holds hashes only. It is read again when it changed, so that a running server knows new ones at once.

use super::super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::files;
use crate::pipelines::folder::DataFolder;
use serde_json::json;
use std::path::{Path, PathBuf};
use trunkline_model::{Diagnostic, Report};
use trunkline_web::{Access, Token, Tokens, hash};

/// The file in the data folder.
const FILE: &str = "tokens.json";

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a token and print it; it is not shown again
    Add {
        /// Whose it is
        name: String,
        /// Allow to clone and fetch only
        #[arg(long)]
        read_only: bool,
        /// The server's data folder
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// List whose tokens there are
    List {
        /// The server's data folder
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Take a token back
    Remove {
        /// Whose it is
        name: String,
        /// The server's data folder
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// A token that nobody can guess.
pub(super) fn random() -> String {
    let part = || uuid::Uuid::new_v4().simple().to_string();
    format!("tl_{}{}", part(), part())
}

pub(super) fn run(command: &Command, app: &App) -> Outcome {
    let (Command::Add { data, .. } | Command::List { data } | Command::Remove { data, .. }) =
        command;
    let root = app.project()?.root;
    let folder = DataFolder::of(&root, data.as_deref());
    let mut tokens = read(folder.root())?;
    match command {
        Command::Add { name, read_only, .. } => {
            if tokens.tokens.iter().any(|token| token.name == *name) {
                let message = format!("there is a token of `{name}` already");
                return Err(Diagnostic::error("TL0901", message)
                    .help(format!("`trunkline serve token remove {name}` takes it back"))
                    .report());
            }
            let token = random();
            let access = if *read_only { Access::Read } else { Access::Write };
            tokens.tokens.push(Token { name: name.clone(), hash: hash(&token), access });
            write(folder.root(), &tokens)?;
            if app.printer.is_json() {
                app.printer
                    .json("token", &json!({ "name": name, "access": access, "token": token }));
            } else {
                app.printer.result(&token);
            }
            app.printer.say("This is the password for git; the user name may be anything. It is not shown again.");
        }
        Command::List { .. } => {
            let list = |t: &Token| json!({ "name": t.name, "access": t.access });
            if app.printer.is_json() {
                let all: Vec<_> = tokens.tokens.iter().map(list).collect();
                app.printer.json("tokens", &json!({ "tokens": all }));
            } else {
                for token in &tokens.tokens {
                    let access = if token.access == Access::Write { "write" } else { "read" };
                    app.printer.result(&format!("{}  {access}", token.name));
                }
            }
        }
        Command::Remove { name, .. } => {
            let before = tokens.tokens.len();
            tokens.tokens.retain(|token| token.name != *name);
            if tokens.tokens.len() == before {
                let message = format!("there is no token of `{name}`");
                return Err(Diagnostic::error("TL0901", message)
                    .help("`trunkline serve token list` lists all")
                    .report());
            }
            write(folder.root(), &tokens)?;
            app.printer.say(&format!("The token of `{name}` is no longer of use."));
        }
    }
    Ok(Exit::Done)
}

/// The tokens of a data folder; none where there is no file.
pub(super) fn read(data: &Path) -> Result<Tokens, Report> {
    let path = data.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Tokens::default()),
        Err(error) => return Err(files::failed(&path.display().to_string(), &error)),
    };
    serde_json::from_slice(&text).map_err(|error| {
        Diagnostic::error("TL0884", format!("the tokens cannot be read: {error}"))
            .in_file(path.display().to_string())
            .help("move the file away and make new tokens")
            .report()
    })
}

/// When the file was last changed.
pub(super) fn changed(data: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(data.join(FILE)).and_then(|m| m.modified()).ok()
}

fn write(data: &Path, tokens: &Tokens) -> Result<(), Report> {
    let path = data.join(FILE);
    let bytes = serde_json::to_vec_pretty(tokens).expect("tokens are texts");
    files::replace(&path, &bytes)
        .map_err(|error| files::failed(&path.display().to_string(), &error))
}
