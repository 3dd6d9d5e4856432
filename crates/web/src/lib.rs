//! What `trunkline serve` answers over HTTP: git repositories, webhooks and the API of `trunkline pipeline`.
//!
//! Handlers read and write through [`ports`]; which repositories, pipelines and secrets there are, what the
//! time is and what a push leads to is told by the binary. Nothing here opens a file, except through git.

// A report is large and rare; boxing it would cost every caller more than it saves.
#![allow(clippy::result_large_err)]

mod answer;
mod api;
pub mod events;
mod git;
mod guard;
mod ports;
mod server;
mod tokens;
mod waiting;
mod webhooks;

pub use git::{Git, valid_name};
pub use ports::{
    Answer, Boxed, Delivered, Hook, Hosted, Incoming, Pipelines, Provider, Query, Receipt,
    Repositories, Webhooks,
};
pub use server::{Ports, serve};
pub use tokens::{Access, Token, Tokens, hash};
pub use waiting::awaited;
pub use webhooks::{parse, sign};
