-- Projections of the journal (schema `trading`). Every row here can be dropped and
-- rebuilt with `zaraba projections rebuild`; nothing writes here but the projector.
-- Prices, quantities and amounts are integers in the engine's units; instruments and
-- assets say how many digits. History tables are partitioned by day of `at` (UTC); the
-- projector creates partitions as days come.
CREATE SCHEMA trading;

CREATE TABLE trading.watermark (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq        bigint NOT NULL,            -- last journal sequence in these tables
    at         timestamptz NOT NULL,       -- its time
    state_hash bytea NOT NULL              -- engine's running hash after it (8 bytes)
);

CREATE TABLE trading.assets (
    asset_id integer PRIMARY KEY,
    code     text NOT NULL UNIQUE,
    exponent smallint NOT NULL,
    seq      bigint NOT NULL
);

CREATE TABLE trading.instruments (
    instrument_id   integer PRIMARY KEY,
    symbol          text NOT NULL UNIQUE,
    name            text NOT NULL,
    profile         text NOT NULL,         -- tse | crypto
    base_asset      integer NOT NULL,
    quote_asset     integer NOT NULL,
    price_digits    smallint NOT NULL,
    quantity_digits smallint NOT NULL,
    ticks           text NOT NULL,         -- fixed tick in price units, or tse_topix500 | tse_other
    lot             bigint NOT NULL,
    min_quantity    bigint NOT NULL,
    max_quantity    bigint NOT NULL,
    base_price      bigint NOT NULL,       -- 0: none (also the limits)
    limit_down      bigint NOT NULL,
    limit_up        bigint NOT NULL,
    market_band_ppm integer NOT NULL,
    maker_fee_ppm   integer NOT NULL,
    taker_fee_ppm   integer NOT NULL,
    open_order_cap  integer NOT NULL,      -- 0: none
    status          text NOT NULL,         -- continuous | halted | closed
    seq             bigint NOT NULL
);

CREATE TABLE trading.accounts (
    account_id integer PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    status     text NOT NULL,              -- active | suspended | closed
    created_at timestamptz NOT NULL,
    seq        bigint NOT NULL
);

CREATE TABLE trading.balances (
    account_id integer NOT NULL,
    asset_id   integer NOT NULL,
    total      bigint NOT NULL,
    locked     bigint NOT NULL,
    seq        bigint NOT NULL,
    PRIMARY KEY (account_id, asset_id)
) WITH (fillfactor = 70);                  -- rewritten all the time: leave room for HOT updates

-- One row per order, as it stands. Statuses, sides etc. are the public contract's words.
CREATE TABLE trading.orders (
    order_id        bigint PRIMARY KEY,    -- ascending in time
    account_id      integer NOT NULL,
    instrument_id   integer NOT NULL,
    client_order_id text NOT NULL,
    side            text NOT NULL,
    type            text NOT NULL,
    time_in_force   text NOT NULL,
    post_only       boolean NOT NULL,
    price           bigint NOT NULL,       -- 0: market
    quantity        bigint NOT NULL,
    filled          bigint NOT NULL,
    notional        bigint NOT NULL,       -- sum of price x quantity of fills, in units
    status          text NOT NULL,
    reject_code     text,
    close_reason    text,
    via             text NOT NULL,         -- rest | stream | admin | system
    api_key         integer NOT NULL,      -- access.api_keys.key_id; 0: none
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    seq             bigint NOT NULL        -- of its last change
) WITH (fillfactor = 85);
CREATE INDEX orders_account ON trading.orders (account_id, order_id DESC);
CREATE INDEX orders_instrument ON trading.orders (instrument_id, order_id DESC);
CREATE INDEX orders_client_order_id ON trading.orders (client_order_id, account_id);
CREATE INDEX orders_live ON trading.orders (order_id DESC)
    WHERE status IN ('open', 'partially_filled');
CREATE INDEX orders_rejected ON trading.orders (order_id DESC) WHERE status = 'rejected';

-- Everything that happened to an order, in order of (seq, ordinal).
CREATE TABLE trading.order_events (
    at            timestamptz NOT NULL,
    seq           bigint NOT NULL,
    ordinal       integer NOT NULL,        -- position among the command's events
    order_id      bigint NOT NULL,
    account_id    integer NOT NULL,
    instrument_id integer NOT NULL,
    kind          text NOT NULL,           -- accepted | rejected | amended | trade | closed
    price         bigint NOT NULL,
    quantity      bigint NOT NULL,         -- of this event (trade: traded; closed: unfilled)
    remaining     bigint NOT NULL,
    trade_id      bigint,                  -- for trades
    code          text,                    -- reject code or close reason
    via           text,                    -- of the command, where a client sent it
    api_key       integer,
    PRIMARY KEY (at, seq, ordinal, order_id)
) PARTITION BY RANGE (at);
CREATE INDEX order_events_order ON trading.order_events (order_id, seq, ordinal);
CREATE INDEX order_events_account ON trading.order_events (account_id, seq, ordinal);

-- Two rows per trade, one for each side.
CREATE TABLE trading.fills (
    at            timestamptz NOT NULL,
    fill_id       bigint NOT NULL,         -- trade_id * 2, + 1 for the taker
    seq           bigint NOT NULL,
    trade_id      bigint NOT NULL,
    order_id      bigint NOT NULL,
    account_id    integer NOT NULL,
    instrument_id integer NOT NULL,
    side          text NOT NULL,
    price         bigint NOT NULL,
    quantity      bigint NOT NULL,
    fee           bigint NOT NULL,         -- minor units of fee_asset; negative: rebate
    fee_asset     integer NOT NULL,
    liquidity     text NOT NULL,           -- maker | taker
    PRIMARY KEY (at, fill_id)
) PARTITION BY RANGE (at);
-- Page by (at, fill_id), not by fill_id alone: ordered by the partition key, a page opens
-- the newest partitions only and stops; by fill_id it would merge all of them.
CREATE INDEX fills_account ON trading.fills (account_id, at DESC, fill_id DESC);
CREATE INDEX fills_order ON trading.fills (order_id, at DESC, fill_id DESC);
CREATE INDEX fills_instrument ON trading.fills (instrument_id, at DESC, fill_id DESC);

-- Every change of a balance's total. Per asset, deltas sum to zero at every seq.
CREATE TABLE trading.ledger_entries (
    at         timestamptz NOT NULL,
    seq        bigint NOT NULL,
    ordinal    integer NOT NULL,           -- position among the command's events
    account_id integer NOT NULL,
    asset_id   integer NOT NULL,
    delta      bigint NOT NULL,
    total      bigint NOT NULL,            -- after
    cause      text NOT NULL,              -- trade | fee | rounding | deposit | withdraw | adjust
    reference  bigint NOT NULL,            -- trade id; 0: none
    client_reference text,                 -- of transfers
    actor      text,                       -- of transfers
    reason     text,                       -- of transfers
    PRIMARY KEY (at, seq, ordinal)
) PARTITION BY RANGE (at);
CREATE INDEX ledger_entries_account
    ON trading.ledger_entries (account_id, at DESC, seq DESC, ordinal DESC);
