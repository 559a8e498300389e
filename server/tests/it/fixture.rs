//! A made-up installation: what pages have to cope with, without a store behind it. Also what
//! `cargo run --example preview` serves.

use std::{fmt::Write as _, sync::Arc};

use app::api::{Answer, GridSlice, Read};
use model::{
    grid::Grid,
    infra::{ComponentKind, ComponentVersion, Source},
    logical_job::logical_job,
    name::normalize,
    rle::Runs,
    run::Problem,
    status::{Class, Status},
    summary::{Options, StaleRule, TabStatus, failing_rows, summarize},
    tabulate::{GroupResults, StoredDetail, StoredRun, Test, View, tabulate},
    transition::compare_url,
    wire::{
        ColumnState, DashboardPage, DashboardRef, GroupPage, Items, NamedLink, Release,
        StripColumn, TabAbout, TabPage, TabSummary, Tier, WireError,
    },
};

/// When the newest builds began: 2026-11-20, 11:39 UTC.
pub(crate) const NEWEST_MS: i64 = 1_795_174_740_000;

/// The dashboard that holds the tabs for special cases.
pub(crate) const ODD: &str = "odd, things – \"quoted\"";
/// A tab whose names and messages mean harm.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>";
/// A tab of 5,000 rows and 1,000 columns; only in a fixture made with it.
pub(crate) const HUGE: &str = "huge";
/// A tab of 45 columns in which an infra transition broke rows.
pub(crate) const BROKEN: &str = "gce-cos-master-default";

/// The installation.
pub(crate) struct Fixture {
    dashboards: Vec<FixtureDashboard>,
    with_releases: bool,
}

struct FixtureDashboard {
    name: String,
    group: Option<String>,
    branch: Option<(String, String)>,
    tabs: Vec<FixtureTab>,
}

struct FixtureTab {
    name: String,
    grid: Arc<Grid>,
    summary: TabSummary,
}

/// What is the matter with a tab.
#[derive(Clone, Copy, PartialEq)]
enum Matter {
    Nothing,
    /// An infra transition broke a dozen rows.
    Infra,
    /// A product transition broke one row, and it was fixed later.
    Product,
    /// Rows that flake.
    Flakes,
    /// No run for days.
    Stale,
    /// No run at all.
    Empty,
    Hostile,
}

/// Numbers that look random and are always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn commit(&mut self) -> String {
        let mut commit = String::new();
        while commit.len() < 40 {
            let _ = write!(commit, "{:08x}", self.below(1 << 32));
        }
        commit
    }
}

impl Fixture {
    /// Four release branches and some odd tabs. `huge` adds one of 5,000 × 1,000.
    pub(crate) fn new(huge: bool) -> Self {
        let mut dashboards = Vec::new();
        for branch in ["master", "1.36", "1.35", "1.34"] {
            for tier in ["blocking", "informing"] {
                dashboards.push(branch_dashboard(branch, tier));
            }
        }
        let mut odd = vec![
            tab(ODD, HOSTILE, 7, 30, 12, Matter::Hostile),
            tab(ODD, "a/b?c#d%2F", 8, 20, 12, Matter::Product),
            tab(ODD, "empty", 9, 10, 0, Matter::Empty),
            tab(ODD, "stale", 10, 10, 20, Matter::Stale),
        ];
        if huge {
            odd.push(tab(ODD, HUGE, 11, 5_000, 1_000, Matter::Infra));
        }
        dashboards.push(FixtureDashboard {
            name: ODD.to_owned(),
            group: Some("odd".into()),
            branch: None,
            tabs: odd,
        });
        Self {
            dashboards,
            with_releases: true,
        }
    }

    /// An installation whose dashboards belong to no release branch.
    pub(crate) fn without_releases() -> Self {
        Self {
            with_releases: false,
            ..Self::new(false)
        }
    }

    fn find(&self, dashboard: &str) -> Result<&FixtureDashboard, WireError> {
        self.dashboards
            .iter()
            .find(|known| normalize(&known.name) == normalize(dashboard))
            .ok_or_else(|| {
                not_found(format!(
                    "There is no dashboard named {dashboard:?}; did you mean \
                     \"sig-release-master-blocking\"?"
                ))
            })
    }

    fn find_tab(&self, dashboard: &str, tab: &str) -> Result<&FixtureTab, WireError> {
        let dashboard = self.find(dashboard)?;
        dashboard
            .tabs
            .iter()
            .find(|known| normalize(&known.name) == normalize(tab))
            .ok_or_else(|| {
                not_found(format!(
                    "The dashboard {:?} has no tab named {tab:?}.",
                    dashboard.name
                ))
            })
    }
}

