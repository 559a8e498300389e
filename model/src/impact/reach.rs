//! Whether a commit can reach a job, and by what.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::reach::Reach;

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

/// How a commit reaches a job, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "reach", rename_all = "snake_case")]
pub enum Effect {
    /// It changes what the job is or runs.
    Own {
        /// By what; in order, never empty.
        labels: Vec<ChangeLabel>,
        /// What exactly, where it can be said in a few words: `kubekins-e2e v1 → v2`; else empty.
        detail: String,
    },
    /// It changes only something that many jobs share and that runs beside them.
    Service {
        /// Names of the components; never empty.
        components: Vec<String>,
    },
    /// It cannot be told. Never to be read as “cannot”.
    Unknown {
        /// Why, as one sentence.
        reason: String,
    },
    /// Nothing of the job depends on it.
    Cannot,
}

impl Effect {
    /// By `labels`, or not at all where there are none.
    pub fn by(labels: Labels, detail: &str) -> Self {
        if labels.is_empty() {
            Self::Cannot
        } else {
            Self::Own {
                labels: labels.iter().collect(),
                detail: detail.to_owned(),
            }
        }
    }

    /// Without the reasons.
    pub const fn reach(&self) -> Reach {
        match self {
            Self::Own { .. } => Reach::Own,
            Self::Service { .. } => Reach::Service,
            Self::Unknown { .. } => Reach::Unknown,
            Self::Cannot => Reach::Cannot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_effect_without_labels_is_none() {
        assert_eq!(Effect::by(Labels::NONE, ""), Effect::Cannot);
        let effect = Effect::by([ChangeLabel::Image].into_iter().collect(), "y v1 → v2");
        assert_eq!(effect.reach(), Reach::Own);
        assert_eq!(
            serde_json::to_string(&effect).expect("it is plain"),
            r#"{"reach":"own","labels":["image"],"detail":"y v1 → v2"}"#
        );
    }
}
