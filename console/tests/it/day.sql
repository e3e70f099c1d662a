-- A small market day: three instruments, two accounts, 120 orders, one with a full chain.
INSERT INTO trading.watermark (seq, at, state_hash) VALUES (40, '2026-11-20 05:30:00+00', '\x0000000000000000');
INSERT INTO trading.assets VALUES (1, 'JPY', 4, 1), (2, '7203', 0, 1), (3, '6758', 0, 1), (4, 'BTC', 8, 1);
INSERT INTO trading.instruments VALUES
  (1, '7203', 'トヨタ自動車', 'tse', 2, 1, 1, 0, 'tse_topix500', 100, 100, 1000000, 25000, 20000, 30000, 50000, 0, 0, 0, 'continuous', 2),
  (2, '6758', 'ソニーグループ', 'tse', 3, 1, 1, 0, 'tse_topix500', 100, 100, 1000000, 130500, 110500, 150500, 50000, 0, 0, 0, 'halted', 2),
  (3, 'BTC_JPY', 'Bitcoin / Yen', 'crypto', 4, 1, 0, 4, '1', 1, 1, 10000000, 15012345, 0, 0, 50000, -20, 120, 0, 'continuous', 2);
INSERT INTO trading.accounts VALUES
  (4, 'DEMO-0001', 'active', '2026-11-20 00:00:00+00', 3), (5, 'DEMO-0002', 'active', '2026-11-20 00:00:00+00', 3);
INSERT INTO access.api_keys (api_key, account, kind, public_key, scopes, created_by)
  VALUES ('ak_demo_1', 'DEMO-0001', 'ed25519', '\x00', '{trade}', 'test');
-- One order a minute: numbers as the engine makes them (counter << 24 | slot).
INSERT INTO trading.orders
SELECT (n::bigint << 24) | n, CASE WHEN n % 2 = 0 THEN 4 ELSE 5 END, CASE WHEN n % 5 = 0 THEN 3 ELSE 1 END,
       'c-' || n, CASE WHEN n % 3 = 0 THEN 'sell' ELSE 'buy' END,
       CASE WHEN n % 7 = 0 THEN 'market' ELSE 'limit' END, CASE WHEN n % 7 = 0 THEN 'ioc' ELSE 'day' END,
       false, CASE WHEN n % 7 = 0 THEN 0 WHEN n % 5 = 0 THEN 15012345 ELSE 25000 + n END, 300,
       CASE WHEN n % 7 = 0 THEN 300 ELSE 0 END,
       CASE WHEN n % 7 <> 0 THEN 0 WHEN n % 5 = 0 THEN 300::bigint * 15012345 ELSE 300::bigint * 25310 END,
       CASE WHEN n % 7 = 0 THEN 'filled' WHEN n % 11 = 0 THEN 'rejected' WHEN n % 4 = 0 THEN 'cancelled' ELSE 'open' END,
       CASE WHEN n % 7 <> 0 AND n % 11 = 0 THEN 'insufficient_funds' END,
       CASE WHEN n % 7 = 0 THEN 'filled' WHEN n % 11 <> 0 AND n % 4 = 0 THEN 'cancelled' END,
       'rest', 1, timestamptz '2026-11-20 00:00:00+00' + n * interval '1 minute',
       timestamptz '2026-11-20 00:00:00+00' + n * interval '1 minute', n
FROM generate_series(1, 118) AS n;
-- The order with a chain: accepted, amended, traded twice; and its other sides.
INSERT INTO trading.orders VALUES
  ((119::bigint << 24) | 119, 4, 1, 'chain-1', 'buy', 'limit', 'gtc', false, 25310, 500, 500, 12652500, 'filled', NULL, 'filled', 'rest', 1, '2026-11-20 02:00:00.000001+00', '2026-11-20 02:05:00.5+00', 39),
  ((120::bigint << 24) | 120, 5, 1, '=HYPERLINK("x")', 'sell', 'limit', 'gtc', true, 25320, 400, 0, 0, 'open', NULL, NULL, 'stream', 0, '2026-11-20 02:10:00+00', '2026-11-20 02:10:00+00', 40);
