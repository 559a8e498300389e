//! By what the rows of a tab are grouped.

use leptos::prelude::*;
use model::query::{GroupBy, TabQuery};

use crate::components::{
    choice::{Choice, options_html},
    grid::{Change, state::GridState},
    tool::{Named, tool},
};

/// What rows can be grouped by, with the words for it; the value in the list is the place in this one. An
/// expression stands for whatever expression is chosen.
const GROUPINGS: [(&str, &str); 4] = [
    ("by folder", ""),
    ("by target", ""),
    ("by parts of names", r"^.*?\[sig-[^\]]+\]|^[^./]+|.+"),
    ("equal but for", r"\d+"),
];

/// The place of a grouping in [`GROUPINGS`], and its expression.
fn place(by: &GroupBy) -> (usize, Option<&str>) {
    match by {
        GroupBy::Directory => (0, None),
        GroupBy::Target => (1, None),
        GroupBy::Hierarchy(pattern) => (2, Some(pattern)),
        GroupBy::Mask(pattern) => (3, Some(pattern)),
    }
}

/// The grouping at a place in [`GROUPINGS`], with an expression, or the one that stands there.
fn grouping(place: usize, pattern: &str) -> Option<GroupBy> {
    let usual = GROUPINGS.get(place)?.1;
    let pattern = if pattern.is_empty() { usual } else { pattern };
    Some(match place {
        0 => GroupBy::Directory,
        1 => GroupBy::Target,
        2 => GroupBy::Hierarchy(pattern.to_owned()),
        _ => GroupBy::Mask(pattern.to_owned()),
    })
}

/// Chooses by what rows are grouped, and opens and closes all groups.
#[component]
pub fn Grouping(
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
) -> impl IntoView {
    let group = move |by: Option<GroupBy>| {
        let query = TabQuery {
            // Without groups nothing is open.
            expand_groups: by.is_some() && state.query.read_untracked().expand_groups,
            toggled_groups: Vec::new(),
            group: by,
            ..state.query.get_untracked()
        };
        change.run((query, false));
    };
    let options = Signal::derive(move || {
        let words = |(place, (words, _)): (usize, (&str, _))| (place.to_string(), words.to_owned());
        let mut options = vec![(String::new(), "not at all".to_owned())];
        options.extend(GROUPINGS.into_iter().enumerate().map(words));
        let chosen = state.query.read().group.as_ref().map(|by| place(by).0);
        options_html(
            &options,
            &chosen.map(|place| place.to_string()).unwrap_or_default(),
        )
    });
    let choose = Callback::new(move |value: String| {
        group(value.parse().ok().and_then(|place| grouping(place, "")));
    });
    let set_all = move |open: bool| {
        let query = state.query.get_untracked();
        // Nor does a link open any.
        let kept = |place: Option<String>| place.filter(|_| open);
        let query = TabQuery {
            expand_groups: open,
            toggled_groups: Vec::new(),
            row: kept(query.row),
            column: kept(query.column),
            ..query
        };
        change.run((query, true));
    };
    let all = move |open: bool, sign: &str, label: &'static str| {
        let named = Named {
            name: if open { "expand-all" } else { "collapse-all" },
            label,
            title: label,
        };
        tool("button", named, sign.to_owned(), move || set_all(open))
    };
    let pattern = move || {
        let query = state.query.read();
        let pattern = query.group.as_ref().and_then(|by| place(by).1);
        pattern.unwrap_or_default().to_owned()
    };
    let absent = move |pattern: bool| {
        move || {
            let query = state.query.read();
            let by = query.group.as_ref();
            by.is_none_or(|by| pattern && place(by).1.is_none())
        }
    };
    view! {
        <span class="toolbar__item toolbar__groups" role="group" aria-label="Groups of rows">
            <Choice label="Group" name="group" options choose />
            <input
                class="field toolbar__pattern"
                data-testid="group-pattern"
                aria-label="A regular expression for the groups"
                spellcheck="false"
                hidden=absent(true)
                prop:value=pattern
                on:change:target=move |event| {
                    let query = state.query.get_untracked();
                    let by = query.group.as_ref().map(|by| place(by).0);
                    group(by.and_then(|place| grouping(place, &event.target().value())));
                }
            />
            <span hidden=absent(false)>
                {all(true, "⊞", "Open all groups")} " " {all(false, "⊟", "Close all groups")}
            </span>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grouping_has_its_place() {
        for by in [
            GroupBy::Directory,
            GroupBy::Target,
            GroupBy::Hierarchy("[a-z]+".into()),
            GroupBy::Mask("x".into()),
        ] {
            let (place, pattern) = place(&by);
            assert_eq!(grouping(place, pattern.unwrap_or_default()), Some(by));
        }
        assert_eq!(grouping(3, ""), Some(GroupBy::Mask(r"\d+".into())));
        assert_eq!(grouping(GROUPINGS.len(), ""), None);
    }
}
