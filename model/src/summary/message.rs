//! TestGrid's own texts: the status line and the text about stale data.

use chrono::DateTime;

use super::{Metrics, Stale, TabStatus};

/// The status line (specification 4.6).
pub fn message(metrics: &Metrics, status: TabStatus, max_acceptable_flakiness: f32) -> String {
    if metrics.filled_cells == 0 {
        return "no completed results".to_owned();
    }
    let percent = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole);
    let mut message = format!(
        "Tab stats: {} of {} ({:.1}%) recent columns passed ({} of {} or {:.1}% cells)",
        metrics.passing_columns,
        metrics.completed_columns,
        percent(metrics.passing_columns, metrics.completed_columns),
        metrics.passing_cells,
        metrics.filled_cells,
        percent(metrics.passing_cells, metrics.filled_cells),
    );
    if metrics.ignored_columns > 0 {
        message.push_str(&format!(". {} columns ignored", metrics.ignored_columns));
    }
    match status {
        TabStatus::Pending => message.push_str("\nStatus info: Not enough runs"),
        TabStatus::Acceptable => {
            message.push_str(&format!(
                "\nStatus info: Recent flakiness ({:.1}%) over valid columns is within configured \
                 acceptable level of {max_acceptable_flakiness:.1}%.",
                metrics.flakiness_percent()
            ));
        }
        _ => {}
    }
    message
}

/// What TestGrid says of a stale tab (specification 4.6); times in UTC, ages cut down to whole
/// quarters of an hour.
pub fn stale_text(stale: Stale, now_ms: i64) -> String {
    match stale {
        Stale::NothingStored => "no stored results".to_owned(),
        Stale::NothingCompleted => "no completed results".to_owned(),
        Stale::NotChanged { since_ms, .. } => format!(
            "data has not changed since {} ({} old)",
            time(since_ms),
            age(now_ms - since_ms)
        ),
        Stale::NoNewColumn { since_ms, .. } => format!(
            "latest column from {} ({} old)",
            time(since_ms),
            age(now_ms - since_ms)
        ),
    }
}

/// As Go writes a time in UTC.
fn time(ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let millis = ms.rem_euclid(1000);
    let fraction = if millis == 0 {
        String::new()
    } else {
        let digits = format!("{millis:03}");
        format!(".{}", digits.trim_end_matches('0'))
    };
    format!("{}{fraction} +0000 UTC", time.format("%Y-%m-%d %H:%M:%S"))
}

/// As Go writes a duration of whole quarters of an hour: `49h15m0s`, `45m0s`, `0s`.
fn age(ms: i64) -> String {
    let quarters = ms / (15 * 60_000);
    let (hours, minutes) = (quarters / 4, quarters % 4 * 15);
    match (hours, minutes) {
        (0, 0) => "0s".to_owned(),
        (0, minutes) => format!("{minutes}m0s"),
        _ => format!("{hours}h{minutes}m0s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(passing: u32, completed: u32, ignored: u32) -> Metrics {
        Metrics {
            completed_columns: completed,
            passing_columns: passing,
            ignored_columns: ignored,
            filled_cells: 8,
            passing_cells: 5,
            broken: false,
        }
    }

    #[test]
    fn the_line_says_what_is_special() {
        let plain = "Tab stats: 3 of 5 (60.0%) recent columns passed (5 of 8 or 62.5% cells)";
        for (metrics, status, line) in [
            (metrics(3, 5, 0), TabStatus::Flaky, plain.to_owned()),
            (
                metrics(3, 5, 1),
                TabStatus::Passing,
                format!("{plain}. 1 columns ignored"),
            ),
            (
                metrics(3, 5, 2),
                TabStatus::Pending,
                format!("{plain}. 2 columns ignored\nStatus info: Not enough runs"),
            ),
            (
                metrics(3, 5, 1),
                TabStatus::Acceptable,
                format!(
                    "{plain}. 1 columns ignored\nStatus info: Recent flakiness (25.0%) over valid \
                     columns is within configured acceptable level of 33.3%."
                ),
            ),
            (
                Metrics::default(),
                TabStatus::Pending,
                "no completed results".to_owned(),
            ),
        ] {
            assert_eq!(message(&metrics, status, 33.3), line);
        }
    }

    #[test]
    fn times_and_ages_are_written_as_go_writes_them() {
        let since_ms = 1_700_000_000_000;
        let stale = Stale::NotChanged {
            since_ms,
            limit_ms: 0,
        };
        for (after_min, text) in [
            (49 * 60 + 29, "49h15m0s"),
            (60, "1h0m0s"),
            (59, "45m0s"),
            (14, "0s"),
        ] {
            assert_eq!(
                stale_text(stale, since_ms + after_min * 60_000),
                format!("data has not changed since 2023-11-14 22:13:20 +0000 UTC ({text} old)")
            );
        }
        let stale = Stale::NoNewColumn {
            since_ms: since_ms + 120,
            limit_ms: 0,
        };
        assert_eq!(
            stale_text(stale, since_ms),
            "latest column from 2023-11-14 22:13:20.12 +0000 UTC (0s old)"
        );
        assert_eq!(stale_text(Stale::NothingStored, 0), "no stored results");
        assert_eq!(
            stale_text(Stale::NothingCompleted, 0),
            "no completed results"
        );
    }
}
