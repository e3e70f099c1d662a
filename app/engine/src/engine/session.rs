//! The trading day as the engine knows it: which moment each profile is at, and what each
//! moment does to the instruments that follow sessions.

use crate::auction::at_close;
use crate::engine::Engine;
use crate::event::Event;
use crate::matching::stage;
use crate::orders::{Cold, Flags, Hot};
use crate::reject::Reject;
use crate::types::*;

/// Where a profile's session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    /// Trading day of the last moment.
    pub(crate) day: u32,
    /// The last moment.
    pub(crate) step: SessionStep,
    /// Whether instruments remain to be handled, and the next one.
    pub(crate) stepping: bool,
    pub(crate) cursor: u32,
}

impl Default for Session {
    fn default() -> Session {
        Session { day: 0, step: SessionStep::None, stepping: false, cursor: 0 }
    }
}

impl Session {
    /// The part of the day a place in the queue is of after this moment, before any price.
    pub(crate) fn stage(&self) -> u8 {
        match self.step {
            SessionStep::PreClose | SessionStep::Close => stage::CLOSING,
            step if step >= SessionStep::AfternoonPreOpen => stage::AFTERNOON_OPENING,
            SessionStep::None => 0,
            _ => stage::OPENING,
        }
    }

    /// The phase an instrument is in after this moment.
    pub(crate) fn phase(&self) -> Phase {
        match self.step {
            SessionStep::None | SessionStep::OddLotMorning | SessionStep::Close => Phase::Closed,
            SessionStep::PreOpen | SessionStep::AfternoonPreOpen => Phase::PreOpen,
            SessionStep::Open
            | SessionStep::OddLotAfternoon
            | SessionStep::AfternoonOpen
            | SessionStep::OddLotClose => Phase::Continuous,
            SessionStep::MorningClose => Phase::Break,
            SessionStep::PreClose => Phase::PreClose,
        }
    }
}

/// Most instruments one `Session` or `Wake` command handles.
const SLICE_INSTRUMENTS: u32 = 64;
/// A slice ends after the instrument with which its auctions have worked on this many orders.
const SLICE_ORDERS: u32 = 2_000;
/// Most instruments a slice looks at, those of other rules included.
const SLICE_LOOKS: u32 = 4_096;

impl Engine {
    /// Handles a moment of the day, or its next slice. Moments may be left out, but never come
    /// twice or in another order; the first one of a journal without any day sets the day.
    pub(super) fn session(
        &mut self,
        profile: Profile,
        day: u32,
        step: SessionStep,
        until: Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let at = self.sessions[profile as usize];
        let present = &mut self.days[profile as usize];
        let today = day != 0 && (present.day == day || present.day == 0) && !present.rolling;
        let continues = at.stepping && (at.day, at.step) == (day, step);
        let next = !at.stepping
            && (day > at.day && step != SessionStep::None || day == at.day && step > at.step);
        if profile != Profile::Tse || !today || !(continues || next) {
            return Err(Reject::InvalidStep);
        }
        present.day = day;
        let instruments = self.markets.len() as u32;
        let from = if continues { at.cursor } else { 0 };
        let end = match step {
            SessionStep::OddLotMorning
            | SessionStep::OddLotAfternoon
            | SessionStep::OddLotClose => from,
            _ => instruments.min(from.saturating_add(SLICE_LOOKS)),
        };
        self.sessions[profile as usize] = Session { day, step, stepping: true, cursor: from };
        self.worked = 0;
        let (mut cursor, mut count) = (from, 0);
        while cursor < end && count < SLICE_INSTRUMENTS && self.worked < SLICE_ORDERS {
            let market = &self.markets[cursor as usize];
            if market.session_rules && market.profile == profile {
                self.step(InstrumentId(cursor), step, until, events);
                count += 1;
            }
            cursor += 1;
        }
        let more = cursor < instruments && end != from;
        let cursor = if more { cursor } else { 0 };
        self.sessions[profile as usize] = Session { day, step, stepping: more, cursor };
        events.push(Event::SessionStepped { profile, step, count, more });
        Ok(())
    }

