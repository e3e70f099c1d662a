//! What a command did, as plain data, in order. Events carry states *after* the change
//! (absolute values), so that a reader can overwrite and never has to add up. What the
//! command itself says is not repeated: readers get command and events together.

mod balances;
mod reasons;
mod trades;

pub use balances::BalanceChange;
pub use reasons::{Cause, CloseReason};
pub use trades::{DeskTrade, Settled, Trade, TradeCorrected};

use crate::instrument::TickRule;
use crate::reject::Reject;
use crate::types::*;

/// One consequence of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The journal began.
    Begun,
    /// An asset exists.
    AssetCreated {
        /// Its number.
        asset: AssetId,
    },
    /// An account exists.
    AccountCreated {
        /// Its number.
        account: AccountId,
    },
    /// An instrument exists.
    InstrumentCreated {
        /// Its number.
        instrument: InstrumentId,
    },
    /// An account's status is now the command's.
    AccountStatusChanged {
        /// Which account.
        account: AccountId,
        /// New status.
        status: AccountStatus,
    },
    /// An instrument's status is now the command's.
    InstrumentStatusChanged {
        /// Which instrument.
        instrument: InstrumentId,
        /// New status.
        status: InstrumentStatus,
    },
    /// An instrument's limits are now the command's.
    PriceLimitsChanged {
        /// Which instrument.
        instrument: InstrumentId,
    },
    /// The order is in: checked, locked. Trades, resting or closing follow.
    Accepted {
        /// Its number.
        order: OrderId,
        /// Worst price it may trade at: its limit, or a market order's bound.
        bound: Price,
    },
    /// The live order has these values now. Trades may follow (a new price may cross).
    Amended {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// Limit price now.
        price: Price,
        /// Total quantity now.
        quantity: Quantity,
        /// Open quantity now.
        remaining: Quantity,
        /// Whether it kept its place in the queue.
        kept_priority: bool,
    },
    /// Two orders traded.
    Trade(Trade),
    /// The order is no longer live.
    Closed {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// Why.
        reason: CloseReason,
        /// What was still unfilled.
        remaining: Quantity,
    },
    /// A price level holds this much now; zero: the level is gone. At most once per level
    /// and part of a command (an order, then an auction it leads to, then an order that sets
    /// off), after the changes that led to it: the last one stands.
    Level {
        /// Where.
        instrument: InstrumentId,
        /// Which side of the book.
        side: Side,
        /// At which price.
        price: Price,
        /// Total open quantity.
        quantity: Quantity,
        /// Number of orders.
        orders: u32,
    },
    /// A balance is this now.
    Balance {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// What the account owns.
        total: Amount,
        /// The part of it that open orders can spend.
        locked: Amount,
        /// Change of `total`.
        delta: Amount,
        /// Why.
        cause: Cause,
        /// The order (`Lock`), trade (`Trade`, `Fee`, `Rounding`) behind it; else zero.
        reference: u64,
    },
    /// What the trade just told of moved for its buyer, or for its seller.
    Settled(Settled),
    /// What the trade just told of brought the system: fees of both parties, and what rounding
    /// left over.
    Collected {
        /// Of what.
        asset: AssetId,
        /// By which trade.
        trade: TradeId,
        /// Change of what the fee account owns.
        fees: Amount,
        /// What it owns now.
        fees_total: Amount,
        /// Change of what the rounding account owns.
        rounding: Amount,
        /// What it owns now.
        rounding_total: Amount,
    },
    /// The transfer is done (its `Balance` events come before).
    Transferred,
    /// `CancelMany` ended this many orders.
    CancelledMany {
        /// How many.
        count: u32,
        /// Whether matching orders may remain: send the command again, `from` here.
        more: bool,
        /// Where to go on.
        next: OrderId,
    },
    /// `RollDay` made progress.
    DayRolled {
        /// How many orders expired.
        count: u32,
        /// Whether the roll is incomplete: send the command again.
        more: bool,
    },
    /// The command was refused and changed nothing, except that a refused `Place` with a
    /// client id has its own number and is remembered as rejected.
    Refused {
        /// Why.
        code: Reject,
        /// The refused order's number, if the command was a `Place` that was recorded.
        order: Option<OrderId>,
    },
    /// A repeat of a known client id with the same content: nothing changed, here is the
    /// first answer's order (zero for transfers).
    Repeated {
        /// The first order.
        order: OrderId,
    },
    /// What an instrument's session lets its book do now.
    PhaseChanged {
        /// Which instrument.
        instrument: InstrumentId,
        /// New phase.
        phase: Phase,
        /// When it ends, if known; else zero.
        until: Timestamp,
    },
    /// The auction of the call that the phase before this has begun, or goes on with, is held
    /// within these prices.
    CallBounded {
        /// Which instrument.
        instrument: InstrumentId,
        /// Lowest price.
        low: Price,
        /// Highest price.
        high: Price,
    },
    /// In the phase that has just begun, movements are still measured from this special quote of
    /// before: nothing traded since.
    QuoteCarried {
        /// Which instrument.
        instrument: InstrumentId,
        /// The quote's price.
        price: Price,
    },
    /// An instrument's quote is now this (`Free`: trading resumed).
    QuoteChanged {
        /// Which instrument.
        instrument: InstrumentId,
        /// New quote.
        quote: Quote,
    },
    /// An auction took place. Its trades come before.
    Auction {
        /// Which instrument.
        instrument: InstrumentId,
        /// Which auction.
        kind: AuctionKind,
        /// How it ended.
        end: AuctionEnd,
        /// At which price; zero: none.
        price: Price,
        /// How much traded.
        quantity: Quantity,
        /// What the bids at the price or better (market orders included) had left over, less
        /// what the offers had: the imbalance.
        surplus: Quantity,
    },
    /// A `Session` command made progress.
    SessionStepped {
        /// Which profile.
        profile: Profile,
        /// Which moment.
        step: SessionStep,
        /// How many instruments it handled.
        count: u32,
        /// Whether instruments remain: send the command again.
        more: bool,
    },
    /// A `Wake` command served this many timers.
    Woken {
        /// How many.
        count: u32,
        /// Whether more are due: send the command again.
        more: bool,
    },
    /// The accepted order waits outside the book: for its trigger, its first order, its moment
    /// (conditions) or its desk's auction.
    Parked {
        /// Which order.
        order: OrderId,
    },
    /// An if-done order exists and waits for its first order. Its terms are the command's child.
    Attached {
        /// Which order.
        order: OrderId,
        /// The first order.
        parent: OrderId,
        /// Owner.
        account: AccountId,
    },
    /// A waiting order became active: set off by its trigger, its first order, or its moment.
    /// Trades, resting or closing follow. Also the limit half of an OCO when its stop half
    /// takes over.
    Triggered {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// What it is now.
        kind: OrderKind,
        /// Limit price now; zero: market.
        price: Price,
        /// Total quantity now (an if-done order takes what its first order filled).
        quantity: Quantity,
    },
    /// An order that was set off cannot be taken: it ends with its next event.
    SetOffRefused {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// Why.
        code: Reject,
    },
    /// Quantity of an order that did not trade because the other side was its own account's.
    Prevented {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// How much, this time.
        quantity: Quantity,
        /// Open quantity now.
        remaining: Quantity,
    },
    /// An odd-lot order traded with the house.
    DeskTrade(DeskTrade),
    /// A soft risk limit was passed; the order was taken.
    RiskWarning {
        /// Whose order.
        account: AccountId,
        /// Whose limit.
        scope: RiskScope,
        /// Which limit.
        measure: RiskMeasure,
        /// What was measured.
        value: i64,
        /// The soft limit.
        limit: i64,
    },
    /// The day's base price and limits of an instrument are now these (rolled by the engine).
    LimitsRolled {
        /// Which instrument.
        instrument: InstrumentId,
        /// Base price; zero: none.
        base_price: Price,
        /// Lower limit; zero: none.
        limit_down: Price,
        /// Upper limit; zero: none.
        limit_up: Price,
    },
    /// Whether the short-sale price rule binds an instrument.
    ShortSaleRule {
        /// Which instrument.
        instrument: InstrumentId,
        /// Whether it binds.
        on: bool,
    },
    /// An instrument's tick table is now the command's.
    TicksChanged {
        /// Which instrument.
        instrument: InstrumentId,
        /// New table.
        ticks: TickRule,
    },
    /// An instrument's listed shares, odd-lot terms or breaker are now the command's.
    TermsChanged {
        /// Which instrument.
        instrument: InstrumentId,
    },
    /// An instrument's halts are now the command's.
    HaltsChanged {
        /// Which instrument.
        instrument: InstrumentId,
        /// New halts.
        halts: Halts,
    },
    /// The fee schedule of an asset is now the command's.
    FeeTiersChanged {
        /// Which quote asset.
        asset: AssetId,
    },
    /// An account's group is now the command's.
    GroupChanged {
        /// Which account.
        account: AccountId,
        /// Its group.
        group: GroupId,
    },
    /// An account's firm is now the command's.
    FirmChanged {
        /// Which account.
        account: AccountId,
        /// Its firm; zero: none.
        firm: FirmId,
    },
    /// Whose orders count as one in auctions is now the command's.
    ParticipantsChanged {
        /// Whose auctions.
        profile: Profile,
        /// Accounts or firms.
        participants: Participants,
    },
    /// The risk limits of a scope are now the command's.
    RiskLimitsChanged {
        /// Whose.
        scope: RiskScope,
    },
    /// A trade was corrected (its `Balance` events come before).
    TradeCorrected(TradeCorrected),
    /// What the house took from an instrument's odd-lot trades is now this, after one of them was
    /// corrected.
    DeskPosition {
        /// Which.
        instrument: InstrumentId,
        /// Shares the house took (bought, if positive).
        house_net: Quantity,
    },
    /// The command's statement is on record.
    Anchored,
    /// A kill switch is now on or off.
    KillChanged {
        /// Whom.
        scope: KillScope,
        /// On or off.
        on: bool,
    },
}

impl Event {
    /// The instrument whose state it says something about, other than its book and trades.
    pub fn changes_instrument(&self) -> Option<InstrumentId> {
        match *self {
            Event::InstrumentStatusChanged { instrument, .. }
            | Event::PriceLimitsChanged { instrument }
            | Event::LimitsRolled { instrument, .. }
            | Event::PhaseChanged { instrument, .. }
            | Event::CallBounded { instrument, .. }
            | Event::QuoteCarried { instrument, .. }
            | Event::QuoteChanged { instrument, .. }
            | Event::HaltsChanged { instrument, .. }
            | Event::ShortSaleRule { instrument, .. }
            | Event::TicksChanged { instrument, .. }
            | Event::TermsChanged { instrument }
            | Event::KillChanged { scope: KillScope::Instrument(instrument), .. } => {
                Some(instrument)
            }
            _ => None,
        }
    }
}
