//! Globs as CodePipeline's filters have them: those of Java's file systems.
//!
//! `*` and `?` stay within a part of a path, `**` crosses parts; `[a-z]`, `[!a]`, `{one,two}`, and a
//! backslash before a literal sign. Braces do not nest. A glob matches a whole path or it does not.

use regex_lite::Regex;

/// A glob, ready to match.
#[derive(Clone, Debug)]
pub struct Glob(Regex);

impl Glob {
    /// Reads a glob, or says why it is none.
    pub fn new(glob: &str) -> Result<Self, String> {
        let pattern = translate(glob)?;
        Regex::new(&pattern).map(Self).map_err(|_| format!("\"{glob}\" is no glob"))
    }

    /// Whether it matches a whole path.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

fn translate(glob: &str) -> Result<String, String> {
    let mut made = String::from("(?s)^");
    let mut signs = glob.chars().peekable();
    let mut in_braces = false;
    while let Some(sign) = signs.next() {
        match sign {
            '*' if signs.next_if_eq(&'*').is_some() => made.push_str(".*"),
            '*' => made.push_str("[^/]*"),
            '?' => made.push_str("[^/]"),
            '[' => {
                class(&mut signs, &mut made).ok_or(format!("\"{glob}\" has a [ without its ]"))?
            }
            '{' if in_braces => return Err(format!("\"{glob}\" has braces within braces")),
            '{' => {
                in_braces = true;
                made.push_str("(?:");
            }
            '}' if in_braces => {
                in_braces = false;
                made.push(')');
            }
            ',' if in_braces => made.push('|'),
            '\\' => {
                let literal = signs.next().ok_or(format!("\"{glob}\" ends with a backslash"))?;
                push_literal(&mut made, literal);
            }
            literal => push_literal(&mut made, literal),
        }
    }
    if in_braces {
        return Err(format!("\"{glob}\" has a {{ without its }}"));
    }
    made.push('$');
    Ok(made)
}

/// What stands in brackets. A `/` is never matched by it.
fn class(signs: &mut std::iter::Peekable<std::str::Chars<'_>>, made: &mut String) -> Option<()> {
    let negated = signs.next_if_eq(&'!').is_some();
    made.push_str(if negated { "[^/" } else { "[" });
    let mut first = true;
    loop {
        match signs.next()? {
            ']' if !first => break,
            '-' if first || signs.peek() == Some(&']') => made.push_str("\\-"),
            '-' => made.push('-'),
            '/' => return None,
            sign => {
                if "\\[]^&~".contains(sign) {
                    made.push('\\');
                }
                made.push(sign);
            }
        }
        first = false;
    }
    made.push(']');
    Some(())
}

fn push_literal(made: &mut String, sign: char) {
    let mut buffer = [0; 4];
    made.push_str(&regex_lite::escape(sign.encode_utf8(&mut buffer)));
}
