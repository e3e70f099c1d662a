//! Halts by order kind and side, circuit breakers, and call auctions begun by hand: for markets
//! that trade without sessions.
//!
//! A breaker watches how far trades go from the reference, the price a while ago. A trade beyond
//! that does not happen: the instrument gathers orders for a set time instead and goes on from an
//! auction. Tokyo's own quotes are in `matching::quotes`; how an auction is held is in
//! `matching::call`. See `docs/decisions/circuit-breaker.md`.

use crate::command::Breaker;
use crate::engine::{Engine, Market};
use crate::event::Event;
use crate::reject::Reject;
use crate::types::*;

/// Pieces a breaker's window is cut into: of the prices within a piece the last one is kept.
const PIECES: u64 = 30;
/// Room for the pieces of a window, those at both ends included.
pub(crate) const TRACE: usize = PIECES as usize + 3;
/// Longest window and longest call, in seconds.
const SECONDS_MAX: u32 = 86_400;
const SECOND: u64 = 1_000_000_000;
/// Any price.
const ANY_PRICE: (i64, i64) = (1, i64::MAX);

/// The prices of a window, oldest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub(crate) breaker: Breaker,
    /// The last price from before the window; zero: none yet.
    pub(crate) reference: i64,
    /// The price the order in hand would trade at first: the reference where there is none.
    coming: i64,
    /// Piece of time and the last price in it.
    trace: [(u64, i64); TRACE],
    first: usize,
    len: usize,
}

impl Watch {
    pub(crate) fn new(breaker: Breaker, reference: i64) -> Watch {
        Watch { breaker, reference, coming: 0, trace: [(0, 0); TRACE], first: 0, len: 0 }
    }

    fn window(&self) -> u64 {
        u64::from(self.breaker.window_seconds) * SECOND
    }

    /// Length of a piece.
    fn piece(&self) -> u64 {
        self.window().div_ceil(PIECES)
    }

    /// Takes out what is older than the window: the youngest of it is the reference.
    fn pass(&mut self, now: Timestamp) {
        let from = now.0.saturating_sub(self.window());
        while self.len > 0 {
            let (piece, price) = self.trace[self.first];
            if (piece + 1).saturating_mul(self.piece()) > from {
                return;
            }
            self.reference = price;
            self.first = (self.first + 1) % TRACE;
            self.len -= 1;
        }
    }

    /// Takes in a price.
    pub(crate) fn note(&mut self, price: i64, now: Timestamp) {
        self.pass(now);
        if self.reference == 0 {
            self.reference = if self.coming != 0 { self.coming } else { price };
        }
        self.append(now.0 / self.piece(), price);
    }

    fn append(&mut self, piece: u64, price: i64) {
        if self.len > 0 {
            let last = &mut self.trace[(self.first + self.len - 1) % TRACE];
            if last.0 == piece {
                last.1 = price;
                return;
            }
        }
        assert!(self.len < TRACE, "a window has {PIECES} pieces and its two ends");
        self.trace[(self.first + self.len) % TRACE] = (piece, price);
        self.len += 1;
    }

    /// The prices kept, oldest first.
    pub(crate) fn trace(&self) -> impl ExactSizeIterator<Item = (u64, i64)> + '_ {
        (0..self.len).map(|at| self.trace[(self.first + at) % TRACE])
    }

    /// Takes in a kept price as a snapshot has it, unless it cannot be.
    pub(crate) fn restore(&mut self, piece: u64, price: i64, now: Timestamp) -> bool {
        let after = self.trace().last().is_none_or(|(last, _)| last < piece)
            && piece <= now.0 / self.piece();
        let sound = after && self.len < TRACE && price > 0 && self.reference > 0;
        if sound {
            self.append(piece, price);
        }
        sound
    }

    /// Lowest and highest price trades may have now.
    fn guard(&self) -> (i64, i64) {
        match self.measured_from() {
            0 => ANY_PRICE,
            reference => around(reference, self.breaker.trigger_ppm),
        }
    }

    /// The price that trades are measured from now.
    fn measured_from(&self) -> i64 {
        if self.reference != 0 { self.reference } else { self.coming }
    }

    /// Starts over from a price.
    fn start_over(&mut self, reference: i64) {
        *self = Watch::new(self.breaker, reference);
    }
}

