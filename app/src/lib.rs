//! The pages of Seamgrid: drawn on the server, hydrated in the browser.

pub mod api;
pub mod paths;
