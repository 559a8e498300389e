//! Which change of the infrastructure can reach which job, and by what.
//!
//! A job is what its effective definition says: its own settings, the presets that its labels choose and
//! the decoration defaults that cover it, without what only people read. Two effective definitions are
//! compared facet by facet, and each facet that differs is a [`ChangeLabel`]. A commit that changes no
//! facet of a job, no script it runs and no service it uses cannot be why the job broke.
//!
//! Only the server uses this: nothing here may be named by what the browser compiles.

mod change;
mod definition;
mod job;
mod mark;
mod reach;
mod rebuilt;
mod script;
mod tree;

pub use change::{JobChange, compare_jobs};
pub use definition::{DecorationDefault, Definition, Globals, Preset, ProwSettings, run_hash};
pub use job::{Job, JobKey, JobKind};
pub use mark::ProwJobMark;
pub use reach::{ChangeLabel, Effect, Labels};
pub use rebuilt::split_rebuilt;
pub use script::{path_in, touches};
pub use tree::Tree;
