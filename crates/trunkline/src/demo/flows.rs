//! The flows that people of the utility built, in the flow language.
//!
//! They lead into one another in circles on purpose, as flows in the field do: the menu to the outage
//! line and back, a queue to its whisper and back.

use serde_json::{Map, Value, json};

/// One block: where it leads when all is well, its keys or branches, and where its errors lead.
pub(super) struct Block {
    name: &'static str,
    action: &'static str,
    parameters: Value,
    next: Option<&'static str>,
    branches: Vec<(&'static str, &'static str)>,
    errors: Vec<(&'static str, &'static str)>,
}

impl Block {
    pub(super) fn new(name: &'static str, action: &'static str, parameters: Value) -> Self {
        Self { name, action, parameters, next: None, branches: Vec::new(), errors: Vec::new() }
    }

    pub(super) fn next(mut self, block: &'static str) -> Self {
        self.next = Some(block);
        self
    }

    pub(super) fn branch(mut self, operand: &'static str, block: &'static str) -> Self {
        self.branches.push((operand, block));
        self
    }

    pub(super) fn error(mut self, error: &'static str, block: &'static str) -> Self {
        self.errors.push((error, block));
        self
    }

    /// Any failure leads to the block.
    pub(super) fn otherwise(self, block: &'static str) -> Self {
        self.error("NoMatchingError", block)
    }

    fn json(&self) -> Value {
        let mut transitions = Map::new();
        if let Some(next) = self.next {
            transitions.insert("NextAction".to_owned(), json!(next));
        }
        if !self.errors.is_empty() {
            let errors =
                self.errors.iter().map(|(e, b)| json!({ "NextAction": b, "ErrorType": e }));
            transitions.insert("Errors".to_owned(), errors.collect());
        }
        if !self.branches.is_empty() {
            let branch = |(operand, block): &(&str, &str)| {
                json!({ "NextAction": block,
                    "Condition": { "Operator": "Equals", "Operands": [operand] } })
            };
            transitions.insert("Conditions".to_owned(), self.branches.iter().map(branch).collect());
        }
        json!({ "Identifier": self.name, "Type": self.action, "Parameters": self.parameters,
            "Transitions": transitions })
    }
}

/// A flow's content as the designer saves it: blocks, and where they stand on its canvas.
pub(super) fn content(blocks: &[Block]) -> Value {
    let place = |(i, block): (usize, &Block)| {
        (
            block.name.to_owned(),
            json!({ "position": { "x": 160 + 240 * i, "y": 40 + 60 * (i % 3) } }),
        )
    };
    let placed: Map<String, Value> = blocks.iter().enumerate().map(place).collect();
    let start = blocks.first().map(|b| b.name).unwrap_or_default();
    let actions: Vec<Value> = blocks.iter().map(Block::json).collect();
    json!({ "Version": "2019-10-30", "StartAction": start,
        "Metadata": { "entryPointPosition": { "x": 40, "y": 40 }, "ActionMetadata": placed },
        "Actions": actions })
}

fn end() -> Block {
    Block::new("Hang up", "DisconnectParticipant", json!({}))
}

fn say(name: &'static str, words: &str, next: &'static str) -> Block {
    Block::new(name, "MessageParticipant", json!({ "Text": words })).next(next).otherwise(next)
}

/// What the flows name, by ARN.
pub(super) struct Named {
    pub(super) hours: String,
    pub(super) welcome: String,
    pub(super) music: String,
    pub(super) billing: String,
    pub(super) outages: String,
    pub(super) lookup_module: String,
    pub(super) report: String,
    pub(super) bot_alias: String,
}

/// The flows to which other flows lead, by ARN.
pub(super) struct Leads {
    pub(super) menu: String,
    pub(super) outage_line: String,
    pub(super) after_hours: String,
    pub(super) waiting: String,
}

/// The module that finds out who calls.
pub(super) fn lookup_module(function: &str) -> Vec<Block> {
    vec![
        Block::new(
            "Look up account",
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": function, "InvocationTimeLimitSeconds": "3",
                "ResponseValidation": { "ResponseType": "STRING_MAP" } }),
        )
        .next("Remember name")
        .otherwise("Done"),
        Block::new(
            "Remember name",
            "UpdateContactAttributes",
            json!({ "Attributes": { "customerName": "$.External.name" }, "TargetContact": "Current" }),
        )
        .next("Done")
        .otherwise("Done"),
        Block::new("Done", "EndFlowModuleExecution", json!({})),
    ]
}

/// The flow that callers meet first.
pub(super) fn main_menu(named: &Named, leads: &Leads) -> Vec<Block> {
    vec![
        Block::new("Welcome", "MessageParticipant", json!({ "PromptId": named.welcome }))
            .next("Open now?")
            .otherwise("Open now?"),
        Block::new(
            "Open now?",
            "CheckHoursOfOperation",
            json!({ "HoursOfOperationId": named.hours }),
        )
        .next("To after hours")
        .branch("True", "Who calls?")
        .branch("False", "To after hours")
        .otherwise("Who calls?"),
        Block::new(
            "Who calls?",
            "InvokeFlowModule",
            json!({ "FlowModuleId": named.lookup_module }),
        )
        .next("While waiting")
        .otherwise("While waiting"),
        Block::new(
            "While waiting",
            "UpdateContactEventHooks",
            json!({ "EventHooks": { "CustomerQueue": leads.waiting } }),
        )
        .next("Menu")
        .otherwise("Menu"),
        Block::new(
            "Menu",
            "GetParticipantInput",
            json!({ "Text": MENU, "InputTimeLimitSeconds": "5", "StoreInput": "False" }),
        )
        .next("Sorry")
        .branch("1", "To outage line")
        .branch("2", "Set billing queue")
        .error("InputTimeLimitExceeded", "Sorry")
        .error("NoMatchingCondition", "Sorry")
        .otherwise("Hang up"),
        say("Sorry", "Sorry, I did not get that.", "Menu"),
        to_flow("To outage line", &leads.outage_line),
        to_flow("To after hours", &leads.after_hours),
        set_queue("Set billing queue", &named.billing),
        to_queue(),
        end(),
    ]
}

