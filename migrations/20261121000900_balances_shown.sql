-- One account's entries of one asset, newest first: the balance over time that the console draws.
-- Without it a rare asset of a busy account is found only by reading past all its other entries.
-- Plain, not CONCURRENTLY, which cannot be on a partitioned table: no release has shipped rows yet.
CREATE INDEX ledger_entries_asset
    ON trading.ledger_entries (account_id, asset_id, at DESC, seq DESC, ordinal DESC);

-- Which instruments trade an asset: asked once per balance of an account.
CREATE INDEX instruments_base_asset ON trading.instruments (base_asset, symbol);
