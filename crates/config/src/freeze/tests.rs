use super::*;

/// Checks when the freeze that holds at a time ends; an empty text is no freeze.
#[track_caller]
fn check(windows: &[&str], now: &str, ends: &str) {
    let windows: Vec<_> = windows.iter().map(|w| Freeze::parse(w).expect("a window")).collect();
    let found = frozen(&windows, now.parse().expect("a time"));
    assert_eq!(found.map(|f| f.ends.to_string()).unwrap_or_default(), ends, "at {now}");
}

const OFFICE: &str = "Mon-Fri 07:00-19:00 America/Los_Angeles";

#[test]
fn weekly_windows_hold_by_the_clocks_of_their_zone() {
    // Monday, 2026-11-23; Los Angeles is 8 hours behind.
    check(&[OFFICE], "2026-11-23T14:59:59Z", "");
    check(&[OFFICE], "2026-11-23T15:00:00Z", "2026-11-24T03:00:00Z");
    check(&[OFFICE], "2026-11-24T02:59:59Z", "2026-11-24T03:00:00Z");
    check(&[OFFICE], "2026-11-24T03:00:00Z", "");
    // Saturday there, though it is Friday's window that ended.
    check(&[OFFICE], "2026-11-28T16:00:00Z", "");
    // In summer it is 7 hours.
    check(&[OFFICE], "2026-07-06T14:00:00Z", "2026-07-07T02:00:00Z");
}

#[test]
fn windows_over_midnight_belong_to_the_day_on_which_they_begin() {
    let night = ["Fri 22:00-06:00 UTC"];
    check(&night, "2026-11-27T21:59:00Z", "");
    check(&night, "2026-11-28T05:59:59Z", "2026-11-28T06:00:00Z");
    check(&night, "2026-11-28T22:30:00Z", "");
    check(&["Sun-Mon 00:00-24:00 UTC"], "2026-11-29T23:59:59Z", "2026-12-01T00:00:00Z");
    // Sat-Mon goes over the week's end.
    check(&["Sat-Mon 10:00-11:00 UTC"], "2026-11-30T10:30:00Z", "2026-11-30T11:00:00Z");
}

#[test]
fn whole_dates_hold_from_midnight_to_midnight() {
    let holidays = ["2026-12-24..2026-12-26 Europe/Berlin"];
    check(&holidays, "2026-12-23T22:59:59Z", "");
    check(&holidays, "2026-12-23T23:00:00Z", "2026-12-26T23:00:00Z");
    check(&holidays, "2026-12-26T23:00:00Z", "");
    check(&["2026-12-31 18:00-02:00 UTC"], "2027-01-01T01:00:00Z", "2027-01-01T02:00:00Z");
}

#[test]
fn windows_without_a_gap_end_together() {
    check(&["Sat,Sun UTC", "Mon 00:00-07:00 UTC"], "2026-11-28T12:00:00Z", "2026-11-30T07:00:00Z");
    let windows = ["Mon 08:00-12:00 UTC", "Mon 11:00-14:00 UTC", "Mon 15:00-16:00 UTC"];
    check(&windows, "2026-11-30T08:00:00Z", "2026-11-30T14:00:00Z");
}

#[test]
fn clocks_that_are_set_forth_skip_no_window() {
    // Berlin, 2026-03-29: 02:00 becomes 03:00, at 01:00Z.
    let inside = ["Sun 02:15-02:45 Europe/Berlin"];
    check(&inside, "2026-03-29T00:59:59Z", "");
    check(&inside, "2026-03-29T01:00:00Z", "");
    let begins = ["Sun 02:30-05:00 Europe/Berlin"];
    check(&begins, "2026-03-29T00:59:59Z", "");
    check(&begins, "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z");
    let ends = ["Sat 22:00-02:30 Europe/Berlin"];
    check(&ends, "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z");
    check(&ends, "2026-03-29T01:00:00Z", "");
}

#[test]
fn clocks_that_are_set_back_make_windows_longer() {
    // Berlin, 2026-10-25: 03:00 becomes 02:00, at 01:00Z.
    let begins = ["Sun 02:30-05:00 Europe/Berlin"];
    check(&begins, "2026-10-25T00:29:59Z", "");
    check(&begins, "2026-10-25T00:30:00Z", "2026-10-25T04:00:00Z");
    check(&begins, "2026-10-25T01:15:00Z", "2026-10-25T04:00:00Z");
    let ends = ["Sat 22:00-02:30 Europe/Berlin"];
    check(&ends, "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z");
    check(&ends, "2026-10-25T01:30:00Z", "");
    // A day of 25 hours.
    check(&["2026-10-25 Europe/Berlin"], "2026-10-25T22:30:00Z", "2026-10-25T23:00:00Z");
}

#[test]
fn a_freeze_without_end_ends_the_search() {
    let windows = [Freeze::parse("daily UTC").expect("a window")];
    let now = "2026-11-28T12:00:00Z".parse().expect("a time");
    assert!(frozen(&windows, now).is_some());
}

#[test]
fn what_is_no_window_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "empty"),
        ("Mon-Fri", "no time zone"),
        ("Mon-Fri 07:00-19:00", "no time zone"),
        ("Mon-Fri 07:00-19:00 America/Los Angeles", "4 words"),
        ("Mon-Fri 07:00-19:00 Mars/Olympus", "`Mars/Olympus`"),
        ("Mo-Fri 07:00-19:00 UTC", "`Mo`"),
        ("Mon-Fri 7:00-19:00 UTC", "`7:00-19:00`"),
        ("Mon-Fri 07:00-25:00 UTC", "07:00-25:00"),
        ("Mon 07:00-07:00 UTC", "whole days"),
        ("2026-12-26..2026-12-24 UTC", "before it begins"),
        ("2026-02-30 UTC", "`2026-02-30`"),
    ] {
        let found = Freeze::parse(text).expect_err(text);
        assert!(found.contains(reason), "{text}: {found}");
    }
}
