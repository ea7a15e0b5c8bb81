DELETE FROM gold.conversion_funnel
WHERE funnel_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'funnel');

WITH depths AS (
    SELECT
        e.funnel_name, e.entry_date, e.session_id, e.entered_at, e.closes_at, MAX(e.step_order) AS depth
    FROM ops.funnel_entry_steps AS e
    WHERE e.entry_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'funnel')
    GROUP BY e.funnel_name, e.entry_date, e.session_id, e.entered_at, e.closes_at
),

counted AS (
    SELECT
        p.entry_date, d.funnel_name, d.step_name, d.step_order,
        SUM(CASE WHEN p.depth >= d.step_order THEN 1 ELSE 0 END) AS sessions,
        SUM(CASE WHEN p.depth = d.step_order - 1 AND p.closes_at > @as_of THEN 1 ELSE 0 END) AS still_in_time,
        SUM(CASE WHEN p.depth = d.step_order - 1 AND p.closes_at <= @as_of THEN 1 ELSE 0 END) AS dropped
    FROM depths AS p
    INNER JOIN ops.funnel_definitions AS d ON d.funnel_name = p.funnel_name
    GROUP BY p.entry_date, d.funnel_name, d.step_name, d.step_order
),

durations AS (
    SELECT
        n.funnel_name, n.entry_date, n.step_order, n.seconds,
        ROW_NUMBER() OVER (PARTITION BY n.funnel_name, n.entry_date, n.step_order ORDER BY n.seconds) AS place,
        COUNT(*) OVER (PARTITION BY n.funnel_name, n.entry_date, n.step_order) AS n
    FROM (
        SELECT
            e.funnel_name, e.entry_date, e.step_order,
            CASE
                WHEN b.reached_at > e.reached_at THEN CAST(0 AS DECIMAL(18, 3))
                ELSE ops.seconds_between(b.reached_at, e.reached_at)
            END AS seconds
        FROM ops.funnel_entry_steps AS e
        INNER JOIN ops.funnel_entry_steps AS b
            ON b.funnel_name = e.funnel_name AND b.session_id = e.session_id AND b.entered_at = e.entered_at
            AND b.step_order = e.step_order - 1
        WHERE e.step_order > 1
            AND e.entry_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'funnel')
    ) AS n
),

-- Linear interpolation at p·(n−1): between the values before and after that place.
times AS (
    SELECT
        u.funnel_name, u.entry_date, u.step_order,
        MAX(CASE WHEN u.place = (u.n - 1) / 2 + 1 THEN u.seconds END) AS median_low,
        MAX(CASE WHEN u.place = (u.n - 1) / 2 + 2 THEN u.seconds END) AS median_high,
        MAX(CAST((u.n - 1) % 2 AS DECIMAL(3, 0)) * 0.5) AS median_part,
        MAX(CASE WHEN u.place = (u.n - 1) * 9 / 10 + 1 THEN u.seconds END) AS p90_low,
        MAX(CASE WHEN u.place = (u.n - 1) * 9 / 10 + 2 THEN u.seconds END) AS p90_high,
        MAX(CAST((u.n - 1) * 9 % 10 AS DECIMAL(3, 0)) * 0.1) AS p90_part
    FROM durations AS u
    GROUP BY u.funnel_name, u.entry_date, u.step_order
)

INSERT INTO gold.conversion_funnel (
    funnel_date, funnel_name, funnel_step, step_order, sessions, still_in_time, dropped, drop_off_rate,
    median_seconds, p90_seconds
)
SELECT
    c.entry_date, c.funnel_name, c.step_name, c.step_order,
    -- entries of the date that reached the step
    c.sessions,
    -- entries that reached the step before and not this one, and can still convert at the cycle's as_of
    c.still_in_time,
    -- entries that reached the step before and not this one, and whose window is closed
    c.dropped,
    -- dropped ÷ sessions of the step before; NULL for step 1
    CASE
        WHEN c.step_order > 1
            THEN CAST(ROUND(CAST(CAST(c.dropped AS DECIMAL(18, 6)) / NULLIF(b.sessions, 0) AS DECIMAL(18, 15)), 6) AS DECIMAL(9, 6))
    END,
    -- time from the step before, of those that went on: half of them took no longer
    CAST(t.median_low + COALESCE(t.median_high - t.median_low, 0) * t.median_part AS DECIMAL(18, 6)),
    -- time from the step before, of those that went on: nine of ten took no longer
    CAST(t.p90_low + COALESCE(t.p90_high - t.p90_low, 0) * t.p90_part AS DECIMAL(18, 6))
FROM counted AS c
LEFT JOIN counted AS b
    ON b.entry_date = c.entry_date AND b.funnel_name = c.funnel_name AND b.step_order = c.step_order - 1
LEFT JOIN times AS t
    ON t.entry_date = c.entry_date AND t.funnel_name = c.funnel_name AND t.step_order = c.step_order;
