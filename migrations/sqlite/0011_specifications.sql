-- What a run's job was asked to do, so that two runs can be compared. Equal specifications share one row:
-- a job has a new one only when somebody changes it.

CREATE TABLE job_spec (
    id              INTEGER PRIMARY KEY,
    -- xxh3-128 of `spec`.
    hash            BLOB    NOT NULL UNIQUE,
    -- JSON: [[facet, name, value], …] in order.
    spec            TEXT    NOT NULL
);

-- NULL when no file said, and for runs that were read before this was kept.
ALTER TABLE run ADD COLUMN spec_id BIGINT REFERENCES job_spec (id);
