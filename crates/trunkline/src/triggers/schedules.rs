//! Starts by the clock: `schedules` of `server.yaml`, and the `Schedule` of actions that export.
//!
//! The time of the last start is remembered, so that a start that was due while the server was down is made up for:
//! once, however often it was due. A schedule that is new starts at its next time.

use super::decide;
use super::look::{Found, Triggers};
use super::settings::Schedule;
use crate::pipelines::definitions::Defined;
use croner::Cron;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use std::collections::BTreeMap;
use std::str::FromStr as _;
use trunkline_engine::event::{TriggerKind, TriggerRef};
use trunkline_model::Report;

/// Stands for the clock among the repositories in the table of heads.
const CLOCK: &str = "schedule";

/// Whether a schedule can be understood.
pub(super) fn check(schedule: &Schedule) -> Result<(), String> {
    parse(&schedule.cron)?;
    zone(schedule).map(drop)
}

fn parse(text: &str) -> Result<Cron, String> {
    if text.split_whitespace().count() != 5 {
        let fields = "minute, hour, day of month, month, day of week";
        return Err(format!("the schedule `{text}` does not have five fields: {fields}"));
    }
    Cron::from_str(text).map_err(|error| format!("the schedule `{text}` is wrong: {error}"))
}

fn zone(schedule: &Schedule) -> Result<TimeZone, String> {
    match &schedule.timezone {
        None => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`")),
    }
}

/// The last time at or before `now` at which a schedule was due, and the next one.
fn due(schedule: &Schedule, now: Timestamp) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let cron = parse(&schedule.cron).ok()?;
    let now: Zoned = now.to_zoned(zone(schedule).ok()?);
    let last = cron.find_previous_occurrence(&now, true).ok();
    let next = cron.find_next_occurrence(&now, false).ok();
    Some((last.map(|t| t.timestamp()), next.map(|t| t.timestamp())))
}

/// What tells schedules of a pipeline apart: all that they say.
fn key(schedule: &Schedule) -> String {
    let zone = schedule.timezone.as_deref().unwrap_or("UTC");
    let variables = schedule.variables.iter().map(|(name, value)| format!(" {name}={value:?}"));
    format!("{} {zone}{}", schedule.cron, variables.collect::<String>())
}

impl Triggers {
    /// Starts what is due; returns when the next schedule is.
    pub(crate) async fn run_schedules(
        &self,
        schedules: &[Schedule],
        found: &mut Found,
    ) -> Result<Option<Timestamp>, Report> {
        let now = (self.now)();
        let mut soonest: Option<Timestamp> = None;
        for schedule in schedules.iter().cloned().chain(self.exports()) {
            let Some((last, next)) = due(&schedule, now) else { continue };
            soonest = soonest.into_iter().chain(next).min();
            let key = key(&schedule);
            let known = self.store.head(&schedule.pipeline, CLOCK, &key);
            let known = known.map_err(|error| self.unreadable(&error))?;
            let Some(known) = known else {
                self.remember(&schedule.pipeline, CLOCK, &key, &now.to_string())?;
                continue;
            };
            // A clock that was ahead once must not silence the schedule until then.
            let since: Timestamp = known.revision.parse().unwrap_or(now).min(now);
            let Some(last) = last.filter(|last| *last > since) else { continue };
            if self.start_scheduled(&schedule, &key, last, found).await {
                self.remember(&schedule.pipeline, CLOCK, &key, &last.to_string())?;
            }
        }
        Ok(soonest)
    }

    /// Starts what was due at a time; false where that may work later.
    async fn start_scheduled(
        &self,
        schedule: &Schedule,
        key: &str,
        due: Timestamp,
        found: &mut Found,
    ) -> bool {
        let token = [schedule.pipeline.as_str(), key, &due.to_string()].join("\n");
        let trigger = TriggerRef {
            kind: TriggerKind::CloudWatchEvent,
            detail: format!("schedule {key}, due {due}"),
        };
        let (name, variables) = (&schedule.pipeline, schedule.variables.clone());
        found.take(name, self.start_once(name, trigger, variables, Vec::new(), &token).await)
    }

    /// The schedules of actions that export.
    fn exports(&self) -> Vec<Schedule> {
        let mut all = Vec::new();
        let off = self.starter.switched_off();
        for Defined { pipeline, .. } in self.starter.definitions().pipelines.values() {
            if decide::switched_off(pipeline, &off).is_some() {
                continue;
            }
            let crons = pipeline
                .actions()
                .filter(|action| action.action_type_id.provider == "TrunklineExport")
                .filter_map(|action| action.configuration.get("Schedule"));
            all.extend(crons.map(|cron| Schedule {
                pipeline: pipeline.name.clone(),
                cron: cron.clone(),
                timezone: None,
                variables: BTreeMap::new(),
            }));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(cron: &str, timezone: Option<&str>) -> Schedule {
        Schedule {
            pipeline: "nightly".to_owned(),
            cron: cron.to_owned(),
            timezone: timezone.map(str::to_owned),
            variables: BTreeMap::new(),
        }
    }

    #[test]
    fn the_last_and_the_next_time_are_of_the_schedules_own_zone() {
        let now = "2025-01-15T15:30:00Z".parse().unwrap();
        let (last, next) = due(&schedule("0 6 * * 1-5", Some("America/Los_Angeles")), now).unwrap();
        assert_eq!(last.unwrap().to_string(), "2025-01-15T14:00:00Z");
        assert_eq!(next.unwrap().to_string(), "2025-01-16T14:00:00Z");
        let (last, _) = due(&schedule("30 15 * * *", None), now).unwrap();
        assert_eq!(last, Some(now), "a time that is just reached counts");
    }

    #[test]
    fn schedules_that_differ_only_in_their_variables_are_two() {
        let with = |value: &str| Schedule {
            variables: BTreeMap::from([("KIND".to_owned(), value.to_owned())]),
            ..schedule("0 6 * * *", None)
        };
        let keys = [key(&schedule("0 6 * * *", None)), key(&with("full")), key(&with("part"))];
        assert_eq!(
            keys,
            ["0 6 * * * UTC", "0 6 * * * UTC KIND=\"full\"", "0 6 * * * UTC KIND=\"part\""]
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (cron, zone) in
            [("* * * *", None), ("61 * * * *", None), ("* * * * *", Some("Mars/Olympus"))]
        {
            assert!(check(&schedule(cron, zone)).is_err(), "{cron} {zone:?}");
        }
    }
}
