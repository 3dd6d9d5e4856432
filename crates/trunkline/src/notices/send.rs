//! One receiver: how an event is brought to it. An error is a sentence; it never holds an address, whose path may
//! be a secret.

use crate::pipelines::remote::Client;
use crate::triggers;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use tokio::io::AsyncWriteExt as _;
use trunkline_model::Report;

/// Who is told.
pub(super) struct Receiver {
    how: How,
    name: String,
    cursor: String,
}

enum How {
    Webhook { url: String, secret: Option<String>, client: Box<OnceLock<Client>> },
    Command(Vec<String>),
    File(PathBuf),
}

impl Receiver {
    /// Makes one of its settings. TL0893: its secret is not there.
    pub(super) fn new(given: &triggers::Receiver, data: &Path) -> Result<Self, Report> {
        let (how, name, identity) = if let Some(url) = &given.webhook {
            let secret = given.secret.as_ref().map(triggers::Secret::value).transpose()?;
            let how = How::Webhook { url: url.clone(), secret, client: Box::default() };
            (how, format!("the webhook at {}", host(url)), format!("webhook {url}"))
        } else if let Some(words) = &given.command {
            let program = words.first().map(String::as_str).unwrap_or_default();
            let identity = format!("command {}", words.join("\0"));
            (How::Command(words.clone()), format!("the command {program}"), identity)
        } else {
            let path = data.join(given.file.as_deref().unwrap_or(Path::new("")));
            let shown = path.display().to_string();
            (How::File(path), format!("the file {shown}"), format!("file {shown}"))
        };
        // Hashed, because the path of a webhook may be a secret.
        Ok(Self { how, name, cursor: trunkline_web::hash(&identity) })
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The name under which the store knows what it was told.
    pub(super) fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Tells it an event.
    pub(super) async fn tell(&self, body: &str) -> Result<(), String> {
        match &self.how {
            How::Webhook { url, secret, client } => {
                let client = match client.get() {
                    Some(client) => client,
                    None => {
                        let made = Client::new()?;
                        client.get_or_init(|| made)
                    }
                };
                post(client, url, secret.as_deref(), body).await
            }
            How::Command(words) => run(words, body).await,
            How::File(path) => {
                let (path, line) = (path.clone(), format!("{}\n", body.replace('\n', " ")));
                let added = tokio::task::spawn_blocking(move || add(&path, line.as_bytes())).await;
                added.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
        }
    }
}

/// Posts an event, signed over its bytes where there is a secret.
async fn post(client: &Client, url: &str, secret: Option<&str>, body: &str) -> Result<(), String> {
    let mut headers = Vec::new();
    if let Some(secret) = secret {
        let signature = trunkline_web::sign(secret.as_bytes(), body.as_bytes());
        headers.push(("x-trunkline-signature-256", format!("sha256={signature}")));
    }
    let answer = client.post_with(url, body.as_bytes().to_vec(), &headers).await?;
    match answer.status {
        200..300 => Ok(()),
        status => Err(format!("it answered {status}")),
    }
}

/// Runs a program with an event on its standard input.
async fn run(words: &[String], body: &str) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not want to read it all is judged by how it ends.
        let _ = stdin.write_all(format!("{body}\n").as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}")) }
}

/// Adds a line to a file, durably: the cursor moves on after it.
fn add(path: &Path, line: &[u8]) -> std::io::Result<()> {
    use std::io::{Error, Read as _, Seek as _, SeekFrom, Write as _};
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        // A pipe that nobody reads would never be opened.
        return Err(Error::other("it is no regular file"));
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut text = Vec::with_capacity(line.len() + 1);
    if file.seek(SeekFrom::End(0))? > 0 {
        // What a crash left of a line is no part of the next one.
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push(b'\n');
        }
    }
    text.extend_from_slice(line);
    file.write_all(&text)?;
    file.sync_data()
}

/// Scheme and host of an address.
fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}")
}
