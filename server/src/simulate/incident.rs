//! The stories: when something goes wrong, and what it does to a build.

use super::{
    history::{DAY_MS, HOUR_MS},
    random::Random,
};

/// What goes wrong in a world, beside flakes and single broken tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Incident {
    /// A bump puts Boskos at a random old version: jobs of every branch that lease projects flake,
    /// then fail. Rolled back after a day; an automatic bump undoes that 18 hours later; rolled
    /// back again.
    #[default]
    Boskos,
    /// A bump of the job images breaks a part of the tests in every job that runs them.
    ImageBump,
    /// A commit of the product breaks the network tests on master alone.
    Product,
    /// A build cluster is out for some hours; no commit is to blame.
    Outage,
    /// Nothing.
    None,
}

impl Incident {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Boskos,
        Self::ImageBump,
        Self::Product,
        Self::Outage,
        Self::None,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boskos => "boskos",
            Self::ImageBump => "image-bump",
            Self::Product => "product",
            Self::Outage => "outage",
            Self::None => "none",
        }
    }
}

impl std::str::FromStr for Incident {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|incident| incident.name() == text)
            .ok_or_else(|| {
                format!("no incident is called {text:?}; there are boskos, image-bump, product, outage and none")
            })
    }
}

/// The cluster that fails in [`Incident::Outage`].
pub(super) const OUT_CLUSTER: &str = "k8s-infra-prow-build";

/// When the commits of the incident land, as `(from, to)`.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub boskos: Vec<(i64, i64)>,
    pub images: Vec<(i64, i64)>,
    pub product: Option<(i64, i64)>,
    pub outage: Option<(i64, i64)>,
}

impl Plan {
    /// The plan for a world that ends at `end_ms`. In a world of less than five days everything
    /// goes proportionally faster.
    pub(super) fn new(incident: Incident, days: u32, end_ms: i64) -> Self {
        let hours = |count: i64| {
            let whole = count * HOUR_MS;
            (whole * i64::from(days.min(5)) / 5) / 60_000 * 60_000
        };
        let mut plan = Self::default();
        // Not on the full hour, at which bots would have done it.
        let from = end_ms - hours(72) + 17 * 60_000;
        match incident {
            Incident::Boskos => {
                let undone = from + hours(24 + 18);
                plan.boskos = vec![(from, from + hours(24)), (undone, undone + hours(7))];
            }
            Incident::ImageBump => plan.images = vec![(from, from + hours(20))],
            Incident::Product => plan.product = Some((from, from + hours(30))),
            Incident::Outage => {
                let from = end_ms - hours(40) + 23 * 60_000;
                plan.outage = Some((from, from + hours(9).max(DAY_MS / 8)));
            }
            Incident::None => {}
        }
        plan
    }
}

/// What the incident does to one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strike {
    /// The cluster does not come up, so that no test runs.
    NoCluster,
    /// Some random tests fail.
    Some(u8),
    /// A certain part of the tests fails.
    Part,
    /// The pod finds no node.
    Unscheduled,
}

/// Boskos: first some tests fail now and then, later hardly any lease succeeds.
pub(super) fn strike_by_boskos(
    random: &mut Random,
    bad_for_ms: i64,
    first_time: bool,
) -> Option<Strike> {
    let early = first_time && bad_for_ms < 8 * HOUR_MS;
    let chance = match (early, first_time) {
        (true, _) => 0.55,
        (false, true) => 0.88,
        // Everything is exhausted at once the second time.
        (false, false) => 0.95,
    };
    if !random.chance(chance) {
        None
    } else if early && random.chance(0.75) {
        Some(Strike::Some(random.between(2, 5) as u8))
    } else {
        Some(Strike::NoCluster)
    }
}

/// What failed tests say during a strike.
pub(super) fn message(strike: Strike, random: &mut Random) -> String {
    match strike {
        Strike::NoCluster => random
            .pick(&[
                "failed to acquire a project from boskos: resource type \"gce-project\" in state \"free\": 404 Not Found",
                "boskos: 401 Unauthorized while releasing gce-project as dirty; giving up after 30m0s",
                "up: cannot lease a project: no resource of type gce-project is free (142 dirty, 0 free)",
            ])
            .to_owned(),
        Strike::Some(_) => format!(
            "googleapi: Error 403: resource 'projects/k8s-boskos-gce-project-{:02}/global/networks/e2e' is in use by another owner",
            random.below(90)
        ),
        Strike::Part => "exec: \"gke-gcloud-auth-plugin\": executable file not found in $PATH".to_owned(),
        Strike::Unscheduled => {
            "0/48 nodes are available: 48 node(s) had untolerated taint {node.kubernetes.io/unreachable: }".to_owned()
        }
    }
}
