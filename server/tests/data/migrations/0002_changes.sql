-- What a database of schema version 2 may hold beside it.

INSERT INTO tab_status (dashboard_key, tab_key, status)
VALUES ('sigtesting', 'unit', 'FAILING');

INSERT INTO status_change (id, dashboard_key, dashboard, tab, at_ms, from_status, to_status, reason, build)
VALUES (1, 'sigtesting', 'sig-testing', 'unit', 1700000300000, 'PASSING', 'FAILING', 'FAILING because 1 row failed', '101');
