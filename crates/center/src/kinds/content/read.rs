//! Reading what can be drafted: content from Search where it returns it, drafts where they are asked for.

use super::Draftable;
use crate::cloud::CallError;
use crate::kind::Kind;
use crate::read::{Reader, Summary, as_map, is_empty, json_of, resource_of, text};
use crate::resource::Resource;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Describes under way at once; the rate buckets decide the rest.
const DESCRIBES_AT_ONCE: usize = 16;

/// Reads all: content from Search where it returns it, else one Describe each; drafts where asked for.
pub(in crate::kinds) async fn read(
    kind: &dyn Kind,
    draftable: &Draftable,
    reader: &Reader<'_>,
) -> Result<Vec<Resource>, CallError> {
    let spec = draftable.spec;
    let Some(list) = &spec.list else { return Ok(Vec::new()) };
    let (set, found) = futures_util::try_join!(
        reader.pages(list.operation, list.items, json_of(list.input)),
        search(draftable, reader)
    )?;
    let (id, arn, name) = list.members;
    stream::iter(set.into_iter().map(|row| {
        let summary = Summary::new(text(&row, id), text(&row, arn), text(&row, name));
        let saved = text(&row, draftable.status_of_summary).eq_ignore_ascii_case("saved");
        let known = found.get(&summary.id).filter(|b| {
            !saved
                && !reader.options.recent.contains(&summary.id)
                && b.get("Name").and_then(Value::as_str) == Some(&summary.name)
        });
        let known = known.cloned();
        async move {
            let body = match known {
                Some(body) => Some(body),
                None => describe_one(draftable, reader, &summary.id, saved).await?,
            };
            let Some(body) = body else { return Ok(None) };
            let mut resource = resource_of(kind, &summary, body);
            resource.retired = resource.body.get("state") == Some(&json!("archived"));
            if reader.options.drafts {
                read_draft(kind, draftable, reader, &mut resource).await?;
            }
            Ok(Some(resource))
        }
    }))
    .buffer_unordered(DESCRIBES_AT_ONCE)
    .try_filter_map(|found| async move { Ok(found) })
    .try_collect()
    .await
}

async fn search(
    draftable: &Draftable,
    reader: &Reader<'_>,
) -> Result<BTreeMap<String, Map<String, Value>>, CallError> {
    let mut found = BTreeMap::new();
    let Some(search) =
        draftable.spec.search.as_ref().filter(|_| reader.options.search_returns_content)
    else {
        return Ok(found);
    };
    let input = json!({ "MaxResults": search.page });
    for row in reader.pages(search.operation, search.items, input).await? {
        // Whether Search returns the content is a belief; a row without it is described.
        if row.get("Content").is_some_and(|c| !is_empty(c)) {
            found.insert(text(&row, "Id"), as_map(row));
        }
    }
    Ok(found)
}

async fn describe_one(
    draftable: &Draftable,
    reader: &Reader<'_>,
    id: &str,
    saved: bool,
) -> Result<Option<Map<String, Value>>, CallError> {
    let draft = format!("{id}:$SAVED");
    let first =
        crate::read::describe(reader, draftable.spec, if saved { &draft } else { id }).await;
    let body = match first {
        Err(error) if error.is(draftable.not_published) => {
            crate::read::describe(reader, draftable.spec, &draft).await?
        }
        other => other?,
    };
    Ok(body.map(|mut body| {
        if saved {
            body.insert("Status".to_owned(), json!("SAVED"));
        }
        body
    }))
}

/// Reads what is saved beside what is published, where it differs.
pub(in crate::kinds) async fn read_draft(
    kind: &dyn Kind,
    draftable: &Draftable,
    reader: &Reader<'_>,
    resource: &mut Resource,
) -> Result<(), CallError> {
    if resource.body.get("status") == Some(&json!("saved")) || resource.draft.is_some() {
        return Ok(());
    }
    let content = |body: &Map<String, Value>| -> Map<String, Value> {
        let chosen = draftable.content_members.iter();
        chosen.filter_map(|m| Some(((*m).to_owned(), body.get(*m)?.clone()))).collect()
    };
    let draft = format!("{}:$SAVED", resource.id);
    let Some(mut saved) = crate::read::describe(reader, draftable.spec, &draft).await? else {
        return Ok(());
    };
    kind.normalise(&mut saved);
    if content(&saved) == content(&resource.body) {
        return Ok(());
    }
    // Either there is a draft, or the published content is newer than what Search knew of it.
    if let Some(mut published) = crate::read::describe(reader, draftable.spec, &resource.id).await?
    {
        kind.normalise(&mut published);
        for member in draftable.content_members {
            match published.shift_remove(*member) {
                Some(value) => resource.body.insert((*member).to_owned(), value),
                None => resource.body.shift_remove(*member),
            };
        }
    }
    if content(&saved) != content(&resource.body) {
        resource.draft = Some(content(&saved));
    }
    Ok(())
}
