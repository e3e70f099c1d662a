//! The one integration binary of the console: over HTTP, and in a real headless Chromium.
//! The backend is a double of its HTTP contract (`backend`); Postgres is real. Tests whose
//! programs are missing on this machine say so by name and are counted in `skipped`.

#![allow(clippy::unwrap_used)] // helpers of tests, too, may stop the test

mod accounts;
mod admin;
mod age;
mod asvs;
mod audit;
mod audit_pages;
mod away;
mod backend;
mod browser;
mod contract;
mod expiry;
mod failover;
mod fills;
mod forms;
mod furnished;
mod in_browser;
mod instruments;
mod live;
mod logged;
mod logs;
mod oidc;
mod pages;
mod password;
mod people;
mod pictures;
mod ports;
mod program;
mod requests;
mod risk;
mod roles;
mod ship;
mod tls;
mod token;
mod tour;
mod usage;
mod walls;
mod whole;
mod words;
mod world;
