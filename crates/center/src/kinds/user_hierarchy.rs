//! The user hierarchy: its levels as one document (`user-hierarchy`), its groups (`hierarchy-group`) by
//! the path of their names. A group cannot move; one with another parent is another group.

use crate::cloud::CallError;
use crate::kind::{Create, Describe, Format, Kind, List, Reading, Rename, Retire, Spec};
use crate::permissions::On;
use crate::plan::{Action, Change, StepsOf};
use crate::read::{self, Reader, Summary, as_map, resource_of, text};
use crate::resource::Resource;
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use trunkline_model::Diagnostic;

/// The kind `user-hierarchy`.
pub(super) struct UserHierarchy;

/// The kind `hierarchy-group`.
pub(super) struct HierarchyGroup;

const LEVELS: &[&str] = &["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];

/// An instance has one structure; its document needs a name.
const STRUCTURE_NAME: &str = "Levels";

const PARENT: &str = "ParentGroupId";

static STRUCTURE: Spec = Spec {
    name: "user-hierarchy",
    folder: "connect/user-hierarchy",
    format: Format::Yaml,
    describe: Some(Describe {
        operation: "DescribeUserHierarchyStructure",
        member: "HierarchyStructure",
    }),
    fields: LEVELS,
    also: &[
        ("connect:DescribeUserHierarchyStructure", On::Instance),
        ("connect:UpdateUserHierarchyStructure", On::Instance),
    ],
    setting: true,
    ..Spec::EMPTY
};

static GROUP: Spec = Spec {
    name: "hierarchy-group",
    folder: "connect/hierarchy-groups",
    format: Format::Yaml,
    arn_word: "agent-group",
    id_member: "HierarchyGroupId",
    within: Some((PARENT, "hierarchy-group")),
    list: Some(List {
        operation: "ListUserHierarchyGroups",
        items: "UserHierarchyGroupSummaryList",
        input: "{}",
        members: ("Id", "Arn", "Name"),
    }),
    describe: Some(Describe { operation: "DescribeUserHierarchyGroup", member: "HierarchyGroup" }),
    create: Some(Create {
        operation: "CreateUserHierarchyGroup",
        fields: &[PARENT],
        made: ("HierarchyGroupId", "HierarchyGroupArn"),
        tags: true,
    }),
    fields: &[PARENT],
    ignored: &["LevelId"],
    ids: &[(&[PARENT], "hierarchy-group")],
    retire: Retire::Tagged,
    delete: Some("DeleteUserHierarchyGroup"),
    also: &[
        ("connect:ListUserHierarchyGroups", On::Instance),
        ("connect:SearchUserHierarchyGroups", On::Instance),
    ],
    rename: Some(Rename { operation: "UpdateUserHierarchyGroupName", with: &[] }),
    ..Spec::EMPTY
};

impl Kind for UserHierarchy {
    fn spec(&self) -> &'static Spec {
        &STRUCTURE
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(async move {
            let output = reader.call("DescribeUserHierarchyStructure", json!({})).await?;
            let body = as_map(output.get("HierarchyStructure").cloned().unwrap_or_default());
            let name = STRUCTURE_NAME.to_owned();
            let summary = Summary::new(String::new(), String::new(), name);
            let resource = resource_of(self, &summary, body);
            // An instance without levels has no structure to speak of.
            Ok(if resource.body.is_empty() { Vec::new() } else { vec![resource] })
        }))
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        for level in LEVELS {
            if let Some(value) = body.get_mut(*level) {
                *value = value.get("Name").cloned().unwrap_or_default();
            }
        }
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let wanted = &change.wanted.body;
        let named = LEVELS.iter().filter_map(|l| Some((*l, wanted.get(*l)?)));
        let levels: Map<String, Value> =
            named.map(|(level, name)| (level.to_owned(), json!({ "Name": name }))).collect();
        let mut input = Map::new();
        input.insert("HierarchyStructure".to_owned(), Value::Object(levels));
        let key = (STRUCTURE.name.to_owned(), STRUCTURE_NAME.to_owned());
        let check = change.live.and_then(|live| crate::plan::check(&STRUCTURE, LEVELS, live));
        let step = steps.connect(Action::Update, "UpdateUserHierarchyStructure", input);
        step.provides = Some(key);
        step.check = check;
    }

    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        if change.wanted.name == STRUCTURE_NAME {
            return Vec::new();
        }
        vec![
            Diagnostic::error("TL0406", "an instance has one user hierarchy")
                .on(change.wanted.subject())
                .help(format!("call it `{STRUCTURE_NAME}`")),
        ]
    }
}

impl Kind for HierarchyGroup {
    fn spec(&self) -> &'static Spec {
        &GROUP
    }

    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        Some(Box::pin(read_groups(self, reader)))
    }

    fn normalise(&self, body: &mut Map<String, Value>) {
        if let Some(path) = body.shift_remove("HierarchyPath") {
            // The path leads to the group itself; the last but one is its parent.
            let groups: Vec<&Value> = LEVELS.iter().filter_map(|l| path.get(*l)).collect();
            if let Some(parent) = groups.iter().rev().nth(1).and_then(|g| g.get("Id")) {
                body.insert(PARENT.to_owned(), parent.clone());
            }
        }
    }

    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        let before = steps.steps.len();
        crate::plan::steps_by_spec(&GROUP, change, steps);
        for step in &mut steps.steps[before..] {
            // A group needs its level.
            step.after.push((STRUCTURE.name.to_owned(), STRUCTURE_NAME.to_owned()));
        }
    }
}

async fn read_groups(kind: &dyn Kind, reader: &Reader<'_>) -> Result<Vec<Resource>, CallError> {
    let (set, found) = futures_util::try_join!(
        reader.pages("ListUserHierarchyGroups", "UserHierarchyGroupSummaryList", json!({})),
        reader.pages(
            "SearchUserHierarchyGroups",
            "UserHierarchyGroups",
            json!({ "MaxResults": 100 })
        ),
    )?;
    let found: BTreeMap<String, Value> = found.into_iter().map(|g| (text(&g, "Id"), g)).collect();
    let groups = set.into_iter().map(|row| {
        let id = text(&row, "Id");
        let known = found.get(&id).filter(|g| {
            !reader.options.recent.contains(&id) && text(g, "Name") == text(&row, "Name")
        });
        async move {
            let body = match known {
                Some(group) => Some(as_map(group.clone())),
                None => read::describe(reader, &GROUP, &id).await?,
            };
            let resource = body.map(|body| {
                let summary = Summary::new(id, text(&row, "Arn"), path_of(&body));
                resource_of(kind, &summary, body)
            });
            Ok(resource)
        }
    });
    Ok(try_join_all(groups).await?.into_iter().flatten().collect())
}

/// The path of names that leads to a group.
fn path_of(body: &Map<String, Value>) -> String {
    let path = body.get("HierarchyPath");
    let names = LEVELS.iter().filter_map(|l| path?.get(*l)?.get("Name")?.as_str());
    let path = names.fold(None, |outer: Option<String>, own| {
        Some(GROUP.name_within(outer.as_deref().map(|o| (GROUP.name, o)), own))
    });
    path.unwrap_or_default()
}
