//! Everything that comes in: the gate, and the doors before it (REST, stream, admin).

pub mod admin;
pub mod gate;
pub mod http;
pub mod ws;
