use super::*;
use std::path::PathBuf;
use std::sync::Mutex;
use trunkline_engine::Log as _;
use trunkline_engine::ports::{Batch, Notice};
use trunkline_store::Access;

/// A data folder, and receivers of its store's events.
struct Scene {
    folder: tempfile::TempDir,
    store: Arc<Store>,
    notices: Arc<Notices>,
    said: Arc<Mutex<Vec<Diagnostic>>>,
}

fn to_file(name: &str) -> triggers::Receiver {
    triggers::Receiver { file: Some(PathBuf::from(name)), ..triggers::Receiver::default() }
}

fn to_command(words: &[&str]) -> triggers::Receiver {
    let command = Some(words.iter().map(|w| (*w).to_owned()).collect());
    triggers::Receiver { command, ..triggers::Receiver::default() }
}

impl Scene {
    fn new(receivers: &[triggers::Receiver]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store =
            Store::open(&folder.path().join("trunkline.db"), Access::Write).expect("a store");
        let notices = Notices::new(receivers, folder.path()).expect("no secret is missing");
        Self { folder, store: Arc::new(store), notices, said: Arc::default() }
    }

    /// The same folder for another process.
    fn again(self, receivers: &[triggers::Receiver]) -> Self {
        let notices = Notices::new(receivers, self.folder.path()).expect("no secret is missing");
        Self { notices, ..self }
    }

    fn event(&self, seq: u64) {
        let notice = Notice { seq, body: format!("{{\"n\":{seq}}}") };
        let batch = Batch { after: 0, events: &[], rows: &[], notices: &[notice] };
        self.store.append(&format!("p{seq}"), &batch).expect("it is written");
        self.notices.wake();
    }

    fn begin(&self) -> tokio::task::JoinHandle<()> {
        let said = self.said.clone();
        let talk = move |d: &Diagnostic| said.lock().expect("nobody broke off").push(d.clone());
        tokio::spawn(self.notices.clone().deliver(self.store.clone(), talk))
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Each event is on the disk before the next one, and the disk may be busy.
const LIMIT: Duration = Duration::from_secs(300);

#[tokio::test]
async fn each_receiver_is_told_all_in_order_and_one_that_fails_holds_up_nobody() {
    let scene = Scene::new(&[to_file("all.jsonl"), to_command(&["false"])]);
    let task = scene.begin();
    for seq in 1..=250 {
        scene.event(seq);
    }
    let failing = scene.notices.settle(LIMIT).await;
    let expected: Vec<String> = (1..=250).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(scene.lines("all.jsonl"), expected);
    assert_eq!(failing.len(), 1);
    assert!(failing[0].message.contains("the command false"), "{}", failing[0].message);
    assert_eq!(scene.store.notices_after(0, 999).unwrap().len(), 250, "they wait for the other");
    assert!(!scene.said.lock().unwrap().is_empty());
    task.abort();
}

#[tokio::test]
async fn what_a_process_left_is_told_by_the_next_and_then_forgotten() {
    let scene = Scene::new(&[to_file("out/all.jsonl")]);
    let task = scene.begin();
    scene.event(1);
    assert_eq!(scene.notices.settle(LIMIT).await.len(), 1, "its folder is not there");
    task.abort();
    let _ = task.await;
    scene.event(2);
    std::fs::create_dir(scene.folder.path().join("out")).unwrap();
    // What a crash left of a line does not spoil the next.
    std::fs::write(scene.folder.path().join("out/all.jsonl"), "{\"n\":").unwrap();
    let scene = scene.again(&[to_file("out/all.jsonl")]);
    let task = scene.begin();
    assert!(scene.notices.settle(LIMIT).await.is_empty());
    assert_eq!(scene.lines("out/all.jsonl"), ["{\"n\":", "{\"n\":1}", "{\"n\":2}"]);
    assert!(scene.store.notices_after(0, 9).unwrap().is_empty());
    task.abort();
}

#[tokio::test]
async fn a_command_gets_each_event_on_its_standard_input() {
    let scene = Scene::new(&[]);
    let out = scene.folder.path().join("seen").display().to_string();
    let script = format!("cat >> {out}");
    let scene = scene.again(&[to_command(&["sh", "-c", &script])]);
    let task = scene.begin();
    (1..=2).for_each(|seq| scene.event(seq));
    assert!(scene.notices.settle(LIMIT).await.is_empty());
    assert_eq!(scene.lines("seen"), ["{\"n\":1}", "{\"n\":2}"]);
    task.abort();
}

#[tokio::test]
async fn what_waits_for_nobody_is_forgotten_and_secret_addresses_are_not_shown() {
    let hook = triggers::Receiver {
        webhook: Some("http://user:pass@127.0.0.1:9/services/SECRETPATH?token=SECRET".into()),
        ..triggers::Receiver::default()
    };
    let scene = Scene::new(&[hook]);
    let task = scene.begin();
    scene.event(1);
    let failing = scene.notices.settle(LIMIT).await;
    let said = format!("{failing:?}");
    assert!(said.contains("http://127.0.0.1:9"), "{said}");
    assert!(!said.contains("SECRET") && !said.contains("pass"), "{said}");
    task.abort();
    let _ = task.await;
    let scene = scene.again(&[]);
    scene.begin().await.unwrap();
    assert!(scene.store.notices_after(0, 9).unwrap().is_empty());
}
