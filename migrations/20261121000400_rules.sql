-- Market rules in the projections: what orders, instruments and accounts have beyond the plain
-- kinds, auctions and quotes as they happened, and what people have set. The defaults are what
-- every row from before was.

ALTER TABLE trading.orders
    ADD COLUMN condition     text NOT NULL DEFAULT 'none',   -- none | opening | closing | funari
    ADD COLUMN self_trade    text NOT NULL DEFAULT 'none',   -- what it does on meeting its own account
    ADD COLUMN short_sale    text NOT NULL DEFAULT 'long',   -- long | short | short_exempt
    ADD COLUMN trigger_price bigint NOT NULL DEFAULT 0,      -- 0: no trigger
    ADD COLUMN trigger_when  text,                           -- at_or_above | at_or_below
    ADD COLUMN stop_price    bigint NOT NULL DEFAULT 0,      -- stop half of an OCO; 0: none
    ADD COLUMN stop_when     text,
    ADD COLUMN stop_limit    bigint NOT NULL DEFAULT 0,      -- its limit price then; 0: market
    ADD COLUMN expires       integer NOT NULL DEFAULT 0,     -- last day, yyyymmdd; 0: none
    ADD COLUMN parent_id     bigint NOT NULL DEFAULT 0,      -- order it waits for (if-done); 0: none
    ADD COLUMN child_id      bigint NOT NULL DEFAULT 0,      -- order that follows; 0: none
    ADD COLUMN prevented     bigint NOT NULL DEFAULT 0,      -- not traded with the same account
    ADD COLUMN amount        bigint NOT NULL DEFAULT 0,      -- minor units of the quote asset, as sent; 0: by quantity
    ADD COLUMN odd_lot       boolean NOT NULL DEFAULT false;

DROP INDEX trading.orders_live;
CREATE INDEX orders_live ON trading.orders (order_id DESC)
    WHERE status IN ('open', 'partially_filled', 'pending_trigger');

-- order_events.kind: + parked | attached | triggered | prevented. Its code: the condition of an
-- accepted or amended order that has or gets one, the kind a triggered order is now.
-- fills.liquidity: + auction | desk. An odd-lot trade has one fill, the client's.

ALTER TABLE trading.instruments
    ADD COLUMN session_rules    boolean NOT NULL DEFAULT false,
    ADD COLUMN listed_shares    bigint NOT NULL DEFAULT 0,   -- 0: not known
    ADD COLUMN market_min_quantity bigint NOT NULL DEFAULT 0, -- 0: as other orders
    ADD COLUMN market_max_quantity bigint NOT NULL DEFAULT 0, -- 0: as other orders
    ADD COLUMN phase            text NOT NULL DEFAULT 'continuous',
    ADD COLUMN phase_until      timestamptz,
    ADD COLUMN quote_kind       text NOT NULL DEFAULT 'none', -- none | special | sequential
    ADD COLUMN quote_side       text NOT NULL DEFAULT 'buy',
    ADD COLUMN quote_price      bigint NOT NULL DEFAULT 0,
    ADD COLUMN quote_until      timestamptz,
    ADD COLUMN halts            smallint NOT NULL DEFAULT 0, -- bits: limit, market, contingent, each buy then sell
    ADD COLUMN short_restricted boolean NOT NULL DEFAULT false,
    ADD COLUMN halt_reason      text;                        -- why it is halted, whole or in part

ALTER TABLE trading.accounts ADD COLUMN group_id integer NOT NULL DEFAULT 0;

