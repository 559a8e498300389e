//! The HTTP edge.

pub mod assets;
pub mod pages;
