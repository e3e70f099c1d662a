-- Feature flags (schema `flags`). Not a projection: these rows exist nowhere else. The database's
-- level of each flag; the file's and the environment's are above it. Written by the backend only,
-- through its admin API.
CREATE SCHEMA flags;

CREATE TABLE flags.settings (
    name       text NOT NULL,
    product    text NOT NULL CHECK (product IN ('tse', 'crypto')),
    value      boolean NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, product)
);

-- Every change, also those that set what was set.
CREATE TABLE flags.history (
    change_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    name       text NOT NULL,
    product    text NOT NULL CHECK (product IN ('tse', 'crypto', 'all')),
    value      text NOT NULL CHECK (value IN ('on', 'off', 'unset')),
    actor      text NOT NULL,
    approver   text NOT NULL,              -- empty: no second person
    request_id text NOT NULL UNIQUE,       -- a change is made once
    reason     text NOT NULL
);
CREATE INDEX history_name ON flags.history (name, change_id DESC);
