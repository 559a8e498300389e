-- What a database of schema version 5 may hold beside it.

INSERT INTO token (id, name, hash, group_pattern, component_pattern, created_ms, created_by, expires_ms, revoked_ms, used_ms)
VALUES (1, 'airflow', X'0A', 'ci-*', '', 1700000000000, 'command line (root)', NULL, NULL, 1700000060000);

INSERT INTO upload (id, group_id, build, revision, received_ms, uploader, running, hash, bytes, files, applied)
VALUES (1, 2, '7', 1, 1700000060000, 'airflow', FALSE, X'0B', 12, X'0C', TRUE);

INSERT INTO upload_group (group_id, config_hash)
VALUES (2, 'c0ffee');

INSERT INTO deploy (id, component, version, environment, at_ms, source, reporter, received_ms)
VALUES (1, 'boskos', 'v2', 'production', 1700000000000, 'https://ci.example/1', 'airflow', 1700000001000);

INSERT INTO audit (id, at_ms, who, action, subject, detail)
VALUES (1, 1700000000000, 'command line (root)', 'token.create', 'token 1 (airflow)', 'groups ci-*');

INSERT INTO update_state (group_id, due_ms, pushed_ms, failures, remaining, owner, lease_ms)
VALUES (1, 1700000600000, NULL, 0, 0, 'host-1', 1700000630000);

INSERT INTO replica (name, started_ms, seen_ms)
VALUES ('host-1', 1700000000000, 1700000600000);
