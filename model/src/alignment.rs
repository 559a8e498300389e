//! Runs of several tabs under common headings, so that one sees whether all of them broke at the same
//! seam.

use std::collections::{BTreeSet, HashMap};

use crate::infra::same_version;

/// One heading: a stretch of time in which runs had the same value, such as the version of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The value; `None` when unknown.
    pub value: Option<String>,
    /// Which time this is that the value is seen, from 0: a value that was abandoned and came back has
    /// headings of its own.
    pub again: u32,
    /// When the first of its runs began, in milliseconds since 1970.
    pub first_ms: i64,
    /// Per line, in the order of the lines: indexes of its runs in this stretch, newest first.
    pub runs: Vec<Vec<usize>>,
}

/// Lines up `lines`, each the runs of a tab, newest first, as `(value, began)`. Commits that are abbreviated
/// to different lengths are one value, as it is written longest. Stretches are newest first, by when their
/// first run began. Whether a value came back is seen in each line on its own: what
/// lies before a line's first run is not known.
pub fn align(lines: &[Vec<(Option<&str>, i64)>]) -> Vec<Stretch> {
    let whole = whole_values(lines);
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut known: HashMap<(Option<&str>, u32), usize> = HashMap::new();
    for (line, runs) in lines.iter().enumerate() {
        let mut times: HashMap<Option<&str>, u32> = HashMap::new();
        let mut last = None;
        for (index, &(value, began_ms)) in runs.iter().enumerate().rev() {
            let value = value.map(|value| whole[value]);
            // What is unknown for a while is not thereby left.
            if value.is_some() && last != value {
                *times.entry(value).or_default() += 1;
                last = value;
            }
            let again = times.get(&value).map_or(0, |times| times - 1);
            let at = *known.entry((value, again)).or_insert_with(|| {
                stretches.push(Stretch {
                    value: value.map(str::to_owned),
                    again,
                    first_ms: began_ms,
                    runs: vec![Vec::new(); lines.len()],
                });
                stretches.len() - 1
            });
            let stretch = &mut stretches[at];
            stretch.first_ms = stretch.first_ms.min(began_ms);
            stretch.runs[line].push(index);
        }
    }
    for stretch in &mut stretches {
        for runs in &mut stretch.runs {
            runs.reverse();
        }
    }
    stretches.sort_by(|a, b| (b.first_ms, &b.value, b.again).cmp(&(a.first_ms, &a.value, a.again)));
    stretches
}

/// Every value with what it abbreviates; itself where that is nothing, or more than one.
fn whole_values<'a>(lines: &[Vec<(Option<&'a str>, i64)>]) -> HashMap<&'a str, &'a str> {
    let values: BTreeSet<&str> = lines
        .iter()
        .flatten()
        .filter_map(|&(value, _)| value)
        .collect();
    let mut whole: HashMap<&str, &str> = HashMap::with_capacity(values.len());
    // What begins with a value stands directly behind it.
    for &value in values.iter().rev() {
        let mut longer = values
            .range(value..)
            .skip(1)
            .take_while(|&&other| same_version(value, other))
            .map(|other| whole[other]);
        let first = longer.next();
        let only = first.filter(|&first| longer.all(|other| other == first));
        whole.insert(value, only.unwrap_or(value));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(lines: &[&[(&str, i64)]]) -> Vec<(String, u32, Vec<Vec<usize>>)> {
        let lines: Vec<Vec<(Option<&str>, i64)>> = lines
            .iter()
            .map(|line| {
                line.iter()
                    .map(|&(value, at)| ((!value.is_empty()).then_some(value), at))
                    .collect()
            })
            .collect();
        align(&lines)
            .into_iter()
            .map(|one| (one.value.unwrap_or_default(), one.again, one.runs))
            .collect()
    }

    #[test]
    fn tabs_stand_under_the_same_versions() {
        let found = headings(&[
            &[("b", 40), ("b", 30), ("a", 20), ("a", 10)],
            &[("c", 50), ("a", 5)],
            &[],
        ]);
        let expected = [
            ("c", 0, vec![vec![], vec![0], vec![]]),
            ("b", 0, vec![vec![0, 1], vec![], vec![]]),
            ("a", 0, vec![vec![2, 3], vec![1], vec![]]),
        ]
        .map(|(value, again, runs)| (value.to_owned(), again, runs));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_comes_back_stands_apart() {
        let found = headings(&[&[("a", 40), ("b", 30), ("a", 20)], &[("a", 45), ("a", 22)]]);
        let words: Vec<(&str, u32)> = found
            .iter()
            .map(|(value, again, _)| (value.as_str(), *again))
            .collect();
        assert_eq!(words, [("a", 1), ("b", 0), ("a", 0)]);
        // The second line never left it.
        assert_eq!(found[2].2, [vec![2], vec![0, 1]]);
    }

    #[test]
    fn the_unknown_is_one_heading_and_interrupts_none() {
        let found = headings(&[&[("", 40), ("b", 30), ("", 20)]]);
        assert_eq!(found[1], (String::new(), 0, vec![vec![0, 2]]));
        let found = headings(&[&[("a", 40), ("", 30), ("a", 20)]]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], ("a".to_owned(), 0, vec![vec![0, 2]]));
        assert_eq!(headings(&[]), []);
    }

    #[test]
    fn abbreviated_commits_are_one_value() {
        let (long, other) = ("0123456789abcdef", "0123456ffff");
        let lines = [
            vec![(Some(&long[..9]), 20), (Some("v1"), 10)],
            vec![(Some(long), 21), (Some(&long[..10]), 15), (Some("v1.2"), 5)],
        ];
        let stretches = align(&lines);
        let values: Vec<_> = stretches.iter().map(|at| at.value.as_deref()).collect();
        assert_eq!(values, [Some(long), Some("v1"), Some("v1.2")]);
        assert_eq!(stretches[0].runs, [vec![0], vec![0, 1]]);
        // What may be either is neither.
        let lines = [vec![
            (Some(long), 3),
            (Some(&long[..7]), 2),
            (Some(other), 1),
        ]];
        assert_eq!(align(&lines).len(), 3);
    }
}
