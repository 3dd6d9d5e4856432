-- Times are milliseconds since 1970. Bodies are JSON.

-- One stream of events a pipeline. `id` is the order of commits over all pipelines, which a cursor follows.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline TEXT NOT NULL,
    seq INTEGER NOT NULL,
    execution TEXT,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (pipeline, seq)
) STRICT;
CREATE INDEX events_of_execution ON events (execution, id) WHERE execution IS NOT NULL;

-- The state of a pipeline's machine after the event `seq`; a start replays only what came later.
CREATE TABLE snapshots (
    pipeline TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What lists show of an execution, kept in the transaction of the events that it follows from.
CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX executions_of_pipeline ON executions (pipeline, number DESC);

-- Webhooks that were taken, so that the same delivery starts nothing twice.
CREATE TABLE deliveries (
    provider TEXT NOT NULL,
    delivery TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (provider, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_time ON deliveries (at);

-- The revision of a branch or tag that a pipeline was last started with.
CREATE TABLE heads (
    pipeline TEXT NOT NULL,
    repository TEXT NOT NULL,
    reference TEXT NOT NULL,
    revision TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (pipeline, repository, reference)
) STRICT, WITHOUT ROWID;

-- Artifacts by the hash of their bytes. The bytes lie in files.
CREATE TABLE artifacts (
    id TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    encrypted INTEGER NOT NULL,
    execution TEXT,
    made_by TEXT,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far a reader of the events has come.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Process groups that run, for whoever comes after a crash to end them.
CREATE TABLE processes (
    run TEXT PRIMARY KEY,
    process_group INTEGER NOT NULL,
    marker TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was deployed where.
CREATE TABLE releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    revision TEXT,
    at INTEGER NOT NULL,
    execution TEXT,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX releases_of_environment ON releases (environment, id);
CREATE INDEX releases_by_hash ON releases (release, id);
