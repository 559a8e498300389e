//! How row names are shortened, and what a person types to find some.

use model::{grid::Grid, order::sorted};

/// What the names of a grid's rows have in common. Nothing of a name is left out of the page for it: what is
/// said of most rows is drawn as an ellipsis, and where two names look alike for long the place where they
/// differ is kept in sight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The beginning that most names share, such as the name of their suite, so that names begin where they
    /// differ. Empty when fewer than two thirds of the rows share one of some length. It ends after a space,
    /// a dot or a slash.
    pub shared: String,
    /// Of each row of the grid: as how many bytes it begins like the name that is most like its own.
    pub alike: Vec<u32>,
}

impl Names {
    /// Of the rows of a grid.
    pub fn of(grid: &Grid) -> Self {
        let name = |row: u32| grid.rows[row as usize].name.as_str();
        let rows = (0..grid.rows.len() as u32).collect();
        let rows = sorted(rows, &|&a, &b| name(a).cmp(name(b)));
        // Names are sorted, so that those which begin alike are neighbours.
        let mut alike = vec![0; rows.len()];
        for pair in rows.windows(2) {
            let begin = name(pair[0]).bytes().zip(name(pair[1]).bytes());
            let equal = begin.take_while(|(a, b)| a == b).count() as u32;
            for &row in pair {
                alike[row as usize] = equal.max(alike[row as usize]);
            }
        }
        let names: Vec<&str> = rows.into_iter().map(name).collect();
        Self {
            shared: shared_beginning(&names).to_owned(),
            alike,
        }
    }
}

/// The beginning that most of these sorted names share.
fn shared_beginning<'a>(names: &[&'a str]) -> &'a str {
    const SHORTEST: usize = 8;
    let enough = (names.len() * 2).div_ceil(3).max(3);
    let Some(&middle) = names.get(names.len() / 2) else {
        return "";
    };
    let mut shared = "";
    for (at, letter) in middle.char_indices().take(200) {
        let end = at + letter.len_utf8();
        if end < SHORTEST || !matches!(letter, ' ' | '.' | '/') {
            continue;
        }
        let beginning = &middle[..end];
        let first = names.partition_point(|name| *name < beginning);
        let count = names[first..].partition_point(|name| name.starts_with(beginning));
        if count < enough {
            break;
        }
        shared = beginning;
    }
    shared
}

/// Where the part of a name begins that is kept in sight: the word in which it differs from the name that is
/// most like it, for `alike` bytes. The length of the name when there is none, as the names differ
/// within the first letters after `from`, or not at all, or are written from the right.
pub fn kept_end(name: &str, from: usize, alike: usize) -> usize {
    /// What begins so far in is in sight as it stands.
    const IN_SIGHT: usize = 36;
    let is_from_right = |letter: char| matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    let mut end = alike;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let words = &[' ', '.', '/', ':', '[', ']', '(', '=', '-', '_'];
    match name[..end].rfind(words) {
        Some(at)
            if at >= from + IN_SIGHT && alike < name.len() && !name.contains(is_from_right) =>
        {
            at + 1
        }
        _ => name.len(),
    }
}

/// What a person typed into the filter box, as the pattern that goes into the URL: `/re/` is a regular
/// expression, anything else is looked for as it stands.
pub fn pattern_of(typed: &str) -> String {
    if let Some(pattern) = typed
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        && !pattern.is_empty()
    {
        return pattern.to_owned();
    }
    let mut pattern = String::with_capacity(typed.len());
    for letter in typed.chars() {
        if SPECIAL.contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// The characters that mean something in a regular expression.
const SPECIAL: &str = r"\^$.|?*+()[]{}";

/// The pattern as it is shown in the filter box: the inverse of [`pattern_of`].
pub fn typed_of(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            match letters.next() {
                Some(next) if SPECIAL.contains(next) => plain.push(next),
                _ => return format!("/{pattern}/"),
            }
        } else if SPECIAL.contains(letter) {
            return format!("/{pattern}/");
        } else {
            plain.push(letter);
        }
    }
    if pattern_of(&plain) == pattern {
        plain
    } else {
        format!("/{pattern}/")
    }
}

