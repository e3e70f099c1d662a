//! Client tools: the signed HTTP client they share, the load generator, the LOBSTER replay
//! and the market simulation. They use the public API like any other client and must not
//! reach into the engine, the gate or the journal.

pub mod client;
pub mod credentials;
pub mod decimal;
pub mod load;
pub mod lobster;
pub mod reference;
pub mod sim;
