-- API keys (schema `access`). Not a projection: these rows exist nowhere else. What lets a
-- key sign is sealed with the master key, which is not in the database, so that a copy of
-- the database alone signs nothing. Rows are never deleted; a key ends by `revoked_at`.
CREATE SCHEMA access;

CREATE TABLE access.api_keys (
    key_id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    api_key           text NOT NULL UNIQUE,          -- public name of the key
    account           text NOT NULL,                 -- the broker's code of the account
    kind              text NOT NULL CHECK (kind IN ('hmac', 'ed25519')),
    sealed_secret     bytea,                         -- hmac: nonce and XChaCha20-Poly1305 box
    public_key        bytea,                         -- ed25519: 32 bytes
    scopes            text[] NOT NULL,               -- read | trade | transfer
    addresses         cidr[] NOT NULL DEFAULT '{}',  -- empty: from anywhere
    expires_at        timestamptz,                   -- null: never
    reads_per_second  integer CHECK (reads_per_second > 0),   -- null: the configured default
    writes_per_second integer CHECK (writes_per_second > 0),
    label             text NOT NULL DEFAULT '',
    created_by        text NOT NULL,                 -- who asked for it
    created_at        timestamptz NOT NULL DEFAULT now(),
    revoked_at        timestamptz,
    changed_at        timestamptz NOT NULL DEFAULT now(),     -- backends poll by it
    CHECK ((kind = 'hmac') = (sealed_secret IS NOT NULL)),
    CHECK ((kind = 'ed25519') = (public_key IS NOT NULL))
);
CREATE INDEX api_keys_account ON access.api_keys (account, key_id);
CREATE INDEX api_keys_changed ON access.api_keys (changed_at);
