//! Little-endian primitives: appending to a buffer, and a reader that refuses what is not
//! there instead of panicking.

use zaraba_engine::types::Text;

use super::CodecError;

/// Appends primitives to a buffer.
pub(super) struct Out<'a>(pub &'a mut Vec<u8>);

impl Out<'_> {
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }
    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub fn i32(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    pub fn text<const N: usize>(&mut self, text: &Text<N>) {
        self.u8(text.as_bytes().len() as u8); // Text holds at most 255 bytes
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// Takes primitives off the front of a slice.
pub(super) struct In<'a> {
    rest: &'a [u8],
}

impl<'a> In<'a> {
    pub fn new(bytes: &'a [u8]) -> In<'a> {
        In { rest: bytes }
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], CodecError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecError::Short(field))?;
        self.rest = rest;
        Ok(*head)
    }
    #[inline]
    pub fn u8(&mut self, field: &'static str) -> Result<u8, CodecError> {
        Ok(self.array::<1>(field)?[0])
    }
    #[inline]
    pub fn u32(&mut self, field: &'static str) -> Result<u32, CodecError> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }
    #[inline]
    pub fn u64(&mut self, field: &'static str) -> Result<u64, CodecError> {
        Ok(u64::from_le_bytes(self.array(field)?))
    }
    #[inline]
    pub fn i32(&mut self, field: &'static str) -> Result<i32, CodecError> {
        Ok(i32::from_le_bytes(self.array(field)?))
    }
    #[inline]
    pub fn i64(&mut self, field: &'static str) -> Result<i64, CodecError> {
        Ok(i64::from_le_bytes(self.array(field)?))
    }
    pub fn bytes<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], CodecError> {
        self.array(field)
    }
    #[inline]
    pub fn text<const N: usize>(&mut self, field: &'static str) -> Result<Text<N>, CodecError> {
        let length = usize::from(self.u8(field)?);
        let (head, rest) = self.rest.split_at_checked(length).ok_or(CodecError::Short(field))?;
        self.rest = rest;
        let text = std::str::from_utf8(head).map_err(|_| CodecError::NotUtf8(field))?;
        Text::new(text).ok_or(CodecError::Value { field, value: length as u64 })
    }

    /// That nothing is left over.
    pub fn end(&self) -> Result<(), CodecError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CodecError::Long(self.rest.len())) }
    }
}
