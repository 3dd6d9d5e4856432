//! `trunkline serve`: hosts repositories, takes webhooks and runs pipelines, until Ctrl-C.
//!
//! Only wiring: the data folder and its pipelines are `pipelines`, what starts them `triggers`, what is answered over
//! HTTP the crate `web`. `ports` joins these; `tokens` are the commands about tokens.

mod ports;
mod tokens;

use super::Outcome;
use crate::context::{App, Located};
use crate::exit::Exit;
use crate::mirrors::Mirrors;
use crate::notices::Notices;
use crate::pipelines::folder::{DataFolder, ServerInfo};
use crate::pipelines::hub::{Hub, Parts};
use crate::triggers::queue::{self, Queue};
use crate::triggers::{Cause, Found, ServerSettings, Triggers};
use crate::{clock, runtime};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use trunkline_aws::Aws;
use trunkline_model::{Diagnostic, Report};
use trunkline_web::Ports;

/// Minutes between polls where nothing else is said.
const POLL: f64 = 5.0;
/// For how long deliveries of webhooks are remembered.
const REMEMBERED: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: trunkline serve --port 8470, then git push http://127.0.0.1:8470/git/NAME.git main\n\
    (the password is a token of `trunkline serve token add NAME`)"
)]
pub(crate) struct Arguments {
    /// Keep everything in this folder (default: .trunkline/serve beside trunkline.yaml)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes a free one and prints it
    #[arg(long, default_value_t = 8470)]
    port: u16,
    /// Compare the heads of branches every so many minutes (default: 5)
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=1440))]
    poll: Option<u64>,
    /// Serve the project of this folder
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make, list or remove tokens for git
    #[command(subcommand)]
    Token(tokens::Command),
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Outcome {
    if let Some(Command::Token(command)) = &arguments.command {
        return tokens::run(command, app);
    }
    // Relative to where the command was given, not to the project.
    let data =
        arguments.data.as_ref().map(|d| std::path::absolute(d).unwrap_or_else(|_| d.clone()));
    if let Some(project) = &arguments.project {
        std::env::set_current_dir(project).map_err(|error| {
            cannot_start(&format!("cannot go to the folder {}: {error}", project.display()))
        })?;
    }
    let located = app.project()?;
    let folder = DataFolder::of(&located.root, data.as_deref());
    let settings = ServerSettings::read(folder.root())?;
    let git = ports::git()?;
    runtime::block_on(async {
        let server = Server::begin(app, &located, folder, settings, arguments.poll)?;
        let listener = listen(arguments.port).await?;
        server.run(app, listener, git).await?;
        Ok(Exit::Done)
    })
}

async fn listen(port: u16) -> Result<TcpListener, Report> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        Diagnostic::error("TL0890", format!("cannot listen on 127.0.0.1:{port}: {error}"))
            .help("`--port 0` takes a free port")
            .report()
    })
}

/// A server with everything but its listener.
struct Server {
    folder: DataFolder,
    hub: Arc<Hub>,
    triggers: Arc<Triggers>,
    settings: ServerSettings,
    notices: Arc<Notices>,
    hooks: ports::Hooks,
    token: String,
    poll: Duration,
}

impl Server {
    fn begin(
        app: &App,
        located: &Located,
        folder: DataFolder,
        settings: ServerSettings,
        poll: Option<u64>,
    ) -> Result<Arc<Self>, Report> {
        let (lock, store) = folder.take("serve").map_err(|report| with_address(report, &folder))?;
        let token = tokens::random();
        let notices =
            Notices::new(&settings.notify, folder.root()).map_err(|r| settings.placed(r))?;
        let builds = settings.builds.clone();
        let parts = Parts {
            folder: folder.clone(),
            lock,
            store,
            project: &located.root,
            settings: settings.engine.clone(),
            notify: notices.clone(),
            token: token.clone(),
        };
        let mirrors = Mirrors::of(located, &folder, settings.git.limits());
        let of_actions = mirrors.clone();
        let hub = crate::pipelines::embedded::open(
            app, located, &folder, parts, builds, of_actions, true,
        )?;
        let starter = Arc::new(ports::HubStarter::new(hub.clone(), located));
        let store = hub.store().clone();
        let triggers = Triggers::new(mirrors, &settings, starter, store, clock::now);
        let hooks = ports::Hooks::of(&settings)?;
        let minutes = poll.map(|minutes| minutes as f64).or(settings.poll).unwrap_or(POLL);
        let poll = Duration::from_secs_f64(60.0 * minutes);
        Ok(Arc::new(Self {
            folder,
            hub,
            triggers: Arc::new(triggers),
            settings,
            notices,
            hooks,
            token,
            poll,
        }))
    }

