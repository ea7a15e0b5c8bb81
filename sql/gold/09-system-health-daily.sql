DELETE FROM gold.system_health_daily
WHERE metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'health');

WITH dated_logs AS (
    SELECT
        CAST(ops.add_seconds(l.event_timestamp, o.offset_seconds) AS DATE) AS metric_date, l.service, l.status_code,
        l.response_time_ms, l.is_seed,
        CAST(ops.seconds_between(l.event_timestamp, l.received_at) * 1000 AS BIGINT) AS lag_ms
    FROM bronze.api_request_logs AS l
    INNER JOIN ops.report_offsets AS o ON l.event_timestamp >= o.from_utc AND l.event_timestamp < o.to_utc
    WHERE l.ingest_seq <= @to_seq AND l.event_timestamp >= @health_from AND l.event_timestamp <= @health_to
),

logs AS (
    SELECT d.metric_date, d.service, d.status_code, d.response_time_ms, d.is_seed, d.lag_ms
    FROM dated_logs AS d
    WHERE d.metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'health')
),

placed_logs AS (
    SELECT
        g.metric_date, g.service, g.status_code, CAST(g.response_time_ms AS DECIMAL(18, 6)) AS ms,
        ROW_NUMBER() OVER (PARTITION BY g.metric_date, g.service ORDER BY g.response_time_ms) AS place,
        COUNT(*) OVER (PARTITION BY g.metric_date, g.service) AS n
    FROM logs AS g
    WHERE g.is_seed = 0 OR @show_seeds = 1
),

requests AS (
    SELECT
        p.metric_date, p.service,
        COUNT(*) AS requests,
        SUM(CASE WHEN p.status_code >= 500 THEN 1 ELSE 0 END) AS errors,
        MAX(CASE WHEN p.place = (p.n - 1) / 2 + 1 THEN p.ms END) AS p50_low,
        MAX(CASE WHEN p.place = (p.n - 1) / 2 + 2 THEN p.ms END) AS p50_high,
        MAX(CAST((p.n - 1) % 2 AS DECIMAL(3, 0)) * 0.5) AS p50_part,
        MAX(CASE WHEN p.place = (p.n - 1) * 19 / 20 + 1 THEN p.ms END) AS p95_low,
        MAX(CASE WHEN p.place = (p.n - 1) * 19 / 20 + 2 THEN p.ms END) AS p95_high,
        MAX(CAST((p.n - 1) * 19 % 20 AS DECIMAL(3, 0)) * 0.05) AS p95_part
    FROM placed_logs AS p
    GROUP BY p.metric_date, p.service
),

dated_rows AS (
    SELECT w.event_date AS metric_date, 'web' AS service, w.lag_ms
    FROM ops.web_facts AS w
    WHERE w.is_seed = 0
        AND w.event_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'health')
    UNION ALL
    SELECT g.metric_date, g.service, g.lag_ms
    FROM logs AS g
    WHERE g.is_seed = 0
    UNION ALL
    SELECT
        CAST(ops.add_seconds(e.event_timestamp, o.offset_seconds) AS DATE), e.service,
        CAST(ops.seconds_between(e.event_timestamp, e.received_at) * 1000 AS BIGINT)
    FROM bronze.business_events AS e
    INNER JOIN ops.report_offsets AS o ON e.event_timestamp >= o.from_utc AND e.event_timestamp < o.to_utc
    WHERE e.ingest_seq <= @to_seq AND e.is_seed = 0 AND e.event_timestamp >= @health_from AND e.event_timestamp <= @health_to
    UNION ALL
    SELECT
        CAST(ops.add_seconds(q.event_timestamp, o.offset_seconds) AS DATE), q.service,
        CAST(ops.seconds_between(q.event_timestamp, q.received_at) * 1000 AS BIGINT)
    FROM bronze.db_query_perf AS q
    INNER JOIN ops.report_offsets AS o ON q.event_timestamp >= o.from_utc AND q.event_timestamp < o.to_utc
    WHERE q.ingest_seq <= @to_seq AND q.is_seed = 0 AND q.event_timestamp >= @health_from AND q.event_timestamp <= @health_to
),

placed_rows AS (
    SELECT
        d.metric_date, d.service, CAST(d.lag_ms AS DECIMAL(18, 3)) AS ms,
        ROW_NUMBER() OVER (PARTITION BY d.metric_date, d.service ORDER BY d.lag_ms) AS place,
        COUNT(*) OVER (PARTITION BY d.metric_date, d.service) AS n
    FROM dated_rows AS d
    WHERE d.metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'health')
),

lags AS (
    SELECT
        p.metric_date, p.service,
        MAX(CASE WHEN p.place = (p.n - 1) / 2 + 1 THEN p.ms END) AS lag_low,
        MAX(CASE WHEN p.place = (p.n - 1) / 2 + 2 THEN p.ms END) AS lag_high,
        MAX(CAST((p.n - 1) % 2 AS DECIMAL(3, 0)) * 0.5) AS lag_part
    FROM placed_rows AS p
    GROUP BY p.metric_date, p.service
),

letters AS (
    SELECT
        CAST(ops.add_seconds(l.failed_at, o.offset_seconds) AS DATE) AS metric_date, l.source AS service,
        COUNT(*) AS dlq_count
    FROM ops.dead_letter_events AS l
    INNER JOIN ops.report_offsets AS o ON l.failed_at >= o.from_utc AND l.failed_at < o.to_utc
    GROUP BY CAST(ops.add_seconds(l.failed_at, o.offset_seconds) AS DATE), l.source
),

named AS (
    SELECT g.metric_date, g.service FROM lags AS g
    UNION
    SELECT r.metric_date, r.service FROM requests AS r
    UNION
    SELECT l.metric_date, l.service
    FROM letters AS l
    WHERE l.metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'health')
)

INSERT INTO gold.system_health_daily (
    metric_date, service, requests, p50_latency_ms, p95_latency_ms, error_rate, event_lag_ms, dlq_count
)
SELECT
    n.metric_date, n.service,
    -- requests that the service logged
    COALESCE(r.requests, 0),
    -- half of the requests were answered within this time
    CAST(r.p50_low + COALESCE(r.p50_high - r.p50_low, 0) * r.p50_part AS DECIMAL(18, 6)),
    -- 95 of 100 requests were answered within this time
    CAST(r.p95_low + COALESCE(r.p95_high - r.p95_low, 0) * r.p95_part AS DECIMAL(18, 6)),
    -- answered with 500 or above ÷ requests
    CAST(ROUND(CAST(CAST(r.errors AS DECIMAL(18, 6)) / NULLIF(r.requests, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- half of the events were received later than this after they happened; web events are of the service web
    CAST(g.lag_low + COALESCE(g.lag_high - g.lag_low, 0) * g.lag_part AS DECIMAL(18, 6)),
    -- dead letters by the time of their failure, in the row of the source that delivered them
    COALESCE(l.dlq_count, 0)
FROM named AS n
LEFT JOIN requests AS r ON r.metric_date = n.metric_date AND r.service = n.service
LEFT JOIN lags AS g ON g.metric_date = n.metric_date AND g.service = n.service
LEFT JOIN letters AS l ON l.metric_date = n.metric_date AND l.service = n.service;
