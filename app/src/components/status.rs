//! A tab's status: sign, word and colour.

use leptos::prelude::*;
use model::{order::sorted, summary::TabStatus};

/// Sign and word.
#[component]
pub fn StatusBadge(
    /// The status.
    status: TabStatus,
) -> impl IntoView {
    view! {
        <span class="status" data-status=status.word()>
            <span class="status__glyph" aria-hidden="true">
                {status.glyph()}
            </span>
            <span class="status__word">{status.word()}</span>
        </span>
    }
}

/// How many tabs have which status, worst first; a status that none has is left out.
#[component]
pub fn StatusCounts(
    /// The statuses, in any order.
    statuses: Vec<TabStatus>,
) -> impl IntoView {
    view! { <Counts counts=count_statuses(&statuses) /> }
}

/// Statuses with their numbers, in the given order.
#[component]
pub fn Counts(
    /// Worst first.
    counts: Vec<(TabStatus, usize)>,
) -> impl IntoView {
    let counts = counts
        .into_iter()
        .map(|(status, count)| {
            view! {
                <li class="counts__item" data-status=status.word()>
                    <span class="counts__glyph" aria-hidden="true">
                        {status.glyph()}
                    </span>
                    <span class="counts__number">{count}</span>
                    " "
                    <span class="counts__word">{status.word().to_ascii_lowercase()}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="counts">{counts}</ul> }
}

/// Statuses with their numbers, worst first.
pub fn count_statuses(statuses: &[TabStatus]) -> Vec<(TabStatus, usize)> {
    let mut counts: Vec<(TabStatus, usize)> = Vec::new();
    for &status in statuses {
        match counts.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => counts.push((status, 1)),
        }
    }
    sorted(counts, &|(a, _), (b, _)| b.severity().cmp(&a.severity()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_counted_first() {
        use TabStatus::{Failing, Flaky, Passing, Unknown};
        assert_eq!(
            count_statuses(&[Passing, Flaky, Passing, Unknown, Failing]),
            [(Failing, 1), (Flaky, 1), (Passing, 2), (Unknown, 1)]
        );
        assert_eq!(count_statuses(&[]), []);
    }
}
