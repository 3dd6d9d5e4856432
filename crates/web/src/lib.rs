//! What `trunkline serve` answers over HTTP: git repositories, webhooks and the API of `trunkline pipeline`.
//!
//! Handlers read and write through ports; which projects, pipelines and secrets there are is told
//! by the binary.
