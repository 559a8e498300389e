-- Which commits can reach which jobs, as read from the mirrors. It can be had again from them at any
-- time, and is when the settings that it depends on are others.

CREATE TABLE impact_job (
    -- From 0, without gaps.
    number          BIGINT  PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE
);

-- How far the line of each repository was followed.
CREATE TABLE impact_line (
    -- org/name
    repo            TEXT    PRIMARY KEY,
    -- A hash of the settings that the line was followed with.
    settings        TEXT    NOT NULL,
    -- For the repository that configures the jobs: JSON of how many there are at the newest commit, and
    -- the numbers of those that each rule is about. Else empty.
    jobs            TEXT    NOT NULL
);

-- The first-parent commits of a line, as far back as it was followed.
CREATE TABLE impact_commit (
    repo            TEXT    NOT NULL REFERENCES impact_line (repo),
    -- From 0, oldest first.
    place           BIGINT  NOT NULL,
    sha             TEXT    NOT NULL,
    -- When it landed, in milliseconds since 1970.
    at_ms           BIGINT  NOT NULL,
    -- Why some of its files are not known; empty when all are.
    flaw            TEXT    NOT NULL,
    -- JSON list of [job, labels, detail]: labels are bits, detail is an index into the next column.
    edges           TEXT    NOT NULL,
    -- JSON list of texts.
    details         TEXT    NOT NULL,
    -- JSON list of the indexes of rules that are about it.
    rules           TEXT    NOT NULL,
    -- JSON list of [job, hash]: whose ProwJobs look different from here on.
    runs            TEXT    NOT NULL,
    PRIMARY KEY (repo, place)
);
