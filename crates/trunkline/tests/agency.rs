//! The example of the agency: a shared account deploys one contact center to fourteen others, each through
//! its own role; afterwards every instance is what the documents say, and nothing is left to do.

#[path = "agency/pipelines.rs"]
mod pipelines;

use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_config::{Binding, Project};
use trunkline_lab::Options;
use trunkline_model::{Environment, EnvironmentUse};
use trunkline_testkit::{Home, LabServer, MemoryCloud, Oracle, Ran, seed};

/// The account of the pipelines.
const SHARED: &str = "777788889999";

struct Agency {
    server: LabServer,
    home: Home,
}

impl Agency {
    /// A lab, and a copy of the example in a home.
    fn new() -> Self {
        let server = LabServer::unrecorded(Options {
            strict_roles: true,
            throttle: false,
            search_lag_seconds: 0.5,
            ..Options::default()
        });
        let home = Home::new();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agency");
        home.copy(&example, "");
        std::fs::create_dir(home.join(".git")).expect("the search for a project ends here");
        Self { server, home }
    }

    fn command(&self, account: &str, words: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_trunkline");
        self.home.program(program, &self.server.url(), account, words)
    }

    /// Runs the program as somebody in the shared account does.
    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(SHARED, words))
    }

    /// The same as a build of the shared account's pipelines does.
    fn run_in_pipeline(&self, words: &[&str]) -> Ran {
        let mut command = self.command(SHARED, words);
        command.env("CODEBUILD_BUILD_ID", "benefits-deploy:1");
        Ran::of(command)
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> Ran {
        self.run_in_pipeline(words).done(words)
    }

    fn project(&self) -> Project {
        let config = self.home.read("trunkline.yaml");
        trunkline_config::parse(&config, "trunkline.yaml").expect("a configuration")
    }

    fn cloud(&self, account: &str, region: &str) -> MemoryCloud {
        MemoryCloud::new(self.server.lab(), account, region)
    }

    /// Makes what stands in an account before the first deployment: instances, numbers, functions, a bot,
    /// buckets, and the queue of the neighbours.
    fn seed(&self, project: &Project, place: &Environment) {
        for target in project.targets(place, None).expect("targets") {
            let (region, alias) = (target.region.as_str(), target.instance_alias());
            let cloud = self.cloud(place.account.as_str(), region);
            let instance = seed::instance(&cloud, "SAML", &alias);
            self.seed_beside(place, region, &cloud);
            for line in ["Claims line", "Weather line"] {
                if let Binding::Value(number) = project.bindings.value("phone", line, &target) {
                    let claim = json!({ "TargetArn": instance["Arn"], "PhoneNumber": number });
                    cloud.must("connect", "ClaimPhoneNumber", claim);
                }
            }
            let id = &instance["Id"];
            let hours = cloud.must("connect", "ListHoursOfOperations", json!({ "InstanceId": id }));
            let hours = &hours["HoursOfOperationSummaryList"][0]["Id"];
            let queue =
                json!({ "InstanceId": id, "Name": "Shared Overflow", "HoursOfOperationId": hours });
            cloud.must("connect", "CreateQueue", queue);
        }
        self.roles(place);
    }

    fn seed_beside(&self, place: &Environment, region: &str, cloud: &MemoryCloud) {
        let name = &place.name;
        for bucket in ["staging", "recordings"] {
            let bucket = format!("benefits-{bucket}-{name}-{region}");
            cloud.must("s3", "CreateBucket", json!({ "Bucket": bucket }));
        }
        for function in ["claim-status", "next-payment", "verify-caller"] {
            seed::function(cloud, &format!("{function}-{name}"));
        }
        seed::bot_alias(cloud, &seed::bot(cloud, "JobReport"), "live");
    }

    /// Lets the account's own administrator deploy the role that the program asks for.
    fn roles(&self, place: &Environment) {
        let words =
            ["env", "bootstrap", "--env", &place.name, "--trust", SHARED, "--apply", "--yes"];
        Ran::of(self.command(place.account.as_str(), &words)).done(&words);
    }
}

/// Does something for every place, two at a time.
fn each(places: &[Environment], action: impl Fn(&Environment) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::SeqCst)) {
                    action(place);
                }
            });
        }
    });
}

#[test]
fn one_center_is_deployed_to_fourteen_accounts_each_through_its_own_role() {
    let agency = Agency::new();
    let places = agency.project().environments;
    assert_eq!(places.len(), 14);
    assert!(places.iter().any(|p| p.account.as_str().starts_with('0')), "a leading zero");
    let fixes: Vec<_> = places.iter().filter(|p| !p.enabled).map(|p| p.name.as_str()).collect();
    assert_eq!(fixes, ["qa-fix", "uat-fix", "prod-fix"]);
    let refused = agency.run(&["apply", "--env", "qa-fix", "--yes"]);
    assert!(refused.err.contains("error[TL0111]"), "{}", refused.err);
    // The day of a fix: its environments are switched on.
    let config = agency.home.read("trunkline.yaml").replace(", enabled: false", "");
    agency.home.write("trunkline.yaml", config);

    let project = agency.project();
    places.iter().for_each(|place| agency.seed(&project, place));
    let refused = agency.run(&["apply", "--env", "prod", "--yes"]);
    assert!(refused.err.contains("error[TL0611]"), "a person may not: {}", refused.err);
    each(&places, |place| {
        let mut words = vec!["apply", "--env", &place.name, "--yes"];
        if place.used_for == EnvironmentUse::Build {
            words.push("--into-build");
        }
        if place.name == "prod" {
            // Without it, the test would depend on the time of day.
            words.extend(["--reason", "the night of the release"]);
        }
        agency.done(&words);
    });
    each(&places, |place| {
        let mut words = vec!["plan", "--env", &place.name, "--exit-code"];
        if place.used_for == EnvironmentUse::Build {
            words.push("--into-build");
        }
        agency.done(&words);
    });
    as_the_documents_say(&agency, &places);
}

/// Asks the oracle about every instance.
fn as_the_documents_say(agency: &Agency, places: &[Environment]) {
    if Oracle::start().is_none() {
        println!("SKIP: no oracle (TRUNKLINE_ORACLE names a Python with boto3)");
        return;
    }
    let halves = places.chunks(places.len().div_ceil(2));
    std::thread::scope(|scope| {
        for half in halves {
            scope.spawn(move || {
                let mut oracle = Oracle::start().expect("it was there a moment ago");
                for place in half {
                    for region in place.regions.iter().map(trunkline_model::Region::as_str) {
                        let (home, url) = (agency.home.path(), agency.server.url());
                        let found = oracle.differences_in(home, &place.name, &url, Some(region));
                        assert_eq!(found, [""; 0], "{} in {region}", place.name);
                    }
                }
            });
        }
    });
}
