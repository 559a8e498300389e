//! How a row fared day by day over a year, runs among them that are no longer kept.

use leptos::prelude::*;
use model::wire::RowDay;

use super::chart::{Point, chart, chart_table, number};
use crate::text::count;

/// The share of a day's runs in which the row failed or was flaky, in percent.
fn failing_percent(day: &RowDay) -> f64 {
    f64::from(day.failed + day.flaky) * 100.0 / f64::from(day.runs.max(1))
}

/// The word that colours a day.
fn state(day: &RowDay) -> &'static str {
    match day {
        RowDay { failed: 1.., .. } => "failed",
        RowDay { flaky: 1.., .. } => "flaky",
        _ => "passed",
    }
}

/// What is said of a day: `2 of 24 runs failed, 1 flaky`.
fn said(day: &RowDay) -> String {
    let runs = count(day.runs as usize, "run", "runs");
    match (day.failed, day.flaky) {
        (0, 0) => format!("{runs}, all passed"),
        (failed, 0) => format!("{failed} of {runs} failed"),
        (failed, flaky) => format!("{failed} of {runs} failed, {flaky} flaky"),
    }
}

/// The charts of `days`, newest first, and the table of their numbers; nothing for fewer than two days,
/// which tell no more than the runs do.
pub(super) fn days_view(days: &[RowDay]) -> Option<AnyView> {
    let [newest, .., oldest] = days else {
        return None;
    };
    let columns = (newest.day - oldest.day).num_days().unsigned_abs() as usize + 1;
    let draw = |label: &str, value: &dyn Fn(&RowDay) -> Option<(f64, String)>| {
        let points: Vec<Point> = days
            .iter()
            .filter_map(|day| {
                let (value, told) = value(day)?;
                Some(Point {
                    column: (newest.day - day.day).num_days().unsigned_abs() as usize,
                    value,
                    state: state(day),
                    title: format!("{told}, {}, {}", day.day, said(day)),
                })
            })
            .collect();
        let (newest, oldest) = (newest.day.to_string(), oldest.day.to_string());
        let chart = chart(label, columns, &points, &[], &newest, &oldest);
        (!points.is_empty()).then_some(chart)
    };
    let share = draw(
        "Failed and flaky runs per day in percent, newest day at the left",
        &|day| {
            let percent = failing_percent(day);
            Some((percent, format!("{} %", number(percent))))
        },
    );
    let minutes = draw(
        "Mean duration per day in minutes, newest day at the left",
        &|day| {
            let minutes = day.seconds? / 60.0;
            Some((minutes, format!("{} minutes", number(minutes))))
        },
    );
    let lines = days.iter().map(|day| {
        [
            day.day.to_string().into_any(),
            day.runs.into_any(),
            day.failed.into_any(),
            day.flaky.into_any(),
            number(failing_percent(day)).into_any(),
            day.seconds.map(|seconds| number(seconds / 60.0)).into_any(),
        ]
    });
    let headings = [
        "Day",
        "Runs",
        "Failed",
        "Flaky",
        "Failed and flaky in percent",
        "Mean duration in minutes",
    ];
    let table = chart_table("Day by day, newest first", headings, lines);
    let runs: usize = days.iter().map(|day| day.runs as usize).sum();
    let view = view! {
        <section data-testid="row-days">
            <h2>"Day by day"</h2>
            <p class="test__said">
                {format!(
                    "{} on {}, {} to {}. Days are UTC and count runs that are no longer kept.",
                    count(runs, "run", "runs"),
                    count(days.len(), "day", "days"),
                    oldest.day,
                    newest.day,
                )}
            </p>
            <h3>"Failed and flaky runs in percent"</h3>
            {share}
            {minutes
                .map(|chart| {
                    view! {
                        <h3>"Mean duration in minutes"</h3>
                        {chart}
                    }
                })}
            {table}
        </section>
    };
    Some(view.into_any())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn day(day: u32, failed: u32, flaky: u32) -> RowDay {
        RowDay {
            day: NaiveDate::from_ymd_opt(2026, 3, day).expect("a day"),
            runs: 10,
            passed: 10 - failed - flaky,
            flaky,
            failed,
            seconds: (day > 2).then_some(90.0),
        }
    }

    #[test]
    fn days_without_runs_leave_a_gap() {
        assert!(days_view(&[]).is_none() && days_view(&[day(1, 0, 0)]).is_none());
        let html = days_view(&[day(9, 0, 0), day(3, 1, 1), day(1, 2, 0)])
            .expect("more than one day")
            .to_html();
        assert_eq!(html.matches("data-state=\"failed\"").count(), 3, "{html}");
        assert!(html.contains("30 runs on 3 days, 2026-03-01 to 2026-03-09"));
        assert!(html.contains("20 %, 2026-03-03, 1 of 10 runs failed, 1 flaky"));
        assert!(html.contains("1.5 minutes, 2026-03-09, 10 runs, all passed"));
    }
}
