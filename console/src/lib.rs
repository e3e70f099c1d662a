//! Zaraba's back-office console: server-rendered pages over the projections (Postgres schema
//! `trading`, read only) and the backend's admin API. Everything that changes trading state
//! goes through the admin API; the console's own tables are in schema `console`.

pub mod app;
pub mod assets;
pub mod audit;
pub mod authz;
pub mod backend;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod guard;
pub mod i18n;
pub mod live;
pub mod metrics;
pub mod often;
pub mod outward;
pub mod pages;
pub mod password;
pub mod people;
pub mod permissions;
pub mod reads;
pub mod requests;
pub mod router;
pub mod server;
pub mod session;
pub mod ship;
pub mod sockets;
pub mod store;
pub mod view;
