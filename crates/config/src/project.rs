//! The project: what `trunkline.yaml` says, checked. `parse` makes it; every command reads it.

use crate::bindings::Bindings;
use crate::freeze::Freeze;
use crate::{matches, nearest};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use trunkline_model::{Diagnostic, Environment, Region, Target};

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Project {
    /// The project's name; the value of the ownership tag.
    pub name: String,
    /// The file it was read from, for messages.
    pub file: String,
    /// Where the state store is.
    pub state: State,
    /// The environments, in the file's order.
    pub environments: Vec<Environment>,
    /// By environment: when and from where it may be applied to, and after which others.
    pub delivery: BTreeMap<String, Delivery>,
    /// The values that environments give to references.
    pub bindings: Bindings,
    /// Values of documents that differ by environment: document, environment, (region,) field.
    pub overrides: Value,
    /// What is created once and then only read: kinds, or `kind:name.Field` patterns.
    pub instance_owned: Vec<String>,
    /// Which resources the project looks at.
    pub scope: Scope,
    /// References that somebody else supplies.
    pub external: Vec<String>,
    /// Where repositories are that pipelines name: an address, or a path.
    pub repositories: BTreeMap<String, String>,
    /// Secrets and parameters (`*` stands for anything) that only actions for these environments may read.
    pub secrets: BTreeMap<String, Vec<String>>,
    /// Settings of behaviour.
    pub settings: Settings,
    /// What is odd but does not stop a command.
    pub warnings: Vec<Diagnostic>,
    /// By environment and region: the staging bucket, where it is given per region.
    pub(crate) staging: BTreeMap<(String, String), String>,
}

/// Where the state store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A folder; relative to the configuration file.
    Folder(String),
    /// A bucket and a prefix without slashes at its ends, which may be empty.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The prefix of all keys.
        prefix: String,
    },
}

/// What delivery does with an environment, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Which environments come before: a name, a list, or `any`/`all` of a list.
    pub after: Option<Value>,
    /// When nothing is applied.
    pub freeze: Vec<Freeze>,
    /// From where an apply may come.
    pub apply_from: ApplyFrom,
}

/// From where an environment may be applied to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplyFrom {
    /// From a person's shell as well.
    #[default]
    Anywhere,
    /// From a pipeline's executions only.
    Pipeline,
}

/// Which resources the project looks at; patterns of `kind:name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only these; everything where it is empty.
    pub include: Vec<String>,
    /// Not these.
    pub exclude: Vec<String>,
}

/// Settings of behaviour. `None`: the belief's default holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Seconds for which Search may still miss a write.
    pub search_lag: f64,
    /// Whether a published flow may name one that is only saved.
    pub published_may_name_saved: Option<bool>,
    /// Whether SearchContactFlows returns the content.
    pub search_returns_content: Option<bool>,
    /// Seconds after which a lock that its holder has not renewed may be taken over.
    pub lock_lease: u64,
    /// The region of the bucket of `state`, where it is not to be looked up.
    pub state_region: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            search_lag: 60.0,
            published_may_name_saved: None,
            search_returns_content: None,
            lock_lease: 30,
            state_region: None,
        }
    }
}

impl Scope {
    /// Says whether the project looks at a resource.
    pub fn holds(&self, kind: &str, name: &str) -> bool {
        let text = format!("{kind}:{name}");
        let any = |patterns: &[String]| patterns.iter().any(|p| matches(p, &text));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

impl Project {
    /// Returns the environment that a name or an alias stands for.
    /// TL0105 names the ones that exist. Does not look at `enabled` or `use`.
    pub fn environment(&self, name: &str) -> Result<&Environment, Diagnostic> {
        let named = |e: &&Environment| e.name == name || e.aliases.iter().any(|a| a == name);
        self.environments
            .iter()
            .find(named)
            .ok_or_else(|| unknown_environment(name, &self.environments).in_file(&self.file))
    }

    /// Returns the targets of an environment, the primary region first; all, or only one region's.
    /// A target's staging bucket has its placeholders filled in. TL0110: not a region of it.
    pub fn targets(
        &self,
        environment: &Environment,
        region: Option<&Region>,
    ) -> Result<Vec<Target>, Diagnostic> {
        if let Some(asked) = region.filter(|r| !environment.regions.contains(r)) {
            let known: Vec<_> = environment.regions.iter().map(Region::as_str).collect();
            let message = format!("environment `{}` has no region `{asked}`", environment.name);
            return Err(Diagnostic::error("TL0110", message)
                .in_file(&self.file)
                .because(format!("its regions are {}", known.join(", "))));
        }
        let wanted = environment.regions.iter().filter(|r| region.is_none_or(|only| only == *r));
        Ok(wanted.map(|r| self.target(environment, r)).collect())
    }

    fn target(&self, environment: &Environment, region: &Region) -> Target {
        let mut environment = environment.clone();
        let key = (environment.name.clone(), region.as_str().to_owned());
        let bucket = self.staging.get(&key).cloned().or(environment.staging_bucket.take());
        environment.staging_bucket = bucket.map(|b| {
            b.replace("{region}", region.as_str())
                .replace("{environment}", &environment.name)
                .replace("{account}", environment.account.as_str())
        });
        Target { environment, region: region.clone() }
    }

    /// Returns the overridden fields of a document in a target; a region's value wins.
    pub fn overrides_for(&self, kind: &str, name: &str, target: &Target) -> Map<String, Value> {
        let document = self.overrides.get(format!("{kind}:{name}"));
        let fields = target_entry(document, &target.environment).and_then(Value::as_object);
        let mut found = Map::new();
        let mut regional = Map::new();
        for (key, value) in fields.into_iter().flatten() {
            match value.as_object() {
                Some(more) if Region::parse(key).is_ok() => {
                    if key == target.region.as_str() {
                        regional = more.clone();
                    }
                }
                _ => {
                    found.insert(key.clone(), value.clone());
                }
            }
        }
        found.extend(regional);
        found
    }

    /// Says whether an action may read a secret or parameter: one that deploys to `environment`, or to none.
    pub fn may_read_secret(&self, id: &str, environment: Option<&str>) -> bool {
        let bound = self.secrets.iter().filter(|(pattern, _)| matches(pattern, id));
        let mut allowed = bound.map(|(_, names)| {
            environment.is_some_and(|environment| names.iter().any(|name| name == environment))
        });
        allowed.all(|allowed| allowed)
    }

    /// Says whether `kind:name` is supplied by somebody else.
    pub fn is_external(&self, kind: &str, name: &str) -> bool {
        let text = format!("{kind}:{name}");
        self.external.iter().any(|p| matches(p, &text))
    }
}

fn target_entry<'a>(document: Option<&'a Value>, environment: &Environment) -> Option<&'a Value> {
    let names = std::iter::once(&environment.name).chain(&environment.aliases);
    names.filter_map(|n| document?.get(n)).next()
}

/// Makes TL0105: no environment has that name.
pub(crate) fn unknown_environment(name: &str, known: &[Environment]) -> Diagnostic {
    let names: Vec<&str> = known
        .iter()
        .flat_map(|e| std::iter::once(e.name.as_str()).chain(e.aliases.iter().map(String::as_str)))
        .collect();
    let found = Diagnostic::error("TL0105", format!("there is no environment `{name}`"))
        .because(format!("the environments are {}", names.join(", ")));
    match nearest(name, names) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found,
    }
}
