//! Telling others of events: each receiver of `notify` in `server.yaml` gets every event, in order, at least once.
//!
//! Events wait in the store. A receiver that fails is tried again, at growing intervals, and holds up nobody else.

use super::ports::Talk;
use crate::pipelines::remote::Client;
use crate::triggers::Receiver;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify as Bell;
use trunkline_engine::Notify;
use trunkline_engine::ports::Origin;
use trunkline_model::Diagnostic;
use trunkline_store::Store;

/// Events that are read at once.
const MOST: usize = 100;
/// The longest pause before a receiver that fails is tried again.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a receiver may take for one event.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who is told.
pub(super) struct Receivers {
    all: Vec<Receiver>,
    /// Files are relative to it.
    data: PathBuf,
    bells: Vec<Bell>,
}

impl Receivers {
    pub(super) fn new(all: &[Receiver], data: &Path) -> Self {
        let bells = all.iter().map(|_| Bell::new()).collect();
        Self { all: all.to_vec(), data: data.to_owned(), bells }
    }
}

impl Notify for Receivers {
    fn wanted(&self) -> bool {
        !self.all.is_empty()
    }

    fn origin(&self) -> Origin {
        Origin { account: "000000000000".to_owned(), region: "local".to_owned() }
    }

    fn wake(&self) {
        self.bells.iter().for_each(Bell::notify_one);
    }
}

/// Tells all receivers, for as long as the server runs.
pub(super) async fn deliver(receivers: Arc<Receivers>, store: Arc<Store>, talk: Talk) {
    let told = Arc::new(std::sync::Mutex::new(BTreeMap::new()));
    let each = (0..receivers.all.len()).map(|index| {
        let (receivers, store, told) = (receivers.clone(), store.clone(), told.clone());
        async move {
            let name = name(&receivers.all[index]);
            let mut pause = Duration::from_secs(1);
            loop {
                match tell(&receivers, index, &name, &store).await {
                    Ok(None) => receivers.bells[index].notified().await,
                    Ok(Some(last)) => {
                        pause = Duration::from_secs(1);
                        forget(&told, index, last, receivers.all.len(), &store);
                    }
                    Err(why) => {
                        let message = format!("an event could not be told to {name}");
                        talk.problem(&Diagnostic::warning("TL0896", message).because(why));
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST);
                    }
                }
            }
        }
    });
    futures_util::future::join_all(each).await;
}

/// Tells a receiver what waits for it; returns the last event that it was told.
async fn tell(
    receivers: &Receivers,
    index: usize,
    name: &str,
    store: &Store,
) -> Result<Option<u64>, String> {
    let cursor = store.cursor(name).map_err(|error| error.to_string())?;
    let waiting = store.notices_after(cursor, MOST).map_err(|error| error.to_string())?;
    let mut last = None;
    for notice in waiting {
        let work = one(&receivers.all[index], &receivers.data, &notice.body);
        tokio::time::timeout(PATIENCE, work)
            .await
            .map_err(|_| format!("it took longer than {} seconds", PATIENCE.as_secs()))??;
        store.set_cursor(name, notice.id).map_err(|error| error.to_string())?;
        last = Some(notice.id);
    }
    Ok(last)
}

async fn one(receiver: &Receiver, data: &Path, body: &str) -> Result<(), String> {
    match receiver {
        Receiver::Webhook(url) => {
            let answer = Client::new()?.post(url, body.as_bytes().to_vec(), None).await?;
            let status = answer.status;
            if (200..300).contains(&status) { Ok(()) } else { Err(format!("it answered {status}")) }
        }
        Receiver::Command(command) => run(command, body).await,
        Receiver::File(path) => {
            use std::io::Write as _;
            let line = format!("{}\n", body.replace('\n', " "));
            let open = std::fs::OpenOptions::new().create(true).append(true).open(data.join(path));
            open.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|e| e.to_string())
        }
    }
}

async fn run(command: &[String], body: &str) -> Result<(), String> {
    let (program, arguments) = command.split_first().ok_or("the command is empty")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not want to read it all is judged by how it ends.
        let _ = stdin.write_all(body.as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}")) }
}

/// Forgets the events that every receiver was told.
fn forget(
    told: &std::sync::Mutex<BTreeMap<usize, u64>>,
    index: usize,
    last: u64,
    all: usize,
    store: &Store,
) {
    let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    told.insert(index, last);
    if let Some(least) = told.values().min().filter(|_| told.len() == all) {
        // What stays longer than it has to does no harm.
        let _ = store.forget_notices(*least);
    }
}

/// The name under which it is remembered what a receiver was told.
fn name(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Webhook(url) => format!("the webhook {url}"),
        Receiver::Command(command) => format!("the command {}", command.join(" ")),
        Receiver::File(path) => format!("the file {}", path.display()),
    }
}
