//! How orders meet. Continuous trading now; auctions will be its neighbours.

mod continuous;
