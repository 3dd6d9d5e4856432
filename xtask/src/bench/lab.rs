//! A lab for the bench: throttled as the service is, time running faster, its calls counted from what
//! it prints.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How many times faster than the service the lab is, unless it is said.
pub(crate) const SCALE: f64 = 20.0;

/// The account of the bench.
pub(crate) const ACCOUNT: &str = "444455556666";

/// A running lab, ended on drop.
pub(crate) struct Lab {
    process: Child,
    pub(crate) url: String,
    log: PathBuf,
    read: u64,
}

impl Lab {
    /// Starts it, so many times faster than the service; `log` is a file that it prints its calls to.
    pub(crate) fn start(
        binary: &Path,
        log: &Path,
        search_returns_content: bool,
        scale: f64,
    ) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["lab", "--port", "0", "--no-verify", "-v"]);
        command.args(["--time-scale", &scale.to_string()]);
        command.args(["--search-returns-content", &search_returns_content.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(fs::File::create(log)?);
        let mut process = command.spawn().context("the lab")?;
        let out = process.stdout.take().context("the lab's stdout")?;
        let mut url = String::new();
        BufReader::new(out).read_line(&mut url)?;
        let url = url.trim().to_owned();
        let lab = Self { process, url, log: log.to_owned(), read: 0 };
        if !lab.url.starts_with("http://") {
            bail!("the lab did not start: {}", fs::read_to_string(log)?);
        }
        Ok(lab)
    }

    /// Makes a bucket. Signed with nothing: the lab is told not to look.
    pub(crate) fn bucket(&self, name: &str, region: &str) -> Result<()> {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let body = format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        );
        write!(
            stream,
            "PUT /{name} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
             X-Amz-Date: 20270101T000000Z\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={ACCOUNT}/20270101/{region}/s3/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={}\r\n\r\n{body}",
            body.len(),
            "0".repeat(64)
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!("the lab made no bucket: {answer}");
        }
        Ok(())
    }

    /// Calls since the last time, by operation; those that were refused for their rate are `429`.
    pub(crate) fn calls(&mut self) -> Result<BTreeMap<String, usize>> {
        let text = fs::read(&self.log)?;
        let fresh = String::from_utf8_lossy(&text[self.read as usize..]).into_owned();
        self.read = text.len() as u64;
        let mut counts = BTreeMap::new();
        for line in fresh.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [account, _, _, operation, status, ..] = words[..] else { continue };
            if account == ACCOUNT {
                *counts.entry(operation.to_owned()).or_default() += 1;
                if status == "429" {
                    *counts.entry("429".to_owned()).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
