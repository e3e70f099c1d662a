//! The one integration binary of the backend.

mod store;
