-- Issues that people linked to rows. What people say cannot be had again: rows are named as people know
-- them, by the group's and the test's name, so that nothing that rebuilds results touches it.

CREATE TABLE bug (
    id              INTEGER PRIMARY KEY,
    -- The normalised name of the test group.
    group_key       TEXT    NOT NULL,
    -- The row's identity.
    row_id          TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    -- Empty for none.
    title           TEXT    NOT NULL,
    added_ms        BIGINT  NOT NULL,
    -- The token's name at the time.
    added_by        TEXT    NOT NULL,
    UNIQUE (group_key, row_id, url)
);
