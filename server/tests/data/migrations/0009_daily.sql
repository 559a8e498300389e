-- One run of build 99, on the first day of 2024, in which the first test failed after a second and the
-- second passed.
INSERT INTO daily (group_id, day, builds, tallies)
VALUES (1, 19723, X'0102030405060708', X'020001010102010100010100020201010001E807');
