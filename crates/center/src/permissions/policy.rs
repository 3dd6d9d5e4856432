//! Needs as statements of a policy: the actions that are allowed on the same things stand together.
//!
//! Resources are texts of CloudFormation's `Fn::Sub`: account and partition are those of the stack, and the id of
//! a region's instance is a parameter of the template.

use super::{Access, Need, On};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_model::Region;

/// Where a role's actions are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The environment's regions.
    pub regions: Vec<Region>,
    /// The staging buckets.
    pub staging: BTreeSet<String>,
    /// The role's name, with its path.
    pub role: String,
}

/// The statements that allow some needs, each with the names of its actions in order.
pub fn statements<'a>(needs: impl Iterator<Item = &'a Need>, places: &Places) -> Vec<Value> {
    let mut together: BTreeMap<On, BTreeSet<&str>> = BTreeMap::new();
    for need in needs {
        together.entry(need.on).or_default().insert(&need.action);
    }
    let statement = |(on, actions): (On, BTreeSet<&str>)| {
        let resources = places.resources(on);
        (!resources.is_empty()).then(|| {
            json!({
                "Sid": format!("{on:?}"),
                "Effect": "Allow",
                "Action": actions,
                "Resource": resources,
            })
        })
    };
    together.into_iter().filter_map(statement).collect()
}

/// The name of the parameter that takes the id of a region's instance.
pub(super) fn instance_parameter(region: &Region) -> String {
    let words = region.as_str().split('-').map(|word| {
        let (first, rest) = word.split_at(usize::from(!word.is_empty()));
        format!("{}{rest}", first.to_uppercase())
    });
    format!("Instance{}", words.collect::<String>())
}

impl Places {
    /// The resources of a statement; none where there is nothing that it could be about.
    fn resources(&self, on: On) -> Vec<Value> {
        let regional = |rest: &dyn Fn(&Region) -> Vec<String>| -> Vec<Value> {
            self.regions.iter().flat_map(rest).map(|text| json!({ "Fn::Sub": text })).collect()
        };
        let own = "${AWS::AccountId}";
        let instances = |region: &Region| {
            let id = instance_parameter(region);
            let start =
                format!("arn:${{AWS::Partition}}:connect:{region}:{own}:instance/${{{id}}}");
            vec![start.clone(), format!("{start}/*")]
        };
        let buckets = |rest: &str| -> Vec<Value> {
            let arn = |b: &String| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:s3:::{b}{rest}") });
            self.staging.iter().map(arn).collect()
        };
        match on {
            On::Everything => vec![json!("*")],
            On::Instance => regional(&instances),
            On::Numbers => regional(&|region| {
                let number =
                    format!("arn:${{AWS::Partition}}:connect:{region}:{own}:phone-number/*");
                instances(region).into_iter().chain([number]).collect()
            }),
            On::Functions => regional(&|region| {
                vec![format!("arn:${{AWS::Partition}}:lambda:{region}:{own}:function:*")]
            }),
            On::Bots => regional(&|region| {
                let start = format!("arn:${{AWS::Partition}}:lex:{region}:{own}:");
                vec![format!("{start}bot/*"), format!("{start}bot-alias/*")]
            }),
            On::Buckets => vec![json!({ "Fn::Sub": "arn:${AWS::Partition}:s3:::*" })],
            On::Staging => buckets(""),
            On::Staged => buckets("/trunkline/prompts/*"),
            On::Keys => regional(&|region| {
                vec![format!("arn:${{AWS::Partition}}:kms:{region}:{own}:key/*")]
            }),
            On::Streams => regional(&|region| {
                let start = |service| format!("arn:${{AWS::Partition}}:{service}:{region}:{own}:");
                vec![
                    format!("{}deliverystream/*", start("firehose")),
                    format!("{}stream/*", start("kinesis")),
                ]
            }),
            On::ServiceRole => {
                let path = "aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect";
                let arn = format!("arn:${{AWS::Partition}}:iam::{own}:role/{path}*");
                vec![json!({ "Fn::Sub": arn })]
            }
            On::Role => {
                let arn = format!("arn:${{AWS::Partition}}:iam::{own}:role/{}", self.role);
                vec![json!({ "Fn::Sub": arn })]
            }
        }
    }
}

impl Need {
    /// Whether the role that only reads has it.
    pub fn reads(&self) -> bool {
        let looked_at = self.access == Access::Optional && self.on != On::Staging;
        self.access == Access::Read || looked_at || self.action == "connect:ListPhoneNumbersV2"
    }
}
