//! CodeBuild and Commands: the artifact unpacked, the build filled in, and what came of it as an outcome.
//!
//! Each start has a work folder of its own, which goes when the start ends. A build works for an environment
//! where a variable `Environment` of its action or project names one; it then gets `AccountNumber` as well. What comes
//! of a build is in `results`, its way to AWS in `credentials`.

use super::artifacts::Content;
use super::vault::Secrets;
use super::{Ended, Job, Shared};
use crate::clock;
use crate::triggers::{BuildSettings, Sandboxing};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trunkline_build::environment::Facts;
use trunkline_build::{Build, BuildResult, Folders, Ports, Sandbox, Secret, Standby};
use trunkline_config::Project;
use trunkline_engine::ArtifactRef;
use trunkline_model::buildspec::{
    ArtifactFiles, Artifacts, BuildProject, Buildspec, ProjectVariable, VariableKind,
};
use trunkline_model::pipeline::OutputArtifact;
use trunkline_model::{Diagnostic, Report};

/// The work folder of one start of an action; removed when it is dropped.
pub(super) struct Work(PathBuf);

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the server starts.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Work {
    /// Makes an empty one.
    pub(super) fn make(shared: &Shared, job: &Job) -> Result<Self, Report> {
        let name = format!("{}-{}", job.run.action_execution, job.run.attempt);
        let work = Self(shared.setting.data.work().join(name));
        let _ = std::fs::remove_dir_all(&work.0);
        work.folder("source")?;
        Ok(work)
    }

    /// A folder in it, which is made.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, Report> {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path)
            .map_err(|error| crate::files::failed(&path.display().to_string(), &error))?;
        Ok(path)
    }

    /// A path in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Has ext4 lay each work folder into another part of the disk. Beside one that was just removed, files are made
/// many times slower where it has no journal: it looks through what was removed for each of them.
pub(super) fn scatter(work: &Path) {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
    // Other file systems refuse this, and do not need it.
    if let Ok(folder) = std::fs::File::open(work)
        && let Ok(flags) = ioctl_getflags(&folder)
        && !flags.contains(IFlags::TOPDIR)
    {
        let _ = ioctl_setflags(&folder, flags | IFlags::TOPDIR);
    }
}

/// Unpacks the input artifacts: the primary one where commands start, the others by their names.
async fn folders(shared: &Arc<Shared>, job: &Job, work: &Work) -> Result<Folders, Report> {
    let primary = job.setting("PrimarySource");
    let first = job.run.inputs.iter().position(|i| primary.is_none_or(|name| i.name == name));
    let mut folders = Folders {
        source: work.path("source"),
        scratch: work.folder("scratch")?,
        ..Folders::default()
    };
    for (number, input) in job.run.inputs.iter().enumerate() {
        let folder = if Some(number) == first {
            folders.source.clone()
        } else {
            let folder = work.folder(&format!("source-{number}"))?;
            folders.secondary.insert(input.name.clone(), folder.clone());
            folder
        };
        unpack(shared, job, input, &folder).await?;
    }
    Ok(folders)
}

/// Unpacks an artifact; one that only refers to a clone becomes that clone.
pub(super) async fn unpack(
    shared: &Arc<Shared>,
    job: &Job,
    input: &ArtifactRef,
    folder: &Path,
) -> Result<(), Report> {
    // Small ones are unpacked sooner than a thread is woken.
    let content = if input.size <= INLINE_BYTES {
        shared.artifacts.unpack(input, folder)?
    } else {
        let (shared, input, folder) = (shared.clone(), input.clone(), folder.to_path_buf());
        let done = tokio::task::spawn_blocking(move || shared.artifacts.unpack(&input, &folder));
        done.await.map_err(|error| {
            Diagnostic::error("TL0902", format!("unpacking broke off: {error}")).report()
        })??
    };
    match content {
        Content::Files(left_out) => {
            let told = |link| format!("not unpacked, as it leads out of the source: {link}");
            shared.say(&job.run.action_execution, left_out.into_iter().map(told));
            Ok(())
        }
        Content::Clone(clone) => {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|error| crate::files::failed(&folder.display().to_string(), &error))?;
            job.unless_stopped(shared.make_clone(folder, &clone)).await
        }
    }
}

const INLINE_BYTES: u64 = 1 << 20;

