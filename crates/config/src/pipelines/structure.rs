//! A pipeline's mapping as a `Pipeline`: members, their forms and their ranges.
//!
//! `spots` keeps the node of every stage, action, variable and trigger beside it, so that `check`
//! can say where a rule is broken. Nothing here compares one part of a pipeline with another.

use super::members::{Members, shorten};
use crate::yaml::{Node, Value};
use trunkline_model::pipeline::{
    Action, ActionType, ActionVariable, ArtifactName, Category, Condition, ConditionResult,
    Conditions, ExecutionMode, GitConfiguration, GitFilter, OnFailure, OutputArtifact, Patterns,
    Pipeline, PipelineType, PipelineVariable, RetryConfiguration, RetryMode, Rule, RuleType, Stage,
    Trigger,
};

/// The nodes of a pipeline's parts, in the order of the `Pipeline` beside it.
pub(super) struct Spots<'n> {
    pub(super) node: &'n Node,
    pub(super) stages: Vec<StageSpots<'n>>,
    pub(super) variables: Vec<&'n Node>,
    pub(super) triggers: Vec<&'n Node>,
}

/// The nodes of a stage's parts.
pub(super) struct StageSpots<'n> {
    pub(super) node: &'n Node,
    pub(super) actions: Vec<&'n Node>,
}

const PIPELINE: &[&str] = &[
    "name",
    "roleArn",
    "artifactStore",
    "artifactStores",
    "stages",
    "version",
    "executionMode",
    "pipelineType",
    "variables",
    "triggers",
];
/// What templates know beside it.
const IN_TEMPLATES: &[&str] =
    &["disableInboundStageTransitions", "restartExecutionOnUpdate", "tags"];
const STAGE: &[&str] = &["name", "actions", "blockers", "beforeEntry", "onSuccess", "onFailure"];
const ACTION: &[&str] = &[
    "name",
    "actionTypeId",
    "runOrder",
    "configuration",
    "commands",
    "outputArtifacts",
    "inputArtifacts",
    "outputVariables",
    "environmentVariables",
    "roleArn",
    "region",
    "namespace",
    "timeoutInMinutes",
];
const RULE: &[&str] = &[
    "name",
    "ruleTypeId",
    "configuration",
    "commands",
    "inputArtifacts",
    "roleArn",
    "region",
    "timeoutInMinutes",
];
/// The least and the most minutes of a timeout.
const TIMEOUT: (u32, u32) = (5, 86_400);

/// The categories by name.
pub(super) const CATEGORIES: &[(&str, Category)] = &[
    ("Source", Category::Source),
    ("Build", Category::Build),
    ("Deploy", Category::Deploy),
    ("Test", Category::Test),
    ("Invoke", Category::Invoke),
    ("Approval", Category::Approval),
    ("Compute", Category::Compute),
];
const OWNERS: &[(&str, &str)] =
    &[("AWS", "AWS"), ("ThirdParty", "ThirdParty"), ("Custom", "Custom")];
const MODES: &[(&str, ExecutionMode)] = &[
    ("SUPERSEDED", ExecutionMode::Superseded),
    ("QUEUED", ExecutionMode::Queued),
    ("PARALLEL", ExecutionMode::Parallel),
];
const TYPES: &[(&str, PipelineType)] = &[("V1", PipelineType::V1), ("V2", PipelineType::V2)];
const RESULTS: &[(&str, ConditionResult)] = &[
    ("ROLLBACK", ConditionResult::Rollback),
    ("FAIL", ConditionResult::Fail),
    ("RETRY", ConditionResult::Retry),
    ("SKIP", ConditionResult::Skip),
];
const RETRIES: &[(&str, RetryMode)] =
    &[("FAILED_ACTIONS", RetryMode::FailedActions), ("ALL_ACTIONS", RetryMode::AllActions)];

