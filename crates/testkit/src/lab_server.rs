//! A lab over HTTP on a free loopback port, in this process, ended on drop. Where `TRUNKLINE_RECORD_DIR`
//! names a folder, every exchange is appended to a record there, so that a test run's wire can be checked.

use jiff::Timestamp;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use trunkline_lab::{Lab, Options, Principal, Request};
use trunkline_model::{AccountId, Region};

/// A running lab.
pub struct LabServer {
    lab: Lab,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LabServer {
    /// Starts a lab without rates and with an index that does not lag: what most tests want.
    pub fn start() -> Self {
        Self::with(Options { throttle: false, search_lag_seconds: 0.0, ..Options::default() })
    }

    /// Starts a lab with these options.
    pub fn with(mut options: Options) -> Self {
        options.record = options.record.or_else(Self::record_file);
        Self::unrecorded(options)
    }

    /// The same for tests that make so many exchanges alike that a record of them would only cost time.
    pub fn unrecorded(options: Options) -> Self {
        let lab = Lab::open(options).expect("the lab opens");
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let served = lab.clone();
        // A thread with a runtime of its own serves callers that have a runtime, and those that have none.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async move {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
                tell.send(listener.local_addr().expect("a listener has an address")).ok();
                trunkline_lab::serve(listener, served, async {
                    stopped.await.ok();
                })
                .await;
            });
        });
        let address = told.recv().expect("the lab listens");
        Self { lab, address, stop: Some(stop), thread: Some(thread) }
    }

    /// A fresh file in the folder of records; None where none is wanted.
    pub fn record_file() -> Option<PathBuf> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let folder = PathBuf::from(std::env::var_os("TRUNKLINE_RECORD_DIR")?);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let program = std::env::current_exe().ok()?;
        let program = program.file_stem()?.to_string_lossy().into_owned();
        Some(folder.join(format!("{program}-{}-{number}.jsonl", std::process::id())))
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The lab behind it: to seed it, to inject faults.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Calls an operation of Connect that must succeed, as an account in a region, at this time. The server goes by
    /// the machine's clock, so that what is to be seen through it now is made now.
    ///
    /// # Panics
    /// When the lab refuses it.
    #[track_caller]
    pub fn connect(
        &self,
        at: Timestamp,
        (account, region): (&str, &str),
        operation: &str,
        input: Value,
    ) -> Value {
        let account = AccountId::parse(account).expect("twelve digits");
        let request = Request {
            region: Region::parse(region).expect("a region"),
            principal: Principal::root(&account),
            account,
            service: "connect".to_owned(),
            operation: operation.to_owned(),
            input,
            body: Vec::new(),
        };
        let answer = self.lab.handle(&request, at);
        answer.unwrap_or_else(|f| panic!("{operation}: {}: {}", f.name, f.message)).members
    }
}

impl Drop for LabServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
