//! What AWS puts into a new instance, under fresh ids: flows, a queue, hours, profiles, statuses, prompts,
//! attributes, views. The names are AWS's; the contents are the lab's own and as small as they can be.

mod flow_contents;
mod permissions;

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::state::Instance;
use super::store::{Clock, Object};
use super::{
    agent_statuses, attributes, flows, hours, prompts, queues, resource, routing, security, views,
};
use crate::service::Context;

/// The prompts; every one has the same second of silence.
const PROMPTS: &[&str] = &[
    "Beep.wav",
    "CustomerHold.wav",
    "CustomerQueue.wav",
    "Music_Pop_ThisAndThatIsLife_Inst.wav",
    "Music_Jazz_MyTimetoFly_Inst.wav",
    "Music_Rock_EverywhereTheSunShines_Inst.wav",
    "ringtone.wav",
];

/// The attributes of the service and their values.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    (
        "connect:Language",
        &["connect:English", "connect:French", "connect:German", "connect:Spanish"],
    ),
    ("connect:Subtype", &["connect:Chat", "connect:Telephony", "connect:SMS"]),
];

/// AWS's views: id, name, actions.
const VIEWS: &[(&str, &str, &[&str])] = &[
    ("cards", "Cards", &["ActionSelected", "Back", "NoMatch"]),
    ("confirmation", "Confirmation", &["Next"]),
    ("detail", "Detail", &["ActionSelected", "Back"]),
    ("form", "Form", &["Back", "Next", "Step"]),
    ("list", "List", &["ActionSelected", "Back"]),
    ("attribute-bar", "AttributeBar", &["ActionSelected"]),
];