/// `{Build|Test, AWS, CodeBuild}`.
pub(super) async fn codebuild(shared: Arc<Shared>, job: Job) -> Ended {
    let name = job.required("ProjectName")?;
    let project = (shared.setting.projects)(name).ok_or_else(|| {
        Diagnostic::error("TL0114", format!("there is no build project `{name}`"))
            .help("define it under `projects:` in a file of `pipelines/`")
            .report()
    })?;
    let variables = given(&job)?;
    let work = Work::make(&shared, &job)?;
    let mut folders = folders(&shared, &job, &work).await?;
    // As in CodeBuild, the project says whether the paths of its buildspecs are kept.
    if matches!(project.cache_type.as_deref(), Some("LOCAL" | "S3")) {
        folders.cache = Some(shared.setting.data.cache(&project.name));
    }
    let spec = buildspec(&project, &folders.source)?;
    let mut build = Build::of_buildspec(id(&job), spec, project.clone(), folders);
    build.variables = variables;
    let number = shared.numbers.next(&project.name)?;
    perform(&shared, &job, build, (&project.name, number)).await
}

/// `{Compute, AWS, Commands}`, and the rule of that name.
pub(super) async fn commands(shared: Arc<Shared>, job: Job) -> Ended {
    let work = Work::make(&shared, &job)?;
    let folders = folders(&shared, &job, &work).await?;
    let (commands, outputs) = (job.run.commands.clone(), job.run.output_variables.clone());
    let mut build = Build::of_commands(id(&job), commands, Vec::new(), outputs, folders);
    build.spec.artifacts = declared(&job.run.outputs);
    build.limits.timeout = COMMANDS_TIMEOUT;
    build.variables = job.run.environment.iter().map(variable).collect();
    let name = job.run.pipeline.clone();
    perform(&shared, &job, build, (&name, u64::from(job.run.attempt))).await
}

/// The artifacts of commands, each by the name that it has in the pipeline.
fn declared(outputs: &[OutputArtifact]) -> Option<Artifacts> {
    let set = |output: &OutputArtifact| ArtifactFiles {
        files: output.files.clone(),
        ..ArtifactFiles::default()
    };
    let all: BTreeMap<String, ArtifactFiles> =
        outputs.iter().map(|output| (output.name.clone(), set(output))).collect();
    (!all.is_empty()).then(|| Artifacts { primary: ArtifactFiles::default(), secondary: all })
}

/// What CodePipeline gives an action of this kind.
const COMMANDS_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(55 * 60);

/// The id under which the processes of a start are found.
fn id(job: &Job) -> String {
    format!("{}-{}", job.run.action_execution, job.run.attempt)
}

fn variable(given: &trunkline_model::pipeline::ActionVariable) -> ProjectVariable {
    let kind = match given.kind.as_deref() {
        Some("SECRETS_MANAGER") => VariableKind::SecretsManager,
        _ => VariableKind::Plaintext,
    };
    ProjectVariable { name: given.name.clone(), value: given.value.clone(), kind }
}

/// The variables that the action's configuration gives, as CodePipeline writes them: a JSON array.
fn given(job: &Job) -> Result<Vec<ProjectVariable>, Report> {
    let mut all: Vec<ProjectVariable> = match job.setting("EnvironmentVariables") {
        None => Vec::new(),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            Diagnostic::error("TL0114", "`EnvironmentVariables` cannot be read")
                .because(error.to_string())
                .help("write a JSON array of objects with `name`, `value` and `type`")
                .report()
        })?,
    };
    all.extend(job.run.environment.iter().map(variable));
    Ok(all)
}

/// The buildspec of a project: its text, or a file of the source.
fn buildspec(project: &BuildProject, source: &Path) -> Result<Buildspec, Report> {
    let given = project.buildspec.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let (text, file) = match given {
        Some(text) if text.contains('\n') || text.starts_with('{') => {
            (text.to_owned(), format!("the buildspec of {}", project.name))
        }
        given => {
            let file = given.unwrap_or("buildspec.yml");
            let text = std::fs::read_to_string(source.join(file)).map_err(|error| {
                Diagnostic::error("TL0208", format!("the buildspec cannot be read: {error}"))
                    .in_file(file)
                    .help("CodeBuild looks for it at the root of the source")
                    .report()
            })?;
            (text, file.to_owned())
        }
    };
    Ok(trunkline_config::buildspec::parse(&text, &file)?.spec)
}

/// The environment that a build works for.
fn bound<'a>(
    build: &Build,
    project: Option<&'a Project>,
) -> Option<&'a trunkline_model::Environment> {
    let all = build.variables.iter().chain(&build.project.environment_variables);
    let mut named = all.filter(|v| v.name == "Environment" && v.kind == VariableKind::Plaintext);
    project?.environment(&named.next()?.value).ok()
}

