-- gold.product_daily over the days of a range: the same columns with the same meaning, without the date. Counts
-- without money stand in the LKR row, and so do the rates and the mean of them.
WITH sums AS (
    SELECT
        g.product_id, g.currency,
        SUM(CAST(g.views AS BIGINT)) AS views,
        SUM(CAST(g.clicks AS BIGINT)) AS clicks,
        SUM(CAST(g.add_to_cart AS BIGINT)) AS add_to_cart,
        SUM(CAST(g.purchases_count AS BIGINT)) AS purchases_count,
        SUM(CAST(g.units_sold AS BIGINT)) AS units_sold,
        SUM(CAST(g.revenue AS DECIMAL(18, 2))) AS revenue,
        -- a day's mean to six decimals gives back the whole number that it was made from
        SUM(CAST(ROUND(g.avg_rating * g.reviews_count, 0) AS BIGINT)) AS stars,
        SUM(CAST(g.reviews_count AS BIGINT)) AS reviews_count
    FROM gold.product_daily AS g
    WHERE g.metric_date >= @from AND g.metric_date <= @to
    GROUP BY g.product_id, g.currency
)

SELECT
    s.product_id, s.currency, s.views, s.clicks, s.add_to_cart, s.purchases_count, s.units_sold,
    CAST(s.revenue AS DECIMAL(18, 2)) AS revenue,
    CAST(ROUND(CAST(CAST(s.stars AS DECIMAL(18, 6)) / NULLIF(s.reviews_count, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)) AS avg_rating,
    s.reviews_count,
    CASE
        WHEN s.add_to_cart > s.views AND s.views > 0 THEN 1
        ELSE CAST(ROUND(CAST(CAST(s.add_to_cart AS DECIMAL(18, 6)) / NULLIF(s.views, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6))
    END AS view_to_cart_rate,
    CASE
        WHEN s.purchases_count > s.add_to_cart AND s.add_to_cart > 0 THEN 1
        ELSE CAST(ROUND(CAST(CAST(s.purchases_count AS DECIMAL(18, 6)) / NULLIF(s.add_to_cart, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6))
    END AS cart_to_purchase_rate
FROM sums AS s
