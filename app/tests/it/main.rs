//! The one integration binary of the backend.
