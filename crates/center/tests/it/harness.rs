//! One instance of a lab in memory, and what a project does with it: plan, apply, export.
//!
//! `round_trip` is the check that every kind has to pass: what is applied is exported again to the byte,
//! bulk reads and single reads say the same, and nothing is left to do.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use trunkline_center::apply::{Machine, MemoryJournal, Outcome, run};
use trunkline_center::export::{Exported, export};
use trunkline_center::plan::{Plan, PlanInput, PlanOptions, build, drafts_needed};
use trunkline_center::state::{Baseline, advance, advance_ledger};
use trunkline_center::{
    Bindings, Documents, File, Instance, ReadOptions, Snapshot, find_instance, read_drafts, take,
};
use trunkline_lab::{Lab, Options};
use trunkline_model::{AccountId, Region, Report};
use trunkline_testkit::{MemoryCloud, seed};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";
const STAGING: &str = "acme-staging";

/// An instance as AWS makes it, and a project's way to it.
pub struct Bench {
    /// AWS.
    pub cloud: MemoryCloud,
    /// The instance.
    pub instance: Instance,
    /// What the environment binds.
    pub bindings: Bindings,
    /// How plans are made.
    pub options: PlanOptions,
    /// Kinds to read beside the usual ones.
    pub include: BTreeSet<String>,
    /// What is remembered of the applies so far.
    pub baseline: RefCell<Baseline>,
}

/// A file of a test: path and text.
pub type Text<'a> = (&'a str, &'a str);

/// Runs to the end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