/// Prices up to so many ppm from a reference.
fn around(reference: i64, ppm: u32) -> (i64, i64) {
    let width = i128::from(reference) * i128::from(ppm) / 1_000_000;
    let width = i64::try_from(width).unwrap_or(i64::MAX);
    (reference.saturating_sub(width).max(1), reference.saturating_add(width))
}

/// A call auction that orders gather for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// Which.
    pub kind: AuctionKind,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// Lowest price it may have.
    pub low: Price,
    /// Highest price it may have.
    pub high: Price,
}

/// What this room knows of one instrument.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circuit {
    pub(crate) watch: Option<Box<Watch>>,
    /// Set in phase `Call`.
    pub(crate) call: Option<Call>,
}

/// Whether these settings can be.
pub(crate) fn valid_breaker(breaker: &Breaker) -> bool {
    let seconds = 1..=SECONDS_MAX;
    let ppm = 1..=1_000_000;
    let common = seconds.contains(&breaker.window_seconds)
        && seconds.contains(&breaker.call_seconds)
        && ppm.contains(&breaker.trigger_ppm);
    match breaker.mode {
        BreakerMode::Off => *breaker == Breaker::OFF,
        BreakerMode::Bounded => common && ppm.contains(&breaker.bound_ppm),
        BreakerMode::FullRange => common && breaker.bound_ppm == 0,
    }
}

/// Whether a call auction of this kind can be.
fn valid_call(call: &Call) -> bool {
    let kind = matches!(
        call.kind,
        AuctionKind::CircuitBreak
            | AuctionKind::FullRange
            | AuctionKind::Resumption
            | AuctionKind::Listing
    );
    kind && (1..=SECONDS_MAX).contains(&call.seconds) && 0 < call.low.0 && call.low <= call.high
}

impl Market {
    /// Whether a trade at this price is beyond what guards the market now.
    #[inline]
    pub(crate) fn forbids(&self, side: Side, price: i64, now: Timestamp) -> bool {
        if self.session_rules {
            return !crate::engine::reaches(side, self.reach(side, now), price);
        }
        price < self.guard.0 || price > self.guard.1
    }
}

impl Engine {
    /// Sets an instrument's halts.
    pub(super) fn set_halts(
        &mut self,
        instrument: InstrumentId,
        halts: Halts,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.markets.get_mut(instrument.0 as usize);
        let market = market.ok_or(Reject::UnknownInstrument)?;
        if !Halts::ALL.has(halts) {
            return Err(Reject::InvalidSpec);
        }
        market.halts = halts;
        events.push(Event::HaltsChanged { instrument, halts });
        Ok(())
    }

    /// Whether an instrument can have this circuit breaker: a market with sessions has its
    /// special quotes in its place.
    pub(super) fn check_breaker(
        &self,
        instrument: InstrumentId,
        breaker: &Breaker,
    ) -> Result<(), Reject> {
        let market = self.markets.get(instrument.0 as usize).ok_or(Reject::UnknownInstrument)?;
        if !valid_breaker(breaker) || market.session_rules {
            return Err(Reject::InvalidSpec);
        }
        Ok(())
    }

    /// Sets an instrument's circuit breaker. A call that goes on keeps its length and bounds.
    pub(super) fn set_breaker(
        &mut self,
        instrument: InstrumentId,
        breaker: &Breaker,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_breaker(instrument, breaker)?;
        let market = &self.markets[instrument.0 as usize];
        let reference = if market.last_price != 0 { market.last_price } else { market.base_price };
        self.arm_breaker(instrument, Watch::new(*breaker, reference));
        events.push(Event::TermsChanged { instrument });
        Ok(())
    }

    /// Puts a breaker in place; `Off` takes it away.
    pub(crate) fn arm_breaker(&mut self, instrument: InstrumentId, watch: Watch) {
        let on = watch.breaker.mode != BreakerMode::Off;
        let market = &mut self.markets[instrument.0 as usize];
        market.guarded = on;
        market.guard = if on { watch.guard() } else { ANY_PRICE };
        self.circuits[instrument.0 as usize].watch = on.then(|| Box::new(watch));
    }

