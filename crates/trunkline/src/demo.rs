//! What `trunkline demo` plays: a made-up utility on the lab, and the real commands run on it.
//!
//! `world` names accounts and environments, `seed` and `center` fill the lab through its own
//! operations, `flows` writes the flows that people built, `stage` prints and runs commands, `story`
//! is the order of it all. Nothing here answers for AWS: the lab does.

mod center;
mod flows;
mod seed;
mod sound;
mod stage;
mod story;
mod world;

pub(crate) use seed::seed;
pub(crate) use stage::{Calls, Setting, Stage, Stopped};
pub(crate) use story::play;
