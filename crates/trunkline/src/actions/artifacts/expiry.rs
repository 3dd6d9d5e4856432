//! Removes artifacts that no execution needs any more, as `artifactDays` under `builds` of server.yaml says.
//!
//! Needed are those of executions that have not ended, or not for that long, and those that a rollback goes to: of the
//! last executions that succeeded in a stage. A server looks when it starts and once a day. Deliberately absent: logs
//! and the history of executions, which stay.

use super::super::Shared;
use super::{ArtifactFolder, held};
use crate::clock;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use trunkline_engine::ports::Query;
use trunkline_engine::{Log as _, Millis};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Executions that are read at once.
const AT_ONCE: usize = 200;
/// Of a stage, what is there now and what was there before.
const GOOD: usize = 2;

/// Removes what is too old, now and from day to day, where a server is told to.
pub(in crate::actions) fn keep_clearing(shared: &Arc<Shared>) {
    let Some(days) = shared.setting.builds.artifact_days.filter(|_| shared.setting.stands_by)
    else {
        return;
    };
    let kept = DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX));
    let kept = Millis::try_from(kept.as_millis()).unwrap_or(Millis::MAX);
    let weak = Arc::downgrade(shared);
    crate::runtime::spawn(async move {
        while let Some(shared) = weak.upgrade() {
            let before = clock::now().as_millisecond().saturating_sub(kept);
            let _ = tokio::task::spawn_blocking(move || shared.clear(before)).await;
            tokio::time::sleep(DAY).await;
        }
    });
}

impl Shared {
    /// Removes the artifacts that nobody has needed since a time. None where that cannot be told: all stay.
    fn clear(self: &Arc<Self>, before: Millis) -> Option<()> {
        let old = self.artifacts.old(before);
        if !old.is_empty() {
            let needed = self.needed(before)?;
            let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into();
            for path in old.iter().filter(|path| !needed.contains::<String>(&name(path))) {
                self.artifacts.remove(path, before);
            }
        }
        Some(())
    }

    /// The ids of artifacts that executions may still ask for.
    fn needed(self: &Arc<Self>, before: Millis) -> Option<BTreeSet<String>> {
        let store = &self.setting.store;
        let mut needed = BTreeSet::new();
        for pipeline in store.pipelines().ok()? {
            let mut good: BTreeMap<String, usize> = BTreeMap::new();
            let mut last = None;
            loop {
                // Newest first.
                let query = Query { limit: AT_ONCE, before: last, unfinished: false };
                let rows = store.executions(&pipeline, &query).ok()?;
                for row in &rows {
                    let mut wanted = !row.status.ended() || row.updated_at >= before;
                    if row.rollback_target.is_none() {
                        for stage in &row.succeeded_stages {
                            let count = good.entry(stage.clone()).or_default();
                            *count += 1;
                            wanted |= *count <= GOOD;
                        }
                    }
                    for id in [Some(&row.id), row.rollback_target.as_ref()].into_iter().flatten() {
                        if wanted {
                            let texts = store.texts(&pipeline, id).ok()?;
                            needed.extend(texts.iter().flat_map(|text| ids(text)));
                        }
                    }
                }
                // Nobody else has it: the server ends, and shall not wait for this.
                if Arc::strong_count(self) == 1 {
                    return None;
                }
                last = rows.last().map(|row| row.id.clone());
                if last.is_none() {
                    break;
                }
            }
        }
        Some(needed)
    }
}

/// All that can be the id of an artifact in a text.
fn ids(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit());
    words.filter(|word| word.len() == 64).map(str::to_owned)
}

impl ArtifactFolder {
    /// The files that nobody has made or taken since a time.
    fn old(&self, before: Millis) -> Vec<PathBuf> {
        let all = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        all.map(|entry| entry.path()).filter(|path| is_old(path, before)).collect()
    }

    /// Removes a file, unless somebody has taken it meanwhile.
    fn remove(&self, path: &Path, before: Millis) {
        let _one = held(&self.doubted);
        if is_old(path, before) {
            let _ = fs::remove_file(path);
        }
    }
}

