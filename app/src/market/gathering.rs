//! What an auction would do now: the indicative price of an instrument whose orders gather for
//! one, from the levels a reader knows. The price itself is the engine's own choice; only the
//! range it is looked for in follows from what is published. Pure.

use zaraba_engine::auction::{Outcome, Terms, at_close, price};
use zaraba_engine::instrument::{Footing, InstrumentSpec, InstrumentState};
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
pub fn outlook(state: &InstrumentState, footing: &Footing, ladder: &Ladder) -> Option<Outcome> {
    if !gathers(state) {
        return None;
    }
    let centre = footing.reference(state).0;
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
        _ if state.phase == Phase::PreClose => {
            let InstrumentSpec { ticks, limit_down, limit_up, lot, .. } = state.spec;
            let (low, high) = ticks.extremes(limit_down.0, limit_up.0);
            Some(at_close(outcome, low, high, lot.0))
        }
        _ => Some(outcome),
    }
}

/// Executable prices: Tokyo's within renewal widths of the reference (one; two at the close),
/// and those inside a special quote; any of a called auction's (bounds of the call come on top).
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
        _ => (1, i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zaraba_engine::command::*;
    use zaraba_engine::instrument::TickRule;
    use zaraba_engine::{Command, Engine, Event};

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
        let within = |state: &InstrumentState, bid, ask| {
            let mut ladder = Ladder::new(units.clone(), Seq(0));
            ladder.set(Side::Buy, Price(bid), Quantity(10));
            ladder.set(Side::Sell, Price(ask), Quantity(10));
            let found = outlook(state, &Footing::default(), &ladder).expect("orders gather");
            (found.end, found.price)
        };
        let outlook = |bid, ask| within(&state, bid, ask);
        assert_eq!(outlook(1_200, 1_150).0, AuctionEnd::Unpriced);
        assert_eq!(outlook(1_200, 1_080).0, AuctionEnd::Priced);
        assert!(outlook(1_200, 1_080).1 <= 1_100);
        assert_eq!(outlook(1_200, 1_300).0, AuctionEnd::Empty);
        // The day's limits, changed since the orders came, bind no call.
        let spec = InstrumentSpec { limit_down: Price(900), limit_up: Price(1_100), ..pair() };
        let any = InstrumentState { spec, call_range: None, ..state };
        assert_eq!(within(&any, 1_200, 1_150).0, AuctionEnd::Priced);
    }

    /// Tokyo's share at 530 yen (prices in 0.1 yen: limits 430 and 630, width 10), and what a reader
    /// of its events knows.
    struct Day {
        engine: Engine,
        state: InstrumentState,
        footing: Footing,
        ladder: Ladder,
        at: u64,
        names: u32,
    }

    const SHARE: InstrumentId = InstrumentId(0);
    const ACCOUNT: AccountId = AccountId(AccountId::SYSTEM_COUNT);

    impl Day {
        fn new() -> Day {
            let share = InstrumentSpec {
                symbol: Symbol::new("7203").unwrap(),
                profile: Profile::Tse,
                price_digits: 1,
                quantity_digits: 0,
                ticks: TickRule::TseOther,
                lot: Quantity(100),
                min_quantity: Quantity(100),
                max_quantity: Quantity(100_000),
                base_price: Price(5_300),
                limit_down: Price(4_300),
                limit_up: Price(6_300),
                session_rules: true,
                ..pair()
            };
            let units = Units { symbol: "7203".into(), price_digits: 1, quantity_digits: 0 };
            let mut day = Day {
                engine: Engine::new(),
                state: InstrumentState::created(&share),
                footing: Footing::default(),
                ladder: Ladder::new(Arc::new(units), Seq(0)),
                at: 0,
                names: 0,
            };
            let limits =
                Limits { live_orders: 1_000, answers: 1_000, accounts: 8, ..Limits::default() };
            day.apply(Command::Genesis { limits, hash_seed: [1, 2] });
            for (code, exponent) in [("JPY", 4), ("7203", 0)] {
                let code = AssetCode::new(code).unwrap();
                day.apply(Command::CreateAsset(AssetSpec { code, exponent }));
            }
            day.apply(Command::CreateInstrument(Box::new(share)));
            day.apply(Command::CreateAccount { code: AccountCode::new("one").unwrap() });
            for asset in 0..2 {
                let transfer = Transfer {
                    kind: TransferKind::Deposit,
                    account: ACCOUNT,
                    asset: AssetId(asset),
                    amount: Amount(1 << 50),
                    reference: ClientId::new(&format!("seed {asset}")).unwrap(),
                };
                day.apply(Command::Transfer { transfer, by: Box::default() });
            }
            day
        }

        fn apply(&mut self, command: Command) -> Vec<Event> {
            let mut events = Vec::new();
            let seq = Seq(self.engine.seq().0 + 1);
            self.engine.apply(seq, Timestamp(self.at), &command, &mut events);
            for event in &events {
                self.state.follow(SHARE, &command, event);
                self.footing.follow(SHARE, event);
                if let Event::Level { side, price, quantity, .. } = *event {
                    self.ladder.set(side, price, quantity);
                }
            }
            events
        }

        /// A day order; at market where the price is zero.
        fn order(&mut self, side: Side, price: i64, quantity: i64) {
            self.names += 1;
            let name = ClientId::new(&self.names.to_string()).unwrap();
            let (price, quantity) = (Price(price), Quantity(quantity));
            let place = Place::limit(ACCOUNT, SHARE, side, price, quantity, name);
            let kind = if price.0 == 0 { OrderKind::Market } else { OrderKind::Limit };
            let place = Place { kind, time_in_force: TimeInForce::Day, ..place };
            let events = self.apply(Command::Place(place));
            assert!(matches!(events[0], Event::Accepted { .. }), "{events:?}");
        }

        /// Brings a moment of the day; if orders gathered for it, its auction must be what was told.
        /// How that ended, and at which price.
        fn step(&mut self, step: SessionStep) -> Option<(AuctionEnd, i64)> {
            self.at += 1;
            let told = outlook(&self.state, &self.footing, &self.ladder);
            let (profile, day, until) = (Profile::Tse, 20_261_120, Timestamp(0));
            let events = self.apply(Command::Session { profile, day, step, until });
            let held = events.iter().find_map(|event| match *event {
                Event::Auction { kind, end, price, quantity, surplus, .. } => {
                    (kind != AuctionKind::MorningClose).then_some((end, price, quantity, surplus))
                }
                _ => None,
            })?;
            let (end, price, quantity, surplus) = held;
            let told = told.expect("orders gather for it");
            assert_eq!((told.end, told.surplus), (end, surplus.0), "at {step:?}");
            if !matches!(end, AuctionEnd::Unpriced) {
                assert_eq!((told.price, told.quantity), (price.0, quantity.0), "at {step:?}");
            }
            Some((end, price.0))
        }
    }

    /// The morning's special bid stands at 540 when it ends: the afternoon opens within 10 yen of
    /// that, so 541 is a price, which 11 yen from the last one (530) would not be.
    #[test]
    fn a_quote_carried_over_the_break_is_measured_from() {
        let mut day = Day::new();
        day.step(SessionStep::PreOpen);
        day.order(Side::Buy, 5_300, 100);
        day.order(Side::Sell, 5_300, 100);
        assert_eq!(day.step(SessionStep::Open), Some((AuctionEnd::Priced, 5_300)));
        day.order(Side::Buy, 0, 200);
        assert_eq!(day.state.quote.price, Price(5_400));
        day.step(SessionStep::MorningClose);
        day.step(SessionStep::AfternoonPreOpen);
        day.order(Side::Sell, 5_410, 200);
        assert_eq!(day.footing.reference(&day.state), Price(5_400));
        assert_eq!(day.step(SessionStep::AfternoonOpen), Some((AuctionEnd::Priced, 5_410)));
    }

    /// Last 530: the close may trade from 510 to 550, and what crosses only at 560 trades at 550. At
    /// the day's limit it is shared out. Limits set by hand do not move what is measured from.
    #[test]
    fn before_the_close_its_special_ends_are_told() {
        for (limit_up, bid, end) in [
            (6_300, 5_600, AuctionEnd::SpecialExecution),
            (5_455, 5_450, AuctionEnd::StopAllocation),
        ] {
            let mut day = Day::new();
            day.step(SessionStep::PreOpen);
            day.order(Side::Buy, 5_300, 100);
            day.order(Side::Sell, 5_300, 100);
            day.step(SessionStep::Open);
            let set = Command::SetPriceLimits {
                instrument: SHARE,
                base_price: Price(5_000),
                limit_down: Price(4_300),
                limit_up: Price(limit_up),
                by: Box::default(),
            };
            day.apply(set);
            day.step(SessionStep::PreClose);
            day.order(Side::Buy, bid, 200);
            day.order(Side::Buy, 0, 400);
            day.order(Side::Sell, 5_400, 300);
            let price = bid.min(5_500);
            assert_eq!(day.step(SessionStep::Close), Some((end, price)));
        }
    }

    #[test]
    fn whatever_gathers_the_auction_is_as_told() {
        let mut state = 11u64;
        let mut below = move |end: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as i64 % end
        };
        let mut ends = std::collections::BTreeMap::new();
        for _ in 0..300 {
            let mut day = Day::new();
            for step in [
                SessionStep::PreOpen,
                SessionStep::Open,
                SessionStep::MorningClose,
                SessionStep::AfternoonPreOpen,
                SessionStep::AfternoonOpen,
                SessionStep::PreClose,
                SessionStep::Close,
            ] {
                if let Some((end, _)) = day.step(step) {
                    *ends.entry(end).or_insert(0) += 1;
                }
                if matches!(day.state.phase, Phase::Break | Phase::Closed) {
                    continue;
                }
                for _ in 0..below(8) {
                    let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
                    let price = if below(4) == 0 { 0 } else { 5_300 + 10 * (below(60) - 30) };
                    day.order(side, price, 100 * (1 + below(9)));
                }
            }
        }
        for &end in AuctionEnd::ALL.iter().filter(|end| **end != AuctionEnd::StopAllocation) {
            assert!(ends.get(&end).is_some_and(|count| *count > 10), "{ends:?}");
        }
    }
}
