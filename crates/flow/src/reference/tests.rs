use super::*;
use proptest::prelude::*;

fn check(text: &str, pieces: &[Piece]) {
    assert_eq!(parse(text).expect(text), pieces);
    assert_eq!(render(pieces), text);
}

fn text(text: &str) -> Piece {
    Piece::Text(text.to_owned())
}

fn queue(name: &str) -> Piece {
    Piece::Ref(Reference::new("queue", name))
}

#[test]
fn references_and_text_are_told_apart() {
    check("plain", &[text("plain")]);
    check("", &[]);
    check("${queue:Sales}", &[queue("Sales")]);
    check("a ${queue:Sales} b", &[text("a "), queue("Sales"), text(" b")]);
    let id = Piece::Ref(Reference::new("queue", "A:B/C").form("id"));
    check("${queue.id:A:B/C}", &[id]);
    check("${queue:100%25 {x%7D \u{1f600}}", &[queue("100% {x} \u{1f600}")]);
    check("${queue:a%0Ab}", &[queue("a\nb")]);
}

#[test]
fn dollars_before_a_brace_are_doubled_and_others_are_not() {
    check("$${", &[text("${")]);
    check("$$${queue:A}", &[text("$"), queue("A")]);
    check("$$$${x}", &[text("$${x}")]);
    check("$5 $$ {x} $", &[text("$5 $$ {x} $")]);
    check("${queue:A}$${b", &[queue("A"), text("${b")]);
    assert_eq!(render(&[text("$"), text("{x")]), "$${x");
    assert_eq!(escape("a ${b} $$c"), "a $${b} $$c");
}

fn check_error(text: &str, offset: usize, word: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(error.offset, offset, "{text}");
    assert!(error.reason.contains(word), "{}", error.reason);
}

#[test]
fn malformed_references_say_where_and_how() {
    check_error("a ${Env}", 2, "`$${Env}`");
    check_error("${queue:A", 0, "closing");
    check_error("${Queue:A}", 0, "did you mean `queue`");
    check_error("${queue.ID:A}", 0, "did you mean `id`");
    check_error("${queue:}", 0, "empty");
    check_error("${queue:50%}", 0, "%25");
    check_error("${queue:A\n}", 0, "missing");
    check_error("x$$${queue", 3, "closing");
}

#[test]
fn a_whole_reference_is_recognised() {
    assert_eq!(Reference::whole("${queue:A}"), Some(Reference::new("queue", "A")));
    assert_eq!(Reference::whole("${queue:A} "), None);
    assert_eq!(Reference::whole("$${queue:A}"), None);
}

fn normalise(pieces: &[Piece]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (out.last_mut(), piece) {
            (_, Piece::Text(part)) if part.is_empty() => {}
            (Some(Piece::Text(last)), Piece::Text(part)) => last.push_str(part),
            _ => out.push(piece.clone()),
        }
    }
    out
}

fn awkward() -> impl Strategy<Value = String> {
    let bits = ["$", "{", "}", "%", ":", "7D", "a", "\n", "\u{7f}", "\u{85}", "\u{1f600}", "é"];
    prop::collection::vec(prop::sample::select(bits.to_vec()), 0..12).prop_map(|v| v.concat())
}

fn piece() -> impl Strategy<Value = Piece> {
    let reference = ("[a-z][a-z0-9-]{0,5}", prop::option::of("[a-z][a-z0-9-]{0,3}"), awkward())
        .prop_map(|(kind, form, name)| {
            Piece::Ref(Reference { kind, form, name: format!("{name}x") })
        });
    prop_oneof![awkward().prop_map(Piece::Text), reference]
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_back(pieces in prop::collection::vec(piece(), 0..8)) {
        prop_assert_eq!(parse(&render(&pieces)), Ok(normalise(&pieces)));
    }

    #[test]
    fn escaped_text_is_one_text(text in awkward()) {
        let pieces = parse(&escape(&text)).expect("escaped text is readable");
        prop_assert_eq!(pieces, normalise(&[Piece::Text(text)]));
    }

    #[test]
    fn any_text_is_read_or_refused_and_read_text_is_stable(text in awkward()) {
        if let Ok(pieces) = parse(&text) {
            prop_assert_eq!(parse(&render(&pieces)), Ok(pieces));
        }
    }
}
