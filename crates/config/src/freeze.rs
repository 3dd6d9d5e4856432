//! Freeze windows: times in which nothing is applied, as `freeze` in `trunkline.yaml` tells them.
//!
//! `DAYS [HH:MM-HH:MM] ZONE` comes back every week (`Mon-Fri 07:00-19:00 America/Los_Angeles`), `DATE[..DATE]
//! [HH:MM-HH:MM] ZONE` once. Times are those of clocks in the zone; a window whose end is not after its
//! beginning ends on the next day. Where a clock is set back or forth, a window begins as early and ends as late as
//! its words allow. Pure: the time is a parameter.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

/// A window, as it was written and as it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Freeze {
    text: String,
    zone: TimeZone,
    days: Days,
    hours: Option<Hours>,
}

#[derive(Clone, Debug, PartialEq)]
enum Days {
    /// By weekday, Monday first.
    Weekly([bool; 7]),
    /// From and to, both included.
    Dates(Date, Date),
}

/// From and to; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Hours {
    from: Time,
    to: Time,
    next_day: bool,
}

/// A window that holds at some time.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen<'a> {
    /// The window.
    pub freeze: &'a Freeze,
    /// When nothing is frozen any more: windows that follow each other without a gap count as one.
    pub ends: Timestamp,
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// More windows than can follow each other in a year of days; ends a freeze that never ends.
const CHAIN_AT_MOST: usize = 800;
/// How a window is written, for messages.
pub(crate) const FORM: &str = "write for example `Mon-Fri 07:00-19:00 America/Los_Angeles`, \
     `Sat,Sun Europe/Berlin` or `2026-12-24..2026-12-26 Europe/Berlin`";

/// Returns the window that holds at a time, and when it ends.
pub fn frozen(windows: &[Freeze], now: Timestamp) -> Option<Frozen<'_>> {
    let (freeze, mut ends) = latest(windows, now)?;
    for _ in 0..CHAIN_AT_MOST {
        match latest(windows, ends) {
            Some((_, later)) => ends = later,
            None => break,
        }
    }
    Some(Frozen { freeze, ends })
}

/// The window at a time that ends last.
fn latest(windows: &[Freeze], now: Timestamp) -> Option<(&Freeze, Timestamp)> {
    windows.iter().filter_map(|w| Some((w, w.holds(now)?))).max_by_key(|(_, end)| *end)
}

impl Freeze {
    /// Reads a window. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, hours, zone) = match words.as_slice() {
            [days, zone] => (*days, None, *zone),
            [days, hours, zone] => (*days, Some(*hours), *zone),
            [] => return Err("it is empty".to_owned()),
            [_] => return Err("it names no time zone".to_owned()),
            _ => return Err(format!("it has {} words instead of 2 or 3", words.len())),
        };
        if zone.contains(':') {
            return Err("it names no time zone".to_owned());
        }
        let zone =
            TimeZone::get(zone).map_err(|_| format!("`{zone}` is not the name of a time zone"))?;
        let (days, hours) = (parse_days(days)?, hours.map(parse_hours).transpose()?);
        Ok(Self { text: text.to_owned(), zone, days, hours })
    }

    /// The window as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone whose clocks it means.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When the window ends that holds at a time; None where none does.
    pub fn holds(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(self.zone.clone()).date();
        // A window over midnight began yesterday; a day whose first hour is missing begins late.
        let days = [today.yesterday().ok(), Some(today)];
        let spans = days.into_iter().flatten().filter_map(|day| self.span(day));
        spans.filter(|(from, to)| *from <= now && now < *to).map(|(_, to)| to).max()
    }

    /// From and to of the window that begins on a day.
    fn span(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let wanted = match self.days {
            Days::Weekly(days) => {
                days[usize::try_from(day.weekday().to_monday_zero_offset()).ok()?]
            }
            Days::Dates(first, last) => first <= day && day <= last,
        };
        if !wanted {
            return None;
        }
        let midnight = Time::midnight();
        let Hours { from, to, next_day } =
            self.hours.unwrap_or(Hours { from: midnight, to: midnight, next_day: true });
        let last = if next_day { day.checked_add(1.day()).ok()? } else { day };
        Some((self.first(day.to_datetime(from))?, self.last(last.to_datetime(to))?))
    }

    /// The first moment at which clocks show a time, or jump over it.
    fn first(&self, shown: DateTime) -> Option<Timestamp> {
        let found = self.zone.to_ambiguous_timestamp(shown);
        match found.offset() {
            AmbiguousOffset::Gap { .. } => self.jump(shown),
            _ => found.earlier().ok(),
        }
    }

    /// The last moment at which clocks show a time, or jump over it.
    fn last(&self, shown: DateTime) -> Option<Timestamp> {
        let found = self.zone.to_ambiguous_timestamp(shown);
        match found.offset() {
            AmbiguousOffset::Gap { .. } => self.jump(shown),
            _ => found.later().ok(),
        }
    }

    /// When clocks jump over a time that they do not show.
    fn jump(&self, shown: DateTime) -> Option<Timestamp> {
        let before = self.zone.to_ambiguous_timestamp(shown).earlier().ok()?;
        let change = self.zone.following(before).next()?;
        Some(change.timestamp())
    }
}

fn parse_days(text: &str) -> Result<Days, String> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let date = |part: &str| {
            let strict = part.len() == 10;
            let parsed = part.parse::<Date>().ok().filter(|_| strict);
            parsed.ok_or_else(|| format!("`{part}` is not a date such as 2026-12-24"))
        };
        let (first, last) = (date(first)?, date(last)?);
        if last < first {
            return Err(format!("it ends on {last}, before it begins on {first}"));
        }
        return Ok(Days::Dates(first, last));
    }
    if text.eq_ignore_ascii_case("daily") {
        return Ok(Days::Weekly([true; 7]));
    }
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        days[day] = true;
        while day != last {
            day = (day + 1) % 7;
            days[day] = true;
        }
    }
    Ok(Days::Weekly(days))
}

fn weekday(word: &str) -> Result<usize, String> {
    let lower = word.to_ascii_lowercase();
    let full = |day: usize| {
        let offset = i8::try_from(day).ok().and_then(|d| Weekday::from_monday_zero_offset(d).ok());
        offset.is_some_and(|d| format!("{d:?}").eq_ignore_ascii_case(word))
    };
    (0..7).find(|day| lower == WEEKDAYS[*day] || full(*day)).ok_or_else(|| {
        format!(
            "`{word}` is no weekday (Mon, Tue, Wed, Thu, Fri, Sat, Sun, or `daily`) and no date"
        )
    })
}

fn parse_hours(text: &str) -> Result<Hours, String> {
    let wrong = || format!("`{text}` is not a time of day such as 07:00-19:00");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let end_of_day = to == "24:00";
    let (from, to) =
        (time(from).ok_or_else(wrong)?, if end_of_day { Some(Time::midnight()) } else { time(to) });
    let to = to.ok_or_else(wrong)?;
    if from == to && !end_of_day {
        return Err(format!(
            "`{text}` begins and ends at once; leave the hours out for whole days"
        ));
    }
    Ok(Hours { from, to, next_day: to <= from })
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests;
