//! What only a server does: it tells, and it can be cut off. Without one these tests say so; in CI it must be
//! there.

mod announced;
mod outage;
mod renewal;

use super::*;
use crate::store::postgres::schema;
