//! Opaque cursors: the keys of a page's last row, so that the next page begins right after
//! it however many rows have arrived meanwhile.

use std::fmt::Debug;

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
    Actions = 4,
    Anchors = 5,
    Corrections = 6,
}

/// A number for a list's filters: a cursor is taken only with those it was given out with.
pub(crate) fn fingerprint(filter: &impl Debug) -> u64 {
    // FNV-1a of what the filter says; a new release may say it otherwise, and a client whose
    // cursor is refused then starts again without one.
    let text = format!("{filter:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Writes a cursor: a byte for the list, eight for its filters, then the keys.
pub(super) fn encode(list: List, filter: &impl Debug, keys: &[i64]) -> String {
    let mut bytes = vec![list as u8];
    bytes.extend_from_slice(&fingerprint(filter).to_be_bytes());
    for key in keys {
        bytes.extend_from_slice(&key.to_be_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor of `list` under a filter, with `N` keys.
pub(super) fn decode<const N: usize>(
    list: List,
    filter: &impl Debug,
    cursor: &str,
) -> Result<[i64; N], HistoryError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| HistoryError::BadCursor)?;
    let [tag, keys @ ..] = bytes.as_slice() else { return Err(HistoryError::BadCursor) };
    let Some(keys) = keys.strip_prefix(&fingerprint(filter).to_be_bytes()) else {
        return Err(HistoryError::BadCursor);
    };
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
        let cursor = encode(List::Fills, &"filter", &[i64::MIN, 7]);
        assert_eq!(decode::<2>(List::Fills, &"filter", &cursor).unwrap(), [i64::MIN, 7]);
        assert!(decode::<2>(List::Orders, &"filter", &cursor).is_err());
        assert!(decode::<3>(List::Fills, &"filter", &cursor).is_err());
        assert!(decode::<2>(List::Fills, &"other", &cursor).is_err());
        for bad in ["", "!", "AA", "%%%", &"A".repeat(4096)] {
            assert!(decode::<2>(List::Fills, &"filter", bad).is_err(), "{bad}");
        }
    }
}
