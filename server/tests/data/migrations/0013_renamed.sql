-- An issue of a row that had its name for its identity when it was linked.
INSERT INTO bug (id, group_key, row_id, row_name, url, title, added_ms, added_by)
VALUES (2, 'cikubernetesunit', 'TestA', 'TestA', 'https://github.com/kubernetes/kubernetes/issues/2', '', 1700000001000, 'airflow');
