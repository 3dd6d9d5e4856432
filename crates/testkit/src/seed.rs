//! What stands in an account before the first deployment, made as its administrator would: instances, functions,
//! bots. Roles, policies and resources of an instance are each test's own.

use crate::memory_cloud::MemoryCloud;
use serde_json::{Value, json};

/// A zip file with nothing in it.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// Makes an instance whose users sign in as `identity` says: `SAML`, `CONNECT_MANAGED`. Gives the answer, with its
/// `Id` and `Arn`.
#[track_caller]
pub fn instance(cloud: &MemoryCloud, identity: &str, alias: &str) -> Value {
    let input = json!({
        "IdentityManagementType": identity, "InstanceAlias": alias,
        "InboundCallsEnabled": true, "OutboundCallsEnabled": true,
    });
    cloud.must("connect", "CreateInstance", input)
}

/// Makes a function that does nothing.
#[track_caller]
pub fn function(cloud: &MemoryCloud, name: &str) {
    let input = json!({
        "FunctionName": name, "Role": role(cloud), "Code": { "ZipFile": EMPTY_ZIP },
        "Runtime": "nodejs22.x", "Handler": "index.handler",
    });
    cloud.must("lambda", "CreateFunction", input);
}

/// Makes a bot; gives its id.
#[track_caller]
pub fn bot(cloud: &MemoryCloud, name: &str) -> String {
    let input = json!({
        "botName": name, "roleArn": role(cloud),
        "dataPrivacy": { "childDirected": false }, "idleSessionTTLInSeconds": 300,
    });
    id(&cloud.must("lexv2-models", "CreateBot", input)["botId"])
}

/// Makes an alias of a bot, which is named by its id; gives the alias's id.
#[track_caller]
pub fn bot_alias(cloud: &MemoryCloud, bot: &str, name: &str) -> String {
    let input = json!({ "botId": bot, "botAliasName": name });
    id(&cloud.must("lexv2-models", "CreateBotAlias", input)["botAliasId"])
}

fn role(cloud: &MemoryCloud) -> String {
    format!("arn:aws:iam::{}:role/run", cloud.account())
}

fn id(value: &Value) -> String {
    value.as_str().expect("an id").to_owned()
}

/// Claims a phone number to an instance; returns the number and its id.
pub fn number(cloud: &MemoryCloud, instance_arn: &str) -> (String, String) {
    let input = json!({
        "TargetArn": instance_arn,
        "PhoneNumberCountryCode": "US",
        "PhoneNumberType": "DID",
    });
    let free = cloud.must("connect", "SearchAvailablePhoneNumbers", input);
    let number = free["AvailableNumbersList"][0]["PhoneNumber"].as_str().expect("a number");
    let input = json!({ "TargetArn": instance_arn, "PhoneNumber": number });
    let made = cloud.must("connect", "ClaimPhoneNumber", input);
    (number.to_owned(), made["PhoneNumberId"].as_str().expect("an id").to_owned())
}
