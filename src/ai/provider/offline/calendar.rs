//! Unix seconds to a date and a time of day, in UTC.

use std::fmt;

const SECONDS_PER_DAY: u64 = 86_400;
const WEEKDAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Date {
    weekday: &'static str,
    day: u64,
    month: &'static str,
    year: u64,
}

impl Date {
    /// The day on which that second lies.
    pub(super) fn at(unix_seconds: u64) -> Date {
        let days = unix_seconds / SECONDS_PER_DAY;
        // Counted from 1 March of the year 0, so that leap days end their years, in eras of
        // 400 years, which all have the same number of days.
        let since_era_zero = days + 719_468;
        let (era, day) = (since_era_zero / 146_097, since_era_zero % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let january_or_february = month >= 10;
        Date {
            // 1 January 1970 was a Thursday.
            weekday: WEEKDAYS[(days % 7) as usize],
            day: day - (153 * month + 2) / 5 + 1,
            month: MONTHS[((month + 2) % 12) as usize],
            year: era * 400 + year + u64::from(january_or_february),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date {
            weekday,
            day,
            month,
            year,
        } = self;
        write!(f, "{weekday}, {day} {month} {year}")
    }
}

/// The time of day as `14:05`.
pub(super) fn time_of_day(unix_seconds: u64) -> String {
    let minutes = unix_seconds % SECONDS_PER_DAY / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_named_correctly() {
        let table = [
            (0, "Thursday, 1 January 1970", "00:00"),
            (86_399, "Thursday, 1 January 1970", "23:59"),
            (951_782_400, "Tuesday, 29 February 2000", "00:00"),
            (951_868_800, "Wednesday, 1 March 2000", "00:00"),
            (1_735_689_599, "Tuesday, 31 December 2024", "23:59"),
            (1_795_271_100, "Saturday, 21 November 2026", "14:25"),
            (4_107_542_400, "Monday, 1 March 2100", "00:00"),
        ];
        for (seconds, date, time) in table {
            assert_eq!(Date::at(seconds).to_string(), date);
            assert_eq!(time_of_day(seconds), time);
        }
        assert!(Date::at(u64::MAX).year > 500_000_000_000);
    }

    #[test]
    fn every_day_follows_the_one_before() {
        // The naive twin: counts days with the lengths of the months.
        let (mut day, mut month, mut year) = (1, 0, 1970);
        for days in 0..200_000u64 {
            let date = Date::at(days * SECONDS_PER_DAY);
            assert_eq!(
                (date.day, date.month, date.year),
                (day, MONTHS[month], year)
            );
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            day += 1;
            if day > lengths[month] {
                (day, month) = (1, month + 1);
            }
            if month == 12 {
                (month, year) = (0, year + 1);
            }
        }
    }
}
