//! The contact center that people built by hand in the build instance, and what a designer adds to it.

use super::flows::{self, Block, Named};
use super::seed::Estate;
use super::sound::chime;
use super::world::{BUILD, Hand, PLACES, text};
use serde_json::{Value, json};
use trunkline_lab::Lab;
use trunkline_model::{Diagnostic, Report};

/// A resource that was made.
#[derive(Clone)]
struct Made {
    id: String,
    arn: String,
}

/// One instance, to make things in.
struct Builder<'a> {
    hand: &'a Hand<'a>,
    instance: &'a str,
}

impl Builder<'_> {
    /// Calls Connect for the instance.
    fn call(&self, operation: &str, mut input: Value) -> Result<Value, Report> {
        input["InstanceId"] = json!(self.instance);
        self.hand.call("connect", operation, input)
    }

    fn make(&self, operation: &str, (id, arn): (&str, &str), input: Value) -> Result<Made, Report> {
        let answer = self.call(operation, input)?;
        Ok(Made { id: text(&answer, id), arn: text(&answer, arn) })
    }

    fn hours(&self, name: &str, days: &[&str], (from, till): (u8, u8)) -> Result<Made, Report> {
        let day = |day: &&str| {
            json!({ "Day": day, "StartTime": { "Hours": from, "Minutes": 0 },
                "EndTime": { "Hours": till, "Minutes": 0 } })
        };
        let config: Vec<Value> = days.iter().map(day).collect();
        let input = json!({ "Name": name, "TimeZone": "America/Los_Angeles", "Config": config });
        self.make("CreateHoursOfOperation", ("HoursOfOperationId", "HoursOfOperationArn"), input)
    }

    fn queue(&self, name: &str, what_for: &str, hours: &Made) -> Result<Made, Report> {
        let input =
            json!({ "Name": name, "Description": what_for, "HoursOfOperationId": hours.id });
        self.make("CreateQueue", ("QueueId", "QueueArn"), input)
    }

    fn prompt(&self, name: &str, notes: &[f64]) -> Result<Made, Report> {
        let bucket = format!("tidewater-{}-{}", BUILD.environment, BUILD.region);
        let key = format!("recordings/{name}");
        let object = json!({ "Bucket": bucket, "Key": key });
        self.hand.call_with("s3", "PutObject", object, chime(notes))?;
        let input = json!({ "Name": name, "S3Uri": format!("s3://{bucket}/{key}") });
        self.make("CreatePrompt", ("PromptId", "PromptARN"), input)
    }

    fn flow(&self, name: &str, kind: &str) -> Result<Made, Report> {
        let input = json!({ "Name": name, "Type": kind, "Content": flows::content(&flows::stub(kind)).to_string() });
        self.make("CreateContactFlow", ("ContactFlowId", "ContactFlowArn"), input)
    }

    fn fill(&self, flow: &Made, blocks: &[Block]) -> Result<(), Report> {
        let input =
            json!({ "ContactFlowId": flow.id, "Content": flows::content(blocks).to_string() });
        self.call("UpdateContactFlowContent", input).map(drop)
    }
}