    /// Begins a call auction by hand, also out of a halt; a call that goes on is replaced.
    pub(super) fn start_call(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        seconds: u32,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.markets.get_mut(instrument.0 as usize);
        let market = market.ok_or(Reject::UnknownInstrument)?;
        let call = Call { kind, seconds, low: Price(ANY_PRICE.0), high: Price(ANY_PRICE.1) };
        let by_hand =
            matches!(kind, AuctionKind::FullRange | AuctionKind::Resumption | AuctionKind::Listing);
        if !by_hand
            || !valid_call(&call)
            || market.session_rules
            || market.status == InstrumentStatus::Closed
        {
            return Err(Reject::NotInCall);
        }
        if market.status != InstrumentStatus::Open {
            market.status = InstrumentStatus::Open;
            let status = InstrumentStatus::Open;
            events.push(Event::InstrumentStatusChanged { instrument, status });
        }
        if market.halts != Halts::default() {
            market.halts = Halts::default();
            events.push(Event::HaltsChanged { instrument, halts: Halts::default() });
        }
        self.call(instrument, call, events);
        Ok(())
    }

    /// Lets orders gather for an auction from now on.
    fn call(&mut self, instrument: InstrumentId, call: Call, events: &mut Vec<Event>) {
        self.circuits[instrument.0 as usize].call = Some(call);
        let until = Timestamp(self.at.0.saturating_add(u64::from(call.seconds) * SECOND));
        self.call_phase(instrument, Phase::Call, until, events);
    }

    fn call_phase(
        &mut self,
        instrument: InstrumentId,
        phase: Phase,
        until: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let market = &mut self.markets[instrument.0 as usize];
        market.phase = phase;
        market.until = until;
        events.push(Event::PhaseChanged { instrument, phase, until });
        if let Some((low, high)) = self.call_range(instrument) {
            events.push(Event::CallBounded { instrument, low, high });
        }
        self.retime(instrument);
    }

    /// Prices the auction of the present call may have, where not every price will do.
    pub(crate) fn call_range(&self, instrument: InstrumentId) -> Option<(Price, Price)> {
        let call = self.circuits.get(instrument.0 as usize)?.call?;
        let range = (call.low, call.high);
        (range != (Price(ANY_PRICE.0), Price(ANY_PRICE.1))).then_some(range)
    }

    /// Brings the prices a breaker allows up to date; called before an order of this side meets
    /// the book.
    pub(crate) fn refresh_guard(&mut self, instrument: InstrumentId, side: Side) {
        if let Some(watch) = &mut self.circuits[instrument.0 as usize].watch {
            watch.pass(self.at);
            let market = &mut self.markets[instrument.0 as usize];
            let met = self.books.best(&market.sides[side.opposite() as usize]);
            watch.coming = met.map_or(0, |level| level.price);
            market.guard = watch.guard();
        }
    }

    /// Takes in what a command's trades did to the last price.
    pub(crate) fn note_price(&mut self, instrument: InstrumentId) {
        let price = self.markets[instrument.0 as usize].last_price;
        if let Some(watch) = &mut self.circuits[instrument.0 as usize].watch
            && price != 0
        {
            watch.note(price, self.at);
        }
    }

    /// Calls an auction instead of a trade beyond the guard. An instrument whose breaker is not
    /// what stopped the trade stays as it is.
    pub(crate) fn break_circuit(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let Some(watch) = &self.circuits[instrument.0 as usize].watch else { return };
        let Breaker { mode, call_seconds: seconds, bound_ppm, .. } = watch.breaker;
        let (kind, (low, high)) = match mode {
            BreakerMode::Bounded => {
                (AuctionKind::CircuitBreak, around(watch.measured_from(), bound_ppm))
            }
            BreakerMode::FullRange | BreakerMode::Off => (AuctionKind::FullRange, ANY_PRICE),
        };
        self.call(instrument, Call { kind, seconds, low: Price(low), high: Price(high) }, events);
    }

