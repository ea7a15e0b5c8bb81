-- Reviews: created_at stays the first, the rating is the newest given; deleted or restored by the newest created or
-- deleted event, since an update restores nothing.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'review', f.created_date
FROM ops.review_facts AS f
WHERE f.created_date IS NOT NULL AND f.review_id IN (SELECT t.review_id FROM ops.touched_reviews AS t);

DELETE FROM ops.review_facts WHERE review_id IN (SELECT t.review_id FROM ops.touched_reviews AS t);

WITH told AS (
    SELECT
        e.review_id, e.event_timestamp, e.canonical_type, e.product_id, e.user_id, e.rating, e.is_seed,
        CASE WHEN e.canonical_type = 'review_updated' THEN 1 ELSE 0 END AS is_update,
        ROW_NUMBER() OVER (
            PARTITION BY e.review_id ORDER BY e.event_timestamp, LOWER(CAST(e.event_id AS VARCHAR(36)))
        ) AS place
    FROM bronze.business_events AS e
    WHERE e.ingest_seq <= @to_seq AND e.review_id IN (SELECT t.review_id FROM ops.touched_reviews AS t)
        AND e.canonical_type IN ('review_created', 'review_updated', 'review_deleted')
),

ranked AS (
    SELECT
        t.*,
        ROW_NUMBER() OVER (PARTITION BY t.review_id ORDER BY t.is_update, t.place DESC) AS life_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.review_id ORDER BY CASE WHEN t.rating IS NULL THEN 1 ELSE 0 END, t.place DESC
        ) AS rating_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.review_id ORDER BY CASE WHEN t.product_id IS NULL THEN 1 ELSE 0 END, t.place
        ) AS product_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.review_id ORDER BY CASE WHEN t.user_id IS NULL THEN 1 ELSE 0 END, t.place
        ) AS user_place
    FROM told AS t
),

summed AS (
    SELECT
        r.review_id,
        MAX(CASE WHEN r.product_place = 1 THEN r.product_id END) AS product_id,
        MAX(CASE WHEN r.user_place = 1 THEN r.user_id END) AS user_id,
        MAX(CASE WHEN r.rating_place = 1 THEN r.rating END) AS rating,
        MIN(CASE WHEN r.canonical_type = 'review_created' THEN r.event_timestamp END) AS created_at,
        MAX(r.event_timestamp) AS updated_at,
        MAX(CASE WHEN r.life_place = 1 AND r.canonical_type = 'review_deleted' THEN 1 ELSE 0 END) AS is_deleted,
        MAX(CASE WHEN r.life_place = 1 AND r.canonical_type = 'review_created' THEN 1 ELSE 0 END) AS is_alive,
        MAX(CASE WHEN r.canonical_type = 'review_deleted' THEN 1 ELSE 0 END) AS was_deleted,
        MAX(r.is_seed) AS is_seed
    FROM ranked AS r
    GROUP BY r.review_id
)

INSERT INTO ops.review_facts (
    review_id, product_id, user_id, rating, created_at, created_date, updated_at, is_deleted, is_restored, is_seed
)
SELECT
    s.review_id, s.product_id, s.user_id, s.rating, s.created_at,
    CAST(ops.add_seconds(s.created_at, o.offset_seconds) AS DATE) AS created_date,
    s.updated_at, s.is_deleted,
    CASE WHEN s.is_alive = 1 AND s.was_deleted = 1 THEN 1 ELSE 0 END AS is_restored,
    s.is_seed
FROM summed AS s
LEFT JOIN ops.report_offsets AS o ON s.created_at >= o.from_utc AND s.created_at < o.to_utc;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'review', f.created_date
FROM ops.review_facts AS f
WHERE f.created_date IS NOT NULL AND f.review_id IN (SELECT t.review_id FROM ops.touched_reviews AS t);
