//! `trunkline lab`: the local AWS, until Ctrl-C.

use super::Outcome;
use crate::context::App;
use std::path::PathBuf;
use trunkline_model::Diagnostic;

#[derive(clap::Args)]
#[command(
    after_help = "Example: trunkline lab --port 4600, then AWS_ENDPOINT_URL=http://127.0.0.1:4600 \
    AWS_ACCESS_KEY_ID=111122223333 AWS_SECRET_ACCESS_KEY=x aws connect list-instances --region us-west-2"
)]
pub(crate) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one and prints it
    #[arg(long, default_value_t = 4600)]
    port: u16,
    /// Keep the state in this folder (default: in memory)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Let time pass this many times faster
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    time_scale: f64,
    /// Do not limit the rate of calls
    #[arg(long)]
    no_throttle: bool,
    /// Let only roles be assumed that exist, trust the caller and permit the call
    #[arg(long)]
    strict_roles: bool,
    /// Do not verify signatures
    #[arg(long)]
    no_verify: bool,
    /// The secret of every 12-digit access key
    #[arg(long, default_value = "x")]
    secret: String,
    /// Seconds after which Search sees a write
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    search_lag: f64,
    /// Enforce quotas: `aws` for the service's, or for example `flows=100` (can be repeated)
    #[arg(long, value_name = "QUOTAS")]
    quotas: Vec<String>,
    /// Write every exchange to this file, one JSON line each
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Whether a published flow may name one that is only saved
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
    published_may_name_saved: Option<bool>,
    /// Whether SearchContactFlows returns the content
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
    search_returns_content: Option<bool>,
}

pub(crate) fn run(_arguments: &Arguments, _app: &App) -> Outcome {
    Err(Diagnostic::error("TL0902", "this build has no lab").report())
}