fn is_old(path: &Path, before: Millis) -> bool {
    let changed = fs::metadata(path).and_then(|meta| meta.modified());
    let since = changed.ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.is_some_and(|since| Millis::try_from(since.as_millis()).is_ok_and(|at| at < before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::tests::carrier;
    use serde_json::json;
    use trunkline_engine::ports::Batch;
    use trunkline_engine::{ActionOutcome, ArtifactRef, Event, ExecutionRow, Recorded};

    /// Adds an execution with the artifact of that text.
    fn execution(shared: &Shared, id: &str, row: serde_json::Value, artifact: &ArtifactRef) {
        let mut whole = json!({
            "id": id, "status": "Failed", "startedAt": 1, "updatedAt": 1, "version": 1, "mode": "SUPERSEDED",
            "trigger": { "kind": "StartPipelineExecution", "detail": "ann" },
        });
        whole.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        let row: ExecutionRow = serde_json::from_value(whole).unwrap();
        let after = shared.setting.store.last_event("main").unwrap();
        let outcome =
            ActionOutcome { artifacts: vec![artifact.clone()], ..ActionOutcome::default() };
        let event = Event::ActionEnded {
            execution: id.to_owned(),
            stage: "Source".to_owned(),
            action_execution: id.to_owned(),
            outcome: Box::new(outcome),
            by: None,
        };
        let events = [Recorded { seq: after + 1, at: 1, event }];
        let batch = Batch { after, events: &events, rows: &[row], notices: &[] };
        shared.setting.store.append("main", &batch).unwrap();
    }

    #[tokio::test]
    async fn artifacts_go_once_no_execution_can_need_them() {
        let home = tempfile::tempdir().unwrap();
        let shared = carrier(home.path()).0;
        let now = clock::now().as_millisecond();
        let mut all = BTreeMap::new();
        for (id, row, stays) in [
            // Newest last.
            ("gone", json!({}), false),
            ("goal", json!({}), true),
            ("old", json!({ "status": "Succeeded", "succeededStages": ["Deploy"] }), false),
            ("before", json!({ "status": "Succeeded", "succeededStages": ["Deploy"] }), true),
            ("there", json!({ "status": "Succeeded", "succeededStages": ["Deploy"] }), true),
            ("waits", json!({ "status": "InProgress" }), true),
            ("back", json!({ "status": "InProgress", "rollbackTarget": "goal" }), true),
            ("recent", json!({ "updatedAt": now }), true),
            ("taken", json!({}), true),
        ] {
            let (name, revision) = (id.to_owned(), None);
            let (sum, size) = shared.artifacts.put(id.as_bytes().to_vec()).await.unwrap();
            let path = shared.artifacts.path(&sum, super::super::ZIP);
            fs::File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH + DAY).unwrap();
            let artifact = ArtifactRef { name, id: sum, size, revision };
            execution(&shared, id, row, &artifact);
            all.insert(id, (artifact, path, stays));
        }
        let (taken, ..) = &all["taken"];
        assert!(shared.artifacts.has(&taken.id, taken.size), "a source wants it again");
        // Left by who was killed while it wrote.
        let draft = home.path().join(".trunkline/serve/artifacts/.7-1.new");
        fs::write(&draft, "torn").unwrap();
        fs::File::open(&draft).unwrap().set_modified(SystemTime::UNIX_EPOCH + DAY).unwrap();

        let _server = shared.clone();
        shared.clear(now - 1000).unwrap();
        for (id, (_, path, stays)) in &all {
            assert_eq!(path.exists(), *stays, "{id}");
        }
        assert!(!draft.exists());
        let (gone, ..) = &all["gone"];
        assert!(!shared.artifacts.has(&gone.id, gone.size), "a source makes it again");
        let refused = shared.artifacts.unpack(gone, &home.path().join("into")).unwrap_err();
        assert_eq!(refused.0[0].code, "TL0719");
        assert!(refused.0[0].notes[0].contains("`artifactDays`"), "{refused:?}");
    }
}
