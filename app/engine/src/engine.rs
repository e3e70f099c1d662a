//! The engine: lock, match, settle in one step. Its state, its queries, and the one way in.
//!
//! Each kind of command has a file below this one (`place`, `amend`, `cancel`, `transfer`,
//! `admin`); matching is in `matching`. A command is checked whole before anything
//! changes; what fails after that is a broken invariant and panics, because a process that
//! cannot trust its state must not trade on.
//!
//! Memory, beyond address space reserved at `Genesis` that is touched on first use only:
//! see `docs/decisions/engine-memory.md`.

mod accounts;
mod admin;
mod ahead;
mod amend;
mod amount;
mod breaker;
mod cancel;
mod condition;
mod contingent;
mod correct;
mod definitions;
mod fees;
mod legs;
mod market;
mod oddlot;
mod oddlot_deals;
mod participants;
mod place;
mod plain;
mod queries;
pub(crate) mod risk;
mod session;
mod set_off;
mod state;
mod terms;
pub(crate) mod timers;
mod transfer;
mod waiting;

pub(crate) use accounts::{Accounts, OpenCounts};
pub(crate) use admin::valid_limits;
pub(crate) use ahead::Scout;
pub use breaker::Call;
pub(crate) use breaker::{Watch, valid_breaker};
pub(crate) use correct::CORRECTED_MAX;
pub use correct::{BalanceOutlook, Corrected, CorrectionOutlook, correction_outlook};
pub(crate) use fees::{FEE_DAYS, Turnover, valid_tiers};
pub use fees::{Rates, fee_step, fee_step_rates};
pub(crate) use market::{Market, Tokyo, reaches};
pub use oddlot::{OddLotPosition, principal_price};
pub use risk::RiskUse;
pub use state::{AccountState, BalanceState, LevelState, OrderState, OrderStatus};

use std::collections::BTreeMap;

use crate::book::Books;
use crate::command::{AssetSpec, Command, Limits};
use crate::event::Event;
use crate::hash::Keyed;
use crate::index::Index;
use crate::instrument::InstrumentSpec;
use crate::ledger::Ledger;
use crate::matching::Claims;
use crate::orders::Orders;
use crate::reject::Reject;
use crate::types::*;
pub(crate) use session::Session;
use timers::Timers;
pub(crate) use waiting::{READY, Room, Waiting};

/// The roll of one profile's trading day.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Day {
    /// Current day, yyyymmdd.
    pub(crate) day: u32,
    /// Whether orders of earlier days may still be live.
    pub(crate) rolling: bool,
    /// First order slot the next step of the roll looks at.
    pub(crate) cursor: u32,
    /// First instrument that is not rolled yet.
    pub(crate) market: u32,
}

/// A level a command changed, until its final state is announced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Touched {
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) price: i64,
}

/// The trading state and the only code that changes it.
#[derive(Default)]
pub struct Engine {
    pub(crate) seq: Seq,
    pub(crate) at: Timestamp,
    pub(crate) limits: Option<Limits>,
    pub(crate) keyed: Keyed,
    pub(crate) assets: Vec<AssetSpec>,
    pub(crate) asset_codes: Index,
    pub(crate) specs: Vec<InstrumentSpec>,
    pub(crate) symbols: Index,
    pub(crate) markets: Vec<Market>,
    /// What waits outside each book.
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) accounts: Accounts,
    pub(crate) ledger: Ledger,
    pub(crate) orders: Orders,
    pub(crate) books: Books,
    pub(crate) open_counts: OpenCounts,
    /// Live orders: resting in books or waiting outside them.
    pub(crate) resting: u32,
    pub(crate) trades: u64,
    /// Trades that were corrected.
    pub(crate) corrections: BTreeMap<TradeId, Corrected>,
    pub(crate) days: [Day; 2],
    /// Where each profile's session is.
    pub(crate) sessions: [Session; 2],
    /// Whose orders count as one in each profile's auctions.
    pub(crate) participants: [Participants; 2],
    /// When each instrument wants to be woken.
    pub(crate) timers: Timers,
    /// The venue's kill switch.
    pub(crate) killed: bool,
    pub(crate) risk: risk::Risk,
    pub(crate) fees: fees::Fees,
    /// How many orders the command in hand has set off.
    pub(crate) set_off: set_off::SetOff,
    /// Circuit breakers and calls, by instrument.
    pub(crate) circuits: Vec<breaker::Circuit>,
    /// Odd-lot desks, by instrument.
    pub(crate) odd_lots: Vec<oddlot::OddLots>,
    /// Levels swept by the order in hand; kept for its memory.
    pub(crate) swept: Vec<LevelState>,
    /// Room for auctions.
    pub(crate) claims: Claims,
    /// Orders and instruments auctions have worked on since the command began.
    pub(crate) worked: u32,
    /// Orders picked out of a book for the moment; kept for its memory.
    pub(crate) picked: Vec<u32>,
    /// Instruments touched by it; kept for its memory.
    pub(crate) picked_instruments: Vec<InstrumentId>,
    /// Levels touched by the mass command in hand; kept for its memory.
    pub(crate) touched: Vec<Touched>,
    /// Whether plain commands go the long way too.
    #[cfg(any(test, feature = "oracle"))]
    long_way: bool,
}

