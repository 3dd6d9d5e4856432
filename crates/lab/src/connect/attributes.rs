//! Predefined attributes: known by their name, without id, ARN or tags.
//!
//! Those that start with `connect:` are the service's own and cannot be made, changed or deleted.

use serde_json::{Value, json};

use super::call::{Call, Operation, in_use, invalid, merge, public, refused};
use super::kind::Kind;
use super::store::Object;
use super::{resource, users};
use crate::service::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    noun: "predefined attribute",
    label: "Name",
    body_id: "",
    body_arn: "",
    wrapper: "PredefinedAttribute",
    list: "PredefinedAttributeSummaryList",
    summary: &[
        ("Name", "Name"),
        ("LastModifiedTime", "LastModifiedTime"),
        ("LastModifiedRegion", "LastModifiedRegion"),
    ],
    found: "PredefinedAttributes",
    fields: &[("name", "Name")],
    quota: "predefined-attributes",
    ..Kind::BASE
};

pub(super) const OPERATIONS: &[Operation] = &[
    ("CreatePredefinedAttribute", create),
    ("DescribePredefinedAttribute", |call| resource::describe(call, &KIND)),
    ("UpdatePredefinedAttribute", update),
    ("DeletePredefinedAttribute", delete),
    ("ListPredefinedAttributes", |call| resource::list(call, &KIND, |_| true)),
    ("SearchPredefinedAttributes", |call| resource::search(call, &KIND, public)),
];

fn protected(name: &str) -> Result<(), Failure> {
    match name.to_lowercase().starts_with("connect:") {
        true => Err(refused(format!("System attributes cannot be changed: {name}"))),
        false => Ok(()),
    }
}

/// Takes over what the request says; IsReadOnly is the service's to say.
fn take(call: &Call<'_, '_>, body: &mut Object) {
    merge(body, call.input, &["Name", "Values", "Purposes"]);
    if let Some(config) = call.member("AttributeConfiguration") {
        let mut config = config.clone();
        config["IsReadOnly"] = json!(false);
        body.insert("AttributeConfiguration".to_owned(), config);
    }
}

fn create(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.text("Name").to_owned();
    call.instance()?;
    protected(&name)?;
    if name.trim().is_empty() {
        return Err(invalid("Name must not be blank"));
    }
    call.unique(&KIND, &name, "", |_| true)?;
    call.within_quota(KIND.quota, call.instance()?.store(&KIND).len())?;
    let mut body = Object::new();
    take(call, &mut body);
    body.insert("_id".to_owned(), json!(name));
    call.save(&KIND, &name, body)?;
    Ok(json!({}))
}

fn update(call: &mut Call<'_, '_>) -> Outcome {
    let (id, body) = call.target(&KIND)?;
    protected(&id)?;
    let mut body = Object::clone(&body);
    take(call, &mut body);
    call.save(&KIND, &id, body)?;
    Ok(json!({}))
}

fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (id, _) = call.target(&KIND)?;
    protected(&id)?;
    let used = call.instance()?.store(&users::KIND).any(|user| {
        let all = user.get(users::PROFICIENCIES).and_then(Value::as_array);
        all.into_iter().flatten().any(|one| one["AttributeName"] == id.as_str())
    });
    if used {
        return Err(in_use(format!("The attribute is used by a user: {id}")));
    }
    resource::delete(call, &KIND)
}