/// Reads a pipeline. What cannot be read is reported and left out. `name` stands for a name that
/// is not given, where a template's service would make one up.
pub(super) fn pipeline<'n>(
    m: &mut Members,
    node: &'n Node,
    name: Option<&str>,
) -> Option<(Pipeline, Spots<'n>)> {
    let known: Vec<&str> = match m.capital {
        true => PIPELINE.iter().chain(IN_TEMPLATES).copied().collect(),
        false => PIPELINE.to_vec(),
    };
    if let Some(name) = node.get(&m.spell("name")).and_then(Node::spelling).or(name) {
        m.about("pipeline", name);
    }
    if !m.shape(node, "a pipeline", &known) {
        return None;
    }
    let name = match (m.get(node, "name"), name) {
        (None, Some(name)) => Some(name.to_owned()),
        _ => m.required(node, "name", "the pipeline"),
    };
    let mut spots = Spots { node, stages: Vec::new(), variables: Vec::new(), triggers: Vec::new() };
    let pipeline = Pipeline {
        name: name.unwrap_or_default(),
        role_arn: role(m, node),
        artifact_store: m.get(node, "artifactStore").map(|store| self::store(m, store)),
        artifact_stores: m.get(node, "artifactStores").map(|stores| self::stores(m, stores)),
        stages: stages(m, node, &mut spots),
        version: m.number(node, "version", (1, u32::MAX)).unwrap_or(1),
        execution_mode: m.choice(node, "executionMode", MODES).unwrap_or_default(),
        pipeline_type: m.choice(node, "pipelineType", TYPES),
        variables: variables(m, node, &mut spots),
        triggers: triggers(m, node, &mut spots),
    };
    Some((pipeline, spots))
}

/// Checks a store of artifacts; it is kept as it was written.
fn store(m: &mut Members, node: &Node) -> serde_json::Value {
    if m.shape(node, "an artifact store", &["type", "location", "encryptionKey"]) {
        m.required(node, "location", "the artifact store");
        if m.get(node, "type").is_none() {
            m.missing(node, "type", "the artifact store");
        }
        m.choice(node, "type", &[("S3", ())]);
        if let Some(key) = m.get(node, "encryptionKey")
            && m.shape(key, "`encryptionKey`", &["id", "type"])
        {
            m.required(key, "id", "`encryptionKey`");
            m.choice(key, "type", &[("KMS", ())]);
        }
    }
    node.to_json()
}

/// The same of several: by region, or a list in templates.
fn stores(m: &mut Members, node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Map(entries) if !m.capital => {
            m.no_repeats(node);
            for (_, item) in entries {
                store(m, item);
            }
        }
        Value::List(items) if m.capital => {
            for item in items {
                if m.shape(item, "an artifact store", &["artifactStore", "region"]) {
                    m.required(item, "region", "the artifact store");
                    if let Some(inner) = m.get(item, "artifactStore") {
                        store(m, inner);
                    }
                }
            }
        }
        _ => {
            let wanted = if m.capital { "a list" } else { "a mapping" };
            let message = format!(
                "`{}` must be {wanted}, this is {}",
                m.spell("artifactStores"),
                node.what()
            );
            m.error(node.spot, "TL0804", message);
        }
    }
    node.to_json()
}

fn stages<'n>(m: &mut Members, node: &'n Node, spots: &mut Spots<'n>) -> Vec<Stage> {
    if m.get(node, "stages").is_none() {
        m.missing(node, "stages", "the pipeline");
    }
    let mut stages = Vec::new();
    for item in m.list(node, "stages") {
        m.enter("stage", name_of(m, item));
        if m.shape(item, "a stage", STAGE) {
            let mut actions = Vec::new();
            let read = Stage {
                name: m.required(item, "name", "the stage").unwrap_or_default(),
                actions: self::actions(m, item, &mut actions),
                before_entry: conditions(m, item, "beforeEntry"),
                on_success: conditions(m, item, "onSuccess"),
                on_failure: on_failure(m, item),
            };
            stages.push(read);
            spots.stages.push(StageSpots { node: item, actions });
        }
        m.leave();
    }
    stages
}

fn name_of<'n>(m: &Members, node: &'n Node) -> &'n str {
    m.get(node, "name").and_then(Node::spelling).unwrap_or("?")
}

fn actions<'n>(m: &mut Members, stage: &'n Node, nodes: &mut Vec<&'n Node>) -> Vec<Action> {
    if m.get(stage, "actions").is_none() {
        m.missing(stage, "actions", "the stage");
    }
    let mut actions = Vec::new();
    for item in m.list(stage, "actions") {
        m.enter("action", name_of(m, item));
        if m.shape(item, "an action", ACTION) {
            actions.push(action(m, item));
            nodes.push(item);
        }
        m.leave();
    }
    actions
}

fn action(m: &mut Members, node: &Node) -> Action {
    Action {
        name: m.required(node, "name", "the action").unwrap_or_default(),
        action_type_id: action_type(m, node),
        run_order: m.number(node, "runOrder", (1, 999)).unwrap_or(1),
        configuration: m.pairs(node, "configuration"),
        commands: m.texts(node, "commands"),
        output_artifacts: outputs(m, node),
        input_artifacts: inputs(m, node),
        output_variables: m.texts(node, "outputVariables"),
        environment_variables: environment(m, node),
        role_arn: role(m, node),
        region: m.text(node, "region"),
        namespace: m.text(node, "namespace"),
        timeout_in_minutes: m.number(node, "timeoutInMinutes", TIMEOUT),
    }
}

