-- Silver and Gold, and what their cycle keeps between two runs. No keys and no indexes on any of these tables: with
-- one, a cycle that rewrites many rows makes every commit of the log wait. Tests and `verify` prove uniqueness.
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS gold;

-- Written from REPORT_TIMEZONE at each cycle: a date is the date of ops.add_seconds(t, offset_seconds).
CREATE TABLE ops.report_offsets (
    from_utc TIMESTAMP NOT NULL,
    to_utc TIMESTAMP NOT NULL,
    offset_seconds INTEGER NOT NULL
);

-- One row: how far Silver has read Bronze, at which moments the layers hold, and by which definitions.
CREATE TABLE ops.etl_state (
    loaded_seq BIGINT NOT NULL,
    silver_as_of TIMESTAMP,
    gold_as_of TIMESTAMP,
    definitions VARCHAR(64) NOT NULL
);

-- A prefix pattern matches the paths between it and path_until, both left out.
ALTER TABLE ops.funnel_definitions ADD COLUMN path_until VARCHAR(400);

-- What a cycle rebuilds. Dates wait here until Gold has taken them.
CREATE TABLE ops.touched_sessions (session_id VARCHAR(128) NOT NULL);
CREATE TABLE ops.touched_orders (order_id VARCHAR(64) NOT NULL);
CREATE TABLE ops.touched_purchases (order_id VARCHAR(64) NOT NULL);
CREATE TABLE ops.touched_reviews (review_id VARCHAR(64) NOT NULL);
CREATE TABLE ops.touched_dates (
    subject VARCHAR(20) NOT NULL,
    metric_date DATE NOT NULL
);

-- Every web event with what later steps need of it; silver.web_events shows it. Appended only.
CREATE TABLE ops.web_facts (
    event_id UUID NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    event_date DATE NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    user_id VARCHAR(64),
    canonical_type VARCHAR(50) NOT NULL,
    page_path VARCHAR(400),
    product_id VARCHAR(64),
    element_id VARCHAR(255),
    order_id VARCHAR(64),
    utm_source VARCHAR(100),
    utm_medium VARCHAR(100),
    utm_campaign VARCHAR(100),
    load_time_ms DOUBLE,
    time_on_prev_page_seconds DOUBLE,
    scroll_depth_pct DOUBLE,
    lag_ms BIGINT NOT NULL,
    is_derived SMALLINT NOT NULL,
    is_bot SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    ingest_seq BIGINT NOT NULL
);

CREATE VIEW silver.web_events AS
SELECT
    event_id, event_timestamp, event_date, session_id, user_id, canonical_type, page_path, product_id, element_id,
    is_bot, is_seed
FROM ops.web_facts;

CREATE TABLE silver.sessions (
    session_id VARCHAR(128) NOT NULL,
    user_id VARCHAR(64),
    session_start TIMESTAMP NOT NULL,
    session_end TIMESTAMP NOT NULL,
    duration_seconds DECIMAL(18, 3) NOT NULL,
    events_count INTEGER NOT NULL,
    page_views INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    add_to_cart INTEGER NOT NULL,
    begin_checkout INTEGER NOT NULL,
    purchases INTEGER NOT NULL,
    entry_page VARCHAR(400),
    exit_page VARCHAR(400),
    utm_source VARCHAR(100),
    utm_medium VARCHAR(100),
    utm_campaign VARCHAR(100),
    is_bounce SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL
);

CREATE TABLE silver.session_products (
    session_id VARCHAR(128) NOT NULL,
    product_id VARCHAR(64) NOT NULL,
    first_seen TIMESTAMP NOT NULL,
    last_seen TIMESTAMP NOT NULL,
    views INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    add_to_cart INTEGER NOT NULL
);

-- The page views of sessions as page_performance counts them.
CREATE TABLE ops.page_view_facts (
    session_id VARCHAR(128) NOT NULL,
    event_date DATE NOT NULL,
    page_path VARCHAR(400),
    visitor VARCHAR(128) NOT NULL,
    load_time_ms DOUBLE,
    time_on_page_seconds DOUBLE,
    is_entry SMALLINT NOT NULL,
    is_exit SMALLINT NOT NULL,
    is_bounce SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL,
    is_session_seed SMALLINT NOT NULL
);

