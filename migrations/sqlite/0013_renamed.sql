-- An issue is linked to a row by what the row is called as well: when the identity of a test becomes known
-- later, or is another than it was, the test of that name says which row is meant.

-- Of the row when the issue was linked.
ALTER TABLE bug ADD COLUMN row_name TEXT NOT NULL DEFAULT '';

-- Most rows have no other identity than their name.
UPDATE bug SET row_name = row_id;
