//! What an auction would do now: the indicative price of an instrument whose orders gather for
//! one, from the levels a reader knows. The price itself is the engine's own choice; only the
//! range it is looked for in follows from what is published. Pure.

use zaraba_engine::auction::{Outcome, Terms, price};
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::jpx;
use zaraba_engine::types::*;

use super::ladder::Ladder;

/// Whether orders gather for an auction now.
pub fn gathers(state: &InstrumentState) -> bool {
    let in_quote = state.phase == Phase::Continuous && state.quote.kind == QuoteKind::Special;
    state.status == InstrumentStatus::Open
        && (in_quote || matches!(state.phase, Phase::PreOpen | Phase::PreClose | Phase::Call))
}

/// What the auction they gather for would do now; `None` when they do not.
///
/// `traded_today` says whether the last price is of the present day: movements are measured
/// from it, else from the base price.
pub fn outlook(state: &InstrumentState, traded_today: bool, ladder: &Ladder) -> Option<Outcome> {
    if !gathers(state) {
        return None;
    }
    let centre = reference(state, traded_today);
    let (low, high) = range(state, centre);
    let terms = Terms { low, high, centre, ticks: state.spec.ticks };
    let [buys, sells] = ladder.market();
    let bids = ladder.bids_by_price().map(|(price, quantity)| (price.0, quantity.0));
    let asks = ladder.asks_by_price().map(|(price, quantity)| (price.0, quantity.0));
    Some(price(&terms, buys.0, sells.0, bids, asks))
}

/// The price movements are measured from; zero: none.
fn reference(state: &InstrumentState, traded_today: bool) -> i64 {
    let base = state.spec.base_price.0;
    match state.quote.kind {
        QuoteKind::Special => state.quote.price.0,
        _ if traded_today || base == 0 => state.last_price.0,
        _ => base,
    }
}

/// Executable prices: Tokyo's within renewal widths of the reference (one; two at the close),
/// and those inside a special quote; a called auction's within the day's limits, if there are.
fn range(state: &InstrumentState, reference: i64) -> (i64, i64) {
    let limit_up = match state.spec.limit_up.0 {
        0 => i64::MAX,
        limit => limit,
    };
    let around = |widths: i64| {
        let by = match reference {
            0 => return (state.spec.limit_down.0.max(1), limit_up),
            from => widths * jpx::renewal_width(Price(from)),
        };
        let low = reference.saturating_sub(by).max(state.spec.limit_down.0).max(1);
        (low, reference.saturating_add(by).min(limit_up))
    };
    if state.quote.kind == QuoteKind::Special && state.phase == Phase::Continuous {
        let (low, high) = around(2);
        return match state.quote.side {
            Side::Buy => (low, reference),
            Side::Sell => (reference, high),
        };
    }
    match state.phase {
        Phase::PreClose => around(2),
        Phase::PreOpen => around(1),
        _ => (state.spec.limit_down.0.max(1), limit_up),
    }
}
