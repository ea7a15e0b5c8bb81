-- Dates that change although no row came: a window that closed since the last cycle, a day that became complete, and
-- dead letters, which carry no marker: their days are found by their counts.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'funnel', e.entry_date
FROM ops.funnel_entry_steps AS e
WHERE e.step_order = 1 AND e.closes_at > @last_as_of AND e.closes_at <= @as_of;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'funnel', g.metric_date
FROM gold.funnel_daily AS g
WHERE g.is_complete = 0 AND g.metric_date < CAST(@open_date AS DATE);

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'health', COALESCE(n.metric_date, g.metric_date)
FROM (
    SELECT
        CAST(ops.add_seconds(l.failed_at, o.offset_seconds) AS DATE) AS metric_date, l.source AS service,
        COUNT(*) AS dlq_count
    FROM ops.dead_letter_events AS l
    INNER JOIN ops.report_offsets AS o ON l.failed_at >= o.from_utc AND l.failed_at < o.to_utc
    GROUP BY CAST(ops.add_seconds(l.failed_at, o.offset_seconds) AS DATE), l.source
) AS n
FULL OUTER JOIN (
    SELECT h.metric_date, h.service, h.dlq_count
    FROM gold.system_health_daily AS h
    WHERE h.dlq_count > 0
) AS g ON g.metric_date = n.metric_date AND g.service = n.service
WHERE n.dlq_count IS NULL OR g.dlq_count IS NULL OR n.dlq_count <> g.dlq_count;

-- --window-days and ETL_RECENT_DAYS: every date since then, whatever touched it.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT s.subject, d.metric_date
FROM (
    SELECT DISTINCT w.event_date AS metric_date
    FROM ops.web_facts AS w
    WHERE w.event_date >= CAST(@recent_from AS DATE)
    UNION
    SELECT p.event_date
    FROM ops.purchase_facts AS p
    WHERE p.event_date >= CAST(@recent_from AS DATE)
    UNION
    SELECT f.created_date
    FROM ops.order_facts AS f
    WHERE f.created_date >= CAST(@recent_from AS DATE)
    UNION
    SELECT r.created_date
    FROM ops.review_facts AS r
    WHERE r.created_date >= CAST(@recent_from AS DATE)
    UNION
    SELECT h.metric_date
    FROM gold.system_health_daily AS h
    WHERE h.metric_date >= CAST(@recent_from AS DATE)
    UNION
    SELECT CAST(ops.add_seconds(n.event_timestamp, o.offset_seconds) AS DATE)
    FROM (
        SELECT e.event_timestamp
        FROM bronze.business_events AS e
        WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @recent_at
        UNION ALL
        SELECT e.event_timestamp
        FROM bronze.api_request_logs AS e
        WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @recent_at
        UNION ALL
        SELECT e.event_timestamp
        FROM bronze.db_query_perf AS e
        WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @recent_at
    ) AS n
    INNER JOIN ops.report_offsets AS o ON n.event_timestamp >= o.from_utc AND n.event_timestamp < o.to_utc
    WHERE CAST(ops.add_seconds(n.event_timestamp, o.offset_seconds) AS DATE) >= CAST(@recent_from AS DATE)
) AS d
CROSS JOIN (
    VALUES ('web'), ('page'), ('funnel'), ('purchase'), ('order'), ('review'), ('health')
) AS s (subject);
