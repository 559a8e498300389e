//! What the infrastructure did in simulated worlds, against what is known to have happened there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use app::api::Read as _;
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use model::{
    infra::{Source, same_version},
    undone::UndoneKind,
    wire::infra::{Comparison, Direction, TabAcross},
};
use seamgrid::{
    bucket::Buckets,
    history::Mirrors,
    http,
    infra::impact::{ImpactKeeper, SharedMap},
    pipeline::{Pipeline, Unpublished, progress::Unwatched, update_groups},
    read::{Catalog, CompareQuery, Reader},
    settings::{RepositorySettings, load_settings},
    simulate::{
        Incident, Scale, SimulateOptions, simulate,
        truth::{BuildResult, BuildTruth, IncidentTruth, Truth},
    },
    store::Store,
    testgrid::load_configuration,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

/// The repository that configures the jobs.
const CONFIGURES: &str = "kubernetes/test-infra";
/// 2026-03-01T12:00:00Z.
const NOW_MS: i64 = 1_772_366_400_000;

fn now() -> i64 {
    NOW_MS
}

/// A world as it is read by one update.
struct World {
    truth: Truth,
    reader: Arc<Reader>,
    _folder: TempDir,
}

impl World {
    async fn new(incident: Incident) -> Self {
        Self::at(incident, 3, now).await
    }

    /// The world as it is seen at another time than its end.
    async fn at(incident: Incident, seed: u64, clock: fn() -> i64) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let out = folder.path().join("world");
        let simulated = simulate(&SimulateOptions {
            out: out.clone(),
            seed,
            days: 8,
            scale: Scale::Small,
            incident,
            end_ms: Some(NOW_MS),
        })
        .expect("a world");
        let mut settings = load_settings(Some(&out.join("seamgrid.yaml"))).expect("good settings");
        // A fork has the same commits.
        let fork = out.join(&simulated.truth.repositories["kubernetes-sigs/prow"]);
        settings.repositories.push(RepositorySettings {
            repo: "someone/prow".into(),
            git: fork.display().to_string(),
        });
        let loaded = load_configuration(&settings.testgrid.config, &settings.testgrid.prow_jobs);
        let store = Store::open(&format!(
            "sqlite://{}",
            folder.path().join("r.db").display()
        ))
        .await
        .expect("a new database");
        let buckets = Buckets::from_settings(&settings.buckets).expect("good URLs");
        let pipeline = Pipeline::new(
            store.clone(),
            buckets,
            &loaded.configuration,
            &settings,
            Unpublished,
        )
        .with_clock(now);
        let report = update_groups(&pipeline, None, &Unwatched).await;
        assert_eq!(report.errors, []);
        for fetched in Mirrors::new(store.clone(), &settings).update().await {
            assert_eq!(fetched.problem, None);
            assert!(fetched.commits > 0, "{fetched:?}");
        }
        let catalog = Catalog::new(&loaded.configuration, &[]);
        let reader_store = store.clone();
        let reader = Reader::new(store, catalog, &settings)
            .expect("a good pattern")
            .with_clock(clock);
        let keeper = ImpactKeeper::new(reader_store, &settings);
        let configuration = out.join(&simulated.truth.repositories[CONFIGURES]);
        keeper
            .update(CONFIGURES, configuration, NOW_MS)
            .await
            .expect("the configuration can be read");
        reader.set_impact(Box::new(SharedMap(keeper.map())));
        reader.publish_all().await.expect("it is published");
        Self {
            truth: simulated.truth,
            reader: Arc::new(reader),
            _folder: folder,
        }
    }

    fn incident(&self) -> &IncidentTruth {
        self.truth.incident.as_ref().expect("an incident")
    }

    fn compare(&self, component: &str, from: &str, to: &str) -> Comparison {
        let query = CompareQuery {
            component: component.into(),
            from: from.into(),
            to: to.into(),
            ..CompareQuery::default()
        };
        self.reader.compare(&query).expect("a comparison")
    }

    /// The incident's own seam.
    fn true_seam(&self) -> Comparison {
        let incident = self.incident();
        let version = |version: &Option<String>| version.clone().expect("a version is to blame");
        self.compare(
            &incident.culprit,
            &version(&incident.good_version),
            &version(&incident.bad_version),
        )
    }

    /// Jobs whose runs say that they were hit: at least two builds of them, while nothing else failed
    /// around. One failure is told from a flake by nothing.
    fn plainly_hit_jobs(&self) -> BTreeSet<&str> {
        /// How many builds before the first that was hit count.
        const BEFORE: usize = 10;
        let twice = self.hit_jobs(2);
        self.truth
            .jobs
            .iter()
            .filter(|job| twice.contains(job.name.as_str()))
            .filter(|job| {
                let hit = |build: &&BuildTruth| build.hit_by_incident;
                let first = job.builds.iter().position(|build| hit(&build)).unwrap_or(0);
                job.builds[first.saturating_sub(BEFORE)..]
                    .iter()
                    .all(|build| hit(&build) || build.result != BuildResult::Failed)
            })
            .map(|job| job.name.as_str())
            .collect()
    }

    /// Jobs of which at least so many builds ran the bad version, as their files say, and were hit.
    fn hit_jobs(&self, least: usize) -> BTreeSet<&str> {
        let incident = self.incident();
        let bad = incident.bad_version.as_deref().expect("a bad version");
        self.truth
            .jobs
            .iter()
            .filter(|job| {
                let hit = job.builds.iter().filter(|build| {
                    let version = build.versions.get(&incident.culprit);
                    build.hit_by_incident
                        && version
                            .and_then(Option::as_ref)
                            .is_some_and(|version| same_version(&version.commit, bad))
                });
                hit.count() >= least
            })
            .map(|job| job.name.as_str())
            .collect()
    }

    async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = http::router(self.reader.clone())
            .oneshot(request)
            .await
            .expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 24)
            .await
            .expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

