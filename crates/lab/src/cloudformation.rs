//! CloudFormation, as much of it as roles need: stacks and change sets of IAM's roles and policies.
//!
//! Everything is done at once, so that no status is ever seen in progress; the events tell the steps. What a
//! template may hold stands in `template` and `resources`, and everything else is refused by name. Absent on
//! purpose: stack sets, nested stacks, drift, imports, macros, exports that other stacks read.

mod changes;
mod resolve;
mod resources;
mod stack;
mod template;
mod yaml;

use crate::request::text;
use crate::service::{Context, Failure, Outcome};
use crate::text::iso_time;
use crate::{iam, page};
use serde_json::{Value, json};
use stack::{Order, Stack};
use std::collections::BTreeMap;
use template::Template;

/// The stacks of one account in one region.
#[derive(Default)]
pub(crate) struct State {
    /// By name.
    stacks: BTreeMap<String, Stack>,
    /// Deleted ones, which are known by id only.
    gone: Vec<Stack>,
    /// What each client token was used for.
    tokens: BTreeMap<String, String>,
}

/// What stacks do in IAM.
pub(crate) trait Hands {
    /// Calls IAM as whoever called CloudFormation.
    fn iam(&self, operation: &str, input: Value, context: &mut Context<'_>) -> Outcome;
    /// The account's roles as they are, for a rollback.
    fn snapshot(&self) -> iam::State;
    /// Puts them back.
    fn restore(&self, roles: iam::State);
}

struct Call<'a, 'c, 'd> {
    input: &'a Value,
    hands: &'a dyn Hands,
    context: &'c mut Context<'d>,
}

/// Answers one operation.
pub(crate) fn call(
    operation: &str,
    input: &Value,
    state: &mut State,
    hands: &dyn Hands,
    context: &mut Context<'_>,
) -> Outcome {
    let token = text(input, "ClientRequestToken");
    if !token.is_empty() {
        let purpose = format!("{operation} {}", text(input, "StackName"));
        let known = state.tokens.entry(token.to_owned()).or_insert_with(|| purpose.clone());
        if *known != purpose {
            let message = format!("Token {token} already exists");
            return Err(Failure::new("TokenAlreadyExistsException", 400, message));
        }
    }
    let mut call = Call { input, hands, context };
    match operation {
        "CreateStack" => create(&mut call, state),
        "UpdateStack" => update(&mut call, state),
        "DeleteStack" => delete(&mut call, state),
        "DescribeStacks" => describe(&call, state),
        "DescribeStackEvents" => events(&call, state),
        "DescribeStackResources" => describe_resources(&call, state),
        "GetTemplate" => get_template(&call, state),
        "GetTemplateSummary" => summary(&call, state),
        "ValidateTemplate" => validate(&call),
        "CreateChangeSet" => changes::create(&mut call, state),
        "DescribeChangeSet" => changes::describe(&call, state),
        "ExecuteChangeSet" => changes::execute(&mut call, state),
        "DeleteChangeSet" => changes::delete(&call, state),
        _ => Err(Failure::unknown("cloudformation", operation)),
    }
}

fn validation(message: impl Into<String>) -> Failure {
    Failure::new("ValidationError", 400, message)
}

fn not_found(name: &str) -> Failure {
    validation(format!("Stack with id {name} does not exist"))
}

impl State {
    /// The key of the stack that a name or id stands for.
    fn name_of(&self, wanted: &str) -> Option<String> {
        let mut all = self.stacks.values();
        all.find(|stack| stack.name == wanted || stack.id == wanted).map(|stack| stack.name.clone())
    }

    fn find(&self, wanted: &str) -> Result<&Stack, Failure> {
        let live = self.stacks.values().find(|stack| stack.name == wanted || stack.id == wanted);
        live.or_else(|| self.gone.iter().find(|stack| stack.id == wanted))
            .ok_or_else(|| not_found(wanted))
    }
}