const WEEK: &[&str] = &["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"];
const ALL_WEEK: &[&str] =
    &["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/// Builds the center.
pub(super) fn build(hand: &Hand<'_>, estate: &Estate) -> Result<(), Report> {
    let builder = Builder { hand, instance: &estate.instance };
    for function in &estate.functions {
        builder.call("AssociateLambdaFunction", json!({ "FunctionArn": function }))?;
    }
    let bot = json!({ "LexV2Bot": { "AliasArn": estate.bot_alias } });
    builder.call("AssociateBot", bot)?;
    let office = builder.hours("Office", WEEK, (8, 18))?;
    let always = builder.hours("Emergencies", ALL_WEEK, (0, 0))?;
    holiday(&builder, &office)?;
    let billing = builder.queue("Billing", "Bills and payments", &office)?;
    let outages = builder.queue("Outages", "Power and water failures", &always)?;
    let welcome = builder.prompt("Welcome.wav", &[523.3, 659.3, 784.0])?;
    let music = builder.prompt("Waiting.wav", &[392.0, 440.0, 392.0, 330.0])?;
    let content = flows::module_content(&flows::lookup_module(&estate.functions[0]));
    let module = json!({ "Name": "Caller lookup", "Content": content.to_string() });
    let module = builder.make("CreateContactFlowModule", ("Id", "Arn"), module)?;
    let named = Named {
        hours: office.arn,
        welcome: welcome.arn,
        music: music.arn,
        billing: billing.arn.clone(),
        outages: outages.arn.clone(),
        lookup_module: module.arn,
        report: estate.functions[1].clone(),
        bot_alias: estate.bot_alias.clone(),
    };
    let menu = wire(&builder, &named, (&billing, &outages))?;
    people(&builder, (&billing, &outages))?;
    let number = json!({ "PhoneNumberId": estate.phone, "ContactFlowId": menu.id });
    builder.call("AssociatePhoneNumberContactFlow", number).map(drop)
}

fn holiday(builder: &Builder<'_>, hours: &Made) -> Result<(), Report> {
    let input = json!({ "HoursOfOperationId": hours.id, "Name": "New Year",
        "EffectiveFrom": "2027-01-01", "EffectiveTill": "2027-01-01",
        "Config": [{ "Day": "FRIDAY", "StartTime": { "Hours": 10, "Minutes": 0 },
            "EndTime": { "Hours": 12, "Minutes": 0 } }] });
    builder.call("CreateHoursOfOperationOverride", input).map(drop)
}

/// Makes the flows, then their contents, because they lead into one another.
fn wire(
    builder: &Builder<'_>,
    named: &Named,
    (billing, outages): (&Made, &Made),
) -> Result<Made, Report> {
    let menu = builder.flow("Main menu", "CONTACT_FLOW")?;
    let outage_line = builder.flow("Outage line", "CONTACT_FLOW")?;
    let after_hours = builder.flow("After hours", "CONTACT_FLOW")?;
    let waiting = builder.flow("Waiting", "CUSTOMER_QUEUE")?;
    let whisper = builder.flow("Billing call-back whisper", "OUTBOUND_WHISPER")?;
    let transfer = builder.flow("Transfer to outages", "QUEUE_TRANSFER")?;
    let leads = flows::Leads {
        menu: menu.arn.clone(),
        outage_line: outage_line.arn.clone(),
        after_hours: after_hours.arn.clone(),
        waiting: waiting.arn.clone(),
    };
    builder.fill(&waiting, &flows::waiting(&named.music))?;
    builder.fill(&whisper, &flows::whisper(&named.billing))?;
    builder.fill(&transfer, &flows::transfer(&named.outages))?;
    builder.fill(&outage_line, &flows::outage_line(named, &leads))?;
    builder.fill(&after_hours, &flows::after_hours(named, &leads))?;
    builder.fill(&menu, &flows::main_menu(named, &leads))?;
    let caller = json!({ "OutboundCallerIdName": "Tidewater", "OutboundFlowId": whisper.id });
    let input = json!({ "QueueId": billing.id, "OutboundCallerConfig": caller });
    builder.call("UpdateQueueOutboundCallerConfig", input)?;
    let config = json!({ "QuickConnectType": "QUEUE",
        "QueueConfig": { "QueueId": outages.id, "ContactFlowId": transfer.id } });
    quick_connect(builder, "To outages", config, &[billing])?;
    let config = json!({ "QuickConnectType": "PHONE_NUMBER",
        "PhoneConfig": { "PhoneNumber": "+15550100099" } });
    quick_connect(builder, "Fire department", config, &[billing, outages])?;
    Ok(menu)
}

fn quick_connect(
    builder: &Builder<'_>,
    name: &str,
    config: Value,
    queues: &[&Made],
) -> Result<(), Report> {
    let input = json!({ "Name": name, "QuickConnectConfig": config });
    let made = builder.make("CreateQuickConnect", ("QuickConnectId", "QuickConnectARN"), input)?;
    for queue in queues {
        let input = json!({ "QueueId": queue.id, "QuickConnectIds": [made.id] });
        builder.call("AssociateQueueQuickConnects", input)?;
    }
    Ok(())
}

/// What agents work with: a routing profile, a security profile and a view.
fn people(builder: &Builder<'_>, (billing, outages): (&Made, &Made)) -> Result<(), Report> {
    let on = |queue: &Made, priority: u8| {
        json!({ "QueueReference": { "QueueId": queue.id, "Channel": "VOICE" },
            "Priority": priority, "Delay": 0 })
    };
    let input = json!({ "Name": "Service desk", "Description": "Everybody at the desk",
        "DefaultOutboundQueueId": billing.id, "QueueConfigs": [on(outages, 1), on(billing, 2)],
        "MediaConcurrencies": [{ "Channel": "VOICE", "Concurrency": 1 }] });
    builder.call("CreateRoutingProfile", input)?;
    let input = json!({ "SecurityProfileName": "Service desk", "Description": "Takes calls",
        "Permissions": ["BasicAgentAccess", "OutboundCallAccess"] });
    builder.call("CreateSecurityProfile", input)?;
    let template = json!({ "Head": { "Title": "Outage", "Configuration": { "Layout": { "Columns": [12] } } },
        "Body": [] });
    let content = json!({ "Template": template.to_string(), "Actions": ["Send", "Cancel"] });
    let input = json!({ "Name": "Outage form", "Status": "PUBLISHED", "Content": content });
    builder.call("CreateView", input).map(drop)
}

/// What a designer does in the console later: another queue, and a key in the menu that leads to it.
pub(super) fn edit(lab: &Lab, instance: &str) -> Result<(), Report> {
    let hand = Hand::at(lab, BUILD);
    let builder = Builder { hand: &hand, instance };
    let found = |operation: &str, list: &str, name: &str| -> Result<Value, Report> {
        let all = builder.call(operation, json!({}))?;
        let mut rows = all[list].as_array().cloned().unwrap_or_default();
        rows.retain(|row| row["Name"] == name);
        Ok(rows.pop().unwrap_or_default())
    };
    let hours = found("ListHoursOfOperations", "HoursOfOperationSummaryList", "Office")?;
    let hours = Made { id: text(&hours, "Id"), arn: text(&hours, "Arn") };
    let queue = builder.queue("Moving", "People who move in or out", &hours)?;
    let flow = found("ListContactFlows", "ContactFlowSummaryList", "Main menu")?;
    let flow = Made { id: text(&flow, "Id"), arn: text(&flow, "Arn") };
    let described = builder.call("DescribeContactFlow", json!({ "ContactFlowId": flow.id }))?;
    let content = text(&described["ContactFlow"], "Content");
    let content = flows::with_key(&content, &queue.arn).ok_or_else(|| {
        Diagnostic::error("TL0902", "the demo's own flow is not as it was built").report()
    })?;
    let input = json!({ "ContactFlowId": flow.id, "Content": content });
    builder.call("UpdateContactFlowContent", input).map(drop)
}

/// What a supervisor does in production on a busy morning: the queue for outages takes more callers.
pub(super) fn supervise(lab: &Lab) -> Result<(), Report> {
    let hand = Hand { person: Some("sam.supervisor"), ..Hand::at(lab, &PLACES[2]) };
    let all = hand.call("connect", "ListInstances", json!({}))?;
    let instance = text(&all["InstanceSummaryList"][0], "Id");
    let builder = Builder { hand: &hand, instance: &instance };
    let queues = builder.call("ListQueues", json!({}))?;
    let mut rows = queues["QueueSummaryList"].as_array().into_iter().flatten();
    let queue = rows.find(|row| row["Name"] == "Outages");
    let id = queue.map(|row| text(row, "Id")).unwrap_or_default();
    let input = json!({ "QueueId": id, "MaxContacts": 40 });
    builder.call("UpdateQueueMaxContacts", input).map(drop)
}