    /// Brings one instrument to a moment of the day.
    fn step(
        &mut self,
        instrument: InstrumentId,
        step: SessionStep,
        until: Timestamp,
        events: &mut Vec<Event>,
    ) {
        self.worked += 1;
        match step {
            SessionStep::PreOpen => self.gather(instrument, stage::OPENING, events),
            SessionStep::AfternoonPreOpen => {
                self.gather(instrument, stage::AFTERNOON_OPENING, events);
            }
            SessionStep::Open => {
                return self.open(instrument, AuctionKind::Opening, until, events);
            }
            SessionStep::AfternoonOpen => {
                return self.open(instrument, AuctionKind::AfternoonOpening, until, events);
            }
            SessionStep::MorningClose => self.close_morning(instrument, events),
            SessionStep::PreClose => self.gather_for_close(instrument, events),
            SessionStep::Close => self.close_day(instrument, events),
            SessionStep::None
            | SessionStep::OddLotMorning
            | SessionStep::OddLotAfternoon
            | SessionStep::OddLotClose => return,
        }
        let phase = Session { step, ..Session::default() }.phase();
        self.set_phase(instrument, phase, until, events);
        self.after_trading(instrument, events);
    }

    /// Enters a phase; no quote outlasts one.
    fn set_phase(
        &mut self,
        instrument: InstrumentId,
        phase: Phase,
        until: Timestamp,
        events: &mut Vec<Event>,
    ) {
        self.show(instrument, Quote::FREE, events);
        let market = &mut self.markets[instrument.0 as usize];
        market.phase = phase;
        market.until = until;
        let price = market.carried();
        events.push(Event::PhaseChanged { instrument, phase, until });
        if price != Price::ZERO {
            events.push(Event::QuoteCarried { instrument, price });
        }
    }

    /// Begins to take orders for an auction; orders whose moment this is enter the book.
    fn gather(&mut self, instrument: InstrumentId, stage: u8, events: &mut Vec<Event>) {
        use Condition::{Closing, Funari, MorningClosing, MorningFunari, Opening};
        let market = &mut self.markets[instrument.0 as usize];
        market.stage = stage;
        if !stage::closes(stage) {
            market.tokyo.first = 0;
        }
        let (enters, ends): (&[Condition], &[Condition]) = match stage {
            stage::OPENING => (&[Opening], &[]),
            stage::AFTERNOON_OPENING => (&[Opening], &[MorningClosing]),
            stage::CLOSING => (&[Closing, Funari], &[Opening, MorningClosing]),
            // On a day without an afternoon the morning ends with the day.
            _ => (&[Closing, Funari, MorningClosing, MorningFunari], &[Opening]),
        };
        self.turn_funari(instrument, enters, events);
        if stage == stage::AFTERNOON_OPENING {
            // The morning's close was left out.
            self.end_of_morning(instrument, events);
        }
        self.enter_waiting(instrument, enters, ends, events);
        self.announce_touched(events);
    }

    /// Ends what is left of orders for the morning's closing auction.
    fn end_of_morning(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let over = |hot: &Hot, cold: &Cold| hot.conditioned() && cold.condition.of_morning();
        self.end_leftovers(instrument, over, events);
    }

    /// Brings orders for the morning's closing auction into the book: simultaneous among
    /// themselves, behind those of continuous trading.
    fn gather_for_morning_close(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let enters = &[Condition::MorningClosing, Condition::MorningFunari];
        let stage = self.markets[instrument.0 as usize].stage;
        self.markets[instrument.0 as usize].stage = stage::HALF_DAY_CLOSING;
        self.turn_funari(instrument, enters, events);
        self.enter_waiting(instrument, enters, &[], events);
        self.markets[instrument.0 as usize].stage = stage;
        self.announce_touched(events);
    }

    /// Begins to take orders for the close; on a day without an afternoon what counts as before
    /// the session's first price is the morning's.
    fn gather_for_close(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let afternoon = self.markets[instrument.0 as usize].stage >= stage::AFTERNOON_OPENING;
        let stage = if afternoon { stage::CLOSING } else { stage::HALF_DAY_CLOSING };
        self.gather(instrument, stage, events);
    }

