//! The parts of pages.

pub mod clock;
pub mod dashboard_list;
pub mod frame;
pub mod grid;
pub mod headline;
pub mod legend;
pub mod problem;
pub mod seam_panel;
pub mod status;
pub mod strip;
pub mod toolbar;
