//! Reading an instance: bulk first. List gives the set, Search the contents, Describe what Search
//! lacks or may not know yet. Kinds read side by side; each operation waits in its own rate bucket.

use crate::cloud::{Answer, Call, CallError, CallErrorKind, Cloud};
use crate::kind::{Format, Kind, List, Listed, Search, Spec};
use crate::resource::{Instance, Resource};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many calls of one kind are under way at once; the rate buckets decide the rest.
const CALLS_AT_ONCE: usize = 16;
/// More pages than any instance has; ends a service that pages in a circle.
const PAGES_AT_MOST: usize = 10_000;

/// What is read, and how.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Read the draft of every flow and module, not only of those without published content.
    pub drafts: bool,
    /// Ids that this project wrote within the search lag: described, whatever Search says.
    pub recent: BTreeSet<String>,
    /// Kinds to read beside the usual ones: `user`.
    pub include: BTreeSet<String>,
    /// Belief: Search returns the contents of flows and modules.
    pub search_returns_content: bool,
}

/// Reads from one instance.
pub struct Reader<'a> {
    /// AWS.
    pub cloud: &'a dyn Cloud,
    /// The instance.
    pub instance: &'a Instance,
    /// What is read, and how.
    pub options: &'a ReadOptions,
}

impl Reader<'_> {
    /// Calls a Connect operation on the instance.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, CallError> {
        let mut input = as_map(input);
        input.insert("InstanceId".to_owned(), json!(self.instance.id));
        let call = Call::new("connect", operation, Value::Object(input));
        Ok(self.cloud.call(call).await?.output)
    }

    /// Reads all pages of a List operation of Connect.
    pub async fn pages(
        &self,
        operation: &str,
        items: &str,
        input: Value,
    ) -> Result<Vec<Value>, CallError> {
        let mut input = as_map(input);
        input.insert("InstanceId".to_owned(), json!(self.instance.id));
        pages(self.cloud, "connect", operation, items, Value::Object(input), "NextToken").await
    }
}

/// Reads all pages of an operation; `token` is the member that carries on from page to page.
pub async fn pages(
    cloud: &dyn Cloud,
    service: &str,
    operation: &str,
    items: &str,
    input: Value,
    token: &str,
) -> Result<Vec<Value>, CallError> {
    let mut input = as_map(input);
    let mut all = Vec::new();
    for _ in 0..PAGES_AT_MOST {
        let call = Call::new(service, operation, Value::Object(input.clone()));
        let mut output = cloud.call(call).await?.output;
        if let Some(Value::Array(page)) = output.get_mut(items).map(Value::take) {
            all.extend(page);
        }
        match output.get(token).and_then(Value::as_str) {
            Some(next) if !next.is_empty() => {
                let name = if service == "lambda" { "Marker" } else { token };
                input.insert(name.to_owned(), json!(next));
            }
            _ => return Ok(all),
        }
    }
    Err(malformed(&format!("{service}.{operation}"), "its pages do not end"))
}

/// Reads every resource of a kind, by its own way or by its data.
pub(crate) async fn kind(
    kind: &'static dyn Kind,
    reader: &Reader<'_>,
) -> Result<Vec<Resource>, CallError> {
    let mut resources = match kind.read(reader) {
        Some(reading) => reading.await?,
        None => by_spec(kind, reader).await?,
    };
    complete(kind, reader, &mut resources).await?;
    resources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(resources)
}

async fn complete(
    kind: &'static dyn Kind,
    reader: &Reader<'_>,
    resources: &mut [Resource],
) -> Result<(), CallError> {
    let mut work: FuturesUnordered<BoxFuture<'_, Result<(), CallError>>> = FuturesUnordered::new();
    for resource in resources {
        if work.len() >= CALLS_AT_ONCE {
            work.next().await.transpose()?;
        }
        work.push(Box::pin(async move {
            listed(kind, reader, resource).await?;
            kind.complete(reader, resource).await
        }));
    }
    while let Some(done) = work.next().await {
        done?;
    }
    Ok(())
}

