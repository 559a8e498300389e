-- Builds are found by the beginning of their id, whatever group they belong to.

CREATE INDEX run_by_build ON run (build);
