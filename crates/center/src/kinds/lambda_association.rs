//! Functions that the instance may call. The document's name is the function's, after bindings, with its
//! version or alias where it has one: `Function: ${lambda:lookup}:live`. Flows wait for it.

use super::association::{associate, literal, refuse_other_name, take_away};
use crate::bindings::Bindings;
use crate::kind::{Format, Kind, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::Reader;
use crate::resource::{Names, Resource};
use serde_json::{Map, Value, json};
use trunkline_flow::reference::{self, Piece, Reference};
use trunkline_model::{Arn, Diagnostic};

/// The kind `lambda-association`.
pub(super) struct LambdaAssociation;

const FIELD: &str = "Function";

static SPEC: Spec = Spec {
    name: "lambda-association",
    folder: "connect/lambda-associations",
    format: Format::Yaml,
    id_member: "FunctionArn",
    fields: &[FIELD],
    also: &[
        ("connect:ListLambdaFunctions", On::Instance),
        ("connect:AssociateLambdaFunction", On::Instance),
        ("connect:DisassociateLambdaFunction", On::Instance),
        ("lambda:AddPermission", On::Functions),
        ("lambda:RemovePermission", On::Functions),
    ],
    ..Spec::EMPTY
};

impl Kind for LambdaAssociation {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let rows = reader.pages("ListLambdaFunctions", "LambdaFunctions", json!({})).await?;
            let resource = |arn: &str| {
                let mut resource = Resource::new(SPEC.name, arn, "", "");
                resource.body.insert(FIELD.to_owned(), json!(arn));
                // A function of another account has no name here.
                let instance = reader.instance;
                let ours = Arn::parse(arn).is_ok_and(|a| {
                    a.account == instance.account.as_str() && a.region == instance.region.as_str()
                });
                if !ours {
                    resource.unbound = Some(("arn", arn.to_owned()));
                }
                resource
            };
            Ok(rows.iter().filter_map(Value::as_str).map(resource).collect())
        }))
    }

    fn name_it(&self, resource: &mut Resource, _: &Names, bindings: &Bindings) {
        if resource.unbound.is_some() {
            if let Some(name) = bindings.name_of("arn", &resource.name) {
                resource.name = name;
                resource.unbound = None;
            }
            return;
        }
        // arn:P:lambda:R:A:function:NAME[:QUALIFIER]
        let mut parts = resource.name.splitn(8, ':').skip(6);
        let (function, qualifier) = (parts.next().unwrap_or_default(), parts.next());
        let name = bindings.name_of("lambda", function).unwrap_or_else(|| function.to_owned());
        resource.name = match qualifier {
            Some(qualifier) => format!("{name}:{qualifier}"),
            None => name,
        };
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let name = change.wanted.name.as_str();
        let text = change.wanted.body.get(FIELD).and_then(Value::as_str).unwrap_or_default();
        let expected = if Reference::whole(text).is_some_and(|r| r.kind == "arn") {
            Reference::new("arn", name).to_string()
        } else {
            let (function, rest) = name.find(':').map_or((name, ""), |at| name.split_at(at));
            format!("{}{rest}", Reference::new("lambda", function))
        };
        refuse_other_name(&SPEC, change, FIELD, &expected)
    }

    fn disassociate(&self, live: &Resource, steps: &mut StepsOf<'_>) -> bool {
        let function = live.body.get(FIELD).and_then(Value::as_str).unwrap_or_default();
        let mut input = Map::new();
        input.insert("FunctionArn".to_owned(), literal(function));
        take_away("DisassociateLambdaFunction", input, steps)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let function = change.wanted.body.get(FIELD).cloned().unwrap_or_default();
        let pieces = reference::parse(function.as_str().unwrap_or_default()).unwrap_or_default();
        let mut input = Map::new();
        input.insert("FunctionArn".to_owned(), function);
        let step = associate("AssociateLambdaFunction", input, steps);
        step.provides = pieces.into_iter().find_map(|piece| match piece {
            Piece::Ref(reference) => Some((reference.kind, reference.name)),
            Piece::Text(_) => None,
        });
    }
}
