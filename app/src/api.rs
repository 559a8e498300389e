//! How pages reach data: on the server straight into the published snapshot, in the browser through
//! `/api/v2`. The REST handlers call the same [`Read`], so a page and the API cannot disagree.

use model::{
    grid::Grid,
    wire::{DashboardPage, DashboardRef, Items, Release, TabPage, WireError},
};

/// Which part of a grid is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct GridSlice {
    /// At most so many columns; all when `None`.
    pub columns: Option<u32>,
    /// Only columns older than this build.
    pub before: Option<String>,
    /// At most so many rows from the top; all when `None`.
    pub rows: Option<u32>,
}

/// The published snapshot. Names match after normalising; an unknown name is a `not_found` error
/// that names it.
#[cfg(feature = "ssr")]
pub trait Read: Send + Sync + 'static {
    /// Release branches, master first, then newest first.
    fn releases(&self) -> Result<Items<Release>, WireError>;
    /// All dashboards, by name.
    fn dashboards(&self) -> Result<Items<DashboardRef>, WireError>;
    /// One dashboard with its tabs.
    fn dashboard(&self, dashboard: &str) -> Result<DashboardPage, WireError>;
    /// One tab without its grid.
    fn tab<'a>(&'a self, dashboard: &'a str, tab: &'a str) -> Answer<'a, TabPage>;
    /// A tab's grid, or a part of it. May have to load the group's results.
    fn grid<'a>(
        &'a self,
        dashboard: &'a str,
        tab: &'a str,
        slice: GridSlice,
    ) -> Answer<'a, std::sync::Arc<Grid>>;
}

/// An answer that may have to wait for the store.
#[cfg(feature = "ssr")]
pub type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, WireError>> + Send + 'a>>;

/// The snapshot as pages find it in their context.
#[cfg(feature = "ssr")]
pub type Reader = std::sync::Arc<dyn Read>;
