//! Discover · read · store · publish: what keeps results up to date, and the only writer of them.
//!
//! One look at a test group lists its prefixes, reads what is not stored yet and what was not
//! finished, and stores it oldest first, a few builds per transaction. Whether a build must be read
//! is decided by what is stored and never by a position kept elsewhere, so a look that is cut off
//! anywhere is made good by the next, and a look that finds nothing new changes nothing.
//!
//! A build that cannot be read becomes a run that says why. Only a bucket or a database that does
//! not answer is an error, and it is the error of one group: the others go on.

mod claims;
mod discover;
mod forever;
mod merge;
mod once;
pub mod progress;
mod retention;
mod turn;
mod update;
mod uploads;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{
    config::{Configuration, TestGroup},
    name::normalize,
};
use ring::rand::SecureRandom as _;
use tokio::sync::{Notify, Semaphore};

pub use forever::run_forever;
pub use once::update_groups;
pub use progress::Progress;
pub use retention::{Pruned, prune};
pub use uploads::{Receipt, Received, UploadError};

use self::claims::Claims;
use crate::{
    bucket::{BucketError, Buckets},
    settings::{ComponentSettings, Settings},
    store::{GroupConfig, GroupId, Saved, Store, StoreError},
};

/// Builds that are fetched and parsed at once, over all groups.
const BUILDS_AT_ONCE: usize = 16;

/// Who wants to know when results changed.
pub trait Publish: Send + Sync {
    /// The stored results of this test group are other than before.
    fn group_changed(&self, group: &str) -> impl Future<Output = ()> + Send;
}

/// Nobody wants to know: an update without a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unpublished;

impl Publish for Unpublished {
    async fn group_changed(&self, _group: &str) {}
}

/// Everything an update needs.
pub struct Pipeline<P = Unpublished> {
    store: Store,
    buckets: Buckets,
    /// Only groups that are read from a bucket, in the order of the configuration.
    groups: Vec<Arc<TestGroup>>,
    /// All groups by what names are compared by.
    by_name: HashMap<String, Arc<TestGroup>>,
    components: Arc<[ComponentSettings]>,
    parallel: usize,
    poll_secs: u64,
    days_of_results: u32,
    /// How long a group belongs to a process that does not say again that it lives.
    lease: Duration,
    publish: P,
    clock: fn() -> i64,
    reads: Semaphore,
    /// The name under which this process holds leases.
    replica: String,
    /// Told when groups were pushed.
    wake: Notify,
    /// The groups of which the builds are to be read again with this process's configuration.
    claims: Claims,
    /// The groups of which the uploads are.
    upload_claims: Claims,
    /// Per prefix, the newest build id that is known to be older than what is kept.
    floors: Mutex<HashMap<String, String>>,
}

/// What an update did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Test groups that were looked at.
    pub groups: usize,
    /// Builds that were read.
    pub builds: usize,
    /// What the store made of them.
    pub saved: Saved,
    /// What was wrong with builds' files, which their columns say.
    pub problems: usize,
    /// What kept groups from being updated.
    pub errors: Vec<GroupError>,
}

/// Why a group could not be updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupError {
    /// The test group; empty when the whole update failed.
    pub group: String,
    /// One sentence.
    pub message: String,
}

/// What one look at one group did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupReport {
    /// The test group.
    pub group: String,
    /// Builds that were read and stored.
    pub builds: usize,
    /// What the store made of them.
    pub saved: Saved,
    /// What was wrong with their files.
    pub problems: usize,
    /// Builds that were found but left for the next look.
    pub left: usize,
    /// Why the look ended early.
    pub error: Option<String>,
    /// What kind of thing that was.
    pub failure: Option<FailureKind>,
    /// How long the newest new build had waited to be shown, in milliseconds; `None` without one.
    pub lag_ms: Option<i64>,
}

/// What kind of thing ended a look early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The bucket refused, or could not be reached.
    Bucket,
    /// The bucket gave no answer in time.
    Silence,
    /// The database.
    Database,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bucket, Self::Silence, Self::Database];

    /// The word for it in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Silence => "silence",
            Self::Database => "database",
        }
    }
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
enum UpdateError {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the bucket gave no answer on `{path}` for {secs} seconds")]
    Silent { path: String, secs: u64 },
}

impl UpdateError {
    const fn kind(&self) -> FailureKind {
        match self {
            Self::Bucket(_) => FailureKind::Bucket,
            Self::Store(_) => FailureKind::Database,
            Self::Silent { .. } => FailureKind::Silence,
        }
    }
}

/// A name that no other process has: the machine's and a random part.
fn replica_name() -> String {
    let host = std::env::var("HOSTNAME")
        .ok()
        .filter(|host| !host.is_empty())
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .unwrap_or_else(|| "seamgrid".to_owned());
    let mut random = [0; 4];
    // When chance fails, the process's number has to do.
    if ring::rand::SystemRandom::new().fill(&mut random).is_err() {
        random = std::process::id().to_le_bytes();
    }
    format!("{}-{:08x}", host.trim(), u32::from_le_bytes(random))
}

/// A test group together with its place in the database.
#[derive(Clone, Debug)]
struct Target {
    group: Arc<TestGroup>,
    id: GroupId,
    /// Of the configuration that the stored runs had been read with when the group was found.
    stored_hash: String,
    /// Of the present configuration.
    hash: String,
}

