-- The events of the orders number $1 to $2 - 1 whose pair is one of $3 in 100.
INSERT INTO trading.order_events (at, seq, ordinal, order_id, account_id, instrument_id, kind,
    price, quantity, remaining, trade_id, code, via, api_key)
SELECT e.at, o.seq * 2 + e.later, e.ordinal, o.order_id, o.account_id, o.instrument_id, e.kind,
    o.price, e.quantity, e.remaining, e.trade_id, e.code, e.via, 0
FROM trading.orders o,
    LATERAL (VALUES
        (o.created_at, 0, (o.seq & 1)::integer, CASE WHEN o.status = 'rejected' THEN 'rejected' ELSE 'accepted' END,
            o.quantity, o.quantity, NULL::bigint, o.reject_code, 'rest'::text, true),
        (o.updated_at, 1, 2 + (o.seq & 1)::integer, 'trade', o.filled, 0, o.seq >> 1, NULL, NULL, o.filled > 0),
        (o.updated_at, 1, 4 + (o.seq & 1)::integer, 'closed', o.quantity - o.filled, 0, NULL, o.close_reason, NULL,
            o.close_reason IS NOT NULL)
    ) AS e (at, later, ordinal, kind, quantity, remaining, trade_id, code, via, there)
WHERE o.order_id >= $1::bigint << 24 AND o.order_id < $2::bigint << 24
    AND (o.seq >> 1) % 100 < $3::integer AND e.there
