//! What a request needs to be allowed: the action, the ARN of what it touches, and the actions on other
//! services that Connect takes on the caller's behalf.
//!
//! Resources follow the labels of an operation: what has a queue in its path is about that queue, a Create is
//! about all of its kind, everything else about the instance. Operations about nothing in particular need `*`.

use crate::operations::{self, Place};
use crate::request::{Request, text};
use crate::sqs;
use serde_json::Value;

/// An action on a resource (`*` where the operation has none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) action: String,
    pub(crate) resource: String,
}

/// Operations whose action has another name.
const ACTIONS: [(&str, &str, &str); 8] = [
    ("connect", "ListPhoneNumbersV2", "connect:ListPhoneNumbers"),
    ("s3", "HeadObject", "s3:GetObject"),
    ("s3", "HeadBucket", "s3:ListBucket"),
    ("s3", "ListObjectsV2", "s3:ListBucket"),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
    ("sqs", "DeleteMessageBatch", "sqs:DeleteMessage"),
    ("sqs", "SendMessageBatch", "sqs:SendMessage"),
    ("sts", "AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity"),
];

/// Services whose actions begin with another word.
const PREFIXES: [(&str, &str); 2] = [("lexv2-models", "lex"), ("service-quotas", "servicequotas")];

/// The labels of Connect's paths that name a resource in an instance, with the word of its ARN and of its Create.
const LABELS: [(&str, &str, &str); 12] = [
    ("AgentStatusId", "agent-state", "CreateAgentStatus"),
    ("ContactFlowId", "contact-flow", "CreateContactFlow"),
    ("ContactFlowModuleId", "flow-module", "CreateContactFlowModule"),
    ("HierarchyGroupId", "agent-group", "CreateUserHierarchyGroup"),
    ("HoursOfOperationId", "operating-hours", "CreateHoursOfOperation"),
    ("PromptId", "prompt", "CreatePrompt"),
    ("QueueId", "queue", "CreateQueue"),
    ("QuickConnectId", "transfer-destination", "CreateQuickConnect"),
    ("RoutingProfileId", "routing-profile", "CreateRoutingProfile"),
    ("SecurityProfileId", "security-profile", "CreateSecurityProfile"),
    ("UserId", "agent", "CreateUser"),
    ("ViewId", "view", "CreateView"),
];

/// What Connect does elsewhere on the caller's behalf: operation, action, and the input's path to the ARN of
/// what it touches. From the dependent actions of the Service Authorization Reference, those on services that the
/// lab has.
pub(crate) const DEPENDENT: [(&str, &str, &str); 12] = [
    ("AssociateLambdaFunction", "lambda:AddPermission", "/FunctionArn"),
    ("DisassociateLambdaFunction", "lambda:RemovePermission", "/FunctionArn"),
    ("AssociateBot", "lex:CreateResourcePolicy", "/LexV2Bot/AliasArn"),
    ("AssociateBot", "lex:DescribeBotAlias", "/LexV2Bot/AliasArn"),
    ("AssociateBot", "lex:UpdateResourcePolicy", "/LexV2Bot/AliasArn"),
    ("DisassociateBot", "lex:DeleteResourcePolicy", "/LexV2Bot/AliasArn"),
    ("DisassociateBot", "lex:UpdateResourcePolicy", "/LexV2Bot/AliasArn"),
    ("AssociateInstanceStorageConfig", "s3:GetBucketAcl", "/StorageConfig/S3Config/BucketName"),
    (
        "AssociateInstanceStorageConfig",
        "s3:GetBucketLocation",
        "/StorageConfig/S3Config/BucketName",
    ),
    ("UpdateInstanceStorageConfig", "s3:GetBucketAcl", "/StorageConfig/S3Config/BucketName"),
    ("CreatePrompt", "s3:GetObject", "/S3Uri"),
    ("UpdatePrompt", "s3:GetObject", "/S3Uri"),
];

/// Everything that must be allowed; the request's own action first.
pub(crate) fn needs(request: &Request) -> Vec<Need> {
    let action = action(&request.service, &request.operation);
    let need = |resource| Need { action: action.clone(), resource };
    let mut needs: Vec<Need> = resources(request).into_iter().map(need).collect();
    if request.service == "sts" {
        let given = |member: &str| request.input.get(member).is_some_and(|v| !v.is_null());
        let role = text(&request.input, "RoleArn");
        for (member, action) in
            [("SourceIdentity", "sts:SetSourceIdentity"), ("Tags", "sts:TagSession")]
        {
            if given(member) {
                needs.push(Need { action: action.to_owned(), resource: role.to_owned() });
            }
        }
    }
    if request.service == "connect" {
        needs.extend(dependent(request));
    }
    needs
}

