//! What the server does not do: for strangers, for web pages, and beside another server.

use crate::server::Server;

#[test]
fn git_needs_a_token_and_a_reading_one_cannot_push() {
    let mut server = Server::new();
    server.hosted();
    server.start();
    server.work();
    server.commit("page.txt", "one\n");
    let reading = server.token("bob", &["--read-only"]);
    for (token, what) in [("wrong", "a wrong token"), (reading.as_str(), "a reading token")] {
        let address = server.repository("web", token);
        let output = server.git("work", &["push", "--quiet", &address, "main"]);
        assert!(!output.status.success(), "{what} may push");
    }
    server.must("work", &["ls-remote", &server.repository("web", &reading)]);
    let unknown = server.git("work", &["ls-remote", &server.repository("other", &reading)]);
    assert!(!unknown.status.success(), "a repository that nobody names is not there");
    assert!(server.executions("web").is_empty());
    assert!(!server.home.read("data/tokens.json").contains(&reading), "only hashes are kept");
}

#[test]
fn the_api_answers_neither_strangers_nor_pages_of_other_origins() {
    let mut server = Server::new();
    server.hosted();
    server.start();
    let (status, body) = server.http("GET /api/pipelines", &[], b"");
    assert_eq!((status, body["diagnostics"][0]["code"].as_str()), (401, Some("TL0891")));
    for (headers, expected) in [
        (&[("Host", "evil.example.com")][..], 421),
        (&[("Origin", "https://evil.example.com")][..], 403),
        (&[("Authorization", "Bearer wrong")][..], 401),
    ] {
        assert_eq!(server.http("GET /api/pipelines", headers, b"").0, expected, "{headers:?}");
    }
    assert_eq!(server.http("GET /health", &[], b"").1["status"], "ok");
    assert_eq!(server.api("pipelines")["pipelines"][0]["name"], "web");
}

#[test]
fn a_second_server_on_one_data_folder_is_refused_and_told_of_the_first() {
    let mut server = Server::new();
    server.start();
    let arguments = ["serve", "--port", "0", "--project", "project", "--data", "data"];
    let output = server.command(&arguments).output().expect("it runs");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("TL0883") && err.contains(&server.url), "{err}");
    server.stop();
}
