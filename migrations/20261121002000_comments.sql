-- What some columns hold, put right: the comments beside their definitions say less, or say it wrongly,
-- and a migration that was applied is not edited.
COMMENT ON COLUMN trading.ledger_entries.ordinal IS
    'position among the balance changes of the command, not among all its events';
COMMENT ON COLUMN trading.ledger_entries.cause IS
    'trade | fee | rounding | deposit | withdraw | adjust | correction';
COMMENT ON COLUMN trading.ledger_entries.reference IS
    'trade id, of corrections the corrected trade''s; 0: none';
COMMENT ON COLUMN trading.ledger_entries.actor IS 'of transfers and corrections';
COMMENT ON COLUMN trading.ledger_entries.reason IS 'of transfers and corrections';
COMMENT ON COLUMN trading.fills.fill_id IS
    'trade_id * 2, + 1 for the taker; a trade of an odd-lot desk has the client''s row alone, + 1';
COMMENT ON COLUMN trading.fills.liquidity IS 'maker | taker | auction | desk';
