-- What Bronze got since the last cycle, as every later step needs it (funnel.md 1, events.md 4).
-- A blank session is derived from the day and the user. The order of a checkout counts only where the event is one.
INSERT INTO ops.web_facts (
    event_id, event_timestamp, event_date, session_id, user_id, canonical_type, page_path, product_id, element_id,
    order_id, utm_source, utm_medium, utm_campaign, load_time_ms, time_on_prev_page_seconds, scroll_depth_pct, lag_ms,
    is_derived, is_bot, is_seed, ingest_seq
)
SELECT
    d.event_id, d.event_timestamp, d.event_date,
    CASE
        WHEN d.session_id IS NULL OR d.session_id = ''
            THEN CONCAT('derived:', COALESCE(d.user_id, 'anon'), ':', CAST(d.event_date AS VARCHAR(10)))
        ELSE d.session_id
    END AS session_id,
    d.user_id, d.canonical_type, d.page_path, d.product_id, d.element_id, d.order_id, d.utm_source, d.utm_medium,
    d.utm_campaign, d.load_time_ms, d.time_on_prev_page_seconds, d.scroll_depth_pct, d.lag_ms,
    CASE WHEN d.session_id IS NULL OR d.session_id = '' OR LEFT(d.session_id, 8) = 'derived:' THEN 1 ELSE 0 END
        AS is_derived,
    d.is_bot, d.is_seed, d.ingest_seq
FROM (
    SELECT
        n.event_id, n.event_timestamp,
        CAST(ops.add_seconds(n.event_timestamp, o.offset_seconds) AS DATE) AS event_date,
        n.session_id, n.user_id, n.canonical_type, n.page_path, n.product_id, n.element_id, n.order_id, n.utm_source,
        n.utm_medium, n.utm_campaign, n.load_time_ms, n.time_on_prev_page_seconds, n.scroll_depth_pct,
        CAST(ops.seconds_between(n.event_timestamp, n.received_at) * 1000 AS BIGINT) AS lag_ms,
        n.is_bot, n.is_seed, n.ingest_seq
    FROM (
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            e.product_id,
            CAST(NULL AS VARCHAR(255)) AS element_id,
            CAST(NULL AS VARCHAR(64)) AS order_id,
            e.utm_source,
            e.utm_medium,
            e.utm_campaign,
            e.load_time_ms,
            e.time_on_prev_page_seconds,
            CAST(NULL AS FLOAT(53)) AS scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.page_view_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
        UNION ALL
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            e.product_id,
            e.element_id,
            CAST(NULL AS VARCHAR(64)) AS order_id,
            CAST(NULL AS VARCHAR(100)) AS utm_source,
            CAST(NULL AS VARCHAR(100)) AS utm_medium,
            CAST(NULL AS VARCHAR(100)) AS utm_campaign,
            CAST(NULL AS FLOAT(53)) AS load_time_ms,
            CAST(NULL AS FLOAT(53)) AS time_on_prev_page_seconds,
            CAST(NULL AS FLOAT(53)) AS scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.click_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
        UNION ALL
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            e.product_id,
            e.element_id,
            CAST(NULL AS VARCHAR(64)) AS order_id,
            CAST(NULL AS VARCHAR(100)) AS utm_source,
            CAST(NULL AS VARCHAR(100)) AS utm_medium,
            CAST(NULL AS VARCHAR(100)) AS utm_campaign,
            CAST(NULL AS FLOAT(53)) AS load_time_ms,
            CAST(NULL AS FLOAT(53)) AS time_on_prev_page_seconds,
            CAST(NULL AS FLOAT(53)) AS scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.cart_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
        UNION ALL
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            CAST(NULL AS VARCHAR(64)) AS product_id,
            e.element_id,
            e.order_id,
            CAST(NULL AS VARCHAR(100)) AS utm_source,
            CAST(NULL AS VARCHAR(100)) AS utm_medium,
            CAST(NULL AS VARCHAR(100)) AS utm_campaign,
            CAST(NULL AS FLOAT(53)) AS load_time_ms,
            CAST(NULL AS FLOAT(53)) AS time_on_prev_page_seconds,
            CAST(NULL AS FLOAT(53)) AS scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.checkout_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
        UNION ALL
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            CAST(NULL AS VARCHAR(64)) AS product_id,
            CAST(NULL AS VARCHAR(255)) AS element_id,
            CAST(NULL AS VARCHAR(64)) AS order_id,
            CAST(NULL AS VARCHAR(100)) AS utm_source,
            CAST(NULL AS VARCHAR(100)) AS utm_medium,
            CAST(NULL AS VARCHAR(100)) AS utm_campaign,
            CAST(NULL AS FLOAT(53)) AS load_time_ms,
            CAST(NULL AS FLOAT(53)) AS time_on_prev_page_seconds,
            e.scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.scroll_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
        UNION ALL
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            CAST(NULL AS VARCHAR(64)) AS product_id,
            CAST(NULL AS VARCHAR(255)) AS element_id,
            CAST(NULL AS VARCHAR(64)) AS order_id,
            CAST(NULL AS VARCHAR(100)) AS utm_source,
            CAST(NULL AS VARCHAR(100)) AS utm_medium,
            CAST(NULL AS VARCHAR(100)) AS utm_campaign,
            CAST(NULL AS FLOAT(53)) AS load_time_ms,
            CAST(NULL AS FLOAT(53)) AS time_on_prev_page_seconds,
            CAST(NULL AS FLOAT(53)) AS scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.form_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
        UNION ALL
        SELECT
            e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.canonical_type, e.page_path,
            CAST(NULL AS VARCHAR(64)) AS product_id,
            CAST(NULL AS VARCHAR(255)) AS element_id,
            CAST(NULL AS VARCHAR(64)) AS order_id,
            CAST(NULL AS VARCHAR(100)) AS utm_source,
            CAST(NULL AS VARCHAR(100)) AS utm_medium,
            CAST(NULL AS VARCHAR(100)) AS utm_campaign,
            CAST(NULL AS FLOAT(53)) AS load_time_ms,
            CAST(NULL AS FLOAT(53)) AS time_on_prev_page_seconds,
            CAST(NULL AS FLOAT(53)) AS scroll_depth_pct,
            e.is_bot, e.is_seed, e.ingest_seq
        FROM bronze.search_events AS e
        WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
    ) AS n
    INNER JOIN ops.report_offsets AS o ON n.event_timestamp >= o.from_utc AND n.event_timestamp < o.to_utc
) AS d;
