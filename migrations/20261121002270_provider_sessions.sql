-- Sessions at the firm's identity provider that people of the console signed in with: a sign-out
-- there may name the session alone. Written by the console.
CREATE TABLE console.provider_sessions (
    issuer     text NOT NULL,
    sid        text NOT NULL,              -- the provider's name for its session
    staff_id   integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,       -- no session of the console that it began lives longer
    PRIMARY KEY (issuer, sid, staff_id)
);
CREATE INDEX provider_sessions_expires ON console.provider_sessions (expires_at);
