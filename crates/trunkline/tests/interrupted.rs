//! The real program is killed, interrupted, throttled and cut off in the middle of an apply; run again, it
//! ends like the run that nothing disturbed.

use serde_json::{Value, json};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use trunkline_center::{Bindings, File, ReadOptions, export, find_instance, take};
use trunkline_lab::{Deed, Fault, Lab, Options, Principal, Request, When};
use trunkline_model::{AccountId, Region};
use trunkline_testkit::{Home, LabServer, MemoryCloud, wait_until};

const ACCOUNT: &str = "444455556666";
const REGION: &str = "us-west-2";
const LIMIT: Duration = Duration::from_secs(60);

const CONFIG: &str = r#"version: 1
project: acme
environments:
  prod: { account: "444455556666", regions: [us-west-2], instance: acme-prod, staging_bucket: acme-staging }
"#;

const FILES: &[(&str, &str)] = &[
    ("trunkline.yaml", CONFIG),
    (
        "connect/hours/Day.yaml",
        "Name: Day\nTimeZone: UTC\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 9\n    Minutes: 0\n  EndTime:\n    Hours: 17\n    Minutes: 0\n",
    ),
    (
        "connect/queues/Sales.yaml",
        "Name: Sales\nHoursOfOperationId: ${hours:Day}\nMaxContacts: 5\nQuickConnectIds:\n- ${quick-connect:Partner}\n",
    ),
    (
        "connect/quick-connects/Partner.yaml",
        "Name: Partner\nQuickConnectConfig:\n  QuickConnectType: PHONE_NUMBER\n  PhoneConfig:\n    PhoneNumber: \"+15550100099\"\n",
    ),
    ("connect/prompts/Hello.yaml", "Name: Hello\nAudio: Hello.wav\n"),
    ("connect/prompts/Hello.wav", "RIFF1"),
    (
        "connect/flows/Main.json",
        r#"{"name": "Main", "type": "CONTACT_FLOW", "status": "published", "content": {"Version": "2019-10-30", "StartAction": "hello", "Actions": [
        {"Identifier": "hello", "Type": "MessageParticipant", "Parameters": {"PromptId": "${prompt:Hello}"}, "Transitions": {"NextAction": "queue", "Errors": [{"NextAction": "queue", "ErrorType": "NoMatchingError"}], "Conditions": []}},
        {"Identifier": "queue", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": "${queue:Sales}"}, "Transitions": {"NextAction": "menu", "Errors": [{"NextAction": "end", "ErrorType": "NoMatchingError"}], "Conditions": []}},
        {"Identifier": "menu", "Type": "TransferToFlow", "Parameters": {"ContactFlowId": "${flow:Menu}"}, "Transitions": {"NextAction": "end", "Errors": [{"NextAction": "end", "ErrorType": "NoMatchingError"}], "Conditions": []}},
        {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}}"#,
    ),
    (
        "connect/flows/Menu.json",
        r#"{"name": "Menu", "type": "CONTACT_FLOW", "status": "published", "content": {"Version": "2019-10-30", "StartAction": "back", "Actions": [
        {"Identifier": "back", "Type": "TransferToFlow", "Parameters": {"ContactFlowId": "${flow:Main}"}, "Transitions": {"NextAction": "end", "Errors": [{"NextAction": "end", "ErrorType": "NoMatchingError"}], "Conditions": []}},
        {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}}"#,
    ),
];

/// A lab over HTTP with one instance, and a project beside it.
struct Scene {
    server: LabServer,
    home: Home,
}

fn call(lab: &Lab, service: &str, operation: &str, input: Value) -> Value {
    let account = AccountId::parse(ACCOUNT).expect("twelve digits");
    let request = Request {
        principal: Principal::root(&account),
        account,
        region: Region::parse(REGION).expect("a region"),
        service: service.to_owned(),
        operation: operation.to_owned(),
        input,
        body: Vec::new(),
    };
    let done = lab.handle(&request, jiff::Timestamp::now());
    done.unwrap_or_else(|f| panic!("{operation}: {} {}", f.name, f.message)).members
}

impl Scene {
    fn new() -> Self {
        let server = LabServer::with(Options { throttle: false, ..Options::default() });
        let instance = json!({
            "IdentityManagementType": "SAML", "InstanceAlias": "acme-prod",
            "InboundCallsEnabled": true, "OutboundCallsEnabled": true,
        });
        call(server.lab(), "connect", "CreateInstance", instance);
        call(server.lab(), "s3", "CreateBucket", json!({ "Bucket": "acme-staging" }));
        let home = Home::new();
        // The search for a configuration ends here.
        std::fs::create_dir(home.join(".git")).expect("a folder");
        for (path, text) in FILES {
            home.write(path, text);
        }
        Self { server, home }
    }

