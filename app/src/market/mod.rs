//! (in work) Market data: trades, candles, tickers, stream fan-out.

/// Market data in memory.
pub struct Market {}