impl Call<'_, '_, '_> {
    fn flag(&self, member: &str) -> bool {
        self.input.get(member).and_then(Value::as_bool).unwrap_or_default()
    }

    fn list(&self, member: &str) -> Vec<Value> {
        self.input.get(member).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// The template that the request gives, or that the stack has.
    fn template(&self, before: Option<&Template>) -> Result<Template, Failure> {
        let (body, url) = (text(self.input, "TemplateBody"), text(self.input, "TemplateURL"));
        if self.flag("UsePreviousTemplate") {
            return before.cloned().ok_or_else(|| validation("No previous template"));
        }
        let body = match (body.is_empty(), url.is_empty()) {
            (false, _) => body.to_owned(),
            (true, false) => {
                let bytes = self.context.neighbours.object(url);
                let bytes = bytes
                    .ok_or_else(|| validation("S3 error: Access Denied or no such template"))?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            (true, true) => {
                return Err(validation("Either Template URL or Template Body must be specified."));
            }
        };
        Template::read(&body).map_err(validation)
    }

    /// What a request wants of a stack.
    fn order(&self, stack: &Stack) -> Result<Order, Failure> {
        if self.input.get("RoleARN").is_some() {
            return Err(validation(
                "the lab does not support RoleARN: the caller's permissions are used",
            ));
        }
        let template = self.template(stack.template.as_ref())?;
        let parameters = template.parameters(&self.list("Parameters"), &stack.parameters);
        let parameters = parameters.map_err(validation)?;
        let capabilities = self.list("Capabilities");
        if let Some(needed) = template.capability() {
            let enough = ["CAPABILITY_NAMED_IAM", needed];
            if !capabilities.iter().any(|one| enough.iter().any(|name| one == name)) {
                let message = format!("Requires capabilities : [{needed}]");
                return Err(Failure::new("InsufficientCapabilitiesException", 400, message));
            }
        }
        let keep_failed =
            self.flag("DisableRollback") || text(self.input, "OnFailure") == "DO_NOTHING";
        Ok(Order { template, parameters, capabilities, tags: self.list("Tags"), keep_failed })
    }

    /// A new stack without anything in it.
    fn blank(&mut self, name: &str) -> Result<Stack, Failure> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || name.len() > 128
            || !name.chars().all(fits)
        {
            return Err(validation(format!(
                "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member \
                 must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )));
        }
        let (partition, region) = (self.context.region.partition(), self.context.region);
        let account = self.context.account;
        let id = self.context.ids.uuid();
        let id = format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{id}");
        Ok(changes::blank(name, id, iso_time(self.context.now)))
    }
}

fn create(call: &mut Call<'_, '_, '_>, state: &mut State) -> Outcome {
    let name = text(call.input, "StackName").to_owned();
    if state.stacks.contains_key(&name) {
        let message = format!("Stack [{name}] already exists");
        return Err(Failure::new("AlreadyExistsException", 400, message));
    }
    let mut stack = call.blank(&name)?;
    let order = call.order(&stack)?;
    stack.carry_out(order, &stack::CREATE, call.hands, call.context);
    let id = stack.id.clone();
    if stack.status == stack::CREATE.undone && text(call.input, "OnFailure") == "DELETE" {
        stack.delete(&[], call.hands, call.context);
        state.gone.push(stack);
    } else {
        state.stacks.insert(name, stack);
    }
    Ok(json!({ "StackId": id }))
}

fn update(call: &mut Call<'_, '_, '_>, state: &mut State) -> Outcome {
    let wanted = text(call.input, "StackName");
    let name = state.name_of(wanted).ok_or_else(|| not_found(wanted))?;
    let Some(stack) = state.stacks.get_mut(&name) else { return Err(not_found(wanted)) };
    if ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "DELETE_FAILED", "CREATE_FAILED"]
        .contains(&stack.status)
    {
        let message =
            format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status);
        return Err(validation(message));
    }
    let order = call.order(stack)?;
    if stack.preview(&order, call.context).map_err(validation)?.is_empty()
        && order.tags == stack.tags
    {
        return Err(validation("No updates are to be performed."));
    }
    stack.carry_out(order, &stack::UPDATE, call.hands, call.context);
    Ok(json!({ "StackId": stack.id }))
}

fn delete(call: &mut Call<'_, '_, '_>, state: &mut State) -> Outcome {
    // What is not there is gone already.
    let Some(name) = state.name_of(text(call.input, "StackName")) else { return Ok(Value::Null) };
    let Some(mut stack) = state.stacks.remove(&name) else { return Ok(Value::Null) };
    stack.delete(&call.list("RetainResources"), call.hands, call.context);
    match stack.status {
        "DELETE_COMPLETE" => state.gone.push(stack),
        _ => drop(state.stacks.insert(name, stack)),
    }
    Ok(Value::Null)
}

/// A template's parameters with their values; secret ones hidden.
fn parameters(template: &Template, values: &BTreeMap<String, String>) -> Vec<Value> {
    let hidden = |name: &str| {
        template
            .section("Parameters")
            .get(name)
            .is_some_and(|p| resolve::plain(&p["NoEcho"]) == "true")
    };
    let shown = values.iter().map(|(name, value)| {
        let value = if hidden(name) { "****" } else { value.as_str() };
        json!({ "ParameterKey": name, "ParameterValue": value })
    });
    shown.collect()
}

fn shown(stack: &Stack) -> Value {
    let mut shown = json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DisableRollback": false,
        "NotificationARNs": [],
        "Capabilities": stack.capabilities,
        "Outputs": stack.outputs,
        "Tags": stack.tags,
        "EnableTerminationProtection": false,
        "DriftInformation": { "StackDriftStatus": "NOT_CHECKED" },
    });
    if let Some(template) = &stack.template {
        shown["Parameters"] = json!(parameters(template, &stack.parameters));
        if let Some(text) = template.description() {
            shown["Description"] = json!(text);
        }
    }
    for (member, value) in
        [("LastUpdatedTime", &stack.updated), ("StackStatusReason", &stack.reason)]
    {
        if let Some(value) = value {
            shown[member] = json!(value);
        }
    }
    shown
}

