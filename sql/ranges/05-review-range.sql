-- gold.reviews_quality over the days of a range, without the date; the mean is that of the days, by their reviews.
WITH sums AS (
    SELECT
        g.product_id,
        SUM(CAST(g.total_reviews AS BIGINT)) AS total_reviews,
        SUM(CAST(g.five_star_reviews AS BIGINT)) AS five_star_reviews,
        SUM(CAST(g.avg_rating * g.total_reviews AS DECIMAL(18, 6))) AS stars,
        SUM(CASE WHEN g.avg_rating IS NULL THEN 0 ELSE CAST(g.total_reviews AS BIGINT) END) AS rated
    FROM gold.reviews_quality AS g
    WHERE g.metric_date >= @from AND g.metric_date <= @to
    GROUP BY g.product_id
)

SELECT
    s.product_id, s.total_reviews, s.five_star_reviews,
    CAST(ROUND(CAST(CAST(s.stars AS DECIMAL(18, 6)) / NULLIF(s.rated, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6)) AS avg_rating
FROM sums AS s
