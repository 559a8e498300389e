//! A number per run as a chart: runs stand as in the grid, newest at the left, with the seams drawn
//! through. Every value is also told on hover, and in a table by who draws the chart.

use std::fmt::Write as _;

use leptos::prelude::*;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers at the left, and for the axis below.
const LEFT: f64 = 52.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 8.0;
const RIGHT: f64 = 8.0;
/// How far the many seams of the product reach up from the axis; the others go through.
const TICK: f64 = 12.0;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Index of the run, from the newest.
    pub column: usize,
    /// The value.
    pub value: f64,
    /// The word of the run's state, which colours the point.
    pub state: &'static str,
    /// What hovering tells.
    pub title: String,
}

/// A seam: between this run and the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartSeam {
    /// Index of the newer run.
    pub column: usize,
    /// `infra` or `product`.
    pub kind: &'static str,
    /// What hovering tells.
    pub title: String,
}

/// Draws `points` over `columns` runs. `label` says what is drawn; `newest` and `oldest` are the dates at
/// the ends.
pub fn chart(
    label: &str,
    columns: usize,
    points: &[Point],
    seams: &[ChartSeam],
    newest: &str,
    oldest: &str,
) -> impl IntoView + use<> {
    let most = points.iter().map(|point| point.value).fold(0.0, f64::max);
    let ticks = ticks(most);
    let top = ticks.last().copied().unwrap_or(1.0);
    let step = (WIDTH - LEFT - RIGHT) / columns.max(1) as f64;
    let x = |column: usize| LEFT + (column as f64 + 0.5) * step;
    let y = |value: f64| ABOVE + (HEIGHT - ABOVE - BELOW) * (1.0 - value / top);
    let lines = ticks
        .iter()
        .map(|&tick| {
            let at = y(tick);
            view! {
                <line class="chart__rule" x1=LEFT x2=WIDTH - RIGHT y1=at y2=at />
                <text class="chart__tick" x=LEFT - 8.0 y=at + 4.0 text-anchor="end">
                    {number(tick)}
                </text>
            }
        })
        .collect_view();
    let seam_count = seams.iter().filter(|seam| seam.kind == "infra").count();
    let crowded = if seam_count * 3 > columns {
        "many"
    } else {
        "few"
    };
    let seams = seams
        .iter()
        .map(|seam| {
            let at = LEFT + (seam.column as f64 + 1.0) * step;
            view! {
                <line
                    class="chart__seam"
                    data-kind=seam.kind
                    x1=at
                    x2=at
                    y1=if seam.kind == "product" { HEIGHT - BELOW - TICK } else { ABOVE }
                    y2=HEIGHT - BELOW
                >
                    <title>{seam.title.clone()}</title>
                </line>
            }
        })
        .collect_view();
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let letter = if index == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{:.1} {:.1}", x(point.column), y(point.value));
    }
    let dots = points
        .iter()
        .map(|point| {
            let at = format!("translate({:.1} {:.1})", x(point.column), y(point.value));
            view! {
                <path
                    class="chart__point"
                    data-state=point.state
                    transform=at
                    d=shape(point.state)
                >
                    <title>{point.title.clone()}</title>
                </path>
            }
        })
        .collect_view();
    let bottom = HEIGHT - 6.0;
    view! {
        <div
            class="chart"
            data-seams=crowded
            tabindex="0" role="group" aria-label=label.to_owned()>
        <svg
            data-testid="chart"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            role="img"
            aria-label=label.to_owned()
        >
            {lines}
            {seams}
            <path class="chart__line" d=path />
            {dots}
            <text class="chart__tick chart__end" x=LEFT y=bottom>
                {newest.to_owned()}
            </text>
            <text class="chart__tick chart__end" x=WIDTH - RIGHT y=bottom text-anchor="end">
                {oldest.to_owned()}
            </text>
        </svg>
        </div>
    }
}

/// The numbers of a chart, for who wants to read them: a row of cells for each of `lines`. `label` says what
/// it tells.
pub fn chart_table<const N: usize>(
    label: &str,
    headings: [&str; N],
    lines: impl Iterator<Item = [AnyView; N]>,
) -> AnyView {
    let headings = headings
        .map(|heading| view! { <th scope="col">{heading.to_owned()}</th> })
        .collect_view();
    let lines = lines
        .map(|line| {
            let cells = line.map(|cell| view! { <td>{cell}</td> }).collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <details class="chart-table">
            <summary>"As a table"</summary>
            <div class="chart-table__scroll" tabindex="0" role="group" aria-label=label.to_owned()>
                <table>
                    <thead>
                        <tr>{headings}</tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

/// What a point looks like without its colour: failed runs are squares, flaky ones triangles, all others
/// discs.
fn shape(state: &str) -> &'static str {
    match state {
        "failed" => "M-3.5-3.5h7v7h-7z",
        "flaky" => "M0-4.5l4.5 8h-9z",
        _ => "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    }
}

/// From zero to at least `most`, in three to six steps of one, two or five times a power of ten.
fn ticks(most: f64) -> Vec<f64> {
    if !most.is_finite() || most <= 0.0 {
        return vec![0.0, 1.0];
    }
    let rough = most / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power);
    let count = (most / step).ceil() as u32;
    (0..=count).map(|index| f64::from(index) * step).collect()
}

/// A number with as many digits as one reads.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 1.0 => 1,
        size if size >= 0.01 => 3,
        _ => 5,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers_and_hold_everything() {
        for (most, expected) in [
            (0.0, &[0.0, 1.0][..]),
            (f64::NAN, &[0.0, 1.0]),
            (4.0, &[0.0, 1.0, 2.0, 3.0, 4.0]),
            (7.3, &[0.0, 2.0, 4.0, 6.0, 8.0]),
            (95.0, &[0.0, 50.0, 100.0]),
        ] {
            assert_eq!(ticks(most), expected, "{most}");
        }
        for most in [0.003, 0.7, 1.0, 12.0, 61.0, 999.0, 123_456.0] {
            let ticks = ticks(most);
            assert!(ticks.last().is_some_and(|&top| top >= most), "{most}");
            assert!((3..=6).contains(&ticks.len()), "{most}: {ticks:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (1.25, "1.2"),
            (0.4, "0.4"),
            (0.0334, "0.033"),
            (1234.5, "1234"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
