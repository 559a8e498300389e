-- In what order a group's results were written, so that who has read them once reads only what is new.
--
-- Every write of a group's runs is one revision, and its runs carry the newest that wrote them. What
-- changed otherwise (what a test is known by) cannot be told from runs: then what was read before that
-- revision must be read again.

ALTER TABLE test_group ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
-- The newest revision that changed more than runs.
ALTER TABLE test_group ADD COLUMN rewritten BIGINT NOT NULL DEFAULT 0;

ALTER TABLE run ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

CREATE INDEX run_by_revision ON run (group_id, revision);
