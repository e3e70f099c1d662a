//! Opaque cursors: the keys of a page's last row, so that the next page begins right after
//! it however many rows have arrived meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::HistoryError;

/// Which list a cursor belongs to; another list's cursor is refused.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum List {
    Orders = 1,
    Fills = 2,
    Ledger = 3,
}

/// Writes a cursor: a byte for the list, then the keys.
pub(super) fn encode(list: List, keys: &[i64]) -> String {
    let mut bytes = vec![list as u8];
    for key in keys {
        bytes.extend_from_slice(&key.to_be_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor of `list` with `N` keys.
pub(super) fn decode<const N: usize>(list: List, cursor: &str) -> Result<[i64; N], HistoryError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| HistoryError::BadCursor)?;
    let [tag, keys @ ..] = bytes.as_slice() else { return Err(HistoryError::BadCursor) };
    if *tag != list as u8 || keys.len() != N * 8 {
        return Err(HistoryError::BadCursor);
    }
    let mut out = [0; N];
    for (key, bytes) in out.iter_mut().zip(keys.as_chunks::<8>().0) {
        *key = i64::from_be_bytes(*bytes);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_is_taken() {
        let cursor = encode(List::Fills, &[i64::MIN, 7]);
        assert_eq!(decode::<2>(List::Fills, &cursor).unwrap(), [i64::MIN, 7]);
        assert!(decode::<2>(List::Orders, &cursor).is_err());
        assert!(decode::<3>(List::Fills, &cursor).is_err());
        for bad in ["", "!", "AA", "%%%", &"A".repeat(4096)] {
            assert!(decode::<2>(List::Fills, bad).is_err(), "{bad}");
        }
    }
}
