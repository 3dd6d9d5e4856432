//! The build instance of the test: for each ARN of the real flows a resource of its own, under names of
//! every sort, and the flows themselves.

use crate::names::NAMES;
use crate::place::{Place, function_alias};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_flow::find::{self, FoundArn};
use trunkline_flow::{content, rewrite};
use trunkline_testkit::seed::{bot, bot_alias, function};

/// A flow or module as it was written.
pub struct Written {
    pub kind: &'static str,
    pub name: String,
    pub flow_type: Option<&'static str>,
    pub published: bool,
    /// What the service said against publishing.
    pub problems: String,
    pub content: Value,
}

/// The instance, and what was made in it.
pub struct Source {
    pub place: Place,
    /// Foreign ARNs, without qualifiers, and those that took their place.
    own: BTreeMap<String, String>,
    /// Functions with the qualifiers that are used.
    pub functions: BTreeSet<(String, String)>,
    /// Bots with their aliases.
    pub bots: BTreeSet<(String, String)>,
    pub written: Vec<Written>,
    /// How many references were put in place of foreign ones.
    pub references: usize,
    hours: String,
}

impl Source {
    pub fn new(place: Place) -> Self {
        let hours = hours(&place, "Around the clock");
        let audio = json!({ "Bucket": place.staging, "Key": "beep.wav" });
        place.cloud.must("s3", "PutObject", audio);
        let (own, functions, bots) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { place, own, functions, bots, written: Vec::new(), references: 0, hours }
    }

    /// Puts ARNs of this instance in place of foreign ones. What no kind holds stays.
    pub fn adopt(&mut self, content: &mut Value) {
        let done = rewrite::map_strings::<()>(content, &mut |_, text| {
            let mut new = text.to_owned();
            for arn in find::arns(text).iter().rev() {
                if let Some(own) = self.replacement(text, arn) {
                    new.replace_range(arn.base(), &own);
                    self.references += 1;
                }
            }
            Ok((new != text).then_some(new))
        });
        assert_eq!(done, Ok(()));
    }

    fn replacement(&mut self, text: &str, arn: &FoundArn) -> Option<String> {
        let base = text[arn.base()].to_owned();
        let part = |range: &std::ops::Range<usize>| text[range.clone()].to_owned();
        let (service, resource) = (part(&arn.service), part(&arn.resource));
        let qualifier = arn.qualifier.as_ref().map(part).unwrap_or_default();
        if service == "lambda" {
            return Some(self.function(base, resource.strip_prefix("function:")?, &qualifier));
        }
        if let Some(own) = self.own.get(&base) {
            return Some(own.clone());
        }
        let name = self.next_name();
        let own = match (service.as_str(), part(&arn.account).as_str()) {
            ("connect", "aws") => {
                base.replace(&part(&arn.region), self.place.instance.region.as_str())
            }
            ("connect", _) => self.resource(resource.split('/').nth(2)?, &name)?,
            ("lex", _) => self.alias(resource.split('/').nth(2)?),
            _ => return None,
        };
        self.own.insert(base, own.clone());
        Some(own)
    }

    /// Puts ARNs of this instance where the publisher of a flow left a placeholder or took an ARN out.
    pub fn fill(&mut self, content: &mut Value) {
        let done = rewrite::map_strings::<()>(content, &mut |path, text| {
            let pointer = path.to_string();
            let word = named_by(&pointer).filter(|_| !path.is_key());
            let decided = text.is_empty() || text.starts_with("$.") || self.is_own(text);
            let Some(word) = word.filter(|_| !decided) else { return Ok(None) };
            self.references += 1;
            Ok(Some(self.stand_in(word, text)))
        });
        assert_eq!(done, Ok(()));
    }

    fn is_own(&self, text: &str) -> bool {
        self.own.values().any(|own| text.starts_with(own.as_str()))
    }