-- Each entry into each funnel with the steps that it reached (funnel.md).
CREATE TABLE ops.funnel_entry_steps (
    funnel_name VARCHAR(64) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    entered_at TIMESTAMP NOT NULL,
    entry_date DATE NOT NULL,
    spent_until TIMESTAMP,
    closes_at TIMESTAMP NOT NULL,
    step_order INTEGER NOT NULL,
    reached_at TIMESTAMP NOT NULL
);

CREATE TABLE ops.order_facts (
    order_id VARCHAR(64) NOT NULL,
    user_id VARCHAR(64),
    created_at TIMESTAMP NOT NULL,
    created_date DATE NOT NULL,
    status VARCHAR(20) NOT NULL,
    currency VARCHAR(10) NOT NULL,
    total_amount DECIMAL(12, 2),
    refunded_amount DECIMAL(12, 2) NOT NULL,
    payment_method VARCHAR(32),
    paid_at TIMESTAMP,
    cancelled_at TIMESTAMP,
    updated_at TIMESTAMP NOT NULL,
    has_items SMALLINT NOT NULL,
    tried_online SMALLINT NOT NULL,
    has_refund SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL
);

CREATE VIEW silver.orders AS
SELECT
    order_id, user_id, created_at, status, currency, total_amount, refunded_amount, payment_method, paid_at,
    cancelled_at, updated_at, has_items, is_seed
FROM ops.order_facts;

CREATE TABLE silver.order_items (
    order_id VARCHAR(64) NOT NULL,
    line_number INTEGER NOT NULL,
    product_id VARCHAR(64),
    quantity INTEGER NOT NULL,
    unit_price DECIMAL(12, 2),
    line_total DECIMAL(12, 2)
);

CREATE TABLE silver.payments (
    order_id VARCHAR(64) NOT NULL,
    user_id VARCHAR(64),
    status VARCHAR(20) NOT NULL,
    amount DECIMAL(12, 2),
    currency VARCHAR(10) NOT NULL,
    provider VARCHAR(50),
    attempts INTEGER NOT NULL,
    occurred_at TIMESTAMP NOT NULL
);

-- The purchase of an order before its session is known: own_session_id is what its events name.
CREATE TABLE ops.purchase_facts (
    order_id VARCHAR(64) NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    event_date DATE NOT NULL,
    user_id VARCHAR(64),
    total_amount DECIMAL(12, 2),
    currency VARCHAR(10) NOT NULL,
    own_session_id VARCHAR(64),
    is_seed SMALLINT NOT NULL
);

CREATE TABLE silver.purchases (
    order_id VARCHAR(64) NOT NULL,
    event_timestamp TIMESTAMP NOT NULL,
    event_date DATE NOT NULL,
    user_id VARCHAR(64),
    total_amount DECIMAL(12, 2),
    currency VARCHAR(10) NOT NULL,
    session_id VARCHAR(128),
    credit_rule VARCHAR(1) NOT NULL,
    is_seed SMALLINT NOT NULL
);

CREATE TABLE ops.review_facts (
    review_id VARCHAR(64) NOT NULL,
    product_id VARCHAR(64),
    user_id VARCHAR(64),
    rating SMALLINT,
    created_at TIMESTAMP,
    created_date DATE,
    updated_at TIMESTAMP NOT NULL,
    is_deleted SMALLINT NOT NULL,
    is_restored SMALLINT NOT NULL,
    is_seed SMALLINT NOT NULL
);

CREATE VIEW silver.reviews AS
SELECT review_id, product_id, user_id, rating, created_at, updated_at, is_deleted, is_restored
FROM ops.review_facts;

CREATE TABLE gold.behavior_daily (
    metric_date DATE NOT NULL,
    sessions INTEGER NOT NULL,
    unique_users INTEGER NOT NULL,
    page_views INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    add_to_cart INTEGER NOT NULL,
    begin_checkout INTEGER NOT NULL,
    purchases INTEGER NOT NULL,
    bot_events INTEGER NOT NULL
);

