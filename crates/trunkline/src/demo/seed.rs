//! Fills the lab: roles, functions, bots, buckets, instances and numbers in every account, then the
//! contact center that people built in one of them.

use super::center;
use super::world::{BUILD, Hand, PLACES, Place, SHARED_ACCOUNT, SUPERVISORS, text};
use serde_json::{Value, json};
use trunkline_center::permissions;
use trunkline_lab::Lab;
use trunkline_model::Report;

/// Roles by name, and whether they only read.
const ROLES: &[(&str, bool)] = &[("trunkline-read", true), ("trunkline-deploy", false)];

/// The functions that flows call; each environment's own ends in its name.
const FUNCTIONS: &[&str] = &["tidewater-account-lookup", "tidewater-outage-report"];

/// The bot and its alias, in every region.
pub(super) const BOT: (&str, &str) = ("Concierge", "live");

/// What an environment has before Trunkline comes.
pub(super) struct Estate {
    pub(super) instance: String,
    pub(super) functions: Vec<String>,
    pub(super) bot_alias: String,
    pub(super) phone: String,
}

/// Fills the lab. Returns the build instance's id.
pub(crate) fn seed(lab: &Lab) -> Result<String, Report> {
    let mut accounts: Vec<&str> = PLACES.iter().map(|p| p.account).collect();
    accounts.dedup();
    for account in accounts {
        roles(&Hand { lab, account, region: "us-west-2", person: None })?;
    }
    let mut built = String::new();
    for place in PLACES {
        let hand = Hand::at(lab, place);
        let estate = estate(&hand, place)?;
        if std::ptr::eq(place, BUILD) || place.environment == BUILD.environment {
            center::build(&hand, &estate)?;
            built.clone_from(&estate.instance);
        }
    }
    Ok(built)
}

fn roles(hand: &Hand<'_>) -> Result<(), Report> {
    let shared = format!("arn:aws:iam::{SHARED_ACCOUNT}:root");
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": shared }, "Action": "sts:AssumeRole" },
    ]});
    let needs = permissions::needs(&permissions::usual_kinds());
    let of = |reads: bool| {
        let wanted = needs.iter().filter(|n| !reads || n.reads());
        wanted.map(|n| n.action.as_str()).collect::<Vec<_>>()
    };
    let ours = ROLES.iter().map(|(name, reads)| (*name, of(*reads)));
    let people = (SUPERVISORS, vec!["connect:List*", "connect:UpdateQueue*"]);
    for (name, actions) in ours.chain([people]) {
        let role = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
        hand.call("iam", "CreateRole", role)?;
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": "*" },
        ]});
        let policy = json!({ "RoleName": name, "PolicyName": "contact-center",
            "PolicyDocument": policy.to_string() });
        hand.call("iam", "PutRolePolicy", policy)?;
    }
    Ok(())
}

fn estate(hand: &Hand<'_>, place: &Place) -> Result<Estate, Report> {
    let environment = place.environment;
    let mut functions = Vec::new();
    for name in FUNCTIONS {
        let role = format!("arn:aws:iam::{}:role/tidewater-functions", place.account);
        let input = json!({ "FunctionName": format!("{name}-{environment}"), "Role": role,
            "Runtime": "python3.13", "Handler": "index.handler", "Code": { "ZipFile": "UEsFBg==" } });
        functions.push(text(&hand.call("lambda", "CreateFunction", input)?, "FunctionArn"));
    }
    let bot_alias = bot(hand, place)?;
    bucket(hand, &format!("tidewater-{environment}-{}", place.region))?;
    let input = json!({ "IdentityManagementType": "SAML", "InstanceAlias": place.alias,
        "InboundCallsEnabled": true, "OutboundCallsEnabled": true });
    let instance = text(&hand.call("connect", "CreateInstance", input)?, "Id");
    let input = json!({ "InstanceId": instance, "PhoneNumber": place.phone,
        "PhoneNumberDescription": "Main line" });
    let phone = text(&hand.call("connect", "ClaimPhoneNumber", input)?, "PhoneNumberId");
    Ok(Estate { instance, functions, bot_alias, phone })
}

fn bot(hand: &Hand<'_>, place: &Place) -> Result<String, Report> {
    let (name, alias) = BOT;
    let role = format!("arn:aws:iam::{}:role/tidewater-bots", place.account);
    let input = json!({ "botName": name, "roleArn": role,
        "dataPrivacy": { "childDirected": false }, "idleSessionTTLInSeconds": 300 });
    let id = text(&hand.call("lexv2-models", "CreateBot", input)?, "botId");
    let locales = json!({ "en_US": { "sourceBotVersion": "DRAFT" } });
    let input = json!({ "botId": id, "botVersionLocaleSpecification": locales });
    let version = text(&hand.call("lexv2-models", "CreateBotVersion", input)?, "botVersion");
    let input = json!({ "botId": id, "botAliasName": alias, "botVersion": version });
    let alias = text(&hand.call("lexv2-models", "CreateBotAlias", input)?, "botAliasId");
    Ok(format!("arn:aws:lex:{}:{}:bot-alias/{id}/{alias}", place.region, place.account))
}

fn bucket(hand: &Hand<'_>, name: &str) -> Result<Value, Report> {
    let mut input = json!({ "Bucket": name });
    if hand.region != "us-east-1" {
        input["CreateBucketConfiguration"] = json!({ "LocationConstraint": hand.region });
    }
    hand.call("s3", "CreateBucket", input)
}
