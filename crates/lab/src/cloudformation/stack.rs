//! One stack, and carrying out a template on it: what is new is made, what differs changed, what is gone taken
//! away. Where a step fails, everything goes back to what it was.

use super::resolve::{self, Known};
use super::resources::{self, Iam, Made};
use super::template::{Resource, Template};
use super::{Hands, changes::ChangeSet};
use crate::service::{Context, Failure};
use crate::text::iso_time;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A stack as it is.
#[derive(Clone)]
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    /// None while there is only a change set.
    pub(super) template: Option<Template>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) capabilities: Vec<Value>,
    pub(super) tags: Vec<Value>,
    pub(super) created: String,
    pub(super) updated: Option<String>,
    pub(super) resources: Vec<Live>,
    pub(super) outputs: Vec<Value>,
    /// Oldest first.
    pub(super) events: Vec<Value>,
    pub(super) changes: BTreeMap<String, ChangeSet>,
}

/// A resource that exists.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) name: String,
    pub(super) kind: String,
    properties: Value,
    retain: bool,
    pub(super) made: Made,
    pub(super) status: &'static str,
    pub(super) since: String,
}

/// What a template is carried out with.
pub(super) struct Order {
    pub(super) template: Template,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) capabilities: Vec<Value>,
    pub(super) tags: Vec<Value>,
    /// Whether what was made before a failure stays.
    pub(super) keep_failed: bool,
}

/// The words of a status for the three things that can be done.
pub(super) struct Words {
    pub(super) begin: &'static str,
    pub(super) done: &'static str,
    pub(super) failed: &'static str,
    pub(super) back: &'static str,
    pub(super) undone: &'static str,
}

/// Of a stack that is new.
pub(super) const CREATE: Words = Words {
    begin: "CREATE_IN_PROGRESS",
    done: "CREATE_COMPLETE",
    failed: "CREATE_FAILED",
    back: "ROLLBACK_IN_PROGRESS",
    undone: "ROLLBACK_COMPLETE",
};

/// Of a stack that is there.
pub(super) const UPDATE: Words = Words {
    begin: "UPDATE_IN_PROGRESS",
    done: "UPDATE_COMPLETE",
    failed: "UPDATE_FAILED",
    back: "UPDATE_ROLLBACK_IN_PROGRESS",
    undone: "UPDATE_ROLLBACK_COMPLETE",
};

/// A resource that could not be made or changed, and why.
struct Broken {
    resource: String,
    reason: String,
}

impl Stack {
    /// Appends an event about a resource, or about the stack itself.
    fn note(
        &mut self,
        about: (&str, &str, &str),
        status: &str,
        reason: Option<&str>,
        context: &mut Context<'_>,
    ) {
        let (resource, physical, kind) = about;
        let mut event = json!({
            "StackId": self.id,
            "EventId": context.ids.uuid(),
            "StackName": self.name,
            "LogicalResourceId": resource,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Timestamp": iso_time(context.now),
            "ResourceStatus": status,
        });
        if let Some(reason) = reason {
            event["ResourceStatusReason"] = json!(reason);
        }
        self.events.push(event);
    }

    /// Sets the stack's status, with its event.
    pub(super) fn turn(
        &mut self,
        status: &'static str,
        reason: Option<&str>,
        context: &mut Context<'_>,
    ) {
        self.status = status;
        self.reason = reason.map(str::to_owned);
        let (name, id) = (self.name.clone(), self.id.clone());
        self.note((&name, &id, "AWS::CloudFormation::Stack"), status, reason, context);
    }

    /// Pseudo parameters.
    fn base(&self, context: &Context<'_>) -> Known {
        let mut known = Known::default();
        let suffix = match context.region.partition().as_str() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        for (name, value) in [
            ("AWS::AccountId", context.account.to_string()),
            ("AWS::Region", context.region.to_string()),
            ("AWS::Partition", context.region.partition().as_str().to_owned()),
            ("AWS::StackName", self.name.clone()),
            ("AWS::StackId", self.id.clone()),
            ("AWS::URLSuffix", suffix.to_owned()),
        ] {
            known.values.insert(name.to_owned(), json!(value));
        }
        known.values.insert("AWS::NotificationARNs".to_owned(), json!([]));
        known
    }

