INSERT INTO repository (id, name, version, fetched_ms, problem)
VALUES (1, 'kubernetes/test-infra', 2, 1772323200000, '');

INSERT INTO history_commit (repository_id, number, sha, parent, at_ms, author, subject, body, files, file_count, moves)
VALUES (1, 1, '9c4fcbb2f4c47ac13a86e359b0b220f31bfafdbf', '', 1772323100000, 'A Person', 'Bump Boskos', '', '["config/boskos.yaml"]', 1, '[{"what": "example.com/boskos", "from": "v1", "to": "v2", "files": 1}]');

INSERT INTO history_ref (repository_id, name, sha)
VALUES (1, 'refs/heads/master', '9c4fcbb2f4c47ac13a86e359b0b220f31bfafdbf');
