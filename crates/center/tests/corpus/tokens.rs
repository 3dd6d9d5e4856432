//! What an instance's texts say once every id and ARN in them is its kind and name: on both sides of a
//! deployment it must be the same. Written without the code that the deployment uses.

use crate::place::Place;
use serde_json::Value;
use trunkline_center::{KINDS, Snapshot};
use trunkline_flow::rewrite;

/// Texts that stand for something, and what they stand for; the longest first.
pub struct Tokens(Vec<(String, String)>);

impl Tokens {
    /// Everything that has a name in the instance, and what is given beside it.
    pub fn of(place: &Place, snapshot: &Snapshot, more: Vec<(String, String)>) -> Self {
        let mut all = more;
        let kinds = KINDS.iter().map(|k| k.spec().name).chain(["lex", "user", "phone"]);
        for kind in kinds {
            for (name, entry) in snapshot.names.of_kind(kind) {
                all.push((entry.arn.clone(), format!("<arn of {kind} {name}>")));
                all.push((entry.id.clone(), format!("<id of {kind} {name}>")));
            }
        }
        let (instance, region) = (&place.instance, &place.instance.region);
        all.push((instance.arn.clone(), "<arn of the instance>".to_owned()));
        all.push((instance.id.clone(), "<id of the instance>".to_owned()));
        all.push((format!("arn:aws:connect:{region}:aws:"), "<AWS's own>".to_owned()));
        for domain in [".my.connect.aws", ".awsapps.com"] {
            let url = format!("https://{}{domain}", instance.alias);
            all.push((url, format!("<the instance>{domain}")));
        }
        // Ids of AWS's own views are words of everyday speech.
        let named = |name: &str| name.starts_with("<AWS") || name.starts_with("<bound");
        all.retain(|(text, name)| text.len() > 30 || text.contains("://") || named(name));
        all.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self(all)
    }

    /// The value with everything named; gives how many names there are.
    pub fn name(&self, value: &mut Value) -> usize {
        let mut named = 0;
        let done = rewrite::map_strings::<()>(value, &mut |_, text| {
            if !may_point(text) {
                return Ok(None);
            }
            let mut new = text.to_owned();
            for (token, name) in &self.0 {
                if new.contains(token.as_str()) {
                    named += new.matches(token.as_str()).count();
                    new = new.replace(token.as_str(), name);
                }
            }
            Ok((new != text).then_some(new))
        });
        assert_eq!(done, Ok(()));
        named
    }

    /// The texts that stand for something here, found in a text of elsewhere.
    pub fn found_in(&self, text: &str) -> Option<&str> {
        let ours = |(token, name): &&(String, String)| {
            let by_aws = name.starts_with("<AWS") || token.split(':').nth(4) == Some("aws");
            !by_aws && text.contains(token.as_str())
        };
        self.0.iter().find(ours).map(|(token, _)| token.as_str())
    }
}

/// Only these are worth a look; most texts are neither.
pub fn may_point(text: &str) -> bool {
    text.contains("arn:") || text.contains("://") || text.matches('-').count() >= 4
}