    /// Carries out an order; the stack's status says how it ended.
    pub(super) fn carry_out(
        &mut self,
        order: Order,
        words: &Words,
        hands: &dyn Hands,
        context: &mut Context<'_>,
    ) {
        let before = (self.resources.clone(), self.outputs.clone());
        let roles = hands.snapshot();
        self.turn(words.begin, Some("User Initiated"), context);
        match self.reach(&order, words, hands, context) {
            Ok(()) => {
                self.template = Some(order.template);
                self.parameters = order.parameters;
                self.capabilities = order.capabilities;
                self.tags = order.tags;
                if words.begin == UPDATE.begin {
                    self.updated = Some(iso_time(context.now));
                }
                self.turn(words.done, None, context);
            }
            Err(broken) => {
                let verb = if words.begin == UPDATE.begin { "update" } else { "create" };
                let reason = match broken.resource.as_str() {
                    "" => broken.reason,
                    name => format!("The following resource(s) failed to {verb}: [{name}]. "),
                };
                if self.template.is_none() {
                    self.template = Some(order.template);
                    self.parameters = order.parameters;
                }
                if order.keep_failed {
                    let made: Vec<String> =
                        self.resources.iter().map(|live| live.name.clone()).collect();
                    self.resources
                        .extend(before.0.into_iter().filter(|live| !made.contains(&live.name)));
                    self.turn(words.failed, Some(&reason), context);
                    return;
                }
                self.turn(
                    words.back,
                    Some(&format!("{reason}Rollback requested by user.")),
                    context,
                );
                hands.restore(roles);
                (self.resources, self.outputs) = before;
                self.turn(words.undone, None, context);
            }
        }
    }

    fn reach(
        &mut self,
        order: &Order,
        words: &Words,
        hands: &dyn Hands,
        context: &mut Context<'_>,
    ) -> Result<(), Broken> {
        let whole = |reason| Broken { resource: String::new(), reason };
        let mut known =
            order.template.known(&order.parameters, self.base(context)).map_err(whole)?;
        let mut old = std::mem::take(&mut self.resources);
        let mut ordered = order.template.ordered().map_err(whole)?;
        ordered.retain(|resource| resource.is_wanted(&known));
        for resource in &ordered {
            let had = old.iter().position(|live| live.name == resource.name);
            let had = had.map(|at| old.remove(at));
            let live = self.settle(resource, had, &mut old, (&known, words), hands, context);
            let live =
                live.map_err(|reason| Broken { resource: resource.name.to_owned(), reason })?;
            known.references.insert(live.name.clone(), live.made.id.clone());
            for (name, value) in &live.made.attributes {
                known.attributes.insert((live.name.clone(), (*name).to_owned()), value.clone());
            }
            self.resources.push(live);
        }
        for gone in old.into_iter().rev() {
            self.remove(&gone, hands, context).map_err(|failure| Broken {
                resource: gone.name.clone(),
                reason: failure.message,
            })?;
        }
        self.outputs = order.template.outputs(&known).map_err(whole)?;
        Ok(())
    }

    /// Makes, changes or keeps one resource. What is replaced joins `old`, which goes at the end.
    fn settle(
        &mut self,
        resource: &Resource<'_>,
        had: Option<Live>,
        old: &mut Vec<Live>,
        (known, words): (&Known, &Words),
        hands: &dyn Hands,
        context: &mut Context<'_>,
    ) -> Result<Live, String> {
        let (name, kind) = (resource.name, resource.kind);
        let properties = resolve::value(resource.properties, known)?.unwrap_or_default();
        let since = iso_time(context.now);
        let live = |made, status| Live {
            name: name.to_owned(),
            kind: kind.to_owned(),
            properties: properties.clone(),
            retain: resource.retain,
            made,
            status,
            since: since.clone(),
        };
        let kept = |had: &Live| {
            had.kind == kind && !resources::is_replaced(kind, &had.properties, &properties)
        };
        match had {
            Some(had) if had.properties == properties && had.kind == kind => {
                Ok(Live { retain: resource.retain, ..had })
            }
            Some(had) if kept(&had) => {
                self.note((name, &had.made.id, kind), UPDATE.begin, None, context);
                let mut iam = Iam { hands, context };
                let changed = iam.update(kind, &had.properties, &properties, &had.made);
                self.say((name, &had.made.id, kind), changed, &UPDATE, context)?;
                Ok(live(had.made, UPDATE.done))
            }
            had => {
                old.extend(had);
                let fallback = format!("{}-{name}-{}", self.name, context.ids.letters(12));
                self.note((name, "", kind), CREATE.begin, None, context);
                let made = Iam { hands, context }.create(kind, &properties, &fallback);
                let id = made.as_ref().map_or(String::new(), |made| made.id.clone());
                let made = self.say((name, &id, kind), made, &CREATE, context)?;
                Ok(live(made, if words.begin == UPDATE.begin { UPDATE.done } else { CREATE.done }))
            }
        }
    }

