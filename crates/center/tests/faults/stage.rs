//! An instance of the lab in memory and a project's way to it, with what a state folder would remember.
//!
//! `attempt` is one run of `apply`: it reads, plans and carries out, and keeps its journal for the next.

use crate::crash::{Crash, Fragile, until_crash};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use trunkline_center::apply::{Event, Machine, MemoryJournal, Outcome, run};
use trunkline_center::export::export;
use trunkline_center::plan::{Plan, PlanInput, PlanOptions, build, drafts_needed};
use trunkline_center::rollback::{self, Rollback, RollbackInput};
use trunkline_center::state::{AppliedResource, Baseline, advance, advance_ledger};
use trunkline_center::{
    Bindings, Document, Documents, File, Instance, ReadOptions, Snapshot, find_instance,
    read_drafts, take,
};
use trunkline_lab::{Lab, Options};
use trunkline_model::{AccountId, Region, Report};
use trunkline_testkit::{MemoryCloud, seed};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";
const STAGING: &str = "acme-staging";

/// The index lags for longer than two runs take.
const SEARCH_LAG: f64 = 600.0;

/// A run: what was there before it, its plan, and its journal.
#[derive(Clone)]
pub struct Run {
    pub before: Snapshot,
    pub plan: Plan,
    pub events: Vec<Event>,
}

/// A file of a test: path and text.
pub type Text = (String, String);

/// An instance, and a project's way to it.
pub struct Stage {
    pub cloud: MemoryCloud,
    pub instance: Instance,
    pub bindings: Bindings,
    pub options: PlanOptions,
    /// What earlier runs journalled.
    journal: Mutex<Vec<Event>>,
    /// What is remembered of them.
    baseline: Mutex<Baseline>,
}

/// Runs to the end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

/// Documents out of texts.
#[track_caller]
pub fn documents(files: &[Text]) -> Documents {
    let files: Vec<File> =
        files.iter().map(|(path, text)| (path.clone(), text.as_bytes().to_vec())).collect();
    Documents::load(&files).unwrap_or_else(|report| panic!("unreadable: {report:#?}"))
}

fn applied(document: &Document) -> AppliedResource {
    let Document { kind, name, body, .. } = document;
    let stored = serde_json::json!({ "kind": kind, "name": name, "id": "", "body": body });
    serde_json::from_value(stored).expect("what is stored of a resource")
}

impl Stage {
    /// A fresh instance; the first belief is the lab's, the second the project's.
    pub fn believing(lab: bool, project: bool) -> Self {
        let options = Options {
            seed: Some(7),
            search_lag_seconds: SEARCH_LAG,
            published_may_name_saved: lab,
            ..Options::default()
        };
        let cloud = MemoryCloud::new(&Lab::open(options).expect("a lab"), ACCOUNT, REGION);
        seed::instance(&cloud, "SAML", "acme-test");
        cloud.must("s3", "CreateBucket", serde_json::json!({ "Bucket": STAGING }));
        cloud.pass(3600);
        let account = AccountId::parse(ACCOUNT).expect("twelve digits");
        let region = Region::parse(REGION).expect("a region");
        let found = wait(find_instance(&cloud, &account, &region, "acme-test"));
        let options = PlanOptions {
            project: "acme".to_owned(),
            environment: "test".to_owned(),
            staging_bucket: Some(STAGING.to_owned()),
            published_may_name_saved: project,
            ..PlanOptions::default()
        };
        let (bindings, instance) = (Bindings::default(), found.expect("the instance"));
        let (journal, baseline) = Default::default();
        Self { cloud, instance, bindings, options, journal, baseline }
    }

    /// A fresh instance where published flows may name saved ones.
    pub fn new() -> Self {
        Self::believing(true, true)
    }

    fn read_options(&self) -> ReadOptions {
        let events = self.journal.lock().expect("one thread");
        let recent = events.iter().filter_map(|e| e.wrote().map(str::to_owned)).collect();
        ReadOptions { recent, include: BTreeSet::from(["user".to_owned()]), ..Default::default() }
    }

    /// Reads the instance as it is now.
    pub fn snapshot(&self, wanted: Option<&Documents>) -> Snapshot {
        let options = self.read_options();
        let reading = take(&self.cloud, &self.instance, wanted, &self.bindings, &options);
        wait(reading).expect("a read")
    }

