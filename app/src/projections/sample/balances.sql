-- Balances as the ledger leaves them, and yen for every account.
INSERT INTO trading.balances (account_id, asset_id, total, locked, seq)
SELECT account_id, asset_id, 100000000000000 + sum(delta), 0, max(seq)
FROM trading.ledger_entries GROUP BY account_id, asset_id
UNION ALL
SELECT account_id, 1, 100000000000000, 0, 1 FROM trading.accounts a
WHERE NOT EXISTS (SELECT FROM trading.ledger_entries l WHERE l.account_id = a.account_id AND l.asset_id = 1)
