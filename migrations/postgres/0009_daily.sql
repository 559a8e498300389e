-- How each test of a group fared per day, for the days whose runs are no longer kept.
--
--   test_group 1 ──── n daily       a day (UTC), over the group's test dictionary
--
-- A run is counted here in the transaction that deletes it, and its build is noted. So a build counts once:
-- here when its mark is here, else by its run, also when it is read again after its run was deleted.
--
-- `builds` holds the marks of the builds: xxh3-64 of the build id, eight bytes each, little endian.
-- `tallies` holds four arrays of counts over the test ordinals, passes, failures, flakes, and of these the
-- runs that say how long the test took: each a LEB128 number of pairs, then pairs of value and length; past
-- the end is 0. Then follows, for each test with such a run, the sum of milliseconds.

CREATE TABLE daily (
    group_id        BIGINT  NOT NULL REFERENCES test_group (id) ON DELETE CASCADE,
    -- Days since 1970.
    day             BIGINT  NOT NULL,
    builds          BYTEA   NOT NULL,
    tallies         BYTEA   NOT NULL,
    PRIMARY KEY (group_id, day)
);