impl Engine {
    /// An empty state, before `Genesis`.
    pub fn new() -> Engine {
        Engine::default()
    }

    /// From now on plain commands go the long way too: tests want both ways to agree.
    #[cfg(any(test, feature = "oracle"))]
    pub fn go_the_long_way(&mut self) {
        self.long_way = true;
    }

    /// Whether plain commands may go the short way.
    #[inline(always)]
    pub(crate) fn may_be_short(&self) -> bool {
        #[cfg(any(test, feature = "oracle"))]
        return !self.long_way;
        #[cfg(not(any(test, feature = "oracle")))]
        true
    }

    /// Applies command number `seq` (one more than the last) at time `at` and appends what
    /// it did to `events`.
    ///
    /// # Panics
    /// When an invariant of the state is broken or `seq` is not the next one: the process
    /// must not trade on.
    pub fn apply(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &mut Vec<Event>) {
        assert!(seq.0 == self.seq.0 + 1, "command {seq} applied after {}", self.seq);
        self.seq = seq;
        self.at = at;
        match command {
            Command::Place(place) if self.limits.is_some() => self.place(place, events),
            Command::Cancel(cancel) if self.limits.is_some() => self.cancel(cancel, events),
            other => self.apply_other(other, events),
        }
    }

    #[inline(never)]
    fn apply_other(&mut self, command: &Command, events: &mut Vec<Event>) {
        match command {
            Command::Amend(amend) if self.limits.is_some() => self.amend(amend, events),
            other => self.apply_rare(other.plain(), events),
        }
    }

