//! Whether the data is too old to say anything: by the hours that the tab sets, or by the job's own
//! rhythm.

use crate::grid::Column;

const HOUR_MS: i64 = 3_600_000;
/// Gaps that say how often a job runs: those between its newest columns.
const GAPS: usize = 50;

/// When a tab is stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaleRule {
    /// The tab's `alert_stale_results_hours`: `None` when it does not say, 0 for never.
    pub hours: Option<u32>,
    /// After how many times the job's own interval a tab that does not say is stale. 0 for never,
    /// which is TestGrid's rule.
    pub intervals: u32,
}

/// What decides whether a tab is stale, beside the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// When the stored results last changed; `None` when there are none.
    pub modified_ms: Option<i64>,
    /// When the newest column began; `None` without columns, or when it does not say.
    pub newest_ms: Option<i64>,
    /// Whether any row counts.
    pub has_rows: bool,
    /// How often the job runs; `None` when its columns do not tell.
    pub interval_ms: Option<i64>,
}

/// How a tab is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Nothing was ever stored.
    NothingStored,
    /// There are no columns, or no row that counts.
    NothingCompleted,
    /// The stored results have not changed since.
    NotChanged {
        /// When they last did.
        since_ms: i64,
        /// After how long that makes the tab stale.
        limit_ms: i64,
    },
    /// No column is newer.
    NoNewColumn {
        /// When the newest began.
        since_ms: i64,
        /// After how long that makes the tab stale.
        limit_ms: i64,
    },
}

impl StaleRule {
    /// How the tab is stale at `now_ms`, or `None` when it is not. TestGrid's order of conditions;
    /// the limit by the job's own interval stands where TestGrid's is not configured, and says
    /// nothing about a tab without results: that one is unknown, not stale.
    pub fn apply(self, freshness: Freshness, now_ms: i64) -> Option<Stale> {
        let Some(modified_ms) = freshness.modified_ms else {
            return Some(Stale::NothingStored);
        };
        let limit_ms = match self.hours {
            Some(0) => return None,
            Some(hours) => i64::from(hours) * HOUR_MS,
            None if self.intervals == 0 => return None,
            None => freshness
                .interval_ms?
                .saturating_mul(i64::from(self.intervals)),
        };
        let newest_ms = match freshness.newest_ms {
            Some(newest_ms) if freshness.has_rows => newest_ms,
            _ if self.hours.is_none() => return None,
            _ => return Some(Stale::NothingCompleted),
        };
        if now_ms.saturating_sub(modified_ms) > limit_ms {
            Some(Stale::NotChanged {
                since_ms: modified_ms,
                limit_ms,
            })
        } else if now_ms.saturating_sub(newest_ms) > limit_ms {
            Some(Stale::NoNewColumn {
                since_ms: newest_ms,
                limit_ms,
            })
        } else {
            None
        }
    }
}