fn dependent(request: &Request) -> impl Iterator<Item = Need> {
    let rows = DEPENDENT.iter().filter(|(operation, ..)| *operation == request.operation);
    rows.filter_map(|(_, action, path)| {
        let touched = request.input.pointer(path).and_then(Value::as_str)?;
        let partition = request.region.partition().as_str();
        let resource = match touched.strip_prefix("s3://") {
            Some(object) => format!("arn:{partition}:s3:::{object}"),
            // A presigned URL carries its own permission.
            None if touched.contains("://") => return None,
            None if action.starts_with("s3:") => format!("arn:{partition}:s3:::{touched}"),
            None => touched.to_owned(),
        };
        Some(Need { action: (*action).to_owned(), resource })
    })
}

/// The action that an operation needs.
fn action(service: &str, operation: &str) -> String {
    if let Some((.., action)) = ACTIONS.iter().find(|(s, o, _)| (*s, *o) == (service, operation)) {
        return (*action).to_owned();
    }
    let prefix = PREFIXES.iter().find(|(name, _)| *name == service).map_or(service, |row| row.1);
    format!("{prefix}:{operation}")
}

/// The ARNs of what a request touches; each has to be allowed.
pub(crate) fn resources(request: &Request) -> Vec<String> {
    let Request { account, region, input, .. } = request;
    let given = |member: &str| Some(text(input, member)).filter(|t| !t.is_empty());
    let partition = region.partition().as_str();
    let own = |service: &str, rest: String| {
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    };
    let one = match request.service.as_str() {
        "connect" => return connect(request),
        "lambda" => given("FunctionName").map(|name| {
            own("lambda", format!("function:{}", name.split(":function:").last().unwrap_or(name)))
        }),
        "lexv2-models" => given("botId").map(|bot| match given("botAliasId") {
            Some(alias) => own("lex", format!("bot-alias/{bot}/{alias}")),
            None => own("lex", format!("bot/{bot}")),
        }),
        "s3" => Some(match (given("Bucket"), given("Key")) {
            (Some(bucket), Some(key)) => format!("arn:{partition}:s3:::{bucket}/{key}"),
            (Some(bucket), None) => format!("arn:{partition}:s3:::{bucket}"),
            (None, _) => format!("arn:{partition}:s3:::*"),
        }),
        "sts" => given("RoleArn").map(str::to_owned),
        "iam" => iam(request),
        "ssm" => return parameters(request),
        "secretsmanager" => match (given("SecretId"), given("Name")) {
            (Some(arn), _) if arn.starts_with("arn:") => Some(arn.to_owned()),
            // The six characters at its end are not known before it is made.
            (Some(name), _) | (None, Some(name)) => {
                Some(own("secretsmanager", format!("secret:{name}-??????")))
            }
            (None, None) => None,
        },
        "sqs" => given("QueueName")
            .or_else(|| given("QueueUrl").map(sqs::name_of))
            .map(|name| own("sqs", name.to_owned())),
        "cloudformation" => given("StackName").map(|name| match name.starts_with("arn:") {
            true => name.to_owned(),
            false => own("cloudformation", format!("stack/{name}/*")),
        }),
        _ => None,
    };
    vec![one.unwrap_or_else(|| "*".to_owned())]
}

/// The ARNs of parameters, by their names or their path.
fn parameters(request: &Request) -> Vec<String> {
    let Request { account, region, input, .. } = request;
    let start = format!("arn:{}:ssm:{region}:{account}:", region.partition().as_str());
    let names = input.get("Names").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let one = [input.get("Name"), input.get("Path")];
    let named = names.iter().chain(one.into_iter().flatten()).filter_map(Value::as_str);
    let arn = |name: &str| match name.starts_with("arn:") {
        true => name.to_owned(),
        false => format!("{start}parameter/{}", name.trim_start_matches('/')),
    };
    let all: Vec<String> = named.map(arn).collect();
    if all.is_empty() { vec![format!("{start}*")] } else { all }
}

fn iam(request: &Request) -> Option<String> {
    let Request { account, region, input, .. } = request;
    let given = |member: &str| Some(text(input, member)).filter(|t| !t.is_empty());
    let start = format!("arn:{}:iam::{account}", region.partition().as_str());
    let role = given("RoleName").map(|name| format!("{start}:role/{name}"));
    let named = || given("PolicyName").map(|name| format!("{start}:policy/{name}"));
    let policy = || given("PolicyArn").or_else(|| given("PolicySourceArn")).map(str::to_owned);
    role.or_else(policy).or_else(named)
}