fn not_found(message: String) -> WireError {
    WireError {
        code: "not_found".into(),
        message,
    }
}

impl Read for Fixture {
    fn state(&self) -> String {
        "made-up-1".to_owned()
    }

    fn outage(&self) -> Option<String> {
        None
    }

    fn releases(&self) -> Result<Items<Release>, WireError> {
        let mut releases: Vec<Release> = Vec::new();
        for dashboard in self.dashboards.iter().filter(|_| self.with_releases) {
            let Some((branch, tier)) = &dashboard.branch else {
                continue;
            };
            let mut tabs: Vec<TabSummary> = dashboard
                .tabs
                .iter()
                .map(|tab| tab.summary.clone())
                .collect();
            tabs.sort_by_key(|tab| std::cmp::Reverse(tab.status.severity()));
            let tier = Tier {
                tier: tier.clone(),
                dashboard: dashboard.name.clone(),
                tabs,
            };
            match releases.last_mut() {
                Some(release) if release.branch == *branch => release.tiers.push(tier),
                _ => releases.push(Release {
                    branch: branch.clone(),
                    tiers: vec![tier],
                }),
            }
        }
        Ok(releases.into())
    }

    fn dashboards(&self) -> Result<Items<DashboardRef>, WireError> {
        Ok(self
            .dashboards
            .iter()
            .map(|dashboard| DashboardRef {
                name: dashboard.name.clone(),
                group: dashboard.group.clone(),
                tab_count: dashboard.tabs.len() as u32,
                status: TabStatus::worst(dashboard.tabs.iter().map(|tab| tab.summary.status)),
                counts: Vec::new(),
            })
            .collect::<Vec<_>>()
            .into())
    }

    fn dashboard_group(&self, group: &str) -> Result<GroupPage, WireError> {
        let dashboards: Vec<DashboardRef> = self
            .dashboards()?
            .items
            .into_iter()
            .filter(|one| one.group.as_deref() == Some(group))
            .collect();
        if dashboards.is_empty() {
            return Err(not_found(format!(
                "there is no dashboard group \"{group}\""
            )));
        }
        Ok(GroupPage {
            name: group.to_owned(),
            description: "All that belongs together.".to_owned(),
            status: TabStatus::worst(dashboards.iter().map(|one| one.status)),
            dashboards,
        })
    }

    fn dashboard(&self, dashboard: &str) -> Result<DashboardPage, WireError> {
        let dashboard = self.find(dashboard)?;
        Ok(DashboardPage {
            name: dashboard.name.clone(),
            group: dashboard.group.clone(),
            description: "What the release team watches before a cut.".into(),
            status: TabStatus::worst(dashboard.tabs.iter().map(|tab| tab.summary.status)),
            tabs: dashboard
                .tabs
                .iter()
                .map(|tab| tab.summary.clone())
                .collect(),
        })
    }

    fn tab<'a>(&'a self, dashboard: &'a str, tab: &'a str) -> Answer<'a, TabPage> {
        Box::pin(async move {
            let found = self.find_tab(dashboard, tab)?;
            Ok(TabPage {
                summary: found.summary.clone(),
                group: self.find(dashboard)?.group.clone(),
                siblings: Vec::new(),
                notes: Vec::new(),
                test_group: format!("ci-kubernetes-e2e-{}", found.name),
                description: String::new(),
                results_url: "https://prow.example/job-history/gs/bucket/logs/job".into(),
                base_options: String::new(),
                tabs: self
                    .find(dashboard)?
                    .tabs
                    .iter()
                    .map(|tab| tab.name.clone())
                    .collect(),
                grid_version: found.grid.version.clone(),
                column_count: found.grid.total_columns,
                row_count: found.grid.rows.len() as u32,
            })
        })
    }

    fn grid<'a>(
        &'a self,
        dashboard: &'a str,
        tab: &'a str,
        slice: GridSlice,
    ) -> Answer<'a, Arc<Grid>> {
        Box::pin(async move {
            let grid = &self.find_tab(dashboard, tab)?.grid;
            if slice == GridSlice::default() {
                return Ok(grid.clone());
            }
            let columns = slice.columns.map_or(usize::MAX, |count| count as usize);
            let mut part = grid.slice(0, columns);
            if let Some(rows) = slice.rows {
                part.rows.truncate(rows as usize);
            }
            Ok(Arc::new(part))
        })
    }
}

