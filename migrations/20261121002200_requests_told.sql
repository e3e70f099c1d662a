-- Consoles hear at once when a request is made, decided or ended (by whichever console, or by
-- nobody: it expired), and count anew what waits for each reader. The message says nothing.
CREATE FUNCTION console.tell_requests() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('console_requests', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER told AFTER INSERT OR UPDATE OF state ON console.requests
    FOR EACH STATEMENT EXECUTE FUNCTION console.tell_requests();