/// Each world is written and read once for all tests. Whoever comes first fills it within a runtime that
/// ends with that test; nothing of it is used again but the database, which has threads of its own.
async fn boskos() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD.get_or_init(|| World::new(Incident::Boskos)).await
}

async fn image_bump() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD.get_or_init(|| World::new(Incident::ImageBump)).await
}

fn hit(tabs: &[TabAcross]) -> BTreeSet<&str> {
    tabs.iter()
        .filter(|tab| tab.is_hit())
        .map(|tab| tab.job.as_str())
        .collect()
}

#[tokio::test]
async fn the_true_seam_lists_the_true_commit_and_the_broken_tabs() {
    for (world, direction) in [
        (boskos().await, Direction::Backward),
        (image_bump().await, Direction::Forward),
    ] {
        let found = world.true_seam();
        let incident = world.incident();
        assert_eq!(found.direction, direction, "{}", incident.kind);
        assert_eq!(found.notes, Vec::<String>::new());
        let bad = incident.bad_version.as_deref();
        assert_eq!(found.to.commit.as_ref().map(|it| it.sha.as_str()), bad);
        let listed = |sha: &str| found.commits.iter().any(|commit| commit.sha == sha);
        let end = match direction {
            Direction::Forward => bad,
            _ => incident.good_version.as_deref(),
        };
        assert!(listed(end.expect("a version")), "{}", incident.kind);
        // What brought it to the runs: every time.
        for period in &incident.periods {
            let brought = period.began_with.as_deref().expect("a commit brought it");
            assert!(
                found.brought_by.iter().any(|commit| commit.sha == brought),
                "{brought}"
            );
        }
        let broken = hit(&found.tabs);
        let (least, most) = (world.plainly_hit_jobs(), world.hit_jobs(1));
        assert!(!least.is_empty());
        assert!(
            least.is_subset(&broken) && broken.is_subset(&most),
            "{}: {broken:?} are not between {least:?} and {most:?}",
            incident.kind
        );
        // Whoever ran the bad version saw the seam.
        let seen: BTreeSet<&str> = found.tabs.iter().map(|tab| tab.job.as_str()).collect();
        assert!(most.is_subset(&seen));
    }
}

