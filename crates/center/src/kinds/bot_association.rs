//! Aliases of Lex V2 bots that the instance may use: `Bot: ${lex:Concierge/live}`. Flows wait for them.
//! Bots of Lex V1 are reported, not managed: the service has ended.

use super::association::{associate, literal, refuse_other_name, take_away};
use crate::bindings::Bindings;
use crate::kind::{Format, Kind, Reading, Spec};
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::Reader;
use crate::resource::{Names, Resource};
use serde_json::{Map, Value, json};
use trunkline_flow::reference::Reference;
use trunkline_model::Diagnostic;

/// The kind `bot-association`.
pub(super) struct BotAssociation;

const FIELD: &str = "Bot";

static SPEC: Spec = Spec {
    name: "bot-association",
    folder: "connect/bot-associations",
    format: Format::Yaml,
    id_member: "AliasArn",
    fields: &[FIELD],
    also: &[
        ("connect:ListBots", On::Instance),
        ("connect:AssociateBot", On::Instance),
        ("connect:DisassociateBot", On::Instance),
        ("lex:CreateResourcePolicy", On::Bots),
        ("lex:DeleteResourcePolicy", On::Bots),
        ("lex:DescribeBotAlias", On::Bots),
        ("lex:UpdateResourcePolicy", On::Bots),
    ],
    ..Spec::EMPTY
};

impl Kind for BotAssociation {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let bots =
                |version| reader.pages("ListBots", "LexBots", json!({ "LexVersion": version }));
            let (second, first) = futures_util::try_join!(bots("V2"), bots("V1"))?;
            let alias = |row: &Value| {
                let arn = row.pointer("/LexV2Bot/AliasArn")?.as_str()?;
                let mut resource = Resource::new(SPEC.name, arn, "", "");
                resource.unbound = Some(("arn", arn.to_owned()));
                resource.body.insert(FIELD.to_owned(), json!(arn));
                Some(resource)
            };
            let mut all: Vec<Resource> = second.iter().filter_map(alias).collect();
            all.extend(first.iter().filter_map(|row| {
                let name = row.pointer("/LexBot/Name")?.as_str()?;
                let mut resource = Resource::new(SPEC.name, &format!("Lex V1: {name}"), "", "");
                resource.unmanaged = vec![format!("LexBot {name} (Lex V1)")];
                Some(resource)
            }));
            Ok(all)
        }))
    }

    fn name_it(&self, resource: &mut Resource, names: &Names, bindings: &Bindings) {
        let Some((_, arn)) = &resource.unbound else { return };
        let name = match names.of_arn(arn) {
            Some(("lex", name)) => bindings.name_of("lex", name).or_else(|| Some(name.to_owned())),
            _ => bindings.name_of("arn", arn),
        };
        if let Some(name) = name {
            resource.name = name;
            resource.unbound = None;
        }
    }

    fn system(&self, resource: &Resource) -> bool {
        // Nothing can be done with a bot of Lex V1 but to take it away by hand.
        resource.body.is_empty()
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let text = change.wanted.body.get(FIELD).and_then(Value::as_str).unwrap_or_default();
        let kind = Reference::whole(text).filter(|r| r.kind == "arn").map_or("lex", |_| "arn");
        let expected = Reference::new(kind, change.wanted.name.as_str()).to_string();
        refuse_other_name(&SPEC, change, FIELD, &expected)
    }

    fn disassociate(&self, live: &Resource, steps: &mut StepsOf<'_>) -> bool {
        let alias = live.body.get(FIELD).and_then(Value::as_str).unwrap_or_default();
        let mut input = Map::new();
        input.insert("LexV2Bot".to_owned(), json!({ "AliasArn": literal(alias) }));
        take_away("DisassociateBot", input, steps)
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let bot = change.wanted.body.get(FIELD).cloned().unwrap_or_default();
        let reference = bot.as_str().and_then(Reference::whole);
        let mut input = Map::new();
        input.insert("LexV2Bot".to_owned(), json!({ "AliasArn": bot }));
        let step = associate("AssociateBot", input, steps);
        step.provides = reference.map(|r| (r.kind, r.name));
    }
}
