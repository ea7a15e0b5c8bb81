-- Purchases whose session must be found anew: those of touched orders, and those that a new web event may own
-- (funnel.md 6a to 6d: their session, their order or their user is named within reach).
INSERT INTO ops.touched_purchases (order_id)
SELECT t.order_id
FROM ops.touched_orders AS t
UNION
SELECT p.order_id
FROM ops.purchase_facts AS p
INNER JOIN ops.web_facts AS w ON w.session_id = p.own_session_id
WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq AND w.is_bot = 0 AND w.is_derived = 0
    AND p.event_timestamp >= @reach_from AND p.event_timestamp <= @reach_to
UNION
SELECT p.order_id
FROM ops.purchase_facts AS p
INNER JOIN ops.web_facts AS w ON w.order_id = p.order_id
WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq AND w.is_bot = 0 AND w.is_derived = 0
    AND p.event_timestamp >= @reach_from AND p.event_timestamp <= @reach_to
UNION
SELECT p.order_id
FROM ops.purchase_facts AS p
INNER JOIN ops.web_facts AS w ON w.user_id = p.user_id
WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq AND w.is_bot = 0 AND w.is_derived = 0
    AND w.canonical_type IN ('page_view', 'begin_checkout')
    AND p.event_timestamp >= @reach_from AND p.event_timestamp <= @reach_to
    AND p.event_timestamp >= ops.add_seconds(w.event_timestamp, -2)
    AND p.event_timestamp <= ops.add_seconds(w.event_timestamp, 86400);
