-- Orders, their lines, payments and purchases, from all events up to @to_seq of the orders that got a new one.
-- "The first" and "the newest" are by (time, event id as lower-case text), everywhere. No event of theirs is older than
-- @orders_from, and so nothing before it is looked through.
INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'order', f.created_date
FROM ops.order_facts AS f
WHERE f.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t);

DELETE FROM ops.order_facts WHERE order_id IN (SELECT t.order_id FROM ops.touched_orders AS t);
DELETE FROM silver.order_items WHERE order_id IN (SELECT t.order_id FROM ops.touched_orders AS t);
DELETE FROM silver.payments WHERE order_id IN (SELECT t.order_id FROM ops.touched_orders AS t);
DELETE FROM ops.purchase_facts WHERE order_id IN (SELECT t.order_id FROM ops.touched_orders AS t);

-- Lines: of the newest event with items; those of a cancellation or refund only when no other has any. What only a
-- review or another type names is no order.
WITH carriers AS (
    SELECT
        e.order_id, e.event_id,
        ROW_NUMBER() OVER (
            PARTITION BY e.order_id
            ORDER BY
                CASE WHEN e.canonical_type IN ('order_cancelled', 'refunded') THEN 1 ELSE 0 END,
                e.event_timestamp DESC, LOWER(CAST(e.event_id AS VARCHAR(36))) DESC
        ) AS place
    FROM bronze.business_events AS e
    WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @orders_from
        AND e.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)
        AND e.event_id IN (
            SELECT i.event_id
            FROM bronze.business_event_items AS i
            WHERE i.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)
        )
        AND e.order_id IN (
            SELECT o.order_id
            FROM bronze.business_events AS o
            WHERE o.ingest_seq <= @to_seq AND o.event_timestamp >= @orders_from AND o.canonical_type IN (
                'order_created', 'order_cancelled', 'order_status', 'order_paid', 'payment_pending',
                'payment_not_required', 'payment_failed', 'refunded'
            )
        )
)
INSERT INTO silver.order_items (order_id, line_number, product_id, quantity, unit_price, line_total)
SELECT c.order_id, i.line_number, i.product_id, COALESCE(i.quantity, 1), i.unit_price, i.line_total
FROM carriers AS c
INNER JOIN bronze.business_event_items AS i ON i.event_id = c.event_id
WHERE c.place = 1;

-- status: the furthest by business order, whatever came when. amount and currency: of one event, order_created,
-- else order_paid, else the earliest of the open or failed payments that has an amount.
-- refunded_amount: the greatest sum of one raw event type, since two may tell one refund; at most the amount. A
-- refund without an amount is the whole order; one in another currency is not subtracted.
WITH told AS (
    SELECT
        e.order_id, e.event_timestamp, e.canonical_type, e.event_type, e.user_id, e.session_id, e.amount, e.currency,
        e.payment_method, e.status, e.is_seed,
        CASE
            WHEN e.canonical_type IN (
                'order_created', 'order_cancelled', 'order_status', 'order_paid', 'payment_pending',
                'payment_not_required', 'payment_failed', 'refunded'
            ) THEN 1
            ELSE 0
        END AS is_of_order,
        ROW_NUMBER() OVER (
            PARTITION BY e.order_id ORDER BY e.event_timestamp, LOWER(CAST(e.event_id AS VARCHAR(36)))
        ) AS place,
        CASE
            WHEN e.amount IS NULL THEN NULL
            WHEN e.canonical_type = 'order_created' THEN 1
            WHEN e.canonical_type = 'order_paid' THEN 2
            WHEN e.canonical_type IN ('payment_pending', 'payment_not_required', 'payment_failed') THEN 3
        END AS price_rank
    FROM bronze.business_events AS e
    WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @orders_from
        AND e.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)
),

ranked AS (
    SELECT
        t.*,
        ROW_NUMBER() OVER (
            PARTITION BY t.order_id ORDER BY CASE WHEN t.price_rank IS NULL THEN 9 ELSE t.price_rank END, t.place
        ) AS price_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.order_id ORDER BY CASE WHEN t.user_id IS NULL THEN 1 ELSE 0 END, t.place
        ) AS user_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.order_id ORDER BY CASE WHEN t.payment_method IS NULL THEN 1 ELSE 0 END, t.place
        ) AS method_place
    FROM told AS t
),

