DELETE FROM gold.orders_payments_daily
WHERE metric_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'order');

INSERT INTO gold.orders_payments_daily (
    metric_date, currency, total_orders, paid_orders, cod_orders, cancelled_orders, orders_without_items,
    payment_success_rate, total_revenue, refunds_count, refunded_amount
)
SELECT
    f.created_date, f.currency,
    -- orders created on the date
    COUNT(*),
    -- orders with an order_paid event
    SUM(CASE WHEN f.paid_at IS NULL THEN 0 ELSE 1 END),
    -- orders paid in cash on delivery
    SUM(CASE WHEN f.payment_method = 'COD' THEN 1 ELSE 0 END),
    -- orders that were ever cancelled
    SUM(CASE WHEN f.cancelled_at IS NULL THEN 0 ELSE 1 END),
    -- orders of which no event told the items
    SUM(CASE WHEN f.has_items = 0 THEN 1 ELSE 0 END),
    -- paid ÷ orders that tried online: pending, failed, paid or refunded
    CAST(
        ROUND(
            CAST(
                CAST(SUM(CASE WHEN f.paid_at IS NULL THEN 0 ELSE 1 END) AS DECIMAL(18, 6)) / NULLIF(SUM(f.tried_online), 0)
                AS DECIMAL(18, 15)
            ),
            6
        )
        AS DECIMAL(9, 6)
    ),
    -- amount − refunded_amount of orders with a purchase, never cancelled; each once
    SUM(
        CASE
            WHEN p.order_id IS NULL OR f.cancelled_at IS NOT NULL OR f.total_amount IS NULL
                THEN CAST(0 AS DECIMAL(18, 2))
            ELSE CAST(f.total_amount - f.refunded_amount AS DECIMAL(18, 2))
        END
    ),
    -- orders with a refund
    SUM(f.has_refund),
    -- what was refunded of the date's orders, at most their amount
    SUM(CAST(f.refunded_amount AS DECIMAL(18, 2)))
FROM ops.order_facts AS f
LEFT JOIN silver.purchases AS p ON p.order_id = f.order_id
WHERE (f.is_seed = 0 OR @show_seeds = 1)
    AND f.created_date IN (SELECT t.metric_date FROM ops.touched_dates AS t WHERE t.subject = 'order')
GROUP BY f.created_date, f.currency;
