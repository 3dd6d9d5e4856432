//! What tells one kind of resource from another where everything else about them is the same.

/// A kind's words. Each kind's file has one as `KIND`.
pub(super) struct Kind {
    /// `queue`; the key of its store.
    pub(super) noun: &'static str,
    /// The word in its ARNs; empty where it has none.
    pub(super) arn: &'static str,
    /// The input member that names one.
    pub(super) label: &'static str,
    /// The id, ARN and name in what Describe prints.
    pub(super) body_id: &'static str,
    pub(super) body_arn: &'static str,
    pub(super) name: &'static str,
    /// The output members of Create: id and ARN.
    pub(super) made: (&'static str, &'static str),
    /// The output member of Describe.
    pub(super) wrapper: &'static str,
    /// The output member of List, and its members beside those of the resource that they show.
    pub(super) list: &'static str,
    pub(super) summary: &'static [(&'static str, &'static str)],
    /// The output member of Search, and the members behind the field names of its string conditions.
    pub(super) found: &'static str,
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// The members behind the further conditions (`TypeCondition` ...) of its search.
    pub(super) conditions: &'static [(&'static str, &'static str)],
    /// The key of its quota in the settings.
    pub(super) quota: &'static str,
    /// Whether it prints when and where it was changed.
    pub(super) stamped: bool,
    /// Whether a reference may end in `:$SAVED` and the like.
    pub(super) qualified: bool,
}

/// The summary that most kinds have.
pub(super) const SUMMARY: &[(&str, &str)] = &[
    ("Id", "_id"),
    ("Arn", "_arn"),
    ("Name", "Name"),
    ("LastModifiedTime", "LastModifiedTime"),
    ("LastModifiedRegion", "LastModifiedRegion"),
];

/// The search fields that most kinds have.
pub(super) const FIELDS: &[(&str, &str)] =
    &[("name", "Name"), ("description", "Description"), ("resourceID", "_id")];

impl Kind {
    pub(super) const BASE: Self = Self {
        noun: "",
        arn: "",
        label: "",
        body_id: "Id",
        body_arn: "Arn",
        name: "Name",
        made: ("", ""),
        wrapper: "",
        list: "",
        summary: SUMMARY,
        found: "",
        fields: FIELDS,
        conditions: &[],
        quota: "",
        stamped: true,
        qualified: false,
    };

    /// `Queue`, for messages.
    pub(super) fn title(&self) -> String {
        let mut letters = self.noun.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    }
}
