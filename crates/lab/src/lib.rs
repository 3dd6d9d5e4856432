//! The lab: a local AWS over HTTP, for Trunkline's tests, demonstrations and for trying things out.
//!
//! It is emulated and says so. It shares no code with `aws` or `center`: it is the other side of the wire.

pub mod service;
