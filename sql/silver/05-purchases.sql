-- Which session a purchase belongs to (funnel.md 6): the best rule, then the newest event by (time, event id).
-- Bots and derived sessions give no credit, and seeds only to seeds.
INSERT INTO ops.touched_sessions (session_id)
SELECT DISTINCT p.session_id
FROM silver.purchases AS p
WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t) AND p.session_id IS NOT NULL;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'purchase', p.event_date
FROM silver.purchases AS p
WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t);

DELETE FROM silver.purchases WHERE order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t);

WITH able AS (
    SELECT
        w.session_id, w.user_id, w.order_id, w.canonical_type, w.event_timestamp, w.is_seed,
        LOWER(CAST(w.event_id AS VARCHAR(36))) AS tie
    FROM ops.web_facts AS w
    WHERE w.event_timestamp >= @credit_from AND w.event_timestamp <= @credit_to AND w.is_bot = 0 AND w.is_derived = 0
        AND w.canonical_type IN ('page_view', 'add_to_cart', 'begin_checkout')
),

asked AS (
    SELECT
        p.order_id, p.user_id, p.own_session_id, p.is_seed,
        p.event_timestamp,
        ops.add_seconds(p.event_timestamp, -86400) AS since,
        ops.add_seconds(p.event_timestamp, 2) AS until,
        ops.add_seconds(p.event_timestamp, 86400) AS until_own
    FROM ops.purchase_facts AS p
    WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t)
),

offered AS (
    SELECT a.order_id, 'a' AS credit_rule, a.own_session_id AS session_id, MAX(w.event_timestamp) AS event_timestamp, '' AS tie
    FROM asked AS a
    INNER JOIN able AS w ON w.session_id = a.own_session_id AND w.is_seed = a.is_seed
    WHERE w.event_timestamp >= a.since AND w.event_timestamp <= a.until_own
    GROUP BY a.order_id, a.own_session_id
    UNION ALL
    SELECT a.order_id, 'b' AS credit_rule, w.session_id, w.event_timestamp, w.tie
    FROM asked AS a
    INNER JOIN able AS w ON w.order_id = a.order_id AND w.is_seed = a.is_seed
    WHERE w.canonical_type = 'begin_checkout' AND w.event_timestamp >= a.since AND w.event_timestamp <= a.until
    UNION ALL
    SELECT
        a.order_id, CASE WHEN w.canonical_type = 'begin_checkout' THEN 'c' ELSE 'd' END AS credit_rule, w.session_id,
        w.event_timestamp, w.tie
    FROM asked AS a
    INNER JOIN able AS w ON w.user_id = a.user_id AND w.is_seed = a.is_seed
    WHERE w.canonical_type IN ('page_view', 'begin_checkout')
        AND w.event_timestamp >= a.since AND w.event_timestamp <= a.until
),

best AS (
    SELECT
        f.order_id, f.credit_rule, f.session_id,
        ROW_NUMBER() OVER (PARTITION BY f.order_id ORDER BY f.credit_rule, f.event_timestamp DESC, f.tie DESC) AS place
    FROM offered AS f
)

INSERT INTO silver.purchases (
    order_id, event_timestamp, event_date, user_id, total_amount, currency, session_id, credit_rule, is_seed
)
SELECT
    p.order_id, p.event_timestamp, p.event_date, p.user_id, p.total_amount, p.currency, b.session_id,
    COALESCE(b.credit_rule, 'e') AS credit_rule, p.is_seed
FROM ops.purchase_facts AS p
LEFT JOIN best AS b ON b.order_id = p.order_id AND b.place = 1
WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t);

INSERT INTO ops.touched_sessions (session_id)
SELECT DISTINCT p.session_id
FROM silver.purchases AS p
WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t) AND p.session_id IS NOT NULL;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'purchase', p.event_date
FROM silver.purchases AS p
WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t);