/// Reads the fields of a resource that have List operations of their own.
async fn listed(
    kind: &'static dyn Kind,
    reader: &Reader<'_>,
    resource: &mut Resource,
) -> Result<(), CallError> {
    let spec = kind.spec();
    let input = json!({ spec.id_member: resource.id });
    let lists = spec.listed.iter().map(|listed| {
        let rows = reader.pages(listed.operation, listed.items, input.clone());
        async move { Ok::<_, CallError>((listed, rows.await?)) }
    });
    for (listed, rows) in futures_util::future::try_join_all(lists).await? {
        let value = listed_value(kind, listed, &rows);
        resource.body.extend(value.map(|v| (listed.field.to_owned(), v)));
    }
    Ok(())
}

/// The field that rows of its List operation make; None without rows.
pub(crate) fn listed_value(kind: &dyn Kind, listed: &Listed, rows: &[Value]) -> Option<Value> {
    let mut body = Map::new();
    let rows: Vec<Value> = rows.iter().map(listed.row).collect();
    body.insert(listed.field.to_owned(), Value::Array(rows));
    kind.canonical(&mut body);
    body.shift_remove(listed.field).filter(|v| !is_empty(v))
}

/// Lists, searches and describes by the kind's data.
async fn by_spec(kind: &'static dyn Kind, reader: &Reader<'_>) -> Result<Vec<Resource>, CallError> {
    let spec = kind.spec();
    let Some(list) = &spec.list else { return Ok(Vec::new()) };
    let found = async {
        match &spec.search {
            Some(search) => search_all(reader, search, spec).await,
            None => Ok(BTreeMap::new()),
        }
    };
    let (set, found) = futures_util::join!(list_all(reader, list), found);
    let (set, mut found) = (set?, found?);
    let resources = stream::iter(set.into_iter().map(|summary| {
        let body = found.remove(&summary.id);
        let known = body.filter(|b| {
            !reader.options.recent.contains(&summary.id)
                && b.get(spec.name_member).and_then(Value::as_str) == Some(&summary.name)
                && !summary.is_newer_than(b)
        });
        async move {
            let body = match known {
                Some(body) => body,
                None => match describe(reader, spec, &summary.id).await? {
                    Some(body) => body,
                    // Deleted between List and Describe.
                    None => return Ok(None),
                },
            };
            Ok(Some(resource_of(kind, &summary, body)))
        }
    }))
    .buffer_unordered(CALLS_AT_ONCE)
    .collect::<Vec<Result<Option<Resource>, CallError>>>()
    .await;
    resources.into_iter().filter_map(Result::transpose).collect()
}

/// One row of a List answer.
pub struct Summary {
    /// The id; the name where the kind has no ids.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The name.
    pub name: String,
    /// When the resource was last modified, in seconds since 1970; None where the row does not say.
    pub modified: Option<f64>,
}

impl Summary {
    /// A row that says nothing but what a resource is.
    pub fn new(id: String, arn: String, name: String) -> Self {
        Self { id, arn, name, modified: None }
    }

    /// Whether the resource changed after Search's index saw it. The two tell times with different precision.
    fn is_newer_than(&self, found: &Map<String, Value>) -> bool {
        let seen = found.get("LastModifiedTime").and_then(Value::as_f64);
        matches!((self.modified, seen), (Some(modified), Some(seen)) if modified >= seen + 1.0)
    }
}

/// Lists the set.
pub async fn list_all(reader: &Reader<'_>, list: &List) -> Result<Vec<Summary>, CallError> {
    let rows = reader.pages(list.operation, list.items, json_of(list.input)).await?;
    let (id, arn, name) = list.members;
    Ok(rows
        .iter()
        .map(|r| Summary {
            modified: r.get("LastModifiedTime").and_then(Value::as_f64),
            ..Summary::new(text(r, id), text(r, arn), text(r, name))
        })
        .collect())
}

