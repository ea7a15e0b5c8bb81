-- Silver and Gold, and what their cycle keeps between two runs. Tables of these schemas that were there before are the
-- Python system's: they moved to the schema python_old (sinks/mssql/upgrade/). Texts are compared by their bytes (BIN2).
IF SCHEMA_ID(N'silver') IS NULL EXEC (N'CREATE SCHEMA silver');
IF SCHEMA_ID(N'gold') IS NULL EXEC (N'CREATE SCHEMA gold');
GO
-- Written from REPORT_TIMEZONE at each cycle: a date is the date of ops.add_seconds(t, offset_seconds).
CREATE TABLE ops.report_offsets (
    from_utc datetime2(3) NOT NULL,
    to_utc datetime2(3) NOT NULL,
    offset_seconds int NOT NULL
);
GO

-- One row: how far Silver has read Bronze, at which moments the layers hold, and by which definitions.
CREATE TABLE ops.etl_state (
    loaded_seq bigint NOT NULL,
    silver_as_of datetime2(3) NULL,
    gold_as_of datetime2(3) NULL,
    definitions varchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
);
GO

-- A prefix pattern matches the paths between it and path_until, both left out.
ALTER TABLE ops.funnel_definitions ADD path_until nvarchar(400) COLLATE Latin1_General_100_BIN2;

-- What a cycle rebuilds. Dates wait here until Gold has taken them.
CREATE TABLE ops.touched_sessions (session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL);
CREATE TABLE ops.touched_orders (order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL);
CREATE TABLE ops.touched_purchases (order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL);
CREATE TABLE ops.touched_reviews (review_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL);
CREATE TABLE ops.touched_dates (
    subject nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    metric_date date NOT NULL
);
GO

-- Every web event with what later steps need of it; silver.web_events shows it. Appended only.
CREATE TABLE ops.web_facts (
    event_id uniqueidentifier NOT NULL,
    event_timestamp datetime2(3) NOT NULL,
    event_date date NOT NULL,
    session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    canonical_type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    element_id nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
    order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    utm_source nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    utm_medium nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    utm_campaign nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    load_time_ms float NULL,
    time_on_prev_page_seconds float NULL,
    scroll_depth_pct float NULL,
    lag_ms bigint NOT NULL,
    is_derived smallint NOT NULL,
    is_bot smallint NOT NULL,
    is_seed smallint NOT NULL,
    ingest_seq bigint NOT NULL
);
GO

GO
CREATE VIEW silver.web_events AS
SELECT
    event_id, event_timestamp, event_date, session_id, user_id, canonical_type, page_path, product_id, element_id,
    is_bot, is_seed
FROM ops.web_facts;
GO

CREATE TABLE silver.sessions (
    session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    session_start datetime2(3) NOT NULL,
    session_end datetime2(3) NOT NULL,
    duration_seconds decimal(18,3) NOT NULL,
    events_count int NOT NULL,
    page_views int NOT NULL,
    clicks int NOT NULL,
    add_to_cart int NOT NULL,
    begin_checkout int NOT NULL,
    purchases int NOT NULL,
    entry_page nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    exit_page nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    utm_source nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    utm_medium nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    utm_campaign nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    is_bounce smallint NOT NULL,
    is_seed smallint NOT NULL
);
GO

CREATE TABLE silver.session_products (
    session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    first_seen datetime2(3) NOT NULL,
    last_seen datetime2(3) NOT NULL,
    views int NOT NULL,
    clicks int NOT NULL,
    add_to_cart int NOT NULL
);
GO

-- The page views of sessions as page_performance counts them.
CREATE TABLE ops.page_view_facts (
    session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    event_date date NOT NULL,
    page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    visitor nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    load_time_ms float NULL,
    time_on_page_seconds float NULL,
    is_entry smallint NOT NULL,
    is_exit smallint NOT NULL,
    is_bounce smallint NOT NULL,
    is_seed smallint NOT NULL,
    is_session_seed smallint NOT NULL
);
GO

