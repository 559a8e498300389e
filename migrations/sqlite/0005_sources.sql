-- What comes in beside buckets, who may bring it, and whose turn it is to look at which group.
--
--   token 1 ──── n upload n ──── 1 test_group 1 ──── 1 update_state
--
-- Uploads, deploys, tokens and the audit are what others said: none of it can be had again, so nothing
-- that rebuilds results touches it. `update_state` and `replica` are the opposite, true for moments only.

CREATE TABLE token (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL,
    -- SHA-256 of the token; the token itself is kept nowhere.
    hash            BLOB    NOT NULL UNIQUE,
    -- Patterns, `*` for any text: the groups it may write, the components whose deploys it may report.
    -- Empty for none.
    group_pattern   TEXT    NOT NULL,
    component_pattern TEXT  NOT NULL,
    created_ms      BIGINT  NOT NULL,
    created_by      TEXT    NOT NULL,
    expires_ms      BIGINT,
    revoked_ms      BIGINT,
    -- To the minute.
    used_ms         BIGINT
);

CREATE TABLE upload (
    id              INTEGER PRIMARY KEY,
    group_id        BIGINT  NOT NULL REFERENCES test_group (id) ON DELETE CASCADE,
    build           TEXT    NOT NULL,
    -- From 1; the newest is the one that counts.
    revision        BIGINT  NOT NULL,
    received_ms     BIGINT  NOT NULL,
    -- The token's name at the time.
    uploader        TEXT    NOT NULL,
    -- Whether the run was still under way: the next revision says how it ended, and contradicts nothing.
    running         BOOLEAN NOT NULL,
    -- SHA-256 of the files before they were packed.
    hash            BLOB    NOT NULL,
    -- Of the files before they were packed.
    bytes           BIGINT  NOT NULL,
    files           BLOB    NOT NULL,
    -- Whether the run that the files make is stored.
    applied         BOOLEAN NOT NULL,
    UNIQUE (group_id, build, revision)
);

CREATE INDEX upload_waiting ON upload (group_id) WHERE NOT applied;

-- The groups that have uploads.
CREATE TABLE upload_group (
    group_id        BIGINT  NOT NULL PRIMARY KEY REFERENCES test_group (id) ON DELETE CASCADE,
    -- Of the configuration that all of them were last read with.
    config_hash     TEXT    NOT NULL
);

-- That a service changed: what the versions of runs alone do not tell.
CREATE TABLE deploy (
    id              INTEGER PRIMARY KEY,
    component       TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    -- Empty where there is only one.
    environment     TEXT    NOT NULL,
    at_ms           BIGINT  NOT NULL,
    -- Where it is told, normally an address; empty for none.
    source          TEXT    NOT NULL,
    reporter        TEXT    NOT NULL,
    received_ms     BIGINT  NOT NULL,
    UNIQUE (component, environment, at_ms, version)
);

CREATE INDEX deploy_by_time ON deploy (at_ms);

-- Every write that somebody asked for. Append only.
CREATE TABLE audit (
    id              INTEGER PRIMARY KEY,
    at_ms           BIGINT  NOT NULL,
    -- `token 7 (airflow)`, `command line (root)`, `pub/sub`.
    who             TEXT    NOT NULL,
    -- `token.create`, `upload.accept`, …
    action          TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    detail          TEXT    NOT NULL
);

CREATE INDEX audit_by_time ON audit (at_ms);

-- When each group is to be looked at again, and who is looking.
CREATE TABLE update_state (
    group_id        BIGINT  NOT NULL PRIMARY KEY REFERENCES test_group (id) ON DELETE CASCADE,
    due_ms          BIGINT  NOT NULL,
    -- Since when somebody waits for it; such groups go first. NULL for nobody.
    pushed_ms       BIGINT,
    -- Looks that failed in a row.
    failures        BIGINT  NOT NULL,
    -- Builds that the last look found and left for the next.
    remaining       BIGINT  NOT NULL,
    -- The replica that is looking, and until when it may without saying so again.
    owner           TEXT,
    lease_ms        BIGINT
);

CREATE INDEX update_by_due ON update_state (due_ms);
CREATE INDEX update_by_owner ON update_state (owner) WHERE owner IS NOT NULL;

CREATE TABLE replica (
    name            TEXT    NOT NULL PRIMARY KEY,
    started_ms      BIGINT  NOT NULL,
    seen_ms         BIGINT  NOT NULL
);
