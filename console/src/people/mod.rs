//! How people prove who they are: second factors and what they are kept with. Knows no pages;
//! SQL is in `store`.

pub mod codes;
pub mod passkey;
pub mod proof;
pub mod provider;
pub mod seal;
pub mod staff;
pub mod token;
pub mod totp;
