DELETE FROM gold.product_daily
WHERE metric_date IN (
    SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase', 'review')
);

-- Counts without money stand in the LKR row.
WITH parts AS (
    SELECT
        w.event_date AS metric_date, w.product_id, 'LKR' AS currency,
        SUM(CASE WHEN w.canonical_type = 'page_view' THEN 1 ELSE 0 END) AS views,
        SUM(CASE WHEN w.canonical_type = 'click' THEN 1 ELSE 0 END) AS clicks,
        SUM(CASE WHEN w.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END) AS add_to_cart,
        0 AS purchases_count,
        CAST(0 AS BIGINT) AS units_sold,
        CAST(0 AS DECIMAL(18, 2)) AS revenue,
        0 AS rating_sum,
        0 AS reviews_count
    FROM ops.web_facts AS w
    WHERE w.product_id IS NOT NULL AND w.canonical_type IN ('page_view', 'click', 'add_to_cart') AND w.is_bot = 0
        AND (w.is_seed = 0 OR @show_seeds = 1)
        AND w.event_date IN (
            SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase', 'review')
        )
    GROUP BY w.event_date, w.product_id
    UNION ALL
    SELECT
        p.event_date, i.product_id, p.currency, 0, 0, 0,
        COUNT(DISTINCT p.order_id),
        SUM(CAST(i.quantity AS BIGINT)),
        CAST(
            SUM(
                CASE
                    WHEN i.line_total IS NOT NULL THEN CAST(i.line_total AS DECIMAL(18, 2))
                    -- a line that comes to more than an amount can be is none
                    WHEN
                        i.quantity > 0
                        AND i.unit_price > CAST(9999999999.99 AS DECIMAL(18, 6)) / NULLIF(i.quantity, 0) THEN 0
                    ELSE COALESCE(CAST(i.unit_price AS DECIMAL(12, 2)) * i.quantity, 0)
                END
            )
            AS DECIMAL(18, 2)
        ),
        0, 0
    FROM silver.purchases AS p
    INNER JOIN ops.order_facts AS f ON f.order_id = p.order_id
    INNER JOIN silver.order_items AS i ON i.order_id = p.order_id
    WHERE i.product_id IS NOT NULL AND f.cancelled_at IS NULL AND f.status <> 'refunded'
        AND (p.is_seed = 0 OR @show_seeds = 1)
        AND p.event_date IN (
            SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase', 'review')
        )
    GROUP BY p.event_date, i.product_id, p.currency
    UNION ALL
    SELECT
        r.created_date, r.product_id, 'LKR', 0, 0, 0, 0, CAST(0 AS BIGINT), CAST(0 AS DECIMAL(18, 2)),
        SUM(CAST(r.rating AS INTEGER)),
        COUNT(*)
    FROM ops.review_facts AS r
    WHERE r.product_id IS NOT NULL AND r.is_deleted = 0 AND (r.is_seed = 0 OR @show_seeds = 1)
        AND r.created_date IN (
            SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject IN ('web', 'purchase', 'review')
        )
    GROUP BY r.created_date, r.product_id
),

summed AS (
    SELECT
        a.metric_date, a.product_id, a.currency,
        SUM(a.views) AS views,
        SUM(a.clicks) AS clicks,
        SUM(a.add_to_cart) AS add_to_cart,
        SUM(a.purchases_count) AS purchases_count,
        SUM(a.units_sold) AS units_sold,
        SUM(a.revenue) AS revenue,
        SUM(a.rating_sum) AS rating_sum,
        SUM(a.reviews_count) AS reviews_count
    FROM parts AS a
    GROUP BY a.metric_date, a.product_id, a.currency
)

INSERT INTO gold.product_daily (
    metric_date, product_id, currency, views, clicks, add_to_cart, purchases_count, units_sold, revenue, avg_rating,
    reviews_count, view_to_cart_rate, cart_to_purchase_rate
)
SELECT
    s.metric_date, s.product_id, s.currency,
    -- page views that name the product, by their date; in the LKR row
    s.views,
    -- clicks that name the product, by their date; in the LKR row
    s.clicks,
    -- events that added the product to a cart, by their date, not the quantity; in the LKR row
    s.add_to_cart,
    -- orders with the product, neither cancelled nor wholly refunded, by the date of their purchase
    s.purchases_count,
    -- quantity in the orders of purchases_count
    s.units_sold,
    -- of the orders of purchases_count: line totals, else price × quantity (up to the greatest amount, 9,999,999,999.99)
    s.revenue,
    -- mean rating of reviews_count; in the LKR row
    CAST(ROUND(CAST(CAST(s.rating_sum AS DECIMAL(18, 6)) / NULLIF(s.reviews_count, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)),
    -- reviews that stand, by the date of their first creation; in the LKR row
    s.reviews_count,
    -- add_to_cart ÷ views, at most 1
    CASE
        WHEN s.add_to_cart > s.views AND s.views > 0 THEN 1
        ELSE CAST(ROUND(CAST(CAST(s.add_to_cart AS DECIMAL(18, 6)) / NULLIF(s.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6))
    END,
    -- purchases_count ÷ add_to_cart, at most 1
    CASE
        WHEN s.purchases_count > s.add_to_cart AND s.add_to_cart > 0 THEN 1
        ELSE CAST(
            ROUND(CAST(CAST(s.purchases_count AS DECIMAL(18, 6)) / NULLIF(s.add_to_cart, 0) AS DECIMAL(18, 15)), 6)
            AS DECIMAL(9, 6)
        )
    END
FROM summed AS s;