/// How often the job runs, by when its newest `columns` began (newest first): the middle gap when most
/// gaps are no longer than twice that, as with a job that runs on a schedule; else the longest gap,
/// because a job that runs when something happens is not late after a quiet night. `None` with fewer
/// than two starts.
pub fn observed_interval_ms(columns: &[Column]) -> Option<i64> {
    let starts: Vec<i64> = columns
        .iter()
        .map(|column| column.started_ms)
        .filter(|&start| start > 0)
        .take(GAPS + 1)
        .collect();
    let mut gaps: Vec<i64> = starts
        .windows(2)
        .map(|pair| pair[0] - pair[1])
        .filter(|&gap| gap > 0)
        .collect();
    gaps.sort_unstable();
    let longest = *gaps.last()?;
    let middle = gaps[gaps.len() / 2];
    let most = gaps[gaps.len() * 4 / 5];
    Some(if most <= middle.saturating_mul(2) {
        middle
    } else {
        longest
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_700_000_000_000;

    fn fresh(modified_h: i64, newest_h: i64) -> Freshness {
        Freshness {
            modified_ms: Some(NOW - modified_h * HOUR_MS),
            newest_ms: Some(NOW - newest_h * HOUR_MS),
            has_rows: true,
            interval_ms: Some(HOUR_MS),
        }
    }

    const fn rule(hours: Option<u32>, intervals: u32) -> StaleRule {
        StaleRule { hours, intervals }
    }

    #[test]
    fn conditions_are_tried_in_testgrids_order() {
        let nothing = Freshness::default();
        for intervals in [0, 3] {
            for hours in [None, Some(0), Some(5)] {
                assert_eq!(
                    rule(hours, intervals).apply(nothing, NOW),
                    Some(Stale::NothingStored)
                );
            }
        }
        let no_rows = Freshness {
            has_rows: false,
            ..fresh(0, 0)
        };
        let no_columns = Freshness {
            newest_ms: None,
            ..fresh(0, 0)
        };
        for empty in [no_rows, no_columns] {
            assert_eq!(
                rule(Some(5), 3).apply(empty, NOW),
                Some(Stale::NothingCompleted)
            );
            assert_eq!(rule(Some(0), 3).apply(empty, NOW), None);
            assert_eq!(rule(None, 3).apply(empty, NOW), None);
        }
        let limit_ms = 5 * HOUR_MS;
        assert_eq!(
            rule(Some(5), 3).apply(fresh(6, 7), NOW),
            Some(Stale::NotChanged {
                since_ms: NOW - 6 * HOUR_MS,
                limit_ms
            })
        );
        assert_eq!(
            rule(Some(5), 3).apply(fresh(1, 7), NOW),
            Some(Stale::NoNewColumn {
                since_ms: NOW - 7 * HOUR_MS,
                limit_ms
            })
        );
        assert_eq!(rule(Some(5), 3).apply(fresh(5, 5), NOW), None);
    }

    #[test]
    fn without_hours_the_jobs_own_interval_counts() {
        let stale = rule(None, 3).apply(fresh(0, 4), NOW);
        assert_eq!(
            stale,
            Some(Stale::NoNewColumn {
                since_ms: NOW - 4 * HOUR_MS,
                limit_ms: 3 * HOUR_MS
            })
        );
        assert_eq!(rule(None, 3).apply(fresh(0, 3), NOW), None);
        // TestGrid's rule: never, unless hours are configured.
        assert_eq!(rule(None, 0).apply(fresh(99, 99), NOW), None);
        // An explicit zero is not the same as no word.
        assert_eq!(rule(Some(0), 3).apply(fresh(99, 99), NOW), None);
        let unknown = Freshness {
            interval_ms: None,
            ..fresh(99, 99)
        };
        assert_eq!(rule(None, 3).apply(unknown, NOW), None);
    }

    fn columns(hours: &[i64]) -> Vec<Column> {
        hours
            .iter()
            .map(|hour| Column {
                started_ms: NOW - hour * HOUR_MS,
                ..Column::default()
            })
            .collect()
    }

    #[test]
    fn the_interval_is_what_the_job_does() {
        for (hours, interval) in [
            (&[][..], None),
            (&[1], None),
            (&[1, 3], Some(2)),
            // On schedule, with one outage.
            (&[0, 2, 4, 6, 30, 32, 34], Some(2)),
            // On merges: days are busy, nights are not.
            (&[0, 1, 2, 14, 15, 16, 17, 30, 31, 32, 45], Some(13)),
            // Two at the same time are no rhythm.
            (&[5, 5, 5], None),
        ] {
            assert_eq!(
                observed_interval_ms(&columns(hours)),
                interval.map(|hours: i64| hours * HOUR_MS),
                "{hours:?}"
            );
        }
        let unknown = vec![Column::default(); 3];
        assert_eq!(observed_interval_ms(&unknown), None);
    }

    proptest! {
        #[test]
        fn once_stale_always_stale(
            modified in 0i64..200,
            newest in 0i64..200,
            hours in prop::option::of(0u32..50),
            intervals in 0u32..5,
            later in 0i64..500,
        ) {
            let rule = rule(hours, intervals);
            let freshness = fresh(modified, newest);
            if rule.apply(freshness, NOW).is_some() {
                prop_assert!(rule.apply(freshness, NOW + later * HOUR_MS).is_some());
            }
        }
    }
}
