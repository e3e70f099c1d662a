-- How far the audit trail has been sent to another system, and which console is at it: one row,
-- written by the consoles. Set seq back to have entries sent again.
CREATE TABLE console.audit_shipped (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    shipped_at timestamptz,
    leased_by uuid,
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO console.audit_shipped DEFAULT VALUES;
