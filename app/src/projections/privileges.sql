-- Who may do what in the database: applied by `zaraba migrate` after the migrations, every
-- time, so that tables a migration adds need no thought. Group roles cannot sign in; logins are
-- made by whoever runs Postgres (docs/OPERATIONS.md) and are members of exactly one.
--
--   zaraba_backend       owns schemas trading, access and flags: the projector makes and drops
--                        partitions, which only an owner can
--   zaraba_console       reads trading and flags, and of access what is no secret; reads and
--                        writes console; adds to the audit trail
--   zaraba_audit_writer  adds to the audit trail and reads it. Nobody changes it
SELECT pg_advisory_xact_lock(20261121, 701);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['zaraba_backend', 'zaraba_console', 'zaraba_audit_writer'] LOOP
        -- Roles belong to the whole cluster: another database may be making them just now.
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION '% may not create the role %', current_user, name
                        USING HINT = 'Run this once as a superuser: CREATE ROLE ' || name
                            || ' NOLOGIN; GRANT ' || name || ' TO ' || current_user || ';',
                        ERRCODE = 'insufficient_privilege';
            END;
        END IF;
    END LOOP;
    -- To give something away one has to be a member of the new owner; superusers are of all.
    IF NOT pg_has_role(current_user, 'zaraba_backend', 'MEMBER') THEN
        EXECUTE format('GRANT zaraba_backend TO %I', current_user);
    END IF;
    IF NOT pg_has_role('zaraba_console', 'zaraba_audit_writer', 'MEMBER') THEN
        BEGIN
            GRANT zaraba_audit_writer TO zaraba_console;
        EXCEPTION WHEN unique_violation OR internal_error THEN NULL;  -- another database did
        END;
    END IF;
END
$$;

-- Owners. A partition belongs to the login that made it, until this hands it over.
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT nspname FROM pg_namespace
              WHERE nspname IN ('trading', 'access', 'flags')
                AND nspowner <> 'zaraba_backend'::regrole LOOP
        EXECUTE format('ALTER SCHEMA %I OWNER TO zaraba_backend', it.nspname);
    END LOOP;
    FOR it IN SELECT c.oid::regclass::text AS name, c.relkind FROM pg_class c
              WHERE c.relnamespace::regnamespace::text IN ('trading', 'access', 'flags')
                AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
                AND c.relowner <> 'zaraba_backend'::regrole
                -- A sequence of a column follows its table.
                AND NOT (c.relkind = 'S' AND EXISTS (
                    SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')
                        AND d.refclassid = 'pg_class'::regclass)) LOOP
        EXECUTE format('ALTER %s %s OWNER TO zaraba_backend',
            CASE it.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, it.name);
    END LOOP;
    FOR it IN SELECT p.oid::regprocedure::text AS name FROM pg_proc p
              WHERE p.pronamespace::regnamespace::text IN ('trading', 'access', 'flags')
                AND p.proowner <> 'zaraba_backend'::regrole LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO zaraba_backend', it.name);
    END LOOP;
END
$$;

-- The console. Taken away first, so that a right that is dropped here is dropped there.
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT c.oid::regclass::text AS name, c.relnamespace::regnamespace::text AS schema
              FROM pg_class c
              WHERE c.relnamespace::regnamespace::text
                    IN ('trading', 'access', 'flags', 'console', 'audit')
                AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition LOOP
        EXECUTE format('REVOKE ALL ON %s FROM zaraba_console, zaraba_audit_writer, PUBLIC', it.name);
        IF it.schema IN ('trading', 'flags') THEN
            EXECUTE format('GRANT SELECT ON %s TO zaraba_console', it.name);
        ELSIF it.schema = 'console' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO zaraba_console', it.name);
        END IF;
    END LOOP;
    FOR it IN SELECT nspname FROM pg_namespace
              WHERE nspname IN ('trading', 'access', 'flags', 'console') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO zaraba_console', it.nspname);
    END LOOP;
END
$$;
-- Requests, what was told of them, and the staff changes they made stay on the record.
REVOKE DELETE ON console.requests, console.request_notices, console.staff_changes
    FROM zaraba_console;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA console TO zaraba_console;
-- All but what lets a key sign.
GRANT SELECT (key_id, api_key, account, kind, scopes, addresses, expires_at, reads_per_second,
              writes_per_second, label, created_by, created_at, revoked_at, changed_at)
    ON access.api_keys TO zaraba_console;

GRANT USAGE ON SCHEMA audit TO zaraba_audit_writer;
GRANT SELECT ON audit.entries, audit.concerns TO zaraba_audit_writer;
-- Number, time and hashes are the trigger's.
GRANT INSERT (staff_id, login, session_id, address, kind, object_kind, object_id, request, detail)
    ON audit.entries TO zaraba_audit_writer;
