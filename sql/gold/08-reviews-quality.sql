DELETE FROM gold.reviews_quality
WHERE metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'review');

INSERT INTO gold.reviews_quality (metric_date, product_id, total_reviews, five_star_reviews, avg_rating)
SELECT
    r.created_date, r.product_id,
    -- reviews that stand, by the date of their first creation
    COUNT(*),
    -- those of them with five stars
    SUM(CASE WHEN r.rating = 5 THEN 1 ELSE 0 END),
    -- mean rating of total_reviews that have one
    CAST(
        ROUND(
            CAST(CAST(SUM(CAST(r.rating AS INTEGER)) AS DECIMAL(18, 6)) / NULLIF(COUNT(r.rating), 0) AS DECIMAL(18, 15)),
            6
        )
        AS DECIMAL(9, 6)
    )
FROM ops.review_facts AS r
WHERE r.product_id IS NOT NULL AND r.is_deleted = 0 AND (r.is_seed = 0 OR @show_seeds = 1)
    AND r.created_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'review')
GROUP BY r.created_date, r.product_id;