/// What the menu says; short, so that a plan shows it whole.
const MENU: &str = "Outages 1, billing 2";

/// Adds a key to the menu's content, as a designer does who drags one more block onto the canvas.
pub(super) fn with_key(content: &str, queue: &str) -> Option<String> {
    let mut content: Value = serde_json::from_str(content).ok()?;
    let actions = content.get_mut("Actions")?.as_array_mut()?;
    let menu = actions.iter_mut().find(|a| a["Identifier"] == "Menu")?;
    menu["Parameters"]["Text"] = json!(format!("{MENU}, moving 3"));
    let key = json!({ "NextAction": "Set moving queue",
        "Condition": { "Operator": "Equals", "Operands": ["3"] } });
    menu.get_mut("Transitions")?.get_mut("Conditions")?.as_array_mut()?.push(key);
    actions.push(set_queue("Set moving queue", queue).json());
    content["Metadata"]["ActionMetadata"]["Set moving queue"] =
        json!({ "position": { "x": 1360, "y": 400 } });
    Some(content.to_string())
}

fn to_flow(name: &'static str, flow: &str) -> Block {
    Block::new(name, "TransferToFlow", json!({ "ContactFlowId": flow }))
        .next("Hang up")
        .otherwise("Hang up")
}

fn set_queue(name: &'static str, queue: &str) -> Block {
    Block::new(name, "UpdateContactTargetQueue", json!({ "QueueId": queue }))
        .next("To queue")
        .otherwise("Hang up")
}

fn to_queue() -> Block {
    Block::new("To queue", "TransferContactToQueue", json!({}))
        .next("Hang up")
        .error("QueueAtCapacity", "Hang up")
        .otherwise("Hang up")
}

/// Takes reports of outages; leads back to the menu.
pub(super) fn outage_line(named: &Named, leads: &Leads) -> Vec<Block> {
    vec![
        Block::new(
            "Known outages",
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": named.report, "InvocationTimeLimitSeconds": "4",
                "ResponseValidation": { "ResponseType": "STRING_MAP" } }),
        )
        .next("Tell")
        .otherwise("Set outage queue"),
        say("Tell", "$.External.message", "Choose"),
        Block::new(
            "Choose",
            "GetParticipantInput",
            json!({ "Text": "To talk to someone, press 1. For the main menu, press 9.",
                "InputTimeLimitSeconds": "5", "StoreInput": "False" }),
        )
        .next("Hang up")
        .branch("1", "Set outage queue")
        .branch("9", "Back to menu")
        .error("InputTimeLimitExceeded", "Hang up")
        .error("NoMatchingCondition", "Hang up")
        .otherwise("Hang up"),
        set_queue("Set outage queue", &named.outages),
        to_flow("Back to menu", &leads.menu),
        to_queue(),
        end(),
    ]
}

/// Nobody is there: the bot asks what it is about, and emergencies go back to the menu.
pub(super) fn after_hours(named: &Named, leads: &Leads) -> Vec<Block> {
    vec![
        Block::new(
            "Ask the bot",
            "ConnectParticipantWithLexBot",
            json!({ "Text": "We are closed. How can I help you?",
                "LexV2Bot": { "AliasArn": named.bot_alias } }),
        )
        .next("Goodbye")
        .branch("ReportOutage", "To outage line")
        .error("NoMatchingCondition", "Goodbye")
        .otherwise("Goodbye"),
        say("Goodbye", "Please call again from 8 to 6.", "Hang up"),
        to_flow("To outage line", &leads.outage_line),
        end(),
    ]
}

/// What callers hear in a queue.
pub(super) fn waiting(music: &str) -> Vec<Block> {
    vec![
        Block::new(
            "Wait",
            "MessageParticipantIteratively",
            json!({ "Messages": [
                { "Text": "Thank you for holding. Someone will be with you soon." },
                { "PromptId": music },
            ]}),
        )
        .otherwise("End"),
        Block::new("End", "EndFlowExecution", json!({})),
    ]
}

/// What an agent hears about the queue of a call.
pub(super) fn whisper(queue: &str) -> Vec<Block> {
    vec![
        Block::new("How long is the line?", "GetMetricData", json!({ "QueueId": queue }))
            .next("Tell")
            .otherwise("Tell"),
        say("Tell", "A call from Tidewater Water and Power about billing.", "End"),
        Block::new("End", "EndFlowExecution", json!({})),
    ]
}

/// What comes before a transfer to a queue by quick connect.
pub(super) fn transfer(queue: &str) -> Vec<Block> {
    vec![set_queue("Set queue", queue), to_queue(), end()]
}

/// The shortest flow of a type: what a new one is before it has its content.
pub(super) fn stub(kind: &str) -> Vec<Block> {
    match kind {
        // Callers in these are not for the flow to hang up on.
        "OUTBOUND_WHISPER" | "CUSTOMER_QUEUE" => {
            vec![Block::new("End", "EndFlowExecution", json!({}))]
        }
        _ => vec![end()],
    }
}

/// A module's content: that of a flow, with what goes in and comes out.
pub(super) fn module_content(blocks: &[Block]) -> Value {
    let mut all = content(blocks);
    let transition =
        json!({ "DisplayName": "Default", "ReferenceName": "Default", "Description": "" });
    all["Settings"] =
        json!({ "InputParameters": [], "OutputParameters": [], "Transitions": [transition] });
    all
}
