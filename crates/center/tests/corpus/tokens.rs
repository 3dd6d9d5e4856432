//! What an instance's texts say once every id and ARN in them is its kind and name: on both sides of a
//! deployment it must be the same. Written without the code that the deployment uses.

use crate::place::Place;
use serde_json::Value;
use std::collections::HashSet;
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

    /// What points into an instance from anywhere: its ids, its URLs, its account's ARNs, and what
    /// environments bind.
    pub fn pointers(&self, account: &str) -> Pointers {
        let is_id = |text: &&String| text.len() == 36;
        let ids = self.0.iter().map(|(text, _)| text).filter(is_id).cloned().collect();
        let mut texts = vec![format!(":{account}:")];
        let bound = |name: &str| name.starts_with("<bound") || name.starts_with("<the instance>");
        texts.extend(self.0.iter().filter(|(_, name)| bound(name)).map(|(text, _)| text.clone()));
        Pointers { ids, texts }
    }
}

/// What must not occur in a text of elsewhere.
pub struct Pointers {
    ids: HashSet<String>,
    texts: Vec<String>,
}

impl Pointers {
    /// The first that occurs in a text.
    pub fn found_in<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        let id = |(at, _): (usize, &str)| {
            let id = text.get(at.checked_sub(8)?..at + 28)?;
            self.ids.contains(id).then_some(id)
        };
        let other = || self.texts.iter().find(|t| text.contains(t.as_str())).map(String::as_str);
        text.match_indices('-').find_map(id).or_else(other)
    }
}

/// Only these are worth a look; most texts are neither.
pub fn may_point(text: &str) -> bool {
    text.contains("arn:") || text.contains("://") || text.matches('-').count() >= 4
}