    /// One resource for each placeholder.
    fn stand_in(&mut self, word: &str, text: &str) -> String {
        let key = format!("{word} {text}");
        if let Some(own) = self.own.get(&key) {
            return own.clone();
        }
        let own = match word {
            "function" => {
                let name = format!("stand-in-{}", self.functions.len());
                return self.function(key, &name, "");
            }
            "bot-alias" => self.alias("live"),
            _ => self.resource(word, &self.next_name()).expect("a kind that can be made"),
        };
        self.own.insert(key, own.clone());
        own
    }

    /// The next of the odd names, made unique.
    fn next_name(&self) -> String {
        let number = self.own.len();
        let name = NAMES[number % NAMES.len()];
        let room = 127 - name.chars().count().min(120);
        let number = format!(" {number}");
        if number.len() <= room { format!("{name}{number}") } else { name.to_owned() }
    }

    fn resource(&self, word: &str, name: &str) -> Option<String> {
        let content = |module| simple(module).to_string();
        let (operation, member, input) = match word {
            "queue" => (
                "CreateQueue",
                "QueueArn",
                json!({ "Name": name, "HoursOfOperationId": self.hours }),
            ),
            "operating-hours" => return Some(hours(&self.place, name)),
            "prompt" => (
                "CreatePrompt",
                "PromptARN",
                json!({ "Name": name, "S3Uri": format!("s3://{}/beep.wav", self.place.staging) }),
            ),
            "contact-flow" => (
                "CreateContactFlow",
                "ContactFlowArn",
                json!({ "Name": name, "Type": "CONTACT_FLOW", "Content": content(false) }),
            ),
            "flow-module" => (
                "CreateContactFlowModule",
                "Arn",
                json!({ "Name": name, "Content": content(true) }),
            ),
            _ => return None,
        };
        let made = self.place.connect(operation, input);
        Some(made[member].as_str().unwrap_or_else(|| panic!("{made}")).to_owned())
    }

    fn function(&mut self, base: String, name: &str, qualifier: &str) -> String {
        let cloud = &self.place.cloud;
        let own = self.own.get(&base).cloned().unwrap_or_else(|| {
            let taken = |n: &str| self.functions.iter().any(|(f, _)| f == n);
            let name =
                if taken(name) { format!("{name}-{}", self.own.len()) } else { name.to_owned() };
            function(cloud, &name);
            let instance = &self.place.instance;
            format!("arn:aws:lambda:{}:{}:function:{name}", instance.region, instance.account)
        });
        self.own.insert(base, own.clone());
        let name = own.rsplit(':').next().expect("a name").to_owned();
        if self.functions.insert((name.clone(), qualifier.to_owned())) {
            let mut arn = own.clone();
            if !qualifier.is_empty() {
                function_alias(cloud, &name, qualifier);
                arn = format!("{own}:{qualifier}");
            }
            self.place.connect("AssociateLambdaFunction", json!({ "FunctionArn": arn }));
        }
        own
    }

    fn alias(&mut self, alias: &str) -> String {
        let (cloud, instance) = (&self.place.cloud, &self.place.instance);
        let name = format!("Concierge_{}", self.bots.len());
        let id = bot(cloud, &name);
        let (alias_name, alias_id) = match alias {
            "TSTALIASID" => ("TestBotAlias", alias.to_owned()),
            _ => ("live", bot_alias(cloud, &id, "live")),
        };
        let (region, account) = (&instance.region, &instance.account);
        let arn = format!("arn:aws:lex:{region}:{account}:bot-alias/{id}/{alias_id}");
        self.place.connect("AssociateBot", json!({ "LexV2Bot": { "AliasArn": arn } }));
        self.bots.insert((name, alias_name.to_owned()));
        arn
    }

    /// Writes a real flow: what it names is made first. Where a placeholder keeps it from being published,
    /// a copy with the placeholder filled in is written as well.
    pub fn write_real(&mut self, name: &str, flow_type: Option<&'static str>, mut content: Value) {
        self.adopt(&mut content);
        self.write(name, flow_type, content.clone());
        let before = content.clone();
        if !self.written.last().is_some_and(|w| w.published) {
            self.fill(&mut content);
        }
        if content != before {
            self.write(&format!("{name} (filled)"), flow_type, content);
        }
    }

