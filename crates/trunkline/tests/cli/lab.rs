//! `lab`: the first line on stdout is where it listens; it answers, and says that it is emulated.

use super::Place;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// Ends the lab when the test does, however it does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_free_port_is_taken_printed_and_answered_on() {
    let place = Place::new();
    let mut command = place.command(&["lab", "--port", "0", "--json", "--no-throttle"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut running = Running(child.expect("the program runs"));
    let mut first = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let json: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(json["emulated"], true);
    let port = u16::try_from(json["port"].as_u64().unwrap()).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = "GET /_lab/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let taken = place.run(&["lab", "--port", &port.to_string()]);
    assert_eq!((taken.code, taken.out.as_str()), (64, ""));
    assert!(taken.err.contains("TL0901") && taken.err.contains("--port 0"), "{}", taken.err);

    running.0.kill().unwrap();
    let mut talk = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert!(talk.contains("emulated") && talk.contains("AWS_ENDPOINT_URL"), "{talk}");
}

#[test]
fn options_that_make_no_sense_are_bad_usage() {
    for bad in [
        &["--time-scale", "0"][..],
        &["--time-scale", "inf"],
        &["--search-lag", "-1"],
        &["--quotas", "many"],
        &["--quotas", "flows=x"],
        &["--published-may-name-saved", "perhaps"],
        &["--port", "70000"],
    ] {
        let ran = Place::new().run(&[&["lab"], bad].concat());
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{bad:?} {}", ran.err);
    }
}
