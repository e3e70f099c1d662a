-- What the back office leaves behind. $1: orders, $2: accounts, $3: shares. One statement makes
-- people, what they asked for and did, and the trail of it.
WITH size AS (
    SELECT least($1::bigint / 10, 200000)::integer AS deeds, timestamptz '2026-06-01 00:00:00+00' AS first
), people AS (
    INSERT INTO console.staff (login, name, roles, language, zone, status)
    SELECT 'sample-' || n, 'Sample person ' || n, '{operations}', 'en', 'Asia/Tokyo', 'suspended'
    FROM generate_series(1, 400) AS n
    RETURNING staff_id, login
), numbered AS (
    SELECT staff_id, login, row_number() OVER (ORDER BY staff_id) AS n FROM people
), asked AS (
    INSERT INTO console.requests (id, kind, matter, target, at_once, accounts, fields, preview, reason,
        maker_id, maker, made_at, expires_at, state, checker_id, checker, decided_at, outcome, finished_at)
    SELECT md5(d::text)::uuid, 'adjust', 'funds', 'sample/' || d, false,
        ARRAY['S-' || lpad((1 + d % $2::integer)::text, 7, '0')], '{"kind": "adjust"}', '{}', 'sample',
        m.staff_id, m.login, size.first + d * interval '8 seconds', size.first + d * interval '8 seconds',
        CASE WHEN d % 50 = 0 THEN 'declined' ELSE 'applied' END, c.staff_id, c.login,
        size.first + d * interval '8 seconds', '{}', size.first + d * interval '8 seconds'
    FROM size, generate_series(1, size.deeds) AS d
    JOIN numbered m ON m.n = 1 + d % 400 JOIN numbered c ON c.n = 1 + (d + 1) % 400
), done AS (
    INSERT INTO trading.admin_actions (seq, at, kind, target_kind, target_id, target_text, actor, approver,
        request_id, reason, outcome, summary)
    SELECT d, size.first + d * interval '8 seconds', CASE WHEN d % 3 = 0 THEN 'set_price_limits' ELSE 'adjust' END,
        CASE WHEN d % 3 = 0 THEN 'instrument' ELSE 'account' END,
        CASE WHEN d % 3 = 0 THEN 1 + d / 3 % $3::integer ELSE 1 + d % $2::integer END, '',
        'sample-' || 1 + d % 400, 'sample-' || 1 + (d + 1) % 400, md5(d::text)::uuid::text, 'sample', 'ok',
        CASE WHEN d % 3 = 0 THEN '{"base_price": 10000, "limit_down": 8000, "limit_up": 12000}' ELSE '{}' END::json
    FROM size, generate_series(1, size.deeds) AS d
), limited AS (
    INSERT INTO trading.risk_limits (scope, measure, soft, hard, currency, actor, reason, at, seq)
    SELECT 'account:' || a, 'open_orders', 0, 500, 0, 'sample-1', 'sample', size.first, a
    FROM size, generate_series(1, least($2::integer, size.deeds)) AS a
), switched AS (
    INSERT INTO trading.kill_switches (scope, thrown, actor, reason, at, seq)
    SELECT 'account:' || a, false, 'sample-1', 'sample', size.first + a * interval '1 second', a
    FROM size, generate_series(1, least($2::integer, size.deeds)) AS a
), priced AS (
    INSERT INTO trading.auctions (seq, ordinal, at, instrument_id, kind, outcome, price, quantity, surplus)
    SELECT d, 0, size.first + d * interval '8 seconds', 1 + d % $3::integer, 'opening', 'priced', 10000, 100, 0
    FROM size, generate_series(1, size.deeds) AS d
), quoted AS (
    INSERT INTO trading.quotes (seq, ordinal, at, instrument_id, kind, side, price)
    SELECT d, 0, size.first + d * interval '8 seconds', 1 + d % $3::integer, 'special', 'buy', 10000
    FROM size, generate_series(1, size.deeds) AS d
), changed AS (
    INSERT INTO flags.history (name, product, value, actor, approver, request_id, reason, at)
    SELECT 'short_sales', 'all', CASE WHEN d % 2 = 0 THEN 'on' ELSE 'off' END, 'sample-1', 'sample-2', 'sample-' || d, 'sample',
        size.first + d * interval '1 minute'
    FROM size, generate_series(1, 500) AS d
), fills AS (
    SELECT f.trade_id, min(f.instrument_id) AS instrument_id, min(f.price) AS price, min(f.quantity) AS quantity,
        min(f.account_id) FILTER (WHERE f.side = 'buy') AS buyer, min(f.account_id) FILTER (WHERE f.side = 'sell') AS seller,
        max(f.at) AS at
    FROM (SELECT * FROM trading.fills ORDER BY at, fill_id LIMIT 4000) AS f GROUP BY f.trade_id HAVING count(*) = 2
)
INSERT INTO trading.corrections
SELECT trade_id, 1, trade_id, at + interval '1 hour', instrument_id, buyer, seller, price, quantity, 0, 0, 0, 0,
    price, quantity, 0, 0, 0, 0, 'sample-1', 'sample-2', 'sample', 'sample' FROM fills