    /// Ends a call that is due: by its auction, or, where no price within the bound is
    /// admissible, by a call without bounds. While the instrument is halted it goes on.
    pub(crate) fn end_call(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &self.markets[instrument.0 as usize];
        let due = market.phase == Phase::Call && market.until.0 != 0 && market.until <= self.at;
        let Some(call) = self.circuits[instrument.0 as usize].call.filter(|_| due) else { return };
        if market.status != InstrumentStatus::Open {
            return self.call_phase(instrument, Phase::Call, Timestamp(0), events);
        }
        // A book that is not crossed has nothing to trade, wherever its prices are.
        let mut outcome = self.outlook(instrument, ANY_PRICE);
        if outcome.end != AuctionEnd::Empty {
            outcome = self.outlook(instrument, (call.low.0, call.high.0));
        }
        let end = outcome.end;
        self.hold_auction(instrument, call.kind, outcome, events);
        if end == AuctionEnd::Unpriced {
            let (low, high) = (Price(ANY_PRICE.0), Price(ANY_PRICE.1));
            let call = Call { kind: AuctionKind::FullRange, low, high, ..call };
            return self.call(instrument, call, events);
        }
        let circuit = &mut self.circuits[instrument.0 as usize];
        circuit.call = None;
        let last = self.markets[instrument.0 as usize].last_price;
        if let Some(watch) = &mut circuit.watch
            && end != AuctionEnd::Empty
        {
            watch.start_over(last);
        }
        self.call_phase(instrument, Phase::Continuous, Timestamp(0), events);
        self.after_trading(instrument, events);
    }

    /// A call that waited for a halted instrument ends as soon as that is open again.
    pub(crate) fn resume_call(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &self.markets[instrument.0 as usize];
        let waits = market.phase == Phase::Call && market.until.0 == 0;
        if waits && market.status == InstrumentStatus::Open {
            let now = Timestamp(self.at.0.max(1));
            self.call_phase(instrument, Phase::Call, now, events);
        }
    }

    /// An instrument's circuit breaker.
    pub fn breaker(&self, instrument: InstrumentId) -> Breaker {
        let circuit = self.circuits.get(instrument.0 as usize);
        circuit.and_then(|c| c.watch.as_ref()).map_or(Breaker::OFF, |watch| watch.breaker)
    }

    /// The call auction an instrument's orders gather for now (not one of a session).
    pub fn call_auction(&self, instrument: InstrumentId) -> Option<Call> {
        self.circuits.get(instrument.0 as usize)?.call
    }

    /// Calls and phases agree, traces are in order (for the whole-state check).
    pub(crate) fn check_circuits(&self) -> Result<(), String> {
        for (i, (market, circuit)) in self.markets.iter().zip(&self.circuits).enumerate() {
            let wrong = |what: &str| Err(format!("instrument {i}: {what}"));
            if (market.phase == Phase::Call) != circuit.call.is_some() {
                return wrong("its phase and its call auction differ");
            }
            if circuit.call.is_some_and(|call| !valid_call(&call)) {
                return wrong("a call auction that cannot be");
            }
            let free = circuit.watch.is_none();
            if !market.session_rules
                && (market.guarded == free || free && market.guard != ANY_PRICE)
            {
                return wrong("guarded by nothing");
            }
            let Some(watch) = &circuit.watch else { continue };
            let mut last = None;
            for (piece, price) in watch.trace() {
                if last.is_some_and(|last| last >= piece) || price <= 0 {
                    return wrong("prices of its breaker are out of order");
                }
                last = Some(piece);
            }
            let sound = valid_breaker(&watch.breaker)
                && watch.breaker.mode != BreakerMode::Off
                && watch.reference >= 0
                && !market.session_rules;
            if !sound {
                return wrong("a circuit breaker that cannot be");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference, said with a list of all prices: never younger than the window, never
    /// older than it and two pieces.
    #[test]
    fn the_reference_is_the_price_a_window_ago() {
        let breaker = Breaker {
            mode: BreakerMode::FullRange,
            window_seconds: 60,
            trigger_ppm: 1,
            call_seconds: 1,
            bound_ppm: 0,
        };
        let mut watch = Watch::new(breaker, 7);
        let mut state = 5u64;
        let mut next = move |end: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % end
        };
        let (mut now, mut all) = (0, vec![(0, 7)]);
        for price in 8..20_000 {
            let most = if next(50) == 0 { 200 } else { 3 };
            now += next(most) * SECOND / 2;
            watch.note(price, Timestamp(now));
            all.push((now, price));
            let at = |time: u64| all.iter().rev().find(|(t, _)| *t <= time).map_or(7, |e| e.1);
            let oldest = at(now.saturating_sub(64 * SECOND));
            let youngest = at(now.saturating_sub(60 * SECOND));
            assert!((oldest..=youngest).contains(&watch.reference), "at {now}");
            assert!(watch.trace().len() <= TRACE);
        }
    }
}