#[tokio::test]
async fn a_roll_back_that_was_undone_alarms() {
    let world = boskos().await;
    let feed = world.reader.infra_feed();
    let incident = world.incident();
    let [alarm] = &feed.alarms[..] else {
        panic!("there is one: {:#?}", feed.alarms);
    };
    assert_eq!(alarm.kind, UndoneKind::BroughtBack);
    assert_eq!(alarm.component, "boskos");
    assert_eq!(Some(&alarm.abandoned), incident.bad_version.as_ref());
    assert_eq!(Some(&alarm.good), incident.good_version.as_ref());
    let sha = |commit: &Option<model::wire::infra::UpstreamCommit>| {
        commit.as_ref().map(|commit| commit.sha.clone())
    };
    assert_eq!(sha(&alarm.undone), incident.periods[1].began_with);
    assert_eq!(
        Some(&alarm.rollback.sha),
        incident.periods[0].ended_with.as_ref()
    );
    assert_eq!(sha(&alarm.ended), incident.periods[1].ended_with);
    let undoing: Vec<_> = feed
        .changes
        .iter()
        .filter(|it| it.undoes.is_some())
        .collect();
    assert_eq!(undoing.len(), 1, "{undoing:#?}");
    assert_eq!(undoing[0].to, alarm.abandoned);

    // It stands on the overview, on the feed and on the tabs that it concerns.
    let notes = world.reader.releases().expect("releases").notes;
    assert!(
        notes.iter().any(|note| note.text == alarm.sentence),
        "{notes:?}"
    );
    let (_, api) = world.page("/api/v2/releases").await;
    assert!(api.contains("is back after"), "no alarm");
    for path in ["/", "/infra", "/infra/boskos"] {
        let (status, html) = world.page(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains("was rolled back from"), "{path}");
    }
    let tab = alarm.tabs.first().expect("a tab had it since");
    let (_, html) = world.page(&app::paths::tab(&tab.dashboard, &tab.tab)).await;
    assert!(html.contains("was rolled back from"));
    let (_, atom) = world.page("/feeds/infra").await;
    assert!(atom.contains("undone-roll-back"), "{atom}");

    let quiet = image_bump().await.reader.infra_feed();
    assert!(quiet.alarms.is_empty(), "{:#?}", quiet.alarms);
}

#[tokio::test]
async fn a_range_goes_both_ways() {
    let world = image_bump().await;
    let incident = world.incident();
    let (good, bad) = (
        incident.good_version.as_deref().expect("a version"),
        incident.bad_version.as_deref().expect("a version"),
    );
    let there = world.compare("test-infra", good, bad);
    let back = world.compare("test-infra", &bad[..9], &good[..12]);
    let shas = |found: &Comparison| -> Vec<String> {
        found.commits.iter().map(|it| it.sha.clone()).collect()
    };
    assert_eq!(shas(&there), shas(&back));
    assert_eq!(back.direction, Direction::Backward);
    // Rolled back: what broke on the way there recovered on the way back.
    assert!(back.tabs.iter().any(|tab| tab.fixed > 0));
    let (status, html) = world
        .page(&app::paths::compare("test-infra", bad, good))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("is older than"), "{html}");
    assert!(
        html.contains(&format!("from={good}&amp;to={bad}")),
        "no way back"
    );
    let same = world.compare("test-infra", good, &good[..10]);
    assert_eq!(same.direction, Direction::Same);
    assert!(same.commits.is_empty());
}

#[tokio::test]
async fn what_cannot_be_compared_says_why() {
    let world = image_bump().await;
    let good = world.incident().good_version.as_deref().expect("a version");
    let unknown = world.compare("test-infra", good, "0123456789abcdef");
    assert_eq!(unknown.direction, Direction::Unknown);
    let problem = unknown.to.problem.expect("it is not known");
    assert!(problem.contains("is in no mirror"), "{problem}");
    assert!(unknown.commits.is_empty());
    // A commit of another repository.
    let prow = world.reader.infra_versions("prow").expect("versions");
    let other = world.compare("test-infra", good, &prow[0].version);
    let problem = other.to.problem.expect("it is not one of these");
    assert!(problem.contains("kubernetes-sigs/prow"), "{problem}");
    // One of two.
    let version = &prow[0].version;
    let two = world.compare("prow", &version[..10], version);
    assert_eq!(two.direction, Direction::Same);
    let problem = two.from.problem.expect("it is in two");
    assert!(problem.contains("and one of someone/prow"), "{problem}");
    for (path, status, said) in [
        ("/compare", StatusCode::BAD_REQUEST, "component is missing"),
        (
            "/compare?component=nothing&from=a&to=b",
            StatusCode::NOT_FOUND,
            "there is no component",
        ),
        (
            "/compare?component=prow&from=%3Cscript%3E&to=b",
            StatusCode::OK,
            "&lt;script&gt;",
        ),
        (
            "/infra/nothing",
            StatusCode::NOT_FOUND,
            "there is no infra component",
        ),
        (
            "/infra/prow/nothing",
            StatusCode::NOT_FOUND,
            "no run had version",
        ),
        (
            "/api/v2/compare?component=prow&from=a",
            StatusCode::BAD_REQUEST,
            "to is missing",
        ),
    ] {
        let (found, html) = world.page(path).await;
        assert_eq!(found, status, "{path}");
        assert!(html.contains(said), "{path}: {html}");
    }
}

