//! S3: buckets, which are global, and whole objects, with their versions where a bucket keeps them. Delete markers,
//! multipart uploads, policies and ACLs are deliberately absent; only the account that owns a bucket may touch it.

use crate::request::{Output, Request, text};
use crate::service::{Context, Failure};
use crate::text::{encode, sha256};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trunkline_model::{AccountId, Region};

/// Every bucket by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Clone, Debug)]
struct Bucket {
    /// None for a bucket of the service itself, readable by URL only.
    owner: Option<AccountId>,
    region: Region,
    created: Timestamp,
    objects: BTreeMap<String, Object>,
    /// Whether new objects get a version.
    versioned: bool,
    /// Every version of every key that was put while they were kept; the newest is last.
    versions: BTreeMap<String, Vec<Object>>,
}

#[derive(Clone, Debug)]
struct Object {
    bytes: Vec<u8>,
    etag: String,
    modified: Timestamp,
    /// Empty where the bucket kept no versions when it was put.
    version: String,
    /// ContentType, ContentEncoding, CacheControl, ContentDisposition and Metadata as they were put.
    headers: Value,
}

/// Members of PutObject that GetObject gives back.
const KEPT: [&str; 5] =
    ["ContentType", "ContentEncoding", "CacheControl", "ContentDisposition", "Metadata"];

impl State {
    /// The bytes of an object that this account may read.
    pub(crate) fn object(&self, account: &AccountId, bucket: &str, key: &str) -> Option<&[u8]> {
        let bucket = self.buckets.get(bucket)?;
        let readable = bucket.owner.as_ref().is_none_or(|o| o == account);
        bucket.objects.get(key).filter(|_| readable).map(|o| o.bytes.as_slice())
    }

    /// Whether the bucket exists, whoever owns it.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }

    /// Keeps an object in a bucket of the service itself.
    pub(crate) fn keep(
        &mut self,
        bucket: &str,
        key: &str,
        bytes: &[u8],
        context: (&Region, Timestamp),
    ) {
        let (region, now) = context;
        let bucket = self.buckets.entry(bucket.to_owned()).or_insert_with(|| Bucket {
            owner: None,
            region: region.clone(),
            created: now,
            objects: BTreeMap::new(),
            versioned: false,
            versions: BTreeMap::new(),
        });
        let headers = json!({"ContentType": "application/octet-stream"});
        bucket.objects.insert(key.to_owned(), Object::new(bytes.to_vec(), now, headers));
    }
}

impl Object {
    fn new(bytes: Vec<u8>, modified: Timestamp, headers: Value) -> Self {
        // An ETag is opaque; the service's own is no MD5 either wherever an object is encrypted.
        let etag = format!("\"{}\"", &sha256(&bytes)[..32]);
        Self { bytes, etag, modified, version: String::new(), headers }
    }
}

/// Answers one operation.
pub(crate) fn call(
    request: &Request,
    state: &mut State,
    context: &mut Context<'_>,
) -> Result<Output, Failure> {
    match request.operation.as_str() {
        "CreateBucket" => create(request, state, context),
        "HeadBucket" => head_bucket(request, state),
        "ListBuckets" => Ok(list_buckets(request, state).into()),
        "DeleteBucket" => delete_bucket(request, state),
        "PutObject" => put(request, state, context),
        "GetObject" | "HeadObject" => get(request, state),
        "DeleteObject" => delete_object(request, state),
        "PutBucketVersioning" => put_versioning(request, state),
        "GetBucketVersioning" => get_versioning(request, state),
        "ListObjectsV2" => list_objects(request, state).map(Output::from),
        other => Err(Failure::new(
            "NotImplemented",
            501,
            format!("the lab does not implement s3.{other}"),
        )),
    }
}

