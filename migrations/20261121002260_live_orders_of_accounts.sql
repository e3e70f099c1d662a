-- The open orders of one account. Without it the list reads all that the account ever ordered,
-- newest first, until it has enough of them: a plan made for any account expects a dozen.
CREATE INDEX orders_live_account ON trading.orders (account_id, order_id DESC)
    WHERE status IN ('open', 'partially_filled', 'pending_trigger');
