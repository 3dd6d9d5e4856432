//! Patterns with `*`, as bindings, scope and ownership use them.

/// Says whether `text` matches `pattern`, in which `*` stands for any run of characters.
/// Everything else stands for itself, case included.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The leftmost fit of each part leaves the most room for those that follow.
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

/// Returns how many characters of a pattern are literal; the more, the closer it fits.
pub(crate) fn closeness(pattern: &str) -> usize {
    pattern.chars().filter(|c| *c != '*').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, text, expected) in [
            ("queue:Sales", "queue:Sales", true),
            ("queue:Sales", "queue:sales", false),
            ("lambda:*", "lambda:acme", true),
            ("flow:Sample *", "flow:Sample inbound", true),
            ("flow:Sample *", "flow:Samples", false),
            ("*:*-live", "lex:Bot-live", true),
            ("a*b*a", "aba", true),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