fn branch_dashboard(branch: &str, tier: &str) -> FixtureDashboard {
    let name = format!("sig-release-{branch}-{tier}");
    let blocking = [
        "gce-cos-{}-default",
        "gce-ubuntu-{}-containerd",
        "kind-{}-parallel",
        "kind-ipv6-{}-parallel",
        "ci-node-e2e-{}",
        "verify-{}",
        "integration-{}",
        "build-{}",
        "build-{}-fast",
        "ci-crio-cgroupv2-node-e2e-conformance-{}",
        "gce-cos-{}-scalability-100",
        "capz-windows-{}",
    ];
    let informing = [
        "Conformance - GCE - {}",
        "gce-device-plugin-gpu-{}",
        "gce-cos-{}-alphafeatures",
        "kubeadm-kinder-{}",
        "gce-cos-{}-slow",
        "gce-cos-{}-serial",
        "periodic-conformance-{}-arm64",
    ];
    let names: &[&str] = if tier == "blocking" {
        &blocking
    } else {
        &informing
    };
    let mut random = Random(name.bytes().map(u64::from).sum::<u64>() * 31);
    let tabs = names
        .iter()
        .enumerate()
        .map(|(index, template)| {
            let seed = random.below(1 << 40);
            let matter = match (index, seed % 11) {
                (0 | 1, _) if branch != "1.34" => Matter::Infra,
                (2, _) if branch == "master" => Matter::Product,
                (5, _) if tier == "informing" && branch == "1.34" => Matter::Stale,
                (_, 0 | 1) => Matter::Flakes,
                (_, 2) if tier == "informing" => Matter::Product,
                _ => Matter::Nothing,
            };
            let name = template.replace("{}", branch);
            let rows = if index == 0 { 285 } else { 30 };
            tab_of(
                &format!("sig-release-{branch}-{tier}"),
                &name,
                seed,
                rows,
                45,
                matter,
                branch == "master",
            )
        })
        .collect();
    FixtureDashboard {
        name,
        group: Some("sig-release".into()),
        branch: Some((branch.into(), tier.into())),
        tabs,
    }
}

const SIGS: [&str; 6] = [
    "network",
    "storage",
    "node",
    "apps",
    "api-machinery",
    "auth",
];
const TESTS: [&str; 8] = [
    "Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]",
    "Volumes ConfigMap should be mountable",
    "Probing container should be restarted with a exec liveness probe",
    "Deployment should proportionally scale",
    "Garbage collector should orphan pods created by rc if delete options say so",
    "ServiceAccounts should mount an API token into pods",
    "DNS should provide DNS for ExternalName services",
    "StatefulSet Basic StatefulSet functionality should perform rolling updates and roll backs",
];

fn tab(
    dashboard: &str,
    name: &str,
    seed: u64,
    rows: usize,
    columns: usize,
    matter: Matter,
) -> FixtureTab {
    tab_of(dashboard, name, seed, rows, columns, matter, true)
}

fn tab_of(
    dashboard: &str,
    name: &str,
    seed: u64,
    rows: usize,
    columns: usize,
    matter: Matter,
    busy: bool,
) -> FixtureTab {
    let grid = Arc::new(build_grid(seed, rows, columns, matter, busy));
    let modified = (matter != Matter::Empty).then_some(NEWEST_MS);
    let options = Options {
        stale: StaleRule {
            hours: Some(48),
            intervals: 0,
        },
        ..Options::default()
    };
    let found = summarize(&grid, options, modified, &compare, NEWEST_MS + 1_200_000);
    let at = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).expect("a time of this century");
    let summary = TabSummary {
        dashboard: dashboard.into(),
        tab: name.into(),
        status: found.status,
        reason: found.reason.sentence(),
        why: found.reason,
        message: found.message,
        alert: found.alert,
        metrics: found.metrics,
        health: None,
        strip: strip(&grid),
        failing: failing_rows(&grid, 5, &compare),
        failing_count: found.failing_rows,
        row_count: found.counted_rows,
        latest_green_id: None,
        latest_green: found
            .latest_green
            .map(|column| grid.columns[column].build.clone()),
        last_run: grid.columns.first().map(|column| at(column.started_ms)),
        last_update: modified.map(at),
        job: logical_job(
            name,
            dashboard
                .trim_start_matches("sig-release-")
                .split('-')
                .next()
                .unwrap_or_default(),
            Some((1, 37)),
        ),
        about: TabAbout {
            description: "What it is for.".into(),
            owners: vec!["release-signal@example.com".into()],
            links: vec![NamedLink {
                text: "Job history".into(),
                url: "https://prow.example/job-history/gs/bucket/logs/job".into(),
            }],
        },
    };
    FixtureTab {
        name: name.into(),
        grid,
        summary,
    }
}