fn connect(request: &Request) -> Vec<String> {
    let Request { account, region, input, operation, .. } = request;
    let given = |member: &str| Some(text(input, member)).filter(|t| !t.is_empty());
    let last = |reference: &str| reference.rsplit('/').next().unwrap_or(reference).to_owned();
    let start = format!("arn:{}:connect:{region}:{account}:", region.partition().as_str());
    if let Some(arn) = given("resourceArn") {
        return vec![arn.to_owned()];
    }
    let instance =
        given("InstanceId").or_else(|| given("TargetArn").filter(|t| t.contains(":instance/")));
    let instance = instance.map(|id| format!("{start}instance/{}", last(id)));
    let created = LABELS.iter().find(|(.., create)| create == operation);
    if let (Some((_, word, _)), Some(instance)) = (created, &instance) {
        return vec![format!("{instance}/{word}/*")];
    }
    let mut all = Vec::new();
    let table = operations::operation("connect", operation);
    let labels = table.into_iter().flat_map(|o| &o.members).filter(|m| m.place == Place::Label);
    for label in labels {
        let Some(value) = given(label.name) else { continue };
        match (LABELS.iter().find(|(name, ..)| *name == label.name), &instance) {
            (Some((_, word, _)), Some(instance)) => {
                let id = last(value);
                let id = id.split(':').next().unwrap_or(&id);
                all.push(format!("{instance}/{word}/{id}"));
            }
            _ if label.name == "PhoneNumberId" => {
                all.push(format!("{start}phone-number/{}", last(value)))
            }
            _ => {}
        }
    }
    if all.is_empty() {
        all.push(instance.unwrap_or_else(|| "*".to_owned()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Principal;
    use serde_json::json;
    use trunkline_model::{AccountId, Region};

    #[test]
    fn requests_need_actions_on_what_they_touch() {
        let account = AccountId::parse("111122223333").expect("an account");
        let arn = "arn:aws:connect:us-west-2:111122223333:instance/i";
        let check = |service: &str, operation: &str, input: Value, expected: &[(&str, &str)]| {
            let request = Request {
                region: Region::parse("us-west-2").expect("a region"),
                principal: Principal::root(&account),
                account: account.clone(),
                service: service.to_owned(),
                operation: operation.to_owned(),
                input,
                body: Vec::new(),
            };
            let needs = needs(&request);
            let needs: Vec<_> =
                needs.iter().map(|n| (n.action.as_str(), n.resource.as_str())).collect();
            assert_eq!(needs, expected, "{service}.{operation}");
        };
        let connect = |operation: &str, input, resource: &str| {
            check("connect", operation, input, &[(&format!("connect:{operation}"), resource)]);
        };
        connect("ListInstances", json!({}), "*");
        connect("ListQueues", json!({"InstanceId": arn}), arn);
        connect("CreateQueue", json!({"InstanceId": "i"}), &format!("{arn}/queue/*"));
        connect(
            "UpdateContactFlowContent",
            json!({"InstanceId": "i", "ContactFlowId": "f:$SAVED"}),
            &format!("{arn}/contact-flow/f"),
        );
        connect(
            "TagResource",
            json!({"resourceArn": format!("{arn}/queue/q")}),
            &format!("{arn}/queue/q"),
        );
        let function = "arn:aws:lambda:us-west-2:111122223333:function:lookup";
        check(
            "connect",
            "AssociateLambdaFunction",
            json!({"InstanceId": "i", "FunctionArn": function}),
            &[("connect:AssociateLambdaFunction", arn), ("lambda:AddPermission", function)],
        );
        check(
            "connect",
            "CreatePrompt",
            json!({"InstanceId": "i", "S3Uri": "s3://b/k.wav"}),
            &[
                ("connect:CreatePrompt", &format!("{arn}/prompt/*")),
                ("s3:GetObject", "arn:aws:s3:::b/k.wav"),
            ],
        );
        check(
            "s3",
            "HeadObject",
            json!({"Bucket": "b", "Key": "k"}),
            &[("s3:GetObject", "arn:aws:s3:::b/k")],
        );
        check("lexv2-models", "ListBots", json!({}), &[("lex:ListBots", "*")]);
        let parameter = |name: &str| format!("arn:aws:ssm:us-west-2:111122223333:parameter/{name}");
        check(
            "ssm",
            "GetParameters",
            json!({"Names": ["/crm/token", "plain"]}),
            &[
                ("ssm:GetParameters", &parameter("crm/token")),
                ("ssm:GetParameters", &parameter("plain")),
            ],
        );
        check(
            "secretsmanager",
            "CreateSecret",
            json!({"Name": "crm/api"}),
            &[(
                "secretsmanager:CreateSecret",
                "arn:aws:secretsmanager:us-west-2:111122223333:secret:crm/api-??????",
            )],
        );
        let queue = "arn:aws:sqs:us-west-2:111122223333:events";
        let url = "http://127.0.0.1:4566/111122223333/events";
        check("sqs", "GetQueueUrl", json!({"QueueName": "events"}), &[("sqs:GetQueueUrl", queue)]);
        check(
            "sqs",
            "DeleteMessageBatch",
            json!({"QueueUrl": url}),
            &[("sqs:DeleteMessage", queue)],
        );
        let role = "arn:aws:iam::222233334444:role/deploy";
        check(
            "sts",
            "AssumeRole",
            json!({"RoleArn": role, "SourceIdentity": "jane"}),
            &[("sts:AssumeRole", role), ("sts:SetSourceIdentity", role)],
        );
    }
}
