-- Bronze: the append-only log. A table that is there already is one of the Python system, which was brought to these
-- columns before (sinks/mssql/upgrade/). Texts are compared by their bytes (BIN2), as DuckDB compares them.
-- row_version is the server's: ingest_seq is it as a number, and a reader stays below MIN_ACTIVE_ROWVERSION(), so that
-- a slow commit is never skipped. No table has a key on event_id: a page and a server may use the same id, and the
-- claims of ops.event_fingerprints already make every event unique.
IF SCHEMA_ID(N'bronze') IS NULL EXEC (N'CREATE SCHEMA bronze');
GO

IF OBJECT_ID(N'bronze.page_view_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.page_view_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        referrer_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        utm_source nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
        utm_medium nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
        utm_campaign nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
        time_on_prev_page_seconds float NULL,
        load_time_ms float NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_page_view_events_row_version ON bronze.page_view_events (row_version);
    CREATE INDEX IX_bronze_page_view_events_event_timestamp ON bronze.page_view_events (event_timestamp);
    CREATE INDEX IX_bronze_page_view_events_session_id ON bronze.page_view_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.click_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.click_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        element_id nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
        x float NULL,
        y float NULL,
        viewport_w float NULL,
        viewport_h float NULL,
        user_agent nvarchar(500) COLLATE Latin1_General_100_BIN2 NULL,
        ip_address nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_click_events_row_version ON bronze.click_events (row_version);
    CREATE INDEX IX_bronze_click_events_event_timestamp ON bronze.click_events (event_timestamp);
    CREATE INDEX IX_bronze_click_events_session_id ON bronze.click_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.cart_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.cart_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        quantity int NULL,
        element_id nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_cart_events_row_version ON bronze.cart_events (row_version);
    CREATE INDEX IX_bronze_cart_events_event_timestamp ON bronze.cart_events (event_timestamp);
    CREATE INDEX IX_bronze_cart_events_session_id ON bronze.cart_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.checkout_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.checkout_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        element_id nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_checkout_events_row_version ON bronze.checkout_events (row_version);
    CREATE INDEX IX_bronze_checkout_events_event_timestamp ON bronze.checkout_events (event_timestamp);
    CREATE INDEX IX_bronze_checkout_events_session_id ON bronze.checkout_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.scroll_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.scroll_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        scroll_depth_pct float NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_scroll_events_row_version ON bronze.scroll_events (row_version);
    CREATE INDEX IX_bronze_scroll_events_event_timestamp ON bronze.scroll_events (event_timestamp);
    CREATE INDEX IX_bronze_scroll_events_session_id ON bronze.scroll_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.form_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.form_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        form_id nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
        field_id nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
        action nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        error_message nvarchar(500) COLLATE Latin1_General_100_BIN2 NULL,
        time_spent_ms float NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_form_events_row_version ON bronze.form_events (row_version);
    CREATE INDEX IX_bronze_form_events_event_timestamp ON bronze.form_events (event_timestamp);
    CREATE INDEX IX_bronze_form_events_session_id ON bronze.form_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.search_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.search_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        page_url nvarchar(2000) COLLATE Latin1_General_100_BIN2 NULL,
        page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
        query nvarchar(500) COLLATE Latin1_General_100_BIN2 NULL,
        results_count bigint NULL,
        filters nvarchar(max) NULL,
        properties nvarchar(max) NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_search_events_row_version ON bronze.search_events (row_version);
    CREATE INDEX IX_bronze_search_events_event_timestamp ON bronze.search_events (event_timestamp);
    CREATE INDEX IX_bronze_search_events_session_id ON bronze.search_events (session_id);
END;
GO

IF OBJECT_ID(N'bronze.business_events', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.business_events (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        service nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
        event_type nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
        entity_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        correlation_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        review_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        amount decimal(12,2) NULL,
        currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NULL,
        payment_method nvarchar(32) COLLATE Latin1_General_100_BIN2 NULL,
        status nvarchar(32) COLLATE Latin1_General_100_BIN2 NULL,
        rating smallint NULL,
        provider nvarchar(50) COLLATE Latin1_General_100_BIN2 NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_business_events_row_version ON bronze.business_events (row_version);
    CREATE INDEX IX_bronze_business_events_event_timestamp ON bronze.business_events (event_timestamp);
    CREATE INDEX IX_bronze_business_events_order_id ON bronze.business_events (order_id);
    CREATE INDEX IX_bronze_business_events_review_id ON bronze.business_events (review_id);
END;
GO

IF OBJECT_ID(N'bronze.api_request_logs', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.api_request_logs (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        service nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
        endpoint nvarchar(500) COLLATE Latin1_General_100_BIN2 NOT NULL,
        method nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
        status_code int NOT NULL,
        response_time_ms float NOT NULL,
        correlation_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        request_size_bytes bigint NULL,
        response_size_bytes bigint NULL,
        ip_address nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_agent nvarchar(500) COLLATE Latin1_General_100_BIN2 NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_api_request_logs_row_version ON bronze.api_request_logs (row_version);
    CREATE INDEX IX_bronze_api_request_logs_event_timestamp ON bronze.api_request_logs (event_timestamp);
END;
GO

IF OBJECT_ID(N'bronze.db_query_perf', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.db_query_perf (
        event_id uniqueidentifier NOT NULL,
        event_timestamp datetime2(3) NOT NULL,
        client_timestamp datetime2(3) NULL,
        received_at datetime2(3) NOT NULL,
        session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        source nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
        is_bot smallint NOT NULL,
        is_seed smallint NOT NULL,
        payload nvarchar(max) NOT NULL,
        meta nvarchar(max) NOT NULL,
        service nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
        database_name nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
        query_type nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        table_name nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
        execution_time_ms float NOT NULL,
        rows_affected bigint NULL,
        query_hash nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        row_version rowversion NOT NULL,
        ingest_seq AS CAST(row_version AS bigint)
    );
    CREATE CLUSTERED INDEX IX_bronze_db_query_perf_row_version ON bronze.db_query_perf (row_version);
    CREATE INDEX IX_bronze_db_query_perf_event_timestamp ON bronze.db_query_perf (event_timestamp);
END;
GO

IF OBJECT_ID(N'bronze.business_event_items', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.business_event_items (
        event_id uniqueidentifier NOT NULL,
        line_number int NOT NULL,
        order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        quantity int NULL,
        unit_price decimal(12,2) NULL,
        line_total decimal(12,2) NULL
    );
    CREATE CLUSTERED INDEX IX_bronze_business_event_items_event_id ON bronze.business_event_items (event_id, line_number);
END;
GO

-- The four tables of tracked pages in one, each value under its own name, as on DuckDB.
CREATE VIEW bronze.tracked_events AS
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id, referrer_url, utm_source, utm_medium, utm_campaign, time_on_prev_page_seconds, load_time_ms,
    CAST(NULL AS nvarchar(255)) COLLATE Latin1_General_100_BIN2 AS element_id, CAST(NULL AS float) AS x,
    CAST(NULL AS float) AS y, CAST(NULL AS float) AS viewport_w, CAST(NULL AS float) AS viewport_h,
    CAST(NULL AS nvarchar(500)) COLLATE Latin1_General_100_BIN2 AS user_agent,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS ip_address, CAST(NULL AS int) AS quantity,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS order_id, properties, ingest_seq,
    CAST(0 AS smallint) AS web_table
FROM bronze.page_view_events
UNION ALL
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id, CAST(NULL AS nvarchar(2000)) COLLATE Latin1_General_100_BIN2 AS referrer_url,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_source,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_medium,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_campaign,
    CAST(NULL AS float) AS time_on_prev_page_seconds, CAST(NULL AS float) AS load_time_ms, element_id, x, y,
    viewport_w, viewport_h, user_agent, ip_address, CAST(NULL AS int) AS quantity,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS order_id, properties, ingest_seq,
    CAST(1 AS smallint) AS web_table
FROM bronze.click_events
UNION ALL
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id, CAST(NULL AS nvarchar(2000)) COLLATE Latin1_General_100_BIN2 AS referrer_url,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_source,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_medium,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_campaign,
    CAST(NULL AS float) AS time_on_prev_page_seconds, CAST(NULL AS float) AS load_time_ms, element_id,
    CAST(NULL AS float) AS x, CAST(NULL AS float) AS y, CAST(NULL AS float) AS viewport_w,
    CAST(NULL AS float) AS viewport_h,
    CAST(NULL AS nvarchar(500)) COLLATE Latin1_General_100_BIN2 AS user_agent,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS ip_address, quantity,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS order_id, properties, ingest_seq,
    CAST(2 AS smallint) AS web_table
FROM bronze.cart_events
UNION ALL
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS product_id,
    CAST(NULL AS nvarchar(2000)) COLLATE Latin1_General_100_BIN2 AS referrer_url,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_source,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_medium,
    CAST(NULL AS nvarchar(100)) COLLATE Latin1_General_100_BIN2 AS utm_campaign,
    CAST(NULL AS float) AS time_on_prev_page_seconds, CAST(NULL AS float) AS load_time_ms, element_id,
    CAST(NULL AS float) AS x, CAST(NULL AS float) AS y, CAST(NULL AS float) AS viewport_w,
    CAST(NULL AS float) AS viewport_h,
    CAST(NULL AS nvarchar(500)) COLLATE Latin1_General_100_BIN2 AS user_agent,
    CAST(NULL AS nvarchar(64)) COLLATE Latin1_General_100_BIN2 AS ip_address, CAST(NULL AS int) AS quantity,
    order_id, properties, ingest_seq, CAST(3 AS smallint) AS web_table
FROM bronze.checkout_events;
GO
