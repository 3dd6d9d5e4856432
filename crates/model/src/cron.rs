//! Cron expressions, read in one way: by who checks definitions and by who waits for windows.
//!
//! Five fields are cron's. Six and seven begin with the second and are Quartz's: days of the week count from
//! Sunday as 1, a day of the month and one of the week must both fit, and the year may follow.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// Reads an expression. The error is a sentence.
pub fn parse(text: &str) -> Result<Cron, String> {
    let parsed = match text.split_whitespace().count() {
        5 => text.parse::<Cron>(),
        _ => CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Optional)
            .alternative_weekdays(true)
            .dom_and_dow(true)
            .build()
            .parse(text),
    };
    parsed.map_err(|error| error.to_string())
}
