//! The parts of pages.

pub mod choice;
pub mod clock;
pub mod dashboard_list;
pub mod failing_rows;
pub mod frame;
pub mod grid;
pub mod grouping;
pub mod headline;
pub mod legend;
pub mod name_link;
pub mod notes;
pub mod panel;
pub mod problem;
pub mod siblings;
pub mod status;
pub mod strip;
pub mod tab_facts;
pub mod tool;
pub mod toolbar;
