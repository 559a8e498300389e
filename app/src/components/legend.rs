//! What the signs mean.

use leptos::prelude::*;
use model::status::Status;

/// What keys do, as HTML: the keys and what they are for.
const KEYS: &str = "\
<li><span><kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd></span> Arrow keys move from cell to cell\
<li><span><kbd>Enter</kbd></span> opens the build or the head of a group\
<li><span><kbd>Shift+Enter</kbd></span> tells all about the row\
<li><span><kbd>m</kbd></span> the menu of the cell\
<li><span><kbd>[</kbd> <kbd>]</kbd></span> to the seam at the left and at the right\
<li><span><kbd>s</kbd></span> opens the seam at the cell\
<li><span><kbd>{</kbd> <kbd>}</kbd></span> the same, of the infrastructure alone\
<li><span><kbd>n</kbd> <kbd>p</kbd></span> to the next and the previous failing row\
<li><span><kbd>Shift+←</kbd> <kbd>→</kbd></span> choose two builds, as a drag over the header does\
<li><span><kbd>c</kbd></span> compares them\
<li><span><kbd>+</kbd> <kbd>-</kbd></span> wider and narrower columns; a drag over the bars zooms in\
<li><span><kbd>/</kbd></span> to the filter\
<li><span><kbd>Esc</kbd></span> closes what is open\
<li><span><kbd>?</kbd></span> opens this";

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
                <ul class="keys" inner_html=KEYS></ul>
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
