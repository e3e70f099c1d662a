-- Consoles hear at once when somebody's roles, barriers or standing change or a session ends (by
-- whichever console, or by the command line), and look again at the live connections of that
-- person. The message is the person's number.
CREATE FUNCTION console.tell_person() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('console_people', CASE TG_OP WHEN 'DELETE' THEN OLD.staff_id ELSE NEW.staff_id END::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER told AFTER UPDATE OF status, roles ON console.staff
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.roles <> NEW.roles)
    EXECUTE FUNCTION console.tell_person();
CREATE TRIGGER told AFTER INSERT OR DELETE ON console.staff_barriers
    FOR EACH ROW EXECUTE FUNCTION console.tell_person();
CREATE TRIGGER told AFTER DELETE ON console.sessions
    FOR EACH ROW EXECUTE FUNCTION console.tell_person();
