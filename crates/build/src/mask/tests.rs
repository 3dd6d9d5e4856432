use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

fn masker(secrets: &[&str]) -> Masker {
    let secrets: Vec<_> = secrets.iter().map(|s| ("S".to_owned(), (*s).to_owned())).collect();
    Masker::new(&secrets).unwrap()
}

fn check(secrets: &[&str], shown: &str, masked: &str) {
    assert_eq!(masker(secrets).text(shown), masked, "{shown}");
}

/// Masks a text in pieces of the given lengths, over and over.
fn in_pieces(mut masker: Masker, text: &str, lengths: &[usize]) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).clamp(1, rest.len()));
        masker.push(piece, &mut out);
        rest = after;
    }
    masker.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn percent(text: &str, all: bool, upper: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            _ if !all && byte.is_ascii_alphanumeric() => (byte as char).to_string(),
            _ if upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}

/// What must not be seen of a secret within a text: each form, without the ends that its
/// surroundings decide.
fn forms_of(secret: &str, before: &str, after: &str) -> Vec<(String, String)> {
    let around = format!("{before}{secret}{after}");
    let mut all = vec![
        (around.clone(), secret.to_owned()),
        (percent(&around, false, true), percent(secret, false, true)),
        (percent(&around, true, false), percent(secret, true, false)),
        (secret.replace(' ', "+"), secret.replace(' ', "+")),
    ];
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
        let encoded = engine.encode(&around);
        let from = (before.len() * 8).div_ceil(6);
        let to = (before.len() + secret.len()) * 8 / 6;
        let inner = encoded[from..to].to_owned();
        all.push((encoded, inner));
    }
    all
}

#[test]
fn a_secret_is_masked_as_it_is_and_what_is_around_it_stays() {
    check(&["opensesame"], "say opensesame!", "say ***!");
    check(&["opensesame"], "opensesameopensesame", "***");
    check(&["opensesame"], "opensesam", "opensesam");
    check(&["aaab"], "aaaaaab c", "aaa*** c");
    check(&["abcd", "cdef"], "xabcdefx", "x***x");
}

#[test]
fn a_secret_is_masked_in_forms_quotes_and_json() {
    check(&["it's a \"key\""], r#"x='it'\''s a "key"'"#, "x='***'");
    check(&["it's a \"key\""], r#"{"k":"it's a \"key\""}"#, r#"{"k":"***"}"#);
    check(&["open sesame"], "q=open+sesame&r", "q=***&r");
    check(&["open sesame"], "q=open%20%73esame&r", "q=***&r");
    check(&["100%sure"], "100%sure 100%25sure", "*** ***");
}

#[test]
fn each_line_of_a_secret_is_masked_and_short_ones_are_not() {
    let key = "-----BEGIN-----\nMIIBOgIBAAJB\n}\n-----END-----\n";
    check(&[key], "got MIIBOgIBAAJB }", "got *** }");
    check(&["line one\nline two"], "line two\nline one\n", "***\n***\n");
}

#[test]
fn the_texts_in_a_secret_of_json_are_masked() {
    check(&[r#"{"user":"connect-admin","pw":"opensesame"}"#], "opensesame", "***");
}

#[test]
fn wrapped_base64_is_masked_over_the_ends_of_lines() {
    let secret = "a very long secret that base64 writes on more than one line of seventy-six";
    let encoded = STANDARD.encode(secret);
    let wrapped = format!("{}\n{}\nnext\n", &encoded[..76], &encoded[76..]);
    check(&[secret], &wrapped, "***\nnext\n");
}

#[test]
fn access_key_ids_are_masked_without_being_told() {
    let id = concat!("AKIA", "ABCDEFGHIJKLMNOP");
    check(&[], &format!("id {id} of ASIA"), "id *** of ASIA");
    check(&[], &format!("XYZ{id}AKIA"), "XYZ***AKIA");
    check(&[], "AKIAABCDEFG", "AKIAABCDEFG");
}

#[test]
fn a_short_secret_is_refused_by_name() {
    let error = Masker::new(&[("PIN".to_owned(), "123".to_owned())]).err().unwrap();
    assert_eq!(error.code, "TL0850");
    assert!(error.message.contains("`PIN`") && !error.message.contains("123"));
}

#[test]
fn output_is_not_held_back_unless_it_could_begin_a_secret() {
    let mut masker = masker(&["opensesame"]);
    let mut out = Vec::new();
    masker.push(b"Compiling...\nop", &mut out);
    assert_eq!(out, b"Compiling...\n");
    masker.push(b"en the door\n", &mut out);
    assert_eq!(out, b"Compiling...\nopen the door\n");
}

proptest! {
    #[test]
    fn no_form_of_a_secret_passes_however_it_is_split(
        secret in "[ -~]{4,40}",
        before in "[a-z0-9:]{0,7}",
        after in "[a-z0-9]{0,7}",
        lengths in prop::collection::vec(1_usize..9, 1..6),
    ) {
        // What the mask itself is made of cannot be told from it.
        prop_assume!(!secret.contains('*'));
        for (shown, inner) in forms_of(&secret, &before, &after) {
            let text = format!("[{shown}]\n");
            let masked = in_pieces(masker(&[&secret]), &text, &lengths);
            prop_assert!(!masked.contains(&inner), "{shown} -> {masked}");
            prop_assert!(masked.contains(MASK));
        }
    }

    #[test]
    fn how_a_text_is_split_makes_no_difference(
        text in "[aAKISbn%+= 0-9\n]{0,80}",
        secrets in prop::collection::vec("[aAKIbn%+]{4,9}", 0..4),
        lengths in prop::collection::vec(1_usize..9, 1..6),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let masker = masker(&secrets);
        prop_assert_eq!(in_pieces(masker.clone(), &text, &lengths), masker.text(&text));
    }

    #[test]
    fn without_a_secret_in_it_a_text_stays_as_it_is(text in "[b-z%\n ]{0,200}") {
        prop_assert_eq!(masker(&["0123456789AAAA"]).text(&text), text);
    }
}
