//! What happened at one seam: the changes, and the rows that broke and recovered across it.

use std::fmt::Write as _;

use model::{
    alert::Thresholds,
    grid::{Column, Grid},
    infra::ComponentKind,
    transition::{Transition, TurnKind, find_turns},
};

use crate::{
    grid::{
        header::{Fact, facts, version_of},
        seams::is_certain,
    },
    server_pages::compare::{code, plain},
    text::{count, visible, visible_message},
    time::rfc3339,
};

/// A seam's panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    /// Index of the newer of the two columns.
    pub column: usize,
    /// The newer column.
    pub newer: Column,
    /// The older column; `None` at the end of the data.
    pub older: Option<Column>,
    /// The infra components that changed.
    pub infra: Vec<Transition>,
    /// The product repositories that changed.
    pub product: Vec<Transition>,
    /// Infra components that did not change, with the reason why that is all that can be said.
    pub unchanged: Vec<(String, &'static str)>,
    /// Rows that passed before and fail since.
    pub broke: Vec<TurnedRow>,
    /// Rows that failed before and pass since.
    pub fixed: Vec<TurnedRow>,
}

/// A row that turned at a seam.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TurnedRow {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the newer cell says.
    pub message: String,
    /// The row has no result in the columns between, so that it may have turned before or after the
    /// seam: how many edges come into question. 1 is here and nowhere else.
    pub edges: usize,
}

/// The report of the seam at the older edge of `build`'s column; `None` when the grid has no such
/// column.
pub(super) fn report(grid: &Grid, build: &str) -> Option<Report> {
    let column = grid.column_of(build)?;
    let newer = grid.columns.get(column)?.clone();
    let older = grid.columns.get(column + 1).cloned();
    let of_kind = |kind| -> Vec<Transition> {
        grid.transitions
            .iter()
            .filter(|transition| transition.column as usize == column && transition.kind == kind)
            .cloned()
            .collect()
    };
    let infra = of_kind(ComponentKind::Infra);
    let product = of_kind(ComponentKind::Product);
    let unchanged = facts(grid)
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Version {
                kind: ComponentKind::Infra,
                component,
            } if !infra.iter().any(|change| change.component == component) => {
                let known = |column: Option<&Column>| {
                    column
                        .and_then(|column| version_of(column, ComponentKind::Infra, &component))
                        .is_some_and(|version| version.version.is_some())
                };
                let words = match (known(Some(&newer)), known(older.as_ref())) {
                    (true, true) => "the same on both sides",
                    (false, false) => "unknown on both sides",
                    (false, true) => "unknown in the newer build",
                    (true, false) => "unknown in the older build",
                };
                Some((component, words))
            }
            _ => None,
        })
        .collect();

    let thresholds = Thresholds {
        failures_to_open: grid.failures_to_alert,
        passes_to_close: 1,
    };
    let (mut broke, mut fixed) = (Vec::new(), Vec::new());
    for row in &grid.rows {
        for turn in find_turns(&row.statuses, thresholds) {
            if !turn.crosses(column) {
                continue;
            }
            let turned = TurnedRow {
                id: row.id.clone(),
                name: row.name.clone(),
                message: row
                    .cell(turn.newer as u32)
                    .map(|cell| cell.message.clone())
                    .unwrap_or_default(),
                edges: turn.older - turn.newer,
            };
            match turn.kind {
                TurnKind::Broke => broke.push(turned),
                TurnKind::Fixed => fixed.push(turned),
            }
        }
    }
    Some(Report {
        column,
        newer,
        older,
        infra,
        product,
        unchanged,
        broke,
        fixed,
    })
}

