//! Where builds get parameters and secrets: the parameter store and Secrets Manager of the action's region, and
//! the rule that a secret of an environment is read only by what works for it.

use super::{Job, Shared};
use serde_json::json;
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;
use trunkline_aws::Client;
use trunkline_build::Secret;
use trunkline_build::mask::{Masker, SHORTEST};
use trunkline_build::vault::{Answer, Parameter, SecretId, Vault, VaultError};
use trunkline_center::{Call, Cloud as _};
use trunkline_config::Project;

/// Parameters and secrets, as one action may read them.
pub(super) struct Secrets<'a> {
    shared: &'a Shared,
    job: &'a Job,
    /// The rules; None where the server was started outside of a project.
    project: Option<Project>,
    /// The environment that the action works for.
    environment: Option<String>,
    /// Made when the first value is asked for.
    client: OnceCell<Client>,
    /// What was given, by its name there.
    given: Mutex<Vec<(String, String)>>,
}

impl<'a> Secrets<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        job: &'a Job,
        project: Option<Project>,
        environment: Option<String>,
    ) -> Self {
        let (client, given) = (OnceCell::new(), Mutex::default());
        Self { shared, job, project, environment, client, given }
    }

    /// Masks what the build was given, and what was bound to it.
    pub(super) fn masker(&self, bound: &[Secret]) -> Masker {
        let mut all = self.given.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.extend(bound.iter().map(|s| (s.name.clone(), s.value.clone())));
        all.retain(|(_, value)| value.chars().count() >= SHORTEST);
        // None is too short, which is all that can be refused.
        Masker::new(&all).unwrap_or_default()
    }

    fn gave(&self, name: &str, value: &str) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push((name.to_owned(), value.to_owned()));
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

    /// Where it looks, for messages.
    fn region(&self) -> String {
        self.shared.region(self.job).map(|region| region.as_str().to_owned()).unwrap_or_default()
    }

    async fn client(&self) -> Result<&Client, VaultError> {
        let made = self.client.get_or_try_init(|| self.shared.client(self.job)).await;
        made.map_err(|report| VaultError(report.to_string()))
    }
}

impl Vault for Secrets<'_> {
    fn parameter<'a>(&'a self, name: &'a str) -> Answer<'a, Parameter> {
        Box::pin(async move {
            self.allowed(name)?;
            // The call that CodeBuild makes: a role that serves it there serves it here.
            let input = json!({ "Names": [name], "WithDecryption": true });
            let answer = self.client().await?.call(Call::new("ssm", "GetParameters", input)).await;
            let output = answer.map_err(|error| VaultError(error.to_string()))?.output;
            let parameter = &output["Parameters"][0];
            let value = parameter["Value"].as_str().ok_or_else(|| {
                VaultError(format!("there is no parameter `{name}` in {}", self.region()))
            })?;
            let secure = parameter["Type"] == "SecureString";
            self.gave(name, value);
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
            let answer = answer.map_err(|error| {
                let place = format!("the secret `{}` in {}", id.id, self.region());
                VaultError(format!("{place}: {error}"))
            });
            let output = answer?.output;
            let text = output["SecretString"].as_str().map(str::to_owned);
            let none = || VaultError(format!("the secret `{}` holds no text", id.id));
            let text = text.ok_or_else(none)?;
            self.gave(&id.id, &text);
            // A member is masked whatever it is, and whole.
            if let Ok(member) = id.pick(&text) {
                self.gave(&id.id, &member);
            }
            Ok(text)
        })
    }
}