    /// Plans, with what the journals of earlier runs remember.
    pub fn plan(&self, wanted: &Documents) -> Result<Plan, Report> {
        let mut snapshot = self.snapshot(Some(wanted));
        let mut options = self.options.clone();
        {
            let events = self.journal.lock().expect("one thread");
            options.own_drafts =
                events.iter().filter_map(|e| e.draft().map(str::to_owned)).collect();
        }
        let (options, read) = (&options, self.read_options());
        let baseline = self.baseline.lock().expect("one thread").clone();
        let drafts = drafts_needed(&self.input(wanted, &snapshot, &baseline, options));
        wait(read_drafts(&self.cloud, &mut snapshot, &drafts, &read)).expect("drafts");
        build(&self.input(wanted, &snapshot, &baseline, options))
    }

    fn input<'a>(
        &'a self,
        documents: &'a Documents,
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
        options: &'a PlanOptions,
    ) -> PlanInput<'a> {
        let bindings = &self.bindings;
        PlanInput { documents, snapshot, bindings, baseline, options }
    }

    /// Plans and applies, unless it dies on the way: then None.
    #[track_caller]
    pub fn attempt(&self, wanted: &Documents, crash: Option<Crash>) -> Option<Outcome> {
        let plan = self.plan(wanted).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        let mut machine = Machine::new(plan, self.instance.clone());
        self.carry_out(&mut machine, crash)
    }

    /// Carries out what a machine has left to do, unless it dies on the way: then None.
    pub fn carry_out(&self, machine: &mut Machine, crash: Option<Crash>) -> Option<Outcome> {
        self.journalled(machine, crash).0
    }

    /// The same, with what was journalled.
    fn journalled(
        &self,
        machine: &mut Machine,
        crash: Option<Crash>,
    ) -> (Option<Outcome>, Vec<Event>) {
        let fragile = Fragile::new(&self.cloud, crash);
        let mut journal = MemoryJournal::default();
        let mut silent = |_| {};
        let outcome = {
            let running = run(&fragile, machine, &mut journal, &mut silent, &|| false);
            until_crash(&fragile, running)
        };
        self.journal.lock().expect("one thread").extend(journal.0.clone());
        let mut baseline = self.baseline.lock().expect("one thread");
        baseline.applied = Some(advance(baseline.applied.as_ref(), machine.plan(), &journal.0));
        baseline.ledger = advance_ledger(&baseline.ledger, machine.plan(), &journal.0);
        (outcome.map(|o| o.expect("a journal in memory")), journal.0)
    }

    /// Reads the instance as it is now, drafts included.
    pub fn whole(&self) -> Snapshot {
        let options = ReadOptions { drafts: true, ..self.read_options() };
        let reading = take(&self.cloud, &self.instance, None, &self.bindings, &options);
        wait(reading).expect("a read")
    }

    /// Begins a run: what was there before it, its plan, and nothing done yet.
    #[track_caller]
    pub fn run(&self, wanted: &Documents) -> Run {
        let before = self.whole();
        let mut plan = self.plan(wanted).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        if plan.wanted.is_empty() {
            plan.wanted = wanted.iter().map(applied).collect();
        }
        Run { before, plan, events: Vec::new() }
    }

    /// Takes up a run with a fresh machine, unless it dies on the way: then None.
    pub fn carry_on(&self, run: &mut Run, crash: Option<Crash>) -> Option<Outcome> {
        let mut machine = Machine::new(run.plan.clone(), self.instance.clone());
        machine.replay(&run.events);
        let (outcome, events) = self.journalled(&mut machine, crash);
        run.events.extend(events);
        outcome
    }

    /// Plans the inverse of a run.
    pub fn undoing(&self, run: &Run) -> Result<Rollback, Report> {
        let now = self.whole();
        rollback::plan(&RollbackInput {
            run: &run.plan,
            events: &run.events,
            before: &run.before,
            now: &now,
            bindings: &self.bindings,
            baseline: &self.baseline.lock().expect("one thread"),
            options: &self.options,
        })
    }

    /// Plans and applies to the end; returns the plan and how it ended.
    #[track_caller]
    pub fn deploy(&self, wanted: &Documents) -> (Plan, Outcome) {
        let plan = self.plan(wanted).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        let mut machine = Machine::new(plan.clone(), self.instance.clone());
        let outcome = self.carry_out(&mut machine, None).expect("nothing kills it");
        assert_eq!(outcome.failures, [], "the apply failed");
        (plan, outcome)
    }

    /// Sees that nothing is left to do.
    #[track_caller]
    pub fn is_settled(&self, wanted: &Documents) {
        let plan = self.plan(wanted).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        assert!(plan.is_empty(), "left to do: {:#?}", plan.changes);
    }

    /// The files of an export, drafts included where asked for.
    pub fn exported(&self, drafts: bool) -> Vec<File> {
        let options = ReadOptions { drafts, ..self.read_options() };
        let reading = take(&self.cloud, &self.instance, None, &self.bindings, &options);
        export(&wait(reading).expect("a read"), &self.bindings, drafts).documents.files()
    }
}
