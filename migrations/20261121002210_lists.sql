-- What the lists of the back office need beside the indexes there are: limits of one kind of
-- scope, and kill switches with those that are thrown first.
CREATE INDEX risk_limits_kind
    ON trading.risk_limits (split_part(scope, ':', 1), scope, measure);
CREATE INDEX kill_switches_shown ON trading.kill_switches (thrown DESC, at DESC);