    /// Answers until it is asked to end.
    async fn run(
        self: &Arc<Self>,
        app: &App,
        listener: TcpListener,
        git: trunkline_web::Git,
    ) -> Result<(), Report> {
        let address = listener.local_addr().map_err(|error| cannot_start(&error.to_string()))?;
        // Heard from now on, so that a signal during the start is not lost.
        let stop = crate::runtime::spawn(super::lab::stop());
        let queues = !self.settings.queues.is_empty();
        let aws = queues.then(|| crate::connect::aws(app)).transpose()?;
        self.hub.keep_stored().await?;
        for name in self.triggers.hosted() {
            self.triggers.ensure_hosted(&name).await?;
        }
        let ports = Ports {
            repositories: Arc::new(ports::Hosting::new(
                self.triggers.clone(),
                &self.folder,
                &self.token,
                app,
            )),
            webhooks: Arc::new(ports::Incomings::new(
                self.triggers.clone(),
                self.hub.clone(),
                self.hooks.clone(),
                app,
            )),
            pipelines: self.hub.clone(),
            git: Arc::new(git),
            hosts: self.settings.hosts.clone().into(),
            version: env!("CARGO_PKG_VERSION"),
        };
        self.hub.recover().await?;
        self.folder.announce(&ServerInfo {
            version: 1,
            url: format!("http://{address}"),
            token: self.token.clone(),
            pid: std::process::id(),
            started: clock::stamp(),
        })?;
        self.banner(address, app);
        let talk = ports::Talk::of(app);
        let store = self.hub.store().clone();
        let mut background = vec![
            crate::runtime::spawn(self.clone().keep_polling(talk)),
            crate::runtime::spawn(self.clone().keep_time(talk)),
            crate::runtime::spawn(self.clone().hear_pushes(talk)),
            crate::runtime::spawn(
                self.notices.clone().deliver(store, move |problem| talk.problem(problem)),
            ),
        ];
        background.extend(aws.iter().flat_map(|aws| self.hear_queues(aws, talk)));
        let stop = async {
            // That the task ends otherwise is a reason to end as well.
            let _ = stop.await;
        };
        trunkline_web::serve(listener, ports, stop).await;
        for task in background {
            task.abort();
        }
        self.hub.shutdown().await;
        self.folder.retract();
        app.printer.say(
            "The server has ended. Actions that were under way count as interrupted: the next server, or \
             `trunkline pipeline run`, begins them again.",
        );
        Ok(())
    }

    /// Compares heads at once and then at every poll, so that no push is lost whoever failed to tell of it.
    async fn keep_polling(self: Arc<Self>, talk: ports::Talk) {
        let mut ticks = tokio::time::interval(self.poll);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // The banner has told of those that were there at the start.
        let mut told = self.hub.definitions().found.clone();
        let mut looking = tokio::task::JoinSet::new();
        loop {
            ticks.tick().await;
            let found = self.hub.reload().found.clone();
            for problem in found.iter().filter(|problem| !told.contains(problem)) {
                talk.problem(problem);
            }
            told = found;
            if let Err(report) = self.hub.define_all().await {
                talk.report(&report);
            }
            // Each by itself: one whose remote hangs keeps none from being looked at, now or at the next poll.
            while looking.try_join_next().is_some() {}
            for name in self.triggers.repositories() {
                let triggers = self.triggers.clone();
                if !triggers.is_looked_at(&name) {
                    looking.spawn(async move {
                        talk.looked(triggers.look(&name, Cause::Poll, &[]).await);
                        talk.looked(triggers.finish_pulls(&name).await);
                        if let Err(report) = triggers.pack(&name).await {
                            talk.report(&report);
                        }
                    });
                }
            }
            if let Ok(before) = clock::now().checked_sub(REMEMBERED) {
                // What stays longer than it has to does no harm.
                let _ = self.hub.store().forget_deliveries(before);
            }
        }
    }

