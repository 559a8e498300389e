-- What a database of schema version 10 may hold.

INSERT INTO watched_build (group_id, build, stamp, since_ms, next_ms, deadline_ms)
VALUES (1, '101', -7, 1700000000000, 1700000300000, 1700086400000);