    /// The opening auction of the morning or afternoon, then continuous trading or a special
    /// quote.
    fn open(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        until: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let stage = match kind {
            AuctionKind::Opening => stage::OPENING,
            _ => stage::AFTERNOON_OPENING,
        };
        if self.markets[instrument.0 as usize].stage != stage {
            // Its moment was left out.
            self.gather(instrument, stage, events);
        }
        let market = &self.markets[instrument.0 as usize];
        let range = market.around(market.reference(), 1);
        let outcome = self.outlook(instrument, range);
        let market = &self.markets[instrument.0 as usize];
        let open = market.status == InstrumentStatus::Open;
        if open {
            self.hold_auction(instrument, kind, outcome, events);
        }
        // Whatever moved before belongs to another session.
        self.markets[instrument.0 as usize].tokyo.window_price = 0;
        self.set_phase(instrument, Phase::Continuous, until, events);
        self.end_after_auction(instrument, events);
        self.after_trading(instrument, events);
    }

    /// The auction at the end of the morning.
    fn close_morning(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        if self.markets[instrument.0 as usize].status == InstrumentStatus::Open {
            self.gather_for_morning_close(instrument, events);
            let market = &self.markets[instrument.0 as usize];
            let range = market.around(market.reference(), 1);
            self.run_auction(instrument, AuctionKind::MorningClose, range, events);
        } else {
            self.enter_waiting(instrument, &[], &[Condition::MorningClosing], events);
        }
        self.end_of_morning(instrument, events);
        // Orders for an opening that found no price are for that of the afternoon.
        self.end_after_auction(instrument, events);
        self.end_morning_batch(instrument);
    }

    /// The closing auction of the day; what was for it alone ends.
    fn close_day(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        if !stage::closes(self.markets[instrument.0 as usize].stage) {
            self.gather_for_close(instrument, events);
        }
        let market = &self.markets[instrument.0 as usize];
        let mut close = 0;
        if market.status == InstrumentStatus::Open {
            let range = market.around(market.reference(), 2);
            let lot = self.specs[instrument.0 as usize].lot.0;
            let (low, high) = market.extremes();
            let outcome = at_close(self.outlook(instrument, range), low, high, lot);
            let priced = market.tokyo.priced;
            self.hold_auction(instrument, AuctionKind::Closing, outcome, events);
            let traded = !matches!(outcome.end, AuctionEnd::Empty | AuctionEnd::Unpriced);
            close = if traded { outcome.price } else { 0 };
            let tokyo = &mut self.markets[instrument.0 as usize].tokyo;
            match outcome.end {
                AuctionEnd::StopAllocation => tokyo.priced = priced,
                AuctionEnd::Unpriced => tokyo.special = outcome.price,
                _ => {}
            }
        }
        let closing = |hot: &Hot, _: &Cold| hot.conditioned() || hot.flags.has(Flags::MARKET);
        self.end_leftovers(instrument, closing, events);
        self.markets[instrument.0 as usize].tokyo.conditioned = false;
        self.end_day_batches(instrument, close);
    }

    /// Serves timers that are due.
    pub(super) fn wake(&mut self, events: &mut Vec<Event>) {
        self.worked = 0;
        let mut count = 0;
        let mut more = false;
        while let Some((_, instrument)) = self.timers.first().filter(|(due, _)| *due <= self.at) {
            let enough = count == SLICE_INSTRUMENTS || self.worked >= SLICE_ORDERS;
            if enough || self.set_off_enough() {
                more = true;
                break;
            }
            self.serve(instrument, events);
            self.worked += 1;
            count += 1;
        }
        events.push(Event::Woken { count, more });
    }

    /// Does what an instrument was woken for.
    fn serve(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &self.markets[instrument.0 as usize];
        let (due, open) = (market.shown.due, market.status == InstrumentStatus::Open);
        if open && due.0 != 0 && due <= self.at {
            self.quote_due(instrument, events);
        }
        self.end_call(instrument, events);
        self.after_trading(instrument, events);
        self.retime(instrument);
    }
}