    /// Notes how a step ended.
    fn say<T>(
        &mut self,
        about: (&str, &str, &str),
        ended: Result<T, Failure>,
        words: &Words,
        context: &mut Context<'_>,
    ) -> Result<T, String> {
        match ended {
            Ok(value) => {
                self.note(about, words.done, None, context);
                Ok(value)
            }
            Err(failure) => {
                let reason = format!(
                    "{} (Service: Iam, Status Code: {}, Error Code: {})",
                    failure.message, failure.status, failure.name
                );
                self.note(about, words.failed, Some(&reason), context);
                Err(reason)
            }
        }
    }

    fn remove(
        &mut self,
        live: &Live,
        hands: &dyn Hands,
        context: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let about = (live.name.as_str(), live.made.id.as_str(), live.kind.as_str());
        if live.retain {
            self.note(about, "DELETE_SKIPPED", None, context);
            return Ok(());
        }
        self.note(about, "DELETE_IN_PROGRESS", None, context);
        let gone = Iam { hands, context }.delete(&live.kind, &live.properties, &live.made);
        let (status, reason) = match &gone {
            Ok(()) => ("DELETE_COMPLETE", None),
            Err(failure) => ("DELETE_FAILED", Some(failure.message.as_str())),
        };
        self.note(about, status, reason, context);
        gone
    }

    /// Takes the stack and its resources away, the last first.
    pub(super) fn delete(
        &mut self,
        retained: &[Value],
        hands: &dyn Hands,
        context: &mut Context<'_>,
    ) {
        self.turn("DELETE_IN_PROGRESS", Some("User Initiated"), context);
        let mut left = Vec::new();
        for mut live in std::mem::take(&mut self.resources).into_iter().rev() {
            live.retain |= retained.iter().any(|name| *name == live.name.as_str());
            if self.remove(&live, hands, context).is_err() {
                left.push(live);
            }
        }
        left.reverse();
        if left.is_empty() {
            self.turn("DELETE_COMPLETE", None, context);
        } else {
            let names = left.iter().map(|live| live.name.as_str()).collect::<Vec<_>>().join(", ");
            self.resources = left;
            let reason = format!("The following resource(s) failed to delete: [{names}]. ");
            self.turn("DELETE_FAILED", Some(&reason), context);
        }
    }

    /// What an order would do to each resource: `Add`, `Modify`, `Remove`, and whether it is replaced.
    pub(super) fn preview(
        &self,
        order: &Order,
        context: &Context<'_>,
    ) -> Result<Vec<Value>, String> {
        let mut known = order.template.known(&order.parameters, self.base(context))?;
        let mut all = Vec::new();
        let mut seen = Vec::new();
        for live in &self.resources {
            known.references.insert(live.name.clone(), live.made.id.clone());
            for (name, value) in &live.made.attributes {
                known.attributes.insert((live.name.clone(), (*name).to_owned()), value.clone());
            }
        }
        for resource in
            order.template.ordered()?.iter().filter(|resource| resource.is_wanted(&known))
        {
            seen.push(resource.name.to_owned());
            let had = self.resources.iter().find(|live| live.name == resource.name);
            let Some(had) = had else {
                all.push(change("Add", resource.name, "", resource.kind, None));
                continue;
            };
            // What refers to a resource that is yet to be made differs in any case.
            let properties = resolve::value(resource.properties, &known).ok().flatten();
            if properties.as_ref() != Some(&had.properties) {
                let properties = properties.unwrap_or_default();
                let replaced = resources::is_replaced(resource.kind, &had.properties, &properties);
                all.push(change(
                    "Modify",
                    resource.name,
                    &had.made.id,
                    resource.kind,
                    Some(replaced),
                ));
            }
        }
        for gone in self.resources.iter().filter(|live| !seen.contains(&live.name)) {
            all.push(change("Remove", &gone.name, &gone.made.id, &gone.kind, None));
        }
        Ok(all)
    }
}

fn change(action: &str, name: &str, physical: &str, kind: &str, replaced: Option<bool>) -> Value {
    let mut change = json!({
        "Action": action, "LogicalResourceId": name, "ResourceType": kind, "Scope": [], "Details": [],
    });
    if !physical.is_empty() {
        change["PhysicalResourceId"] = json!(physical);
    }
    if let Some(replaced) = replaced {
        change["Replacement"] = json!(if replaced { "True" } else { "False" });
    }
    json!({ "Type": "Resource", "ResourceChange": change })
}
