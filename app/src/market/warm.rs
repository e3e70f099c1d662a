//! After a start: fills trades, candles and day statistics from before the restart from the
//! database, in the background. Trades up to the recovered state's last come from there,
//! later ones from released batches, so nothing counts twice. Until it is done, and for as
//! long as the database is away or behind, what was seen since the start is shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zaraba_engine::types::*;

use super::Market;
use super::candles::{Candle, Interval};
use super::listing::Print;
use crate::config;
use crate::live::Live;
use crate::queries::{CandleRequest, History, HistoryError};

/// Between two attempts.
const RETRY: Duration = Duration::from_secs(2);

/// Warms the market up, trying until the database has what is needed or the market stops.
pub async fn run(
    market: Arc<Market>,
    live: Arc<Live>,
    history: Arc<History>,
    kept: config::Market,
) {
    let begun = Instant::now();
    let mut warned = false;
    let start = market.beginning();
    if start.seq == Seq(0) {
        return;
    }
    while !market.is_stopped() {
        match attempt(&market, &live, &history, &kept).await {
            Ok(true) => {
                let seconds = begun.elapsed().as_secs_f64();
                tracing::info!(event = "market.warmed", trade.id = start.trade.0, seconds);
                return;
            }
            Ok(false) => {}
            Err(error) if !warned => {
                warned = true;
                tracing::warn!(
                    event = "market.cold",
                    %error,
                    "trades and candles from before the start are not shown yet; retrying"
                );
            }
            Err(_) => {}
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Everything read first, then put in at once: a failure leaves nothing half done. Whether
/// the database had reached the start.
async fn attempt(
    market: &Market,
    live: &Live,
    history: &History,
    kept: &config::Market,
) -> Result<bool, HistoryError> {
    let start = market.beginning();
    if history.reached().await? < start.seq {
        return Ok(false);
    }
    let reasons = history.halt_reasons().await?;
    let listed: Vec<(InstrumentId, Profile)> = market.read(|board| {
        let listings = board.listings.iter().enumerate();
        listings
            .map(|(id, listing)| (InstrumentId(id as u32), listing.state.spec.profile))
            .collect()
    });
    let mut trades = Vec::new();
    for (instrument, _) in &listed {
        let rows = history.trades_before(*instrument, start.trade, kept.trades_kept).await?;
        trades.push((*instrument, rows));
    }
    let mut candles = Vec::new();
    for profile in [Profile::Tse, Profile::Crypto] {
        let of = |(id, own): &(InstrumentId, Profile)| (*own == profile).then_some(*id);
        let instruments: Vec<InstrumentId> = listed.iter().filter_map(of).collect();
        if instruments.is_empty() {
            continue;
        }
        for interval in Interval::ALL {
            let span = interval.length_ns().saturating_mul(kept.candles_kept as u64);
            let since = Timestamp(market.now().0.saturating_sub(span));
            let request = CandleRequest {
                instruments: &instruments,
                length_ns: interval.length_ns(),
                shift_ns: interval.shift_ns(profile),
                since: interval.start(profile, since),
                up_to: start.trade,
            };
            match history.candles(request).await {
                Ok(rows) => candles.extend(rows.into_iter().map(|row| (interval, row))),
                // Years of fills may take longer than a query may: better without those.
                Err(HistoryError::Timeout) => tracing::warn!(
                    event = "market.candles_cold",
                    interval = interval.as_str(),
                    "making these candles from fills takes too long; they begin at the start"
                ),
                Err(error) => return Err(error),
            }
        }
    }
    live.warm_reasons(&reasons);
    market.write(|board| {
        board.warm_reasons(&reasons);
        for (instrument, rows) in trades {
            let print = |row: crate::queries::TradeRow| Print {
                trade: row.trade,
                price: row.price,
                quantity: row.quantity,
                taker_side: row.taker_side,
                auction: row.auction,
                at: row.at,
                seq: row.seq,
            };
            let listing = &mut board.listings[instrument.0 as usize];
            listing.warm_trades(rows.into_iter().map(print).collect());
        }
        for group in candles.chunk_by(|a, b| (a.0, a.1.instrument) == (b.0, b.1.instrument)) {
            let candle = |row: &crate::queries::CandleRow| Candle {
                start: row.start,
                open: row.open,
                high: row.high,
                low: row.low,
                close: row.close,
                volume: row.volume,
                turnover: row.turnover,
                trades: row.trades,
            };
            let (interval, first) = group[0];
            let earlier = group.iter().map(|(_, row)| candle(row)).collect();
            board.listings[first.instrument.0 as usize].warm_candles(interval, earlier);
        }
    });
    Ok(true)
}
