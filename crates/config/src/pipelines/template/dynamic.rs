//! Dynamic references, `{{resolve:ssm:/site/branch:1}}`: values that CloudFormation looks up when it makes the
//! stack. Nothing is looked up here; a file beside the template may give them, by the whole reference.

use super::Template;
use crate::yaml::{Node, Spot, Value};

const BEGIN: &str = "{{resolve:";

impl Template<'_> {
    /// Puts in what is given for the dynamic references of a text, and tells of the others.
    pub(super) fn resolved(&mut self, node: Node) -> Node {
        match &node.value {
            Value::Text(text) if text.contains(BEGIN) => {
                let text = self.resolved_text(text, node.spot);
                Self::text(node.spot, text)
            }
            _ => node,
        }
    }

    fn resolved_text(&mut self, text: &str, spot: Spot) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(start) = rest.find(BEGIN) {
            let Some(end) = rest[start..].find("}}").map(|end| start + end + 2) else { break };
            let reference = &rest[start..end];
            out.push_str(&rest[..start]);
            match self.given(reference) {
                Some(value) => out.push_str(&value),
                None => {
                    self.unresolved(reference, spot);
                    out.push_str(reference);
                }
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }

    fn unresolved(&mut self, reference: &str, spot: Spot) {
        let shown = super::shorten(reference);
        let message = format!("`{shown}` is looked up by CloudFormation, and not here");
        let found = self.not_given(spot, reference, message);
        // A secret has no place in a file of parameters.
        let secret = ["secretsmanager:", "ssm-secure:"];
        if let Some(found) = found
            && secret.iter().any(|kind| reference[BEGIN.len()..].starts_with(kind))
        {
            found.help = Some("have the build fetch it: a variable of type SECRETS_MANAGER".into());
        }
        self.assumed.insert(reference.to_owned());
    }
}
