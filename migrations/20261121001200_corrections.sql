-- Trades that were corrected (schema `trading`, a projection): each correction with how the trade
-- stood before and stands after it. Settled amounts are minor units of the quote asset.
CREATE TABLE trading.corrections (
    trade_id          bigint NOT NULL,
    number            integer NOT NULL,    -- of this trade, from 1
    seq               bigint NOT NULL,
    at                timestamptz NOT NULL,
    instrument_id     integer NOT NULL,
    buyer             integer NOT NULL,    -- accounts
    seller            integer NOT NULL,
    before_price      bigint NOT NULL,
    before_quantity   bigint NOT NULL,
    before_paid       bigint NOT NULL,     -- by the buyer, without the fee
    before_got        bigint NOT NULL,     -- by the seller, the fee not yet taken off
    before_buyer_fee  bigint NOT NULL,
    before_seller_fee bigint NOT NULL,
    price             bigint NOT NULL,
    quantity          bigint NOT NULL,     -- 0: taken back whole
    paid              bigint NOT NULL,
    got               bigint NOT NULL,
    buyer_fee         bigint NOT NULL,
    seller_fee        bigint NOT NULL,
    actor             text NOT NULL,
    approver          text NOT NULL,       -- empty: no second person
    request_id        text NOT NULL,
    reason            text NOT NULL,
    PRIMARY KEY (trade_id, number)
);
CREATE INDEX corrections_seq ON trading.corrections (seq DESC);
CREATE INDEX corrections_instrument ON trading.corrections (instrument_id, seq DESC);
CREATE INDEX corrections_buyer ON trading.corrections (buyer, seq DESC);
CREATE INDEX corrections_seller ON trading.corrections (seller, seq DESC);

-- A trade by its number, whenever it was. Numbers ascend with the rows, so that ranges of pages
-- tell them apart and the index costs next to nothing.
CREATE INDEX fills_number ON trading.fills USING brin (fill_id) WITH (pages_per_range = 16);

-- ledger_entries.cause: + correction (its actor and reason are in the row, its reference the trade).
