//! One deployment from files into an empty instance, and everything that must hold after it.

use crate::place::{Place, function_alias};
use crate::source::{Source, Written};
use crate::tokens::{Tokens, may_point};
use serde_json::Value;
use std::collections::BTreeSet;
use trunkline_center::export::Exported;
use trunkline_center::{Bound, Documents, File, Resource, Snapshot};
use trunkline_flow::{content, rewrite};
use trunkline_lab::Lab;
use trunkline_testkit::seed::{bot, bot_alias, function};

/// What a target is, and what its functions are called.
pub struct Target {
    pub account: &'static str,
    pub region: &'static str,
    pub alias: &'static str,
    /// What follows a function's name there.
    pub suffix: &'static str,
}

/// What leaves the source: files, and what they need bound.
pub struct Repository {
    pub exported: Exported,
    pub files: Vec<File>,
    pub documents: Documents,
    tokens: Tokens,
}

impl Repository {
    /// Exports the source.
    pub fn of(source: &mut Source) -> Self {
        let exported = source.place.export();
        for unnamed in &exported.unnamed {
            let value = Bound::Value(unnamed.value.clone());
            source.place.bindings.bind(&unnamed.kind, &unnamed.name, value);
        }
        let files = exported.documents.files();
        let documents = Documents::load(&files).expect("documents that can be read");
        assert_eq!(documents.files(), files, "what is read is written to the byte");
        source.place.holds(&files);
        let named = exported.unnamed.iter();
        let named = named.map(|u| (u.value.clone(), format!("<bound {} {}>", u.kind, u.name)));
        let mut more: Vec<_> = named.collect();
        more.extend(functions(source, &source.place, ""));
        let tokens = Tokens::of(&source.place, &source.place.snapshot(None, false), more);
        Self { exported, files, documents, tokens }
    }

    /// Deploys into an empty instance, and sees that all of it arrived and nothing points back.
    /// Gives how many references were followed.
    pub fn arrives(&self, lab: &Lab, source: &Source, target: &Target) -> usize {
        let (place, bound) = self.prepare(lab, source, target);
        let outcome = place.deploy(&self.documents);
        assert_eq!(outcome.drafts, [], "what was published stays published");
        place.holds(&self.files);
        place.is_done(&self.documents);
        let snapshot = place.snapshot(None, true);
        self.points_nowhere_else(source, &snapshot, target);
        let more = bound.into_iter().chain(functions(source, &place, target.suffix)).collect();
        let tokens = Tokens::of(&place, &snapshot, more);
        source.written.iter().map(|w| self.same(w, &snapshot, &tokens)).sum()
    }

    /// An empty instance with the functions and bots that the environment has, and every binding.
    fn prepare(
        &self,
        lab: &Lab,
        source: &Source,
        target: &Target,
    ) -> (Place, Vec<(String, String)>) {
        let mut place = Place::new(lab, target.account, target.region, target.alias);
        let mut known = BTreeSet::new();
        for (name, qualifier) in &source.functions {
            let name = format!("{name}{}", target.suffix);
            if known.insert(name.clone()) {
                function(&place.cloud, &name);
            }
            if !qualifier.is_empty() {
                function_alias(&place.cloud, &name, qualifier);
            }
        }
        if !target.suffix.is_empty() {
            place.bindings.bind_all("lambda", ("", ""), &format!("{{name}}{}", target.suffix));
        }
        for (name, alias) in source.bots.iter().rev() {
            let id = bot(&place.cloud, name);
            if alias != "TestBotAlias" {
                bot_alias(&place.cloud, &id, alias);
            }
        }
        let mut bound = Vec::new();
        for (number, unnamed) in self.exported.unnamed.iter().enumerate() {
            let value = value_for(&unnamed.kind, number, target);
            place.bindings.bind(&unnamed.kind, &unnamed.name, Bound::Value(value.clone()));
            bound.push((value, format!("<bound {} {}>", unnamed.kind, unnamed.name)));
        }
        (place, bound)
    }

    /// Neither the files nor the target have an ARN, an id or a URL of the source.
    fn points_nowhere_else(&self, source: &Source, snapshot: &Snapshot, target: &Target) {
        let pointers = self.tokens.pointers(source.place.instance.account.as_str());
        let own = &source.place.instance;
        assert!(pointers.found_in(&own.id).is_some() && pointers.found_in(&own.arn).is_some());
        let check = |text: &str, place: &dyn Fn() -> String| {
            if may_point(text) {
                let found = pointers.found_in(text);
                assert_eq!(found, None, "{} points into the source: {text}", place());
            }
        };
        for (path, bytes) in &self.files {
            String::from_utf8_lossy(bytes).lines().for_each(|line| check(line, &|| path.clone()));
        }
        for resource in &snapshot.resources {
            let mut body = serde_json::json!([resource.body, resource.draft, resource.tags]);
            let place = format!("{} {} in {}", resource.kind, resource.name, target.account);
            let done = rewrite::map_strings::<()>(&mut body, &mut |path, text| {
                check(text, &|| format!("{place}{path}"));
                Ok(None)
            });
            assert_eq!(done, Ok(()));
        }
    }

    /// A flow arrived with its type and status, and with the same content under the same names.
    fn same(&self, written: &Written, snapshot: &Snapshot, tokens: &Tokens) -> usize {
        let Written { kind, name, .. } = written;
        let there = snapshot.get(kind, name).unwrap_or_else(|| panic!("no {kind} {name}"));
        if let Some(flow_type) = written.flow_type {
            assert_eq!(there.body["type"], flow_type, "{name}");
        }
        let published = there.body["status"] == "published" && there.draft.is_none();
        assert_eq!(published, written.published, "{kind} {name}");
        let (mut here, mut there) = (written.content.clone(), content_of(there));
        let counts = (self.tokens.name(&mut here), tokens.name(&mut there));
        assert_eq!(there, here, "{kind} {name}");
        assert_eq!(counts.0, counts.1, "{kind} {name}");
        counts.0
    }
}

/// Functions are named by their ARNs, and called otherwise in each environment.
fn functions(source: &Source, place: &Place, suffix: &str) -> Vec<(String, String)> {
    let (region, account) = (&place.instance.region, &place.instance.account);
    let named = |region: &str, name: &str| {
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}{suffix}");
        (arn, format!("<function {name}>"))
    };
    let regions = [region.as_str(), "$.AwsRegion"];
    let all = source.functions.iter();
    all.flat_map(|(name, _)| regions.map(|region| named(region, name))).collect()
}

/// A value that only this target has.
fn value_for(kind: &str, number: usize, target: &Target) -> String {
    let Target { account, region, .. } = target;
    match kind {
        "arn" => format!("arn:aws:outside:{region}:{account}:bound/{number}-{account}"),
        _ => format!("acme-{kind}-{number}-{account}"),
    }
}

/// The whole content, the draft where there is one.
fn content_of(resource: &Resource) -> Value {
    let body = resource.draft.as_ref().unwrap_or(&resource.body);
    content::join(body["content"].clone(), body.get("layout").cloned())
}
