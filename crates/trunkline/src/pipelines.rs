//! Pipelines in this process: the data folder, the engine's ports, and how commands reach a pipeline.
//!
//! Commands talk to a `Backend`: a server that runs, or the data folder itself. `serve` uses the same `Hub`
//! that commands use where there is no server.

pub(crate) mod backend;
pub(crate) mod clock;
pub(crate) mod definitions;
pub(crate) mod embedded;
pub(crate) mod folder;
pub(crate) mod hub;
pub(crate) mod leftovers;
pub(crate) mod reader;
pub(crate) mod remote;