-- Each entry into each funnel with the steps that it reached (funnel.md).
CREATE TABLE ops.funnel_entry_steps (
    funnel_name nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    entered_at datetime2(3) NOT NULL,
    entry_date date NOT NULL,
    spent_until datetime2(3) NULL,
    closes_at datetime2(3) NOT NULL,
    step_order int NOT NULL,
    reached_at datetime2(3) NOT NULL
);
GO

CREATE TABLE ops.order_facts (
    order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    created_at datetime2(3) NOT NULL,
    created_date date NOT NULL,
    status nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    total_amount decimal(12,2) NULL,
    refunded_amount decimal(12,2) NOT NULL,
    payment_method nvarchar(32) COLLATE Latin1_General_100_BIN2 NULL,
    paid_at datetime2(3) NULL,
    cancelled_at datetime2(3) NULL,
    updated_at datetime2(3) NOT NULL,
    has_items smallint NOT NULL,
    tried_online smallint NOT NULL,
    has_refund smallint NOT NULL,
    is_seed smallint NOT NULL
);
GO

GO
CREATE VIEW silver.orders AS
SELECT
    order_id, user_id, created_at, status, currency, total_amount, refunded_amount, payment_method, paid_at,
    cancelled_at, updated_at, has_items, is_seed
FROM ops.order_facts;
GO

CREATE TABLE silver.order_items (
    order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    line_number int NOT NULL,
    product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    quantity int NOT NULL,
    unit_price decimal(12,2) NULL,
    line_total decimal(12,2) NULL
);
GO

CREATE TABLE silver.payments (
    order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    status nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    amount decimal(12,2) NULL,
    currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    provider nvarchar(50) COLLATE Latin1_General_100_BIN2 NULL,
    attempts int NOT NULL,
    occurred_at datetime2(3) NOT NULL
);
GO

-- The purchase of an order before its session is known: own_session_id is what its events name.
CREATE TABLE ops.purchase_facts (
    order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    event_timestamp datetime2(3) NOT NULL,
    event_date date NOT NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    total_amount decimal(12,2) NULL,
    currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    own_session_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    is_seed smallint NOT NULL
);
GO

CREATE TABLE silver.purchases (
    order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    event_timestamp datetime2(3) NOT NULL,
    event_date date NOT NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    total_amount decimal(12,2) NULL,
    currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    session_id nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
    credit_rule nvarchar(1) COLLATE Latin1_General_100_BIN2 NOT NULL,
    is_seed smallint NOT NULL
);
GO

CREATE TABLE ops.review_facts (
    review_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    user_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    rating smallint NULL,
    created_at datetime2(3) NULL,
    created_date date NULL,
    updated_at datetime2(3) NOT NULL,
    is_deleted smallint NOT NULL,
    is_restored smallint NOT NULL,
    is_seed smallint NOT NULL
);
GO

GO
CREATE VIEW silver.reviews AS
SELECT review_id, product_id, user_id, rating, created_at, updated_at, is_deleted, is_restored
FROM ops.review_facts;
GO

CREATE TABLE gold.behavior_daily (
    metric_date date NOT NULL,
    sessions int NOT NULL,
    unique_users int NOT NULL,
    page_views int NOT NULL,
    clicks int NOT NULL,
    add_to_cart int NOT NULL,
    begin_checkout int NOT NULL,
    purchases int NOT NULL,
    bot_events int NOT NULL
);
GO

CREATE TABLE gold.funnel_daily (
    metric_date date NOT NULL,
    view_sessions int NOT NULL,
    cart_sessions int NOT NULL,
    checkout_sessions int NOT NULL,
    purchase_sessions int NOT NULL,
    view_to_cart_rate decimal(9,6) NULL,
    cart_to_checkout_rate decimal(9,6) NULL,
    checkout_to_purchase_rate decimal(9,6) NULL,
    view_to_purchase_rate decimal(9,6) NULL,
    unattributed_purchases int NOT NULL,
    is_complete smallint NOT NULL
);
GO