CREATE TABLE trading.order_events_20261120 PARTITION OF trading.order_events FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00');
CREATE TABLE trading.fills_20261120 PARTITION OF trading.fills FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00');
INSERT INTO trading.order_events (at, seq, ordinal, order_id, account_id, instrument_id, kind, price, quantity, remaining, trade_id, code, via, api_key) VALUES
  ('2026-11-20 02:00:00.000001+00', 30, 0, (119::bigint << 24) | 119, 4, 1, 'accepted', 25300, 600, 600, NULL, NULL, 'rest', 1),
  ('2026-11-20 02:01:00+00', 32, 0, (119::bigint << 24) | 119, 4, 1, 'amended', 25310, 500, 500, NULL, NULL, 'rest', 1),
  ('2026-11-20 02:03:00+00', 35, 1, (119::bigint << 24) | 119, 4, 1, 'trade', 25300, 200, 300, 7, NULL, NULL, NULL),
  ('2026-11-20 02:05:00.5+00', 39, 1, (119::bigint << 24) | 119, 4, 1, 'trade', 25310, 300, 0, 8, NULL, NULL, NULL),
  ('2026-11-20 02:05:00.5+00', 39, 2, (119::bigint << 24) | 119, 4, 1, 'closed', 25310, 0, 0, NULL, 'filled', NULL, NULL);
INSERT INTO trading.fills (at, fill_id, seq, trade_id, order_id, account_id, instrument_id, side, price, quantity, fee, fee_asset, liquidity) VALUES
  ('2026-11-20 02:03:00+00', 14, 35, 7, (119::bigint << 24) | 119, 4, 1, 'buy', 25300, 200, 50600, 1, 'maker'),
  ('2026-11-20 02:03:00+00', 15, 35, 7, (3::bigint << 24) | 3, 5, 1, 'sell', 25300, 200, 50600, 1, 'taker'),
  ('2026-11-20 02:05:00.5+00', 16, 39, 8, (119::bigint << 24) | 119, 4, 1, 'buy', 25310, 300, -1500, 1, 'maker'),
  ('2026-11-20 02:05:00.5+00', 17, 39, 8, (6::bigint << 24) | 6, 4, 1, 'sell', 25310, 300, 75930, 1, 'taker');
-- An OCO with the terms only some orders have.
UPDATE trading.orders
SET condition = 'funari', self_trade = 'cancel_both', short_sale = 'short_exempt',
    trigger_price = 25500, trigger_when = 'at_or_above', stop_price = 24000,
    stop_when = 'at_or_below', stop_limit = 23950, expires = 20261225,
    parent_id = (119::bigint << 24) | 119, child_id = (1::bigint << 24) | 1, prevented = 100,
    odd_lot = true
WHERE order_id = (120::bigint << 24) | 120;
-- What accounts have, and how they came to it.
UPDATE trading.accounts SET group_id = 7, status = 'suspended' WHERE account_id = 5;
INSERT INTO trading.accounts (account_id, code, status, created_at, seq, group_id) VALUES
  (6, 'TEST-0001', 'closed', '2026-11-20 00:00:00+00', 3, 0);
INSERT INTO trading.balances (account_id, asset_id, total, locked, seq) VALUES
  (4, 1, 9873424930, 75930000, 39), (4, 2, 200, 0, 39), (5, 1, 5060000, 0, 35), (5, 2, 1200, 400, 40);
CREATE TABLE trading.ledger_entries_20261120 PARTITION OF trading.ledger_entries FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00');
INSERT INTO trading.ledger_entries (at, seq, ordinal, account_id, asset_id, delta, total, cause, reference, client_reference, actor, reason) VALUES
  ('2026-11-20 00:00:00+00', 4, 0, 4, 1, 9880000000, 9880000000, 'deposit', 0, 'wire-1', 'ops.suzuki', 'first wire'),
  ('2026-11-20 02:03:00+00', 35, 2, 4, 1, -5060000, 9874940000, 'trade', 7, NULL, NULL, NULL),
  ('2026-11-20 02:03:00+00', 35, 3, 5, 1, 5060000, 5060000, 'trade', 7, NULL, NULL, NULL),
  ('2026-11-20 02:03:00+00', 35, 4, 4, 2, 200, 200, 'trade', 7, NULL, NULL, NULL),
  ('2026-11-20 02:03:00+00', 35, 5, 5, 2, -200, 1200, 'trade', 7, NULL, NULL, NULL),
  ('2026-11-20 02:03:00+00', 35, 6, 4, 1, -50600, 9874889400, 'fee', 7, NULL, NULL, NULL),
  ('2026-11-20 02:05:00.5+00', 39, 3, 4, 1, 1500, 9874890900, 'fee', 8, NULL, NULL, NULL);