    fn command(&self) -> Command {
        let mut command = self.home.command(env!("CARGO_BIN_EXE_trunkline"));
        command
            .args(["apply", "--env", "prod", "--yes"])
            .env("AWS_ENDPOINT_URL", self.server.url())
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("TRUNKLINE_RATE_SCALE", "100")
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end, which must be a good one.
    #[track_caller]
    fn completes(&self) {
        let output = self.command().output().expect("the program runs");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{:?}: {err}", output.status);
    }

    fn start(&self) -> Running {
        let child = self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Running(child.expect("the program starts"))
    }

    /// The events of the journals, oldest run first.
    fn events(&self) -> Vec<Value> {
        let folder = self.home.join(".trunkline/state/prod-us-west-2");
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|e| e.path()).collect();
        paths.sort();
        let texts = paths.iter().map(|p| std::fs::read_to_string(p).unwrap_or_default());
        let lines: Vec<String> =
            texts.flat_map(|t| t.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        lines.iter().filter_map(|l| serde_json::from_str(l).ok()).collect()
    }

    /// Waits until the journal says that the operation's call is on its way.
    fn is_begun(&self, operation: &str) {
        let suffix = format!("/{operation}");
        let begun = |e: &Value| {
            e["event"] == "step-started" && e["step"].as_str().is_some_and(|s| s.ends_with(&suffix))
        };
        wait_until(operation, LIMIT, || self.events().iter().any(begun).then_some(()));
    }

    /// Everything that the instance holds, by name, drafts included.
    fn end(&self) -> Vec<File> {
        let cloud = MemoryCloud::new(self.server.lab(), ACCOUNT, REGION);
        let (account, region) = (AccountId::parse(ACCOUNT), Region::parse(REGION));
        let (account, region) = (account.expect("an account"), region.expect("a region"));
        let bindings = Bindings::default();
        let options = ReadOptions { drafts: true, ..ReadOptions::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let snapshot = runtime.block_on(async {
            let found = find_instance(&cloud, &account, &region, "acme-prod").await;
            let instance = found.expect("the instance");
            take(&cloud, &instance, None, &bindings, &options).await.expect("a read")
        });
        let mut names: Vec<_> = snapshot.resources.iter().map(|r| (r.kind, &r.name)).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "a name exists twice");
        export::export(&snapshot, &bindings, true).documents.files()
    }
}

/// A running program that does not outlive its test.
struct Running(Child);

impl Running {
    /// Ends it at once, with SIGKILL.
    fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }

    /// Asks it to stop, as Ctrl-C does, and waits for its end.
    fn interrupt(mut self) -> ExitStatus {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -INT {}", self.0.id())).status();
        assert!(kill.expect("a shell").success());
        wait_until("the program ends", LIMIT, || self.0.try_wait().expect("a child"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn undisturbed() -> Vec<File> {
    let scene = Scene::new();
    scene.completes();
    scene.end()
}

fn hold(operation: &str, when: When, milliseconds: u64) -> Fault {
    let service = if operation == "PutObject" { "s3" } else { "connect" };
    let held = Fault::new(service, operation, Deed::Delay);
    Fault { when, delay_ms: milliseconds, ..held }
}

const HELD: &[&str] = &[
    "PutObject",
    "CreatePrompt",
    "CreateHoursOfOperation",
    "CreateQueue",
    "CreateQuickConnect",
    "AssociateQueueQuickConnects",
    "CreateContactFlow",
    "UpdateContactFlowContent",
];

#[test]
fn a_killed_apply_is_completed_by_the_next_one() {
    let expected = undisturbed();
    let mut killed = 0;
    for operation in HELD {
        for when in [When::Before, When::After] {
            let scene = Scene::new();
            // While the call hangs, nothing that needs it goes on.
            scene.server.lab().inject(hold(operation, when, 120_000));
            let running = scene.start();
            scene.is_begun(operation);
            running.kill();
            scene.server.lab().clear_faults();
            let whole = scene.events().iter().any(|e| e["event"] == "ended");
            assert!(!whole, "{operation}: it had ended already");
            scene.completes();
            assert!(scene.end() == expected, "{operation} {when:?}: ends otherwise");
            killed += 1;
        }
    }
    println!("killed at {killed} points, equal {killed}");
}

#[test]
fn dropped_answers_throttles_and_errors_end_equal() {
    let expected = undisturbed();
    let faults = [
        (Deed::Drop, When::Before),
        (Deed::Drop, When::After),
        (Deed::Throttle, When::Before),
        (Deed::Error, When::Before),
    ];
    for (deed, when) in faults {
        for nth in [1, 4, 7, 10] {
            let scene = Scene::new();
            let fault = Fault { writes: true, nth, when, ..Fault::new("*", "*", deed) };
            scene.server.lab().inject(fault);
            let first = scene.command().output().expect("the program runs");
            if deed == Deed::Throttle {
                assert!(first.status.success(), "a throttle is waited for");
            }
            scene.server.lab().clear_faults();
            scene.completes();
            assert!(scene.end() == expected, "{deed:?} {when:?} of write {nth}: ends otherwise");
        }
    }
}

#[test]
fn an_interrupted_apply_finishes_what_is_under_way_and_goes_on_later() {
    let expected = undisturbed();
    let scene = Scene::new();
    scene.server.lab().inject(hold("CreateQueue", When::Before, 3_000));
    let running = scene.start();
    scene.is_begun("CreateQueue");
    let status = running.interrupt();
    assert_eq!(status.code(), Some(130));
    let events = scene.events();
    let of = |name: &str| events.iter().filter(|e| e["event"] == name).count();
    assert_eq!(of("step-started"), of("step-done"), "{events:#?}");
    let last = events.last().expect("events");
    assert_eq!((&last["event"], &last["complete"]), (&json!("ended"), &json!(false)));
    scene.completes();
    assert!(scene.end() == expected, "ends otherwise");
}
