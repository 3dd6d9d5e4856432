//! What a template's names stand for: parameters, pseudo parameters, and resources by name and ARN.
//!
//! Resources are not made here, so their names and ARNs are made up from what the template says of
//! them; the same template gives the same ones each time.

use super::Template;
use crate::suggest::nearest;
use crate::yaml::{Node, Spot, Value};
use trunkline_model::Diagnostic;

/// A type of resource whose references are understood.
struct Known {
    kind: &'static str,
    /// The property that holds its name.
    name: &'static str,
    /// The ARN behind the partition, with `R`egion, `A`ccount and `N`ame in braces.
    arn: &'static str,
    /// Whether `Ref` gives the ARN rather than the name.
    by_arn: bool,
}

const fn known(kind: &'static str, name: &'static str, arn: &'static str, by_arn: bool) -> Known {
    Known { kind, name, arn, by_arn }
}

const KNOWN: &[Known] = &[
    known("AWS::CodeBuild::Project", "Name", "codebuild:{R}:{A}:project/{N}", false),
    known("AWS::CodePipeline::Pipeline", "Name", "codepipeline:{R}:{A}:{N}", false),
    known("AWS::S3::Bucket", "BucketName", "s3:::{N}", false),
    known("AWS::CodeCommit::Repository", "RepositoryName", "codecommit:{R}:{A}:{N}", false),
    known("AWS::IAM::Role", "RoleName", "iam::{A}:role/{N}", false),
    known("AWS::Lambda::Function", "FunctionName", "lambda:{R}:{A}:function:{N}", false),
    known("AWS::SNS::Topic", "TopicName", "sns:{R}:{A}:{N}", true),
    known("AWS::KMS::Key", "", "kms:{R}:{A}:key/{N}", false),
    known("AWS::ECR::Repository", "RepositoryName", "ecr:{R}:{A}:repository/{N}", false),
    known("AWS::ECS::Cluster", "ClusterName", "ecs:{R}:{A}:cluster/{N}", false),
    known("AWS::ECS::Service", "ServiceName", "ecs:{R}:{A}:service/{N}", true),
    known(
        "AWS::CodeDeploy::Application",
        "ApplicationName",
        "codedeploy:{R}:{A}:application:{N}",
        false,
    ),
    known(
        "AWS::CodeDeploy::DeploymentGroup",
        "DeploymentGroupName",
        "codedeploy:{R}:{A}:deploymentgroup:{N}",
        false,
    ),
    known(
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        "states:{R}:{A}:stateMachine:{N}",
        true,
    ),
    known(
        "AWS::CodeStarConnections::Connection",
        "ConnectionName",
        "codestar-connections:{R}:{A}:connection/{N}",
        true,
    ),
    known(
        "AWS::CodeConnections::Connection",
        "ConnectionName",
        "codeconnections:{R}:{A}:connection/{N}",
        true,
    ),
    known("AWS::CloudFormation::Stack", "", "cloudformation:{R}:{A}:stack/{N}", true),
    known("AWS::SecretsManager::Secret", "Name", "secretsmanager:{R}:{A}:secret:{N}", true),
];

/// Makes a stack's name from a file's: `pipelines/site.yaml` gives `site`. It is short, so that names
/// made of it stay within their limits.
pub(super) fn stack_name(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let clean: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(20).collect();
    match clean.trim_matches('-') {
        "" => "stack".to_owned(),
        clean => clean.to_owned(),
    }
}

