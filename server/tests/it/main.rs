//! One integration binary: each file of this folder is a module.

mod config;
mod http;
mod import;
mod pipeline;
mod prow;
mod shared;
mod simulate;
mod store;