fn create(request: &Request, state: &mut State, context: &Context<'_>) -> Result<Output, Failure> {
    let name = text(&request.input, "Bucket");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if !(3..=63).contains(&name.len()) || !name.chars().all(fits) {
        return Err(Failure::new("InvalidBucketName", 400, "The specified bucket is not valid."));
    }
    if let Some(bucket) = state.buckets.get(name) {
        let mine = bucket.owner.as_ref() == Some(&request.account);
        return Err(if mine {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            Failure::new("BucketAlreadyOwnedByYou", 409, message)
        } else {
            let message = "The requested bucket name is not available.";
            Failure::new("BucketAlreadyExists", 409, message)
        });
    }
    let bucket = Bucket {
        owner: Some(request.account.clone()),
        region: request.region.clone(),
        created: context.now,
        objects: BTreeMap::new(),
        versioned: false,
        versions: BTreeMap::new(),
    };
    state.buckets.insert(name.to_owned(), bucket);
    Ok(json!({"Location": format!("/{name}")}).into())
}

fn head_bucket(request: &Request, state: &State) -> Result<Output, Failure> {
    let bucket = bucket(request, state)?;
    Ok(json!({"BucketRegion": bucket.region.as_str()}).into())
}

fn list_buckets(request: &Request, state: &State) -> Value {
    let prefix = text(&request.input, "Prefix");
    let mine = state.buckets.iter().filter(|(name, bucket)| {
        bucket.owner.as_ref() == Some(&request.account) && name.starts_with(prefix)
    });
    let buckets: Vec<Value> = mine
        .map(|(name, bucket)| json!({"Name": name, "CreationDate": xml_time(bucket.created)}))
        .collect();
    json!({"Buckets": buckets, "Owner": {"ID": sha256(request.account.as_str().as_bytes())}})
}

fn delete_bucket(request: &Request, state: &mut State) -> Result<Output, Failure> {
    if !bucket(request, state)?.objects.is_empty() {
        let message = "The bucket you tried to delete is not empty";
        return Err(Failure::new("BucketNotEmpty", 409, message));
    }
    state.buckets.remove(text(&request.input, "Bucket"));
    Ok(Output::default())
}

fn put(request: &Request, state: &mut State, context: &mut Context<'_>) -> Result<Output, Failure> {
    let key = text(&request.input, "Key");
    let bucket = bucket_mut(request, state)?;
    let there = bucket.objects.get(key).map(|o| o.etag.as_str());
    conditions(&request.input, there)?;
    let mut headers = json!({});
    for member in KEPT {
        if let Some(value) = request.input.get(member) {
            headers[member] = value.clone();
        }
    }
    if headers.get("ContentEncoding").is_some_and(|e| e == "aws-chunked") {
        headers["ContentEncoding"] = Value::Null;
    }
    let mut object = Object::new(request.body.clone(), context.now, headers);
    let mut answer = json!({"ETag": object.etag});
    if bucket.versioned {
        object.version = context.ids.letters(32);
        answer["VersionId"] = json!(object.version);
        bucket.versions.entry(key.to_owned()).or_default().push(object.clone());
    }
    bucket.objects.insert(key.to_owned(), object);
    Ok(answer.into())
}

/// If-Match and If-None-Match of a write.
fn conditions(input: &Value, there: Option<&str>) -> Result<(), Failure> {
    let failed = |condition: &str| {
        let message = "At least one of the pre-conditions you specified did not hold";
        Err(Failure::new("PreconditionFailed", 412, message).with("Condition", json!(condition)))
    };
    match (input.get("IfMatch").and_then(Value::as_str), there) {
        (Some(_), None) => return Err(no_such_key()),
        (Some(wanted), Some(etag)) if !same_etag(wanted, etag) => return failed("If-Match"),
        _ => {}
    }
    match (input.get("IfNoneMatch").and_then(Value::as_str), there) {
        (Some("*"), Some(_)) => failed("If-None-Match"),
        (Some(wanted), Some(etag)) if same_etag(wanted, etag) => failed("If-None-Match"),
        _ => Ok(()),
    }
}

fn same_etag(one: &str, other: &str) -> bool {
    one.trim_matches('"') == other.trim_matches('"')
}