CREATE TABLE gold.conversion_funnel (
    funnel_date date NOT NULL,
    funnel_name nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    funnel_step nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    step_order int NOT NULL,
    sessions int NOT NULL,
    still_in_time int NOT NULL,
    dropped int NOT NULL,
    drop_off_rate decimal(9,6) NULL,
    median_seconds decimal(18,6) NULL,
    p90_seconds decimal(18,6) NULL
);
GO

CREATE TABLE gold.product_daily (
    metric_date date NOT NULL,
    product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    views int NOT NULL,
    clicks int NOT NULL,
    add_to_cart int NOT NULL,
    purchases_count int NOT NULL,
    units_sold bigint NOT NULL,
    revenue decimal(18,2) NOT NULL,
    avg_rating decimal(9,6) NULL,
    reviews_count int NOT NULL,
    view_to_cart_rate decimal(9,6) NULL,
    cart_to_purchase_rate decimal(9,6) NULL
);
GO

CREATE TABLE gold.page_performance (
    metric_date date NOT NULL,
    page_path nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    views int NOT NULL,
    unique_visitors int NOT NULL,
    avg_time_on_page_seconds decimal(18,6) NULL,
    avg_scroll_depth decimal(9,6) NULL,
    entries int NOT NULL,
    exits int NOT NULL,
    bounce_rate decimal(9,6) NULL,
    exit_rate decimal(9,6) NULL,
    avg_load_time_ms decimal(18,6) NULL
);
GO

CREATE TABLE gold.orders_payments_daily (
    metric_date date NOT NULL,
    currency nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    total_orders int NOT NULL,
    paid_orders int NOT NULL,
    cod_orders int NOT NULL,
    cancelled_orders int NOT NULL,
    orders_without_items int NOT NULL,
    payment_success_rate decimal(9,6) NULL,
    total_revenue decimal(18,2) NOT NULL,
    refunds_count int NOT NULL,
    refunded_amount decimal(18,2) NOT NULL
);
GO

CREATE TABLE gold.reviews_quality (
    metric_date date NOT NULL,
    product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    total_reviews int NOT NULL,
    five_star_reviews int NOT NULL,
    avg_rating decimal(9,6) NULL
);
GO

CREATE TABLE gold.system_health_daily (
    metric_date date NOT NULL,
    service nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    requests int NOT NULL,
    p50_latency_ms decimal(18,6) NULL,
    p95_latency_ms decimal(18,6) NULL,
    error_rate decimal(9,6) NULL,
    event_lag_ms decimal(18,6) NULL,
    dlq_count int NOT NULL
);
GO

GO
-- Names of the old reports.
CREATE VIEW gold.product_metrics AS
SELECT
    metric_date, product_id, currency, views AS views_count, clicks AS clicks_count, add_to_cart AS add_to_cart_count,
    purchases_count, units_sold, revenue, avg_rating, reviews_count, view_to_cart_rate, cart_to_purchase_rate
FROM gold.product_daily;
GO

-- Of the day of the last cycle's as_of; "now" is its last five minutes.
CREATE VIEW gold.realtime_metrics AS
SELECT
    s.gold_as_of AS metric_timestamp,
    (
        SELECT COUNT(DISTINCT COALESCE(w.user_id, w.session_id))
        FROM ops.web_facts AS w
        WHERE w.is_bot = 0 AND w.is_seed = 0
            AND w.event_timestamp > ops.add_seconds(s.gold_as_of, -300) AND w.event_timestamp <= s.gold_as_of
    ) AS active_users_now,
    COALESCE(b.sessions, 0) AS sessions_today,
    (
        SELECT COALESCE(SUM(p.total_amount), 0)
        FROM silver.purchases AS p
        WHERE p.is_seed = 0 AND p.currency = 'LKR'
            AND p.event_date = CAST(ops.add_seconds(s.gold_as_of, o.offset_seconds) AS DATE)
    ) AS revenue_today,
    COALESCE(b.purchases, 0) AS orders_today
