-- The console's own tables (schema `console`). These are not projections: nothing rebuilds
-- them, so they belong in the backup.
CREATE SCHEMA console;

CREATE TABLE console.staff (
    staff_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'),
    name          text NOT NULL,
    password_hash text NOT NULL,           -- PHC string, argon2id
    roles         text[] NOT NULL,
    language      text NOT NULL CHECK (language IN ('ja', 'en')),
    zone          text NOT NULL,           -- IANA name
    theme         text NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    rise          text NOT NULL DEFAULT 'red' CHECK (rise IN ('red', 'green')),
    shortcuts     boolean NOT NULL DEFAULT true,
    disabled      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    password_at   timestamptz NOT NULL DEFAULT now()
);

-- Signed-in browsers. Only a hash of the cookie's value is kept, so that a reader of this
-- table cannot take over a session.
CREATE TABLE console.sessions (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    staff_id   integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),  -- idle timeout counts from here
    expires_at timestamptz NOT NULL,                -- absolute timeout
    address    text NOT NULL,
    agent      text NOT NULL
);
CREATE INDEX sessions_staff ON console.sessions (staff_id);
CREATE INDEX sessions_expires ON console.sessions (expires_at);

-- Failed sign-ins, counted in windows. A row is either one login from one address
-- (`login` set) or everything from one address (`login` empty); there is deliberately none
-- for a login from everywhere, because a stranger could lock a person out with it.
CREATE TABLE console.sign_in_failures (
    address    text NOT NULL,              -- IPv4 address, or IPv6 /64 network
    login      text NOT NULL,
    failures   integer NOT NULL,
    started_at timestamptz NOT NULL,       -- of the window
    PRIMARY KEY (address, login)
);
CREATE INDEX sign_in_failures_started ON console.sign_in_failures (started_at);

-- The first order created at `at` or later, or NULL. Order numbers ascend in time, so this
-- is a binary search over the primary key: about 40 probes, whatever the table's size.
CREATE FUNCTION console.first_order_at(at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low   bigint;
    high  bigint;
    probe bigint;
    entry trading.orders%ROWTYPE;
BEGIN
    SELECT * INTO entry FROM trading.orders ORDER BY order_id DESC LIMIT 1;
    IF NOT FOUND OR entry.created_at < at THEN
        RETURN NULL;
    END IF;
    high := entry.order_id;
    SELECT order_id INTO low FROM trading.orders ORDER BY order_id LIMIT 1;
    WHILE low < high LOOP
        probe := low + (high - low) / 2;
        SELECT * INTO entry FROM trading.orders WHERE order_id >= probe ORDER BY order_id LIMIT 1;
        IF entry.created_at < at THEN
            low := entry.order_id + 1;
        ELSE
            high := probe;
        END IF;
    END LOOP;
    SELECT order_id INTO low FROM trading.orders WHERE order_id >= low ORDER BY order_id LIMIT 1;
    RETURN low;
END
$$;
