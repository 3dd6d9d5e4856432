//! `trunkline lab`: the local AWS, until Ctrl-C.
//!
//! Only wiring and words: the options become the lab's, its events become lines on stderr. The
//! first line on stdout is the address, so that a script which asked for port 0 can read it.

use super::Outcome;
use crate::context::App;
use crate::exit::Exit;
use crate::printer::write_err;
use crate::render::printable;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpListener;
use trunkline_lab::{Event, Lab, Options, serve};
use trunkline_model::{Diagnostic, Report};

/// What `--quotas aws` means: the service's published defaults, by resource. They change, and accounts differ.
pub(super) const AWS_QUOTAS: &[(&str, usize)] = &[
    ("flows", 100),
    ("modules", 200),
    ("queues", 50),
    ("hours", 100),
    ("prompts", 500),
    ("quick-connects", 100),
    ("routing-profiles", 100),
    ("security-profiles", 100),
    ("users", 500),
    ("agent-statuses", 50),
    ("predefined-attributes", 150),
];

/// Quotas by resource.
type Quotas = BTreeMap<String, usize>;

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
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = positive)]
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
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = seconds)]
    search_lag: f64,
    /// Seconds after which CloudTrail shows an event
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = seconds)]
    trail_lag: f64,
    /// Seconds after which the replica of an instance has what its source has
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = seconds)]
    replication_lag: f64,
    /// Enforce quotas: `aws` for the service's, or for example `flows=100` (can be repeated)
    #[arg(long = "quotas", visible_alias = "quota", value_name = "QUOTAS", value_parser = quotas)]
    quotas: Vec<Quotas>,
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

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| "not a number".to_owned())?;
    if number > 0.0 && f64::is_finite(number) {
        Ok(number)
    } else {
        Err("must be above 0".to_owned())
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=3600.0).contains(&number) { Ok(number) } else { Err("must be 0 to 3600".to_owned()) }
}

/// Reads `aws`, or `flows=100`, several separated by commas.
fn quotas(text: &str) -> Result<Quotas, String> {
    let mut quotas = Quotas::new();
    for part in text.split(',') {
        if part == "aws" {
            quotas.extend(AWS_QUOTAS.iter().map(|(name, most)| ((*name).to_owned(), *most)));
            continue;
        }
        let (name, most) = part.split_once('=').ok_or("write `aws`, or for example flows=100")?;
        let most = most.parse().map_err(|_| format!("`{most}` is not a count"))?;
        quotas.insert(name.to_owned(), most);
    }
    Ok(quotas)
}

impl Arguments {
    fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            secret: self.secret.clone(),
            verify: !self.no_verify,
            strict_roles: self.strict_roles,
            time_scale: self.time_scale,
            throttle: !self.no_throttle,
            search_lag_seconds: self.search_lag,
            trail_lag_seconds: self.trail_lag,
            replication_lag_seconds: self.replication_lag,
            published_may_name_saved: self
                .published_may_name_saved
                .unwrap_or(defaults.published_may_name_saved),
            search_returns_content: self
                .search_returns_content
                .unwrap_or(defaults.search_returns_content),
            // A later --quotas wins, so that one default can be changed.
            quotas: self.quotas.iter().flatten().map(|(k, v)| (k.clone(), *v)).collect(),
            data: self.data.clone(),
            record: self.record.clone(),
            ..defaults
        }
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let (verbose, quiet) = (app.printer.is_verbose(), app.printer.is_quiet());
    let lab = Lab::open_reporting(arguments.options(), move |event| {
        if let Some(line) = line(event, verbose, quiet) {
            write_err(&format!("{}\n", printable(&line)));
        }
    })
    .map_err(|error| cannot_start(&error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot_start(&error.to_string()))?;
    runtime.block_on(async {
        let address = ("127.0.0.1", arguments.port);
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let message = format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port);
            Diagnostic::error("TL0901", message).help("`--port 0` takes a free port").report()
        })?;
        let bound = listener.local_addr().map_err(|error| cannot_start(&error.to_string()))?;
        banner(arguments, bound, app);
        serve(listener, lab, stop()).await;
        app.printer.say("The lab has ended.");
        Ok(Exit::Done)
    })
}

fn banner(arguments: &Arguments, address: SocketAddr, app: &App) {
    let url = format!("http://{address}");
    if app.printer.is_json() {
        app.printer.json("lab", &json!({ "url": url, "port": address.port(), "emulated": true }));
    } else {
        app.printer.result(&url);
    }
    let state = match &arguments.data {
        Some(folder) => format!("kept in {}", folder.display()),
        None => "in memory, gone at the end".to_owned(),
    };
    let secret = if arguments.no_verify { "anything" } else { &arguments.secret };
    for line in [
        "This is the lab: an emulated AWS, not Amazon's.".to_owned(),
        format!("  state: {state}"),
        "  to use it, in another terminal (the access key id is the account):".to_owned(),
        format!("    export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION=us-west-2"),
        format!("    export AWS_ACCESS_KEY_ID=111122223333 AWS_SECRET_ACCESS_KEY={secret}"),
        "    aws connect list-instances".to_owned(),
        "  Ctrl-C ends it.".to_owned(),
    ] {
        app.printer.say(&line);
    }
}

/// Returns the line for an event; requests only with `-v`.
fn line(event: &Event, verbose: bool, quiet: bool) -> Option<String> {
    match event {
        Event::Warning(text) => (!quiet).then(|| format!("warning: {text}")),
        Event::Exchange { account, region, service, operation, status, error, milliseconds } => {
            let status = status.map_or_else(|| "dropped".to_owned(), |s| s.to_string());
            let error = error.as_deref().unwrap_or_default();
            let line = format!(
                "{account:>12} {region} {service} {operation} {status} {error} {milliseconds} ms"
            );
            verbose.then(|| line.replace("  ", " "))
        }
    }
}

/// Ready when the person (Ctrl-C) or the system (SIGTERM) asks the lab to end.
pub(super) async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

fn cannot_start(reason: &str) -> Report {
    Diagnostic::error("TL0208", format!("the lab cannot start: {reason}")).report()
}
