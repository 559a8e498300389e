//! Not yet written.
pub mod import;
