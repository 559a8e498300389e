//! The machine of Seamgrid. A library, so that tests and benchmarks can start it.

pub mod bucket;
pub mod clock;
pub mod conformance;
pub mod history;
pub mod http;
pub mod infra;
pub mod intake;
pub mod metrics;
mod name_index;
pub mod pipeline;
pub mod prow;
pub mod read;
pub mod serve;
pub mod settings;
pub mod simulate;
pub mod store;
pub mod telemetry;
pub mod testgrid;
pub mod tls;
