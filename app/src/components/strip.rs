//! The last runs of a tab: one bar each, newest at the left, with a tick where a version changed. Bars
//! differ in height and shape, not in colour alone.

use leptos::prelude::*;
use model::wire::{ColumnState, StripColumn};

use crate::{
    text::{count, visible},
    time::Zone,
};

/// The last runs of a tab.
#[component]
pub fn Strip(
    /// Newest first.
    runs: Vec<StripColumn>,
    /// At most so many are drawn.
    #[prop(default = 24)]
    most: usize,
    /// Whether each bar says on hover what it is.
    #[prop(default = true)]
    titles: bool,
) -> impl IntoView {
    let runs = &runs[..runs.len().min(most)];
    let label = label(runs);
    let bars = runs
        .iter()
        .map(|run| {
            let seam = match (run.infra_seam, run.product_seam) {
                (true, true) => "both",
                (true, false) => "infra",
                (false, true) => "product",
                (false, false) => "",
            };
            view! {
                <span
                    class="strip__run"
                    data-state=state_word(run.state)
                    data-seam=(!seam.is_empty()).then_some(seam)
                    title=titles.then(|| bar_title(run))
                ></span>
            }
        })
        .collect_view();
    view! {
        <span class="strip" role="img" aria-label=label>
            {bars}
        </span>
    }
}

/// The word of a column's state, as it stands in `data-state`.
pub const fn state_word(state: ColumnState) -> &'static str {
    match state {
        ColumnState::Blank => "blank",
        ColumnState::Passed => "passed",
        ColumnState::Flaky => "flaky",
        ColumnState::Failed => "failed",
        ColumnState::Running => "running",
        ColumnState::Unknown => "unknown",
    }
}

fn bar_title(run: &StripColumn) -> String {
    let mut title = format!(
        "{}: {}",
        Zone::Utc.moment(run.started.timestamp_millis()).full_text() + " UTC",
        state_word(run.state)
    );
    if run.failed > 0 {
        title += &format!(", {} of {} cells failed", run.failed, run.filled);
    }
    title += &format!(", build {}", visible(&run.build));
    if run.infra_seam {
        title += "; infrastructure changed since the run before";
    }
    if run.product_seam {
        title += "; the product changed since the run before";
    }
    title
}

/// The strip in words.
fn label(runs: &[StripColumn]) -> String {
    let with = |state: ColumnState| runs.iter().filter(|run| run.state == state).count();
    let mut label = format!("Last {}, newest first", count(runs.len(), "run", "runs"));
    for state in [
        ColumnState::Failed,
        ColumnState::Flaky,
        ColumnState::Running,
        ColumnState::Unknown,
        ColumnState::Passed,
    ] {
        let number = with(state);
        if number > 0 {
            label += &format!(", {number} {}", state_word(state));
        }
    }
    let seams = runs.iter().filter(|run| run.infra_seam).count();
    if seams > 0 {
        label += &format!("; infrastructure changed {}", count(seams, "time", "times"));
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_is_told_in_words() {
        let run = |state, infra_seam| StripColumn {
            build: "1".into(),
            started: chrono::DateTime::default(),
            state,
            failed: 1,
            filled: 3,
            infra_seam,
            product_seam: false,
        };
        let runs = [
            run(ColumnState::Failed, true),
            run(ColumnState::Passed, false),
            run(ColumnState::Passed, false),
        ];
        assert_eq!(
            label(&runs),
            "Last 3 runs, newest first, 1 failed, 2 passed; infrastructure changed 1 time"
        );
        assert!(bar_title(&runs[0]).contains("1 of 3 cells failed, build 1; infra"));
        assert_eq!(label(&[]), "Last 0 runs, newest first");
    }
}