impl<P: Publish> Pipeline<P> {
    /// A pipeline for every group of `configuration` that has a `gcs_prefix`.
    pub fn new(
        store: Store,
        buckets: Buckets,
        configuration: &Configuration,
        settings: &Settings,
        publish: P,
    ) -> Self {
        let groups: Vec<Arc<TestGroup>> = configuration
            .test_groups
            .iter()
            .cloned()
            .map(Arc::new)
            .collect();
        Self {
            store,
            buckets,
            by_name: groups
                .iter()
                .map(|group| (normalize(&group.name), Arc::clone(group)))
                .collect(),
            groups: groups
                .into_iter()
                .filter(|group| group.prefixes().next().is_some())
                .collect(),
            components: settings.infra.components.clone().into(),
            parallel: settings.update.parallel.max(1),
            poll_secs: settings.update.poll_secs,
            days_of_results: settings.update.days_of_results,
            lease: Duration::from_secs(settings.update.lease_secs.max(1)),
            publish,
            clock: crate::clock::now_ms,
            reads: Semaphore::new(BUILDS_AT_ONCE),
            replica: replica_name(),
            wake: Notify::new(),
            claims: Claims::default(),
            upload_claims: Claims::default(),
            floors: Mutex::default(),
        }
    }

    /// Asks `clock` for the time, in milliseconds since 1970: a world that ended long ago is read as
    /// it was seen then.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> i64) -> Self {
        self.clock = clock;
        self
    }

    /// Makes sure that each group is in the database. A group whose configuration changed keeps its
    /// old hash until its builds have been read again.
    async fn find_targets(
        &self,
        groups: impl IntoIterator<Item = &Arc<TestGroup>>,
    ) -> Result<Vec<Target>, StoreError> {
        let hashed: Vec<_> = groups
            .into_iter()
            .map(|group| (Arc::clone(group), self.hash(group)))
            .collect();
        let stored: HashMap<String, (GroupId, String)> = self
            .store
            .load_groups()
            .await?
            .into_iter()
            .map(|group| (normalize(&group.name), (group.id, group.config_hash)))
            .collect();
        let missing: Vec<GroupConfig> = hashed
            .iter()
            .filter(|(group, _)| !stored.contains_key(&normalize(&group.name)))
            .map(|(group, hash)| GroupConfig {
                name: group.name.clone(),
                config_hash: hash.clone(),
            })
            .collect();
        let added: HashMap<String, (GroupId, String)> = if missing.is_empty() {
            HashMap::new()
        } else {
            self.store
                .sync_groups(&missing)
                .await?
                .into_iter()
                .map(|group| (normalize(&group.name), (group.id, group.config_hash)))
                .collect()
        };
        Ok(hashed
            .into_iter()
            .filter_map(|(group, hash)| {
                let key = normalize(&group.name);
                let (id, stored_hash) = stored.get(&key).or_else(|| added.get(&key))?.clone();
                Some(Target {
                    group,
                    id,
                    stored_hash,
                    hash,
                })
            })
            .collect())
    }

    /// A hash of everything that decides how a build of `group` is read. What decides only how results are
    /// shown, or for how long they are kept, is none of it: a change of it reads nothing again.
    fn hash(&self, group: &TestGroup) -> String {
        let none = TestGroup::default();
        let read = TestGroup {
            days_of_results: none.days_of_results,
            alert_stale_results_hours: none.alert_stale_results_hours,
            num_failures_to_alert: none.num_failures_to_alert,
            num_passes_to_disable_alert: none.num_passes_to_disable_alert,
            num_columns_recent: none.num_columns_recent,
            bug_component: none.bug_component,
            code_search_path: none.code_search_path,
            alert_mail_to_addresses: none.alert_mail_to_addresses,
            alert_mail_subject: none.alert_mail_subject,
            alert_mail_debug_url: none.alert_mail_debug_url,
            alert_mail_failure_message: none.alert_mail_failure_message,
            min_elapsed_minutes_between_mails: none.min_elapsed_minutes_between_mails,
            notifications: none.notifications,
            auto_bug_options: none.auto_bug_options,
            link_bugs_by_group: none.link_bugs_by_group,
            link_bugs_by_test_methods: none.link_bugs_by_test_methods,
            gather_bugs: none.gather_bugs,
            issue_gather_options: none.issue_gather_options,
            ..group.clone()
        };
        let components: Vec<_> = self
            .components
            .iter()
            .map(|component| (&component.name, &component.repo, &component.from))
            .collect();
        // Neither serialisation can fail: both are plain structs with text keys.
        let text = serde_json::to_string(&(read, components)).unwrap_or_default();
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
    }

    fn floor(&self, prefix: &str) -> Option<String> {
        let floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
        floors.get(prefix).cloned()
    }

    fn raise_floor(&self, prefix: &str, build: &str) {
        let mut floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
        floors.insert(prefix.to_owned(), build.to_owned());
    }
}

impl Report {
    fn add(&mut self, group: GroupReport) {
        self.groups += 1;
        self.builds += group.builds;
        self.saved += group.saved;
        self.problems += group.problems;
        if let Some(message) = group.error {
            self.errors.push(GroupError {
                group: group.group,
                message,
            });
        }
    }
}
