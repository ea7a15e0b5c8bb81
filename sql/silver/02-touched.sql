-- What the new rows touch. Bots belong to no session; their dates count all the same.
INSERT INTO ops.touched_sessions (session_id)
SELECT DISTINCT w.session_id
FROM ops.web_facts AS w
WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq AND w.is_bot = 0;

INSERT INTO ops.touched_orders (order_id)
SELECT DISTINCT e.order_id
FROM bronze.business_events AS e
WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq AND e.order_id IS NOT NULL;

INSERT INTO ops.touched_reviews (review_id)
SELECT DISTINCT e.review_id
FROM bronze.business_events AS e
WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq AND e.review_id IS NOT NULL
    AND e.canonical_type IN ('review_created', 'review_updated', 'review_deleted');

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'web', w.event_date
FROM ops.web_facts AS w
WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq;

-- The lag of every row is a figure of its day.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'health', CAST(ops.add_seconds(n.event_timestamp, o.offset_seconds) AS DATE)
FROM (
    SELECT w.event_timestamp
    FROM ops.web_facts AS w
    WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq
    UNION ALL
    SELECT e.event_timestamp
    FROM bronze.business_events AS e
    WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
    UNION ALL
    SELECT e.event_timestamp
    FROM bronze.api_request_logs AS e
    WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
    UNION ALL
    SELECT e.event_timestamp
    FROM bronze.db_query_perf AS e
    WHERE e.ingest_seq > @from_seq AND e.ingest_seq <= @to_seq
) AS n
INNER JOIN ops.report_offsets AS o ON n.event_timestamp >= o.from_utc AND n.event_timestamp < o.to_utc;
