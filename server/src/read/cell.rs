//! One cell of a tab: what it says, and where one can go from there.

use model::{
    config::{DashboardTab, LinkTemplate},
    grid::{Column, Row, VersionOf},
    infra::short_version,
    link::{Tokens, expand},
    run::Run,
    wire::{CellPage, NamedLink, WireError, infra::TabName, time},
};

use super::{PublishError, Reader, TabEntry, links, row::find};
use crate::settings::BucketSettings;

/// The options of a template that hold what a bug says.
const BODIES: [&str; 3] = ["body", "description", "comment"];
/// The token for all versions of a build.
const VERSIONS: &str = "versions";

/// Where the files of builds can be looked at, by the beginning of their path.
#[derive(Clone, Debug, Default)]
pub(super) struct WebAddresses(Vec<(String, String)>);

impl WebAddresses {
    /// Of the buckets of the settings.
    pub(super) fn new(buckets: &[BucketSettings]) -> Self {
        let mut known: Vec<(String, String)> = buckets
            .iter()
            .map(|bucket| {
                let plain = |text: &str| text.trim_end_matches('/').to_owned();
                (plain(&bucket.prefix), plain(&bucket.url))
            })
            .collect();
        known.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Self(known)
    }

    /// Where the folder of a build can be looked at, and the address below which its files are; `None`
    /// when browsers do not reach it.
    fn of(&self, path: &str) -> Option<(String, String)> {
        let path = path.trim_matches('/');
        let (url, rest) = self.0.iter().find_map(|(prefix, url)| {
            let rest = path.strip_prefix(prefix.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((url, rest))
        })?;
        match url.split_once("://")? {
            ("gs", place) => Some((
                format!("https://console.cloud.google.com/storage/browser/{place}{rest}"),
                format!("https://storage.googleapis.com/{place}{rest}"),
            )),
            ("http" | "https", _) => Some((format!("{url}{rest}/"), format!("{url}{rest}"))),
            _ => None,
        }
    }
}

impl Reader {
    /// A cell of a tab, its row by identity or name. `page` is the address of the tab's page, for
    /// templates that want it.
    pub async fn cell(
        &self,
        dashboard: &str,
        tab: &str,
        row: &str,
        build: &str,
        page: &str,
    ) -> Result<CellPage, WireError> {
        let view = self.tab_view(dashboard, tab).await?;
        let grid = &view.grid.grid;
        let missing = |what: &str, name: &str| WireError {
            code: "not_found".to_owned(),
            message: format!("the tab has no {what} \"{name}\" (any more)"),
        };
        let found = find(grid, row).ok_or_else(|| missing("row", row))?;
        let at = grid
            .column_of(build)
            .ok_or_else(|| missing("build", build))?;
        let column = &grid.columns[at];
        let run = match self.group(&view.entry.group.name).stored() {
            None => None,
            Some(stored) => {
                let run = self.store.load_run(stored.id, build).await;
                run.map_err(PublishError::from)?
            }
        };
        let since = found.failing_since(at);
        let detail = found.cell(at as u32);
        let status = found.statuses.get(at).unwrap_or_default();
        let cell = CellLinks {
            entry: &view.entry,
            row: found,
            column,
            status: status.word(),
            url: detail.map_or(column.url.as_str(), |detail| match detail.url.as_str() {
                "" => &column.url,
                url => url,
            }),
            page,
        };
        Ok(CellPage {
            tab: TabName {
                dashboard: view.entry.dashboard.clone(),
                tab: view.entry.tab.name.clone(),
            },
            row: found.name.clone(),
            row_id: found.id.clone(),
            build: column.build.clone(),
            started: time(column.started_ms),
            status,
            message: detail
                .map(|detail| detail.message.clone())
                .unwrap_or_default(),
            seconds: run.as_ref().and_then(|run| seconds(run, found)),
            versions: column
                .infra
                .iter()
                .chain(&column.product)
                .cloned()
                .collect(),
            since: since.map(|(since, _)| grid.columns[since].build.clone()),
            since_is_oldest: since.is_some_and(|(_, before)| !before),
            links: cell.all(run.as_ref().and_then(|run| self.web.of(&run.path))),
        })
    }
}

fn seconds(run: &Run, row: &Row) -> Option<f32> {
    let result = run.results.iter().find(|result| result.name == row.name);
    result.and_then(|result| result.cell.seconds)
}

/// What the links of a cell are made of.
struct CellLinks<'a> {
    entry: &'a TabEntry,
    row: &'a Row,
    column: &'a Column,
    status: &'a str,
    url: &'a str,
    page: &'a str,
}

