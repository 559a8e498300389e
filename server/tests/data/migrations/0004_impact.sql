INSERT INTO impact_job (number, name) VALUES (0, 'ci-kubernetes-unit');

INSERT INTO impact_line (repo, settings, jobs)
VALUES ('kubernetes/test-infra', 'c0ffee', '{"present": 1, "rules": [[0]]}');

INSERT INTO impact_commit (repo, place, sha, at_ms, flaw, edges, details, rules, runs)
VALUES ('kubernetes/test-infra', 0, '9c4fcbb2f4c47ac13a86e359b0b220f31bfafdbf', 1772323100000, '', '[[0, 1, 1]]', '["", "x 1 → 2"]', '[0]', '[[0, 18446744073709551615]]');