summed AS (
    SELECT
        r.order_id,
        COALESCE(
            MIN(CASE WHEN r.canonical_type = 'order_created' THEN r.event_timestamp END), MIN(r.event_timestamp)
        ) AS created_at,
        MAX(r.event_timestamp) AS updated_at,
        MIN(CASE WHEN r.canonical_type = 'order_paid' THEN r.event_timestamp END) AS paid_at,
        MIN(CASE WHEN r.canonical_type = 'order_cancelled' THEN r.event_timestamp END) AS cancelled_at,
        MAX(CASE WHEN r.user_place = 1 THEN r.user_id END) AS user_id,
        MAX(CASE WHEN r.method_place = 1 THEN r.payment_method END) AS payment_method,
        MAX(CASE WHEN r.price_place = 1 AND r.price_rank IS NOT NULL THEN r.amount END) AS total_amount,
        COALESCE(MAX(CASE WHEN r.price_place = 1 AND r.price_rank IS NOT NULL THEN r.currency END), 'LKR') AS currency,
        MAX(
            CASE
                WHEN r.canonical_type = 'order_cancelled' THEN 6
                WHEN r.canonical_type = 'order_status' AND r.status = 'DELIVERED' THEN 5
                WHEN r.canonical_type = 'order_status' AND r.status = 'SHIPPED' THEN 4
                WHEN r.canonical_type = 'order_status' AND r.status = 'PROCESSING' THEN 3
                WHEN r.canonical_type = 'order_paid' THEN 2
                ELSE 1
            END
        ) AS furthest,
        MAX(
            CASE
                WHEN r.canonical_type IN ('order_paid', 'payment_pending', 'payment_failed', 'refunded') THEN 1
                ELSE 0
            END
        ) AS tried_online,
        MAX(CASE WHEN r.canonical_type = 'refunded' THEN 1 ELSE 0 END) AS has_refund,
        MAX(r.is_of_order) AS is_order,
        MAX(r.is_seed) AS is_seed
    FROM ranked AS r
    GROUP BY r.order_id
),

refunds AS (
    SELECT g.order_id, MAX(g.refunded) AS refunded
    FROM (
        SELECT
            t.order_id, t.event_type,
            SUM(CAST(COALESCE(t.amount, s.total_amount) AS DECIMAL(18, 2))) AS refunded
        FROM told AS t
        INNER JOIN summed AS s ON s.order_id = t.order_id
        WHERE t.canonical_type = 'refunded' AND s.total_amount IS NOT NULL
            AND COALESCE(t.currency, s.currency) = s.currency
        GROUP BY t.order_id, t.event_type
    ) AS g
    GROUP BY g.order_id
)

INSERT INTO ops.order_facts (
    order_id, user_id, created_at, created_date, status, currency, total_amount, refunded_amount, payment_method,
    paid_at, cancelled_at, updated_at, has_items, tried_online, has_refund, is_seed
)
SELECT
    s.order_id, s.user_id, s.created_at,
    CAST(ops.add_seconds(s.created_at, o.offset_seconds) AS DATE) AS created_date,
    CASE
        WHEN f.refunded >= s.total_amount THEN 'refunded'
        WHEN s.furthest = 6 THEN 'cancelled'
        WHEN s.furthest = 5 THEN 'delivered'
        WHEN s.furthest = 4 THEN 'shipped'
        WHEN s.furthest = 3 THEN 'processing'
        WHEN s.furthest = 2 THEN 'paid'
        ELSE 'created'
    END AS status,
    s.currency, s.total_amount,
    CASE
        WHEN f.refunded IS NULL THEN 0
        WHEN f.refunded > s.total_amount THEN s.total_amount
        ELSE f.refunded
    END AS refunded_amount,
    s.payment_method, s.paid_at, s.cancelled_at, s.updated_at,
    CASE WHEN i.order_id IS NULL THEN 0 ELSE 1 END AS has_items,
    s.tried_online, s.has_refund, s.is_seed
FROM summed AS s
INNER JOIN ops.report_offsets AS o ON s.created_at >= o.from_utc AND s.created_at < o.to_utc
LEFT JOIN refunds AS f ON f.order_id = s.order_id
LEFT JOIN (
    SELECT DISTINCT l.order_id
    FROM silver.order_items AS l
    WHERE l.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)
) AS i ON i.order_id = s.order_id
WHERE s.is_order = 1;

-- The purchase: by time the first order_paid, or order_created paid on delivery. Its user and session are its own,
-- else the earliest that the order has; its amount its own, else the order's.
WITH told AS (
    SELECT
        e.order_id, e.event_timestamp, e.user_id, e.session_id, e.amount, e.currency, e.is_seed, e.canonical_type,
        e.payment_method,
        ROW_NUMBER() OVER (
            PARTITION BY e.order_id ORDER BY e.event_timestamp, LOWER(CAST(e.event_id AS VARCHAR(36)))
        ) AS place
    FROM bronze.business_events AS e
    WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @orders_from
        AND e.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)
),

firsts AS (
    SELECT
        t.order_id,
        MIN(
            CASE
                WHEN t.canonical_type = 'order_paid'
                    OR (t.canonical_type = 'order_created' AND t.payment_method = 'COD') THEN t.place
            END
        ) AS purchase_place,
        MIN(CASE WHEN t.user_id IS NOT NULL THEN t.place END) AS user_place,
        MIN(CASE WHEN t.session_id IS NOT NULL THEN t.place END) AS session_place,
        MAX(t.is_seed) AS is_seed
    FROM told AS t
    GROUP BY t.order_id
)

