//! Who gave a command, by which door, and what is only put on record.

use super::Command;
use crate::types::*;

code!(/// By which door a client's command came in; kept for the audit trail only.
Via {
    /// REST.
    Rest = 0 => "rest",
    /// WebSocket.
    Stream = 1 => "stream",
    /// The admin API: a person in the console or an operator's tool.
    Admin = 2 => "admin",
    /// The platform itself (schedule, replay, batch).
    System = 3 => "system",
});

/// Who did it and why, for commands of people and batches. For the record only: nothing in
/// the engine depends on it, and no hash covers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Provenance {
    /// Login of the person who asked, or name of the batch.
    pub actor: Text<64>,
    /// Login of the second person who agreed; empty: none.
    pub approver: Text<64>,
    /// Id of the request this came from (`X-Request-Id`, maker-checker request).
    pub request: Text<64>,
    /// Why.
    pub reason: Text<255>,
}

/// A command that has no room for it, with who gave it and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attributed {
    /// Who and why.
    pub by: Provenance,
    /// What; never attributed itself.
    pub command: Command,
}

/// A statement about something kept elsewhere, put on record here: that a list had so many
/// entries and this hash. What is in the journal before it can then be shown not to have been
/// changed after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anchor {
    /// About what: `audit`.
    pub what: Text<16>,
    /// How many entries it had.
    pub count: u64,
    /// Hash over all of them.
    pub hash: [u8; 32],
}
