//! What `trunkline demo` plays: a made-up utility on the lab, and the real commands run on it.
//!
//! `world` names accounts and environments, `seed` and `center` fill the lab through its own
//! operations, `flows` writes the flows that people built, `stage` prints and runs commands, `server`
//! is its `trunkline serve`, `story` the order of it all, `pushes` its chapter of pipelines. Nothing here
//! answers for AWS: the lab does.

mod center;
mod flows;
mod pushes;
mod seed;
mod server;
mod sound;
mod stage;
mod story;
mod world;

pub(crate) use seed::seed;
pub(crate) use server::Served;
pub(crate) use stage::{Calls, Setting, Stage, Stopped};
pub(crate) use story::play;
