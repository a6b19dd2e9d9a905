//! Days, months and one zone with summer time, counted from first principles.

/// A day, counted from 1970-01-01.
pub type Day = i64;

/// A month, counted as `year x 12 + month - 1`.
pub type Month = i64;

const DAY_MICROS: i64 = 86_400_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// The day of a date; H. Hinnant, chrono-compatible low-level date algorithms, `days_from_civil`.
pub fn day_of(year: i64, month: i64, day: i64) -> Day {
    let y = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a day: year, month, day.
pub fn date_of(day: Day) -> (i64, i64, i64) {
    let month = month_of(day);
    (month.div_euclid(12), month.rem_euclid(12) + 1, day - first_day(month) + 1)
}

/// The month that a day lies in.
pub fn month_of(day: Day) -> Month {
    let mut month = (1970 * 12) + day / 31;
    while first_day(month + 1) <= day {
        month += 1;
    }
    month
}

/// The first day of a month.
pub fn first_day(month: Month) -> Day {
    day_of(month.div_euclid(12), month.rem_euclid(12) + 1, 1)
}

/// The last day of a month.
pub fn last_day(month: Month) -> Day {
    first_day(month + 1) - 1
}

/// `2026-10-31`.
pub fn day_text(day: Day) -> String {
    let (y, m, d) = date_of(day);
    format!("{y:04}-{m:02}-{d:02}")
}

/// `2026-10`.
pub fn month_text(month: Month) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

/// A day from `2026-10-31`.
pub fn parse_day(text: &str) -> Day {
    let n = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap_or_else(|_| panic!("no day: {text:?}"));
    day_of(n(0..4), n(5..7), n(8..10))
}

/// A month from `2026-10`.
pub fn parse_month(text: &str) -> Month {
    month_of(parse_day(&format!("{text}-01")))
}

/// Microseconds since 1970 of `2026-10-31T22:30:00Z`, with or without a fraction of a second.
pub fn parse_instant(text: &str) -> i64 {
    let bare = text.strip_suffix('Z').unwrap_or_else(|| panic!("an instant in UTC ends in Z: {text:?}"));
    let (seconds, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let n = |range: std::ops::Range<usize>| seconds[range].parse::<i64>().expect("digits");
    let micros: i64 = format!("{fraction:0<6}").parse().expect("at most six digits");
    let in_day = (n(11..13) * 60 + n(14..16)) * 60 + n(17..19);
    parse_day(seconds) * DAY_MICROS + in_day * 1_000_000 + micros
}

/// `2026-10-31T22:30:00Z`; the inverse of [`parse_instant`].
pub fn instant_text(micros: i64) -> String {
    let (day, rest) = (micros.div_euclid(DAY_MICROS), micros.rem_euclid(DAY_MICROS));
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let fraction =
        if fraction == 0 { String::new() } else { format!(".{fraction:06}").trim_end_matches('0').to_owned() };
    format!("{}T{:02}:{:02}:{:02}{fraction}Z", day_text(day), seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A zone: an offset, and with European summer time or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    hours: i64,
    summer: bool,
}

impl Zone {
    /// `UTC`, `Europe/Berlin` or `Asia/Tokyo`.
    pub fn named(name: &str) -> Self {
        let (hours, summer) = match name {
            "UTC" => (0, false),
            "Europe/Berlin" => (1, true),
            "Asia/Tokyo" => (9, false),
            other => panic!("the model has no zone {other:?}"),
        };
        Self { hours, summer }
    }

    /// The local day of an instant.
    pub fn day_at(self, micros: i64) -> Day {
        (micros + (self.hours + self.summer_hours(micros)) * HOUR_MICROS).div_euclid(DAY_MICROS)
    }

    /// The instant at which a local day begins.
    pub fn start_of(self, day: Day) -> i64 {
        let winter = day * DAY_MICROS - self.hours * HOUR_MICROS;
        winter - self.summer_hours(winter - HOUR_MICROS) * HOUR_MICROS
    }

    /// Summer time: from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
    fn summer_hours(self, micros: i64) -> i64 {
        let (year, ..) = date_of(micros.div_euclid(DAY_MICROS));
        let change = |month| last_sunday(year * 12 + month - 1) * DAY_MICROS + HOUR_MICROS;
        i64::from(self.summer && (change(3)..change(10)).contains(&micros))
    }
}

/// 1970-01-01 was a Thursday.
fn last_sunday(month: Month) -> Day {
    let last = last_day(month);
    last - (last + 4).rem_euclid(7)
}

/// Full years from a birth date to a day; born on 29 February, one is older on 1 March.
pub fn age_on(birth: Day, day: Day) -> i64 {
    let ((by, bm, bd), (y, m, d)) = (date_of(birth), date_of(day));
    y - by - i64::from((m, d) < (bm, bd))
}