fn compare(component: &str, _: ComponentKind, from: &str, to: &str) -> Option<String> {
    let repo = match component {
        "test-infra" => "kubernetes/test-infra",
        "prow" => "kubernetes-sigs/prow",
        product => product,
    };
    compare_url(repo, from, to)
}

fn strip(grid: &Grid) -> Vec<StripColumn> {
    let mut rows: Vec<_> = grid.rows.iter().map(|row| row.statuses.iter()).collect();
    grid.columns
        .iter()
        .enumerate()
        .take(30)
        .map(|(index, column)| {
            let (mut failed, mut flaky, mut running, mut filled) = (0, 0, 0, 0);
            for row in &mut rows {
                let status = row.next().unwrap_or_default();
                match status.class() {
                    Class::Blank => continue,
                    Class::Failing => failed += 1,
                    Class::Flaky => flaky += 1,
                    _ if status == Status::Running => running += 1,
                    _ => {}
                }
                filled += 1;
            }
            let state = match (failed, running, flaky, filled) {
                (_, _, _, 0) => ColumnState::Blank,
                (1.., ..) => ColumnState::Failed,
                (_, 1.., ..) => ColumnState::Running,
                (_, _, 1.., _) => ColumnState::Flaky,
                _ => ColumnState::Passed,
            };
            let seam = |kind| {
                grid.transitions
                    .iter()
                    .any(|change| change.column as usize == index && change.kind == kind)
            };
            StripColumn {
                build: column.build.clone(),
                started: chrono::DateTime::from_timestamp_millis(column.started_ms)
                    .expect("a time of this century"),
                state,
                failed,
                filled,
                infra_seam: seam(ComponentKind::Infra),
                product_seam: seam(ComponentKind::Product),
            }
        })
        .collect()
}

/// The column at whose older edge the telling infra transition lies.
pub(crate) const SEAM_COLUMN: usize = 6;

fn build_grid(seed: u64, rows: usize, columns: usize, matter: Matter, busy: bool) -> Grid {
    let mut random = Random(seed);
    let tests: Arc<[Test]> = (0..rows)
        .map(|index| {
            let name = match (index, matter) {
                (0, _) => "ci-kubernetes-e2e.Overall".to_owned(),
                (1, Matter::Hostile) => "<script>alert('name')</script>".to_owned(),
                (2, Matter::Hostile) => "invoice\u{202e}gpj.exe\u{0}\u{7}\n".to_owned(),
                (3, Matter::Hostile) => "long ".repeat(20_000),
                (4, Matter::Hostile) => "\"><img src=x onerror=alert(1)>&amp;".to_owned(),
                _ => format!(
                    "Kubernetes e2e suite.[It] [sig-{}] {} #{index}",
                    SIGS[index % SIGS.len()],
                    TESTS[index % TESTS.len()],
                ),
            };
            Test {
                id: name.clone(),
                name,
            }
        })
        .collect();
    let flaky: Vec<usize> = (0..=rows / 40)
        .map(|_| random.below(rows.max(1) as u64) as usize)
        .collect();
    let (mut infra, mut prow, mut product, mut release) = (
        random.commit(),
        "v20261101-a1b2c3d4e".to_owned(),
        random.commit(),
        random.commit(),
    );
    let spacing_ms = if busy { 2 * 3_600_000 } else { 6 * 3_600_000 };
    let delay_ms = if matter == Matter::Stale {
        5 * 86_400_000
    } else {
        0
    };
    let mut runs: Vec<Arc<StoredRun>> = Vec::new();
    // Oldest first, so that versions move forward.
    for column in (0..columns).rev() {
        let edge = column == SEAM_COLUMN;
        // The second falls where the version is unknown, which makes it an uncertain one.
        if edge || column % 17 == 11 || column % 29 == 24 {
            infra = random.commit();
        }
        if column % 23 == 20 {
            prow = format!("v202611{:02}-{}", 20 - column % 20, &random.commit()[..9]);
        }
        // The telling seam stands alone; another is shared with the product.
        if (!edge && random.below(10) < if busy { 5 } else { 2 }) || column % 17 == 11 {
            product = random.commit();
        }
        if column % 31 == 14 {
            release = random.commit();
        }
        let started_ms =
            NEWEST_MS - delay_ms - column as i64 * spacing_ms - random.below(900_000) as i64;
        let running = column == 0 && matter != Matter::Stale;
        let mut statuses = Runs::new();
        let mut details = Vec::new();
        for row in 0..rows {
            let (status, message) = cell(&mut random, matter, row, rows, column, running, &flaky);
            statuses.push(status);
            if !message.is_empty() {
                details.push(StoredDetail {
                    test: row as u32,
                    message,
                    ..StoredDetail::default()
                });
            }
        }
        let version =
            |component: &str, kind, version: &str, source, evidence: &str| ComponentVersion {
                component: component.into(),
                kind,
                version: Some(version.into()),
                source,
                evidence: (!evidence.is_empty()).then(|| evidence.to_owned()),
            };
        let unknown = column % 29 == 24 || column % 29 == 25;
        let image = format!(
            "us-docker.pkg.dev/k8s-testimages/kubekins-e2e:v20261110-{}-master",
            &infra[..10]
        );
        let versions = vec![
            if unknown {
                ComponentVersion::unknown("test-infra", ComponentKind::Infra)
            } else {
                version(
                    "test-infra",
                    ComponentKind::Infra,
                    &infra,
                    Source::CloneRecord,
                    &image,
                )
            },
            if column % 29 == 9 {
                ComponentVersion::unknown("prow", ComponentKind::Infra)
            } else {
                version(
                    "prow",
                    ComponentKind::Infra,
                    &prow,
                    Source::UtilityImageTag,
                    "",
                )
            },
            version(
                "kubernetes/kubernetes",
                ComponentKind::Product,
                &product,
                Source::StartedRepo,
                "",
            ),
            version(
                "kubernetes/release",
                ComponentKind::Product,
                &release,
                Source::StartedRepo,
                "",
            ),
        ];
        runs.push(Arc::new(StoredRun {
            build: format!(
                "19{:017}",
                88_765_432_100_000_000 - column as u64 * 7_654_321_013
            ),
            path: format!("bucket/logs/job/{column}"),
            started_ms,
            finished_ms: (!running).then_some(started_ms + 3_000_000),
            open: running,
            statuses,
            details,
            versions: Some(versions.into()),
            problems: if column == 4 {
                vec![Problem::new(
                    "artifacts/junit_03.xml",
                    "ends in the middle of an element; the results before it count",
                )]
            } else {
                Vec::new()
            },
            ..StoredRun::default()
        }));
    }
    runs.reverse();
    let mut grid = tabulate(
        &GroupResults { tests, runs },
        &View {
            column_url: &|run| format!("https://prow.example/view/gs/{}", run.path),
            compare_url: &compare,
            ..View::default()
        },
    );
    grid.version = format!("{seed:x}");
    grid
}