/// Fills in what every build gets, carries it out, and makes an outcome of it.
async fn perform(
    shared: &Arc<Shared>,
    job: &Job,
    mut build: Build,
    (name, number): (&str, u64),
) -> Ended {
    let project = shared.project()?;
    let environment = bound(&build, project.as_ref()).cloned();
    let revision = job.run.inputs.first().and_then(|input| input.revision.clone());
    let region = shared.region(job)?;
    let facts = Facts {
        project: name.to_owned(),
        id: job.run.action_execution.clone(),
        number,
        start: clock::now(),
        initiator: format!("codepipeline/{}", job.run.pipeline),
        partition: region.partition().to_string(),
        account: environment.as_ref().map(|e| e.account.as_str().to_owned()),
        region: Some(region.as_str().to_owned()),
        image: build.project.image.clone(),
        source_version: revision.as_ref().map(|r| r.id.clone()),
        resolved_source_version: revision.as_ref().map(|r| r.id.clone()),
        ..Facts::default()
    };
    build.predefined = facts.predefined();
    build.predefined.insert("CODEPIPELINE_EXECUTION_ID".to_owned(), job.run.execution.clone());
    build.host = shared.host();
    limit(&mut build, &shared.setting.builds)?;
    build.key = shared.artifacts.key().cloned();
    if let Some(environment) = &environment
        && !sets(&build, ACCOUNT)
    {
        build.predefined.insert(ACCOUNT.to_owned(), environment.account.as_str().to_owned());
    }
    let (places, credentials) = shared.granted(job).await?;
    build.predefined.extend(places);
    build.secrets.extend(credentials);
    let secrets = Secrets::new(shared, job, project, environment.map(|e| e.name));
    let result = carry_out(shared, job, &build, &secrets).await?;
    let masker = secrets.masker(&build.secrets);
    shared.outcome(job, build.id, result, revision.as_ref(), masker).await
}

/// The variable that holds the account of the environment that a build works for.
const ACCOUNT: &str = "AccountNumber";

/// Whether somebody gave a build a variable.
fn sets(build: &Build, name: &str) -> bool {
    let given = build.variables.iter().chain(&build.project.environment_variables);
    let env = &build.spec.env;
    let kept = [&env.variables, &env.parameter_store, &env.secrets_manager];
    given.into_iter().any(|variable| variable.name == name)
        || kept.iter().any(|all| all.iter().any(|(own, _)| own == name))
}

/// Gives a build the limits and the sandbox of the server's settings. TL0862: its container would have no image.
fn limit(build: &mut Build, settings: &BuildSettings) -> Result<(), Report> {
    let limits = &mut build.limits;
    limits.processes = settings.processes.unwrap_or(limits.processes);
    limits.memory = settings.memory.map(|mebibytes| mebibytes << 20).or(limits.memory);
    limits.address_space = settings.address_space.map(|mebibytes| mebibytes << 20);
    limits.cpu_seconds = settings.cpu_seconds;
    limits.control_group = settings.control_group.unwrap_or(limits.control_group);
    limits.output = settings.log.map_or(limits.output, |mebibytes| mebibytes << 20);
    limits.grace = settings.grace.map_or(limits.grace, std::time::Duration::from_secs);
    let image = build.project.image.clone().or_else(|| settings.image.clone());
    let container = |engine: &str| {
        let message = "there is no image for the container of the build";
        let help = "name one: `image` in the `environment` of its project, or under `builds` of server.yaml";
        let none = || Diagnostic::error("TL0862", message).help(help).report();
        let image = image.ok_or_else(none)?;
        Ok::<_, Report>(Sandbox::Container { engine: engine.to_owned(), image })
    };
    build.sandbox = match settings.sandbox {
        Sandboxing::None => Sandbox::None,
        Sandboxing::Bubblewrap => Sandbox::Bubblewrap,
        Sandboxing::Docker => container("docker")?,
        Sandboxing::Podman => container("podman")?,
    };
    Ok(())
}