impl Report {
    /// What the versions alone say about the cause, and no more than that.
    pub(super) fn verdict(&self) -> &'static str {
        let all_certain = self.infra.iter().chain(&self.product).all(is_certain);
        match (self.infra.is_empty(), self.product.is_empty(), all_certain) {
            (false, true, true) => "Only infrastructure changed here.",
            (true, false, true) => "Only the product changed here.",
            (false, false, true) => {
                "Infrastructure and product changed here: neither can be ruled out."
            }
            (true, true, _) => "No known version changed here.",
            _ => {
                "Some of these changes may be older than this seam: builds of unknown version lie before it."
            }
        }
    }

    /// The report as Markdown, for an issue or a chat. The address of the view is its reader's to add.
    pub(super) fn markdown(&self, dashboard: &str, tab: &str) -> String {
        let mut text = format!(
            "### Seam in {} / {} at build {}\n\n",
            plain(dashboard),
            plain(tab),
            plain(&self.newer.build)
        );
        let build = |column: &Column| {
            let name = plain(&column.build);
            let name = match crate::text::safe_url(&column.url) {
                Some(url) if !url.starts_with('/') => format!("[{name}]({})", link(url)),
                _ => name,
            };
            format!("{name} ({})", rfc3339(column.started_ms))
        };
        let _ = match &self.older {
            Some(older) => writeln!(text, "Between {} and {}.", build(older), build(&self.newer)),
            None => writeln!(text, "Before {}.", build(&self.newer)),
        };
        let _ = writeln!(text, "{}\n", self.verdict());
        for (title, changes) in [("Infrastructure", &self.infra), ("Product", &self.product)] {
            if changes.is_empty() {
                let _ = writeln!(text, "**{title}**: no change\n");
                continue;
            }
            let _ = writeln!(text, "**{title}**");
            for change in changes {
                let _ = write!(
                    text,
                    "- {} `{}` → `{}`",
                    plain(&change.component),
                    code(change.from.as_deref().unwrap_or("unknown")),
                    code(&change.to)
                );
                if let Some(url) = change.compare_url.as_deref() {
                    let _ = write!(text, " ([compare]({}))", link(url));
                }
                let _ = write!(text, ", from {}", change.source.words());
                if !is_certain(change) {
                    text.push_str(", uncertain");
                }
                text.push('\n');
            }
            text.push('\n');
        }
        for (title, rows) in [("Broke", &self.broke), ("Fixed", &self.fixed)] {
            let _ = writeln!(text, "**{title}**: {}", count(rows.len(), "row", "rows"));
            for row in rows.iter().take(MOST_ROWS) {
                let _ = write!(text, "- `{}`", code(&visible(&row.name)));
                if let Some(line) = visible_message(&row.message).lines().next() {
                    let _ = write!(text, ": {}", plain(line));
                }
                text.push('\n');
            }
            if rows.len() > MOST_ROWS {
                let _ = writeln!(text, "- and {} more", rows.len() - MOST_ROWS);
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// How many rows of each kind Markdown lists.
const MOST_ROWS: usize = 20;

/// A link target.
fn link(url: &str) -> String {
    url.replace('(', "%28")
        .replace(')', "%29")
        .replace(' ', "%20")
}

#[cfg(test)]
mod tests {

    use super::*;
    use model::{
        grid::{CellDetail, Row, VersionOf},
        infra::Source,
        status::Status,
    };

    fn row(name: &str, letters: &str) -> Row {
        Row {
            name: name.into(),
            statuses: letters
                .chars()
                .map(|letter| match letter {
                    'P' => Status::Pass,
                    'F' => Status::Fail,
                    _ => Status::NoResult,
                })
                .collect(),
            cells: vec![CellDetail {
                column: 1,
                message: "boskos <down>".into(),
                ..CellDetail::default()
            }],
            ..Row::default()
        }
    }

    fn grid() -> Grid {
        let version = |component: &str, version: Option<&str>| VersionOf {
            component: component.into(),
            version: version.map(str::to_owned),
            source: Source::ImageTag,
            evidence: None,
        };
        let column = |build: &str, infra: &str| Column {
            build: build.into(),
            url: format!("https://ci.example/{build}"),
            infra: vec![version("test-infra", Some(infra)), version("prow", None)],
            ..Column::default()
        };
        Grid {
            columns: vec![
                column("4", "bbbbbbbbbbbb"),
                column("3", "bbbbbbbbbbbb"),
                column("2", "aaaaaaaaaaaa"),
                column("1", "aaaaaaaaaaaa"),
            ],
            rows: vec![
                row("broke", "FFPP"),
                row("fixed", "PPFF"),
                row("maybe", "F.PP"),
                row("flake", "PFPP"),
                row("steady", "PPPP"),
            ],
            transitions: vec![Transition {
                column: 1,
                build: "3".into(),
                component: "test-infra".into(),
                kind: ComponentKind::Infra,
                from: Some("aaaaaaaaaaaa".into()),
                to: "bbbbbbbbbbbb".into(),
                source: Source::ImageTag,
                certain: true,
                compare_url: Some("https://github.com/kubernetes/test-infra/compare/a...b".into()),
                broke: 2,
                fixed: 1,
            }],
            failures_to_alert: 2,
            ..Grid::default()
        }
    }

    #[test]
    fn a_report_names_what_turned() {
        let report = report(&grid(), "3").unwrap();
        let names = |rows: &[TurnedRow]| -> Vec<(String, usize)> {
            rows.iter()
                .map(|row| (row.name.clone(), row.edges))
                .collect()
        };
        assert_eq!(
            names(&report.broke),
            [("broke".into(), 1), ("maybe".into(), 2)]
        );
        assert_eq!(names(&report.fixed), [("fixed".into(), 1)]);
        assert_eq!(
            (report.broke.len() as u32, report.fixed.len() as u32),
            (report.infra[0].broke, report.infra[0].fixed)
        );
        assert_eq!(report.verdict(), "Only infrastructure changed here.");
        assert_eq!(
            report.unchanged,
            [("prow".to_owned(), "unknown on both sides")]
        );
        assert_eq!(report.older.unwrap().build, "2");
    }

    #[test]
    fn the_last_column_and_an_unknown_build() {
        assert_eq!(super::report(&grid(), "5"), None);
        assert_eq!(super::report(&grid(), "1").unwrap().older, None);
    }

    #[test]
    fn markdown_says_it_all() {
        let markdown = report(&grid(), "3").unwrap().markdown("sig*", "gce");
        for part in [
            "### Seam in sig\\* / gce at build 3",
            "Between [2](https://ci.example/2) (1970-01-01T00:00:00Z) and [3]",
            "- test-infra `aaaaaaaaaaaa` → `bbbbbbbbbbbb` ([compare](https://github.com/",
            "**Product**: no change",
            "**Broke**: 2 rows\n- `broke`: boskos \\<down\\>",
            "**Fixed**: 1 row\n- `fixed`",
        ] {
            assert!(markdown.contains(part), "{part} in\n{markdown}");
        }
    }
}
