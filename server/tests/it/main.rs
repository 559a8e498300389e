//! One integration binary: each file of this folder is a module.

mod agreement;
mod cli;
mod config;
mod conformance;
mod database;
mod deploy;
mod drift;
mod fixture;
mod history;
mod http;
mod impact;
mod import;
mod infra;
mod pages;
mod pipeline;
mod prow;
mod push;
mod remote;
mod replicas;
mod shared;
mod simulate;
mod store;
