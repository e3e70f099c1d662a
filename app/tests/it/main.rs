//! The one integration binary of the backend.

mod core;
mod stream;

mod store;
