//! A hub in this process: for `serve`, or for one command where no server runs.

use super::backend::Backend;
use super::folder::DataFolder;
use super::hub::{Hub, Parts};
use crate::actions;
use crate::context::{App, Located};
use crate::mirrors::Mirrors;
use crate::notices::Notices;
use crate::printer::write_err;
use crate::render::printable;
use crate::triggers::{BuildSettings, ServerSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use trunkline_model::Report;
use trunkline_model::pipeline::Action;
use trunkline_web::{Answer, Boxed, Query};

/// How long a command waits at its end for receivers of events that work.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the hub. Nothing runs before it is asked for a pipeline. One that stands by has a process wait for the next build.
pub(crate) fn open(
    app: &App,
    located: &Located,
    folder: &DataFolder,
    parts: Parts<'_>,
    builds: BuildSettings,
    mirrors: Arc<Mirrors>,
    stands_by: bool,
) -> Result<Arc<Hub>, Report> {
    let profile = app.global.profile.clone();
    let root = located.root.clone();
    Ok(Hub::new(parts, actions::of_hub(root, folder.clone(), profile, builds, mirrors, stands_by)))
}

/// The hub of one command. Events are told while it runs; what could not be told waits in the folder.
pub(crate) struct Embedded {
    hub: Arc<Hub>,
    notices: Arc<Notices>,
    mirrors: Arc<Mirrors>,
    delivery: tokio::task::JoinHandle<()>,
    quiet: bool,
}

impl Embedded {
    /// Takes the folder. TL0880 to TL0884, TL0893.
    pub(crate) fn open(
        app: &App,
        located: &Located,
        folder: &DataFolder,
        command: &str,
    ) -> Result<Self, Report> {
        let (lock, store) = folder.take(command)?;
        let settings = ServerSettings::read(folder.root())?;
        let notices =
            Notices::new(&settings.notify, folder.root()).map_err(|r| settings.placed(r))?;
        let parts = Parts {
            folder: folder.clone(),
            lock,
            store,
            project: &located.root,
            settings: settings.engine,
            notify: notices.clone(),
            token: String::new(),
        };
        let mirrors = Mirrors::of(located, folder, settings.git.limits());
        let hub = open(app, located, folder, parts, settings.builds, mirrors.clone(), false)?;
        let delivery = crate::runtime::spawn(notices.clone().deliver(hub.store().clone(), |_| {}));
        Ok(Self { hub, notices, mirrors, delivery, quiet: app.printer.is_quiet() })
    }
}

impl Backend for Embedded {
    fn ask(&self, query: Query, wait: Duration) -> Boxed<'_, Result<Answer, Report>> {
        self.hub.ask(query, wait)
    }

    fn goes_on(&self) -> bool {
        false
    }

    fn carry_on<'a>(&'a self, pipeline: &'a str) -> Boxed<'a, Result<(), Report>> {
        self.hub.carry_on(pipeline)
    }

    fn take_in<'a>(
        &'a self,
        action: &'a Action,
        from: &'a Path,
        commit: &'a str,
    ) -> Boxed<'a, Result<(), Report>> {
        let connection = action.configuration.get("ConnectionArn").map(String::as_str);
        let repository = crate::triggers::repository_of(action);
        let place = repository.and_then(|name| self.mirrors.place(name, connection.into_iter()));
        Box::pin(async move {
            match place {
                Some(place) => self.mirrors.take_in(&place, from, commit).await,
                None => Ok(()),
            }
        })
    }

    fn close(&self) -> Boxed<'_, ()> {
        Box::pin(async {
            self.hub.shutdown().await;
            for problem in self.notices.settle(PATIENCE).await {
                let why = problem.notes.first().map(String::as_str).unwrap_or_default();
                let line = format!("warning[{}]: {}: {why}", problem.code, problem.message);
                if !self.quiet {
                    write_err(&format!("{}\n", printable(&line)));
                }
            }
            self.delivery.abort();
        })
    }
}
