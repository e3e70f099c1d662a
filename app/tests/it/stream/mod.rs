//! The stream and the market endpoints over real sockets, on the real platform.

mod books;
mod clocks;
mod history;
mod inputs;
mod live;
mod node;
mod private;
mod sessions;
mod slow;
