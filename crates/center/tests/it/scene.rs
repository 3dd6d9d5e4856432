//! One instance of the lab in memory, and what a project does with it: plan, apply, export.

use serde_json::{Value, json};
use std::cell::RefCell;
use trunkline_center::apply::{self, Machine, MemoryJournal};
use trunkline_center::export::{Exported, export};
use trunkline_center::plan::{self, Plan, PlanInput, PlanOptions};
use trunkline_center::state::{Baseline, advance, advance_ledger};
use trunkline_center::{Bindings, Bound, Documents, Instance, ReadOptions, Snapshot};
use trunkline_lab::{Lab, Options};
use trunkline_model::{AccountId, Region, Report};
use trunkline_testkit::{MemoryCloud, seed};

/// An instance, and the environment's bindings.
pub struct Scene {
    pub cloud: MemoryCloud,
    pub instance: Instance,
    pub bindings: Bindings,
    pub read: ReadOptions,
    /// What is remembered of the applies so far.
    pub baseline: RefCell<Baseline>,
    /// Overwrite what changed in the instance.
    pub overwrite_drift: bool,
}

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

impl Scene {
    /// A new instance whose users sign in as `identity` says.
    pub fn with_identity(identity: &str) -> Self {
        let lab = Lab::open(Options { search_lag_seconds: 0.0, ..Options::default() });
        let cloud = MemoryCloud::new(&lab.expect("a lab"), ACCOUNT, REGION);
        seed::instance(&cloud, identity, "acme-test");
        cloud.pass(3600);
        let (account, region) = (AccountId::parse(ACCOUNT), Region::parse(REGION));
        let instance = run(trunkline_center::find_instance(
            &cloud,
            &account.expect("an account"),
            &region.expect("a region"),
            "acme-test",
        ));
        let (bindings, read) = (Bindings::default(), ReadOptions::default());
        let (instance, baseline) = (instance.expect("the instance"), RefCell::default());
        Self { cloud, instance, bindings, read, baseline, overwrite_drift: false }
    }

    /// A new instance whose users come from SAML.
    pub fn new() -> Self {
        Self::with_identity("SAML")
    }

    /// Binds a name to a value.
    pub fn bind(&mut self, kind: &str, name: &str, value: &str) {
        self.bindings.bind(kind, name, Bound::Value(value.to_owned()));
    }

    /// Calls Connect on the instance.
    #[track_caller]
    pub fn connect(&self, operation: &str, mut input: Value) -> Value {
        input["InstanceId"] = json!(self.instance.id);
        self.cloud.must("connect", operation, input)
    }

    /// Claims a phone number; gives number and id.
    pub fn number(&self) -> (String, String) {
        seed::number(&self.cloud, &self.instance.arn)
    }

    /// Reads the instance.
    pub fn snapshot(&self, documents: Option<&Documents>) -> Snapshot {
        let Self { cloud, instance, bindings, read, .. } = self;
        run(trunkline_center::take(cloud, instance, documents, bindings, read)).expect("a snapshot")
    }

    /// Exports the instance.
    pub fn export(&self) -> Exported {
        export(&self.snapshot(None), &self.bindings, false)
    }

    /// Plans some files.
    pub fn plan(&self, files: &[(&str, &str)]) -> Result<Plan, Report> {
        let files: Vec<(String, Vec<u8>)> =
            files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec())).collect();
        let documents = Documents::load(&files)?;
        let snapshot = self.snapshot(Some(&documents));
        let options = PlanOptions {
            project: "acme".to_owned(),
            environment: "test".to_owned(),
            published_may_name_saved: true,
            overwrite_drift: self.overwrite_drift,
            ..PlanOptions::default()
        };
        let bindings = &self.bindings;
        plan::build(&PlanInput {
            documents: &documents,
            snapshot: &snapshot,
            bindings,
            baseline: &self.baseline.borrow(),
            options: &options,
        })
    }

    /// Plans and applies some files, then sees that nothing is left to do. Gives the operations of the
    /// plan in their order.
    #[track_caller]
    pub fn apply(&self, files: &[(&str, &str)]) -> Vec<String> {
        let plan = self.plan(files).expect("a plan");
        let operations = plan.steps.iter().map(|s| s.call.operation.clone()).collect();
        let mut machine = Machine::new(plan.clone(), self.instance.clone());
        let mut journal = MemoryJournal::default();
        let outcome =
            run(apply::run(&self.cloud, &mut machine, &mut journal, &mut |_| {}, &|| false));
        let outcome = outcome.expect("a journal");
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        {
            let mut baseline = self.baseline.borrow_mut();
            baseline.applied = Some(advance(baseline.applied.as_ref(), &plan, &journal.0));
            baseline.ledger = advance_ledger(&baseline.ledger, &plan, &journal.0);
        }
        let again = self.plan(files).expect("a second plan");
        assert!(again.is_empty(), "left to do: {:#?}", again.changes);
        operations
    }

    /// Sees that the export of the instance gives these files, byte for byte.
    #[track_caller]
    pub fn exports(&self, files: &[(&str, &str)]) {
        let exported = self.export().documents.files();
        for (path, text) in files {
            let found = exported.iter().find(|(p, _)| p == path);
            let found = found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
            assert_eq!(found.as_deref(), Some(*text), "{path}");
        }
    }
}
