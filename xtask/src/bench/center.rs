//! A center of any size, as documents: the mix of a large one (500 flows, 50 queues, 30 routing
//! profiles, 15 security profiles, 50 prompts, 55 quick connects), scaled by the number of flows.
//!
//! Flows lead to a queue, a prompt and another flow; one pair in fifty leads in a circle.

use anyhow::Result;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// How many of each there are.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) flows: usize,
    pub(crate) queues: usize,
    pub(crate) routing_profiles: usize,
    pub(crate) security_profiles: usize,
    pub(crate) prompts: usize,
    pub(crate) quick_connects: usize,
}

/// A circle for so many flows.
const CIRCLE: usize = 50;

impl Mix {
    pub(crate) fn of(flows: usize) -> Self {
        let part = |of_500: usize| (flows * of_500).div_ceil(500);
        Self {
            flows,
            queues: part(50),
            routing_profiles: part(30),
            security_profiles: part(15),
            prompts: part(50),
            quick_connects: part(55),
        }
    }

    /// The largest number of resources of one kind besides flows.
    pub(crate) fn largest_other(&self) -> usize {
        self.queues.max(self.prompts).max(self.quick_connects).max(self.routing_profiles)
    }
}

/// Writes the documents of the center below a project's folder.
pub(crate) fn write(project: &Path, mix: &Mix) -> Result<()> {
    put(project, "hours/Office.yaml", HOURS)?;
    for n in 0..mix.prompts {
        let text = format!("Name: Prompt {n:04}.wav\nAudio: Prompt {n:04}.wav.wav\n");
        put(project, &format!("prompts/Prompt {n:04}.wav.yaml"), text)?;
        put(project, &format!("prompts/Prompt {n:04}.wav.wav"), sound(n))?;
    }
    for n in 0..mix.quick_connects {
        let text = format!(
            "Name: Dial {n:04}\nQuickConnectConfig:\n  QuickConnectType: PHONE_NUMBER\n  PhoneConfig:\n    \
             PhoneNumber: \"+1555010{n:04}\"\n"
        );
        put(project, &format!("quick-connects/Dial {n:04}.yaml"), text)?;
    }
    for n in 0..mix.queues {
        let text = format!(
            "Name: Queue {n:04}\nDescription: Callers {n}\nHoursOfOperationId: ${{hours:Office}}\nMaxContacts: 20\n\
             QuickConnectIds:\n- ${{quick-connect:Dial {n:04}}}\n"
        );
        put(project, &format!("queues/Queue {n:04}.yaml"), text)?;
    }
    for n in 0..mix.routing_profiles {
        put(
            project,
            &format!("routing-profiles/Profile {n:04}.yaml"),
            routing_profile(n, mix.queues),
        )?;
    }
    for n in 0..mix.security_profiles {
        let text = format!(
            "Name: Rights {n:04}\nDescription: Takes calls\nPermissions:\n- BasicAgentAccess\n- OutboundCallAccess\n"
        );
        put(project, &format!("security-profiles/Rights {n:04}.yaml"), text)?;
    }
    for n in 0..mix.flows {
        put(project, &flow_path(n), flow(n, mix, 0))?;
    }
    Ok(())
}

/// Changes what one flow says.
pub(crate) fn change(project: &Path, mix: &Mix) -> Result<()> {
    let n = mix.flows / 2 + 7;
    put(project, &flow_path(n), flow(n, mix, 1))
}

const HOURS: &str = "Name: Office\nTimeZone: UTC\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 9\n    \
    Minutes: 0\n  EndTime:\n    Hours: 17\n    Minutes: 0\n";

fn put(project: &Path, path: &str, text: impl AsRef<[u8]>) -> Result<()> {
    let path = project.join("connect").join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, text)?)
}

fn routing_profile(n: usize, queues: usize) -> String {
    let (first, second) = (n % queues, (n + 1) % queues);
    let config = |queue: usize, priority: usize| {
        format!(
            "- QueueReference:\n    QueueId: ${{queue:Queue {queue:04}}}\n    Channel: VOICE\n  Priority: {priority}\n  Delay: 0\n"
        )
    };
    format!(
        "Name: Profile {n:04}\nDescription: Everybody\nMediaConcurrencies:\n- Channel: VOICE\n  Concurrency: 1\n\
         DefaultOutboundQueueId: ${{queue:Queue {first:04}}}\nQueueConfigs:\n{}{}",
        config(first, 1),
        config(second, 2)
    )
}

fn flow_path(n: usize) -> String {
    format!("flows/Flow {n:04}.json")
}

/// A flow of a dozen blocks.
fn flow(n: usize, mix: &Mix, edition: usize) -> String {
    let wrong = |block: &str| json!([{ "ErrorType": "NoMatchingError", "NextAction": block }]);
    let block = |name: &str, kind: &str, parameters: Value, next: &str| {
        json!({ "Identifier": name, "Type": kind, "Parameters": parameters,
            "Transitions": { "NextAction": next, "Conditions": [], "Errors": wrong("bye") } })
    };
    let mut actions = vec![block(
        "music",
        "MessageParticipant",
        json!({ "PromptId": format!("${{prompt:Prompt {:04}.wav}}", n % mix.prompts) }),
        "say 0",
    )];
    for i in 0..8 {
        let text = format!("This is line {i} of flow {n}, edition {edition}.");
        let next = if i == 7 { "queue".to_owned() } else { format!("say {}", i + 1) };
        let name = format!("say {i}");
        actions.push(block(&name, "MessageParticipant", json!({ "Text": text }), &next));
    }
    let queue = format!("${{queue:Queue {:04}}}", n % mix.queues);
    actions.push(block("queue", "UpdateContactTargetQueue", json!({ "QueueId": queue }), "go"));
    // Each leads to the one before; the first of fifty to the second, which closes a circle.
    let other = if n.is_multiple_of(CIRCLE) { n + 1 } else { n - 1 };
    let other = format!("${{flow:Flow {other:04}}}");
    actions.push(block("go", "TransferToFlow", json!({ "ContactFlowId": other }), "bye"));
    actions.push(json!({ "Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {},
        "Transitions": {} }));
    let document = json!({ "name": format!("Flow {n:04}"), "type": "CONTACT_FLOW", "status": "published",
        "content": { "Version": "2019-10-30", "StartAction": "music", "Actions": actions },
        "layout": { "entryPointPosition": { "x": 20, "y": 20 } } });
    format!("{document:#}\n")
}

/// A short WAV file, another for each number.
fn sound(n: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..1600).map(|i| ((i * (n + 1)) % 251) as u8).collect();
    let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut file = Vec::from(*b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    file.extend([8_000_u32, 8_000].map(u32::to_le_bytes).concat());
    file.extend([1_u16, 8].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(data);
    file
}
