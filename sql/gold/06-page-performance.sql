DELETE FROM gold.page_performance
WHERE metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'page'));

WITH viewed AS (
    SELECT
        f.event_date, f.page_path,
        COUNT(*) AS views,
        COUNT(DISTINCT f.visitor) AS unique_visitors,
        CAST(SUM(CAST(f.time_on_page_seconds AS DECIMAL(18, 6))) AS DECIMAL(28, 6)) / NULLIF(COUNT(f.time_on_page_seconds), 0) AS time_on_page_seconds,
        CAST(SUM(CAST(f.load_time_ms AS DECIMAL(18, 6))) AS DECIMAL(28, 6)) / NULLIF(COUNT(f.load_time_ms), 0) AS load_time_ms,
        SUM(CASE WHEN f.is_session_seed = 0 OR @show_seeds = 1 THEN f.is_entry ELSE 0 END) AS entries,
        SUM(CASE WHEN f.is_session_seed = 0 OR @show_seeds = 1 THEN f.is_exit ELSE 0 END) AS exits,
        SUM(CASE WHEN f.is_session_seed = 0 OR @show_seeds = 1 THEN f.is_bounce ELSE 0 END) AS bounces
    FROM ops.page_view_facts AS f
    WHERE f.page_path IS NOT NULL AND (f.is_seed = 0 OR @show_seeds = 1)
        AND f.event_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'page'))
    GROUP BY f.event_date, f.page_path
),

scrolled AS (
    SELECT w.event_date, w.page_path, CAST(SUM(CAST(w.scroll_depth_pct AS DECIMAL(18, 6))) AS DECIMAL(28, 6)) / NULLIF(COUNT(w.scroll_depth_pct), 0) AS scroll_depth
    FROM ops.web_facts AS w
    WHERE w.canonical_type = 'scroll' AND w.scroll_depth_pct IS NOT NULL AND w.page_path IS NOT NULL AND w.is_bot = 0
        AND (w.is_seed = 0 OR @show_seeds = 1)
        AND w.event_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'page'))
    GROUP BY w.event_date, w.page_path
)

INSERT INTO gold.page_performance (
    metric_date, page_path, views, unique_visitors, avg_time_on_page_seconds, avg_scroll_depth, entries, exits,
    bounce_rate, exit_rate, avg_load_time_ms
)
SELECT
    v.event_date, v.page_path,
    -- page views of the path, by their date
    v.views,
    -- different visitors of the date: the view's user, else its session
    v.unique_visitors,
    -- mean time on the page, as the next view of the session told it
    CAST(ROUND(CAST(v.time_on_page_seconds AS DECIMAL(28, 11)), 6) AS DECIMAL(18, 6)),
    -- mean depth of scroll events on the page, percent
    CAST(ROUND(CAST(s.scroll_depth AS DECIMAL(18, 11)), 6) AS DECIMAL(9, 6)),
    -- sessions whose first page view it was
    v.entries,
    -- sessions whose last page view it was
    v.exits,
    -- entries of sessions that saw one page and did nothing else ÷ entries
    CAST(ROUND(CAST(CAST(v.bounces AS DECIMAL(18, 6)) / NULLIF(v.entries, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- exits ÷ views
    CAST(ROUND(CAST(CAST(v.exits AS DECIMAL(18, 6)) / NULLIF(v.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- mean load time of the views that told one
    CAST(ROUND(CAST(v.load_time_ms AS DECIMAL(28, 11)), 6) AS DECIMAL(18, 6))
FROM viewed AS v
LEFT JOIN scrolled AS s ON s.event_date = v.event_date AND s.page_path = v.page_path;
