//! The impact map: small repositories made for the purpose, the real job configurations with the real
//! merges, and simulated worlds, whose truth is known.

#[path = "impact/images.rs"]
mod images;
#[path = "impact/inferred.rs"]
mod inferred;
#[path = "impact/labels.rs"]
mod labels;
#[path = "impact/real.rs"]
mod real;
#[path = "impact/rebuilt.rs"]
mod rebuilt;
#[path = "impact/repository.rs"]
pub(crate) mod repository;
#[path = "impact/simulated.rs"]
mod simulated;
#[path = "impact/small.rs"]
mod small;