    /// Reads the queues, each in a task of its own.
    fn hear_queues(&self, aws: &Aws, talk: ports::Talk) -> Vec<JoinHandle<()>> {
        let hear = |queue: &Queue| {
            let say = Box::new(move |looked| talk.looked(looked));
            queue::listen(queue.clone(), aws.clone(), self.triggers.clone(), say)
        };
        self.settings.queues.iter().map(|queue| crate::runtime::spawn(hear(queue))).collect()
    }

    /// Looks at repositories that actions of this server pushed to.
    async fn hear_pushes(self: Arc<Self>, talk: ports::Talk) {
        let mut pushes = self.hub.pushes();
        while let Some(name) = pushes.recv().await {
            talk.looked(self.triggers.look(&name, Cause::Push, &[]).await);
        }
    }

    /// Starts what is due by the clock. Looks at least once a minute, as a clock may be set; also after pipelines
    /// that a log that failed has ended.
    async fn keep_time(self: Arc<Self>, talk: ports::Talk) {
        loop {
            let (failed, reopened) = self.hub.reopen().await;
            talk.report(&failed);
            for name in reopened {
                talk.line(&format!("{name} goes on: its log can be used again"));
            }
            let mut found = Found::default();
            let next = self.triggers.run_schedules(&self.settings.schedules, &mut found).await;
            let next = next.unwrap_or_else(|report| {
                talk.report(&report);
                None
            });
            talk.looked(Ok(found));
            let wait = next.map_or(Duration::MAX, |next| {
                Duration::try_from(next.duration_since(clock::now())).unwrap_or_default()
            });
            tokio::time::sleep(wait.clamp(Duration::from_millis(10), Duration::from_secs(60)))
                .await;
        }
    }

    fn banner(&self, address: SocketAddr, app: &App) {
        let url = format!("http://{address}");
        if app.printer.is_json() {
            app.printer.json(
                "server",
                &json!({ "url": url, "port": address.port(), "data": self.folder.root() }),
            );
        } else {
            app.printer.result(&url);
        }
        let say = |line: &str| app.printer.say(line);
        say(&format!("Trunkline serves pipelines at {url}"));
        say(&format!("  data: {}", self.folder.root().display()));
        for name in self.triggers.hosted() {
            say(&format!("  clone: git clone {url}/git/{name}.git"));
        }
        say("  the password for git is a token: `trunkline serve token add NAME` makes one");
        say(&format!("  to push: git push {url}/git/NAME.git BRANCH"));
        for (name, webhook) in &self.settings.webhooks {
            say(&format!("  webhook: {url}/webhooks/{}/{name}", webhook.provider));
        }
        for queue in &self.settings.queues {
            say(&format!("  queue: {queue}"));
        }
        for problem in &self.hub.definitions().found {
            app.printer.warnings(std::slice::from_ref(problem));
        }
        say("  Ctrl-C ends it.");
    }
}

/// Adds the address of the server that has the folder.
fn with_address(mut report: Report, folder: &DataFolder) -> Report {
    if let (Some(first), Some(server)) = (report.0.first_mut(), folder.server())
        && first.code == "TL0883"
    {
        first.notes.push(format!("it listens on {} (process {})", server.url, server.pid));
    }
    report
}

/// TL0890.
fn cannot_start(reason: &str) -> Report {
    Diagnostic::error("TL0890", format!("the server cannot start: {reason}")).report()
}
