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
    let within = |(low, high)| {
        let terms = Terms { low, high, centre, ticks: state.spec.ticks };
        let [buys, sells] = ladder.market();
        let bids = ladder.bids_by_price().map(|(price, quantity)| (price.0, quantity.0));
        let asks = ladder.asks_by_price().map(|(price, quantity)| (price.0, quantity.0));
        price(&terms, buys.0, sells.0, bids, asks)
    };
    let outcome = within(range(state, centre));
    match state.call_range {
        // As the call ends: a book that is not crossed has nothing to trade, wherever its prices are.
        Some((low, high)) if outcome.end != AuctionEnd::Empty => Some(within((low.0, high.0))),
        _ => Some(outcome),
    }
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
/// and those inside a special quote; a called auction's within the day's limits, if there are
/// (bounds of the call itself come on top).
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zaraba_engine::instrument::{InstrumentSpec, TickRule};

    use super::super::ladder::Units;
    use super::*;

    fn pair() -> InstrumentSpec {
        InstrumentSpec {
            symbol: Symbol::new("BTC_JPY").unwrap(),
            name: Name::EMPTY,
            profile: Profile::Crypto,
            base_asset: AssetId(1),
            quote_asset: AssetId(0),
            price_digits: 0,
            quantity_digits: 4,
            ticks: TickRule::Fixed(Price(5)),
            lot: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(1_000),
            base_price: Price(1_000),
            limit_down: Price(0),
            limit_up: Price(0),
            market_band_ppm: 100_000,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            open_order_cap: 0,
            session_rules: false,
            listed_shares: Quantity(0),
            market_min_quantity: Quantity(0),
            market_max_quantity: Quantity(0),
        }
    }

    /// Between 900 and 1,100, bids at 1,200 and offers at 1,150 cross but find no price; offers at
    /// 1,080 do. A book that is not crossed has nothing to trade, wherever it is.
    #[test]
    fn the_outlook_of_a_bounded_call_stays_within_its_bound() {
        let state = InstrumentState {
            phase: Phase::Call,
            call_range: Some((Price(900), Price(1_100))),
            ..InstrumentState::created(&pair())
        };
        let units = Units { symbol: "BTC_JPY".into(), price_digits: 0, quantity_digits: 4 };
        let units = Arc::new(units);
        let outlook = |bid, ask| {
            let mut ladder = Ladder::new(units.clone(), Seq(0));
            ladder.set(Side::Buy, Price(bid), Quantity(10));
            ladder.set(Side::Sell, Price(ask), Quantity(10));
            let found = outlook(&state, true, &ladder).expect("orders gather");
            (found.end, found.price)
        };
        assert_eq!(outlook(1_200, 1_150).0, AuctionEnd::Unpriced);
        assert_eq!(outlook(1_200, 1_080).0, AuctionEnd::Priced);
        assert!(outlook(1_200, 1_080).1 <= 1_100);
        assert_eq!(outlook(1_200, 1_300).0, AuctionEnd::Empty);
    }
}
