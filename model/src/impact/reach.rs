//! Whether a commit can reach a job, and by what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// By what a commit can reach a job. In the order in which one would suspect them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ChangeLabel {
    /// Another image, or another tag of it.
    Image,
    /// Another build cluster.
    Cluster,
    /// Environment, command or arguments.
    Environment,
    /// A script or file of the repository that the job runs.
    Script,
    /// The images that decorate the job.
    UtilityImage,
    /// A preset that the job's labels choose, or which presets they choose.
    Preset,
    /// What is cloned: repositories, branches, paths.
    Clone,
    /// Processor, memory and storage asked for.
    Resources,
    /// How long it may take.
    Timeout,
    /// Another setting of the pod or of the decoration.
    Setting,
    /// When the job runs, and for what.
    Trigger,
    /// The job is new.
    Added,
    /// The job is gone.
    Removed,
}

impl ChangeLabel {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Image,
        Self::Cluster,
        Self::Environment,
        Self::Script,
        Self::UtilityImage,
        Self::Preset,
        Self::Clone,
        Self::Resources,
        Self::Timeout,
        Self::Setting,
        Self::Trigger,
        Self::Added,
        Self::Removed,
    ];

    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Cluster => "cluster",
            Self::Environment => "environment or arguments",
            Self::Script => "script",
            Self::UtilityImage => "utility image",
            Self::Preset => "preset",
            Self::Clone => "cloned repositories",
            Self::Resources => "resources",
            Self::Timeout => "timeout",
            Self::Setting => "another setting",
            Self::Trigger => "trigger",
            Self::Added => "new job",
            Self::Removed => "job removed",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A set of labels.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(u16);

impl Labels {
    /// None.
    pub const NONE: Self = Self(0);

    /// The set with the given bits, one per label in the order of [`ChangeLabel::ALL`]; further bits
    /// are dropped.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & ((1 << ChangeLabel::ALL.len()) - 1))
    }

    /// One bit per label, for keeping.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Adds a label.
    pub const fn insert(&mut self, label: ChangeLabel) {
        self.0 |= label.bit();
    }

    /// Those in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a label is among them.
    pub const fn contains(self, label: ChangeLabel) -> bool {
        self.0 & label.bit() != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = ChangeLabel> {
        ChangeLabel::ALL
            .into_iter()
            .filter(move |&label| self.contains(label))
    }
}

impl FromIterator<ChangeLabel> for Labels {
    fn from_iter<I: IntoIterator<Item = ChangeLabel>>(labels: I) -> Self {
        let mut all = Self::NONE;
        for label in labels {
            all.insert(label);
        }
        all
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Whether a commit can reach a job. Directly is more than through a service; unknown is no answer,
/// and never to be read as “cannot”.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "reach", rename_all = "snake_case")]
pub enum Reach {
    /// It changes what the job is or runs.
    Direct {
        /// By what; in order, never empty.
        labels: Vec<ChangeLabel>,
    },
    /// It changes only something that many jobs share and that runs beside them.
    Service {
        /// Names of the components; never empty.
        components: Vec<String>,
    },
    /// Nothing of the job depends on it.
    Cannot,
    /// It cannot be told.
    Unknown {
        /// Why, as one sentence.
        reason: String,
    },
}

impl Reach {
    /// Directly by `labels`, or not at all where there are none.
    pub fn by(labels: Labels) -> Self {
        if labels.is_empty() {
            Self::Cannot
        } else {
            Self::Direct {
                labels: labels.iter().collect(),
            }
        }
    }

    /// How much: 3 directly, 2 unknown, 1 through a service, 0 not at all. What might be direct comes
    /// before what is known not to be.
    const fn rank(&self) -> u8 {
        match self {
            Self::Direct { .. } => 3,
            Self::Unknown { .. } => 2,
            Self::Service { .. } => 1,
            Self::Cannot => 0,
        }
    }

    /// What two reasons make together: a commit reaches a tab as far as it reaches any of its jobs.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Direct { labels: a }, Self::Direct { labels: b }) => {
                Self::by(a.into_iter().chain(b).collect())
            }
            (Self::Service { mut components }, Self::Service { components: more }) => {
                for component in more {
                    if !components.contains(&component) {
                        components.push(component);
                    }
                }
                Self::Service { components }
            }
            (a, b) if a.rank() >= b.rank() => a,
            (_, b) => b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(labels: &[ChangeLabel]) -> Reach {
        Reach::Direct {
            labels: labels.to_vec(),
        }
    }

    fn service(components: &[&str]) -> Reach {
        Reach::Service {
            components: components.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn sets_keep_labels_in_order() {
        let labels: Labels = [
            ChangeLabel::Timeout,
            ChangeLabel::Image,
            ChangeLabel::Timeout,
        ]
        .into_iter()
        .collect();
        assert_eq!(
            labels.iter().collect::<Vec<_>>(),
            [ChangeLabel::Image, ChangeLabel::Timeout]
        );
        assert_eq!(Labels::from_bits(labels.bits()), labels);
        assert_eq!(
            Labels::from_bits(u16::MAX).iter().count(),
            ChangeLabel::ALL.len()
        );
        assert!(Labels::NONE.is_empty());
    }

    #[test]
    fn reaches_add_up() {
        let unknown = Reach::Unknown {
            reason: "no mirror".into(),
        };
        for (a, b, both) in [
            (
                direct(&[ChangeLabel::Timeout]),
                direct(&[ChangeLabel::Image]),
                direct(&[ChangeLabel::Image, ChangeLabel::Timeout]),
            ),
            (
                service(&["boskos"]),
                service(&["prow", "boskos"]),
                service(&["boskos", "prow"]),
            ),
            (
                service(&["boskos"]),
                direct(&[ChangeLabel::Image]),
                direct(&[ChangeLabel::Image]),
            ),
            (service(&["boskos"]), unknown.clone(), unknown.clone()),
            (Reach::Cannot, service(&["boskos"]), service(&["boskos"])),
            (Reach::Cannot, unknown.clone(), unknown),
            (Reach::Cannot, Reach::Cannot, Reach::Cannot),
        ] {
            assert_eq!(a.or(b), both);
        }
        assert_eq!(Reach::by(Labels::NONE), Reach::Cannot);
    }
}