FROM ops.etl_state AS s
INNER JOIN ops.report_offsets AS o ON s.gold_as_of >= o.from_utc AND s.gold_as_of < o.to_utc
LEFT JOIN gold.behavior_daily AS b
    ON b.metric_date = CAST(ops.add_seconds(s.gold_as_of, o.offset_seconds) AS DATE);
GO

-- What a cycle asks for: new rows, the rows of touched keys, the rows of touched dates.
CREATE CLUSTERED INDEX IX_ops_web_facts_ingest_seq ON ops.web_facts (ingest_seq);
CREATE INDEX IX_ops_web_facts_session_id ON ops.web_facts (session_id);
CREATE INDEX IX_ops_web_facts_event_date ON ops.web_facts (event_date);
CREATE INDEX IX_ops_web_facts_event_timestamp ON ops.web_facts (event_timestamp);
CREATE CLUSTERED INDEX IX_silver_sessions_session_id ON silver.sessions (session_id);
CREATE CLUSTERED INDEX IX_silver_session_products_session_id ON silver.session_products (session_id);
CREATE CLUSTERED INDEX IX_ops_page_view_facts_session_id ON ops.page_view_facts (session_id);
CREATE INDEX IX_ops_page_view_facts_event_date ON ops.page_view_facts (event_date);
CREATE CLUSTERED INDEX IX_ops_funnel_entry_steps_session_id ON ops.funnel_entry_steps (session_id);
CREATE INDEX IX_ops_funnel_entry_steps_entry_date ON ops.funnel_entry_steps (entry_date);
CREATE INDEX IX_ops_funnel_entry_steps_closes_at ON ops.funnel_entry_steps (closes_at);
CREATE CLUSTERED INDEX IX_ops_order_facts_order_id ON ops.order_facts (order_id);
CREATE INDEX IX_ops_order_facts_created_date ON ops.order_facts (created_date);
CREATE CLUSTERED INDEX IX_silver_order_items_order_id ON silver.order_items (order_id);
CREATE CLUSTERED INDEX IX_silver_payments_order_id ON silver.payments (order_id);
CREATE CLUSTERED INDEX IX_ops_purchase_facts_order_id ON ops.purchase_facts (order_id);
CREATE CLUSTERED INDEX IX_silver_purchases_order_id ON silver.purchases (order_id);
CREATE INDEX IX_silver_purchases_session_id ON silver.purchases (session_id);
CREATE INDEX IX_silver_purchases_event_date ON silver.purchases (event_date);
CREATE CLUSTERED INDEX IX_ops_review_facts_review_id ON ops.review_facts (review_id);
CREATE CLUSTERED INDEX IX_gold_behavior_daily_metric_date ON gold.behavior_daily (metric_date);
CREATE CLUSTERED INDEX IX_gold_funnel_daily_metric_date ON gold.funnel_daily (metric_date);
CREATE CLUSTERED INDEX IX_gold_conversion_funnel_funnel_date ON gold.conversion_funnel (funnel_date);
CREATE CLUSTERED INDEX IX_gold_product_daily_metric_date ON gold.product_daily (metric_date);
CREATE CLUSTERED INDEX IX_gold_page_performance_metric_date ON gold.page_performance (metric_date);
CREATE CLUSTERED INDEX IX_gold_orders_payments_daily_metric_date ON gold.orders_payments_daily (metric_date);
CREATE CLUSTERED INDEX IX_gold_reviews_quality_metric_date ON gold.reviews_quality (metric_date);
CREATE CLUSTERED INDEX IX_gold_system_health_daily_metric_date ON gold.system_health_daily (metric_date);
GO
