//! What the grid draws, worked out without a browser: how rows are named, which of them are in
//! sight, what the header says, where the seams are, what a hover tells.

pub mod block;
pub mod card;
pub mod cells;
pub mod failures;
pub mod header;
pub mod hover;
pub mod lines;
pub mod names;
pub mod seams;
pub mod window;
