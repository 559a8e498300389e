//! One file per page.

pub mod dashboard;
pub mod dashboards;
pub mod group;
pub mod not_found;
pub mod old_link;
pub mod overview;
pub mod tab;
