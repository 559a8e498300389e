-- What landed in the repositories of the infrastructure and of the products, for what lies between two
-- versions. Read from mirrors, and had again from them at any time.

CREATE TABLE repository (
    id              INTEGER PRIMARY KEY,
    -- org/name
    name            TEXT    NOT NULL UNIQUE,
    -- Counts what was written, so that readers see that there is something new.
    version         BIGINT  NOT NULL DEFAULT 0,
    -- When it was last fetched, in milliseconds since 1970; 0 for never.
    fetched_ms      BIGINT  NOT NULL DEFAULT 0,
    -- What is wrong with it, as one sentence; empty when nothing is.
    problem         TEXT    NOT NULL DEFAULT ''
);

-- First-parent commits of all branches. Those that no branch has any more stay.
CREATE TABLE history_commit (
    repository_id   BIGINT  NOT NULL REFERENCES repository (id),
    -- Parents have smaller numbers than their children.
    number          BIGINT  NOT NULL,
    sha             TEXT    NOT NULL,
    -- The first parent; empty for a root.
    parent          TEXT    NOT NULL,
    -- When it landed, in milliseconds since 1970.
    at_ms           BIGINT  NOT NULL,
    author          TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    -- Cut short.
    body            TEXT    NOT NULL,
    -- JSON list of paths, cut short.
    files           TEXT    NOT NULL,
    file_count      BIGINT  NOT NULL,
    -- JSON list of the images that it moves by its diff.
    moves           TEXT    NOT NULL,
    PRIMARY KEY (repository_id, number)
) WITHOUT ROWID;

CREATE UNIQUE INDEX history_commit_by_sha ON history_commit (repository_id, sha);

-- Branches and tags as they were when the repository was last fetched.
CREATE TABLE history_ref (
    repository_id   BIGINT  NOT NULL REFERENCES repository (id),
    -- refs/heads/master, refs/tags/v1.0
    name            TEXT    NOT NULL,
    sha             TEXT    NOT NULL,
    PRIMARY KEY (repository_id, name)
) WITHOUT ROWID;
