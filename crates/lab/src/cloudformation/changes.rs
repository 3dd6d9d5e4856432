//! Change sets: an order that waits to be carried out.

use super::stack::{self, Order, Stack};
use super::template::Template;
use super::{Call, State, not_found, validation};
use crate::request::text;
use crate::service::{Failure, Outcome};
use crate::text::iso_time;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A change set of a stack.
#[derive(Clone)]
pub(super) struct ChangeSet {
    id: String,
    name: String,
    description: Option<Value>,
    create: bool,
    template: Template,
    parameters: BTreeMap<String, String>,
    capabilities: Vec<Value>,
    tags: Vec<Value>,
    changes: Vec<Value>,
    created: String,
    /// Why there is nothing to carry out.
    failed: Option<String>,
    executed: bool,
}

/// What CloudFormation says of a change set without changes.
const EMPTY: &str = "The submitted information didn't contain changes. Submit different information to create a \
                     change set.";

pub(super) fn create(call: &mut Call<'_, '_, '_>, state: &mut State) -> Outcome {
    let (key, create) = target(call, state)?;
    let order = match call.order(&state.stacks[&key]) {
        Ok(order) => order,
        Err(failure) => {
            if create && state.stacks[&key].changes.is_empty() {
                state.stacks.remove(&key);
            }
            return Err(failure);
        }
    };
    let Some(stack) = state.stacks.get_mut(&key) else { return Err(not_found(&key)) };
    let name = text(call.input, "ChangeSetName");
    if stack.changes.contains_key(name) {
        let message = format!("ChangeSet {name} already exists");
        return Err(Failure::new("AlreadyExistsException", 400, message));
    }
    let changes = stack.preview(&order, call.context).map_err(validation)?;
    let set = waiting(call, order, changes, create);
    let answer = json!({ "Id": set.id, "StackId": stack.id });
    stack.changes.insert(name.to_owned(), set);
    Ok(answer)
}

/// The stack that a change set is for, which may have to be made, and whether it is new.
fn target(call: &mut Call<'_, '_, '_>, state: &mut State) -> Result<(String, bool), Failure> {
    let (name, set) = (text(call.input, "StackName"), text(call.input, "ChangeSetName"));
    let create = match text(call.input, "ChangeSetType") {
        "CREATE" => true,
        "" | "UPDATE" => false,
        other => {
            return Err(validation(format!(
                "the lab does not support change sets of type {other}"
            )));
        }
    };
    match (state.name_of(name), create) {
        (Some(key), true) if state.stacks[&key].status != "REVIEW_IN_PROGRESS" => {
            Err(validation(format!(
                "Stack [{name}] already exists and cannot be created again with the changeSet [{set}]."
            )))
        }
        (Some(key), create) => Ok((key, create)),
        (None, false) => Err(not_found(name)),
        (None, true) => {
            let mut stack = call.blank(name)?;
            stack.turn("REVIEW_IN_PROGRESS", Some("User Initiated"), call.context);
            state.stacks.insert(name.to_owned(), stack);
            Ok((name.to_owned(), true))
        }
    }
}

/// The change set that a request describes.
fn waiting(
    call: &mut Call<'_, '_, '_>,
    order: Order,
    changes: Vec<Value>,
    create: bool,
) -> ChangeSet {
    let name = text(call.input, "ChangeSetName");
    let id = call.context.ids.uuid();
    let (partition, region) = (call.context.region.partition(), call.context.region);
    ChangeSet {
        id: format!(
            "arn:{partition}:cloudformation:{region}:{}:changeSet/{name}/{id}",
            call.context.account
        ),
        name: name.to_owned(),
        description: call.input.get("Description").cloned(),
        create,
        template: order.template,
        parameters: order.parameters,
        capabilities: order.capabilities,
        tags: order.tags,
        failed: changes.is_empty().then(|| EMPTY.to_owned()),
        changes,
        created: iso_time(call.context.now),
        executed: false,
    }
}

