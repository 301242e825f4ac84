//! Moments as JavaScript writes them in JSON.

/// The most milliseconds from 1970 that JavaScript's dates reach, both ways (ECMA-262, "Time
/// Values").
const FURTHEST: i64 = 8_640_000_000_000_000;

/// The days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// The text of `Date.prototype.toISOString` for so many milliseconds since 1970, or nothing if no
/// date is that far away.
pub(super) fn iso(milliseconds: i64) -> Option<String> {
    if !(-FURTHEST..=FURTHEST).contains(&milliseconds) {
        return None;
    }
    let (days, of_day) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let (year, month, day) = civil(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(format!(
        "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}Z"
    ))
}

/// Year, month and day of a day in the Gregorian calendar, by its number since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from a 1st of March, the leap day is a year's last. 719,468 days before 1970 the
    // year 0 began so.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    // Without the leap days before it, a day's number tells its year.
    let leap_days = of_era / 1460 - of_era / 36_524 + of_era / (ERA - 1);
    let years = (of_era - leap_days) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    // Five months have 153 days, of 31 and 30 in turn.
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 {
        march_based + 3
    } else {
        march_based - 9
    };
    (era * 400 + years + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_javascript_writes_them() {
        // The right column is what Node prints.
        let rows = [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
            (1_795_253_153_123, "2026-11-21T09:25:53.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (FURTHEST, "+275760-09-13T00:00:00.000Z"),
            (-FURTHEST, "-271821-04-20T00:00:00.000Z"),
        ];
        for (milliseconds, text) in rows {
            assert_eq!(iso(milliseconds).as_deref(), Some(text), "{milliseconds}");
        }
        for milliseconds in [FURTHEST + 1, -FURTHEST - 1, i64::MAX, i64::MIN] {
            assert_eq!(iso(milliseconds), None);
        }
    }
}
