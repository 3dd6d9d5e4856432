//! The engine from outside: commands and outcomes in, the view of the machine and its log out.

#![allow(clippy::unwrap_used)]

mod executor;
mod filters;
mod memory;
mod model;
mod notices;
mod vectors;
mod windows;
mod world;
