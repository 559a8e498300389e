//! What the grid draws, worked out without a browser: which rows in which order, which of them are in
//! sight, what the header says, where the seams are, what a hover and a panel tell.

pub mod cells;
pub mod header;
pub mod hover;
pub mod order;
pub mod report;
pub mod seams;
pub mod window;
