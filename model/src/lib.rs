//! The words of Seamgrid and the pure rules over them.
//!
//! No IO, no async, and no rule asks what time it is: each takes `now`. Everything here builds for
//! the browser and for the server, so a page and the API cannot disagree about what a word means.
//!
//! # Glossary
//!
//! | word | meaning | home |
//! |---|---|---|
//! | test group | one stream of builds, normally one CI job; the unit of ingestion and storage | [`config::TestGroup`] |
//! | tab | a view on one test group inside a dashboard | [`config::DashboardTab`] |
//! | dashboard | an ordered list of tabs | [`config::Dashboard`] |
//! | dashboard group | a list of dashboards | [`config::DashboardGroup`] |
//! | build | one execution of a job, named by its build id | [`run::Run`] |
//! | run | what Seamgrid knows of one build | [`run::Run`] |
//! | column | a run as one column of a grid, newest at the left | [`grid::Column`] |
//! | test, row | one test name; the same thing seen in a run and in a grid | [`grid::Row`] |
//! | cell | one test in one run | [`run::Cell`] |
//! | status | what a cell says | [`status::Status`] |
//! | header | a configured value per column, such as `Commit` | [`run::Header`] |
//! | infra component | a part of the test infrastructure that has versions | [`infra`] |
//! | infra vector | all versions that produced one run | [`infra::InfraVector`] |
//! | transition | two neighbouring columns whose version of a component differs | [`transition::Transition`] |
//! | pair | two columns of a grid beside each other | [`pair`] |
//! | seam | a transition as it is drawn: a line through all rows | |
//! | tally | how one test fared in the runs of a day, kept when the runs are not | [`retention::Tally`] |
//! | history | what landed in a repository, in order | [`history`] |
//! | deploy | that a service changed, as somebody reported it | [`deploy::Deploy`] |
//! | drift | runs show another version than deploys declare, for longer than usual | [`drift`] |
//! | verdict | whether a change broke a tab, as the evidence of all tabs says | [`attribution`] |
//! | suspect | a change that is likely behind failures that began together | [`suspect`] |
//! | reach | whether an infra commit can concern a job | [`reach::Reach`] |
//! | logical job | the same job on several release branches | [`logical_job`] |
//! | link template | an address with tokens that a cell, a column or two columns fill | [`link`] |
//! | job specification | what a run's job was asked to do | [`job_spec::JobSpec`] |
//! | health | how flaky a tab's tests are | [`flakiness::Health`] |
//! | bug | an issue that people linked to a row | [`bug`] |
//! | alert | a row whose current run of failures has reached the threshold | [`alert::Alert`] |

pub mod alert;
pub mod alignment;
pub mod attribution;
pub mod bug;
pub mod config;
pub mod deploy;
pub mod drift;
pub mod flakiness;
pub mod freshness;
pub mod grid;
pub mod group;
pub mod history;
pub mod impact;
pub mod infra;
pub mod job_spec;
pub mod link;
pub mod logical_job;
pub mod name;
pub mod order;
pub mod pair;
pub mod query;
pub mod reach;
pub mod rename;
pub mod retention;
pub mod rle;
pub mod rounds;
pub mod run;
pub mod status;
pub mod summary;
pub mod suspect;
pub mod tabulate;
pub mod trail;
pub mod transition;
pub mod undone;
pub mod wire;
