DELETE FROM gold.funnel_daily
WHERE metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('funnel', 'purchase'));

-- The funnel `purchase`, a column a step.
WITH steps AS (
    SELECT
        e.entry_date,
        SUM(CASE WHEN d.canonical_type = 'page_view' THEN 1 ELSE 0 END) AS views,
        SUM(CASE WHEN d.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END) AS carts,
        SUM(CASE WHEN d.canonical_type = 'begin_checkout' THEN 1 ELSE 0 END) AS checkouts,
        SUM(CASE WHEN d.canonical_type = 'purchase' THEN 1 ELSE 0 END) AS purchases
    FROM ops.funnel_entry_steps AS e
    INNER JOIN ops.funnel_definitions AS d ON d.funnel_name = e.funnel_name AND d.step_order = e.step_order
    WHERE e.funnel_name = 'purchase'
        AND e.entry_date IN (
            SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('funnel', 'purchase')
        )
    GROUP BY e.entry_date
),

outside AS (
    SELECT p.event_date, COUNT(*) AS purchases
    FROM silver.purchases AS p
    WHERE p.credit_rule = 'e' AND (p.is_seed = 0 OR @show_seeds = 1)
        AND p.event_date IN (
            SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('funnel', 'purchase')
        )
    GROUP BY p.event_date
)

INSERT INTO gold.funnel_daily (
    metric_date, view_sessions, cart_sessions, checkout_sessions, purchase_sessions, view_to_cart_rate,
    cart_to_checkout_rate, checkout_to_purchase_rate, view_to_purchase_rate, unattributed_purchases, is_complete
)
SELECT
    COALESCE(s.entry_date, o.event_date),
    -- sessions that entered the funnel purchase on the date, by a page view
    COALESCE(s.views, 0),
    -- entries of the date that added to a cart in time
    COALESCE(s.carts, 0),
    -- entries of the date that began a checkout in time
    COALESCE(s.checkouts, 0),
    -- entries of the date that purchased in time
    COALESCE(s.purchases, 0),
    -- cart_sessions ÷ view_sessions
    CAST(ROUND(CAST(CAST(s.carts AS DECIMAL(18, 6)) / NULLIF(s.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- checkout_sessions ÷ cart_sessions
    CAST(ROUND(CAST(CAST(s.checkouts AS DECIMAL(18, 6)) / NULLIF(s.carts, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- purchase_sessions ÷ checkout_sessions
    CAST(ROUND(CAST(CAST(s.purchases AS DECIMAL(18, 6)) / NULLIF(s.checkouts, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- purchase_sessions ÷ view_sessions
    CAST(ROUND(CAST(CAST(s.purchases AS DECIMAL(18, 6)) / NULLIF(s.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- purchases of the date that no session is credited with (funnel.md 6e)
    COALESCE(o.purchases, 0),
    -- 1: the date is over and so is the window of everybody who entered on it
    CASE WHEN COALESCE(s.entry_date, o.event_date) < CAST(@open_date AS DATE) THEN 1 ELSE 0 END
FROM steps AS s
FULL OUTER JOIN outside AS o ON o.event_date = s.entry_date;
