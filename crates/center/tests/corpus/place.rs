//! One instance of the lab in memory, and what a project does with it.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_center::apply::{Machine, MemoryJournal, Outcome, run};
use trunkline_center::export::{Exported, export};
use trunkline_center::plan::{Plan, PlanInput, PlanOptions, build, drafts_needed};
use trunkline_center::state::NOTHING;
use trunkline_center::{
    Bindings, Call, CallError, Cloud, Documents, File, Instance, ReadOptions, Snapshot,
    find_instance, read_drafts, take,
};
use trunkline_lab::Lab;
use trunkline_model::{AccountId, Region, Report};
use trunkline_testkit::{MemoryCloud, seed};

/// An instance, and what its environment binds.
pub struct Place {
    pub cloud: MemoryCloud,
    pub instance: Instance,
    pub bindings: Bindings,
    /// The bucket that prompts go through.
    pub staging: String,
}

/// Runs to the end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

impl Place {
    /// A fresh instance with what AWS puts there, and a bucket.
    pub fn new(lab: &Lab, account: &str, region: &str, alias: &str) -> Self {
        let cloud = MemoryCloud::new(lab, account, region);
        seed::instance(&cloud, "SAML", alias);
        let staging = format!("acme-staging-{account}-{region}");
        cloud.must("s3", "CreateBucket", json!({ "Bucket": staging }));
        cloud.pass(600);
        let account = AccountId::parse(account).expect("twelve digits");
        let region = Region::parse(region).expect("a region");
        let found = find_instance(&cloud, &account, &region, alias);
        let instance = wait(found).expect("the instance");
        Self { cloud, instance, bindings: Bindings::default(), staging }
    }

    /// Calls Connect on the instance.
    pub fn try_connect(&self, operation: &str, mut input: Value) -> Result<Value, CallError> {
        input["InstanceId"] = json!(self.instance.id);
        let call = self.cloud.call(Call::new("connect", operation, input));
        wait(call).map(|answer| answer.output)
    }

    /// The same, where it must succeed.
    #[track_caller]
    pub fn connect(&self, operation: &str, input: Value) -> Value {
        self.try_connect(operation, input).unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    /// Reads the instance, drafts too, after the search index caught up.
    pub fn snapshot(&self, wanted: Option<&Documents>, drafts: bool) -> Snapshot {
        self.cloud.pass(300);
        let options = ReadOptions { drafts, ..ReadOptions::default() };
        wait(take(&self.cloud, &self.instance, wanted, &self.bindings, &options)).expect("a read")
    }

    /// Exports the instance with its drafts.
    pub fn export(&self) -> Exported {
        export(&self.snapshot(None, true), &self.bindings, true)
    }

    /// Plans, drafts read where they matter.
    pub fn plan(&self, documents: &Documents) -> Result<Plan, Report> {
        let mut snapshot = self.snapshot(Some(documents), false);
        let options = PlanOptions {
            project: "acme".to_owned(),
            environment: "uat".to_owned(),
            staging_bucket: Some(self.staging.clone()),
            published_may_name_saved: true,
            ..PlanOptions::default()
        };
        let bindings = &self.bindings;
        let (options, baseline) = (&options, &NOTHING);
        let input = PlanInput { documents, snapshot: &snapshot, bindings, baseline, options };
        let drafts = drafts_needed(&input);
        let read = ReadOptions::default();
        wait(read_drafts(&self.cloud, &mut snapshot, &drafts, &read)).expect("drafts");
        build(&PlanInput { documents, snapshot: &snapshot, bindings, baseline, options })
    }

    /// Plans and carries it out; nothing may fail.
    #[track_caller]
    pub fn deploy(&self, documents: &Documents) -> Outcome {
        let plan = self.plan(documents).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        let mut machine = Machine::new(plan, self.instance.clone());
        let mut journal = MemoryJournal::default();
        let mut silent = |_| {};
        let running = run(&self.cloud, &mut machine, &mut journal, &mut silent, &|| false);
        let outcome = wait(running).expect("a journal in memory");
        assert_eq!(outcome.failures, [], "the apply failed");
        assert_eq!(outcome.done, outcome.total);
        outcome
    }

    /// Exports, and sees that the files are these, to the byte.
    #[track_caller]
    pub fn holds(&self, files: &[File]) {
        let there: BTreeMap<String, Vec<u8>> =
            self.export().documents.files().into_iter().collect();
        let wanted: BTreeMap<&String, &Vec<u8>> = files.iter().map(|(p, b)| (p, b)).collect();
        for (path, bytes) in &wanted {
            let found = there.get(*path).map(|b| String::from_utf8_lossy(b));
            assert_eq!(found, Some(String::from_utf8_lossy(bytes)), "the export of {path}");
        }
        let more: Vec<&String> = there.keys().filter(|p| !wanted.contains_key(p)).collect();
        assert!(more.is_empty(), "files that nobody wanted: {more:?}");
    }

    /// Plans again, and sees that nothing is left to do.
    #[track_caller]
    pub fn is_done(&self, documents: &Documents) {
        let again = self.plan(documents).unwrap_or_else(|report| panic!("no plan: {report:#?}"));
        assert!(again.is_empty(), "left to do: {:#?}", again.changes);
    }
}

/// Creates an alias of a function.
pub fn function_alias(cloud: &MemoryCloud, name: &str, alias: &str) {
    let input = json!({ "FunctionName": name, "Name": alias, "FunctionVersion": "$LATEST" });
    cloud.must("lambda", "CreateAlias", input);
}