const DAYS: &[&str] =
    &["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];

/// Plants resources into an instance before anybody can see it.
struct Planter<'a, 'c> {
    instance: &'a mut Instance,
    context: &'a mut Context<'c>,
    seconds: &'a Value,
}

impl Planter<'_, '_> {
    /// Adds a resource; returns its id and ARN.
    fn plant(&mut self, kind: &Kind, body: Value) -> (String, String) {
        let id = self.context.ids.uuid();
        let arn = self.instance.arn_of(kind, &id);
        self.plant_as(kind, body, &id, &arn);
        (id, arn)
    }

    fn plant_as(&mut self, kind: &Kind, body: Value, id: &str, arn: &str) {
        let mut body: Object = match body {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        resource::identify(&mut body, kind, id, arn);
        if kind.stamped {
            body.insert("LastModifiedTime".to_owned(), self.seconds.clone());
            body.insert("LastModifiedRegion".to_owned(), json!(self.context.region.to_string()));
        }
        self.instance.store_mut(kind).put(id, body, Clock::ORIGIN);
    }
}

/// Fills a new instance.
pub(super) fn fill(instance: &mut Instance, context: &mut Context<'_>, seconds: &Value) {
    let mut planter = Planter { instance, context, seconds };
    let queue = queue(&mut planter);
    let prompts = prompts(&mut planter);
    for (name, kind, content) in flow_contents::all(&queue, &prompts) {
        let body = json!({
            "Name": name, "Type": kind, "State": "ACTIVE", "Description": "",
            "_status": "PUBLISHED", flows::PUBLISHED: content.to_string(),
        });
        planter.plant(&flows::KIND, body);
    }
    profiles(&mut planter, &queue);
    attributes(&mut planter);
    views(&mut planter);
}

/// Basic Hours and BasicQueue; returns the queue's ARN.
fn queue(planter: &mut Planter<'_, '_>) -> String {
    let day = |day: &&str| {
        let midnight = json!({ "Hours": 0, "Minutes": 0 });
        json!({ "Day": day, "StartTime": midnight, "EndTime": midnight })
    };
    let config: Vec<Value> = DAYS.iter().map(day).collect();
    let body = json!({
        "Name": "Basic Hours", "Description": "Open all day, every day",
        "TimeZone": "US/Pacific", "Config": config,
    });
    let (hours, _) = planter.plant(&hours::KIND, body);
    let body = json!({
        "Name": "BasicQueue", "Description": "A queue to start with", "HoursOfOperationId": hours,
        "Status": "ENABLED", "_type": "STANDARD", queues::QUICK_CONNECTS: [],
    });
    planter.plant(&queues::KIND, body).1
}

/// The prompts; returns the ARN of each by name.
fn prompts(planter: &mut Planter<'_, '_>) -> Vec<(&'static str, String)> {
    let bucket = prompts::bucket(planter.context.region.as_str());
    let key = format!("{}/silence.wav", planter.instance.id);
    planter.context.neighbours.keep(&bucket, &key, &silence());
    let planted = PROMPTS.iter().map(|name| {
        let (_, arn) = planter.plant(&prompts::KIND, json!({ "Name": name, prompts::AUDIO: key }));
        (*name, arn)
    });
    planted.collect()
}

/// A WAV file of one second without sound: 8,000 samples of 8-bit mu-law.
fn silence() -> Vec<u8> {
    const SAMPLES: u32 = 8_000;
    let mut wav = Vec::from(*b"RIFF");
    wav.extend((36 + SAMPLES).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    // mu-law, one channel, 8,000 samples and bytes a second, one byte a sample, 8 bits.
    wav.extend(7_u16.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(SAMPLES.to_le_bytes());
    wav.extend(SAMPLES.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(8_u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(SAMPLES.to_le_bytes());
    wav.resize(wav.len() + SAMPLES as usize, 0xff);
    wav
}

fn profiles(planter: &mut Planter<'_, '_>, queue: &str) {
    for (name, kind, order) in [("Available", "ROUTABLE", 1), ("Offline", "OFFLINE", 2)] {
        let body = json!({ "Name": name, "Type": kind, "State": "ENABLED", "DisplayOrder": order });
        planter.plant(&agent_statuses::KIND, body);
    }
    let queue = queue.rsplit_once('/').map_or(queue, |(_, id)| id);
    let concurrency = |channel: &str, most: u32| json!({ "Channel": channel, "Concurrency": most });
    let body = json!({
        "InstanceId": planter.instance.id, "Name": "Basic Routing Profile",
        "Description": "A routing profile to start with", "IsDefault": true,
        "MediaConcurrencies":
            [concurrency("VOICE", 1), concurrency("CHAT", 2), concurrency("TASK", 1)],
        "DefaultOutboundQueueId": queue, "AgentAvailabilityTimer": "TIME_SINCE_LAST_ACTIVITY",
    });
    let mut body = body.as_object().cloned().unwrap_or_default();
    routing::with_queue(&mut body, queue);
    planter.plant(&routing::KIND, Value::Object(body));
    for (name, description, permissions) in permissions::PROFILES {
        let body = json!({
            "OrganizationResourceId": planter.instance.id, "SecurityProfileName": name,
            "Description": description, "Type": "CUSTOMER_MANAGED", "_permissions": permissions,
        });
        planter.plant(&security::KIND, body);
    }
}

fn attributes(planter: &mut Planter<'_, '_>) {
    for (name, values) in ATTRIBUTES {
        let body = json!({
            "Name": name, "Values": { "StringList": values },
            "AttributeConfiguration": { "EnableValueValidationOnAssociation": true, "IsReadOnly": true },
        });
        planter.plant_as(&attributes::KIND, body, name, "");
    }
}

/// AWS's views lie in an account of AWS; each has a version, which is always the newest.
fn views(planter: &mut Planter<'_, '_>) {
    let region = planter.context.region;
    let prefix = format!("arn:{}:connect:{region}:aws:view", region.partition());
    for (id, name, actions) in VIEWS {
        let body = json!({
            "Name": name, "Type": "AWS_MANAGED", "Status": "PUBLISHED", "Version": 1,
            flows::PUBLISHED: { "InputSchema": "{}", "Template": "{}", "Actions": actions },
        });
        planter.plant_as(&views::KIND, body, id, &format!("{prefix}/{id}:1"));
    }
}
