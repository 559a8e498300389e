-- What a database of schema version 8 may hold beside it.

INSERT INTO bug (id, group_key, row_id, url, title, added_ms, added_by)
VALUES (1, 'cikubernetesunit', 'TestB', 'https://github.com/kubernetes/kubernetes/issues/1', 'It flakes', 1700000000000, 'airflow');
