-- gold.realtime_metrics counts what the rest of Gold counts: seeds, too, where the last cycle was told to show them.
ALTER TABLE ops.etl_state ADD show_seeds smallint NOT NULL CONSTRAINT DF_ops_etl_state_show_seeds DEFAULT 0;
GO

DROP VIEW gold.realtime_metrics;
GO
-- Of the day of the last cycle's as_of; "now" is its last five minutes.
CREATE VIEW gold.realtime_metrics AS
SELECT
    s.gold_as_of AS metric_timestamp,
    (
        SELECT COUNT(DISTINCT COALESCE(w.user_id, w.session_id))
        FROM ops.web_facts AS w
        WHERE w.is_bot = 0 AND (w.is_seed = 0 OR s.show_seeds = 1)
            AND w.event_timestamp > ops.add_seconds(s.gold_as_of, -300) AND w.event_timestamp <= s.gold_as_of
    ) AS active_users_now,
    COALESCE(b.sessions, 0) AS sessions_today,
    (
        SELECT COALESCE(SUM(p.total_amount), 0)
        FROM silver.purchases AS p
        WHERE (p.is_seed = 0 OR s.show_seeds = 1) AND p.currency = 'LKR'
            AND p.event_date = CAST(ops.add_seconds(s.gold_as_of, o.offset_seconds) AS DATE)
    ) AS revenue_today,
    COALESCE(b.purchases, 0) AS orders_today
FROM ops.etl_state AS s
INNER JOIN ops.report_offsets AS o ON s.gold_as_of >= o.from_utc AND s.gold_as_of < o.to_utc
LEFT JOIN gold.behavior_daily AS b
    ON b.metric_date = CAST(ops.add_seconds(s.gold_as_of, o.offset_seconds) AS DATE);
GO
