//! Signed calls to AWS: credentials and role chains, rate buckets, retries, errors by name.
//!
//! The only crate that talks to AWS. It implements the port `trunkline_center::Cloud` over the wire:
//! operations are rows of a table (`operations/*.txt`), inputs and outputs are JSON documents.
//! `Aws` is what one process shares (connections, buckets, base credentials); `Client` is one account,
//! region and role. What an answer means for a contact center is no business of this crate.

#![allow(
    clippy::result_large_err,
    reason = "the port's error carries what AWS said, and a call costs far more than moving it"
)]

mod agent;
mod answer;
mod bucket;
mod client;
mod credentials;
mod endpoint;
mod exchange;
mod failure;
mod operations;
mod request;
mod retry;
mod settings;
mod sign;
mod timing;
mod transport;
mod xml;

pub use bucket::Buckets;
pub use client::{Aws, Client, Identity, Options};
pub use credentials::Role;
pub use operations::{Effect, Operation, operation, operations};
pub use settings::{Settings, SettingsError};
pub use timing::{SystemTiming, Timing};
