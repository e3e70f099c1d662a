//! How orders meet: one by one as they come, or together in an auction; and the quotes that
//! stand in for trading while they must not.

mod after;
mod call;
mod continuous;
mod quotes;
mod reach;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use call::Claims;
pub(crate) use continuous::Stop;
pub(crate) use reach::stage;
