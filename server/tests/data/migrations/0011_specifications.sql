-- A run whose job's specification was kept.
INSERT INTO job_spec (id, hash, spec) VALUES (5, X'05', '[["image","","registry.example/e2e:1"]]');
UPDATE run SET spec_id = 5 WHERE group_id = 1 AND build = '100';