async fn search_all(
    reader: &Reader<'_>,
    search: &Search,
    spec: &Spec,
) -> Result<BTreeMap<String, Map<String, Value>>, CallError> {
    let mut input = as_map(json_of(search.input));
    input.insert("MaxResults".to_owned(), json!(search.page));
    let rows = reader.pages(search.operation, search.items, Value::Object(input)).await?;
    Ok(rows
        .into_iter()
        .map(as_map)
        .filter_map(|row| {
            let key = [spec.id_member, "Id"].iter().find_map(|m| row.get(*m)?.as_str());
            let key = key.or_else(|| row.get(spec.name_member)?.as_str())?.to_owned();
            Some((key, row))
        })
        .collect())
}

/// Describes one resource; None where it does not exist.
pub(crate) async fn describe(
    reader: &Reader<'_>,
    spec: &Spec,
    id: &str,
) -> Result<Option<Map<String, Value>>, CallError> {
    let Some(describe) = &spec.describe else { return Ok(None) };
    match reader.call(describe.operation, json!({ spec.id_member: id })).await {
        Ok(mut output) => {
            let body = if describe.member.is_empty() {
                output
            } else {
                output.get_mut(describe.member).map(Value::take).unwrap_or_default()
            };
            Ok(Some(as_map(body)))
        }
        Err(error) if error.is("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a read before a write. Where the answer tells where a file is, the file is read as well, and its name put
/// beside it under the field of the document.
pub(crate) async fn before_write(
    cloud: &dyn Cloud,
    spec: Option<&Spec>,
    call: Call,
) -> Result<Answer, CallError> {
    let told = spec.and_then(|s| Some((s, s.download?, s.attachment?)));
    let told = told.filter(|(_, (operation, _), _)| *operation == call.operation);
    let mut answer = cloud.call(call).await?;
    if let Some((spec, _, field)) = told {
        let bytes = download(cloud, spec, &answer.output).await?;
        answer.output[field] = json!(crate::document::attachment_name(&bytes));
    }
    Ok(answer)
}

/// Downloads the attachment whose place an answer tells.
pub(crate) async fn download(
    cloud: &dyn Cloud,
    spec: &Spec,
    told: &Value,
) -> Result<Vec<u8>, CallError> {
    let (_, member) = spec.download.unwrap_or_default();
    cloud.fetch(&text(told, member)).await
}

/// Makes a resource out of an answer: normalised, managed fields only, the rest noted.
pub fn resource_of(kind: &dyn Kind, summary: &Summary, mut body: Map<String, Value>) -> Resource {
    let spec = kind.spec();
    let mut resource = Resource::new(spec.name, &summary.name, &summary.id, &summary.arn);
    if let Some(Value::Object(tags)) = body.remove("Tags") {
        resource.tags =
            tags.into_iter().filter_map(|(k, v)| Some((k, v.as_str()?.to_owned()))).collect();
    }
    kind.normalise(&mut body);
    for field in spec.fields {
        // An empty layout is not the same content as none.
        let kept = |v: &Value| !is_empty(v) || v.is_object() && spec.format == Format::Json;
        if let Some(value) = body.shift_remove(*field).filter(kept) {
            resource.body.insert((*field).to_owned(), value);
        }
    }
    let known = |f: &str| f == spec.name_member || spec.ignored.contains(&f) || is_bookkeeping(f);
    resource.unmanaged = body.keys().filter(|f| !known(f)).cloned().collect();
    resource
}

/// Fields that answers carry about a resource and that are no settings of it.
fn is_bookkeeping(field: &str) -> bool {
    field == "Id"
        || field == "Arn"
        || field == "InstanceId"
        || field.starts_with("LastModified")
        || field == "IsDefault"
}

/// Tells whether a value says nothing: null, an empty text, list or object.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns a text member; empty where it is absent.
pub fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns the object; empty where the value is none.
pub fn as_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Parses input that stands in a kind's table; the tables are tested.
pub(crate) fn json_of(table: &str) -> Value {
    serde_json::from_str(table).unwrap_or_default()
}

pub(crate) fn malformed(operation: &str, message: &str) -> CallError {
    CallError {
        kind: CallErrorKind::Malformed,
        operation: operation.to_owned(),
        code: "Malformed".to_owned(),
        message: message.to_owned(),
        status: None,
        request_id: None,
        document: Value::Null,
    }
}