fn cell(
    random: &mut Random,
    matter: Matter,
    row: usize,
    rows: usize,
    column: usize,
    running: bool,
    flaky: &[usize],
) -> (Status, String) {
    let broken_by_infra = matter == Matter::Infra
        && column <= SEAM_COLUMN
        && (row == 0 || row % (rows / 12).max(2) == 1);
    let broken_by_product = matches!(matter, Matter::Product)
        && (column < 4 || (14..20).contains(&column))
        && row == rows / 2;
    if running {
        return if row == 0 {
            (Status::Running, String::new())
        } else {
            (Status::NoResult, String::new())
        };
    }
    // Tests that were added lately, and one that is gone.
    if rows > 20 && ((row == rows - 1 && column < 20) || (row == rows - 2 && column > 12)) {
        return (Status::NoResult, String::new());
    }
    if broken_by_infra {
        return (
            Status::Fail,
            "failed to acquire a project: boskos answered 401 Unauthorized".into(),
        );
    }
    if broken_by_product {
        return (
            Status::Fail,
            "test/e2e/network/service.go:1234: expected 3 endpoints, found 2\ntimed out after 300s"
                .into(),
        );
    }
    // Long enough in a row for an alert, so that a dashboard shows them too.
    if matter == Matter::Hostile && row < 5 && (column < 5 || column % 3 != 2) {
        return (
            Status::Fail,
            format!(
                "<b onclick=alert(2)>bold</b> \u{202e}\u{1b}[31m{}",
                "x".repeat(5_000)
            ),
        );
    }
    let flakes = matches!(matter, Matter::Flakes | Matter::Infra | Matter::Product)
        && flaky.contains(&row)
        && (1..30).contains(&column);
    if flakes && random.below(4) == 0 {
        return (Status::Flaky, "passed on the second try".into());
    }
    if flakes && random.below(6) == 0 {
        return (Status::Fail, "context deadline exceeded".into());
    }
    if row % 37 == 5 {
        return (Status::PassWithSkips, String::new());
    }
    if column == 13 && row % 50 == 7 {
        return (Status::TimedOut, "timed out after 1h".into());
    }
    if column == 21 {
        return match row {
            0 => (Status::Cancel, "the build was aborted".into()),
            _ => (Status::NoResult, String::new()),
        };
    }
    (Status::Pass, String::new())
}
