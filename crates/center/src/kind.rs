//! What a kind is. A kind states its operations, identity, references, fields and order as data
//! ([`Spec`]); what the tables cannot say it overrides in [`Kind`]. One file in `kinds/` a kind.

use crate::bindings::Bindings;
use crate::cloud::CallError;
use crate::document::Document;
use crate::ownership::Ownership;
use crate::permissions::On;
use crate::plan::{Change, StepsOf};
use crate::read::Reader;
use crate::resource::{Names, Resource};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use trunkline_flow::reference::Reference;
use trunkline_model::Diagnostic;

/// The resources of a kind, being read.
pub type Reading<'a> = BoxFuture<'a, Result<Vec<Resource>, CallError>>;

/// A kind's name as it stands in references: `queue`, `hours`, `flow` ...
pub type KindName = &'static str;

/// How documents of a kind are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One YAML file a resource, fields by AWS's names.
    Yaml,
    /// One JSON file a resource (flows, modules, views).
    Json,
}

/// A List operation: gives the set of resources; not delayed.
pub struct List {
    /// `ListQueues`.
    pub operation: &'static str,
    /// The member with the summaries.
    pub items: &'static str,
    /// Further input as JSON, or empty.
    pub input: &'static str,
    /// Members of a summary: id, ARN, name.
    pub members: (&'static str, &'static str, &'static str),
}

/// A Search operation: gives contents in bulk from an index that lags.
pub struct Search {
    /// `SearchQueues`.
    pub operation: &'static str,
    /// The member with the resources, in the shape that Describe gives.
    pub items: &'static str,
    /// The most that one page holds.
    pub page: u32,
    /// Further input as JSON, or empty.
    pub input: &'static str,
}

/// A Describe operation: one resource, not delayed.
pub struct Describe {
    /// `DescribeQueue`.
    pub operation: &'static str,
    /// The member of the answer that holds the resource.
    pub member: &'static str,
}

/// A Create operation.
pub struct Create {
    /// `CreateQueue`.
    pub operation: &'static str,
    /// Fields that go into the call, by the document's names.
    pub fields: &'static [&'static str],
    /// Members of the answer: id, ARN.
    pub made: (&'static str, &'static str),
    /// Whether the call takes `Tags`.
    pub tags: bool,
}

/// An Update operation for some of the fields; all of them are sent when one differs.
pub struct Update {
    /// `UpdateQueueHoursOfOperation`.
    pub operation: &'static str,
    /// Fields that go into the call, by the document's names.
    pub fields: &'static [&'static str],
    /// Whether the call takes the resource's name as well.
    pub name: bool,
}

/// The call that gives a resource another name.
pub struct Rename {
    /// `UpdateQueueName`.
    pub operation: &'static str,
    /// Fields that the call would take for changed if they were left out; sent as they are.
    pub with: &'static [&'static str],
}

/// A set that is kept by associate and disassociate calls, some members at a time.
pub struct Members {
    /// The document's field: a list.
    pub field: &'static str,
    /// Adds members: operation, input member.
    pub associate: (&'static str, &'static str),
    /// Takes members away: operation, input member.
    pub disassociate: (&'static str, &'static str),
    /// Changes members that have attributes beside their key: operation, input member.
    pub update: Option<(&'static str, &'static str)>,
    /// The most members of one call.
    pub batch: usize,
    /// The part of a member that identifies it; the whole member where it is a text.
    pub key: fn(&Value) -> Value,
}

/// A List operation that gives a field of one resource which Search and Describe lack.
pub struct Listed {
    /// The document's field: a list.
    pub field: &'static str,
    /// `ListQueueQuickConnects`.
    pub operation: &'static str,
    /// The member with the rows.
    pub items: &'static str,
    /// The member of the field that a row stands for.
    pub row: fn(&Value) -> Value,
}

/// How a resource is taken out of use.
#[derive(Clone, Copy)]
pub enum Retire {
    /// The service cannot, or it must stay.
    Never,
    /// First this call, with this input as JSON beside the id; deleted at a later apply where `delete` is there.
    First {
        /// `UpdateQueueStatus`.
        operation: &'static str,
        /// `{"Status":"DISABLED"}`.
        input: &'static str,
        /// The field of the document that says so, and what it says: (`Status`, `DISABLED`).
        says: (&'static str, &'static str),
    },
    /// Nothing between use and deletion: tagged first, deleted at a later apply.
    Tagged,
}

/// A place in a body that holds the id of another resource: a path of member names, `*` for any item,
/// and the kind. `bucket`, `key`, `origin` and `number` are no resources but values of the environment.
pub type IdField = (&'static [&'static str], &'static str);