fn describe(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    let wanted = text(call.input, "StackName");
    if !wanted.is_empty() {
        return Ok(json!({ "Stacks": [shown(state.find(wanted)?)] }));
    }
    let all: Vec<Value> = state.stacks.values().map(shown).collect();
    paged("Stacks", all, call)
}

fn paged(member: &str, items: Vec<Value>, call: &Call<'_, '_, '_>) -> Outcome {
    let (items, next) =
        page::cut(items, call.input.get("NextToken"), 100, |m: &str| validation(m))?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn events(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    let stack = state.find(text(call.input, "StackName"))?;
    paged("StackEvents", stack.events.iter().rev().cloned().collect(), call)
}

fn describe_resources(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    let (wanted, only) = (text(call.input, "StackName"), text(call.input, "LogicalResourceId"));
    let stack = state.find(wanted)?;
    let all = stack.resources.iter().filter(|live| only.is_empty() || live.name == only);
    let all: Vec<Value> = all
        .map(|live| {
            json!({
                "StackName": stack.name,
                "StackId": stack.id,
                "LogicalResourceId": live.name,
                "PhysicalResourceId": live.made.id,
                "ResourceType": live.kind,
                "Timestamp": live.since,
                "ResourceStatus": live.status,
                "DriftInformation": { "StackResourceDriftStatus": "NOT_CHECKED" },
            })
        })
        .collect();
    Ok(json!({ "StackResources": all }))
}

fn get_template(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    let wanted = text(call.input, "StackName");
    if call.input.get("ChangeSetName").is_some() {
        return changes::template(call, state);
    }
    let template = state.find(wanted)?.template.as_ref().ok_or_else(|| not_found(wanted))?;
    Ok(json!({ "TemplateBody": template.text, "StagesAvailable": ["Original", "Processed"] }))
}

fn validate(call: &Call<'_, '_, '_>) -> Outcome {
    let template = call.template(None)?;
    Ok(described(&template, false))
}

fn summary(call: &Call<'_, '_, '_>, state: &State) -> Outcome {
    if let Some(set) = call.input.get("StackSetName") {
        let message = format!("StackSet {set} not found: the lab has no stack sets");
        return Err(Failure::new("StackSetNotFoundException", 404, message));
    }
    let template = match text(call.input, "StackName") {
        "" => call.template(None)?,
        name => state.find(name)?.template.clone().ok_or_else(|| not_found(name))?,
    };
    let mut answer = described(&template, true);
    let kinds: Vec<Value> =
        template.section("Resources").values().map(|resource| resource["Type"].clone()).collect();
    answer["ResourceTypes"] = json!(kinds);
    Ok(answer)
}

/// What ValidateTemplate and GetTemplateSummary say of a template.
fn described(template: &Template, typed: bool) -> Value {
    let parameters = template.section("Parameters").iter().map(|(name, parameter)| {
        let mut shown = json!({
            "ParameterKey": name,
            "NoEcho": resolve::plain(&parameter["NoEcho"]) == "true",
        });
        if let Some(default) = parameter.get("Default") {
            shown["DefaultValue"] = json!(resolve::plain(default));
        }
        if let Some(text) = parameter.get("Description") {
            shown["Description"] = text.clone();
        }
        if typed {
            shown["ParameterType"] = parameter["Type"].clone();
        }
        shown
    });
    let mut answer = json!({ "Parameters": parameters.collect::<Vec<_>>() });
    if let Some(text) = template.description() {
        answer["Description"] = json!(text);
    }
    if let Some(needed) = template.capability() {
        let names: Vec<&String> = template.section("Resources").keys().collect();
        answer["Capabilities"] = json!([needed]);
        answer["CapabilitiesReason"] =
            json!(format!("The following resource(s) require capabilities: {names:?}"));
    }
    answer
}