fn get(request: &Request, state: &State) -> Result<Output, Failure> {
    let object = wanted(request, bucket(request, state)?)?;
    let input = &request.input;
    if input.get("IfMatch").and_then(Value::as_str).is_some_and(|w| !same_etag(w, &object.etag)) {
        return conditions(&json!({"IfMatch": input["IfMatch"]}), Some(&object.etag))
            .map(|()| Output::default());
    }
    let mut members = object.headers.clone();
    members["ETag"] = json!(object.etag);
    if !object.version.is_empty() {
        members["VersionId"] = json!(object.version);
    }
    members["LastModified"] =
        json!(object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    members["AcceptRanges"] = json!("bytes");
    if let Some(kind) = input.get("ResponseContentType") {
        members["ContentType"] = kind.clone();
    }
    if input.get("IfNoneMatch").and_then(Value::as_str).is_some_and(|w| same_etag(w, &object.etag))
    {
        return Ok(Output { members, body: Some(Vec::new()), status: Some(304) });
    }
    let (bytes, status) = match ranged(text(input, "Range"), object.bytes.len())? {
        Some((from, to)) => {
            members["ContentRange"] =
                json!(format!("bytes {from}-{}/{}", to - 1, object.bytes.len()));
            (object.bytes[from..to].to_vec(), Some(206))
        }
        None => (object.bytes.clone(), None),
    };
    members["ContentLength"] = json!(bytes.len());
    Ok(Output { members, body: Some(bytes), status })
}

/// The object that a read means: the newest, or the version that it names.
fn wanted<'a>(request: &Request, bucket: &'a Bucket) -> Result<&'a Object, Failure> {
    let (key, version) = (text(&request.input, "Key"), text(&request.input, "VersionId"));
    if version.is_empty() {
        return bucket.objects.get(key).ok_or_else(no_such_key);
    }
    let mut all = bucket.versions.get(key).into_iter().flatten();
    all.find(|object| object.version == version)
        .ok_or_else(|| Failure::new("NoSuchVersion", 404, "The specified version does not exist."))
}

fn put_versioning(request: &Request, state: &mut State) -> Result<Output, Failure> {
    // Over HTTP it is an element of the body.
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let element = || Some(body.split_once("<Status>")?.1.split_once("</Status>")?.0.to_owned());
    let status = text(&request.input["VersioningConfiguration"], "Status").to_owned();
    let status = Some(status).filter(|s| !s.is_empty()).or_else(element).unwrap_or_default();
    if !matches!(status.as_str(), "Enabled" | "Suspended") {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Failure::new("MalformedXML", 400, message));
    }
    bucket_mut(request, state)?.versioned = status == "Enabled";
    Ok(Output::default())
}

fn get_versioning(request: &Request, state: &State) -> Result<Output, Failure> {
    let bucket = bucket(request, state)?;
    Ok(match (bucket.versioned, bucket.versions.is_empty()) {
        (true, _) => json!({"Status": "Enabled"}).into(),
        (false, false) => json!({"Status": "Suspended"}).into(),
        (false, true) => Output::default(),
    })
}

/// The bytes that one `bytes=FROM-TO` range means; several ranges, or another form, mean the whole.
fn ranged(range: &str, length: usize) -> Result<Option<(usize, usize)>, Failure> {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Ok(None);
    };
    let (from, to): (Option<usize>, Option<usize>) = (from.parse().ok(), to.parse().ok());
    let (from, to) = match (from, to) {
        (Some(from), to) => (from, to.map_or(length, |t| t.saturating_add(1).min(length))),
        (None, Some(last)) => (length.saturating_sub(last), length),
        (None, None) => return Ok(None),
    };
    if from >= to {
        return Err(Failure::new("InvalidRange", 416, "The requested range is not satisfiable"));
    }
    Ok(Some((from, to)))
}

