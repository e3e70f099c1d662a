-- What the fills moved, with running balances: every account began with 10^14 of everything.
INSERT INTO trading.ledger_entries (at, seq, ordinal, account_id, asset_id, delta, total, cause, reference)
SELECT at, seq, ordinal, account_id, asset_id, delta,
    100000000000000 + sum(delta) OVER (PARTITION BY account_id, asset_id ORDER BY seq, ordinal),
    'trade', trade_id
FROM (
    SELECT f.at, f.seq, e.ordinal + (f.fill_id & 1)::integer AS ordinal, f.account_id, e.asset_id,
        e.delta * CASE WHEN f.side = 'buy' THEN 1 ELSE -1 END AS delta, f.trade_id
    FROM trading.fills f,
        LATERAL (VALUES (10, f.instrument_id + 1, f.quantity), (12, 1, -f.price * f.quantity * 1000))
            AS e (ordinal, asset_id, delta)
) AS moved
