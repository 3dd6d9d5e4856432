//! The name that somebody probably meant: the nearest one, where one is near. `check` and the reading of
//! documents use it for their help; the configuration has its own, because neither crate builds on the other.

/// Returns the candidate that contains the word, or is within a third of its length in edits.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let far = (lower.chars().count() / 3).max(1);
    let near = candidates.into_iter().filter_map(|candidate| {
        let other = candidate.to_lowercase();
        let inside = lower.len() > 2 && other.contains(&lower);
        let edits = edits(&lower, &other);
        (inside || edits <= far).then_some((edits, candidate))
    });
    near.min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// Counts the letters to insert, delete or replace.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word_and_strangers_do_not() {
        let known = ["Sales", "Main line", "HoursOfOperationId"];
        for (word, meant) in [
            ("sales", Some("Sales")),
            ("Slaes", None),
            ("Sale", Some("Sales")),
            ("HoursOfOperation", Some("HoursOfOperationId")),
            ("Main lien", Some("Main line")),
            ("Billing", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }
}
