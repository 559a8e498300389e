//! What the signs mean.

use leptos::prelude::*;
use model::status::Status;

/// The statuses that the legend explains, in the order of what people look for.
const SHOWN: [Status; 11] = [
    Status::Pass,
    Status::Fail,
    Status::Flaky,
    Status::Running,
    Status::TimedOut,
    Status::BuildFail,
    Status::ToolFail,
    Status::PassWithSkips,
    Status::Cancel,
    Status::Unknown,
    Status::NoResult,
];

/// Seams and cells.
#[component]
pub fn Legend() -> impl IntoView {
    let seam = |kind: &'static str, certain: bool, text: &'static str| {
        view! {
            <li class="legend__item">
                <span
                    class="legend__seam"
                    data-kind=kind
                    data-certain=if certain { "true" } else { "false" }
                    aria-hidden="true"
                ></span>
                {text}
            </li>
        }
    };
    let cells = SHOWN
        .into_iter()
        .map(|status| {
            view! {
                <li class="legend__item">
                    <span class="legend__cell cell" data-status=status.name() aria-hidden="true">
                        {status.glyph()}
                    </span>
                    {status.word()}
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="legend">
            <summary>"Legend"</summary>
            <div class="legend__body">
                <h3>"Seams"</h3>
                <ul>
                    {seam("infra", true, "infrastructure changed")}
                    {seam("product", true, "product changed")}
                    {seam("both", true, "both changed")}
                    {seam(
                        "infra",
                        false,
                        "uncertain: builds of unknown version lie before it",
                    )}
                    <li class="legend__item">
                        <span class="legend__unknown" aria-hidden="true"></span>
                        "version unknown"
                    </li>
                </ul>
                <h3>"Cells"</h3>
                <ul>{cells}</ul>
                <h3>"Keys"</h3>
                <p>
                    "Arrow keys move from cell to cell, Enter opens the build, Shift+Enter all about the row, m the cell's menu. Shift+Left and Shift+Right choose two builds and c compares them (so do Shift+click, and a drag over the header); + and - make columns wider and narrower (a drag over the bars zooms in). [ and ] go to the seam at the left and at the right, n and p to the next and the previous failing row, / to the filter. On the head of a group Enter, Right and Left open and close it. Tab reaches the handles of seams in the header; Enter opens a seam, Escape closes it. ? opens this."
                </p>
            </div>
        </details>
    }
}

/// The bars and ticks of strips, in one line.
#[component]
pub fn StripLegend() -> impl IntoView {
    let bars = ["passed", "flaky", "failed", "running", "unknown"]
        .into_iter()
        .map(|state| {
            view! {
                <li>
                    <span class="strip" aria-hidden="true">
                        <span class="strip__run" data-state=state></span>
                    </span>
                    {state}
                </li>
            }
        })
        .collect_view();
    view! {
        <ul class="strip-legend" aria-label="What the bars mean; newest run at the left">
            {bars} <li>
                <span class="strip" aria-hidden="true">
                    <span class="strip__run" data-state="passed" data-seam="infra"></span>
                    <span class="strip__run" data-state="passed"></span>
                </span>
                "infrastructure changed between two runs"
            </li> <li class="strip-legend__order">"newest run at the left"</li>
        </ul>
    }
}
