//! The parts of pages.

pub mod clock;
pub mod dashboard_list;
pub mod failing_rows;
pub mod frame;
pub mod grid;
pub mod headline;
pub mod legend;
pub mod name_link;
pub mod notes;
pub mod pair_panel;
pub mod panel;
pub mod problem;
pub mod seam_panel;
pub mod siblings;
pub mod status;
pub mod strip;
pub mod tab_facts;
pub mod toolbar;
