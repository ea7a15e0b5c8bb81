DELETE FROM gold.behavior_daily
WHERE metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase'));

INSERT INTO gold.behavior_daily (
    metric_date, sessions, unique_users, page_views, clicks, add_to_cart, begin_checkout, purchases, bot_events
)
SELECT
    COALESCE(w.metric_date, p.metric_date),
    -- sessions with a web event on the date, derived ones too
    COALESCE(w.sessions, 0),
    -- users named by a web event of the date
    COALESCE(w.unique_users, 0),
    -- page views of the date
    COALESCE(w.page_views, 0),
    -- clicks of the date
    COALESCE(w.clicks, 0),
    -- events that added to a cart, by their date; not the quantity
    COALESCE(w.add_to_cart, 0),
    -- events that began a checkout, by their date
    COALESCE(w.begin_checkout, 0),
    -- purchases by their own time, unattributed ones too
    COALESCE(p.purchases, 0),
    -- events of automated visitors, which stand in no other figure
    COALESCE(w.bot_events, 0)
FROM (
    SELECT
        e.event_date AS metric_date,
        COUNT(DISTINCT CASE WHEN e.is_bot = 0 THEN e.session_id END) AS sessions,
        COUNT(DISTINCT CASE WHEN e.is_bot = 0 THEN e.user_id END) AS unique_users,
        SUM(CASE WHEN e.is_bot = 0 AND e.canonical_type = 'page_view' THEN 1 ELSE 0 END) AS page_views,
        SUM(CASE WHEN e.is_bot = 0 AND e.canonical_type = 'click' THEN 1 ELSE 0 END) AS clicks,
        SUM(CASE WHEN e.is_bot = 0 AND e.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END) AS add_to_cart,
        SUM(CASE WHEN e.is_bot = 0 AND e.canonical_type = 'begin_checkout' THEN 1 ELSE 0 END) AS begin_checkout,
        SUM(e.is_bot) AS bot_events
    FROM ops.web_facts AS e
    WHERE (e.is_seed = 0 OR @show_seeds = 1)
        AND e.event_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase'))
    GROUP BY e.event_date
) AS w
FULL OUTER JOIN (
    SELECT s.event_date AS metric_date, COUNT(*) AS purchases
    FROM silver.purchases AS s
    WHERE (s.is_seed = 0 OR @show_seeds = 1)
        AND s.event_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase'))
    GROUP BY s.event_date
) AS p ON p.metric_date = w.metric_date;
