//! Prompts and their audio. The audio lies beside the document as a file; it reaches Connect through a
//! bucket of the target's account, because CreatePrompt takes nothing but the place of an S3 object.

use crate::cloud::CallError;
use crate::kind::{Create, Describe, Format, Kind, List, Rename, Retire, Search, Spec};
use crate::permissions::On;
use crate::plan::{Action, Change, StepCall, StepsOf, checks, made, tag_changes, tags_to_set};
use crate::read::Reader;
use crate::resource::Resource;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use trunkline_flow::reference::escape;
use trunkline_model::Diagnostic;

/// The kind `prompt`.
pub(super) struct Prompt;

const AUDIO: &str = "Audio";

/// Where audio passes through the bucket.
const STAGED_IN: &str = "trunkline/prompts/";

/// The kind under which the ordering knows audio that is on its way; no reference can have it.
const STAGED: &str = "(staged)";

static SPEC: Spec = Spec {
    name: "prompt",
    folder: "connect/prompts",
    format: Format::Yaml,
    arn_word: "prompt",
    id_member: "PromptId",
    list: Some(List {
        operation: "ListPrompts",
        items: "PromptSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    search: Some(Search { operation: "SearchPrompts", items: "Prompts", page: 100, input: "{}" }),
    describe: Some(Describe { operation: "DescribePrompt", member: "Prompt" }),
    create: Some(Create {
        operation: "CreatePrompt",
        fields: &["Description"],
        made: ("PromptId", "PromptARN"),
        tags: true,
    }),
    fields: &["Description", AUDIO],
    keeps: &["Description"],
    ignored: &["PromptId", "PromptARN"],
    attachment: Some(AUDIO),
    download: Some(("GetPromptFile", "PromptPresignedUrl")),
    retire: Retire::Tagged,
    delete: Some("DeletePrompt"),
    also: &[
        ("connect:GetPromptFile", On::Instance),
        ("connect:UpdatePrompt", On::Instance),
        ("s3:PutObject", On::Staged),
        ("s3:GetObject", On::Staged),
    ],
    rename: Some(Rename { operation: "UpdatePrompt", with: &["Description"] }),
    ..Spec::EMPTY
};

impl Kind for Prompt {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        // What was sent says by its place which audio it was.
        if let Some(Value::String(uri)) = body.shift_remove("S3Uri")
            && let Some((_, file)) = uri.split_once(STAGED_IN)
        {
            let name = format!("sha256:{}", file.trim_end_matches(".wav"));
            body.insert(AUDIO.to_owned(), json!(name));
        }
    }

    fn complete<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let file = reader.call("GetPromptFile", json!({ "PromptId": resource.id })).await?;
            let bytes = crate::read::download(reader.cloud, &SPEC, &file).await?;
            let name = crate::document::attachment_name(&bytes);
            resource.body.insert(AUDIO.to_owned(), json!(name));
            resource.attachments.insert(name, bytes);
            Ok(())
        })
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let subject = change.wanted.subject();
        if !change.differs(AUDIO) {
            return Vec::new();
        }
        let problem = if !change.wanted.body.contains_key(AUDIO) {
            Diagnostic::error("TL0406", "a prompt cannot be without audio")
                .help("put the file beside the document and name it as `Audio`")
        } else if change.options.staging_bucket.is_none() {
            Diagnostic::error("TL0408", "its audio needs a bucket to pass through")
                .because("Connect reads a prompt's audio from S3")
                .help("set the environment's `staging_bucket` in trunkline.yaml to a bucket of its account")
        } else {
            return Vec::new();
        };
        vec![problem.on(subject)]
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let uri = if change.differs(AUDIO) { stage(change, steps) } else { None };
        let staged = uri.as_ref().map(|_| (STAGED.to_owned(), steps.name.to_owned()));
        let (body, before) = (&change.wanted.body, steps.steps.len());
        let mut input = Map::new();
        if let Some(description) = body.get("Description") {
            input.insert("Description".to_owned(), description.clone());
        }
        if let Some(uri) = uri {
            input.insert("S3Uri".to_owned(), json!(uri));
        }
        match (change.live, &SPEC.create) {
            (None, Some(create)) => {
                input.insert("Name".to_owned(), json!(steps.own_name()));
                input.insert("Tags".to_owned(), tags_to_set(&SPEC, body, change));
                made(steps, &SPEC, create, input);
            }
            (Some(live), _) => {
                if change.differs("Description") || staged.is_some() {
                    input.insert("PromptId".to_owned(), json!(steps.own_id()));
                    // Without a place of its own in the call, the audio stays whatever it is.
                    let fields: &[&str] =
                        if staged.is_some() { &["Description", AUDIO] } else { &["Description"] };
                    let step = steps.connect(Action::Update, "UpdatePrompt", input);
                    (step.check, step.lists) = checks(&SPEC, fields, live);
                }
                tag_changes(&SPEC, change, steps);
            }
            (None, None) => {}
        }
        if let Some(step) = steps.steps.get_mut(before) {
            step.after.extend(staged);
        }
    }
}

/// Adds the step that puts the audio into the bucket; returns where it is then.
fn stage(change: &Change<'_>, steps: &mut StepsOf<'_>) -> Option<String> {
    let name = change.wanted.body.get(AUDIO)?.as_str()?;
    let bucket = escape(change.options.staging_bucket.as_ref()?);
    // Named by its bytes: sent twice, it is the same object.
    let key = format!("{STAGED_IN}{}.wav", name.trim_start_matches("sha256:"));
    let uri = format!("s3://{bucket}/{key}");
    let step = steps.step(
        Action::Update,
        StepCall {
            service: "s3".to_owned(),
            operation: "PutObject".to_owned(),
            input: json!({ "Bucket": bucket, "Key": key }),
            attachment: Some(name.to_owned()),
        },
    );
    step.provides = Some((STAGED.to_owned(), step.name.clone()));
    Some(uri)
}
