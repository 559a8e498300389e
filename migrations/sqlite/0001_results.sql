-- Results, stored once per test group; a tab is a view and owns nothing here.
--
--   test_group 1 ──── n test            the group's dictionary: ordinals without gaps from 0
--       │ 1                             │ ordinal
--       │                               │
--       └──── n run n ──── 1 infra_vector   what produced the run; equal vectors share one row
--
--   imported_tab ──── 1 test_group      tabs known only from a recording
--
-- One run is one row. `run.statuses` holds a status per test ordinal, run-length coded as pairs of
-- one status byte and a LEB128 length; ordinals past its end have no result. `run.durations` holds
-- per test ordinal one LEB128 number: 0 for unknown, else milliseconds + 1. `run.details` holds what
-- cells say beyond that, only for those that do, about one in a hundred: the distance from the
-- ordinal before, then icon, message, cell id, user property and metrics (JSON), each as a LEB128
-- length and so many bytes of UTF-8. A row per such cell was tried: 1,000 runs of 5,000 tests took
-- 105 ms to load, nearly all of it for 50,000 small rows.
-- Times are milliseconds since 1970. Lists are JSON. Nothing here is written by people: all of it
-- can be rebuilt from buckets, recordings and configuration.

CREATE TABLE test_group (
    id              INTEGER PRIMARY KEY,
    -- What names are compared by: letters and digits, lower case.
    key             TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    -- Of the configuration that the results were read with.
    config_hash     TEXT    NOT NULL,
    -- When the stored results last changed.
    modified_ms     BIGINT,
    -- The newest build id, in natural order.
    mark            TEXT,
    -- How the last look at the group's builds went.
    attempt_ms      BIGINT,
    success_ms      BIGINT,
    lag_ms          BIGINT,
    error_ms        BIGINT,
    error           TEXT
);

CREATE TABLE test (
    group_id        BIGINT  NOT NULL REFERENCES test_group (id) ON DELETE CASCADE,
    ordinal         BIGINT  NOT NULL,
    name            TEXT    NOT NULL,
    -- NULL when the name is the identity.
    id              TEXT,
    PRIMARY KEY (group_id, ordinal),
    UNIQUE (group_id, name)
) WITHOUT ROWID;

CREATE TABLE infra_vector (
    id              INTEGER PRIMARY KEY,
    -- xxh3-128 of `versions`.
    hash            BLOB    NOT NULL UNIQUE,
    versions        TEXT    NOT NULL
);

CREATE TABLE run (
    id              INTEGER PRIMARY KEY,
    group_id        BIGINT  NOT NULL REFERENCES test_group (id) ON DELETE CASCADE,
    build           TEXT    NOT NULL,
    -- What the column shows instead of the build id; empty for the build id.
    label           TEXT    NOT NULL,
    path            TEXT    NOT NULL,
    started_ms      BIGINT  NOT NULL,
    finished_ms     BIGINT,
    open            BOOLEAN NOT NULL,
    -- NULL when read from the build's own files; else when the newest recording of it was made.
    recorded_ms     BIGINT,
    -- Orders the runs that began in the same millisecond, higher first; equal ranks by build id.
    rank            BIGINT  NOT NULL,
    -- xxh3-128 of all that is stored of the run: an unchanged run costs no write.
    hash            BLOB    NOT NULL,
    statuses        BLOB    NOT NULL,
    durations       BLOB    NOT NULL,
    details         BLOB    NOT NULL,
    vector_id       BIGINT  REFERENCES infra_vector (id),
    headers         TEXT    NOT NULL,
    problems        TEXT    NOT NULL,
    emails          TEXT    NOT NULL,
    UNIQUE (group_id, build)
);

CREATE INDEX run_by_start ON run (group_id, started_ms);
CREATE INDEX run_open ON run (group_id) WHERE open;

CREATE TABLE imported_tab (
    -- What names are compared by: letters and digits, lower case.
    dashboard_key   TEXT    NOT NULL,
    tab_key         TEXT    NOT NULL,
    dashboard       TEXT    NOT NULL,
    -- Order of the tabs within the dashboard.
    position        BIGINT  NOT NULL,
    group_id        BIGINT  NOT NULL REFERENCES test_group (id) ON DELETE CASCADE,
    recorded_ms     BIGINT  NOT NULL,
    -- The tab and its test group as configuration.
    tab             TEXT    NOT NULL,
    test_group      TEXT    NOT NULL,
    PRIMARY KEY (dashboard_key, tab_key)
);
