//! What a file must not say: paths of one machine, hosts of package registries, account ids that could be
//! somebody's.

use super::{Found, Source};
use crate::workspace::Workspace;
use anyhow::Result;

/// Texts that no file may hold. Split, so that this file does not hold them.
const FORBIDDEN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
];

/// Files that others write.
const GENERATED: &[&str] = &["Cargo.lock", "LICENSE"];

/// Account ids of AWS's documentation and ours, beside those of three groups of equal digits.
const MADE_UP: &[&str] = &["012345678901", "123456789012"];

fn ours(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|s| !GENERATED.contains(&s.path.as_str()))
}

/// Forbidden texts.
pub(super) fn words(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    for source in ours(sources) {
        for (at, line) in source.text.lines().enumerate() {
            for word in FORBIDDEN.iter().filter(|w| line.contains(**w)) {
                found.errors.push(format!("{}:{}: {word}", source.path, at + 1));
            }
        }
    }
    Ok(())
}

/// Numbers of 12 digits that are not known to be made up.
pub(super) fn accounts(_: &Workspace, sources: &[Source], found: &mut Found) -> Result<()> {
    for source in ours(sources) {
        for (at, line) in source.text.lines().enumerate() {
            for number in numbers(line).filter(|n| !made_up(n)) {
                found.errors.push(format!(
                    "{}:{}: account {number} may be real",
                    source.path,
                    at + 1
                ));
            }
        }
    }
    Ok(())
}

/// Words of exactly 12 digits that are neither a telephone number nor a part of a longer id.
fn numbers(line: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
    line.split(move |c| !part(c))
        .map(|word| word.trim_matches(['.', '-', '_']))
        .filter(|word| word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit()))
}

fn made_up(number: &str) -> bool {
    let bytes = number.as_bytes();
    let grouped = bytes.chunks(4).all(|group| group.iter().all(|b| *b == group[0]));
    grouped || MADE_UP.contains(&number)
}

#[cfg(test)]
mod tests {
    use super::{made_up, numbers};

    #[test]
    fn only_whole_words_of_twelve_digits_count() {
        let line =
            "+442079460000 1111222233334 a-111122223333 \"222233334444\", arn:x:333344445555:y";
        assert_eq!(numbers(line).collect::<Vec<_>>(), ["222233334444", "333344445555"]);
    }

    #[test]
    fn a_number_without_pattern_may_be_somebodys() {
        assert!(made_up("111122223333"));
        assert!(!made_up(&format!("48150{}", "0162342")));
    }
}
