-- Times are milliseconds since 1970. Bodies are JSON.

-- One stream of events a pipeline, numbered from 1 without gaps.
CREATE TABLE events (
    pipeline TEXT NOT NULL,
    seq INTEGER NOT NULL,
    execution TEXT,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (pipeline, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_of_execution ON events (pipeline, execution, seq) WHERE execution IS NOT NULL;
CREATE INDEX events_of_pipeline ON events (pipeline, seq) WHERE execution IS NULL;

-- The state of a pipeline's machine after the event `seq`; a start replays only what came later.
CREATE TABLE snapshots (
    pipeline TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What lists show of an execution, kept in the transaction of the events that it follows from.
-- `number` counts the executions of a pipeline in the order in which they began.
CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    number INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX executions_in_order ON executions (pipeline, number DESC);
CREATE INDEX executions_unfinished ON executions (pipeline, number DESC) WHERE ended = 0;

-- The execution that entered a stage last, kept in the same way.
CREATE TABLE stages (
    pipeline TEXT NOT NULL,
    stage TEXT NOT NULL,
    execution TEXT NOT NULL,
    PRIMARY KEY (pipeline, stage)
) STRICT, WITHOUT ROWID;

-- What is to be told outside, until everybody was told. `id` is the order in which it happened.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline TEXT NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Webhooks that were taken, so that the same delivery starts nothing twice.
CREATE TABLE deliveries (
    provider TEXT NOT NULL,
    delivery TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (provider, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_time ON deliveries (at);
CREATE INDEX deliveries_by_body ON deliveries (provider, body_hash);

-- What was taken and is still to be done, for whoever comes after a crash. `kind` says what a body is.
CREATE TABLE pending (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- The revision of a branch or tag that a pipeline was last started with.
CREATE TABLE heads (
    pipeline TEXT NOT NULL,
    repository TEXT NOT NULL,
    reference TEXT NOT NULL,
    revision TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (pipeline, repository, reference)
) STRICT, WITHOUT ROWID;

-- How far the notices were told to one receiver.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Builds whose processes run, for whoever comes after a crash to end them.
CREATE TABLE processes (
    run TEXT PRIMARY KEY,
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
