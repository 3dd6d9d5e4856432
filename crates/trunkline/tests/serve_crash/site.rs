//! A lab with an instance in two regions, a project whose pipeline builds, asks and deploys to both, and its server,
//! which reaches the lab through a proxy that counts writes. Everything is the same each time, commits too.

use crate::processes;
use crate::server::{Server, hosted_source};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use trunkline_engine::{Event, Recorded};
use trunkline_lab::Options;
use trunkline_store::{Access, Store};
use trunkline_testkit::documents::{HOURS, flow};
use trunkline_testkit::{Class, Home, LabServer, MemoryCloud, Proxy, Ran, seed};

/// The pipeline.
pub(crate) const NAME: &str = "acme";
const ACCOUNT: &str = "444455556666";
pub(crate) const REGIONS: [&str; 2] = ["us-west-2", "us-east-1"];

const CONFIG: &str = "\
version: 1
project: acme
environments:
  prod: { account: \"444455556666\", regions: [us-west-2, us-east-1], instance: \"acme-{region}\" }
";

/// What the build project does; it notes in a file outside of its folders that it begins and that it ends, and
/// leaves a process that left its group.
const PROJECT: &str = "\
projects:
- name: unit
  source:
    type: CODEPIPELINE
    buildspec: |
      version: 0.2
      phases:
        install:
          commands:
          - echo \"begin Unit $TRUNKLINE_BUILD_ID\" >> @LEDGER@
          - echo the first line of the build
          - (setsid sleep 300 > /dev/null 2>&1 &)
        build:
          commands:
          - sleep 0.2
          - echo the second line of the build
          - mkdir out && echo built > out/result.txt
          - echo \"end Unit $TRUNKLINE_BUILD_ID\" >> @LEDGER@
      artifacts:
        base-directory: out
        files: ['**/*']
  artifacts: { type: CODEPIPELINE }
  environment: { type: LINUX_CONTAINER, image: none, computeType: BUILD_GENERAL1_SMALL }
";

/// A site whose server may run.
pub(crate) struct Site {
    pub(crate) server: Server,
    lab: LabServer,
    /// What the lab keeps: each request that changed something.
    kept: Home,
    pub(crate) proxy: Proxy,
}

impl Site {
    /// Everything but the first push; the server runs.
    pub(crate) fn new() -> Self {
        let kept = Home::new();
        let lab = LabServer::unrecorded(Options {
            throttle: false,
            search_lag_seconds: 0.0,
            data: Some(kept.path().to_owned()),
            ..Options::default()
        });
        for region in REGIONS {
            let cloud = MemoryCloud::new(lab.lab(), ACCOUNT, region);
            seed::instance(&cloud, "CONNECT_MANAGED", &format!("acme-{region}"));
        }
        let proxy = Proxy::start(&lab.url(), "none");
        let mut server = Server::new();
        let mut variable = |name, value: &str| server.variables.push((name, value.to_owned()));
        variable("AWS_ENDPOINT_URL", &proxy.url());
        variable("AWS_ACCESS_KEY_ID", ACCOUNT);
        variable("AWS_SECRET_ACCESS_KEY", "x");
        variable("TRUNKLINE_RATE_SCALE", "off");
        write_documents(&server.home, "project");
        let ledger = server.home.join("ledger").display().to_string();
        server.home.write("project/pipelines/acme.yaml", pipeline().replace("@LEDGER@", &ledger));
        server.home.write("ledger", "");
        server.start();
        Self { server, lab, kept, proxy }
    }

    /// Pushes the documents, which starts the pipeline.
    pub(crate) fn push(&self) {
        let server = &self.server;
        server.work();
        write_documents(&server.home, "work");
        server.must("work", &["add", "."]);
        let date = "2026-11-20T12:00:00Z";
        let mut commit = server.home.command("git");
        commit.env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date);
        commit.current_dir(server.home.join("work")).args(["commit", "--quiet", "-m", "All"]);
        assert!(commit.status().expect("git is there").success());
        let address = server.repository(NAME, &server.token("ann", &[]));
        server.must("work", &["push", "--quiet", &address, "main"]);
    }

    /// The database, as somebody beside the server reads it.
    pub(crate) fn store(&self) -> Store {
        let path = self.server.home.join("data/trunkline.db");
        Store::open(&path, Access::Read).expect("the database can be read")
    }

    pub(crate) fn events(&self) -> Vec<Recorded> {
        self.store().events_after(NAME, 0).expect("events can be read")
    }

    /// How many writes to AWS arrived.
    pub(crate) fn writes(&self) -> usize {
        self.proxy.count(Class::Write)
    }

    /// The requests that changed something in AWS, by operation, region and name.
    pub(crate) fn effects(&self) -> BTreeMap<String, usize> {
        let mut effects = BTreeMap::new();
        for line in self.kept.read("requests.jsonl").lines() {
            let made: Value = serde_json::from_str(line).expect("JSON");
            let name = made["input"]["Name"].as_str().unwrap_or_default();
            let key = format!("{} {} {name}", made["operation"], made["region"]);
            *effects.entry(key).or_default() += 1;
        }
        effects
    }

    /// Answers an approval; whether the server took it.
    pub(crate) fn approve(&self, stage: &str, action: &str, token: &str) -> (u16, Value) {
        let approval = json!({ "command": "approve", "stage": stage, "action": action, "token": token,
            "summary": "good", "by": "ann" });
        self.server.tell(NAME, &approval)
    }

    /// The whole log of an action, as the server tells it.
    pub(crate) fn log(&self, action: &str) -> Vec<u8> {
        let (mut log, bearer) = (Vec::new(), self.server.bearer());
        loop {
            let part = more_of_log(&self.server.url, &bearer, action, log.len());
            let part = part.expect("the server answers");
            if part.is_empty() {
                return log;
            }
            log.extend(part);
        }
    }

    /// What the instances hold, by region.
    pub(crate) fn content(&self) -> BTreeMap<String, Vec<String>> {
        let of = |region: &str| {
            let cloud = MemoryCloud::new(self.lab.lab(), ACCOUNT, region);
            let all = cloud.must("connect", "ListInstances", json!({}));
            let instance = &all["InstanceSummaryList"][0]["Id"];
            let mut names = Vec::new();
            for (list, rows, more) in LISTS {
                let mut input = json!({ "InstanceId": instance, "MaxResults": 100 });
                if let Some(kind) = more {
                    input[*kind] = json!(["STANDARD"]);
                }
                let found = cloud.must("connect", list, input);
                let rows = found[*rows].as_array().expect("rows").iter();
                names.extend(rows.map(|row| format!("{list} {}", row["Name"])));
            }
            names.sort();
            (region.to_owned(), names)
        };
        REGIONS.into_iter().map(of).collect()
    }

    /// What a plan finds to do, which is nothing.
    pub(crate) fn left_to_do(&self) -> Option<String> {
        let words = ["plan", "--env", "prod", "--exit-code"];
        let mut command = self.server.command(&words);
        command.current_dir(self.server.home.join("project"));
        let ran = Ran::of(command);
        (ran.code != Some(0)).then(|| format!("{}{}", ran.out, ran.err))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.kill();
        processes::kill(&builds(&self.events(), 1..=9));
    }
}

