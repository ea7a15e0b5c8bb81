-- Run once for each step from the second on (funnel.md 3 and 4): the earliest event of the step that is not more
-- than 2 s before the step before it, within the window from the entry.
INSERT INTO ops.funnel_entry_steps (
    funnel_name, session_id, entered_at, entry_date, spent_until, closes_at, step_order, reached_at
)
SELECT
    e.funnel_name, e.session_id, e.entered_at, e.entry_date, e.spent_until, e.closes_at, @step, MIN(s.event_timestamp)
FROM ops.funnel_entry_steps AS e
INNER JOIN ops.funnel_definitions AS d ON d.funnel_name = e.funnel_name
INNER JOIN (
    SELECT w.session_id, w.canonical_type, w.page_path, w.event_timestamp
    FROM ops.web_facts AS w
    WHERE w.event_timestamp >= @sessions_from AND w.is_bot = 0 AND w.is_derived = 0
        AND (w.is_seed = 0 OR @show_seeds = 1)
        AND w.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
    UNION ALL
    SELECT p.session_id, 'purchase', CAST(NULL AS VARCHAR(400)), p.event_timestamp
    FROM silver.purchases AS p
    WHERE p.event_timestamp >= @session_purchases_from AND (p.is_seed = 0 OR @show_seeds = 1)
        AND p.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
) AS s ON s.session_id = e.session_id AND s.canonical_type = d.canonical_type
WHERE e.step_order = @step - 1 AND d.step_order = @step AND e.entered_at >= @sessions_from
    AND e.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
    AND (
        d.page_path IS NULL
        OR (d.is_prefix = 0 AND s.page_path = d.page_path)
        OR (d.is_prefix = 1 AND s.page_path > d.page_path AND s.page_path < d.path_until)
    )
    AND s.event_timestamp >= ops.add_seconds(e.reached_at, -2) AND s.event_timestamp <= e.closes_at
    AND (e.spent_until IS NULL OR s.event_timestamp > e.spent_until)
GROUP BY e.funnel_name, e.session_id, e.entered_at, e.entry_date, e.spent_until, e.closes_at;
