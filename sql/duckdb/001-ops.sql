-- ops: what the pipeline knows about itself. No keys and no indexes: see 002-bronze.sql.
CREATE SCHEMA IF NOT EXISTS ops;

CREATE TABLE ops.schema_migrations (
    version INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    applied_at TIMESTAMP NOT NULL
);

-- The identity of this database, made once: the mark beside the file is only believed when it names it.
CREATE TABLE ops.warehouse (
    id UUID NOT NULL
);
INSERT INTO ops.warehouse (id) VALUES (uuid());

-- Claims. prefix is the first 64 bits of the fingerprint: a scan of it finds a claim in milliseconds, and the
-- filter is built from it. Hashes are random: packing them saves a third of the room and makes a look-up of many
-- five times slower, since every hash on the way must be unpacked.
CREATE TABLE ops.event_fingerprints (
    fingerprint VARCHAR(64) USING COMPRESSION uncompressed NOT NULL,
    prefix BIGINT NOT NULL,
    content_hash VARCHAR(64) USING COMPRESSION uncompressed,
    event_id UUID,
    first_seen_at TIMESTAMP NOT NULL,
    source VARCHAR(50) NOT NULL,
    batch_id UUID
);

CREATE TABLE ops.dead_letter_events (
    event_id UUID NOT NULL,
    failed_at TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    source VARCHAR(50) NOT NULL,
    stage VARCHAR(20) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    detail VARCHAR NOT NULL,
    context VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    attempts INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    status VARCHAR(20) NOT NULL,
    resolved_at TIMESTAMP,
    resolution VARCHAR
);

CREATE TABLE ops.etl_runs (
    run_id UUID NOT NULL,
    run_type VARCHAR(50) NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    as_of TIMESTAMP,
    status VARCHAR(20) NOT NULL,
    rows_inserted BIGINT NOT NULL DEFAULT 0,
    error_message VARCHAR
);

-- One row a step: the same funnels that the live view counts by.
CREATE TABLE ops.funnel_definitions (
    funnel_name VARCHAR(64) NOT NULL,
    window_seconds INTEGER NOT NULL,
    step_order INTEGER NOT NULL,
    step_name VARCHAR(64) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    page_path VARCHAR(400),
    is_prefix SMALLINT NOT NULL
);

-- One row that a probe rewrites to find out whether the store takes writes at all.
CREATE TABLE ops.probe (
    probed_at TIMESTAMP NOT NULL
);

-- The same names and results as on SQL Server: DECIMAL(18,3) seconds, by whole milliseconds.
CREATE MACRO ops.seconds_between(a, b) AS
    CAST(CAST(epoch_ms(b) - epoch_ms(a) AS DECIMAL(18, 3)) * 0.001 AS DECIMAL(18, 3));
CREATE MACRO ops.add_seconds(t, n) AS t + to_milliseconds(CAST(n * 1000 AS BIGINT));
