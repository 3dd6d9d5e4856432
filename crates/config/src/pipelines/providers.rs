//! The providers of actions and rules, as data: where they may stand, how many artifacts they take,
//! which settings they know, which variables they give, and whether they are carried out here.
//!
//! `check` holds definitions against it; `docs/pipelines.md` has the part of it that people need.
//! A list of settings that may not be complete is `open`: what it lacks is only warned of.

mod table;

use trunkline_model::pipeline::{ActionType, Category};

pub(super) use table::{PROVIDERS, RULES};

/// A provider of actions or rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// `AWS`, `ThirdParty` or `Custom`.
    pub(super) owner: &'static str,
    pub(super) categories: &'static [Category],
    /// The least and the most input artifacts.
    pub(super) inputs: (usize, usize),
    /// The least and the most output artifacts.
    pub(super) outputs: (usize, usize),
    /// Whether it is carried out here.
    pub(super) here: bool,
    /// Whether there may be settings that the list lacks.
    pub(super) open: bool,
    pub(super) keys: &'static [Key],
    pub(super) variables: Variables,
}

/// A setting of a provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) value: Allowed,
}

/// What a setting accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Allowed {
    Text,
    /// `true` or `false`.
    Flag,
    OneOf(&'static [&'static str]),
    /// A text of JSON.
    Json,
    /// A JSON array of environment variables, as CodeBuild's actions take them.
    Environment,
    /// A cron expression of this many fields.
    Cron(usize, usize),
    Number,
    /// A time zone by its place.
    Zone,
}

/// The output variables of a provider.
#[derive(Clone, Copy, Debug)]
pub(super) enum Variables {
    /// Not known before it has run.
    Any,
    Only(&'static [&'static str]),
    /// Those that the action lists under `outputVariables`.
    Listed,
}

/// What the table says of a type of action.
pub(super) enum Lookup {
    Known(&'static Provider),
    /// The provider exists, but not for this category or owner.
    Misplaced(&'static Provider),
    /// Nearly a provider of that category.
    Misspelt(&'static str),
    /// A custom action, or one that this table does not know.
    Unknown,
}

/// Looks a type of action up.
pub(super) fn lookup(category: Category, owner: &str, provider: &str) -> Lookup {
    let fits = |p: &&Provider| p.categories.contains(&category) && p.owner == owner;
    if let Some(found) = PROVIDERS.iter().filter(fits).find(|p| p.name == provider) {
        return Lookup::Known(found);
    }
    // Custom actions may have any name, also that of a provider of AWS.
    if owner != "Custom"
        && let Some(found) = PROVIDERS.iter().find(|p| p.name == provider)
    {
        return Lookup::Misplaced(found);
    }
    let names = PROVIDERS.iter().filter(fits).map(|p| p.name);
    match crate::suggest::nearest(provider, names) {
        Some(near) => Lookup::Misspelt(near),
        None => Lookup::Unknown,
    }
}

/// Returns whether Trunkline carries out actions of a type.
pub fn carried_out_here(id: &ActionType) -> bool {
    matches!(lookup(id.category, &id.owner, &id.provider), Lookup::Known(p) if p.here)
}

/// A setting that must be there.
const fn needed(name: &'static str) -> Key {
    Key { name, required: true, value: Allowed::Text }
}

/// A setting that may be there.
const fn may(name: &'static str) -> Key {
    Key { name, required: false, value: Allowed::Text }
}

impl Key {
    const fn takes(self, value: Allowed) -> Self {
        Self { value, ..self }
    }
}

/// A row of which nothing more is known.
const fn provider(
    name: &'static str,
    owner: &'static str,
    categories: &'static [Category],
) -> Provider {
    Provider {
        name,
        owner,
        categories,
        inputs: (0, 5),
        outputs: (0, 5),
        here: false,
        open: false,
        keys: &[],
        variables: Variables::Any,
    }
}

impl Provider {
    const fn artifacts(self, inputs: (usize, usize), outputs: (usize, usize)) -> Self {
        Self { inputs, outputs, ..self }
    }

    const fn here(self) -> Self {
        Self { here: true, ..self }
    }

    const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    const fn keys(self, keys: &'static [Key]) -> Self {
        Self { keys, ..self }
    }

    const fn gives(self, variables: Variables) -> Self {
        Self { variables, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../docs/pipelines.md");

    #[test]
    fn the_page_names_every_provider_where_it_belongs() {
        let (here, known) = PAGE.split_once("Known, with their settings").expect("the sentence");
        for provider in PROVIDERS.iter().chain(RULES) {
            let name = format!("`{}`", provider.name);
            let place = if provider.here { here } else { known };
            assert!(place.contains(&name), "{name} is not in its place");
        }
    }

    #[test]
    fn no_two_rows_are_for_one_type_of_action() {
        let types: Vec<_> = PROVIDERS
            .iter()
            .flat_map(|p| p.categories.iter().map(move |c| (format!("{c:?}"), p.owner, p.name)))
            .collect();
        for (number, row) in types.iter().enumerate() {
            assert!(!types[..number].contains(row), "{row:?}");
        }
    }
}