    fn apply_rare(&mut self, command: &Command, events: &mut Vec<Event>) {
        let begins = matches!(command, Command::Genesis { .. });
        if begins == self.limits.is_some() {
            return refuse(Reject::NotInitialised, events);
        }
        let outcome = match command {
            Command::Genesis { limits, hash_seed } => self.begin(limits, *hash_seed, events),
            Command::CreateAsset(spec) => self.create_asset(spec, events),
            Command::CreateInstrument(spec) => self.create_instrument(spec, events),
            Command::CreateAccount { code } => self.create_account(code, events),
            Command::SetAccountStatus { account, status, .. } => {
                self.set_account_status(*account, *status, events)
            }
            Command::SetInstrumentStatus { instrument, status, .. } => {
                self.set_instrument_status(*instrument, *status, events)
            }
            Command::SetPriceLimits { instrument, base_price, limit_down, limit_up, .. } => {
                self.set_price_limits(*instrument, *base_price, *limit_down, *limit_up, events)
            }
            Command::Transfer { transfer, .. } => self.transfer(transfer, events),
            Command::CancelMany(filter) => self.cancel_many(filter, events),
            Command::RollDay { profile, day } => self.roll_day(*profile, *day, events),
            Command::Session { profile, day, step, until } => {
                self.session(*profile, *day, *step, *until, events)
            }
            Command::Wake => {
                self.wake(events);
                Ok(())
            }
            Command::PlaceContingent(contingent) => {
                self.place_contingent(contingent, events);
                Ok(())
            }
            Command::PlaceOddLot(order) => {
                self.place_odd_lot(order, events);
                Ok(())
            }
            Command::SetOddLotTerms { instrument, terms, .. } => {
                self.set_odd_lot_terms(*instrument, terms, events)
            }
            Command::SetTicks { instrument, ticks, .. } => {
                self.set_ticks(*instrument, *ticks, events)
            }
            Command::SetListedShares { instrument, shares, .. } => {
                self.set_listed_shares(*instrument, *shares, events)
            }
            Command::SetHalts { instrument, halts, .. } => {
                self.set_halts(*instrument, *halts, events)
            }
            Command::SetBreaker { instrument, breaker, .. } => {
                self.set_breaker(*instrument, breaker, events)
            }
            Command::StartCall { instrument, kind, seconds, .. } => {
                self.start_call(*instrument, *kind, *seconds, events)
            }
            Command::SetFeeTiers { tiers, .. } => self.set_fee_tiers(tiers, events),
            Command::SetGroup { account, group, .. } => self.set_group(*account, *group, events),
            Command::SetFirm { account, firm, .. } => self.set_firm(*account, *firm, events),
            Command::SetParticipants { profile, participants, .. } => {
                self.set_participants(*profile, *participants, events)
            }
            Command::SetRiskLimits { scope, limits, .. } => {
                self.set_risk_limits(*scope, limits, events)
            }
            Command::SetKill { scope, on, .. } => self.set_kill(*scope, *on, events),
            Command::CorrectTrade { correction, .. } => self.correct_trade(correction, events),
            Command::Anchor { .. } => {
                events.push(Event::Anchored);
                Ok(())
            }
            // Those of people; others are handled by apply() once the journal has begun.
            Command::Place(place) => {
                self.place_attributed(place, events);
                Ok(())
            }
            Command::Cancel(cancel) => {
                self.cancel(cancel, events);
                Ok(())
            }
            Command::Amend(amend) => {
                self.amend(amend, events);
                Ok(())
            }
            Command::Attributed(_) => unreachable!("taken off by apply()"),
        };
        if let Err(code) = outcome {
            refuse(code, events);
        }
    }

    /// Slot of a balance, if it exists.
    #[inline]
    pub(crate) fn find_balance(&self, account: AccountId, asset: AssetId) -> Option<u32> {
        let near = self.accounts.get(account).and_then(|account| account.balance(asset));
        near.or_else(|| self.ledger.find(account, asset))
    }

    /// Slot of a balance, opened at zero if it did not exist; `None` when there is no room.
    #[inline]
    pub(crate) fn open_balance(&mut self, account: AccountId, asset: AssetId) -> Option<u32> {
        if let Some(slot) = self.find_balance(account, asset) {
            return Some(slot);
        }
        let slot = self.ledger.open(account, asset)?;
        self.accounts.note_balance(account, asset, slot);
        Some(slot)
    }
}

/// Says that a command was refused without a record.
pub(crate) fn refuse(code: Reject, events: &mut Vec<Event>) {
    events.push(Event::Refused { code, order: None });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of;

    /// The figures of `docs/decisions/engine-memory.md`.
    #[test]
    fn records_are_as_large_as_documented() {
        assert_eq!(size_of::<crate::orders::Hot>(), 64);
        assert_eq!(size_of::<crate::orders::Cold>(), 128);
        assert_eq!(size_of::<crate::orders::Extra>(), 112);
        assert_eq!(size_of::<Waiting>(), 112);
        assert_eq!(size_of::<crate::book::Level>(), 40);
        assert_eq!(crate::book::NODE_SIZE, 272);
        assert_eq!(size_of::<crate::ledger::Balance>(), 64);
        assert_eq!(size_of::<accounts::Account>(), 64);
        assert_eq!(size_of::<AccountCode>(), 25);
        assert_eq!(size_of::<accounts::OpenCount>(), 12);
        assert!(size_of::<Market>() <= 512);
        assert_eq!(size_of::<InstrumentSpec>(), 200);
        assert_eq!(size_of::<Event>(), 88);
        assert_eq!(size_of::<Command>(), 80);
    }
}
