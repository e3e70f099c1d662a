//! Everything that can change the state, as plain data. One command is one journal record.
//!
//! A command carries ids, never names to be looked up, and never a clock reading: its time
//! is given beside it when it is applied.

mod changes;
mod given;
mod moves;
mod orders;
mod terms;

pub use changes::*;
pub use given::*;
pub use moves::*;
pub use orders::*;
pub use terms::*;

use crate::instrument::{InstrumentSpec, TickRule};
use crate::types::*;

/// A numbered change of the state.
// Place is the common case and sets the size; the rare large ones are boxed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// First command of every journal: bounds, hash seed; creates the system accounts
    /// with codes `house`, `fees`, `rounding`, `outside`.
    Genesis {
        /// Bounds of the state.
        limits: Limits,
        /// Random seed of the client-id hash, so that clients cannot craft collisions.
        hash_seed: [u64; 2],
    },
    /// Creates an asset.
    CreateAsset(AssetSpec),
    /// Creates an instrument, open for continuous trading.
    CreateInstrument(Box<InstrumentSpec>),
    /// Creates an account, active.
    CreateAccount {
        /// Code, unique.
        code: AccountCode,
    },
    /// Changes what an account may do.
    SetAccountStatus {
        /// Which account.
        account: AccountId,
        /// New status.
        status: AccountStatus,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Changes what an instrument's book accepts.
    SetInstrumentStatus {
        /// Which instrument.
        instrument: InstrumentId,
        /// New status.
        status: InstrumentStatus,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets the day's base price and limits. Orders outside the new limits stay.
    SetPriceLimits {
        /// Which instrument.
        instrument: InstrumentId,
        /// New base price; zero: none.
        base_price: Price,
        /// New lower limit; zero: none.
        limit_down: Price,
        /// New upper limit; zero: none.
        limit_up: Price,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Deposit, withdrawal or adjustment.
    Transfer {
        /// What moves.
        transfer: Transfer,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Any of the commands without a `by`, as a person or batch gave it.
    Attributed(Box<Attributed>),
    /// Takes a trade back and puts it in its place as it should have been.
    CorrectTrade {
        /// Which, and how.
        correction: Box<Correction>,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Puts a statement on record; changes nothing else.
    Anchor {
        /// What is stated.
        anchor: Box<Anchor>,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// New order.
    Place(Place),
    /// Change of a live order.
    Amend(Amend),
    /// Cancel of one order.
    Cancel(Cancel),
    /// Cancel of many.
    CancelMany(CancelMany),
    /// Ends the trading day before `day` for one profile's instruments: DAY orders accepted
    /// on an earlier day expire, at most [`CANCEL_MANY_SLICE`] (and 65,536 slots looked at)
    /// per command.
    RollDay {
        /// Whose day.
        profile: Profile,
        /// The new day as yyyymmdd; one at or before the current day is refused once that
        /// day's roll is complete.
        day: u32,
    },
    /// A moment of the trading day has come for a profile's instruments that follow sessions.
    /// Handled in slices: the event says whether more remain, and the sender repeats the
    /// command; commands in between are served.
    Session {
        /// Whose.
        profile: Profile,
        /// Trading day, yyyymmdd; the present one.
        day: u32,
        /// Which moment; later than the last one.
        step: SessionStep,
        /// When the next moment comes, for display; zero: unknown.
        until: Timestamp,
    },
    /// Time has passed: timers that are due (quotes, calls, orders set off but not yet
    /// handled) are served, a bounded number per command.
    Wake,
    /// Stop, OCO, if-done and period orders.
    PlaceContingent(Box<Contingent>),
    /// Odd-lot order.
    PlaceOddLot(Box<OddLot>),
    /// Sets an instrument's odd-lot terms.
    SetOddLotTerms {
        /// Which instrument.
        instrument: InstrumentId,
        /// New terms.
        terms: Box<OddLotTerms>,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets an instrument's tick table (a change of index membership). Resting orders off the
    /// new tick stay until the day is rolled.
    SetTicks {
        /// Which instrument.
        instrument: InstrumentId,
        /// New table; the book's step must stay.
        ticks: TickRule,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets the number of listed shares (bounds an order to 30% of it; zero: unknown).
    SetListedShares {
        /// Which instrument.
        instrument: InstrumentId,
        /// How many.
        shares: Quantity,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets which order kinds and sides an instrument refuses.
    SetHalts {
        /// Which instrument.
        instrument: InstrumentId,
        /// All that are refused from now on.
        halts: Halts,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets an instrument's circuit breaker.
    SetBreaker {
        /// Which instrument.
        instrument: InstrumentId,
        /// New settings.
        breaker: Box<Breaker>,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Begins a call auction by hand: after a halt, for a new listing, or full-range. Opens a
    /// halted instrument.
    StartCall {
        /// Which instrument.
        instrument: InstrumentId,
        /// `FullRange`, `Resumption` or `Listing`.
        kind: AuctionKind,
        /// How long, in seconds, from 1 to 86,400.
        seconds: u32,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets fees by volume.
    SetFeeTiers {
        /// New schedule; no steps: the instruments' own fees.
        tiers: Box<FeeTiers>,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Puts an account into a group.
    SetGroup {
        /// Which account.
        account: AccountId,
        /// Which group.
        group: GroupId,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Names the firm an account trades through; from the next auction on it counts there.
    SetFirm {
        /// Which account.
        account: AccountId,
        /// Which firm; zero: none.
        firm: FirmId,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets whose orders count as one where simultaneous orders share in turns, from the next
    /// auction on. Only for `tse`: nothing is shared in turns elsewhere.
    SetParticipants {
        /// Whose auctions.
        profile: Profile,
        /// Accounts, as at first, or firms.
        participants: Participants,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets the risk limits of a scope; all zero: none.
    SetRiskLimits {
        /// Whose.
        scope: RiskScope,
        /// New limits.
        limits: Box<RiskLimits>,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Throws or releases a kill switch: while it is on, new orders and amendments of the
    /// scope are refused. Open orders are cancelled by the `CancelMany` commands that follow.
    SetKill {
        /// Whom.
        scope: KillScope,
        /// On or off.
        on: bool,
        /// Who and why.
        by: Box<Provenance>,
    },
}

impl Command {
    /// The command itself, without who gave it.
    #[inline]
    pub fn plain(&self) -> &Command {
        let mut command = self;
        while let Command::Attributed(attributed) = command {
            command = &attributed.command;
        }
        command
    }

    /// The command itself, without who gave it.
    pub fn into_plain(self) -> Command {
        match self {
            Command::Attributed(attributed) => attributed.command.into_plain(),
            plain => plain,
        }
    }

    /// This command, on the record as given by somebody. One that says so itself stays as it is.
    pub fn given_by(self, by: Provenance) -> Command {
        if self.provenance().is_some() {
            return self;
        }
        Command::Attributed(Box::new(Attributed { by, command: self }))
    }

    /// Who gave it and why, if it says so.
    pub fn provenance(&self) -> Option<&Provenance> {
        match self {
            Command::Attributed(attributed) => Some(&attributed.by),
            Command::SetAccountStatus { by, .. }
            | Command::SetInstrumentStatus { by, .. }
            | Command::SetPriceLimits { by, .. }
            | Command::Transfer { by, .. }
            | Command::Anchor { by, .. }
            | Command::CorrectTrade { by, .. }
            | Command::SetOddLotTerms { by, .. }
            | Command::SetTicks { by, .. }
            | Command::SetListedShares { by, .. }
            | Command::SetHalts { by, .. }
            | Command::SetBreaker { by, .. }
            | Command::StartCall { by, .. }
            | Command::SetFeeTiers { by, .. }
            | Command::SetGroup { by, .. }
            | Command::SetRiskLimits { by, .. }
            | Command::SetFirm { by, .. }
            | Command::SetParticipants { by, .. }
            | Command::SetKill { by, .. } => Some(by),
            Command::Genesis { .. }
            | Command::CreateAsset(_)
            | Command::CreateInstrument(_)
            | Command::CreateAccount { .. }
            | Command::Place(_)
            | Command::Amend(_)
            | Command::Cancel(_)
            | Command::CancelMany(_)
            | Command::RollDay { .. }
            | Command::Session { .. }
            | Command::Wake
            | Command::PlaceContingent(_)
            | Command::PlaceOddLot(_) => None,
        }
    }
}
