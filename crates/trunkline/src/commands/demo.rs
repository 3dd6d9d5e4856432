//! `trunkline demo`: a contact center's way from the console to production, on the lab. Needs no AWS
//! account, no home folder and no terminal.

use super::Outcome;
use super::lab::AWS_QUOTAS;
use crate::clock;
use crate::context::App;
use crate::demo::{Calls, Served, Setting, Stage, Stopped, play, seed};
use crate::exit::Exit;
use crate::printer::write_err;
use crate::render::printable;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use trunkline_lab::{Event, Lab, Options, serve};
use trunkline_model::{Diagnostic, Report};

/// How many times faster than AWS time passes.
const TIME_SCALE: f64 = 20.0;

#[derive(clap::Args)]
#[command(after_help = "Example: trunkline demo --headless --keep tidewater")]
pub(crate) struct Arguments {
    /// Do not wait for anybody between chapters
    #[arg(long)]
    headless: bool,
    /// Write every exchange with the emulated AWS to this file, one JSON line each
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Work in this new folder and keep it, the lab's state included
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// How long the story has to end by itself; it does not while it waits for Enter.
const GRACE: Duration = Duration::from_millis(300);

/// Ready at Ctrl-C and SIGTERM, and when the terminal goes away.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut gone) = signal(SignalKind::hangup()) else { return super::lab::stop().await };
    tokio::select! {
        () = super::lab::stop() => {}
        _ = gone.recv() => {}
    }
}

/// The folder that the demo works in; removed at the end unless it is to be kept.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // It lies where temporary files lie; what cannot be removed harms nobody there.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Folder {
    fn make(keep: Option<&Path>) -> Result<Self, Report> {
        let path = match keep {
            Some(path) => std::path::absolute(path).map_err(|e| cannot("name", path, &e))?,
            None => {
                let unique = format!("{}-{}", std::process::id(), clock::now().subsec_nanosecond());
                std::env::temp_dir().join(format!("trunkline-demo-{unique}"))
            }
        };
        // Nobody else's folder is ever used, and nobody else looks into this one.
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| {
            let mut report = cannot("make", &path, &error);
            report.0[0].help =
                Some("`--keep` takes the name of a folder that is not there yet".to_owned());
            report
        })?;
        Ok(Self { path, kept: keep.is_some() })
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    let folder = Folder::make(arguments.keep.as_deref())?;
    let options = Options {
        strict_roles: true,
        time_scale: TIME_SCALE,
        quotas: AWS_QUOTAS.iter().map(|(name, most)| ((*name).to_owned(), *most)).collect(),
        // People wait between an edit and an export for longer than the index lags; the story does not.
        search_lag_seconds: 0.0,
        data: arguments.keep.as_ref().map(|_| folder.path.join("lab")),
        record: arguments.record.clone(),
        ..Options::default()
    };
    let calls = Arc::new(Calls::default());
    let counted = calls.clone();
    let heard = move |event: &Event| match event {
        Event::Exchange { status, .. } => {
            counted.all.fetch_add(1, Ordering::Relaxed);
            counted.throttled.fetch_add(usize::from(*status == Some(429)), Ordering::Relaxed);
        }
        Event::Warning(text) => write_err(&format!("the lab: {}\n", printable(text))),
    };
    let lab =
        Lab::open_reporting(options, heard).map_err(|error| cannot_start(&error.to_string()))?;
    let built = seed(&lab)?;
    crate::runtime::block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| cannot_start(&error.to_string()))?;
        let address = listener.local_addr().map_err(|error| cannot_start(&error.to_string()))?;
        crate::runtime::spawn(serve(listener, lab.clone(), std::future::pending()));
        let surroundings = &app.surroundings;
        let stop = Arc::new(AtomicBool::new(false));
        let served = Arc::new(Served::default());
        let setting = Setting {
            folder: folder.path.clone(),
            url: format!("http://{address}"),
            time_scale: TIME_SCALE,
            interactive: !arguments.headless
                && surroundings.stdin_terminal
                && surroundings.stdout_terminal,
            stop: stop.clone(),
            kept: folder.kept,
            calls,
            served: served.clone(),
        };
        let printer = crate::printer::Printer::new(&app.global, surroundings);
        let (tell, mut told) = tokio::sync::oneshot::channel();
        // A thread of its own, because it waits for Enter: the program may end while it does.
        std::thread::spawn(move || {
            let played = Stage::new(setting, &printer)
                .map_err(Stopped::from)
                .and_then(|mut stage| play(&mut stage, &lab, &built));
            let _ = tell.send(played);
        });
        let ended = tokio::select! {
            ended = &mut told => ended,
            () = asked_to_end() => {
                stop.store(true, Ordering::Relaxed);
                match tokio::time::timeout(GRACE, told).await {
                    Ok(ended) => ended,
                    Err(_) => Ok(Err(Stopped::Interrupted)),
                }
            }
        };
        // Whatever the story did: nothing that it started stays.
        served.end();
        match ended {
            Ok(Ok(())) => Ok(Exit::Done),
            Ok(Err(Stopped::Failed(report))) => Err(report),
            Ok(Err(Stopped::Interrupted)) => {
                app.printer.say("\nThe demo was ended.");
                Ok(Exit::Interrupted)
            }
            Err(_) => Err(cannot_start("its story broke off")),
        }
    })
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Report {
    Diagnostic::error("TL0208", format!("cannot {what} {}: {error}", path.display())).report()
}

fn cannot_start(reason: &str) -> Report {
    Diagnostic::error("TL0902", format!("the demo cannot go on: {reason}")).report()
}
