//! Simulated worlds as one update reads them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use model::{
    config::Configuration,
    infra::same_version,
    wire::infra::{Comparison, TabAcross},
};
use seamgrid::{
    bucket::Buckets,
    history::Mirrors,
    http,
    infra::impact::{ImpactKeeper, ImpactMap, SharedMap},
    pipeline::{Pipeline, Unpublished, progress::Unwatched, update_groups},
    read::{Catalog, CompareQuery, Reader},
    settings::{RepositorySettings, Settings, load_settings},
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
pub(super) const CONFIGURES: &str = "kubernetes/test-infra";
/// 2026-03-01T12:00:00Z.
pub(super) const NOW_MS: i64 = 1_772_366_400_000;

/// By what name readers know the server.
pub(super) const HOST: &str = "seams.example";

pub(super) fn now() -> i64 {
    NOW_MS
}

/// A world as it is read by one update.
pub(super) struct World {
    pub(super) truth: Truth,
    pub(super) reader: Arc<Reader>,
    /// What reads its bucket.
    pipeline: Pipeline,
    shown: Shown,
    folder: TempDir,
}

/// What readers are made from.
struct Shown {
    store: Store,
    settings: Settings,
    configuration: Configuration,
    map: Arc<ImpactMap>,
    clock: fn() -> i64,
}

impl Shown {
    async fn reader(&self) -> Reader {
        let catalog = Catalog::new(&self.configuration, &[]);
        let reader = Reader::new(self.store.clone(), catalog, &self.settings)
            .expect("a good pattern")
            .with_clock(self.clock);
        reader.set_impact(Box::new(SharedMap(self.map.clone())));
        reader.publish_all().await.expect("it is published");
        reader
    }
}

/// Which world.
#[derive(Clone, Copy)]
pub(super) struct Which {
    pub(super) incident: Incident,
    pub(super) seed: u64,
    pub(super) scale: Scale,
}

impl World {
    pub(super) async fn new(incident: Incident) -> Self {
        Self::at(incident, 3, now).await
    }

    /// The world as it is seen at another time than its end.
    pub(super) async fn at(incident: Incident, seed: u64, clock: fn() -> i64) -> Self {
        Self::changed(incident, seed, clock, |_, _| {}).await
    }

    /// The world with something changed in its folder before anything of it is read.
    pub(super) async fn changed(
        incident: Incident,
        seed: u64,
        clock: fn() -> i64,
        change: impl FnOnce(&Path, &Truth),
    ) -> Self {
        let which = Which {
            incident,
            seed,
            scale: Scale::Small,
        };
        Self::read(which, [now, clock], change).await
    }

    /// As [`World::changed`], with the clock of what reads the bucket and the clock of what shows it.
    pub(super) async fn read(
        Which {
            incident,
            seed,
            scale,
        }: Which,
        [reads, shows]: [fn() -> i64; 2],
        change: impl FnOnce(&Path, &Truth),
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let out = folder.path().join("world");
        let simulated = simulate(&SimulateOptions {
            out: out.clone(),
            seed,
            days: 8,
            scale,
            incident,
            end_ms: Some(NOW_MS),
        })
        .expect("a world");
        change(&out, &simulated.truth);
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
        .with_clock(reads);
        let report = update_groups(&pipeline, None, &Unwatched).await;
        assert_eq!(report.errors, []);
        for fetched in Mirrors::new(store.clone(), &settings).update().await {
            assert_eq!(fetched.problem, None);
            assert!(fetched.commits > 0, "{fetched:?}");
        }
        let keeper = ImpactKeeper::new(store.clone(), &settings);
        let configuration = out.join(&simulated.truth.repositories[CONFIGURES]);
        keeper
            .update(CONFIGURES, configuration, NOW_MS)
            .await
            .expect("the configuration can be read");
        let shown = Shown {
            store,
            settings,
            configuration: loaded.configuration,
            map: keeper.map(),
            clock: shows,
        };
        Self {
            truth: simulated.truth,
            reader: Arc::new(shown.reader().await),
            pipeline,
            shown,
            folder,
        }
    }

    /// The folder that was simulated.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("world")
    }

    /// Reads what is new in the bucket and shows it, by nothing that was made before.
    pub(super) async fn update(&mut self) {
        let report = update_groups(&self.pipeline, None, &Unwatched).await;
        assert_eq!(report.errors, []);
        self.reader = Arc::new(self.shown.reader().await);
    }

    pub(super) fn incident(&self) -> &IncidentTruth {
        self.truth.incident.as_ref().expect("an incident")
    }

    pub(super) fn compare(&self, component: &str, from: &str, to: &str) -> Comparison {
        let query = CompareQuery {
            component: component.into(),
            from: from.into(),
            to: to.into(),
            ..CompareQuery::default()
        };
        self.reader.compare(&query).expect("a comparison")
    }

    /// The incident's own seam.
    pub(super) fn true_seam(&self) -> Comparison {
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
    pub(super) fn plainly_hit_jobs(&self) -> BTreeSet<&str> {
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
    pub(super) fn hit_jobs(&self, least: usize) -> BTreeSet<&str> {
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

    pub(super) async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("host", HOST);
        let request = request.body(Body::empty()).expect("a request");
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
pub(super) async fn boskos() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD.get_or_init(|| World::new(Incident::Boskos)).await
}

pub(super) async fn image_bump() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD.get_or_init(|| World::new(Incident::ImageBump)).await
}

pub(super) fn hit(tabs: &[TabAcross]) -> BTreeSet<&str> {
    tabs.iter()
        .filter(|tab| tab.is_hit())
        .map(|tab| tab.job.as_str())
        .collect()
}
