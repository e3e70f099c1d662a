-- Both fills of the trades of the orders number $1 to $2 - 1, for pairs that are one of $3 in 100.
INSERT INTO trading.fills (at, fill_id, seq, trade_id, order_id, account_id, instrument_id, side,
    price, quantity, fee, fee_asset, liquidity)
SELECT o.updated_at, o.seq, o.seq | 1, o.seq >> 1, o.order_id, o.account_id, o.instrument_id, o.side,
    o.price, o.filled, 0, 1, CASE WHEN o.seq & 1 = 0 THEN 'maker' ELSE 'taker' END
FROM trading.orders o
WHERE o.order_id >= $1::bigint << 24 AND o.order_id < $2::bigint << 24
    AND (o.seq >> 1) % 100 < $3::integer AND o.filled > 0
