//! The engine from outside: its rules one by one, and what it may allocate.

mod allocations;
mod auction;
mod breaker;
mod contingent;
mod contingent_random;
mod correct;
mod contingent_risk;
mod crypto;
mod crypto_random;
mod extremes;
mod fees;
mod frame;
mod oddlot;
mod orders;
mod people;
mod risk;
mod risk_random;
mod self_trade;
mod settlement;
mod snapshots;
mod tse;
mod tse_firms;
mod tse_first;
mod tse_morning;
mod tse_random;
mod world;
