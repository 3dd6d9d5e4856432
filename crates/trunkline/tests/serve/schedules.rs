//! Starts by the clock.

use crate::server::{LIMIT, Server, hosted_source};
use trunkline_store::{Access, Head, Store};
use trunkline_testkit::wait_until;

#[test]
fn what_was_due_starts_once_for_each_schedule_with_its_variables() {
    let mut server = Server::new();
    let ran = server.home.join("ran").display().to_string();
    let variables = "  variables: [{ name: KIND, defaultValue: none }]\n";
    let command = format!("echo $KIND >> {ran}");
    server.pipeline("web", &hosted_source("web", "main"), variables, &command);
    let text = server.home.read("project/pipelines/web.yaml");
    let told = "environmentVariables: [{ name: KIND, value: \"#{variables.KIND}\" }]";
    let text = text.replace("commands:", &format!("{told}\n      commands:"));
    server.home.write("project/pipelines/web.yaml", text);
    // Not while the test runs, whenever that is.
    let hour = (jiff::Timestamp::now().as_second() / 3600 + 12) % 24;
    let at = format!("cron: \"0 {hour} * * *\"");
    server.home.write(
        "data/server.yaml",
        format!(
            "schedules:\n- {{ pipeline: web, {at}, variables: {{ KIND: full }} }}\n- {{ pipeline: web, {at}, \
             variables: {{ KIND: part }} }}\n"
        ),
    );
    server.start();
    server.work();
    server.commit("page.txt", "one\n");
    let address = server.repository("web", &server.token("ann", &[]));
    server.must("work", &["push", "--quiet", &address, "main"]);
    server.succeeded("web");
    server.ran("none\n");
    let database = server.home.join("data/trunkline.db");
    let heads = wait_until("both schedules are known", LIMIT, || {
        let heads = Store::open(&database, Access::Read).ok()?.heads_of("schedule").ok()?;
        (heads.len() == 2).then_some(heads)
    });
    server.stop();

    // Both were new to that server, and were looked at last three days ago by this one.
    let store = Store::open(&database, Access::Write).expect("it is");
    let before = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(72);
    for head in heads {
        let moved = store.set_head(&Head { revision: before.to_string(), ..head });
        assert!(moved.expect("it can be written"));
    }
    drop(store);
    server.start();
    wait_until("both have run", LIMIT, || {
        let mut lines: Vec<String> =
            server.home.read("ran").lines().skip(1).map(str::to_owned).collect();
        lines.sort();
        (lines == ["full", "part"]).then_some(())
    });
    assert_eq!(server.executions("web").len(), 3, "three days are made up for once");
}
