-- The days on which a product was bought, for the line of its row; the others are 0.
SELECT g.product_id, g.currency, g.metric_date, g.purchases_count
FROM gold.product_daily AS g
WHERE g.metric_date >= @from AND g.metric_date <= @to AND g.purchases_count > 0