const LISTS: &[(&str, &str, Option<&str>)] = &[
    ("ListHoursOfOperations", "HoursOfOperationSummaryList", None),
    ("ListQueues", "QueueSummaryList", Some("QueueTypes")),
    ("ListContactFlows", "ContactFlowSummaryList", None),
];

/// What of a log comes after some bytes; None where nobody answers.
pub(crate) fn more_of_log(url: &str, bearer: &str, id: &str, offset: usize) -> Option<Vec<u8>> {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).ok()?;
    let head = format!(
        "GET /api/logs/{id}?offset={offset} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let says = |text: &str| head.to_ascii_lowercase().lines().any(|line| line == text);
    // Cut off, it was not shown; a log that is not there yet is a refusal.
    let whole = says(&format!("content-length: {}", body.len()));
    match head.split(' ').nth(1) {
        Some("200") if whole => Some(body.to_vec()),
        Some("200") => None,
        _ => Some(Vec::new()),
    }
}

/// The ids under which the processes of builds are found, for some attempts of each action.
pub(crate) fn builds(events: &[Recorded], attempts: std::ops::RangeInclusive<u32>) -> Vec<String> {
    let of = |recorded: &Recorded| match &recorded.event {
        Event::ActionStarted(start) if start.token.is_none() => {
            Some(start.action_execution.clone())
        }
        _ => None,
    };
    let all = events.iter().filter_map(of);
    all.flat_map(|id| attempts.clone().map(move |n| format!("{id}-{n}"))).collect()
}

fn write_documents(home: &Home, folder: &str) {
    home.write(format!("{folder}/trunkline.yaml"), CONFIG);
    home.write(format!("{folder}/connect/hours/Main line.yaml"), HOURS);
    for name in ["Sales", "Help", "Claims"] {
        let queue =
            format!("Name: {name}\nHoursOfOperationId: ${{hours:Main line}}\nMaxContacts: 7\n");
        home.write(format!("{folder}/connect/queues/{name}.yaml"), queue);
    }
    for (name, queue) in [("Main", "Sales"), ("Night", "Help")] {
        let flow = flow(name, &format!("${{queue:{queue}}}"));
        home.write(format!("{folder}/connect/flows/{name}.json"), flow);
    }
}

fn pipeline() -> String {
    let source = hosted_source(NAME, "main");
    let kind = |category: &str, owner: &str, provider: &str| {
        format!(
            "actionTypeId: {{ category: {category}, owner: {owner}, provider: {provider}, version: \"1\" }}"
        )
    };
    let deploy = |name: &str, order: u32, region: &str| {
        format!(
            "    - name: {name}\n      {}\n      runOrder: {order}\n      configuration: {{ Environment: prod, \
             Region: {region} }}\n      inputArtifacts: [{{ name: Code }}]\n",
            kind("Deploy", "Custom", "Trunkline")
        )
    };
    format!(
        "pipeline:\n  name: {NAME}\n  pipelineType: V2\n  stages:\n  - name: Source\n    actions:\n    - name: Git\n      \
         actionTypeId: {source}\n      outputArtifacts: [{{ name: Code }}]\n  - name: Build\n    actions:\n    \
         - name: Unit\n      {}\n      configuration: {{ ProjectName: unit }}\n      inputArtifacts: [{{ name: Code }}]\n      \
         outputArtifacts: [{{ name: Built }}]\n    - name: Lint\n      {}\n      inputArtifacts: [{{ name: Code }}]\n      \
         commands:\n      - echo \"begin Lint $TRUNKLINE_BUILD_ID\" >> @LEDGER@\n      - echo looks good\n      \
         - sleep 0.1\n      - echo \"end Lint $TRUNKLINE_BUILD_ID\" >> @LEDGER@\n  - name: Approve\n    actions:\n    \
         - name: Person\n      {}\n  - name: Deploy\n    actions:\n{}{}{PROJECT}",
        kind("Build", "AWS", "CodeBuild"),
        kind("Compute", "AWS", "Commands"),
        kind("Approval", "AWS", "Manual"),
        deploy("West", 1, REGIONS[0]),
        deploy("East", 2, REGIONS[1]),
    )
}
