-- Assets, instruments and accounts. $1: accounts, $2: shares listed. One crypto pair has the demo's
-- name, so that a console over this database can show a demo backend's live book.
WITH yen AS (
    INSERT INTO trading.assets (asset_id, code, exponent, seq) VALUES (1, 'JPY', 4, 1), ($2::integer + 2, 'BTC', 8, 1)
), shares AS (
    INSERT INTO trading.assets (asset_id, code, exponent, seq)
    SELECT n + 1, (1000 + n)::text, 0, 1 FROM generate_series(1, $2::integer) AS n
), listed AS (
    INSERT INTO trading.instruments (instrument_id, symbol, name, profile, base_asset, quote_asset,
        price_digits, quantity_digits, ticks, lot, min_quantity, max_quantity, base_price,
        limit_down, limit_up, market_band_ppm, maker_fee_ppm, taker_fee_ppm, open_order_cap,
        status, seq)
    SELECT n, (1000 + n)::text, 'Sample share ' || n, 'tse', n + 1, 1, 1, 0, 'tse_other', 100, 100,
        10000000, base, base * 8 / 10, base * 12 / 10, 50000, 0, 0, 0, 'continuous', 1
    FROM generate_series(1, $2::integer) AS n, LATERAL (SELECT 5000 + n * 137 % 90000) AS price (base)
    UNION ALL
    SELECT $2::integer + 1, 'BTC_JPY', 'Bitcoin / Yen', 'crypto', $2::integer + 2, 1, 0, 4, '1', 1, 1,
        10000000, 15000000, 0, 0, 50000, 0, 0, 0, 'continuous', 1
)
INSERT INTO trading.accounts (account_id, code, status, created_at, seq, group_id)
SELECT n, 'S-' || lpad(n::text, 7, '0'), CASE WHEN n % 997 = 0 THEN 'suspended' ELSE 'active' END,
    timestamptz '2026-01-05 00:00:00+00', 1, n % 16
FROM generate_series(1, $1::integer) AS n
