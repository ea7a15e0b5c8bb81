-- gold.page_performance over the days of a range, without the date. Means are those of the days that have one, by
-- their weight in views; a bounce rate to six decimals gives back the whole number that it was made from.
WITH sums AS (
    SELECT
        g.page_path,
        SUM(CAST(g.views AS BIGINT)) AS views,
        SUM(CAST(g.unique_visitors AS BIGINT)) AS visitors,
        COUNT(*) AS days,
        SUM(CAST(g.avg_time_on_page_seconds AS DECIMAL(38, 6)) * g.views) AS seconds_sum,
        SUM(CASE WHEN g.avg_time_on_page_seconds IS NULL THEN 0 ELSE CAST(g.views AS BIGINT) END) AS seconds_views,
        SUM(CAST(g.avg_scroll_depth AS DECIMAL(38, 6)) * g.views) AS depth_sum,
        SUM(CASE WHEN g.avg_scroll_depth IS NULL THEN 0 ELSE CAST(g.views AS BIGINT) END) AS depth_views,
        SUM(CAST(g.avg_load_time_ms AS DECIMAL(38, 6)) * g.views) AS load_sum,
        SUM(CASE WHEN g.avg_load_time_ms IS NULL THEN 0 ELSE CAST(g.views AS BIGINT) END) AS load_views,
        SUM(CAST(g.entries AS BIGINT)) AS entries,
        SUM(CAST(g.exits AS BIGINT)) AS exits,
        SUM(CAST(ROUND(g.bounce_rate * g.entries, 0) AS BIGINT)) AS bounced
    FROM gold.page_performance AS g
    WHERE g.metric_date >= @from AND g.metric_date <= @to
    GROUP BY g.page_path
)

SELECT
    s.page_path, s.views,
    CAST(ROUND(CAST(CAST(s.visitors AS DECIMAL(18, 6)) / NULLIF(s.days, 0) AS DECIMAL(28, 11)), 6) AS DECIMAL(18, 6)) AS visitors_a_day,
    CAST(ROUND(CAST(CAST(s.seconds_sum AS DECIMAL(28, 6)) / NULLIF(s.seconds_views, 0) AS DECIMAL(28, 11)), 6) AS DECIMAL(18, 6)) AS avg_time_on_page_seconds,
    CAST(ROUND(CAST(CAST(s.depth_sum AS DECIMAL(28, 6)) / NULLIF(s.depth_views, 0) AS DECIMAL(18, 11)), 6) AS DECIMAL(9, 6)) AS avg_scroll_depth,
    s.entries, s.exits,
    CAST(ROUND(CAST(CAST(s.bounced AS DECIMAL(18, 6)) / NULLIF(s.entries, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)) AS bounce_rate,
    CAST(ROUND(CAST(CAST(s.exits AS DECIMAL(18, 6)) / NULLIF(s.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)) AS exit_rate,
    CAST(ROUND(CAST(CAST(s.load_sum AS DECIMAL(28, 6)) / NULLIF(s.load_views, 0) AS DECIMAL(28, 11)), 6) AS DECIMAL(18, 6)) AS avg_load_time_ms
FROM sums AS s
