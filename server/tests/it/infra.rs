//! What the infrastructure did in simulated worlds, against what is known to have happened there.

#[path = "infra/agreement.rs"]
mod agreement;
#[path = "infra/ask.rs"]
mod ask;
#[path = "infra/changes.rs"]
mod changes;
#[path = "infra/compare.rs"]
mod compare;
#[path = "infra/feed.rs"]
mod feed;
#[path = "infra/pages.rs"]
mod pages;
#[path = "infra/pinned.rs"]
mod pinned;
#[path = "infra/promptness.rs"]
mod promptness;
#[path = "infra/world.rs"]
mod world;
