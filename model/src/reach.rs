//! Whether an infra commit can reach a job.

use serde::{Deserialize, Serialize};

use crate::impact::ProwJobMark;

/// How an infra commit can reach one job. Ordered: what is closer comes first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It changes what the job itself is: its definition, its image, a script that it runs, or
    /// configuration that all jobs have.
    Own,
    /// It changes a service that the job uses, and nothing of the job.
    Service,
    /// Nothing is known of how it could reach the job.
    #[default]
    Unknown,
    /// It changes nothing that the job has or uses.
    Cannot,
}

impl Reach {
    /// In the order in which groups are shown.
    pub const ALL: [Self; 4] = [Self::Own, Self::Service, Self::Unknown, Self::Cannot];

    /// The words for people, of several commits.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Own => "can reach",
            Self::Service => "can reach only through a shared service",
            Self::Unknown => "not known whether they can reach",
            Self::Cannot => "cannot reach",
        }
    }

    /// For programs and attributes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Service => "service",
            Self::Unknown => "unknown",
            Self::Cannot => "cannot",
        }
    }
}

/// What is known of the jobs that one commit can reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reached {
    /// Jobs that the commit changes itself.
    pub own: u32,
    /// Jobs that it can reach through a shared service only.
    pub service: u32,
    /// All jobs that there are.
    pub jobs: u32,
    /// What kinds of change it makes to jobs: `image bump`, `timeout`; each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What of the job configuration cannot be read at the commit, as `file:line: why`: then it may reach more
    /// jobs. Absent where all can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
}

/// What is concluded of the commit that configured a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// The commit that last changed the job's definition before the run; `None` where several could be.
    pub version: Option<String>,
    /// From what it is concluded, as one line.
    pub evidence: String,
}

/// By what the versions of a range came to the runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// A run has what was merged: a change of an image's folder reaches it only where its image's tag follows
    /// what was last built.
    #[default]
    Merge,
    /// A run has what its image was built of: a change of that image's folder reaches it, too.
    Build,
}

/// Says which jobs a commit can reach.
pub trait Impact: Send + Sync {
    /// How the commit `sha` of `repo` (`org/name`) can reach the job of this name;
    /// [`Reach::Unknown`] where the map does not know the commit or the job.
    fn reach(&self, repo: &str, sha: &str, job: &str, by: Way) -> Reach;
    /// How many jobs the commit can reach; `None` where the map does not know the commit.
    fn reached(&self, repo: &str, sha: &str, by: Way) -> Option<Reached>;
    /// The closest of all ways in which the commit can reach any job that there is.
    fn reach_any(&self, repo: &str, sha: &str, by: Way) -> Reach;
    /// Which commit configured a run of the job of this name; `None` where nothing can be concluded.
    fn configured(&self, job: &str, mark: &ProwJobMark) -> Option<Configured> {
        let _ = (job, mark);
        None
    }
}