/// A kind as data. Members that a kind does not have are None or empty.
pub struct Spec {
    /// `queue`.
    pub name: KindName,
    /// `connect/queues`.
    pub folder: &'static str,
    /// How its documents are written.
    pub format: Format,
    /// The word in its ARN: `arn:...:instance/ID/WORD/ID`; empty where it has no ARN in the instance.
    pub arn_word: &'static str,
    /// The input member that takes its id.
    pub id_member: &'static str,
    /// The member that holds its name.
    pub name_member: &'static str,
    /// The field that refers to the resource within which its name is unique, and that one's kind.
    pub within: Option<(&'static str, &'static str)>,
    /// Fields that stand beside the id in every call that names a resource.
    pub beside: &'static [&'static str],
    /// Gives the set.
    pub list: Option<List>,
    /// Gives contents in bulk.
    pub search: Option<Search>,
    /// Gives one.
    pub describe: Option<Describe>,
    /// Makes one.
    pub create: Option<Create>,
    /// The managed fields, in the order of the document.
    pub fields: &'static [&'static str],
    /// Fields that List operations of their own give.
    pub listed: &'static [Listed],
    /// Gives what every one of the kind says at once, as pairs of what it is and what it says: the read before a
    /// write, where none describes one alone.
    pub set: Option<Listed>,
    /// Fields that the service changes but does not empty.
    pub keeps: &'static [&'static str],
    /// Fields of answers that are known and not kept: ids, times, what other calls manage.
    pub ignored: &'static [&'static str],
    /// The field whose value is a file beside the document, by its `sha256:` name (a prompt's audio).
    pub attachment: Option<&'static str>,
    /// The operation that tells where the attachment's bytes are, and the member with the URL.
    pub download: Option<(&'static str, &'static str)>,
    /// Ids of others in the body.
    pub ids: &'static [IdField],
    /// Changes one.
    pub updates: &'static [Update],
    /// Gives one another name; None where the service cannot.
    pub rename: Option<Rename>,
    /// Sets with calls of their own.
    pub members: &'static [Members],
    /// Texts that the service cannot empty: where the document has none any more, the old one stays.
    pub kept: &'static [&'static str],
    /// Takes one out of use.
    pub retire: Retire,
    /// Deletes one.
    pub delete: Option<&'static str>,
    /// Whether it is a setting that every instance has, and that nobody makes.
    pub setting: bool,
    /// Actions that the kind's own code calls or AWS asks for besides, and on what; those of the operations
    /// above follow from them.
    pub also: &'static [(&'static str, On)],
}

impl Spec {
    /// A kind with nothing filled in, for `..Spec::EMPTY`.
    pub const EMPTY: Self = Self {
        name: "",
        folder: "",
        format: Format::Yaml,
        arn_word: "",
        id_member: "",
        name_member: "Name",
        within: None,
        beside: &[],
        list: None,
        search: None,
        describe: None,
        create: None,
        fields: &[],
        listed: &[],
        set: None,
        keeps: &[],
        ignored: &[],
        attachment: None,
        download: None,
        ids: &[],
        updates: &[],
        rename: None,
        members: &[],
        kept: &[],
        retire: Retire::Never,
        delete: None,
        setting: false,
        also: &[],
    };
}

impl Spec {
    /// How it is known whose a resource of the kind is.
    pub fn ownership(&self) -> Ownership {
        match &self.create {
            _ if self.setting => Ownership::Setting,
            Some(create) if create.tags => Ownership::Tagged,
            _ => Ownership::Listed,
        }
    }

    /// The name within the kind: that of a document, after the name of what it lies within
    /// (`Main line/Christmas`). A `/` or `%` of a name is escaped there.
    pub fn full_name(&self, own: &str, body: &Map<String, Value>) -> String {
        let Some((field, kind)) = self.within else { return own.to_owned() };
        let text = body.get(field).and_then(Value::as_str);
        let outer = text.map(|t| Reference::whole(t).map_or_else(|| t.to_owned(), |r| r.name));
        self.name_within(outer.as_deref().map(|o| (kind, o)), own)
    }

    /// The same, with kind and name of what it lies within.
    pub fn name_within(&self, outer: Option<(&str, &str)>, own: &str) -> String {
        match outer {
            // A path of the same kind is escaped already.
            Some((kind, path)) if kind == self.name => format!("{path}/{}", escape_part(own)),
            Some((_, name)) => format!("{}/{}", escape_part(name), escape_part(own)),
            None => escape_part(own),
        }
    }

