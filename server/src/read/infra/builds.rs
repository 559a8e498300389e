//! What differs between two builds of a tab.

use model::{
    config::LinkTemplate,
    grid::{Column, Grid},
    infra::same_version,
    link::{Tokens, expand},
    pair::{compare_headers, compare_rows},
    wire::{
        NamedLink, WireError,
        infra::{BuildsCompared, ComponentMove},
    },
};

use super::time;
use crate::read::{Reader, TabEntry};

impl Reader {
    /// What differs between two builds of a tab; the older is found by when they began.
    pub async fn compare_builds(
        &self,
        dashboard: &str,
        tab: &str,
        builds: [&str; 2],
    ) -> Result<BuildsCompared, WireError> {
        let view = self.tab_view(dashboard, tab).await?;
        let published = self.published.load_full();
        let index = published.catalog.tab(dashboard, tab)?;
        let trail = published.trail(index).unwrap_or_default();
        let grid = &view.grid.grid;
        // The two are published one after the other, so a build may be in one of them alone.
        let column = |build: &str| {
            let in_trail = trail.columns.iter().position(|at| *at.build == *build);
            grid.column_of(build)
                .zip(in_trail)
                .ok_or_else(|| WireError {
                    code: "not_found".to_owned(),
                    message: format!("the tab has no build \"{build}\" (any more)"),
                })
        };
        let (a, b) = (column(builds[0])?, column(builds[1])?);
        let ((newer, newer_mark), (older, older_mark)) = (a.min(b), a.max(b));
        let (older_mark, newer_mark) = (older_mark as u32, newer_mark as u32);
        Ok(BuildsCompared {
            tab: published.tab_name(index),
            older: grid.columns[older].build.clone(),
            older_time: time(grid.columns[older].started_ms),
            newer: grid.columns[newer].build.clone(),
            newer_time: time(grid.columns[newer].started_ms),
            glyph: trail.glyph(older_mark, newer_mark),
            components: trail
                .components
                .iter()
                .map(|component| {
                    let (from, to) = (component.at(older_mark), component.at(newer_mark));
                    ComponentMove {
                        component: component.component.to_string(),
                        kind: component.kind,
                        from: from.map(str::to_owned),
                        to: to.map(str::to_owned),
                        same: from
                            .zip(to)
                            .is_some_and(|(from, to)| same_version(from, to)),
                    }
                })
                .collect(),
            headers: compare_headers(grid, older, newer),
            links: comparisons(&view.entry, grid, older, newer),
            rows: compare_rows(grid, older, newer),
        })
    }
}

/// What the tab's templates make of two columns.
fn comparisons(entry: &TabEntry, grid: &Grid, older: usize, newer: usize) -> Vec<NamedLink> {
    let side = |column: &Column| {
        let values: Vec<String> = entry
            .group
            .column_header
            .iter()
            .map(|header| {
                let value = column.headers.get(header.name());
                value.cloned().unwrap_or_default()
            })
            .collect();
        (column.build.clone(), values)
    };
    let ((older, old), (newer, new)) = (side(&grid.columns[older]), side(&grid.columns[newer]));
    let tokens = Tokens::new()
        .with("environment", entry.tab.name.as_str())
        .with(
            "gcs-prefix",
            entry.group.prefixes().next().unwrap_or_default(),
        )
        .with_comparison((&older, &old), (&newer, &new));
    let named = |template: &LinkTemplate| {
        // A token that stayed is a header that the builds do not have: the link would lead nowhere.
        let url = expand(template, &tokens).filter(|url| !url.contains(['<', '>']))?;
        let text = match template.name.trim() {
            "" => "Code between the two",
            name => name,
        };
        Some(NamedLink {
            text: text.to_owned(),
            url,
        })
    };
    std::iter::once(&entry.tab.code_search_url_template)
        .chain(&entry.tab.column_diff_link_templates)
        .filter_map(named)
        .collect()
}
