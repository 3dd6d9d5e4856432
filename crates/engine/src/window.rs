//! The rule DeploymentWindow: whether a time is inside of a window that a cron expression describes.
//!
//! Expressions have CodePipeline's fields: seconds (always `*`), minutes, hours, day of the month,
//! month (1-12), day of the week (1-7 from Sunday) and perhaps the year. Every minute that the
//! expression names is inside.

use crate::event::Millis;
use croner::Cron;
use jiff::{Timestamp, Zoned};
use trunkline_model::cron;

const MINUTE: Millis = 60_000;

/// Whether the window is open.
pub fn open(cron: &str, zone: &str, now: Millis) -> Result<bool, String> {
    let (cron, at) = read(cron, zone, now)?;
    cron.is_time_matching(&at).map_err(|e| e.to_string())
}

/// When the window opens next; now, where it is open. Nothing, where it never does.
pub fn next(cron: &str, zone: &str, now: Millis) -> Result<Option<Millis>, String> {
    let (cron, at) = read(cron, zone, now)?;
    let found = cron.find_next_occurrence(&at, true).ok();
    Ok(found.map(|at| at.timestamp().as_millisecond().max(now)))
}

/// The expression, and the beginning of the minute in its time zone.
fn read(text: &str, zone: &str, now: Millis) -> Result<(Cron, Zoned), String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !(6..=7).contains(&fields.len()) {
        let told = fields.len();
        return Err(format!("\"{text}\" has {told} fields; a window has 6 or 7"));
    }
    // Windows are counted in minutes: the field for seconds says nothing.
    let minutes = format!("0 {}", fields[1..].join(" "));
    let parsed = cron::parse(&minutes).map_err(|e| format!("\"{text}\" is no window: {e}"))?;
    let zone = if zone.is_empty() { "UTC" } else { zone };
    let minute = now - now.rem_euclid(MINUTE);
    let at = Timestamp::from_millisecond(minute).map_err(|e| e.to_string())?;
    let at = at.in_tz(zone).map_err(|_| format!("\"{zone}\" is no time zone"))?;
    Ok((parsed, at))
}
