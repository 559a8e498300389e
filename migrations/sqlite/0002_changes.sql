-- When the statuses of tabs changed, for feeds.
--
-- `tab_status` is what was last recorded of each tab, so that a change is recorded once whoever sees it
-- first; `status_change` is bounded per dashboard by its writer. Statuses are TestGrid's words. Unlike
-- results these cannot be had again: what a status was at some time depends on when it was looked at.

CREATE TABLE tab_status (
    -- What names are compared by: letters and digits, lower case.
    dashboard_key   TEXT    NOT NULL,
    tab_key         TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    PRIMARY KEY (dashboard_key, tab_key)
) WITHOUT ROWID;

CREATE TABLE status_change (
    id              INTEGER PRIMARY KEY,
    dashboard_key   TEXT    NOT NULL,
    -- As they were called then.
    dashboard       TEXT    NOT NULL,
    tab             TEXT    NOT NULL,
    at_ms           BIGINT  NOT NULL,
    from_status     TEXT    NOT NULL,
    to_status       TEXT    NOT NULL,
    -- Why, as one sentence.
    reason          TEXT    NOT NULL,
    -- The newest build then; empty without one.
    build           TEXT    NOT NULL
);

CREATE INDEX status_change_by_dashboard ON status_change (dashboard_key, id);