fn delete_object(request: &Request, state: &mut State) -> Result<Output, Failure> {
    let key = text(&request.input, "Key");
    let bucket = bucket_mut(request, state)?;
    let there = bucket.objects.get(key).map(|o| o.etag.as_str());
    conditions(&request.input, there)?;
    bucket.objects.remove(key);
    Ok(Output::default())
}

fn list_objects(request: &Request, state: &State) -> Result<Value, Failure> {
    let bucket = bucket(request, state)?;
    let input = &request.input;
    let (prefix, delimiter) = (text(input, "Prefix"), text(input, "Delimiter"));
    let after = text(input, "ContinuationToken").to_owned();
    let after = if after.is_empty() { text(input, "StartAfter").to_owned() } else { after };
    let most = input.get("MaxKeys").and_then(Value::as_u64).map_or(1000, |m| m.min(1000));
    let most = usize::try_from(most).unwrap_or(1000);
    let url = text(input, "EncodingType") == "url";
    let name = |key: &str| if url { encode(key.as_bytes(), b"/") } else { key.to_owned() };
    let (mut contents, mut prefixes, mut last) = (Vec::new(), Vec::<String>::new(), String::new());
    let mut truncated = false;
    for (key, object) in bucket.objects.iter().filter(|(k, _)| k.starts_with(prefix)) {
        let cut = key[prefix.len()..].find(delimiter).filter(|_| !delimiter.is_empty());
        let entry = cut.map_or(key.as_str(), |at| &key[..prefix.len() + at + delimiter.len()]);
        if entry <= after.as_str() && !after.is_empty()
            || prefixes.last().is_some_and(|p| p == entry)
        {
            continue;
        }
        if contents.len() + prefixes.len() >= most {
            truncated = true;
            break;
        }
        entry.clone_into(&mut last);
        if cut.is_some() {
            prefixes.push(entry.to_owned());
        } else {
            contents.push(json!({
                "Key": name(key),
                "LastModified": xml_time(object.modified),
                "ETag": object.etag,
                "Size": object.bytes.len(),
                "StorageClass": "STANDARD",
            }));
        }
    }
    let count = contents.len() + prefixes.len();
    let prefixes: Vec<Value> = prefixes.iter().map(|p| json!({"Prefix": name(p)})).collect();
    let mut answer = json!({
        "Name": text(input, "Bucket"),
        "Prefix": name(prefix),
        "MaxKeys": most,
        "KeyCount": count,
        "IsTruncated": truncated,
        "Contents": contents,
        "CommonPrefixes": prefixes,
    });
    for (member, value) in
        [("Delimiter", name(delimiter)), ("StartAfter", name(text(input, "StartAfter")))]
    {
        if !value.is_empty() {
            answer[member] = json!(value);
        }
    }
    for member in ["ContinuationToken", "EncodingType"] {
        if let Some(value) = input.get(member) {
            answer[member] = value.clone();
        }
    }
    if truncated {
        answer["NextContinuationToken"] = json!(last);
    }
    Ok(answer)
}

fn xml_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn bucket<'a>(request: &Request, state: &'a State) -> Result<&'a Bucket, Failure> {
    let name = text(&request.input, "Bucket");
    let reading = matches!(request.operation.as_str(), "GetObject" | "HeadObject");
    let bucket = state.buckets.get(name).ok_or_else(no_such_bucket)?;
    match &bucket.owner {
        Some(owner) if *owner == request.account => Ok(bucket),
        None if reading => Ok(bucket),
        _ => Err(Failure::new("AccessDenied", 403, "Access Denied")),
    }
}

fn bucket_mut<'a>(request: &Request, state: &'a mut State) -> Result<&'a mut Bucket, Failure> {
    bucket(request, state)?;
    state.buckets.get_mut(text(&request.input, "Bucket")).ok_or_else(no_such_bucket)
}

fn no_such_bucket() -> Failure {
    Failure::new("NoSuchBucket", 404, "The specified bucket does not exist")
}

fn no_such_key() -> Failure {
    Failure::new("NoSuchKey", 404, "The specified key does not exist.")
}
