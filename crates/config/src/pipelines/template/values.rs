//! What a template's names stand for: parameters, pseudo parameters, and resources by name and ARN.
//!
//! Resources are not made here, so their names and ARNs are made up from what the template says of
//! them; the same template gives the same ones each time.

use super::{PIPELINE, PROJECT, Template};
use crate::suggest::nearest;
use crate::yaml::{Node, Spot, Value};
use trunkline_model::{Diagnostic, Severity};

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
                Some(known) if known.by_arn => self.arn(known, name, spot),
                _ => self.name_of(name, spot),
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
        let whole = format!("{logical}.{attribute}");
        let text = match (self.given(&whole), kind_of(resource), attribute) {
            (Some(given), ..) => given,
            (None, Some(known), "Arn") => self.arn(known, logical, spot),
            (None, Some(known), "Name") if !known.name.is_empty() => self.name_of(logical, spot),
            (None, Some(known), name) if name == known.name => self.name_of(logical, spot),
            (None, ..) => {
                self.made_up(spot, &whole, &whole);
                self.assumed.insert(whole.clone());
                whole
            }
        };
        Self::text(spot, text)
    }

    /// Returns a resource's name: the property that holds it, or one made up.
    pub(super) fn name_of(&mut self, logical: &str, spot: Spot) -> String {
        let made_up = format!("{}-{logical}", self.stack);
        match self.names.get(logical) {
            Some(Some(name)) => return name.clone(),
            // It refers to itself; the service would refuse that, and a name is needed here.
            Some(None) => return made_up,
            None => {}
        }
        self.names.insert(logical.to_owned(), None);
        let resource = self.node.get("Resources").and_then(|r| r.get(logical));
        let property = resource.and_then(|resource| {
            let known = kind_of(resource)?;
            resource.get("Properties")?.get(known.name)
        });
        let name = property
            .and_then(|node| self.evaluate(node))
            .and_then(|node| node.spelling().map(str::to_owned))
            .or_else(|| self.given(logical));
        let name = name.unwrap_or_else(|| {
            // Pipelines and build projects are made here, and have the name that is made up.
            if !resource.is_some_and(|r| [PIPELINE, PROJECT].contains(&super::kind_of(r))) {
                self.made_up(spot, logical, &made_up);
            }
            made_up
        });
        self.names.insert(logical.to_owned(), Some(name.clone()));
        name
    }

    fn arn(&mut self, known: &Known, logical: &str, spot: Spot) -> String {
        let mut rest = known.arn.to_owned();
        if rest.contains("{R}") {
            rest = rest.replace("{R}", &self.region(spot));
        }
        if rest.contains("{A}") {
            rest = rest.replace("{A}", &self.account(spot));
        }
        let name = self.name_of(logical, spot);
        format!("arn:{}:{}", self.partition(), rest.replace("{N}", &name))
    }

    /// A value that was given for a name.
    pub(super) fn given(&mut self, name: &str) -> Option<String> {
        if let Some(text) = self.options.parameters.get(name) {
            return Some(text.clone());
        }
        let given = self.options.beside.as_ref()?.values.get(name)?;
        self.used.insert(name.to_owned());
        Some(given.text.clone())
    }

    fn known_region(&mut self) -> Option<String> {
        self.options.region.clone().or_else(|| self.given("AWS::Region"))
    }

    pub(super) fn region(&mut self, spot: Spot) -> String {
        self.known_region().unwrap_or_else(|| {
            self.made_up(spot, "AWS::Region", "us-east-1");
            self.assumed.insert("us-east-1".to_owned());
            "us-east-1".to_owned()
        })
    }

    fn account(&mut self, spot: Spot) -> String {
        let known = self.options.account.clone().or_else(|| self.given("AWS::AccountId"));
        known.unwrap_or_else(|| {
            self.made_up(spot, "AWS::AccountId", "111122223333");
            self.assumed.insert("111122223333".to_owned());
            "111122223333".to_owned()
        })
    }

    fn partition(&mut self) -> &'static str {
        match self.known_region().unwrap_or_default() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    fn pseudo(&mut self, name: &str, spot: Spot) -> Option<Node> {
        let text = match name {
            "AWS::NoValue" => return None,
            "AWS::Region" => self.region(spot),
            "AWS::AccountId" => self.account(spot),
            "AWS::Partition" => self.partition().to_owned(),
            "AWS::StackName" => self.stack.clone(),
            "AWS::StackId" => {
                let (region, account) = (self.region(spot), self.account(spot));
                let (partition, stack) = (self.partition(), &self.stack);
                format!("arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/0")
            }
            "AWS::URLSuffix" if self.partition() == "aws-cn" => "amazonaws.com.cn".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::NotificationARNs" => {
                return Some(Node { spot, value: Value::List(Vec::new()) });
            }
            _ => return Some(self.unknown(name, spot)),
        };
        Some(Self::text(spot, text))
    }

    fn parameter(&mut self, name: &str, parameter: &Node, spot: Spot) -> Node {
        let kind = parameter.get("Type").and_then(Node::spelling).unwrap_or("String").to_owned();
        let allowed: Vec<&str> = match parameter.get("AllowedValues").map(|a| &a.value) {
            Some(Value::List(items)) => items.iter().filter_map(Node::spelling).collect(),
            _ => Vec::new(),
        };
        let default = parameter.get("Default").and_then(Node::spelling);
        let stored = kind.starts_with("AWS::SSM::Parameter::Value");
        let given = self.given(name).and_then(|given| match self.options.beside.as_ref() {
            // The file has the name by which the parameter store knows it, and perhaps what that had for it.
            Some(beside) if stored && !self.options.parameters.contains_key(name) => {
                beside.values.get(name)?.resolved.clone()
            }
            _ => Some(given),
        });
        let text = match (given.as_deref(), default) {
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
                self.without_value(name, &stand_in, stored);
                stand_in
            }
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") || kind.contains("<List<") {
            let items = text.split(',').map(|t| Self::text(spot, t.trim())).collect();
            return Node { spot, value: Value::List(items) };
        }
        Self::text(spot, text)
    }

    fn without_value(&mut self, name: &str, stand_in: &str, stored: bool) {
        let parameters = self.node.get("Parameters").map(super::entries).unwrap_or_default();
        let key = parameters.iter().find(|(key, _)| key.text == name);
        let spot = key.map_or(self.node.spot, |(key, _)| key.spot);
        self.assumed.insert(stand_in.to_owned());
        let message = format!("the parameter `{name}` has no value; `{stand_in}` stands for it");
        let found = self.not_given(spot, name, message);
        if let Some(found) = found.filter(|_| stored) {
            found.notes.push("the parameter store is not asked; a list of `ParameterKey` may have its `ResolvedValue`".to_owned());
        }
    }

    /// Tells that a value is not known here, and how to give it.
    pub(super) fn not_given(
        &mut self,
        spot: Spot,
        name: &str,
        message: String,
    ) -> Option<&mut Diagnostic> {
        let file = self.beside.clone();
        let found = self.note(spot, name, message)?;
        found.help = Some(match found.severity {
            Severity::Error => {
                format!("write it into {file}: {{ \"Parameters\": {{ \"{name}\": \"VALUE\" }} }}")
            }
            _ => format!("give it with `--parameter {name}=VALUE`, or in {file}"),
        });
        Some(found)
    }

    /// The same of a value that is good enough as long as nothing is run.
    fn made_up(&mut self, spot: Spot, name: &str, stand_in: &str) {
        if self.options.to_run && !self.idle {
            let message =
                format!("the value of `{name}` is not known here; `{stand_in}` is not it");
            self.not_given(spot, name, message);
        }
    }

    /// Reports values of the file beside the template that belong to nothing in it.
    pub(super) fn given_for_nothing(&mut self) {
        let Some(beside) = &self.options.beside else { return };
        let sections = ["Parameters", "Resources"].map(|s| self.node.get(s));
        let names: Vec<&str> = sections
            .into_iter()
            .flatten()
            .flat_map(super::entries)
            .map(|(key, _)| key.text.as_str())
            .collect();
        for (name, given) in &beside.values {
            // The names of exports may be anything, and not every one of them is needed here.
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
            if !plain || self.used.contains(name) || names.contains(&name.as_str()) {
                continue;
            }
            let message = format!("the template has no parameter `{}`", super::shorten(name));
            let help = nearest(name, names.iter().copied());
            let found = self.m.error(given.spot, "TL0805", message);
            found.help = help.map(|near| format!("did you mean `{near}`?"));
            found.place.file = Some(beside.file.clone());
            found.place.subject = None;
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
            self.note(spot, name, message);
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
