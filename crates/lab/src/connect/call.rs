//! One request on its way through a kind's function, with the helpers that all of them share.

use crate::service::{Context, Failure, Outcome};
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::contract::Contract;
use super::kind::Kind;
use super::state::{Instance, State};
use super::store::{Clock, Object};

/// An operation's name and function.
pub(super) type Operation = (&'static str, fn(&mut Call<'_, '_>) -> Outcome);

/// A request with what it works on.
pub(super) struct Call<'a, 'c> {
    pub(super) contract: Contract,
    pub(super) input: &'a Value,
    pub(super) state: &'a mut State,
    pub(super) context: &'a mut Context<'c>,
}

/// The input breaks a rule of the operation.
pub(super) fn invalid(message: impl Into<String>) -> Failure {
    Failure::new("InvalidParameterException", 400, message)
}

/// The request cannot be carried out as it stands.
pub(super) fn refused(message: impl Into<String>) -> Failure {
    Failure::new("InvalidRequestException", 400, message)
}

/// What the request names does not exist here.
pub(super) fn missing(message: impl Into<String>) -> Failure {
    Failure::new("ResourceNotFoundException", 404, message)
}

/// Another resource has the name.
pub(super) fn duplicate(message: impl Into<String>) -> Failure {
    Failure::new("DuplicateResourceException", 409, message)
}

/// Something else still needs the resource.
pub(super) fn in_use(message: impl Into<String>) -> Failure {
    Failure::new("ResourceInUseException", 409, message)
}

impl Call<'_, '_> {
    /// A member of the input, unless it is absent or null.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.input.get(name).filter(|value| !value.is_null())
    }

    /// A text member; empty where it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.member(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A list member; empty where it is absent.
    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.member(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The texts of a list member.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The time, as the service prints it: seconds since 1970.
    pub(super) fn seconds(&self) -> Value {
        json!(self.context.now.as_millisecond() as f64 / 1000.0)
    }

    pub(super) fn clock(&self) -> Clock {
        let now = self.context.now.as_microsecond();
        let lag = (self.context.settings.search_lag_seconds * 1e6) as i64;
        Clock { now, cutoff: now.saturating_sub(lag) }
    }

    /// The key of the instance that `InstanceId` names, by id or ARN.
    pub(super) fn instance_id(&self) -> Result<String, Failure> {
        let reference = self.text("InstanceId");
        let id = reference.rsplit_once('/').map_or(reference, |(_, id)| id);
        match self.state.instances.get(id) {
            Some(instance) if reference == id || reference == instance.arn => Ok(id.to_owned()),
            _ => Err(missing(format!("Instance not found: {reference}"))),
        }
    }

    pub(super) fn instance(&self) -> Result<&Instance, Failure> {
        let id = self.instance_id()?;
        self.state.instances.get(&id).ok_or_else(|| missing("Instance not found"))
    }

    pub(super) fn instance_mut(&mut self) -> Result<&mut Instance, Failure> {
        let id = self.instance_id()?;
        self.state.instances.get_mut(&id).ok_or_else(|| missing("Instance not found"))
    }

    /// The id of the resource that `reference` names in the request's instance.
    pub(super) fn resolve(&self, kind: &Kind, reference: &str) -> Result<String, Failure> {
        let found = self.instance()?.resolve(kind, reference);
        found.ok_or_else(|| missing(format!("{} not found: {reference}", kind.title())))
    }

    /// The resource that the request's own label names.
    pub(super) fn target(&self, kind: &Kind) -> Result<(String, Arc<Object>), Failure> {
        let id = self.resolve(kind, self.text(kind.label))?;
        let body = self.instance()?.store(kind).get(&id).cloned();
        body.map(|body| (id, body)).ok_or_else(|| missing(format!("{} not found", kind.title())))
    }

    /// Writes a resource, with the time of the change where the kind prints one.
    pub(super) fn save(&mut self, kind: &Kind, id: &str, mut body: Object) -> Result<(), Failure> {
        if kind.stamped {
            body.insert("LastModifiedTime".to_owned(), self.seconds());
            body.insert("LastModifiedRegion".to_owned(), json!(self.context.region.to_string()));
        }
        let clock = self.clock();
        self.instance_mut()?.store_mut(kind).put(id, body, clock);
        Ok(())
    }

    /// Refuses a name that another resource of the kind (or, of `among`, a part of it) has.
    ///
    /// Assumed: names are told apart by case, and flows by name alone, whatever their type.
    pub(super) fn unique(
        &self,
        kind: &Kind,
        name: &str,
        except: &str,
        among: impl Fn(&Object) -> bool,
    ) -> Result<(), Failure> {
        let taken = self.instance()?.store(kind).any(|body| {
            text_of(body, "_id") != except && text_of(body, kind.name) == name && among(body)
        });
        match taken {
            true => Err(duplicate(format!("{} already exists with name: {name}", kind.title()))),
            false => Ok(()),
        }
    }

    /// Refuses to go beyond a quota of the settings.
    pub(super) fn within_quota(&self, quota: &str, count: usize) -> Result<(), Failure> {
        match self.context.settings.quotas.get(quota) {
            Some(most) if count >= *most => Err(Failure::new(
                "LimitExceededException",
                429,
                format!("The limit of {most} {quota} is reached"),
            )),
            _ => Ok(()),
        }
    }

    /// The answer that a request with the same client token had before.
    pub(super) fn remembered(&self) -> Option<Value> {
        self.state.tokens.get(&self.token()?).cloned()
    }

    /// Keeps an answer for the request's client token.
    pub(super) fn remember(&mut self, answer: Value) -> Value {
        if let Some(token) = self.token() {
            self.state.tokens.insert(token, answer.clone());
        }
        answer
    }

    fn token(&self) -> Option<(String, String)> {
        let token = self.text("ClientToken");
        let scope = format!("{} {}", self.contract.name, self.text("InstanceId"));
        (!token.is_empty()).then(|| (scope, token.to_owned()))
    }
}

/// The body without what never leaves the lab.
pub(super) fn public(body: &Object) -> Object {
    let shown = body.iter().filter(|(name, _)| !name.starts_with('_'));
    shown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Takes members over from the input: absent ones stay as they were, empty texts go.
pub(super) fn merge(body: &mut Object, input: &Value, members: &[&str]) {
    for name in members {
        match input.get(*name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {
                body.shift_remove(*name);
            }
            Some(value) => {
                body.insert((*name).to_owned(), value.clone());
            }
        }
    }
}

/// The text of a member; empty where it is absent.
pub(super) fn text_of<'v>(body: &'v Map<String, Value>, name: &str) -> &'v str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}
