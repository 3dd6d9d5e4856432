//! Events told to others: all of them, in order, whatever happens to the server and to those who listen.

use crate::server::{LIMIT, Server};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use trunkline_testkit::wait_until;

/// Somebody who listens for webhooks, and may be down.
struct Listener {
    url: String,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    down: AtomicBool,
    ended: AtomicBool,
    asked: AtomicUsize,
    taken: Mutex<Vec<(String, String)>>,
}

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if own.ended.load(Ordering::Acquire) {
                    return;
                }
                own.answer(stream);
            }
        });
        Self { url: format!("http://{address}/hook"), shared, thread: Some(thread) }
    }

    /// The signatures and bodies that it took.
    fn taken(&self) -> Vec<(String, String)> {
        self.shared.taken.lock().expect("nobody broke off").clone()
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let (mut length, mut signature, mut line) = (0, String::new(), String::new());
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().expect("a number"),
                    "x-trunkline-signature-256" => signature = value.trim().to_owned(),
                    _ => {}
                }
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        self.asked.fetch_add(1, Ordering::AcqRel);
        let down = self.down.load(Ordering::Acquire);
        let status = if down { "503 Service Unavailable" } else { "204 No Content" };
        if !down {
            let body = String::from_utf8(body).expect("JSON");
            self.taken.lock().expect("nobody broke off").push((signature, body));
        }
        let _ =
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        let _ =
            TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches("/hook"));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The lines of the file that gets all events. One that is being written is none yet, and one that was written twice,
/// as before and after a kill, counts once.
fn lines(server: &Server) -> Vec<String> {
    let text = std::fs::read_to_string(server.home.join("data/events.jsonl")).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    lines.dedup();
    lines
}

/// Waits until so many executions were told to have succeeded.
fn told(server: &Server, count: usize) {
    let ends = |line: &String| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        event["detail-type"] == "CodePipeline Pipeline Execution State Change"
            && event["detail"]["state"] == "SUCCEEDED"
    };
    wait_until("the end was told", LIMIT, || {
        (lines(server).iter().filter(|line| ends(line)).count() >= count).then_some(())
    });
}

#[test]
fn events_reach_all_who_listen_although_the_server_is_killed_and_some_were_down() {
    let listener = Listener::new();
    listener.shared.down.store(true, Ordering::Release);
    // Takes connections and never answers.
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = mute.local_addr().expect("it has one").to_string();
    let mut server = Server::new();
    server.hosted();
    let settings = format!(
        "notify:\n- {{ webhook: \"{}\", secret: {{ env: WEB_SECRET }} }}\n- {{ webhook: \"http://{}/\" }}\n\
         - {{ file: events.jsonl }}\n",
        listener.url, silent
    );
    server.home.write("data/server.yaml", settings);
    server.start();
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.succeeded("web");
    told(&server, 1);
    wait_until("it was tried", LIMIT, || {
        (listener.shared.asked.load(Ordering::Acquire) > 0).then_some(())
    });
    assert!(listener.taken().is_empty());
    server.kill();

    listener.shared.down.store(false, Ordering::Release);
    server.start();
    let expected = lines(&server);
    wait_until("all was told", LIMIT, || (listener.taken().len() >= expected.len()).then_some(()));
    let mut bodies: Vec<String> = listener.taken().into_iter().map(|(_, body)| body).collect();
    bodies.dedup();
    assert_eq!(bodies, expected, "in order, and at most the one at the kill twice");
    for (signature, body) in listener.taken() {
        let right = trunkline_web::sign(b"first", body.as_bytes());
        assert_eq!(signature, format!("sha256={right}"));
    }
    server.stop();

    // Without a server, a run tells them as well. It would wait a while for who never answers.
    let settings = server.home.read("data/server.yaml");
    let kept: Vec<&str> = settings.split_inclusive('\n').filter(|l| !l.contains(&silent)).collect();
    server.home.write("data/server.yaml", kept.concat());
    let mut run = server.command(&["pipeline", "run", "web", "--data", "../data"]);
    let output = run.current_dir(server.home.join("project")).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    told(&server, 2);
    assert_eq!(listener.taken().last().map(|(_, body)| body), lines(&server).last());
}
