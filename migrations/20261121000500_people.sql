-- People of the console: how they sign in, what their sessions are worth, and whose business
-- they may not see.

-- A person may be invited before they have any way to sign in; a firm's identity provider may
-- be their only one. Suspension replaces the former flag.
ALTER TABLE console.staff
    ADD COLUMN status text NOT NULL DEFAULT 'active'
        CHECK (status IN ('invited', 'active', 'suspended')),
    ADD COLUMN email text CHECK (length(email) BETWEEN 3 AND 254 AND email LIKE '%_@_%'),
    ADD COLUMN passkey_handle bytea UNIQUE CHECK (octet_length(passkey_handle) = 64),
    ADD COLUMN signed_in_at timestamptz,           -- last time
    ADD COLUMN signed_in_by text,                  -- and the method
    ALTER COLUMN password_hash DROP NOT NULL;
UPDATE console.staff SET status = 'suspended' WHERE disabled;
ALTER TABLE console.staff DROP COLUMN disabled;

-- A session's number names it in lists and in the audit trail; it is no secret.
ALTER TABLE console.sessions
    ADD COLUMN session_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN method text NOT NULL DEFAULT 'password',  -- password | totp | passkey | recovery | oidc
    ADD COLUMN second boolean NOT NULL DEFAULT false,    -- two factors, or one that is worth two
    ADD COLUMN strong_at timestamptz NOT NULL DEFAULT now();  -- last proof of identity

-- Information barriers: account groups (trading.accounts.group_id) a person may not see.
CREATE TABLE console.staff_barriers (
    staff_id integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    group_id integer NOT NULL,
    PRIMARY KEY (staff_id, group_id)
);

-- Time-based codes. The secret is sealed with the console's key file, which is not in the
-- database.
CREATE TABLE console.totp (
    staff_id      integer PRIMARY KEY REFERENCES console.staff ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    last_step     bigint NOT NULL,         -- of the last code taken: no code up to it counts again
    created_at    timestamptz NOT NULL DEFAULT now(),
    used_at       timestamptz
);

CREATE TABLE console.passkeys (
    passkey_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id      integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE,
    fixed_state   bytea NOT NULL,          -- public key and what was agreed at registration
    moving_state  bytea NOT NULL,          -- signature counter, backup state
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at    timestamptz NOT NULL DEFAULT now(),
    used_at       timestamptz
);
CREATE INDEX passkeys_staff ON console.passkeys (staff_id);

-- Codes for the day the device is lost. Keyed hashes; each is used once.
CREATE TABLE console.recovery_codes (
    staff_id  integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    used_at   timestamptz,
    PRIMARY KEY (staff_id, code_hash)
);

-- Links that let a person choose a password: the first time, or after a reset. The newest of a
-- person counts.
CREATE TABLE console.invitations (
    staff_id   integer PRIMARY KEY REFERENCES console.staff ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_by text NOT NULL,              -- login, or who ran the command
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

-- Whom the firm's identity provider means by a subject.
CREATE TABLE console.oidc_identities (
    issuer     text NOT NULL,
    subject    text NOT NULL,
    staff_id   integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, staff_id)
);

-- Sign-ins between the password and the second factor.
CREATE TABLE console.sign_in_steps (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    staff_id   integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    next       text NOT NULL,              -- where the person wanted to go
    expires_at timestamptz NOT NULL
);

-- Wrong second factors by person. Whoever counts here knows the password already, so a
-- stranger cannot lock anyone out with it.
CREATE TABLE console.second_factor_failures (
    staff_id   integer PRIMARY KEY REFERENCES console.staff ON DELETE CASCADE,
    failures   integer NOT NULL,
    started_at timestamptz NOT NULL        -- of the window
);

-- Challenges (passkeys, sign-ins at the identity provider) that were answered, until they
-- expire: none is answered twice.
CREATE TABLE console.answered_challenges (
    challenge_hash bytea PRIMARY KEY CHECK (octet_length(challenge_hash) = 32),
    expires_at     timestamptz NOT NULL
);
