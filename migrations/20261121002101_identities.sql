-- Whom the firm's identity provider means by a subject. A person is linked by taking up an
-- invitation there, or while signed in; never by an e-mail address.
CREATE TABLE console.identities (
    issuer     text NOT NULL,
    subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    staff_id   integer NOT NULL REFERENCES console.staff ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz,                -- last sign-in or confirmation
    PRIMARY KEY (issuer, subject),
    UNIQUE (staff_id, issuer)
);

-- Forms that came too late for a recent proof, while their person is at the provider to give
-- one. Sealed with the console's key file; the newest of a session.
CREATE TABLE console.kept_forms (
    session_id bigint PRIMARY KEY REFERENCES console.sessions (session_id) ON DELETE CASCADE,
    sealed     bytea NOT NULL
);
