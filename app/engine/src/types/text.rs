//! Short text kept inline, and the codes and names made of it.

use std::fmt;

/// Up to `N` bytes of UTF-8 kept inline, so that commands never allocate for names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Text<N> {
    /// The empty text.
    pub const EMPTY: Text<N> = Text { bytes: [0; N], len: 0 };

    /// Takes `text` if it is at most `N` bytes long (and `N` at most 255).
    pub fn new(text: &str) -> Option<Text<N>> {
        if text.len() > N || text.len() > 255 {
            return None;
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Text { bytes, len: text.len() as u8 })
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// The bytes of the text, without padding.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    /// The whole storage: the text followed by zero bytes.
    #[inline]
    pub fn padded(&self) -> &[u8; N] {
        &self.bytes
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Instrument code: `7203`, `BTC_JPY`.
pub type Symbol = Text<16>;
/// Human name of an instrument or asset.
pub type Name = Text<64>;
/// Asset code: `JPY`, `BTC`, `7203`.
pub type AssetCode = Text<16>;
/// The broker's code for an account.
pub type AccountCode = Text<24>;
/// The client's own id for an order or transfer; unique per account.
pub type ClientId = Text<36>;
