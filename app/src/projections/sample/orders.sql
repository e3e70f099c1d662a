-- Orders number $1 to $2 - 1 of $3, over $4 days from $5 on, of $6 accounts in $7 shares.
-- They come in pairs: an even order and the odd one after it are the two sides of a trade when
-- the pair is a trading one. Choices follow from a hash of the pair's number.
INSERT INTO trading.orders (order_id, account_id, instrument_id, client_order_id, side, type,
    time_in_force, post_only, price, quantity, filled, notional, status, reject_code,
    close_reason, via, api_key, created_at, updated_at, seq)
SELECT (n << 24) | (n & 1048575),
    CASE WHEN r.a < 0.25 THEN 1 + (m.h & 15) ELSE 1 + ($6::integer - 1) * power(r.b, 2) END::integer,
    1 + (($7::integer - 1) * power(r.i, 3))::integer,
    'c-' || n, CASE WHEN (n & 1) = (m.p & 1) THEN 'buy' ELSE 'sell' END,
    'limit', 'day', false, price.of, quantity.of,
    CASE WHEN o.is = 'filled' THEN quantity.of ELSE 0 END,
    CASE WHEN o.is = 'filled' THEN price.of * quantity.of ELSE 0 END,
    o.is, CASE WHEN o.is = 'rejected'
        THEN (ARRAY['insufficient_funds', 'off_tick', 'price_out_of_limits'])[1 + (m.h & 1) + (m.p & 1)] END,
    CASE WHEN o.is = 'open' OR o.is = 'rejected' THEN NULL ELSE o.is END,
    'rest', 0, moment.at, moment.at + CASE WHEN o.is IN ('open', 'rejected') THEN interval '0' ELSE interval '1 second' * (1 - (n & 1)) END, n
FROM generate_series($1::bigint, $2::bigint - 1) AS n,
    LATERAL (SELECT n >> 1, hashint8extended(n, 11) & 1073741823) AS m (p, h),
    LATERAL (SELECT (hashint8extended(n, 1) & 1048575) / 1048576.0::float8,
                    (hashint8extended(n, 2) & 1048575) / 1048576.0::float8,
                    (hashint8extended(m.p, 3) & 1048575) / 1048576.0::float8,
                    (hashint8extended(m.p, 4) & 1048575) / 1048576.0::float8) AS r (a, b, i, s),
    LATERAL (SELECT 5000 + (hashint8extended(m.p, 5) & 16383)) AS price (of),
    LATERAL (SELECT 100 * (1 + (hashint8extended(m.p, 6) & 31))) AS quantity (of),
    LATERAL (SELECT CASE WHEN r.s < 0.40 THEN 'filled' WHEN n >= $3::bigint * 0.998 THEN 'open'
        WHEN r.s < 0.45 THEN 'rejected' WHEN r.s < 0.90 THEN 'cancelled' ELSE 'expired' END) AS o ("is"),
    -- 06:30 hours of each day.
    LATERAL (SELECT m.p * 2 * $4::bigint / ($3::bigint + 2), m.p * 2.0::float8 * $4::integer / ($3::bigint + 2)) AS d (day, exact),
    LATERAL (SELECT $5::text::timestamptz + d.day * interval '1 day'
        + (d.exact - d.day) * interval '23400 seconds' + (n & 1) * interval '1 second') AS moment (at)
