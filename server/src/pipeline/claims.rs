//! Which groups this process has yet to read again because its configuration is another than the one that
//! they were read with.
//!
//! For a while, processes of an old and of a new configuration work on one database. Were each to read again
//! whatever the other has read, they would never come to an end. So a process claims what was read otherwise
//! when it begins, and only then: whoever began last has the last word, and its hash stays. What others read
//! afterwards is noted beside that hash, and read again by a process that has it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::store::{GroupId, mixed_hash};

/// Groups that a process claims once, when it begins.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// `None` before they are known.
    open: Mutex<Option<HashSet<GroupId>>>,
}

impl Claims {
    /// Claims these groups, which were read with another configuration, unless others were claimed before.
    pub(super) fn begin(&self, groups: impl IntoIterator<Item = GroupId>) {
        self.with(|open| {
            open.get_or_insert_with(|| groups.into_iter().collect());
        });
    }

    /// Whether what is stored of a group with the hash `stored` is to be read again with the configuration
    /// of the hash `hash`.
    pub(super) fn claims(&self, group: GroupId, stored: &str, hash: &str) -> bool {
        let is_claimed = |open: &mut Option<HashSet<GroupId>>| {
            open.as_ref().is_some_and(|open| open.contains(&group))
        };
        stored != hash && (stored == mixed_hash(hash) || stored.is_empty() || self.with(is_claimed))
    }

    /// Notes that all of a group has been read, or is noted to be.
    pub(super) fn settle(&self, group: GroupId) {
        self.with(|open| {
            if let Some(open) = open {
                open.remove(&group);
            }
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Option<HashSet<GroupId>>) -> T) -> T {
        look(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_claimed_once_and_then_only_for_what_others_added() {
        let (one, two) = (GroupId(1), GroupId(2));
        let claims = Claims::default();
        assert!(!claims.claims(one, "a", "b"), "before it begins");
        assert!(claims.claims(one, "", "b"), "nobody's");
        claims.begin([one]);
        claims.begin([two]);
        assert!(claims.claims(one, "a", "b") && claims.claims(one, "a+", "b"));
        assert!(!claims.claims(two, "a", "b"), "it has begun");
        assert!(!claims.claims(one, "b", "b"));
        claims.settle(one);
        assert!(!claims.claims(one, "a", "b"), "another began later");
        assert!(claims.claims(one, "b+", "b"), "others added to it");
        assert!(!claims.claims(one, "a+", "b"));
    }
}