#[tokio::test]
async fn versions_and_builds_have_pages() {
    let world = image_bump().await;
    let incident = world.incident();
    let bad = incident.bad_version.as_deref().expect("a version");
    let page = world
        .reader
        .infra_version("test-infra", &bad[..10])
        .expect("a version");
    assert_eq!(page.line.version, bad);
    let (runs, before) = page
        .tabs
        .iter()
        .fold((0, 0), |sum, tab| (sum.0 + tab.bad, sum.1 + tab.bad_before));
    assert!(runs > before, "{page:#?}");
    let (status, html) = world
        .page(&app::paths::infra_version("test-infra", bad))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("data-testid=\"version-tab\""));

    let found = world.true_seam();
    let tab = found.tabs.iter().find(|tab| tab.exact).expect("a tab");
    let path = app::paths::compare_builds(&tab.dashboard, &tab.tab, &tab.before, &tab.build);
    let (status, html) = world.page(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(&format!(
        "data-testid=\"builds-component\" data-component=\"{}\"",
        "test-infra"
    )));
    let builds = [tab.before.as_str(), &tab.build];
    let told = world
        .reader
        .compare_builds(&tab.dashboard, &tab.tab, builds)
        .await
        .expect("two builds");
    assert!(told.spec.older_known && told.spec.newer_known, "{told:#?}");
    let image = told
        .spec
        .changes
        .iter()
        .find(|change| change.facet == model::job_spec::Facet::Image)
        .expect("the image that was bumped");
    assert!(image.from.is_some() && image.to.is_some(), "{image:?}");
    assert!(told.rows.both > 0);
    assert_eq!(told.headers.is_empty(), !html.contains("builds-header"));
    // The part of a page is the same without a page around it, and the order of the builds is found.
    let part = app::paths::compare_builds_part(&tab.dashboard, &tab.tab, &tab.build, &tab.before);
    let (status, part) = world.page(&part).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        part.contains("builds-spec-change") && !part.contains("<html"),
        "{part}"
    );
    assert!(part.contains("data-testid=\"builds-end\" data-side=\"older\""));
    let (status, problem) = world
        .page(&app::paths::compare_builds_part(
            &tab.dashboard,
            &tab.tab,
            "1",
            "2",
        ))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem.starts_with("{\"error\""), "{problem}");

    let path = app::paths::seam(&tab.dashboard, &tab.tab, &tab.build);
    let (status, html) = world.page(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("data-testid=\"seam-change\"") && html.contains("</html>"));
    let (_, part) = world
        .page(&app::paths::seam_part(&tab.dashboard, &tab.tab, &tab.build))
        .await;
    assert!(part.contains("seam-verdict") && !part.contains("</html>"));
    // A cell that failed says what can be done, and leads to where that began.
    let grid = world.reader.tab_view(&tab.dashboard, &tab.tab).await;
    let view = grid.expect("a grid");
    let grid = &view.grid.grid;
    let (row, column) = grid
        .rows
        .iter()
        .find_map(|row| {
            let failed = row
                .statuses
                .iter()
                .position(model::status::Status::is_failing)?;
            Some((row, failed))
        })
        .expect("a cell that failed");
    let (since, _) = row.failing_since(column).expect("a streak");
    let path = app::paths::tab(&tab.dashboard, &tab.tab);
    let (status, part) = world
        .page(&app::paths::cell_part(
            &path,
            &row.id,
            &grid.columns[column].build,
        ))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        part.contains(&format!("data-seam=\"{}\"", grid.columns[since].build)),
        "{part}"
    );
    for said in [
        "File a bug",
        "Copy as Markdown",
        "test-infra%3A+",
        "kubernetes%2Fkubernetes%3A+",
    ] {
        assert!(part.contains(said), "{said} in {part}");
    }
    let (status, _) = world
        .page(&app::paths::cell_part(&path, "no such row", "1"))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let path = app::paths::seam(&tab.dashboard, &tab.tab, "no such build");
    assert_eq!(world.page(&path).await.0, StatusCode::NOT_FOUND);
    let (status, _) = world
        .page(&app::paths::compare_builds(
            &tab.dashboard,
            &tab.tab,
            "1",
            "2",
        ))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = world
        .page("/api/v2/infra/components/test-infra/versions?limit=3")
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn commits_are_found_by_their_title_and_by_their_digits() {
    let world = boskos().await;
    let seam = world.true_seam();
    let bump = seam.commits.first().expect("a commit between");
    let digits = &bump.sha[..9];
    let by_digits = world.reader.search(digits).await.expect("an answer");
    // Others may speak of it; it comes first.
    let found = by_digits.commits.first().expect("it is found");
    assert_eq!(
        (found.sha.as_str(), found.title.as_str(), found.time),
        (bump.sha.as_str(), bump.subject.as_str(), bump.time)
    );
    let by_title = world.reader.search(&bump.subject).await.expect("an answer");
    assert!(by_title.commits.iter().any(|commit| commit.sha == bump.sha));
    // Where the page leads, this commit lies between.
    let parent = found.parent.as_deref().expect("it has a parent");
    let between = world.compare(&found.component, parent, &found.sha);
    assert_eq!(between.commits.len(), 1);
    assert_eq!(between.commits[0].sha, bump.sha);
}

