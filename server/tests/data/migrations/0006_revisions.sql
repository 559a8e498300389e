-- A group that was written twice, and a test of it identified after that.
UPDATE test_group SET revision = 3, rewritten = 3 WHERE id = 1;
UPDATE run SET revision = 1 WHERE group_id = 1 AND build = '100';
UPDATE run SET revision = 2 WHERE group_id = 1 AND build = '101';
