-- Requests on staff that were carried out: each once, however often it is tried.
CREATE TABLE console.staff_changes (
    request_id text PRIMARY KEY,
    done_at    timestamptz NOT NULL DEFAULT now()
);

-- Nothing links people to an identity provider yet.
DROP TABLE console.oidc_identities;
