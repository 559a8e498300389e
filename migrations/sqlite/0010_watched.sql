-- Builds that may still change in the bucket: those that have not finished, and those that finished or
-- changed within a day. What cannot be told any more is forgotten; so this can be emptied at any time.

CREATE TABLE watched_build (
    group_id BIGINT NOT NULL REFERENCES test_group (id) ON DELETE CASCADE,
    build TEXT NOT NULL,
    -- A hash of its files as they were listed when it was read: names, sizes, tags.
    stamp BIGINT NOT NULL,
    -- Since when nothing about it has changed, in milliseconds since 1970.
    since_ms BIGINT NOT NULL,
    -- When its files are to be listed again.
    next_ms BIGINT NOT NULL,
    -- When it is to be read again though its files are the same; NULL for never.
    deadline_ms BIGINT,
    PRIMARY KEY (group_id, build)
);