/// Reads a role's ARN. In a template it may be a name that stands for one, and is not judged.
fn role(m: &mut Members, node: &Node) -> Option<String> {
    let role = m.text(node, "roleArn")?;
    let mut parts = role.splitn(6, ':');
    let mut part = || parts.next().unwrap_or_default();
    let is_role = part() == "arn"
        && part().starts_with("aws")
        && part() == "iam"
        && part().is_empty()
        && matches!(part(), account if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
        && part().starts_with("role/");
    if !is_role && !m.capital {
        let message = format!("`{}` is no ARN of a role", shorten(&role));
        m.error(m.spot(node, "roleArn"), "TL0804", message).help =
            Some("write it as `arn:aws:iam::111122223333:role/NAME`".to_owned());
    }
    Some(role)
}

fn action_type(m: &mut Members, node: &Node) -> ActionType {
    let Some(id) = m.get(node, "actionTypeId") else {
        m.missing(node, "actionTypeId", "the action");
        return ActionType::default();
    };
    if !m.shape(id, "`actionTypeId`", &["category", "owner", "provider", "version"]) {
        return ActionType::default();
    }
    for key in ["category", "owner"] {
        if m.get(id, key).is_none() {
            m.missing(id, key, "`actionTypeId`");
        }
    }
    if m.get(id, "version").is_none() {
        m.missing(id, "version", "`actionTypeId`").help = Some("it is \"1\" nearly always".into());
    }
    ActionType {
        // The provider is looked up only where the category could be read: see `check`.
        category: m.choice(id, "category", CATEGORIES).unwrap_or_default(),
        owner: m.choice(id, "owner", OWNERS).unwrap_or_default().to_owned(),
        provider: m.required(id, "provider", "`actionTypeId`").unwrap_or_default(),
        version: m.written(id, "version").unwrap_or_else(|| "1".to_owned()),
    }
}

fn inputs(m: &mut Members, node: &Node) -> Vec<ArtifactName> {
    let mut names = Vec::new();
    for item in m.list(node, "inputArtifacts") {
        if m.shape(item, "an input artifact", &["name"])
            && let Some(name) = m.required(item, "name", "the artifact")
        {
            names.push(ArtifactName { name });
        }
    }
    names
}

fn outputs(m: &mut Members, node: &Node) -> Vec<OutputArtifact> {
    let mut artifacts = Vec::new();
    for item in m.list(node, "outputArtifacts") {
        if m.shape(item, "an output artifact", &["name", "files"])
            && let Some(name) = m.required(item, "name", "the artifact")
        {
            artifacts.push(OutputArtifact { name, files: m.texts(item, "files") });
        }
    }
    artifacts
}

fn environment(m: &mut Members, node: &Node) -> Vec<ActionVariable> {
    let kinds = &[("PLAINTEXT", "PLAINTEXT"), ("SECRETS_MANAGER", "SECRETS_MANAGER")];
    let mut variables = Vec::new();
    for item in m.list(node, "environmentVariables") {
        if m.shape(item, "an environment variable", &["name", "value", "type"]) {
            let name = m.required(item, "name", "the environment variable");
            if m.get(item, "value").is_none() {
                m.missing(item, "value", "the environment variable");
            }
            variables.push(ActionVariable {
                name: name.unwrap_or_default(),
                value: m.text(item, "value").unwrap_or_default(),
                kind: m.choice(item, "type", kinds).map(str::to_owned),
            });
        }
    }
    variables
}

fn conditions(m: &mut Members, stage: &Node, key: &str) -> Option<Conditions> {
    let node = m.get(stage, key)?;
    m.enter("condition", key);
    let read = m
        .shape(node, &format!("`{}`", m.spell(key)), &["conditions"])
        .then(|| Conditions { conditions: condition_list(m, node) });
    m.leave();
    read
}

fn on_failure(m: &mut Members, stage: &Node) -> Option<OnFailure> {
    let node = m.get(stage, "onFailure")?;
    m.enter("condition", "onFailure");
    let members = &["result", "retryConfiguration", "conditions"];
    let read = m.shape(node, "`onFailure`", members).then(|| OnFailure {
        result: m.choice(node, "result", RESULTS),
        retry_configuration: retry(m, node),
        conditions: condition_list(m, node),
    });
    m.leave();
    read
}

fn retry(m: &mut Members, node: &Node) -> Option<RetryConfiguration> {
    let retry = m.get(node, "retryConfiguration")?;
    m.shape(retry, "`retryConfiguration`", &["retryMode"]).then(|| RetryConfiguration {
        retry_mode: m.choice(retry, "retryMode", RETRIES).unwrap_or_default(),
    })
}

fn condition_list(m: &mut Members, node: &Node) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for item in m.list(node, "conditions") {
        if m.shape(item, "a condition", &["result", "rules"]) {
            let result = m.choice(item, "result", RESULTS);
            conditions.push(Condition { result, rules: rules(m, item) });
        }
    }
    conditions
}

