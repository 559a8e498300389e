//! Times as people read them. The server and the first paint write UTC; the browser rewrites them in
//! the zone that its reader wants (`zone.js` knows it), and only there does anything say how long ago it
//! was.

use crate::browser;

/// Minutes, hours and days in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const YEAR_MS: i64 = 365 * DAY_MS;

/// In which zone times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// As the server writes them.
    #[default]
    Utc,
    /// As the reader wants it: the computer's, or another that was chosen.
    Local,
}

impl Zone {
    /// How far the zone is ahead of UTC at this moment, in minutes.
    pub fn offset_minutes(self, ms: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Local => browser::zone_offset(ms),
        }
    }

    /// The moment on this zone's calendar.
    pub fn moment(self, ms: i64) -> Moment {
        Moment::new(ms, self.offset_minutes(ms))
    }

    /// `20 Nov 2026 11:39 UTC`; in another zone without a word for it.
    pub fn text(self, ms: i64) -> String {
        let text = self.moment(ms).full_text();
        match self {
            Self::Utc => text + " UTC",
            Self::Local => text,
        }
    }

    /// A text in which the server wrote moments.
    pub fn within(self, text: &str) -> String {
        match self {
            Self::Utc => text.to_owned(),
            Self::Local => browser::zone_of(text),
        }
    }

    /// The zone that the reader wants.
    pub fn wanted() -> Self {
        if browser::zone_name(true) == "UTC" {
            Self::Utc
        } else {
            Self::Local
        }
    }

    /// `UTC`, `local time` or the chosen zone: `Asia/Tokyo`. In `short`, for headings: `UTC`, `local`,
    /// `Tokyo`.
    pub fn word(self, short: bool) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Local => browser::zone_name(short),
        }
    }
}

/// A moment on a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Moment {
    /// `ms` since 1970, on a calendar that is `offset_minutes` ahead of UTC.
    pub fn new(ms: i64, offset_minutes: i64) -> Self {
        let local = ms.saturating_add(offset_minutes * MINUTE_MS);
        let (days, rest) = (local.div_euclid(DAY_MS), local.rem_euclid(DAY_MS));
        // Days to a date of the proleptic Gregorian calendar; years begin in March, so that the leap
        // day is the last.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as u32,
            day: day as u32,
            hour: (rest / HOUR_MS) as u32,
            minute: (rest % HOUR_MS / MINUTE_MS) as u32,
        }
    }

    /// `11-20`: whole even in the narrowest of columns.
    pub fn short_day_text(self) -> String {
        format!("{:02}-{:02}", self.month, self.day)
    }

    /// `Nov 20`
    pub fn day_text(self) -> String {
        format!("{} {}", self.month_text(), self.day)
    }

    /// `11:39`
    pub fn clock_text(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `20 Nov 2026 11:39`
    pub fn full_text(self) -> String {
        format!(
            "{} {} {} {}",
            self.day,
            self.month_text(),
            self.year,
            self.clock_text()
        )
    }

    fn month_text(self) -> &'static str {
        MONTHS[(self.month as usize + 11) % 12]
    }
}

/// RFC 3339 in UTC, to the second: what `<time datetime>` holds.
pub fn rfc3339(ms: i64) -> String {
    let Moment {
        year,
        month,
        day,
        hour,
        minute,
    } = Moment::new(ms, 0);
    let second = ms.rem_euclid(MINUTE_MS) / 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// How long ago: `5 min ago`. Whole units, rounded down; what lies ahead is `just now`, because only
/// clocks that differ put it there.
pub fn age_text(since_ms: i64, now_ms: i64) -> String {
    let age = now_ms.saturating_sub(since_ms);
    if age < MINUTE_MS {
        "just now".to_owned()
    } else if age < HOUR_MS {
        format!("{} min ago", age / MINUTE_MS)
    } else if age < 2 * DAY_MS {
        format!("{} h ago", age / HOUR_MS)
    } else if age < 2 * YEAR_MS {
        format!("{} days ago", age / DAY_MS)
    } else {
        format!("{} years ago", age / YEAR_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_follow_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_164_799_000, "2024-02-28T23:59:59Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00Z"),
            (1_795_174_740_000, "2026-11-20T11:39:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
        }
    }

    #[test]
    fn a_zone_shifts_the_day() {
        let ms = 1_795_174_740_000;
        assert_eq!(Moment::new(ms, 0).full_text(), "20 Nov 2026 11:39");
        assert_eq!(Moment::new(ms, 13 * 60).full_text(), "21 Nov 2026 00:39");
        assert_eq!(Moment::new(ms, -12 * 60).day_text(), "Nov 19");
        assert_eq!(Moment::new(ms, 0).short_day_text(), "11-20");
    }

    #[test]
    fn ages_are_whole_units() {
        for (age, text) in [
            (-5, "just now"),
            (59_999, "just now"),
            (MINUTE_MS, "1 min ago"),
            (90 * MINUTE_MS, "1 h ago"),
            (47 * HOUR_MS, "47 h ago"),
            (50 * HOUR_MS, "2 days ago"),
            (729 * DAY_MS, "729 days ago"),
            (2_215 * DAY_MS, "6 years ago"),
        ] {
            assert_eq!(age_text(0, age), text);
        }
    }
}
