-- Requests: what one person asks for and another decides, and what a person does at once
-- (schema `console`; not projections, back them up). Written by the console only. A row is
-- never deleted: maker, checker, both times and both reasons stay on the record.
CREATE TABLE console.requests (
    id              uuid PRIMARY KEY,      -- made with the form; the backend's X-Request-Id
    number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,  -- how people call it
    kind            text NOT NULL,         -- adjust, halt, ...
    matter          text NOT NULL,         -- whose permission decides: funds, accounts, ...
    target          text NOT NULL,         -- canonical name of what it acts on
    at_once         boolean NOT NULL,      -- carried out for its maker alone
    accounts        text[] NOT NULL DEFAULT '{}',     -- codes of the accounts it touches,
    groups          integer[] NOT NULL DEFAULT '{}',  -- groups it touches as a whole,
    everyone        boolean NOT NULL DEFAULT false,   -- or everybody: for information barriers
    fields          jsonb NOT NULL,        -- the action, with its kind
    preview         jsonb NOT NULL,        -- its effect as the maker saw it
    reason          text NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 255),
    maker_id        integer NOT NULL REFERENCES console.staff,
    maker           text NOT NULL,
    made_at         timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    state           text NOT NULL CHECK (state IN
        ('waiting', 'declined', 'withdrawn', 'expired', 'applying', 'applied', 'refused')),
    checker_id      integer REFERENCES console.staff,
    checker         text,
    decided_at      timestamptz,
    decision_reason text CHECK (octet_length(decision_reason) <= 255),
    decision_preview jsonb,                -- its effect as the checker saw it
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,           -- while applying: when a worker may take it up
    problem         text,                  -- while applying: why it is not done yet
    outcome         jsonb,                 -- sequence, code, message
    finished_at     timestamptz,
    CHECK (checker_id IS DISTINCT FROM maker_id AND checker IS DISTINCT FROM maker),
    CHECK ((checker_id IS NULL) = (checker IS NULL)),
    CHECK (NOT at_once OR checker IS NULL),
    -- Nothing is carried out for one person unless it may be.
    CHECK (at_once OR checker IS NOT NULL OR state NOT IN ('applying', 'applied', 'refused', 'declined')),
    CHECK ((state = 'applying') = (next_attempt_at IS NOT NULL)),
    CHECK ((state IN ('waiting', 'applying')) = (finished_at IS NULL))
);
-- One at a time for the same thing.
CREATE UNIQUE INDEX requests_pending ON console.requests (kind, target)
    WHERE state IN ('waiting', 'applying');
CREATE INDEX requests_waiting ON console.requests (matter, number) WHERE state = 'waiting';
CREATE INDEX requests_expiry ON console.requests (expires_at) WHERE state = 'waiting';
CREATE INDEX requests_applying ON console.requests (next_attempt_at) WHERE state = 'applying';
CREATE INDEX requests_maker ON console.requests (maker_id, number DESC);
CREATE INDEX requests_checker ON console.requests (checker_id, number DESC);
CREATE INDEX requests_decided ON console.requests (decided_at DESC) WHERE decided_at IS NOT NULL;

-- What is to be told about requests, to each configured hook; written with the change it is
-- about. No names, amounts or accounts.
CREATE TABLE console.request_notices (
    notice_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id      uuid NOT NULL REFERENCES console.requests,
    hook            text NOT NULL,         -- its name in the settings
    event           text NOT NULL,         -- requested | decided | finished
    state           text NOT NULL,         -- the request's state then
    at              timestamptz NOT NULL DEFAULT now(),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz DEFAULT now(),   -- null: delivered or given up
    delivered_at    timestamptz,
    problem         text
);
CREATE INDEX request_notices_due ON console.request_notices (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX request_notices_request ON console.request_notices (request_id);