impl CellLinks<'_> {
    fn all(&self, files: Option<(String, String)>) -> Vec<NamedLink> {
        let tab = &self.entry.tab;
        let mut links = Vec::new();
        let mut add = |text: &str, url: String| {
            if !url.is_empty() {
                links.push(NamedLink {
                    text: text.to_owned(),
                    url,
                });
            }
        };
        add("Open the build", self.url.to_owned());
        if let Some((folder, below)) = files {
            add("Artefacts", folder);
            add("Log", format!("{below}/build-log.txt"));
        }
        let tokens = self.tokens();
        let mut offer = |fallback: &str, template: &LinkTemplate| {
            if let Some(url) = expand(template, &tokens) {
                let name = template.name.trim();
                add(if name.is_empty() { fallback } else { name }, url);
            }
        };
        offer("File a bug", &with_versions(&tab.file_bug_template));
        offer("Attach to a bug", &with_versions(&tab.attach_bug_template));
        offer("Further", &tab.context_menu_template);
        links
    }

    /// What tokens stand for in a cell.
    fn tokens(&self) -> Tokens {
        let tab: &DashboardTab = &self.entry.tab;
        let (row, column) = (self.row, self.column);
        let headers: Vec<&str> = (self.entry.group.column_header.iter())
            .map(|header| {
                let value = column.headers.get(header.name());
                value.map(String::as_str).unwrap_or_default()
            })
            .collect();
        let method = row.name.rsplit(['.', '/']).next().unwrap_or(&row.name);
        let search = match tab.code_search_path.as_str() {
            "" => self.entry.group.code_search_path.as_str(),
            path => path,
        };
        links::tokens(
            self.entry,
            self.entry.group.prefixes().next().unwrap_or_default(),
        )
        .with_column(&column.build, headers)
        .with("test-status", self.status)
        .with("test-id", row.id.as_str())
        .with("test-name", row.name.as_str())
        .with("display-name", row.name.as_str())
        .with("method-name", method)
        .with("test-url", self.url)
        .with("link", self.url)
        .with("results-explorer", self.page)
        .with("cs-path", search)
        .with(
            "bug-component",
            tab.bug_component
                .map(|id| id.to_string())
                .unwrap_or_default(),
        )
        .with(VERSIONS, self.versions())
    }

    /// All versions of the build, a line each, and where they are told.
    fn versions(&self) -> String {
        let line = |version: &VersionOf| {
            let known = version.version.as_deref().map_or("unknown", short_version);
            format!("- {}: {known}\n", version.component)
        };
        let lines = |versions: &[VersionOf]| versions.iter().map(line).collect::<String>();
        format!(
            "Infrastructure:\n{}\nProduct:\n{}\nTab: {}\n",
            lines(&self.column.infra),
            lines(&self.column.product),
            self.page
        )
    }
}

/// The template with the versions at the end of what the bug says, unless it says itself where they stand.
fn with_versions(template: &LinkTemplate) -> LinkTemplate {
    let mut template = template.clone();
    let token = format!("<{VERSIONS}>");
    if template
        .options
        .iter()
        .all(|option| !option.value.contains(&token))
        && let Some(body) = template
            .options
            .iter_mut()
            .find(|option| BODIES.contains(&option.key.as_str()))
    {
        body.value.push_str("\n\n");
        body.value.push_str(&token);
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_an_address_where_browsers_reach_them() {
        let bucket = |prefix: &str, url: &str| BucketSettings {
            prefix: prefix.into(),
            url: url.into(),
            credentials: None,
            endpoint: None,
            parallel: None,
        };
        let web = WebAddresses::new(&[
            bucket("ci", "gs://bucket/sub/"),
            bucket("ci-local", "file:///srv/ci"),
            bucket("dav", "https://files.example/ci"),
        ]);
        assert_eq!(
            web.of("ci/logs/job/1"),
            Some((
                "https://console.cloud.google.com/storage/browser/bucket/sub/logs/job/1".into(),
                "https://storage.googleapis.com/bucket/sub/logs/job/1".into(),
            ))
        );
        let (folder, _) = web.of("/dav/x/").expect("an address");
        assert_eq!(folder, "https://files.example/ci/x/");
        for path in [
            "ci-local/logs/job/1",
            "cinema/logs",
            "",
            "https://ci.example/1",
        ] {
            assert_eq!(web.of(path), None, "{path}");
        }
    }

    #[test]
    fn bugs_name_the_versions() {
        use model::config::LinkOption;
        let template = |key: &str, value: &str| LinkTemplate {
            url: "https://bugs.example/new".into(),
            options: vec![LinkOption {
                key: key.into(),
                value: value.into(),
            }],
            ..LinkTemplate::default()
        };
        let value = |template: &LinkTemplate| with_versions(template).options[0].value.clone();
        assert_eq!(value(&template("body", "a")), "a\n\n<versions>");
        assert_eq!(value(&template("body", "<versions> a")), "<versions> a");
        assert_eq!(value(&template("title", "a")), "a");
        assert_eq!(
            with_versions(&LinkTemplate::default()),
            LinkTemplate::default()
        );
    }
}
