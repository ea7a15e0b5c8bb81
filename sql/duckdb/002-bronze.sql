-- Bronze: the append-only log. No key and no index on any of these tables: an index on a random hash makes every
-- commit slower as the table grows, and the process that owns the file already proves uniqueness by its claims.
CREATE SCHEMA IF NOT EXISTS bronze;

-- One physical table for what the tracked pages send: each table and column costs a fixed time in every commit.
-- web_table: 0 page_view, 1 click, 2 cart, 3 checkout. A column a_or_b holds a of one table's rows and b of
-- another's (sinks/tracked-columns.ts writes them); the views below give them their own names back.
CREATE TABLE bronze.tracked_log (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    page_url VARCHAR(2000),
    page_path VARCHAR(400),
    product_id_or_order_id VARCHAR(64),
    referrer_url_or_element_id VARCHAR(2000),
    utm_source_or_user_agent VARCHAR(500),
    utm_medium_or_ip_address VARCHAR(100),
    utm_campaign VARCHAR(100),
    load_time_ms_or_x_or_quantity DOUBLE,
    time_on_prev_page_seconds_or_y DOUBLE,
    viewport_w DOUBLE,
    viewport_h DOUBLE,
    properties VARCHAR,
    ingest_seq BIGINT NOT NULL,
    web_table SMALLINT NOT NULL
);

CREATE VIEW bronze.page_view_events AS
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id_or_order_id AS product_id,
    referrer_url_or_element_id AS referrer_url,
    utm_source_or_user_agent AS utm_source,
    utm_medium_or_ip_address AS utm_medium,
    utm_campaign,
    time_on_prev_page_seconds_or_y AS time_on_prev_page_seconds,
    load_time_ms_or_x_or_quantity AS load_time_ms,
    properties, ingest_seq
FROM bronze.tracked_log
WHERE web_table = 0;

CREATE VIEW bronze.click_events AS
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id_or_order_id AS product_id,
    referrer_url_or_element_id AS element_id,
    load_time_ms_or_x_or_quantity AS x,
    time_on_prev_page_seconds_or_y AS y,
    viewport_w, viewport_h,
    utm_source_or_user_agent AS user_agent,
    utm_medium_or_ip_address AS ip_address,
    properties, ingest_seq
FROM bronze.tracked_log
WHERE web_table = 1;

-- What is cast or named elsewhere is guarded by web_table: a filter and a projection may be evaluated in any order.
CREATE VIEW bronze.cart_events AS
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id_or_order_id AS product_id,
    CAST(CASE WHEN web_table = 2 THEN load_time_ms_or_x_or_quantity END AS INTEGER) AS quantity,
    referrer_url_or_element_id AS element_id,
    properties, ingest_seq
FROM bronze.tracked_log
WHERE web_table = 2;

CREATE VIEW bronze.checkout_events AS
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    product_id_or_order_id AS order_id,
    referrer_url_or_element_id AS element_id,
    properties, ingest_seq
FROM bronze.tracked_log
WHERE web_table = 3;

-- All four in one, each value under its own name.
CREATE VIEW bronze.tracked_events AS
SELECT
    event_id, event_timestamp, client_timestamp, received_at, session_id, user_id, source,
    canonical_type, is_bot, is_seed, payload, meta, page_url, page_path,
    CASE WHEN web_table < 3 THEN product_id_or_order_id END AS product_id,
    CASE WHEN web_table = 0 THEN referrer_url_or_element_id END AS referrer_url,
    CASE WHEN web_table = 0 THEN utm_source_or_user_agent END AS utm_source,
    CASE WHEN web_table = 0 THEN utm_medium_or_ip_address END AS utm_medium,
    utm_campaign,
    CASE WHEN web_table = 0 THEN time_on_prev_page_seconds_or_y END AS time_on_prev_page_seconds,
    CASE WHEN web_table = 0 THEN load_time_ms_or_x_or_quantity END AS load_time_ms,
    CASE WHEN web_table > 0 THEN referrer_url_or_element_id END AS element_id,
    CASE WHEN web_table = 1 THEN load_time_ms_or_x_or_quantity END AS x,
    CASE WHEN web_table = 1 THEN time_on_prev_page_seconds_or_y END AS y,
    viewport_w, viewport_h,
    CASE WHEN web_table = 1 THEN utm_source_or_user_agent END AS user_agent,
    CASE WHEN web_table = 1 THEN utm_medium_or_ip_address END AS ip_address,
    CAST(CASE WHEN web_table = 2 THEN load_time_ms_or_x_or_quantity END AS INTEGER) AS quantity,
    CASE WHEN web_table = 3 THEN product_id_or_order_id END AS order_id,
    properties, ingest_seq, web_table
