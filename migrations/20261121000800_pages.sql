-- What the console's lists need: each page of a list is found by an index, whatever the
-- table's size. Codes are compared byte by byte, so that a prefix is a range.

CREATE INDEX accounts_by_code ON trading.accounts (code COLLATE "C");
CREATE INDEX accounts_by_group ON trading.accounts (group_id, code COLLATE "C");
-- Most accounts are active; the others are looked for.
CREATE INDEX accounts_by_status ON trading.accounts (status, code COLLATE "C")
    WHERE status <> 'active';

-- When a trade took place, or NULL. Trade numbers ascend in time, so this is a binary search
-- over the primary key of the fills: about 50 probes, whatever the table's size, and no index
-- that every trade would have to write.
CREATE FUNCTION console.trade_time(trade bigint) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    -- Microseconds since the epoch: halves of them are exact in every time zone.
    low   bigint;
    high  bigint;
    probe bigint;
    found_at    timestamptz;
    found_trade bigint;
BEGIN
    SELECT (extract(epoch FROM f.at) * 1000000)::bigint INTO low
    FROM trading.fills f ORDER BY f.at, f.fill_id LIMIT 1;
    SELECT (extract(epoch FROM f.at) * 1000000)::bigint INTO high
    FROM trading.fills f ORDER BY f.at DESC, f.fill_id DESC LIMIT 1;
    IF low IS NULL THEN
        RETURN NULL;
    END IF;
    -- The newest time whose first fill is of this trade or an older one.
    WHILE low < high LOOP
        probe := low + (high - low + 1) / 2;
        SELECT f.at, f.trade_id INTO found_at, found_trade FROM trading.fills f
        WHERE f.at >= timestamptz 'epoch' + probe * interval '1 microsecond'
        ORDER BY f.at, f.fill_id LIMIT 1;
        IF found_trade <= trade THEN
            low := (extract(epoch FROM found_at) * 1000000)::bigint;
        ELSE
            high := probe - 1;
        END IF;
    END LOOP;
    SELECT f.at INTO found_at FROM trading.fills f
    WHERE f.at = timestamptz 'epoch' + low * interval '1 microsecond'
      AND f.fill_id IN (trade * 2, trade * 2 + 1)
    LIMIT 1;
    RETURN found_at;
END
$$;
