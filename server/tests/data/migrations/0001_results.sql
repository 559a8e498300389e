-- What a database of schema version 1 may hold.

INSERT INTO test_group (id, key, name, config_hash, modified_ms, mark, attempt_ms, success_ms, lag_ms, error_ms, error)
VALUES (1, 'cikubernetesunit', 'ci-kubernetes-unit', 'c0ffee', 1700000300000, '101', 1700000300000, 1700000200000, 60000, 1700000300000, 'the bucket did not answer'),
       (2, 'empty', 'empty', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO test (group_id, ordinal, name, id)
VALUES (1, 0, 'Overall', NULL), (1, 1, 'TestA', 'pkg/TestA'), (1, 2, 'TestB', NULL);

INSERT INTO infra_vector (id, hash, versions)
VALUES (7, X'00', '[{"component":"test-infra","kind":"infra","version":"0123456789abcdef","source":"clone_record","evidence":"kubernetes/test-infra"}]');

INSERT INTO run (id, group_id, build, label, path, started_ms, finished_ms, open, recorded_ms, rank, hash, statuses, durations, details, vector_id, headers, problems, emails)
VALUES (11, 1, '100', 'v1.2', 'bucket/logs/ci-kubernetes-unit/100', 1700000000000, 1700000060000, FALSE, NULL, 0, X'01', X'0103', X'8827', X'', 7, '[{"name":"Commit","value":"abc"}]', '[]', '[]'),
       (12, 1, '101', '', '', 1700000100000, NULL, TRUE, 1700000400000, 0, X'02', X'0C0101010D01', X'', X'0001460C4275696C64206661696C65640000000203312F3200076A6F622F313031067A6F6E652D61135B5B22636F766572616765222C38312E355D5D', NULL, '[]', '[{"file":"finished.json","message":"It is not there yet."}]', '["a@example.com"]');

INSERT INTO imported_tab (dashboard_key, tab_key, dashboard, position, group_id, recorded_ms, tab, test_group)
VALUES ('sigtesting', 'unit', 'sig-testing', 0, 1, 1700000400000, '{"name":"unit","test_group_name":"ci-kubernetes-unit"}', '{"name":"ci-kubernetes-unit","gcs_prefix":"bucket/logs/ci-kubernetes-unit"}');
