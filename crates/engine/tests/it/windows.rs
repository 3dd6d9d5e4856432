//! Windows in which a deployment is allowed.

use trunkline_engine::window::{next, open};

/// 2026-11-20 is a Friday.
fn at(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

const WORKING_HOURS: &str = "* * 9-16 ? * MON-FRI *";

#[test]
fn a_window_is_open_in_every_minute_that_its_expression_names() {
    let check = |time: &str, zone: &str, is_open: bool| {
        assert_eq!(open(WORKING_HOURS, zone, at(time)), Ok(is_open), "{time} {zone}");
    };
    check("2026-11-20T09:00:00Z", "", true);
    check("2026-11-20T16:59:59.999Z", "", true);
    check("2026-11-20T17:00:00Z", "", false);
    check("2026-11-21T10:00:00Z", "", false);
    check("2026-11-20T09:00:00Z", "America/Los_Angeles", false);
    check("2026-11-20T17:30:30Z", "America/Los_Angeles", true);
}

#[test]
fn weekdays_count_from_sunday() {
    assert_eq!(open("* * * ? * 6 *", "", at("2026-11-20T00:00:00Z")), Ok(true));
    assert_eq!(open("* * * ? * 5 *", "", at("2026-11-20T00:00:00Z")), Ok(false));
}

#[test]
fn the_next_opening_is_known() {
    let monday = at("2026-11-23T09:00:00Z");
    assert_eq!(next(WORKING_HOURS, "", at("2026-11-20T18:00:00Z")), Ok(Some(monday)));
    assert_eq!(next("* 0 2 1 1 ? 2020", "", monday), Ok(None));
}

#[test]
fn what_is_no_window_is_told() {
    for (cron, zone) in
        [("* * *", ""), ("* * 9-17 ? * NEVER *", ""), ("* * * ? * * *", "Mars/Base")]
    {
        assert!(open(cron, zone, 0).is_err(), "{cron} {zone}");
    }
}