FROM bronze.tracked_log;

CREATE TABLE bronze.scroll_events (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    page_url VARCHAR(2000),
    page_path VARCHAR(400),
    scroll_depth_pct DOUBLE,
    properties VARCHAR,
    ingest_seq BIGINT NOT NULL
);

CREATE TABLE bronze.form_events (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    page_url VARCHAR(2000),
    page_path VARCHAR(400),
    form_id VARCHAR(255),
    field_id VARCHAR(255),
    action VARCHAR(64),
    error_message VARCHAR(500),
    time_spent_ms DOUBLE,
    properties VARCHAR,
    ingest_seq BIGINT NOT NULL
);

CREATE TABLE bronze.search_events (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    page_url VARCHAR(2000),
    page_path VARCHAR(400),
    query VARCHAR(500),
    results_count BIGINT,
    filters VARCHAR,
    properties VARCHAR,
    ingest_seq BIGINT NOT NULL
);

CREATE TABLE bronze.business_events (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    service VARCHAR(64) NOT NULL,
    event_type VARCHAR(128) NOT NULL,
    entity_id VARCHAR(64),
    correlation_id VARCHAR(64),
    order_id VARCHAR(64),
    product_id VARCHAR(64),
    review_id VARCHAR(64),
    amount DECIMAL(12,2),
    currency VARCHAR(10),
    payment_method VARCHAR(32),
    status VARCHAR(32),
    rating SMALLINT,
    provider VARCHAR(50),
    ingest_seq BIGINT NOT NULL
);

CREATE TABLE bronze.api_request_logs (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    service VARCHAR(64) NOT NULL,
    endpoint VARCHAR(500) NOT NULL,
    method VARCHAR(16) NOT NULL,
    status_code INTEGER NOT NULL,
    response_time_ms DOUBLE NOT NULL,
    correlation_id VARCHAR(64),
    request_size_bytes BIGINT,
    response_size_bytes BIGINT,
    ip_address VARCHAR(64),
    user_agent VARCHAR(500),
    ingest_seq BIGINT NOT NULL
);

CREATE TABLE bronze.db_query_perf (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    client_timestamp TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    session_id VARCHAR(64),
    user_id VARCHAR(64),
    source VARCHAR(50) NOT NULL,
    canonical_type VARCHAR(50) NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    payload VARCHAR NOT NULL,
    meta VARCHAR NOT NULL,
    service VARCHAR(64) NOT NULL,
    database_name VARCHAR(128),
    query_type VARCHAR(64),
    table_name VARCHAR(128),
    execution_time_ms DOUBLE NOT NULL,
    rows_affected BIGINT,
    query_hash VARCHAR(64),
    ingest_seq BIGINT NOT NULL
);

CREATE TABLE bronze.business_event_items (
    event_id UUID NOT NULL,
    line_number INTEGER NOT NULL,
    order_id VARCHAR(64),
    product_id VARCHAR(64),
    quantity INTEGER,
    unit_price DECIMAL(12,2),
    line_total DECIMAL(12,2)
);
