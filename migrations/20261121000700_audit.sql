-- The audit trail (schema `audit`): who signed in, saw personal data, exported, asked, decided
-- and acted in the console. Not a projection: nothing rebuilds it, so it belongs in the backup.
-- Written by the console, by INSERT only; who may do that is in
-- app/src/projections/privileges.sql. Entries form a chain: each holds the hash of the one
-- before, and the head's hash is anchored in the journal now and then, so that who changes the
-- table behind the triggers' back is found out by `zaraba-console audit verify`.
CREATE SCHEMA audit;

CREATE TABLE audit.entries (
    seq         bigint PRIMARY KEY CHECK (seq > 0),  -- 1, 2, 3 …: no gaps
    at          timestamptz NOT NULL,      -- the database's clock; never before the entry before
    staff_id    integer,                   -- null: nobody was signed in
    login       text NOT NULL,             -- '': nobody; of a refused sign-in, what was tried
    session_id  bigint,                    -- console.sessions; null: none
    address     text NOT NULL,             -- of the browser; 'cli' for the command line
    kind        text NOT NULL CHECK (kind ~ '^[a-z_]{1,32}$'),
    object_kind text NOT NULL CHECK (object_kind ~ '^[a-z_]{1,32}$'),
    object_id   text NOT NULL CHECK (length(object_id) <= 256),
    request     uuid,                      -- the request that it belongs to
    detail      text NOT NULL CHECK (octet_length(detail) <= 65536
                                     AND jsonb_typeof(detail::jsonb) = 'object'),
    prev_hash   bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash        bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX entries_at ON audit.entries (at, seq);
CREATE INDEX entries_login ON audit.entries (login, seq DESC);
CREATE INDEX entries_kind ON audit.entries (kind, seq DESC);
CREATE INDEX entries_object ON audit.entries (object_kind, object_id, seq DESC);
CREATE INDEX entries_request ON audit.entries (request, seq DESC) WHERE request IS NOT NULL;
-- Accounts whose data a list showed are named in its detail, so that they are found, too.
CREATE INDEX entries_accounts ON audit.entries USING gin ((detail::jsonb -> 'accounts'))
    WHERE detail::jsonb ? 'accounts';

-- A field in the form that is hashed: its length in bytes (4 bytes, big-endian), its UTF-8
-- bytes; a null is ff ff ff ff.
CREATE FUNCTION audit.field(value text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN '\xffffffff'::bytea
            ELSE int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8') END;

-- SHA-256 over a version, the hash of the entry before, and all fields in order. Numbers are in
-- decimal, the time in microseconds since 1970, the request in lower case with hyphens.
CREATE FUNCTION audit.hash_of(e audit.entries) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    convert_to('zaraba audit 1', 'UTF8') || e.prev_hash
    || audit.field(e.seq::text)
    || audit.field((extract(epoch FROM e.at) * 1000000)::bigint::text)
    || audit.field(e.staff_id::text) || audit.field(e.login)
    || audit.field(e.session_id::text) || audit.field(e.address)
    || audit.field(e.kind) || audit.field(e.object_kind) || audit.field(e.object_id)
    || audit.field(e.request::text) || audit.field(e.detail));

-- Puts a new entry at the chain's head. Number, time and hashes are made here, whatever the
-- writer sent: one chain, however many consoles write. The lock is held until the writer's
-- transaction ends.
CREATE FUNCTION audit.chain() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head audit.entries%ROWTYPE;
BEGIN
    PERFORM pg_advisory_xact_lock(20261121, 700);
    SELECT * INTO head FROM audit.entries ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(head.seq, 0) + 1;
    NEW.at := greatest(clock_timestamp(), head.at);
    NEW.prev_hash := coalesce(head.hash, decode(repeat('00', 32), 'hex'));
    NEW.hash := audit.hash_of(NEW);
    RETURN NEW;
END
$$;
CREATE TRIGGER chain BEFORE INSERT ON audit.entries
    FOR EACH ROW EXECUTE FUNCTION audit.chain();

-- Roles cannot change entries anyway; this stops whoever has the rights from doing it by
-- mistake.
CREATE FUNCTION audit.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are never changed: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
