//! (in work) Versioned binary commands.

use zaraba_engine::Command;

/// Why bytes are not a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a command: {0}")]
pub struct CodecError(pub String);

/// Appends version, kind and payload of a command.
pub fn encode(command: &Command, to: &mut Vec<u8>) {
    let _ = (command, to);
}

/// Reads what [`encode`] wrote, whole.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<Command, CodecError> {
    let _ = bytes;
    Err(CodecError("not yet".into()))
}
