-- Base price and limits of instruments as each roll of the day set them; what people set is in
-- admin_actions. Written by the projector: rebuild the projections for the days before this table.
CREATE TABLE trading.price_limits (
    seq           bigint NOT NULL,
    ordinal       integer NOT NULL,
    at            timestamptz NOT NULL,
    instrument_id integer NOT NULL,
    base_price    bigint NOT NULL,
    limit_down    bigint NOT NULL,
    limit_up      bigint NOT NULL,
    PRIMARY KEY (seq, ordinal)
);
CREATE INDEX price_limits_instrument ON trading.price_limits (instrument_id, seq DESC, ordinal DESC);
