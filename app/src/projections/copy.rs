//! Rows in PostgreSQL's binary COPY format, written by hand: the fastest way in, and with no
//! allocation per row. The same bytes come out of `COPY ... TO STDOUT (FORMAT binary)`, which
//! is how the verifier compares tables without decoding them.

use zaraba_engine::types::Timestamp;

/// Signature, flags and length of the (empty) header extension.
pub(super) const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// End of the rows.
pub(super) const TRAILER: [u8; 2] = (-1i16).to_be_bytes();

/// 2000-01-01 UTC, from which Postgres counts, in microseconds of Unix time.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// Rows of one table, encoded.
#[derive(Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    rows: u64,
}

impl Rows {
    /// Begins a row of `columns` columns; exactly so many values must follow.
    pub(super) fn row(&mut self, columns: i16) -> &mut Rows {
        self.rows += 1;
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        self
    }

    /// How many rows.
    pub(super) fn len(&self) -> u64 {
        self.rows
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows, without header and trailer.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `bigint`.
    pub(super) fn int8(&mut self, value: i64) -> &mut Rows {
        self.value(&value.to_be_bytes())
    }

    /// `bigint`, for ids and sequences below 2^63.
    pub(super) fn id(&mut self, value: u64) -> &mut Rows {
        self.int8(value as i64)
    }

    /// `smallint`.
    pub(super) fn int2(&mut self, value: i16) -> &mut Rows {
        self.value(&value.to_be_bytes())
    }

    /// `integer`, for dense numbers below 2^31.
    pub(super) fn int4(&mut self, value: u32) -> &mut Rows {
        self.value(&value.to_be_bytes())
    }

    /// `boolean`.
    pub(super) fn bool(&mut self, value: bool) -> &mut Rows {
        self.value(&[u8::from(value)])
    }

    /// `text`.
    pub(super) fn text(&mut self, value: &str) -> &mut Rows {
        self.value(value.as_bytes())
    }

    /// `bytea`.
    pub(super) fn bytea(&mut self, value: &[u8]) -> &mut Rows {
        self.value(value)
    }

    /// `timestamptz`, cut to microseconds.
    pub(super) fn at(&mut self, value: Timestamp) -> &mut Rows {
        self.int8((value.0 / 1_000) as i64 - POSTGRES_EPOCH_US)
    }

    /// `timestamptz`, or no value for zero.
    pub(super) fn at_or_null(&mut self, value: Timestamp) -> &mut Rows {
        match value.0 {
            0 => self.null(),
            _ => self.at(value),
        }
    }

    /// No value.
    pub(super) fn null(&mut self) -> &mut Rows {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
        self
    }

    /// `bigint` or no value.
    pub(super) fn id_or_null(&mut self, value: Option<u64>) -> &mut Rows {
        match value {
            Some(value) => self.id(value),
            None => self.null(),
        }
    }

    /// `integer` or no value.
    pub(super) fn int4_or_null(&mut self, value: Option<u32>) -> &mut Rows {
        match value {
            Some(value) => self.int4(value),
            None => self.null(),
        }
    }

    /// `text` or no value.
    pub(super) fn text_or_null(&mut self, value: Option<&str>) -> &mut Rows {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    fn value(&mut self, bytes: &[u8]) -> &mut Rows {
        self.bytes.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self
    }
}

/// Length of the first whole row in `bytes`; `None` when more bytes are needed, or at the
/// trailer.
pub(super) fn row_length(bytes: &[u8]) -> Option<usize> {
    let columns = i16::from_be_bytes(bytes.first_chunk().copied()?);
    let mut at = 2;
    for _ in 0..u16::try_from(columns).ok()? {
        let length = i32::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?);
        at += 4 + usize::try_from(length).unwrap_or(0);
    }
    (at <= bytes.len() && columns >= 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_can_be_found_again_in_their_bytes() {
        let mut rows = Rows::default();
        rows.row(3).int8(-1).text("").null();
        rows.row(2).bool(true).at(Timestamp(1_000));
        let first = row_length(rows.bytes()).unwrap();
        assert_eq!(first, 2 + 12 + 4 + 4);
        assert_eq!(row_length(&rows.bytes()[first..]), Some(rows.bytes().len() - first));
        assert_eq!(row_length(&rows.bytes()[..first - 1]), None);
        assert_eq!(row_length(&TRAILER), None);
        assert_eq!(rows.len(), 2);
    }
}
