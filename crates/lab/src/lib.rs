//! The lab: a local AWS over HTTP, for Trunkline's tests, demonstrations and for trying things out.
//!
//! It is emulated and says so. It shares no code with `aws` or `center`: it is the other side of the wire.
//!
//! - [`Lab`] is the lab without HTTP. [`Lab::handle`] carries out one [`Request`]; [`Lab::exchange`] does the
//!   same with faults and rates.
//! - [`serve`] answers HTTP on a listener: STS, IAM, Connect, Lambda, Lex V2, S3, CloudFormation, CloudTrail,
//!   Service Quotas, Secrets Manager, the parameter store and SQS on one port, told apart by the signature's scope. A
//!   12-digit access key id is the account.
//! - `GET /_lab/status`, `GET|POST|DELETE /_lab/faults` (a [`Fault`] as JSON) and
//!   `POST /_lab/expire-sessions` control a running lab.
//!
//! Nothing here prints: warnings and exchanges go to the callback of [`Lab::open_reporting`].

pub mod connect;
pub mod service;

mod buckets;
mod cloudformation;
mod faults;
mod iam;
mod ids;
mod journal;
mod lab;
mod lambda;
mod lex;
mod operations;
mod options;
mod page;
mod policy;
mod quotas;
mod record;
mod request;
mod s3;
mod secrets;
mod server;
mod signature;
mod sqs;
mod ssm;
mod sts;
mod text;
mod trail;
mod world;

pub use faults::{Deed, Fault, When};
pub use lab::{Lab, Reply};
pub use options::{Event, OpenError, Options};
pub use request::{Output, Principal, Request};
pub use server::serve;