CREATE TABLE gold.funnel_daily (
    metric_date DATE NOT NULL,
    view_sessions INTEGER NOT NULL,
    cart_sessions INTEGER NOT NULL,
    checkout_sessions INTEGER NOT NULL,
    purchase_sessions INTEGER NOT NULL,
    view_to_cart_rate DECIMAL(9, 6),
    cart_to_checkout_rate DECIMAL(9, 6),
    checkout_to_purchase_rate DECIMAL(9, 6),
    view_to_purchase_rate DECIMAL(9, 6),
    unattributed_purchases INTEGER NOT NULL,
    is_complete SMALLINT NOT NULL
);

CREATE TABLE gold.conversion_funnel (
    funnel_date DATE NOT NULL,
    funnel_name VARCHAR(64) NOT NULL,
    funnel_step VARCHAR(64) NOT NULL,
    step_order INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    still_in_time INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    drop_off_rate DECIMAL(9, 6),
    median_seconds DECIMAL(18, 6),
    p90_seconds DECIMAL(18, 6)
);

CREATE TABLE gold.product_daily (
    metric_date DATE NOT NULL,
    product_id VARCHAR(64) NOT NULL,
    currency VARCHAR(10) NOT NULL,
    views INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    add_to_cart INTEGER NOT NULL,
    purchases_count INTEGER NOT NULL,
    units_sold BIGINT NOT NULL,
    revenue DECIMAL(18, 2) NOT NULL,
    avg_rating DECIMAL(9, 6),
    reviews_count INTEGER NOT NULL,
    view_to_cart_rate DECIMAL(9, 6),
    cart_to_purchase_rate DECIMAL(9, 6)
);

CREATE TABLE gold.page_performance (
    metric_date DATE NOT NULL,
    page_path VARCHAR(400) NOT NULL,
    views INTEGER NOT NULL,
    unique_visitors INTEGER NOT NULL,
    avg_time_on_page_seconds DECIMAL(18, 6),
    avg_scroll_depth DECIMAL(9, 6),
    entries INTEGER NOT NULL,
    exits INTEGER NOT NULL,
    bounce_rate DECIMAL(9, 6),
    exit_rate DECIMAL(9, 6),
    avg_load_time_ms DECIMAL(18, 6)
);

CREATE TABLE gold.orders_payments_daily (
    metric_date DATE NOT NULL,
    currency VARCHAR(10) NOT NULL,
    total_orders INTEGER NOT NULL,
    paid_orders INTEGER NOT NULL,
    cod_orders INTEGER NOT NULL,
    cancelled_orders INTEGER NOT NULL,
    orders_without_items INTEGER NOT NULL,
    payment_success_rate DECIMAL(9, 6),
    total_revenue DECIMAL(18, 2) NOT NULL,
    refunds_count INTEGER NOT NULL,
    refunded_amount DECIMAL(18, 2) NOT NULL
);

CREATE TABLE gold.reviews_quality (
    metric_date DATE NOT NULL,
    product_id VARCHAR(64) NOT NULL,
    total_reviews INTEGER NOT NULL,
    five_star_reviews INTEGER NOT NULL,
    avg_rating DECIMAL(9, 6)
);

CREATE TABLE gold.system_health_daily (
    metric_date DATE NOT NULL,
    service VARCHAR(64) NOT NULL,
    requests INTEGER NOT NULL,
    p50_latency_ms DECIMAL(18, 6),
    p95_latency_ms DECIMAL(18, 6),
    error_rate DECIMAL(9, 6),
    event_lag_ms DECIMAL(18, 6),
    dlq_count INTEGER NOT NULL
);

-- Names of the old reports.
CREATE VIEW gold.product_metrics AS
SELECT
    metric_date, product_id, currency, views AS views_count, clicks AS clicks_count, add_to_cart AS add_to_cart_count,
    purchases_count, units_sold, revenue, avg_rating, reviews_count, view_to_cart_rate, cart_to_purchase_rate
FROM gold.product_daily;

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