/// Documents out of texts.
#[track_caller]
pub fn documents(files: &[Text<'_>]) -> Documents {
    let files: Vec<File> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    Documents::load(&files).expect("documents that can be read")
}

impl Bench {
    /// A fresh instance with what AWS puts there.
    pub fn new() -> Self {
        Self::lagging(Options::default().search_lag_seconds)
    }

    /// The same, where a search shows what was there some seconds ago (less than 300).
    pub fn lagging(search_lag_seconds: f64) -> Self {
        let options = Options { seed: Some(7), search_lag_seconds, ..Options::default() };
        let lab = Lab::open(options).expect("a lab");
        let cloud = MemoryCloud::new(&lab, ACCOUNT, REGION);
        seed::instance(&cloud, "CONNECT_MANAGED", "acme-test");
        cloud.must("s3", "CreateBucket", serde_json::json!({ "Bucket": STAGING }));
        let account = AccountId::parse(ACCOUNT).expect("twelve digits");
        let region = Region::parse(REGION).expect("a region");
        let instance =
            wait(find_instance(&cloud, &account, &region, "acme-test")).expect("the instance");
        let options = PlanOptions {
            project: "acme".to_owned(),
            environment: "test".to_owned(),
            staging_bucket: Some(STAGING.to_owned()),
            published_may_name_saved: true,
            ..PlanOptions::default()
        };
        let (bindings, include) = (Bindings::default(), BTreeSet::new());
        let baseline = RefCell::default();
        Self { cloud, instance, bindings, options, include, baseline }
    }

    /// Reads the instance, after the search index caught up.
    pub fn snapshot(&self, wanted: Option<&Documents>) -> Snapshot {
        self.cloud.pass(300);
        let options = ReadOptions { include: self.include.clone(), ..ReadOptions::default() };
        self.read(wanted, &options)
    }

    /// Reads the instance in a way of the test's own.
    pub fn read(&self, wanted: Option<&Documents>, options: &ReadOptions) -> Snapshot {
        wait(take(&self.cloud, &self.instance, wanted, &self.bindings, options)).expect("a read")
    }

    /// Plans, drafts read where they matter.
    pub fn plan(&self, wanted: &Documents) -> Result<Plan, Report> {
        let mut snapshot = self.snapshot(Some(wanted));
        let baseline = self.baseline.borrow();
        let drafts = drafts_needed(&self.input(wanted, &snapshot, &baseline));
        let options = ReadOptions::default();
        wait(read_drafts(&self.cloud, &mut snapshot, &drafts, &options)).expect("drafts");
        build(&self.input(wanted, &snapshot, &baseline))
    }

    fn input<'a>(
        &'a self,
        documents: &'a Documents,
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
    ) -> PlanInput<'a> {
        let (bindings, options) = (&self.bindings, &self.options);
        PlanInput { documents, snapshot, bindings, baseline, options }
    }

    /// Carries out a plan, and remembers it.
    pub fn apply(&self, plan: Plan) -> Outcome {
        let mut machine = Machine::new(plan.clone(), self.instance.clone());
        let mut journal = MemoryJournal::default();
        let mut silent = |_| {};
        let running = run(&self.cloud, &mut machine, &mut journal, &mut silent, &|| false);
        let outcome = wait(running).expect("a journal in memory");
        let mut baseline = self.baseline.borrow_mut();
        baseline.applied = Some(advance(baseline.applied.as_ref(), &plan, &journal.0));
        baseline.ledger = advance_ledger(&baseline.ledger, &plan, &journal.0);
        outcome
    }

    /// Plans and applies; returns the operations of the steps, in their order.
    #[track_caller]
    pub fn deploy(&self, wanted: &Documents) -> Vec<String> {
        let plan = self.plan(wanted).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        let operations = plan.steps.iter().map(|s| s.call.operation.clone()).collect();
        let outcome = self.apply(plan);
        assert_eq!(outcome.failures, [], "the apply failed");
        assert_eq!(outcome.done, outcome.total);
        operations
    }

    /// Exports, as single reads give it and as bulk reads give it: both must be the same.
    #[track_caller]
    pub fn exported(&self, drafts: bool) -> Exported {
        let bulk = self.snapshot(None);
        let recent = bulk.resources.iter().map(|r| r.id.clone()).collect();
        let options = ReadOptions { recent, include: self.include.clone(), ..Default::default() };
        let single = self.read(None, &options);
        for (one, other) in bulk.resources.iter().zip(&single.resources) {
            assert_eq!(one, other, "bulk and single reads differ");
        }
        assert_eq!(bulk.resources.len(), single.resources.len());
        let options = ReadOptions { drafts, include: self.include.clone(), ..Default::default() };
        let snapshot = if drafts { self.read(None, &options) } else { bulk };
        export(&snapshot, &self.bindings, drafts)
    }

    /// Applies the files; then the instance exports them to the byte, and nothing is left to do.
    /// Returns the operations that it took.
    #[track_caller]
    pub fn becomes(&self, files: &[Text<'_>]) -> Vec<String> {
        let wanted = documents(files);
        let operations = self.deploy(&wanted);
        let drafts = files.iter().any(|(_, text)| text.contains("\"status\": \"saved\""));
        let exported = self.exported(drafts);
        assert_eq!(exported.unmanaged, [], "known fields are reported");
        let there = exported.documents.files();
        for (path, text) in files {
            let found = there.iter().find(|(p, _)| p == path);
            let found = found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
            assert_eq!(found.as_deref(), Some(*text), "the export of {path} differs");
        }
        let again = self.plan(&wanted).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        assert!(again.is_empty(), "something is left to do: {:#?}", again.steps);
        operations
    }

    /// With nothing wanted any more, what the project made is retired, then deleted.
    #[track_caller]
    pub fn prunes(&mut self) -> (Vec<String>, Vec<String>) {
        self.options.prune = true;
        let none = Documents::default();
        let (first, second) = (self.deploy(&none), self.deploy(&none));
        self.options.prune = false;
        (first, second)
    }
}

/// A fresh instance becomes each of the states in turn; returns the operations of each.
#[track_caller]
pub fn round_trip(states: &[&[Text<'_>]]) -> (Bench, Vec<Vec<String>>) {
    let bench = Bench::new();
    let operations = states.iter().map(|files| bench.becomes(files)).collect();
    (bench, operations)
}
