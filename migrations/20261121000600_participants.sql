-- Whose orders count as one where simultaneous orders share in turns: the firm of an account, and
-- the setting by profile. Rows from before: no firm; no row of the setting: accounts.

ALTER TABLE trading.accounts ADD COLUMN firm_id integer NOT NULL DEFAULT 0;  -- 0: none

CREATE TABLE trading.participants (
    profile      text PRIMARY KEY,
    participants text NOT NULL,              -- account | firm
    actor        text NOT NULL,
    reason       text NOT NULL,
    at           timestamptz NOT NULL,
    seq          bigint NOT NULL
);