/// Runs a build with the log and the stop signal of its action. It is on record as long as it has processes: who
/// comes after a crash, or drops this, ends what is left of them.
pub(super) async fn carry_out(
    shared: &Shared,
    job: &Job,
    build: &Build,
    vault: &dyn trunkline_build::Vault,
) -> Result<BuildResult, Report> {
    let log = shared.log(&job.run.action_execution)?;
    let standby = shared.waiter.as_ref().map(|waiter| &*waiter.standby);
    let ports = Ports { vault, log: &log, clock: &clock::now, stop: job.stop.clone(), standby };
    let store = &shared.setting.store;
    let unusable = |error: trunkline_store::Error| error.diagnostic(store.path()).report();
    let running = trunkline_store::Running { run: build.id.clone(), at: clock::now() };
    store.process_started(&running).map_err(unusable)?;
    let result = trunkline_build::run(build, ports).await;
    if let Some(waiter) = &shared.waiter {
        waiter.prepare();
    }
    // A record that stays costs the next start one look.
    let _ = store.process_ended(&build.id);
    Ok(result)
}

/// Keeps a process waiting for the next build.
pub(super) struct Waiter {
    standby: Arc<Standby>,
    ended: Arc<AtomicU64>,
}

impl Waiter {
    /// Makes one, where one is wanted.
    pub(super) fn new(setting: &super::Setting) -> Option<Self> {
        let wanted = setting.stands_by && setting.builds.control_group != Some(false);
        let word = crate::commands::stand_by::NAME.into();
        let standby = wanted.then(|| Standby::new(setting.program.clone(), vec![word]));
        let waiter = Self { standby: Arc::new(standby?), ended: Arc::default() };
        waiter.prepare();
        Some(waiter)
    }

    /// Has a process wait, once builds that follow each other are over: for them it comes too late, and would only
    /// be in their way.
    fn prepare(&self) {
        let (standby, ended) = (self.standby.clone(), self.ended.clone());
        let turn = ended.fetch_add(1, Ordering::Relaxed) + 1;
        crate::runtime::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            if ended.load(Ordering::Relaxed) == turn {
                let _ = tokio::task::spawn_blocking(move || standby.prepare()).await;
            }
        });
    }
}

const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

impl Shared {
    /// The program's variables as builds get them: this program is found by its name.
    pub(super) fn host(&self) -> BTreeMap<String, String> {
        let mut host = self.setting.variables.clone();
        let shim = self.shim.get_or_init(|| match self.shim() {
            Ok(folder) => Some(folder),
            // Without links, the program is found where its file has its own name.
            Err(_) => self.setting.program.parent().map(Path::to_path_buf),
        });
        if let Some(folder) = shim {
            let path = host.get("PATH").cloned().unwrap_or_else(|| "/usr/bin:/bin".to_owned());
            host.insert("PATH".to_owned(), format!("{}:{path}", folder.display()));
        }
        host
    }

    /// A folder of the data folder in which this program is called `trunkline`, whatever its file is called.
    fn shim(&self) -> std::io::Result<PathBuf> {
        let folder = self.setting.data.root().join("bin");
        let link = folder.join("trunkline");
        if std::fs::read_link(&link).is_ok_and(|to| to == self.setting.program) {
            return Ok(folder);
        }
        std::fs::create_dir_all(&folder)?;
        let draft = folder.join("trunkline.new");
        let _ = std::fs::remove_file(&draft);
        std::os::unix::fs::symlink(&self.setting.program, &draft)?;
        std::fs::rename(&draft, &link)?;
        Ok(folder)
    }

    /// What a process of this program needs to reach AWS as this one does, and which of it is secret.
    pub(super) fn own_variables(&self) -> (BTreeMap<String, String>, Vec<Secret>) {
        const SECRET: &[&str] =
            &["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];
        let ours = |name: &str| name.starts_with("AWS_") || name == "TRUNKLINE_RATE_SCALE";
        let all = self.setting.variables.iter().filter(|(name, _)| ours(name));
        let all: BTreeMap<String, String> = all.map(|(n, v)| (n.clone(), v.clone())).collect();
        let hidden = all.iter().filter(|(n, v)| SECRET.contains(&n.as_str()) && v.len() >= 4);
        let secret = |(name, value): (&String, &String)| Secret {
            name: name.clone(),
            value: value.clone(),
            variable: false,
        };
        let secrets = hidden.map(secret).collect();
        (all, secrets)
    }
}

/// A zip of a few files, the same bytes each time.
pub(super) fn zip_of(files: &[(&str, &[u8])]) -> Result<Vec<u8>, Report> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut written = || -> Result<(), zip::result::ZipError> {
        for (name, bytes) in files {
            zip.start_file(*name, options)?;
            zip.write_all(bytes)?;
        }
        Ok(())
    };
    let made = written().and_then(|()| zip.finish());
    let bytes = made.map_err(|error| {
        Diagnostic::error("TL0902", format!("the artifact cannot be made: {error}")).report()
    })?;
    Ok(bytes.into_inner())
}
