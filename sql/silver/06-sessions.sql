-- Touched sessions, made anew from all their events. Bots belong to no session. Nothing of them stands before
-- @sessions_from, and so nothing before it is looked through; their purchases and dates begin up to a day earlier.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'page', f.event_date
FROM ops.page_view_facts AS f
WHERE f.event_date >= CAST(@sessions_from_date AS DATE)
    AND f.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);

DELETE FROM silver.sessions
WHERE session_start >= @sessions_from AND session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);
DELETE FROM silver.session_products
WHERE first_seen >= @sessions_from AND session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);
DELETE FROM ops.page_view_facts
WHERE event_date >= CAST(@sessions_from_date AS DATE)
    AND session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);

-- is_bounce: exactly one page view, and no click, cart, checkout, search, form or credited purchase.
WITH placed AS (
    SELECT
        w.session_id, w.user_id, w.canonical_type, w.page_path, w.event_timestamp, w.utm_source, w.utm_medium,
        w.utm_campaign, w.is_seed,
        ROW_NUMBER() OVER (
            PARTITION BY w.session_id, w.canonical_type
            ORDER BY w.event_timestamp, LOWER(CAST(w.event_id AS VARCHAR(36)))
        ) AS place,
        ROW_NUMBER() OVER (
            PARTITION BY w.session_id, w.canonical_type
            ORDER BY w.event_timestamp DESC, LOWER(CAST(w.event_id AS VARCHAR(36))) DESC
        ) AS place_from_end,
        ROW_NUMBER() OVER (
            PARTITION BY w.session_id
            ORDER BY
                CASE WHEN w.user_id IS NULL THEN 1 ELSE 0 END,
                w.event_timestamp DESC, LOWER(CAST(w.event_id AS VARCHAR(36))) DESC
        ) AS user_place
    FROM ops.web_facts AS w
    WHERE w.event_timestamp >= @sessions_from AND w.is_bot = 0
        AND w.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
),

summed AS (
    SELECT
        p.session_id,
        MAX(CASE WHEN p.user_place = 1 THEN p.user_id END) AS user_id,
        MIN(p.event_timestamp) AS session_start,
        MAX(p.event_timestamp) AS session_end,
        COUNT(*) AS events_count,
        SUM(CASE WHEN p.canonical_type = 'page_view' THEN 1 ELSE 0 END) AS page_views,
        SUM(CASE WHEN p.canonical_type = 'click' THEN 1 ELSE 0 END) AS clicks,
        SUM(CASE WHEN p.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END) AS add_to_cart,
        SUM(CASE WHEN p.canonical_type = 'begin_checkout' THEN 1 ELSE 0 END) AS begin_checkout,
        SUM(CASE WHEN p.canonical_type IN ('search', 'form_interaction') THEN 1 ELSE 0 END) AS other_actions,
        MAX(CASE WHEN p.canonical_type = 'page_view' AND p.place = 1 THEN p.page_path END) AS entry_page,
        MAX(CASE WHEN p.canonical_type = 'page_view' AND p.place_from_end = 1 THEN p.page_path END) AS exit_page,
        MAX(CASE WHEN p.canonical_type = 'page_view' AND p.place = 1 THEN p.utm_source END) AS utm_source,
        MAX(CASE WHEN p.canonical_type = 'page_view' AND p.place = 1 THEN p.utm_medium END) AS utm_medium,
        MAX(CASE WHEN p.canonical_type = 'page_view' AND p.place = 1 THEN p.utm_campaign END) AS utm_campaign,
        MAX(p.is_seed) AS is_seed
    FROM placed AS p
    GROUP BY p.session_id
),

bought AS (
    SELECT p.session_id, COUNT(*) AS purchases
    FROM silver.purchases AS p
    WHERE p.event_timestamp >= @session_purchases_from
        AND p.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
    GROUP BY p.session_id
)

INSERT INTO silver.sessions (
    session_id, user_id, session_start, session_end, duration_seconds, events_count, page_views, clicks, add_to_cart,
    begin_checkout, purchases, entry_page, exit_page, utm_source, utm_medium, utm_campaign, is_bounce, is_seed
)
SELECT
    s.session_id, s.user_id, s.session_start, s.session_end, ops.seconds_between(s.session_start, s.session_end),
    s.events_count, s.page_views, s.clicks, s.add_to_cart, s.begin_checkout, COALESCE(b.purchases, 0), s.entry_page,
    s.exit_page, s.utm_source, s.utm_medium, s.utm_campaign,
    CASE
        WHEN s.page_views = 1
            AND s.clicks + s.add_to_cart + s.begin_checkout + s.other_actions + COALESCE(b.purchases, 0) = 0 THEN 1
        ELSE 0
    END AS is_bounce,
    s.is_seed
FROM summed AS s
LEFT JOIN bought AS b ON b.session_id = s.session_id;

INSERT INTO silver.session_products (
    session_id, product_id, first_seen, last_seen, views, clicks, add_to_cart
)
SELECT
    w.session_id, w.product_id, MIN(w.event_timestamp), MAX(w.event_timestamp),
    SUM(CASE WHEN w.canonical_type = 'page_view' THEN 1 ELSE 0 END),
    SUM(CASE WHEN w.canonical_type = 'click' THEN 1 ELSE 0 END),
    SUM(CASE WHEN w.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END)
FROM ops.web_facts AS w
WHERE w.event_timestamp >= @sessions_from AND w.is_bot = 0 AND w.product_id IS NOT NULL
    AND w.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
GROUP BY w.session_id, w.product_id;

-- The time on a page is told by the next view of its session. The first view is the entry, the last the exit.
INSERT INTO ops.page_view_facts (
    session_id, event_date, page_path, visitor, load_time_ms, time_on_page_seconds, is_entry, is_exit, is_bounce,
    is_seed, is_session_seed
)
SELECT
    v.session_id, v.event_date, v.page_path, v.visitor, v.load_time_ms, v.time_on_page_seconds,
    CASE WHEN v.place = 1 THEN 1 ELSE 0 END AS is_entry,
    CASE WHEN v.place = v.views THEN 1 ELSE 0 END AS is_exit,
    CASE WHEN v.place = 1 THEN s.is_bounce ELSE 0 END AS is_bounce,
    v.is_seed, s.is_seed AS is_session_seed
FROM (
    SELECT
        w.session_id, w.event_date, w.page_path, COALESCE(w.user_id, w.session_id) AS visitor, w.load_time_ms,
        LEAD(w.time_on_prev_page_seconds) OVER (
            PARTITION BY w.session_id, CASE WHEN @show_seeds = 1 THEN 0 ELSE w.is_seed END
            ORDER BY w.event_timestamp, LOWER(CAST(w.event_id AS VARCHAR(36)))
        ) AS time_on_page_seconds,
        ROW_NUMBER() OVER (
            PARTITION BY w.session_id ORDER BY w.event_timestamp, LOWER(CAST(w.event_id AS VARCHAR(36)))
        ) AS place,
        COUNT(*) OVER (PARTITION BY w.session_id) AS views,
        w.is_seed
    FROM ops.web_facts AS w
    WHERE w.event_timestamp >= @sessions_from AND w.is_bot = 0 AND w.canonical_type = 'page_view'
        AND w.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
) AS v
INNER JOIN silver.sessions AS s ON s.session_id = v.session_id
WHERE s.session_start >= @sessions_from;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'page', f.event_date
FROM ops.page_view_facts AS f
WHERE f.event_date >= CAST(@sessions_from_date AS DATE)
    AND f.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);