    /// Writes a flow or module: published where the service takes it, saved otherwise.
    pub fn write(&mut self, name: &str, flow_type: Option<&'static str>, content: Value) {
        let kind = if is_module(&content) { "module" } else { "flow" };
        let text = content.to_string();
        let (flow_type, problems) = match kind {
            "module" => (None, self.module(name, &text)),
            _ => {
                let flow_type = flow_type.unwrap_or("CONTACT_FLOW");
                (Some(flow_type), self.flow(name, flow_type, &text))
            }
        };
        let (published, problems) = (problems.is_none(), problems.unwrap_or_default());
        let name = name.to_owned();
        self.written.push(Written { kind, name, flow_type, published, problems, content });
    }

    fn flow(&self, name: &str, flow_type: &str, content: &str) -> Option<String> {
        let input = json!({ "Name": name, "Type": flow_type, "Content": content });
        let error = self.place.try_connect("CreateContactFlow", input.clone()).err()?;
        let mut input = input;
        input["Status"] = json!("SAVED");
        self.place.connect("CreateContactFlow", input);
        Some(error.document.to_string())
    }

    fn module(&self, name: &str, content: &str) -> Option<String> {
        let input = json!({ "Name": name, "Content": content });
        let error = self.place.try_connect("CreateContactFlowModule", input).err()?;
        let input = json!({ "Name": name, "Content": simple(true).to_string() });
        let made = self.place.connect("CreateContactFlowModule", input);
        let id = format!("{}:$SAVED", made["Id"].as_str().expect("an id"));
        let input = json!({ "ContactFlowModuleId": id, "Content": content });
        self.place.connect("UpdateContactFlowModuleContent", input);
        Some(error.document.to_string())
    }
}

/// What the parameter at a path names, as the word in an ARN.
fn named_by(pointer: &str) -> Option<&'static str> {
    let (rest, last) = pointer.rsplit_once('/')?;
    let parent = rest.rsplit('/').next().unwrap_or_default();
    if !pointer.contains("/Parameters/") || pointer.contains("/Metadata/") {
        return None;
    }
    Some(match (parent, last) {
        ("EventHooks", _) | (_, "ContactFlowId" | "ContactFlowArn") => "contact-flow",
        ("LexV2Bot", "AliasArn") => "bot-alias",
        (_, "QueueId") => "queue",
        (_, "PromptId") => "prompt",
        (_, "HoursOfOperationId") => "operating-hours",
        (_, "FlowModuleId") => "flow-module",
        (_, "LambdaFunctionARN" | "LambdaProcessorARN") => "function",
        _ => return None,
    })
}

/// Whether it can only be a module: it says so, has a module's contract, or ends as modules do.
fn is_module(content: &Value) -> bool {
    let ends = |action: &Value| content::text_of(action, "Type") == "EndFlowModuleExecution";
    content::is_module(content)
        || content.pointer("/Metadata/type") == Some(&json!("module"))
        || content::actions(content).iter().any(ends)
}

/// The smallest flow or module that is published.
pub fn simple(module: bool) -> Value {
    let action = if module { "EndFlowModuleExecution" } else { "DisconnectParticipant" };
    let mut simple = json!({
        "Version": "2019-10-30", "StartAction": "end",
        "Actions": [{ "Identifier": "end", "Type": action, "Parameters": {}, "Transitions": {} }],
    });
    if module {
        simple["Settings"] =
            json!({ "InputParameters": [], "OutputParameters": [], "Transitions": [] });
    }
    simple
}

/// Hours that are always open; gives the ARN.
pub fn hours(place: &Place, name: &str) -> String {
    let time = |hours: u32| json!({ "Hours": hours, "Minutes": 0 });
    let config = json!([{ "Day": "MONDAY", "StartTime": time(0), "EndTime": time(23) }]);
    let input = json!({ "Name": name, "TimeZone": "UTC", "Config": config });
    let made = place.connect("CreateHoursOfOperation", input);
    made["HoursOfOperationArn"].as_str().expect("an ARN").to_owned()
}
