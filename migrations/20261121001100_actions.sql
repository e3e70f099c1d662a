-- What people did (schema `trading`, a projection like its other tables): every command of the
-- journal that says who gave it, with what became of it; and the statements they put on record.

CREATE TABLE trading.admin_actions (
    seq         bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,             -- as in `zaraba journal dump`
    target_kind text NOT NULL,             -- account | instrument | asset | order | orders | trade | group | key | venue | profile | journal
    target_id   bigint NOT NULL,           -- 0: none
    target_text text NOT NULL,             -- a name, where there is one
    actor       text NOT NULL,
    approver    text NOT NULL,             -- empty: no second person
    request_id  text NOT NULL,             -- several rows where a request takes several commands
    reason      text NOT NULL,
    outcome     text NOT NULL,             -- ok, or the refusal's code
    summary     json NOT NULL              -- what the command said and did, in the journal's integers
);
CREATE INDEX admin_actions_request ON trading.admin_actions (request_id, seq)
    WHERE request_id <> '';
CREATE INDEX admin_actions_target ON trading.admin_actions (target_kind, target_id, seq DESC);
CREATE INDEX admin_actions_actor ON trading.admin_actions (actor, seq DESC);
CREATE INDEX admin_actions_at ON trading.admin_actions (at DESC, seq DESC);

CREATE TABLE trading.anchors (
    seq     bigint PRIMARY KEY,
    at      timestamptz NOT NULL,
    what    text NOT NULL,                 -- about what: audit
    entries bigint NOT NULL,               -- how many entries it had
    hash    bytea NOT NULL                 -- over all of them, 32 bytes
);
CREATE INDEX anchors_what ON trading.anchors (what, seq DESC);

-- Open orders by the key that signed them: what stopping a session ends.
CREATE INDEX orders_live_key ON trading.orders (api_key, order_id)
    WHERE status IN ('open', 'partially_filled', 'pending_trigger') AND api_key <> 0;

-- The request a key was made by: a repeat of it makes no second key.
ALTER TABLE access.api_keys ADD COLUMN request_id text UNIQUE;
