//! Whether a text is a cron expression: fields, ranges, names and steps. When it comes round is
//! worked out where the clock is.
//!
//! With seconds, as deployment windows have it, it is Quartz's: `?`, `L`, `W` and `#`, months and
//! days of the week from 1. What passes is parsed as well, for some combinations cannot be.

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field: its name, its range, its words, and whether `?`, `L`, `W` and `#` make sense in it.
type Field = (&'static str, u32, u32, &'static [&'static str], bool);

const SECOND: Field = ("second", 0, 59, &[], false);
const REST: [Field; 6] = [
    ("minute", 0, 59, &[], false),
    ("hour", 0, 23, &[], false),
    ("day of the month", 1, 31, &[], true),
    ("month", 1, 12, MONTHS, false),
    ("day of the week", 0, 7, DAYS, true),
    ("year", 1970, 2199, &[], false),
];

/// Says what is wrong with an expression of `least` to `most` fields.
pub(super) fn problem(text: &str, least: usize, most: usize) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !(least..=most).contains(&fields.len()) {
        return Some(format!(
            "must be a cron expression of {} fields, this has {}",
            if least == most { least.to_string() } else { format!("{least} to {most}") },
            fields.len()
        ));
    }
    // Five fields begin with the minute, six and seven with the second.
    let known: Vec<Field> = match fields.len() {
        5 => REST[..5].to_vec(),
        _ => std::iter::once(SECOND).chain(REST).collect(),
    };
    let wrong = fields.iter().zip(known).find(|(field, known)| !holds(field, *known));
    wrong.map(|(field, known)| format!("has no valid {} in `{field}`", known.0)).or_else(|| {
        trunkline_model::cron::parse(text)
            .is_err()
            .then(|| "is no cron expression that can be met".to_owned())
    })
}

fn holds(field: &str, known: Field) -> bool {
    field.split(',').all(|part| {
        let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
        step.is_none_or(|s| s.parse::<u32>().is_ok_and(|s| s > 0)) && range_holds(range, known)
    })
}

fn range_holds(range: &str, known: Field) -> bool {
    let special = known.4;
    match range {
        "*" => true,
        "?" | "L" | "LW" => special,
        _ => match range.split_once('-') {
            // `L-3` is the third day before the last.
            Some(("L", days)) => special && days.parse::<u32>().is_ok(),
            Some((from, to)) => value_holds(from, known) && value_holds(to, known),
            None => match range.split_once('#') {
                Some((day, nth)) => {
                    special
                        && value_holds(day, known)
                        && nth.parse::<u32>().is_ok_and(|n| (1..=5).contains(&n))
                }
                None if special => {
                    value_holds(range.trim_end_matches('L').trim_end_matches('W'), known)
                }
                None => value_holds(range, known),
            },
        },
    }
}

fn value_holds(text: &str, (_, least, most, words, _): Field) -> bool {
    words.iter().any(|w| w.eq_ignore_ascii_case(text))
        || text.parse::<u32>().is_ok_and(|n| (least..=most).contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_hold_field_by_field() {
        for good in
            ["0 0 9-17 ? * MON-FRI", "0 */15 * L * ? 2027", "0 0 12 ? JAN 6#3", "0 0 0 15W * ?"]
        {
            assert_eq!(problem(good, 6, 7), None, "{good}");
        }
        for (bad, part) in [
            ("0 9 * * *", "fields"),
            ("0 60 * * * ?", "minute"),
            ("0 0 24 * * ?", "hour"),
            ("0 0 0 32 * ?", "day of the month"),
            ("0 0 0 ? * FUNDAY", "day of the week"),
            ("0 0 0/0 ? * *", "hour"),
        ] {
            assert!(problem(bad, 6, 7).is_some_and(|p| p.contains(part)), "{bad}");
        }
        assert_eq!(problem("30 2 * * 1-5", 5, 5), None);
    }
}
