//! The kinds, in the order in which a plan shows them. A kind is one file here; see ARCHITECTURE.md.

mod agent_status;
mod approved_origin;
mod association;
mod aws_made;
mod bot_association;
mod content;
mod flow;
mod foreign;
mod hours;
mod hours_override;
mod instance_attributes;
mod lambda_association;
mod module;
mod phone_flow;
mod predefined_attribute;
mod prompt;
mod queue;
mod quick_connect;
mod routing_profile;
mod security_key;
mod security_profile;
mod shape;
mod storage_config;
mod user;
mod user_hierarchy;
mod view;

use crate::kind::Kind;

/// Every kind.
pub static ALL: &[&dyn Kind] = &[
    &instance_attributes::InstanceAttributes,
    &storage_config::StorageConfig,
    &approved_origin::ApprovedOrigin,
    &security_key::SecurityKey,
    &lambda_association::LambdaAssociation,
    &bot_association::BotAssociation,
    &hours::Hours,
    &hours_override::HoursOverride,
    &prompt::Prompt,
    &predefined_attribute::PredefinedAttribute,
    &agent_status::AgentStatus,
    &user_hierarchy::UserHierarchy,
    &user_hierarchy::HierarchyGroup,
    &security_profile::SecurityProfile,
    &queue::Queue,
    &quick_connect::QuickConnect,
    &routing_profile::RoutingProfile,
    &user::User,
    &view::View,
    &module::Module,
    &flow::Flow,
    &phone_flow::PhoneFlow,
];

/// Returns a kind by its name.
pub fn get(name: &str) -> Option<&'static dyn Kind> {
    ALL.iter().copied().find(|k| k.spec().name == name)
}

/// What an apply leaves behind for a moment: whether a body is that, and its content.
pub(crate) use content::{is_stub_of_ours, stub_for};

/// The read before a number leads elsewhere.
pub(crate) use phone_flow::leads as phone_leads;

/// Fingerprints a draft as it stands in an instance.
pub(crate) use content::draft_fingerprint;

/// What a kind with drafts holds against a document, and what it exports.
pub(crate) use content::{
    comparable as comparable_draft, expects as expects_draft, exportable as exportable_draft,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Retire;
    use serde_json::{Value, json};

    /// A resume holds what a lost call sent against what it reads; both must have one shape.
    #[test]
    fn what_takes_a_resource_out_of_use_says_so_in_the_shape_of_its_document() {
        for kind in ALL {
            let Retire::First { input, says: (field, value), .. } = kind.spec().retire else {
                continue;
            };
            let mut sent = match serde_json::from_str(input) {
                Ok(Value::Object(sent)) => sent,
                other => panic!("{}: {other:?}", kind.spec().name),
            };
            kind.normalise(&mut sent);
            assert_eq!(sent.get(field), Some(&json!(value)), "{}", kind.spec().name);
        }
    }
}