fn rules(m: &mut Members, node: &Node) -> Vec<Rule> {
    let mut rules = Vec::new();
    for item in m.list(node, "rules") {
        if m.shape(item, "a rule", RULE) {
            rules.push(Rule {
                name: m.required(item, "name", "the rule").unwrap_or_default(),
                rule_type_id: rule_type(m, item),
                configuration: m.pairs(item, "configuration"),
                commands: m.texts(item, "commands"),
                input_artifacts: inputs(m, item),
                role_arn: role(m, item),
                region: m.text(item, "region"),
                timeout_in_minutes: m.number(item, "timeoutInMinutes", TIMEOUT),
            });
        }
    }
    rules
}

fn rule_type(m: &mut Members, node: &Node) -> RuleType {
    let Some(id) = m.get(node, "ruleTypeId") else {
        m.missing(node, "ruleTypeId", "the rule");
        return RuleType::default();
    };
    if !m.shape(id, "`ruleTypeId`", &["category", "owner", "provider", "version"]) {
        return RuleType::default();
    }
    RuleType {
        category: m.required(id, "category", "`ruleTypeId`").unwrap_or_default(),
        owner: m.choice(id, "owner", &[("AWS", "AWS")]).map(str::to_owned),
        provider: m.required(id, "provider", "`ruleTypeId`").unwrap_or_default(),
        version: m.written(id, "version"),
    }
}

fn variables<'n>(m: &mut Members, node: &'n Node, spots: &mut Spots<'n>) -> Vec<PipelineVariable> {
    let mut variables = Vec::new();
    for item in m.list(node, "variables") {
        if m.shape(item, "a variable", &["name", "defaultValue", "description"]) {
            variables.push(PipelineVariable {
                name: m.required(item, "name", "the variable").unwrap_or_default(),
                default_value: m.text(item, "defaultValue"),
                description: m.text(item, "description"),
            });
            spots.variables.push(item);
        }
    }
    variables
}

fn triggers<'n>(m: &mut Members, node: &'n Node, spots: &mut Spots<'n>) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    for item in m.list(node, "triggers") {
        if m.shape(item, "a trigger", &["providerType", "gitConfiguration"]) {
            triggers.push(Trigger {
                provider_type: m.required(item, "providerType", "the trigger").unwrap_or_default(),
                git_configuration: git(m, item),
            });
            spots.triggers.push(item);
        }
    }
    triggers
}

fn git(m: &mut Members, trigger: &Node) -> Option<GitConfiguration> {
    let node = m.get(trigger, "gitConfiguration")?;
    let members = &["sourceActionName", "push", "pullRequest"];
    m.shape(node, "`gitConfiguration`", members).then(|| GitConfiguration {
        source_action_name: m
            .required(node, "sourceActionName", "`gitConfiguration`")
            .unwrap_or_default(),
        push: filters(m, node, "push", &["branches", "filePaths", "tags"]),
        pull_request: filters(m, node, "pullRequest", &["events", "branches", "filePaths"]),
    })
}

fn filters(m: &mut Members, node: &Node, key: &str, members: &[&str]) -> Vec<GitFilter> {
    let mut filters = Vec::new();
    for item in m.list(node, key) {
        if m.shape(item, "a filter", members) {
            filters.push(GitFilter {
                events: m.texts(item, "events"),
                branches: patterns(m, item, "branches"),
                file_paths: patterns(m, item, "filePaths"),
                tags: patterns(m, item, "tags"),
            });
        }
    }
    filters
}

fn patterns(m: &mut Members, node: &Node, key: &str) -> Option<Patterns> {
    let value = m.get(node, key)?;
    let what = format!("`{}`", m.spell(key));
    m.shape(value, &what, &["includes", "excludes"]).then(|| Patterns {
        includes: m.texts(value, "includes"),
        excludes: m.texts(value, "excludes"),
    })
}

/// Returns the entries of a mapping; none where it is something else.
pub(super) fn entries(node: &Node) -> &[(crate::yaml::Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}