#[tokio::test]
async fn the_configuring_commit_is_inferred_and_never_shown_as_read() {
    let (mut runs, mut inferred, mut right) = (0, 0, 0);
    for world in [boskos().await, image_bump().await] {
        for job in &world.truth.jobs {
            let Some((dashboard, tab)) = job.tabs.first() else {
                continue;
            };
            let view = world.reader.tab_view(dashboard, tab).await.expect("a tab");
            let grid = &view.grid.grid;
            for column in &grid.columns {
                let build = job.builds.iter().find(|build| build.build == column.build);
                let build = build.expect("the simulation wrote it");
                let version = column.infra.iter().find(|it| it.component == "job-config");
                let version = version.expect("it is configured");
                runs += 1;
                match &version.version {
                    None => assert_eq!(version.source, Source::Unknown),
                    Some(commit) => {
                        assert_eq!(version.source, Source::Inferred);
                        // Of the time before the history nothing is known to compare with.
                        if let Some(truth) = &build.configured_by {
                            inferred += 1;
                            right += usize::from(commit == truth);
                        }
                    }
                }
            }
            let seams = grid.transitions.iter();
            let mut seams = seams.filter(|seam| seam.component == "job-config");
            assert!(seams.all(|seam| !seam.certain), "{}", job.name);
        }
    }
    eprintln!(
        "of {runs} runs the configuring commit is inferred and known for {inferred}, {right} right"
    );
    assert!(inferred * 2 > runs, "{inferred} of {runs}");
    assert!(right * 100 >= inferred * 97, "{right} of {inferred}");
    let page = boskos().await.page("/infra/job-config").await;
    assert_eq!(page.0, StatusCode::OK);
}