/// The stack's and the change set's key.
fn find(input: &Value, state: &State) -> Result<(String, String), Failure> {
    let wanted = text(input, "ChangeSetName");
    let stack = text(input, "StackName");
    let stacks = state
        .stacks
        .values()
        .filter(|one| stack.is_empty() || one.name == stack || one.id == stack);
    for one in stacks {
        if let Some(set) = one.changes.values().find(|set| set.name == wanted || set.id == wanted) {
            return Ok((one.name.clone(), set.name.clone()));
        }
    }
    Err(Failure::new("ChangeSetNotFound", 404, format!("ChangeSet [{wanted}] does not exist")))
}

pub(super) fn describe(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    let (stack, set) = find(call.input, state)?;
    let stack = &state.stacks[&stack];
    let set = &stack.changes[&set];
    let (status, execution) = match (&set.failed, set.executed) {
        (Some(_), _) => ("FAILED", "UNAVAILABLE"),
        (None, true) => ("CREATE_COMPLETE", "EXECUTE_COMPLETE"),
        (None, false) => ("CREATE_COMPLETE", "AVAILABLE"),
    };
    let mut answer = json!({
        "ChangeSetName": set.name,
        "ChangeSetId": set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Parameters": super::parameters(&set.template, &set.parameters),
        "CreationTime": set.created,
        "ExecutionStatus": execution,
        "Status": status,
        "NotificationARNs": [],
        "Capabilities": set.capabilities,
        "Tags": set.tags,
        "Changes": set.changes,
        "IncludeNestedStacks": false,
    });
    if let Some(reason) = &set.failed {
        answer["StatusReason"] = json!(reason);
    }
    if let Some(text) = &set.description {
        answer["Description"] = text.clone();
    }
    Ok(answer)
}

/// The template that a change set waits with.
pub(super) fn template(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    let (stack, set) = find(call.input, state)?;
    let text = &state.stacks[&stack].changes[&set].template.text;
    Ok(json!({ "TemplateBody": text, "StagesAvailable": ["Original", "Processed"] }))
}

pub(super) fn execute(call: &mut Call<'_, '_, '_>, state: &mut State) -> Outcome {
    let (stack, set) = find(call.input, state)?;
    let Some(stack) = state.stacks.get_mut(&stack) else { return Err(not_found(&stack)) };
    let Some(set) = stack.changes.get_mut(&set) else { return Err(not_found(&stack.name)) };
    if set.failed.is_some() || set.executed {
        let message = format!("ChangeSet [{}] cannot be executed in its current status", set.id);
        return Err(Failure::new("InvalidChangeSetStatus", 400, message));
    }
    set.executed = true;
    let words = if set.create { &stack::CREATE } else { &stack::UPDATE };
    let order = Order {
        template: set.template.clone(),
        parameters: set.parameters.clone(),
        capabilities: set.capabilities.clone(),
        tags: set.tags.clone(),
        keep_failed: call.flag("DisableRollback"),
    };
    stack.carry_out(order, words, call.hands, call.context);
    Ok(Value::Null)
}

pub(super) fn delete(call: &Call<'_, '_, '_>, state: &mut State) -> Outcome {
    if let Ok((stack, set)) = find(call.input, state)
        && let Some(stack) = state.stacks.get_mut(&stack)
    {
        if stack.changes.get(&set).is_some_and(|set| set.executed) {
            let message = format!("The change set [{set}] was executed and cannot be deleted");
            return Err(Failure::new("InvalidChangeSetStatus", 400, message));
        }
        stack.changes.remove(&set);
    }
    Ok(Value::Null)
}

/// A stack that holds nothing yet.
pub(super) fn blank(name: &str, id: String, created: String) -> Stack {
    Stack {
        id,
        name: name.to_owned(),
        status: "REVIEW_IN_PROGRESS",
        reason: None,
        template: None,
        parameters: BTreeMap::new(),
        capabilities: Vec::new(),
        tags: Vec::new(),
        created,
        updated: None,
        resources: Vec::new(),
        outputs: Vec::new(),
        events: Vec::new(),
        changes: BTreeMap::new(),
    }
}
