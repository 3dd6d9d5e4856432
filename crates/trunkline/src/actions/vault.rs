//! Where builds get parameters and secrets: the parameter store and Secrets Manager of the action's region, and
//! the rule that a secret of an environment is read only by what works for it.

use super::{Job, Shared};
use serde_json::json;
use trunkline_aws::{Client, Options};
use trunkline_build::vault::{Answer, Parameter, SecretId, Vault, VaultError};
use trunkline_center::{Call, Cloud as _};
use trunkline_config::Project;
use trunkline_model::Region;

/// Parameters and secrets, as one action may read them.
pub(super) struct Secrets<'a> {
    shared: &'a Shared,
    region: Region,
    /// The rules; None where the server was started outside of a project.
    project: Option<Project>,
    /// The environment that the action works for.
    environment: Option<String>,
}

impl<'a> Secrets<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        job: &Job,
        project: Option<Project>,
        environment: Option<String>,
    ) -> Result<Self, trunkline_model::Report> {
        Ok(Self { shared, region: shared.region(job)?, project, environment })
    }

    fn allowed(&self, id: &str) -> Result<(), VaultError> {
        let Some(project) = &self.project else { return Ok(()) };
        // By its name and by its ARN, whose end is the name and six characters of AWS's own.
        let name = id.rsplit_once(":secret:").map_or(id, |(_, name)| name);
        let bare = name.rsplit_once('-').map_or(name, |(bare, _)| bare);
        let parameter = id.rsplit_once(":parameter").map_or(id, |(_, name)| name);
        let environment = self.environment.as_deref();
        if [id, name, bare, parameter].iter().all(|id| project.may_read_secret(id, environment)) {
            return Ok(());
        }
        let who = match environment {
            Some(environment) => format!("an action for `{environment}`"),
            None => "an action that is for no environment".to_owned(),
        };
        Err(VaultError(format!(
            "`{id}` belongs to other environments (`secrets` in {}); this is {who}",
            project.file
        )))
    }

    async fn client(&self) -> Result<Client, VaultError> {
        let aws = (self.shared.setting.aws)().map_err(|report| VaultError(report.to_string()))?;
        let client = aws.client(Options::new(self.region.clone())).await;
        client.map_err(|error| VaultError(error.to_string()))
    }
}

impl Vault for Secrets<'_> {
    fn parameter<'a>(&'a self, name: &'a str) -> Answer<'a, Parameter> {
        Box::pin(async move {
            self.allowed(name)?;
            let input = json!({ "Name": name, "WithDecryption": true });
            let answer = self.client().await?.call(Call::new("ssm", "GetParameter", input)).await;
            let output = answer.map_err(|error| VaultError(error.to_string()))?.output;
            let parameter = &output["Parameter"];
            let value = parameter["Value"]
                .as_str()
                .ok_or_else(|| VaultError(format!("the parameter `{name}` has no value")))?;
            let secure = parameter["Type"] == "SecureString";
            Ok(Parameter { value: value.to_owned(), secure })
        })
    }

    fn secret<'a>(&'a self, id: &'a SecretId) -> Answer<'a, String> {
        Box::pin(async move {
            self.allowed(&id.id)?;
            let mut input = json!({ "SecretId": id.id });
            if let Some(stage) = &id.version_stage {
                input["VersionStage"] = json!(stage);
            }
            if let Some(version) = &id.version_id {
                input["VersionId"] = json!(version);
            }
            let call = Call::new("secretsmanager", "GetSecretValue", input);
            let answer = self.client().await?.call(call).await;
            let output = answer.map_err(|error| VaultError(error.to_string()))?.output;
            let text = output["SecretString"].as_str().map(str::to_owned);
            text.ok_or_else(|| VaultError(format!("the secret `{}` holds no text", id.id)))
        })
    }
}