#[tokio::test]
async fn the_weather_is_told_per_cluster_with_its_runs() {
    const DAY_MS: i64 = 24 * 3_600_000;
    /// Soon after the outage.
    fn after() -> i64 {
        NOW_MS - 30 * 3_600_000
    }
    let world = World::at(Incident::Outage, 3, after).await;
    let until_ms = world.incident().periods[0].to_ms;
    assert!(
        (until_ms..until_ms + DAY_MS / 2).contains(&after()),
        "{until_ms}"
    );
    let weather = &world.reader.infra_feed().weather;
    // By the truth, of those that show it: (now, failed, before).
    let mut expected: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    let cluster = world.incident().culprit.as_str();
    for job in &world.truth.jobs {
        for build in &job.builds {
            let (Some(version), false) = (
                build.versions["cluster"].as_ref(),
                build.result == BuildResult::Running,
            ) else {
                continue;
            };
            let counts = expected.entry(&version.commit).or_default();
            let age_ms = after() - build.started_ms;
            if age_ms <= DAY_MS {
                counts.0 += 1;
                counts.1 += u32::from(build.hit_by_incident);
            } else {
                counts.2 += 1;
            }
        }
    }
    assert!(expected.len() > 1, "{expected:?}");
    for line in &weather.clusters {
        assert_eq!(line.component, "cluster");
        let (now, hit, before) = expected[line.version.as_str()];
        // Runs whose ProwJob is lost belong to the cluster of their neighbours; those that never said how
        // they ended have not.
        let near = |counted: u32, truth: u32| counted.abs_diff(truth) <= 2;
        assert!(
            near(line.runs, now) && near(line.runs_before, before),
            "{line:?} {expected:?}"
        );
        assert!(line.outside + 2 >= hit, "{line:?}: {hit} were hit");
    }
    let worst = weather.clusters.first().expect("a cluster");
    assert_eq!(worst.version, cluster);
    assert!(worst.worse, "{worst:?}");
    let others = weather.clusters.iter().skip(1);
    assert!(
        others.clone().all(|line| !line.worse),
        "{:?}",
        weather.clusters
    );
    // Each run that failed so can be looked at.
    assert_eq!(weather.runs.len() as u32, weather.all.outside.min(50));
    assert!(weather.runs.iter().all(|run| !run.url.is_empty()));
    assert!(weather.runs.iter().any(|run| run.cluster == cluster));
    for path in ["/infra", "/"] {
        let (_, html) = world.page(path).await;
        assert!(html.contains(cluster), "{path}");
    }
}

/// How a job's builds went, oldest first: `.` and `f` with other versions, `o` and `F` with the bad one, `H`
/// where that made it fail (`h` where the build does not tell its version), `r` while it runs.
fn course(world: &World, job: &str) -> String {
    let incident = world.incident();
    let bad = incident.bad_version.as_deref().expect("a bad version");
    let builds = world.truth.jobs.iter().filter(|it| it.name == job);
    builds
        .flat_map(|it| &it.builds)
        .map(|build| {
            let version = build.versions[&incident.culprit].as_ref();
            let under = version.is_some_and(|version| same_version(&version.commit, bad));
            match (build.result, build.hit_by_incident, under) {
                (BuildResult::Running, ..) => 'r',
                (BuildResult::Passed, _, false) => '.',
                (BuildResult::Passed, _, true) => 'o',
                (BuildResult::Failed, true, true) => 'H',
                (BuildResult::Failed, true, false) => 'h',
                (BuildResult::Failed, false, true) => 'F',
                (BuildResult::Failed, false, false) => 'f',
            }
        })
        .collect()
}

/// Not told are jobs of which too few runs were hit: one failure of four looks like chance. Told too much
/// are those in which something of their own broke with the same run: the tab alone cannot tell.
#[tokio::test]
async fn the_tabs_that_a_seam_broke_are_those_of_the_truth() {
    let (mut told, mut right, mut found, mut all) = (0, 0, 0, 0);
    for seed in 11..=13 {
        for incident in [Incident::Boskos, Incident::ImageBump] {
            let world = World::at(incident, seed, now).await;
            let comparison = world.true_seam();
            let broken = hit(&comparison.tabs);
            // All that were hit; and those whose builds say that they ran the bad version.
            let truth: BTreeSet<&str> = world.incident().jobs.iter().map(String::as_str).collect();
            let telling = world.hit_jobs(1);
            told += broken.len();
            right += broken.intersection(&truth).count();
            found += broken.intersection(&telling).count();
            all += telling.len();
            for job in broken.difference(&truth) {
                eprintln!(
                    "{seed} {}: too much: {job} {}",
                    incident.name(),
                    course(&world, job)
                );
            }
            for job in telling.difference(&broken) {
                eprintln!(
                    "{seed} {}: not told: {job} {}",
                    incident.name(),
                    course(&world, job)
                );
            }
        }
    }
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
    eprintln!(
        "tabs that a seam broke: {right} of {told} told are right ({:.0} %), {found} of {all} hit are told ({:.0} %)",
        percent(right, told),
        percent(found, all)
    );
    assert!(all > 20, "{all}");
    assert!(right * 100 >= told * 85, "{right} of {told}");
    assert!(found * 100 >= all * 95, "{found} of {all}");
}
