-- All products of a range together, by currency: what the Product page says above its table. Counts without money
-- stand in the LKR row, and so do the rate and the mean of them.
WITH sums AS (
    SELECT
        g.product_id, g.currency,
        SUM(CAST(g.views AS BIGINT)) AS views,
        SUM(CAST(g.add_to_cart AS BIGINT)) AS add_to_cart,
        SUM(CAST(g.purchases_count AS BIGINT)) AS purchases_count,
        SUM(CAST(g.units_sold AS BIGINT)) AS units_sold,
        SUM(CAST(g.revenue AS DECIMAL(18, 2))) AS revenue,
        SUM(CAST(ROUND(g.avg_rating * g.reviews_count, 0) AS BIGINT)) AS stars,
        SUM(CAST(g.reviews_count AS BIGINT)) AS reviews_count
    FROM gold.product_daily AS g
    WHERE g.metric_date >= @from AND g.metric_date <= @to
    GROUP BY g.product_id, g.currency
),

ranked AS (
    SELECT
        s.currency, s.views, s.add_to_cart, s.purchases_count, s.units_sold, s.revenue, s.stars, s.reviews_count,
        ROW_NUMBER() OVER (PARTITION BY s.currency ORDER BY s.revenue DESC, s.product_id) AS place
    FROM sums AS s
),

shop AS (
    SELECT
        r.currency,
        SUM(CAST(r.views AS BIGINT)) AS views,
        SUM(CAST(r.add_to_cart AS BIGINT)) AS add_to_cart,
        SUM(CASE WHEN r.purchases_count > 0 THEN 1 ELSE 0 END) AS products_sold,
        SUM(CAST(r.units_sold AS BIGINT)) AS units_sold,
        SUM(CAST(r.revenue AS DECIMAL(18, 2))) AS revenue,
        SUM(CASE WHEN r.place <= 5 THEN CAST(r.revenue AS DECIMAL(18, 2)) ELSE CAST(0 AS DECIMAL(18, 2)) END) AS top_five_revenue,
        SUM(CAST(r.stars AS BIGINT)) AS stars,
        SUM(CAST(r.reviews_count AS BIGINT)) AS reviews_count
    FROM ranked AS r
    GROUP BY r.currency
)

SELECT
    h.currency, h.views, h.add_to_cart, h.products_sold, h.units_sold,
    CAST(h.revenue AS DECIMAL(18, 2)) AS revenue,
    CAST(h.top_five_revenue AS DECIMAL(18, 2)) AS top_five_revenue,
    CAST(ROUND(CAST(CAST(h.stars AS DECIMAL(18, 6)) / NULLIF(h.reviews_count, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)) AS avg_rating,
    h.reviews_count,
    CASE
        WHEN h.add_to_cart > h.views AND h.views > 0 THEN 1
        ELSE CAST(ROUND(CAST(CAST(h.add_to_cart AS DECIMAL(18, 6)) / NULLIF(h.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6))
    END AS view_to_cart_rate
FROM shop AS h
