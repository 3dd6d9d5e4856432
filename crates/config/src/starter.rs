//! The text of a new `trunkline.yaml`, with a comment at what people change first.

use crate::edit::quote;
use std::fmt::Write as _;
use trunkline_model::{AccountId, Region};

/// An environment of a new project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarterEnvironment {
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: AccountId,
    /// Its regions, the primary first.
    pub regions: Vec<Region>,
    /// The instance's alias.
    pub instance: String,
    /// Whether people build in it.
    pub build: bool,
}

/// Writes a configuration that `parse` accepts, if names and aliases are valid ones. Without
/// environments it holds an example of two, with account ids to replace.
pub fn starter(project: &str, environments: &[StarterEnvironment]) -> String {
    let mut text = format!("version: 1\nproject: {}\n", quote(project));
    text.push_str("# state: s3://BUCKET/PREFIX     # shared; without it, .trunkline/state beside this file\n\n");
    text.push_str("environments:\n");
    if environments.is_empty() {
        text.push_str(
            "  # People build in this one; it is exported, not deployed to.\n  \
             build: { account: \"111122223333\", regions: [us-west-2], instance: my-build, use: build }\n  \
             prod: { account: \"444455556666\", regions: [us-west-2], instance: my-prod, approval: required }\n",
        );
    }
    for e in environments {
        let regions: Vec<_> = e.regions.iter().map(Region::as_str).collect();
        let used = if e.build { ", use: build" } else { "" };
        let (name, instance) = (quote(&e.name), quote(&e.instance));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {name}: {{ account: \"{}\", regions: [{}], instance: {instance}{used} }}",
            e.account,
            regions.join(", ")
        );
    }
    text.push_str(
        "\n# role: trunkline-deploy        # assumed in every target account\n\n\
         # Values that an environment gives to names which the project does not hold itself, such as\n\
         #   \"phone:Main line\": { prod: \"+15550100100\" }\n\
         bindings:\n",
    );
    text
}