    /// The name as the service has it.
    pub fn own_name(&self, name: &str) -> String {
        if self.within.is_none() {
            return name.to_owned();
        }
        let last = name.rsplit('/').next().unwrap_or(name);
        last.replace("%2F", "/").replace("%25", "%")
    }
}

fn escape_part(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

/// A kind: its data, and what data cannot say.
pub trait Kind: Sync {
    /// Its data.
    fn spec(&self) -> &'static Spec;

    /// Whether the kind is left out unless asked for (users).
    fn opt_in(&self) -> bool {
        false
    }

    /// Reads every resource of the kind in a way of its own; None: by the data.
    fn read<'a>(&'a self, reader: &'a Reader<'a>) -> Option<Reading<'a>> {
        let _ = reader;
        None
    }

    /// Brings a resource of an answer into a body's shape: renames members, drops what is no setting.
    fn normalise(&self, body: &mut Map<String, Value>) {
        let _ = body;
    }

    /// Reads what Search and Describe lack, one resource at a time.
    fn complete<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        let _ = (reader, resource);
        Box::pin(async { Ok(()) })
    }

    /// Names a resource that the instance knows by a value of the environment only: a number, an ARN, a key.
    /// Called once everything else has its name.
    fn name_it(&self, resource: &mut Resource, names: &Names, bindings: &Bindings) {
        let _ = (resource, names, bindings);
    }

    /// Brings the input of a create or update call from the document's fields into the call's shape.
    fn input(&self, operation: &str, input: &mut Map<String, Value>) {
        let _ = (operation, input);
    }

    /// Takes the fields of a file as they stand, or those of another tool's layout, or refuses them.
    fn adopt_file(
        &self,
        path: &str,
        fields: Map<String, Value>,
    ) -> Result<Map<String, Value>, Diagnostic> {
        let _ = path;
        Ok(fields)
    }

    /// Adds the steps that turn what is there into what is wanted. The default goes by the data.
    fn steps(&self, change: &Change<'_>, steps: &mut StepsOf<'_>) {
        crate::plan::steps_by_spec(self.spec(), change, steps);
    }

    /// Whether resources of the kind can have drafts beside what is published.
    fn has_drafts(&self) -> bool {
        false
    }

    /// Reads the draft of one resource, where there is one that differs.
    fn read_draft<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        resource: &'a mut Resource,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        let _ = (reader, resource);
        Box::pin(async { Ok(()) })
    }

    /// The body of a live resource that is held against a document: the draft, where a draft is wanted.
    fn comparable(&self, resource: &Resource, wanted: &Document) -> Map<String, Value> {
        if self.has_drafts() {
            return crate::kinds::comparable_draft(resource, wanted);
        }
        resource.body.clone()
    }

    /// The body of a live resource that is exported; None where it is only a draft and drafts are not taken.
    fn exportable(&self, resource: &Resource, drafts: bool) -> Option<Map<String, Value>> {
        if self.has_drafts() {
            return crate::kinds::exportable_draft(resource, drafts);
        }
        Some(resource.body.clone())
    }

    /// Puts a document's body into the one order that its bytes have; sets are sorted.
    fn canonical(&self, body: &mut Map<String, Value>) {
        for members in self.spec().members {
            if let Some(Value::Array(items)) = body.get_mut(members.field) {
                items
                    .sort_by_cached_key(|item| ((members.key)(item).to_string(), item.to_string()));
            }
        }
    }

    /// What the service cannot do of a change; stops the plan.
    fn refuse(&self, change: &Change<'_>) -> Vec<Diagnostic> {
        let _ = change;
        Vec::new()
    }

    /// Whether a live value is one that an apply of ours left, although it is not the applied one: of a
    /// draft that the service refused to publish, of a stub. `applied` has the body last applied
    /// first (empty where none was), then those that were only begun.
    fn expects(&self, applied: &[&Map<String, Value>], change: &Change<'_>, field: &str) -> bool {
        if self.has_drafts() {
            return crate::kinds::expects_draft(applied, change, field);
        }
        false
    }

    /// Adds the step that takes an association of ours away again; false where the kind has no such step.
    fn disassociate(&self, live: &Resource, steps: &mut StepsOf<'_>) -> bool {
        let _ = (live, steps);
        false
    }

    /// Says for people what a change changes, and whether it is layout only.
    fn describe(&self, change: &Change<'_>) -> (Vec<String>, bool) {
        (crate::plan::field_lines(change), false)
    }

    /// Tells whether AWS made the resource and keeps it (never retired, never deleted).
    fn system(&self, resource: &Resource) -> bool {
        let _ = resource;
        false
    }
}