INSERT INTO access.api_keys (api_key, account, kind, sealed_secret, scopes, created_by, label, revoked_at, created_at)
  VALUES ('ak_demo_2', 'DEMO-0001', 'hmac', '\xdeadbeef', '{read,transfer}', 'test', 'old bridge', '2026-11-20 01:00:00+00', '2026-11-20 00:30:00+00');
-- Limits, switches, a halt, an auction, quotes, odd lots.
INSERT INTO trading.risk_limits (scope, measure, soft, hard, currency, actor, reason, at, seq) VALUES
  ('account:4', 'day_value', 8000000000, 10000000000, 1, 'risk.mori', 'new client', '2026-11-20 00:10:00+00', 5),
  ('account:5', 'open_orders', 0, 50, 0, 'risk.mori', 'small desk', '2026-11-20 00:11:00+00', 5),
  ('group:7', 'order_value', 0, 500000000, 1, 'risk.mori', 'desk limit', '2026-11-20 00:12:00+00', 5),
  ('instrument:1', 'price_collar', 0, 50000, 0, 'risk.mori', 'thin book', '2026-11-20 00:13:00+00', 5);
INSERT INTO trading.kill_switches (scope, thrown, actor, reason, at, seq) VALUES
  ('venue', false, 'ops.suzuki', 'drill', '2026-11-20 00:20:00+00', 6),
  ('account:5', true, 'risk.mori', 'runaway algo', '2026-11-20 01:20:00+00', 20);
UPDATE trading.instruments SET halt_reason = 'news pending', halts = 12, phase = 'halted' WHERE instrument_id = 2;
UPDATE trading.instruments SET session_rules = true, listed_shares = 16314987460,
  phase_until = '2026-11-20 06:25:00+00' WHERE instrument_id = 1;
INSERT INTO trading.auctions (seq, ordinal, at, instrument_id, kind, outcome, price, quantity, surplus) VALUES
  (10, 1, '2026-11-20 00:00:00+00', 1, 'opening', 'priced', 25300, 12000, -300);
INSERT INTO trading.quotes (seq, ordinal, at, instrument_id, kind, side, price, until) VALUES
  (11, 0, '2026-11-20 00:03:00+00', 1, 'special', 'buy', 25400, '2026-11-20 00:06:00+00'),
  (12, 0, '2026-11-20 00:06:00+00', 1, 'none', 'buy', 0, NULL);
INSERT INTO trading.odd_lot_terms (instrument_id, batch, principal, spread_ppm, max_quantity, max_value, round_to, seq) VALUES
  (1, true, true, 2000, 99, 10000000000, 1, 4);
INSERT INTO trading.odd_lot_positions (instrument_id, house_net, seq) VALUES (1, -37, 30);
INSERT INTO trading.breakers (instrument_id, mode, window_seconds, trigger_ppm, call_seconds, bound_ppm, seq) VALUES
  (3, 'circuit_break', 300, 100000, 120, 50000, 4);
-- What staff did: one behind an order's amendment, one on an account, one on an instrument.
INSERT INTO trading.admin_actions (seq, at, kind, target_kind, target_id, target_text, actor, approver, request_id, reason, outcome, summary) VALUES
  (4, '2026-11-20 00:00:00+00', 'transfer', 'account', 4, 'wire-1', 'ops.suzuki', 'ops.kato', 'r-1', 'first wire', 'ok', '{}'),
  (20, '2026-11-20 01:20:00+00', 'set_kill', 'account', 5, '', 'risk.mori', '', 'r-2', 'runaway algo', 'ok', '{}'),
  (25, '2026-11-20 01:50:00+00', 'set_status', 'instrument', 2, '', 'ops.suzuki', 'ops.kato', 'r-3', 'news pending', 'ok', '{}'),
  (32, '2026-11-20 02:01:00+00', 'amend', 'order', (119::bigint << 24) | 119, '', 'ops.suzuki', '', 'r-4', 'client called', 'ok', '{}');
