//! Zaraba, the trading backend. `docs/ARCHITECTURE.md` says how the rooms fit together;
//! each module's header says what it holds and what must not come in.

pub mod auth;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod config;
pub mod database;
pub mod dev;
pub mod flags;
pub mod intake;
pub mod journal;
pub mod live;
pub mod lock;
pub mod market;
pub mod platform;
pub mod projections;
pub mod queries;
pub mod schedule;
pub mod sequencer;
pub mod summary;
pub mod telemetry;
pub mod tools;
pub mod wiring;
