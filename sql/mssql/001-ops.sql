-- ops: what the pipeline knows about itself. A table that is there already is one of the Python system, which was
-- brought to these columns before (sinks/mssql/upgrade/).
IF SCHEMA_ID(N'ops') IS NULL EXEC (N'CREATE SCHEMA ops');
GO

-- The identity of this database, made once.
IF OBJECT_ID(N'ops.warehouse', N'U') IS NULL
BEGIN
    CREATE TABLE ops.warehouse (
        id uniqueidentifier NOT NULL
    );
    INSERT INTO ops.warehouse (id) VALUES (NEWID());
END;
GO

-- Claims: one row for each event and each dead letter, whoever stores it first.
IF OBJECT_ID(N'ops.event_fingerprints', N'U') IS NULL
    CREATE TABLE ops.event_fingerprints (
        fingerprint varchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
        content_hash varchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        event_id uniqueidentifier NULL,
        first_seen_at datetime2(3) NOT NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        batch_id uniqueidentifier NULL,
        CONSTRAINT PK_ops_event_fingerprints PRIMARY KEY (fingerprint)
    );
GO
CREATE INDEX IX_ops_event_fingerprints_first_seen_at ON ops.event_fingerprints (first_seen_at);
GO

-- A try of a commit whose outcome is unknown is stopped by its row here: it either came before it or never comes.
CREATE TABLE ops.commit_fences (
    attempt uniqueidentifier NOT NULL,
    fenced_at datetime2(3) NOT NULL,
    CONSTRAINT PK_ops_commit_fences PRIMARY KEY (attempt)
);
GO

IF OBJECT_ID(N'ops.dead_letter_events', N'U') IS NULL
    CREATE TABLE ops.dead_letter_events (
        event_id uniqueidentifier NOT NULL,
        failed_at datetime2(3) NOT NULL,
        received_at datetime2(3) NOT NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        stage nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
        reason nvarchar(500) COLLATE Latin1_General_100_BIN2 NOT NULL,
        detail nvarchar(max) NOT NULL,
        context nvarchar(max) NOT NULL,
        payload nvarchar(max) NOT NULL,
        fingerprint varchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
        attempts int NOT NULL,
        seen int NOT NULL,
        last_seen_at datetime2(3) NOT NULL,
        status nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
        resolved_at datetime2(3) NULL,
        resolution nvarchar(max) NULL,
        CONSTRAINT PK_ops_dead_letter_events PRIMARY KEY (event_id)
    );
GO
CREATE INDEX IX_ops_dead_letter_events_fingerprint ON ops.dead_letter_events (fingerprint);
CREATE INDEX IX_ops_dead_letter_events_failed_at ON ops.dead_letter_events (failed_at);
GO

IF OBJECT_ID(N'ops.etl_runs', N'U') IS NULL
    CREATE TABLE ops.etl_runs (
        run_id uniqueidentifier NOT NULL,
        run_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        started_at datetime2(3) NOT NULL,
        finished_at datetime2(3) NULL,
        as_of datetime2(3) NULL,
        status nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
        rows_inserted bigint NOT NULL CONSTRAINT DF_ops_etl_runs_rows_inserted DEFAULT 0,
        error_message nvarchar(max) NULL,
        CONSTRAINT PK_ops_etl_runs PRIMARY KEY (run_id)
    );
GO

-- One row a step: the same funnels that the live view counts by.
CREATE TABLE ops.funnel_definitions (
    funnel_name nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    window_seconds int NOT NULL,
    step_order int NOT NULL,
    step_name nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    is_prefix smallint NOT NULL
);
GO

-- One row that a probe rewrites to find out whether the store takes writes at all.
CREATE TABLE ops.probe (
    probed_at datetime2(3) NOT NULL
);
GO

-- The same names and results as on DuckDB: DECIMAL(18,3) seconds, by whole milliseconds.
CREATE FUNCTION ops.seconds_between (@a datetime2(3), @b datetime2(3))
RETURNS decimal(18,3)
WITH SCHEMABINDING
AS
BEGIN
    RETURN CAST(CAST(DATEDIFF_BIG(millisecond, @a, @b) AS decimal(18,3)) * 0.001 AS decimal(18,3));
END;
GO
CREATE FUNCTION ops.add_seconds (@t datetime2(3), @n decimal(18,3))
RETURNS datetime2(3)
WITH SCHEMABINDING
AS
BEGIN
    RETURN DATEADD(millisecond, CAST((@n - FLOOR(@n)) * 1000 AS int), DATEADD(second, CAST(FLOOR(@n) AS int), @t));
END;
GO
