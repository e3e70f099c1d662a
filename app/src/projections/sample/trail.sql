-- The audit trail of the office: its trigger makes the chain, entry by entry. $1: orders, $2: accounts.
INSERT INTO audit.entries (login, address, kind, object_kind, object_id, request, detail)
SELECT 'sample-' || 1 + d % 400, '192.0.2.1', (ARRAY['view', 'export', 'request', 'decision'])[1 + d % 4],
    (ARRAY['account', 'list', 'request', 'request'])[1 + d % 4],
    CASE d % 4 WHEN 0 THEN 'S-' || lpad((1 + d % $2::integer)::text, 7, '0') WHEN 1 THEN 'fills'
        ELSE md5((d / 4)::text)::uuid::text END,
    CASE WHEN d % 4 > 1 THEN md5((d / 4)::text)::uuid END,
    CASE WHEN d % 4 = 1 THEN '{"accounts": ["S-0000003"]}' ELSE '{}' END
FROM generate_series(1, least($1::bigint / 10, 200000)::integer) AS d