-- Every auction, in order of (seq, ordinal).
CREATE TABLE trading.auctions (
    seq           bigint NOT NULL,
    ordinal       integer NOT NULL,
    at            timestamptz NOT NULL,
    instrument_id integer NOT NULL,
    kind          text NOT NULL,
    outcome       text NOT NULL,           -- priced | empty | unpriced | stop_allocation | special_execution
    price         bigint NOT NULL,         -- 0: none
    quantity      bigint NOT NULL,
    surplus       bigint NOT NULL,         -- bids less offers left over
    PRIMARY KEY (seq, ordinal)
);
CREATE INDEX auctions_instrument ON trading.auctions (instrument_id, seq DESC, ordinal DESC);
CREATE INDEX auctions_at ON trading.auctions (at DESC, seq DESC, ordinal DESC);

-- Every change of a special or sequential quote.
CREATE TABLE trading.quotes (
    seq           bigint NOT NULL,
    ordinal       integer NOT NULL,
    at            timestamptz NOT NULL,
    instrument_id integer NOT NULL,
    kind          text NOT NULL,           -- none: trading resumed
    side          text NOT NULL,
    price         bigint NOT NULL,
    until         timestamptz,
    PRIMARY KEY (seq, ordinal)
);
CREATE INDEX quotes_instrument ON trading.quotes (instrument_id, seq DESC, ordinal DESC);
CREATE INDEX quotes_at ON trading.quotes (at DESC, seq DESC, ordinal DESC);

-- Soft risk limits that were passed.
CREATE TABLE trading.risk_warnings (
    seq        bigint NOT NULL,
    ordinal    integer NOT NULL,
    at         timestamptz NOT NULL,
    account_id integer NOT NULL,
    scope      text NOT NULL,              -- as in risk_limits
    measure    text NOT NULL,
    value      bigint NOT NULL,
    soft_limit bigint NOT NULL,
    PRIMARY KEY (seq, ordinal)
);
CREATE INDEX risk_warnings_account ON trading.risk_warnings (account_id, seq DESC, ordinal DESC);

-- What people have set. A scope is `account:N`, `members:N`, `group:N`, `instrument:N`, `venue`.
CREATE TABLE trading.risk_limits (
    scope    text NOT NULL,
    measure  text NOT NULL,
    soft     bigint NOT NULL,              -- 0: none
    hard     bigint NOT NULL,              -- 0: none
    currency integer NOT NULL,             -- asset of value limits
    actor    text NOT NULL,
    reason   text NOT NULL,
    at       timestamptz NOT NULL,
    seq      bigint NOT NULL,
    PRIMARY KEY (scope, measure)
);

-- A row for every scope whose switch was ever thrown.
CREATE TABLE trading.kill_switches (
    scope  text PRIMARY KEY,
    thrown boolean NOT NULL,
    actor  text NOT NULL,
    reason text NOT NULL,
    at     timestamptz NOT NULL,
    seq    bigint NOT NULL
);

CREATE TABLE trading.fee_tiers (
    asset_id  integer NOT NULL,
    volume    bigint NOT NULL,             -- from this 30-day volume on, minor units
    maker_ppm integer NOT NULL,
    taker_ppm integer NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (asset_id, volume)
);

CREATE TABLE trading.odd_lot_terms (
    instrument_id integer PRIMARY KEY,
    batch         boolean NOT NULL,
    principal     boolean NOT NULL,
    spread_ppm    integer NOT NULL,
    max_quantity  bigint NOT NULL,
    max_value     bigint NOT NULL,         -- 0: no cap
    round_to      bigint NOT NULL,
    seq           bigint NOT NULL
);

-- What the house took (bought, if positive) from all odd-lot trades.
CREATE TABLE trading.odd_lot_positions (
    instrument_id integer PRIMARY KEY,
    house_net     bigint NOT NULL,
    seq           bigint NOT NULL
);

CREATE TABLE trading.breakers (
    instrument_id  integer PRIMARY KEY,
    mode           text NOT NULL,          -- none | circuit_break | full_range
    window_seconds integer NOT NULL,
    trigger_ppm    integer NOT NULL,
    call_seconds   integer NOT NULL,
    bound_ppm      integer NOT NULL,
    seq            bigint NOT NULL
);
