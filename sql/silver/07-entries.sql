-- Entries of touched sessions into every funnel (funnel.md 1, 2 and 8): a step-1 event with no other within one
-- window before it. spent_until: what an earlier entry could have used serves no later one.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'funnel', e.entry_date
FROM ops.funnel_entry_steps AS e
WHERE e.entered_at >= @sessions_from AND e.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);

DELETE FROM ops.funnel_entry_steps
WHERE entered_at >= @sessions_from AND session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);

WITH firsts AS (
    SELECT
        d.funnel_name, d.window_seconds, w.session_id, w.event_timestamp, w.event_date,
        LAG(w.event_timestamp) OVER (
            PARTITION BY d.funnel_name, w.session_id
            ORDER BY w.event_timestamp, LOWER(CAST(w.event_id AS VARCHAR(36)))
        ) AS before_at
    FROM ops.web_facts AS w
    INNER JOIN ops.funnel_definitions AS d ON d.canonical_type = w.canonical_type
    WHERE d.step_order = 1
        AND (
            d.page_path IS NULL
            OR (d.is_prefix = 0 AND w.page_path = d.page_path)
            OR (d.is_prefix = 1 AND w.page_path > d.page_path AND w.page_path < d.path_until)
        )
        AND w.event_timestamp >= @sessions_from AND w.is_bot = 0 AND w.is_derived = 0
        AND (w.is_seed = 0 OR @show_seeds = 1)
        AND w.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)
),

entries AS (
    SELECT
        f.funnel_name, f.session_id, f.event_timestamp AS entered_at, f.event_date AS entry_date,
        ops.add_seconds(f.event_timestamp, f.window_seconds) AS closes_at
    FROM firsts AS f
    WHERE f.before_at IS NULL OR f.event_timestamp > ops.add_seconds(f.before_at, f.window_seconds)
)

INSERT INTO ops.funnel_entry_steps (
    funnel_name, session_id, entered_at, entry_date, spent_until, closes_at, step_order, reached_at
)
SELECT
    e.funnel_name, e.session_id, e.entered_at, e.entry_date,
    LAG(e.closes_at) OVER (PARTITION BY e.funnel_name, e.session_id ORDER BY e.entered_at) AS spent_until,
    e.closes_at, 1, e.entered_at
FROM entries AS e;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'funnel', e.entry_date
FROM ops.funnel_entry_steps AS e
WHERE e.entered_at >= @sessions_from AND e.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t);
