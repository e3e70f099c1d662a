-- The trail of one account, newest first, in the time of one page however long it grew: which
-- entries concern which account, by number. An inverted index knows no order, so that it had to
-- fetch, parse and sort every entry that ever named the account. An account is concerned by an
-- entry about itself, and by one whose detail names it (a list that showed it, a search that
-- found it). Kept by the trigger below; no writer of the trail can add to it or change it.
CREATE TABLE audit.concerns (
    account text NOT NULL,                 -- its code
    seq     bigint NOT NULL,               -- audit.entries: only the trigger writes, so no key checks it
    PRIMARY KEY (account, seq)
);

-- No account has a code of more than 256 characters: whatever longer text a reader asked for is in
-- the entry, and concerns nobody.
CREATE FUNCTION audit.accounts_of(e audit.entries) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT named.account FROM (
        SELECT e.object_id WHERE e.object_kind = 'account'
        UNION
        SELECT jsonb_array_elements_text(
            CASE WHEN jsonb_typeof(e.detail::jsonb -> 'accounts') = 'array'
                 THEN e.detail::jsonb -> 'accounts' ELSE '[]' END)
    ) AS named (account) WHERE length(named.account) <= 256
$$;

-- With its owner's rights, who alone may write there.
CREATE FUNCTION audit.note_concerns() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO audit.concerns (account, seq)
        SELECT account, NEW.seq FROM audit.accounts_of(NEW) AS account;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_concerns AFTER INSERT ON audit.entries
    FOR EACH ROW EXECUTE FUNCTION audit.note_concerns();
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.concerns
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

INSERT INTO audit.concerns (account, seq)
SELECT account, e.seq FROM audit.entries e, audit.accounts_of(e) AS account;

DROP INDEX audit.entries_accounts;