/// Whether a regular expression may take for ever on a name that nearly matches: something that repeats
/// without end, or has alternatives, repeats without end itself. Browsers try every way to split
/// a name then, and cannot be stopped.
pub fn is_explosive(pattern: &str) -> bool {
    // Per open group: whether there is something in it that can match in several ways.
    let mut groups = vec![false];
    // Whether what stands before is such a group.
    let mut before = false;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
                before = false;
            }
            '[' => {
                // A bracket at the beginning closes nothing.
                let mut first = true;
                while let Some(letter) = letters.next() {
                    match letter {
                        '\\' => drop(letters.next()),
                        ']' if !first => break,
                        _ => {}
                    }
                    first = letter == '^' && first;
                }
                before = false;
            }
            '(' => {
                groups.push(false);
                before = false;
            }
            ')' => {
                before = groups.len() > 1 && groups.pop() == Some(true);
                if let (true, Some(outer)) = (before, groups.last_mut()) {
                    *outer = true;
                }
            }
            '|' => {
                if let Some(group) = groups.last_mut() {
                    *group = true;
                }
                before = false;
            }
            '*' | '+' | '{' => {
                let endless = letter != '{' || {
                    let count: String = letters.by_ref().take_while(|&it| it != '}').collect();
                    count.ends_with(',')
                };
                if endless && before {
                    return true;
                }
                if let (true, Some(group)) = (endless, groups.last_mut()) {
                    *group = true;
                }
                before = false;
            }
            '?' => {}
            _ => before = false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use model::grid::Row;

    use super::*;

    #[test]
    fn names_begin_where_they_differ() {
        let grid = |names: &[&str]| Grid {
            rows: names
                .iter()
                .map(|name| Row {
                    name: (*name).into(),
                    ..Row::default()
                })
                .collect(),
            ..Grid::default()
        };
        for (names, shared) in [
            (
                &[
                    "Overall",
                    "Kubernetes e2e a",
                    "Kubernetes e2e b",
                    "Kubernetes e2e c",
                ][..],
                "Kubernetes e2e ",
            ),
            (&["k8s.io/a/b", "k8s.io/a/c", "k8s.io/a/d"], "k8s.io/a/"),
            (&["a b", "a c", "a d"], ""),
            (&["Kubernetes a", "Kubernetes b"], ""),
            (&["alpha one", "beta two", "gamma three"], ""),
            (&[], ""),
        ] {
            assert_eq!(Names::of(&grid(names)).shared, shared, "{names:?}");
        }
    }

    #[test]
    fn where_names_differ_is_in_sight() {
        let long = "volumes of a driver with a rather long name";
        let names: Vec<String> = [
            format!("{long} should mount-one [Slow]"),
            "other".to_owned(),
            format!("{long} should mount-other [Slow]"),
            format!("{long} should"),
            format!("{long} é1"),
            format!("{long} è2"),
            format!("{long} \u{5d0} 1"),
            format!("{long} \u{5d0} 2"),
            format!("{long} twice"),
            format!("{long} twice"),
        ]
        .to_vec();
        let rows = names.iter().map(|name| Row {
            name: name.clone(),
            ..Row::default()
        });
        let grid = Grid {
            rows: rows.collect(),
            ..Grid::default()
        };
        let alike = Names::of(&grid).alike;
        let kept = |row: usize, from: usize| {
            let name = &names[row];
            &name[kept_end(name, from, alike[row] as usize)..]
        };
        assert_eq!(kept(0, 0), "one [Slow]");
        assert_eq!(kept(2, 0), "other [Slow]");
        assert_eq!(kept(4, 0), "é1");
        // What is short after its group's name is in sight.
        assert_eq!(kept(0, long.len()), "");
        for row in [1, 3, 6, 7, 8, 9] {
            assert_eq!(kept(row, 0), "", "{}", names[row]);
        }
        assert_eq!(kept_end("", 0, 0), 0);
    }

    #[test]
    fn patterns_that_explode_are_known() {
        for (pattern, explosive) in [
            ("(a+)+$", true),
            ("(a*)*", true),
            ("(a|aa)+$", true),
            ("((a+)b?)*", true),
            ("(?:x{2,})+", true),
            ("([a-z]+.*){3,}", true),
            ("(a+)?", false),
            ("(a|b){1,3}", false),
            ("^operator|container test", false),
            ("(ab)+", false),
            (r"\(a+\)+", false),
            ("[(a+)]+", false),
            ("[]*]+(b)+", false),
            ("(a+)b+", false),
            ("a+b*c{2,}", false),
            ("(((", false),
            (")+", false),
            ("", false),
        ] {
            assert_eq!(is_explosive(pattern), explosive, "{pattern}");
        }
    }

    #[test]
    fn filters_round_trip() {
        for typed in [
            "",
            "Conformance",
            "a.b",
            "[sig-network] Services",
            "/^a|b$/",
            "//",
            "/",
            "\\",
        ] {
            assert_eq!(typed_of(&pattern_of(typed)), typed);
        }
        assert_eq!(pattern_of("a.b"), r"a\.b");
        assert_eq!(typed_of("^operator"), "/^operator/");
        assert_eq!(typed_of(r"\d"), r"/\d/");
    }
}