INSERT INTO ops.purchase_facts (
    order_id, event_timestamp, event_date, user_id, total_amount, currency, own_session_id, is_seed
)
SELECT
    p.order_id, p.event_timestamp,
    CAST(ops.add_seconds(p.event_timestamp, o.offset_seconds) AS DATE) AS event_date,
    COALESCE(p.user_id, u.user_id) AS user_id,
    CASE WHEN p.amount IS NOT NULL THEN p.amount ELSE c.total_amount END AS total_amount,
    CASE WHEN p.amount IS NOT NULL THEN COALESCE(p.currency, 'LKR') ELSE c.currency END AS currency,
    COALESCE(p.session_id, v.session_id) AS own_session_id,
    f.is_seed
FROM firsts AS f
INNER JOIN told AS p ON p.order_id = f.order_id AND p.place = f.purchase_place
INNER JOIN ops.order_facts AS c ON c.order_id = f.order_id
INNER JOIN ops.report_offsets AS o ON p.event_timestamp >= o.from_utc AND p.event_timestamp < o.to_utc
LEFT JOIN told AS u ON u.order_id = f.order_id AND u.place = f.user_place
LEFT JOIN told AS v ON v.order_id = f.order_id AND v.place = f.session_place;

-- Payments: the furthest state, as its newest event gave it. The amount is of the paid event, else of the newest failed,
-- else of the newest open one, among those that have one.
WITH told AS (
    SELECT
        e.order_id, e.event_timestamp, e.canonical_type, e.user_id, e.amount, e.currency, e.provider,
        CASE e.canonical_type
            WHEN 'refunded' THEN 4
            WHEN 'order_paid' THEN 3
            WHEN 'payment_failed' THEN 2
            ELSE 1
        END AS state_rank,
        ROW_NUMBER() OVER (
            PARTITION BY e.order_id ORDER BY e.event_timestamp, LOWER(CAST(e.event_id AS VARCHAR(36)))
        ) AS place
    FROM bronze.business_events AS e
    WHERE e.ingest_seq <= @to_seq AND e.event_timestamp >= @orders_from
        AND e.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)
        AND e.canonical_type IN (
            'order_paid', 'payment_pending', 'payment_not_required', 'payment_failed', 'refunded'
        )
),

ranked AS (
    SELECT
        t.*,
        ROW_NUMBER() OVER (PARTITION BY t.order_id ORDER BY t.state_rank DESC, t.place DESC) AS state_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.order_id
            ORDER BY
                CASE WHEN t.state_rank = 4 OR t.amount IS NULL THEN 1 ELSE 0 END,
                t.state_rank DESC,
                CASE WHEN t.state_rank = 3 THEN t.place ELSE -t.place END
        ) AS amount_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.order_id ORDER BY CASE WHEN t.user_id IS NULL THEN 1 ELSE 0 END, t.place
        ) AS user_place,
        ROW_NUMBER() OVER (
            PARTITION BY t.order_id ORDER BY CASE WHEN t.provider IS NULL THEN 1 ELSE 0 END, t.place DESC
        ) AS provider_place
    FROM told AS t
)

INSERT INTO silver.payments (order_id, user_id, status, amount, currency, provider, attempts, occurred_at)
SELECT
    r.order_id,
    MAX(CASE WHEN r.user_place = 1 THEN r.user_id END) AS user_id,
    MAX(
        CASE
            WHEN r.state_place <> 1 THEN NULL
            WHEN r.state_rank = 4 THEN 'refunded'
            WHEN r.state_rank = 3 THEN 'succeeded'
            WHEN r.state_rank = 2 THEN 'failed'
            WHEN r.canonical_type = 'payment_pending' THEN 'pending'
            ELSE 'not_required'
        END
    ) AS status,
    MAX(CASE WHEN r.amount_place = 1 AND r.state_rank < 4 THEN r.amount END) AS amount,
    COALESCE(MAX(CASE WHEN r.amount_place = 1 AND r.state_rank < 4 AND r.amount IS NOT NULL THEN r.currency END), 'LKR') AS currency,
    MAX(CASE WHEN r.provider_place = 1 THEN r.provider END) AS provider,
    SUM(CASE WHEN r.canonical_type = 'payment_failed' THEN 1 ELSE 0 END)
    + MAX(CASE WHEN r.canonical_type = 'order_paid' THEN 1 ELSE 0 END) AS attempts,
    MAX(CASE WHEN r.state_place = 1 THEN r.event_timestamp END) AS occurred_at
FROM ranked AS r
GROUP BY r.order_id;

INSERT INTO ops.touched_dates (subject, metric_date)
SELECT DISTINCT 'order', f.created_date
FROM ops.order_facts AS f
WHERE f.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t);