impl Template<'_> {
    /// Returns what a name stands for; nothing for `AWS::NoValue`.
    pub(super) fn reference(&mut self, name: &str, spot: Spot) -> Option<Node> {
        if name.starts_with("AWS::") {
            return self.pseudo(name, spot);
        }
        if let Some(parameter) = self.node.get("Parameters").and_then(|p| p.get(name)) {
            return Some(self.parameter(name, parameter, spot));
        }
        if let Some(resource) = self.node.get("Resources").and_then(|r| r.get(name)) {
            let text = match kind_of(resource) {
                Some(known) if known.by_arn => self.arn(known, name),
                _ => self.name_of(name),
            };
            return Some(Self::text(spot, text));
        }
        Some(self.unknown(name, spot))
    }

    /// Returns an attribute of a resource.
    pub(super) fn attribute(&mut self, logical: &str, attribute: &str, spot: Spot) -> Node {
        let Some(resource) = self.node.get("Resources").and_then(|r| r.get(logical)) else {
            return self.unknown(logical, spot);
        };
        let text = match (kind_of(resource), attribute) {
            (Some(known), "Arn") => self.arn(known, logical),
            (Some(known), "Name") if !known.name.is_empty() => self.name_of(logical),
            (Some(known), name) if name == known.name => self.name_of(logical),
            (_, attribute) => {
                let text = format!("{logical}.{attribute}");
                self.assumed.insert(text.clone());
                text
            }
        };
        Self::text(spot, text)
    }

    /// Returns a resource's name: the property that holds it, or one made up.
    pub(super) fn name_of(&mut self, logical: &str) -> String {
        let made_up = format!("{}-{logical}", self.stack);
        match self.names.get(logical) {
            Some(Some(name)) => return name.clone(),
            // It refers to itself; the service would refuse that, and a name is needed here.
            Some(None) => return made_up,
            None => {}
        }
        self.names.insert(logical.to_owned(), None);
        let resource = self.node.get("Resources").and_then(|r| r.get(logical));
        let given = resource.and_then(|resource| {
            let known = kind_of(resource)?;
            resource.get("Properties")?.get(known.name)
        });
        let name = given
            .and_then(|node| self.evaluate(node))
            .and_then(|node| node.spelling().map(str::to_owned))
            .unwrap_or(made_up);
        self.names.insert(logical.to_owned(), Some(name.clone()));
        name
    }

    fn arn(&mut self, known: &Known, logical: &str) -> String {
        let name = self.name_of(logical);
        let rest = known
            .arn
            .replace("{R}", self.region())
            .replace("{A}", self.account())
            .replace("{N}", &name);
        format!("arn:{}:{rest}", self.partition())
    }

    fn region(&self) -> &str {
        self.options.region.as_deref().unwrap_or("us-east-1")
    }

    fn account(&self) -> &str {
        self.options.account.as_deref().unwrap_or("111122223333")
    }

    fn partition(&self) -> &'static str {
        match self.region() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    fn pseudo(&mut self, name: &str, spot: Spot) -> Option<Node> {
        let (region, account) = (self.region().to_owned(), self.account().to_owned());
        let text = match name {
            "AWS::NoValue" => return None,
            "AWS::Region" => region,
            "AWS::AccountId" => account,
            "AWS::Partition" => self.partition().to_owned(),
            "AWS::StackName" => self.stack.clone(),
            "AWS::StackId" => {
                let (partition, stack) = (self.partition(), &self.stack);
                format!("arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/0")
            }
            "AWS::URLSuffix" if region.starts_with("cn-") => "amazonaws.com.cn".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::NotificationARNs" => {
                return Some(Node { spot, value: Value::List(Vec::new()) });
            }
            _ => return Some(self.unknown(name, spot)),
        };
        if matches!((name, &self.options.region), ("AWS::Region", None))
            || matches!((name, &self.options.account), ("AWS::AccountId", None))
        {
            self.assumed.insert(text.clone());
        }
        Some(Self::text(spot, text))
    }

    fn parameter(&mut self, name: &str, parameter: &Node, spot: Spot) -> Node {
        let kind = parameter.get("Type").and_then(Node::spelling).unwrap_or("String").to_owned();
        let allowed: Vec<&str> = match parameter.get("AllowedValues").map(|a| &a.value) {
            Some(Value::List(items)) => items.iter().filter_map(Node::spelling).collect(),
            _ => Vec::new(),
        };
        let default = parameter.get("Default").and_then(Node::spelling);
        let given = self.options.parameters.get(name).map(String::as_str);
        let stored = kind.starts_with("AWS::SSM::Parameter::Value");
        let text = match (given, default) {
            (Some(value), _) => {
                if !allowed.is_empty() && !allowed.contains(&value) {
                    let message = format!("`{value}` is no value for the parameter `{name}`");
                    self.m
                        .error(parameter.spot, "TL0822", message)
                        .notes
                        .push(format!("its values are {}", allowed.join(", ")));
                }
                value.to_owned()
            }
            (None, Some(default)) if !stored => default.to_owned(),
            (None, default) => {
                let least = parameter.get("MinValue").and_then(Node::spelling);
                let number = (kind == "Number").then(|| least.unwrap_or("1"));
                let stand_in =
                    default.or(allowed.first().copied()).or(number).unwrap_or(name).to_owned();
                self.not_given(name, &stand_in);
                stand_in
            }
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") || kind.contains("<List<") {
            let items = text.split(',').map(|t| Self::text(spot, t.trim())).collect();
            return Node { spot, value: Value::List(items) };
        }
        Self::text(spot, text)
    }

    fn not_given(&mut self, name: &str, stand_in: &str) {
        let parameters = self.node.get("Parameters").map(super::entries).unwrap_or_default();
        let key = parameters.iter().find(|(key, _)| key.text == name);
        let spot = key.map_or(self.node.spot, |(key, _)| key.spot);
        self.assumed.insert(stand_in.to_owned());
        let message = format!("the parameter `{name}` has no value; `{stand_in}` stands for it");
        if let Some(found) = self.note(spot, &format!("parameter {name}"), message) {
            found.help = Some(format!("give it with `--parameter {name}=VALUE`"));
        }
    }

    /// A name that stands for nothing: a slip, unless a macro may have made it.
    fn unknown(&mut self, name: &str, spot: Spot) -> Node {
        const PSEUDO: &[&str] = &[
            "AWS::AccountId",
            "AWS::NoValue",
            "AWS::NotificationARNs",
            "AWS::Partition",
            "AWS::Region",
            "AWS::StackId",
            "AWS::StackName",
            "AWS::URLSuffix",
        ];
        self.assumed.insert(name.to_owned());
        if self.node.get("Transform").is_some() {
            let message = format!("`{name}` is not in the template; its name stands for it");
            self.note(spot, &format!("name {name}"), message);
            return Self::text(spot, name);
        }
        let sections = ["Parameters", "Resources"].map(|s| self.node.get(s));
        let names = sections.into_iter().flatten().flat_map(super::entries);
        let candidates = names.map(|(k, _)| k.text.as_str()).chain(PSEUDO.iter().copied());
        let help = nearest(name, candidates).map(|near| format!("did you mean `{near}`?"));
        let message = format!("`{}` is neither a parameter nor a resource", super::shorten(name));
        let found: &mut Diagnostic = self.m.error(spot, "TL0822", message);
        found.help = help;
        Self::text(spot, name)
    }
}

fn kind_of(resource: &Node) -> Option<&'static Known> {
    let kind = resource.get("Type")?.spelling()?;
    KNOWN.iter().find(|known| known.kind == kind)
}
