//! Starting an execution.

use super::{Decided, refuse};
use crate::command::{Answer, Command, Refusal, RefusalKind};
use crate::event::{Event, ExecutionStart, Millis, RevisionOverride};
use crate::machine::Machine;
use crate::ports::Ids;
use std::collections::BTreeMap;
use trunkline_model::pipeline::{Category, Pipeline};

/// The longest detail of a trigger.
const TRIGGER_DETAIL: usize = 1024;

/// The longest start token.
const TOKEN: usize = 128;

impl Machine {
    pub(super) fn start(&mut self, command: &Command, now: Millis, ids: &mut dyn Ids) -> Decided {
        let Command::Start { trigger, variables, source_revisions, client_request_token } = command
        else {
            return Ok(Answer::Done);
        };
        if let Some(token) = client_request_token {
            check_token(token)?;
            let known = self.state.tokens.iter().find(|(known, _)| known == token);
            if let Some((_, execution)) = known {
                return Ok(Answer::Started { execution: execution.clone() });
            }
        }
        let definition = self.state.current().expect("there is a definition");
        let variables = all_variables(&definition.pipeline, variables)?;
        check_revisions(&definition.pipeline, source_revisions)?;
        self.room()?;
        let mut trigger = trigger.clone();
        trigger.detail = trigger.detail.chars().take(TRIGGER_DETAIL).collect();
        let start = ExecutionStart {
            execution: ids.next(),
            version: self.state.version,
            trigger,
            variables,
            source_revisions: source_revisions.clone(),
            client_request_token: client_request_token.clone(),
            rollback: None,
        };
        let execution = start.execution.clone();
        self.emit(now, Event::ExecutionStarted(Box::new(start)));
        Ok(Answer::Started { execution })
    }
}

fn check_token(token: &str) -> Result<(), Refusal> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=TOKEN).contains(&token.len()) && token.chars().all(legal) {
        return Ok(());
    }
    let message = format!("a client request token has 1 to {TOKEN} letters, digits and hyphens");
    refuse(RefusalKind::Validation, message)
}

/// The values that were given, and defaults for the others.
fn all_variables(
    pipeline: &Pipeline,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let declared = |name: &String| pipeline.variables.iter().any(|v| &v.name == name);
    if let Some(name) = given.keys().find(|name| !declared(name)) {
        let message = format!("pipeline {} has no variable {name}", pipeline.name);
        return refuse(RefusalKind::Validation, message);
    }
    let mut all = BTreeMap::new();
    for variable in &pipeline.variables {
        let value = given.get(&variable.name).or(variable.default_value.as_ref());
        match value {
            Some(value) if !value.is_empty() => {
                all.insert(variable.name.clone(), value.clone());
            }
            _ => {
                let message = format!("variable {} needs a value", variable.name);
                return refuse(RefusalKind::Validation, message);
            }
        }
    }
    Ok(all)
}

fn check_revisions(pipeline: &Pipeline, given: &[RevisionOverride]) -> Result<(), Refusal> {
    let source = |name: &str| {
        let mut actions = pipeline.stages.iter().flat_map(|s| &s.actions);
        actions.any(|a| a.name == name && a.action_type_id.category == Category::Source)
    };
    match given.iter().find(|r| !source(&r.action_name)) {
        None => Ok(()),
        Some(revision) => {
            let message =
                format!("pipeline {} has no source action {}", pipeline.name, revision.action_name);
            refuse(RefusalKind::Validation, message)
        }
    }
}
