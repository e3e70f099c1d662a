//! What a command did, as plain data, in order. Events carry states *after* the change
//! (absolute values), so that a reader can overwrite and never has to add up. What the
//! command itself says is not repeated: readers get command and events together.

use crate::command::TradeTerms;
use crate::engine::OrderStatus;
use crate::instrument::TickRule;
use crate::reject::Reject;
use crate::types::*;

/// Why an order left the book.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum CloseReason {
    /// Nothing left to fill.
    Filled = 0,
    /// Its owner cancelled it.
    Cancelled = 1,
    /// Mass cancel.
    CancelledMany = 2,
    /// The rest of an immediate-or-cancel order (market orders included).
    ImmediateRest = 3,
    /// A fill-or-kill order that could not fill whole; it traded nothing.
    FillOrKill = 4,
    /// DAY order at the end of its day, or a period order at the end of its last.
    Expired = 5,
    /// It met an order of its own account.
    SelfTrade = 6,
    /// An opening- or closing-only order, or a market order, that its auction left unfilled.
    AuctionRest = 7,
    /// A period order whose price is off the new day's tick.
    OffTick = 8,
    /// A period order whose price is outside the new day's limits.
    OffLimits = 9,
    /// An if-done order whose first order ended without a fill.
    ParentEnded = 10,
    /// Set off, but it could not be taken: no funds, a halt, a limit.
    TriggerRefused = 11,
    /// The rest of an order that a circuit breaker stopped.
    Breaker = 12,
}

impl CloseReason {
    /// Stable code, as shown in the event chain.
    pub fn as_str(self) -> &'static str {
        match self {
            CloseReason::Filled => "filled",
            CloseReason::Cancelled => "cancelled",
            CloseReason::CancelledMany => "cancelled_many",
            CloseReason::ImmediateRest => "immediate_rest",
            CloseReason::FillOrKill => "fill_or_kill",
            CloseReason::Expired => "expired",
            CloseReason::SelfTrade => "self_trade",
            CloseReason::AuctionRest => "auction_rest",
            CloseReason::OffTick => "off_tick",
            CloseReason::OffLimits => "off_limits",
            CloseReason::ParentEnded => "parent_ended",
            CloseReason::TriggerRefused => "trigger_refused",
            CloseReason::Breaker => "circuit_breaker",
        }
    }

    /// Every reason, in order of number.
    pub const ALL: [CloseReason; 13] = {
        use CloseReason::*;
        [
            Filled,
            Cancelled,
            CancelledMany,
            ImmediateRest,
            FillOrKill,
            Expired,
            SelfTrade,
            AuctionRest,
            OffTick,
            OffLimits,
            ParentEnded,
            TriggerRefused,
            Breaker,
        ]
    };

    /// How an order stands that ended for this reason.
    pub fn status(self) -> OrderStatus {
        match self {
            CloseReason::Filled => OrderStatus::Filled,
            CloseReason::Expired | CloseReason::OffTick | CloseReason::OffLimits => {
                OrderStatus::Expired
            }
            _ => OrderStatus::Cancelled,
        }
    }
}

/// Why a balance changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Cause {
    /// Only the lock changed (order accepted, amended, closed).
    Lock = 0,
    /// Notional or shares of a trade, the unlock included.
    Trade = 1,
    /// A fee or rebate.
    Fee = 2,
    /// A rounding difference.
    Rounding = 3,
    /// Deposit.
    Deposit = 4,
    /// Withdrawal.
    Withdraw = 5,
    /// Adjustment.
    Adjust = 6,
    /// What a trade moved, moved back, and what it should have moved.
    Correction = 7,
}

impl Cause {
    /// Stable code, as in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Lock => "lock",
            Cause::Trade => "trade",
            Cause::Fee => "fee",
            Cause::Rounding => "rounding",
            Cause::Deposit => "deposit",
            Cause::Withdraw => "withdraw",
            Cause::Adjust => "adjust",
            Cause::Correction => "correction",
        }
    }
}

/// One trade between two orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    /// Number.
    pub trade: TradeId,
    /// Where.
    pub instrument: InstrumentId,
    /// The resting order's price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// Side of the taker.
    pub taker_side: Side,
    /// Resting order.
    pub maker: OrderId,
    /// Aggressive order.
    pub taker: OrderId,
    /// Owner of the resting order.
    pub maker_account: AccountId,
    /// Owner of the aggressive order.
    pub taker_account: AccountId,
    /// Fee of the maker in the quote asset; negative is a rebate.
    pub maker_fee: Amount,
    /// Fee of the taker in the quote asset.
    pub taker_fee: Amount,
    /// What the maker has left.
    pub maker_remaining: Quantity,
    /// What the taker has left.
    pub taker_remaining: Quantity,
    /// In an auction: neither side took; the buy order is named as taker.
    pub auction: bool,
}

/// What a trade moved for one of its parties: both of its balances, as they are now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settled {
    /// Whose.
    pub account: AccountId,
    /// Whether it bought or sold.
    pub side: Side,
    /// What it paid or received.
    pub quote: AssetId,
    /// What it received or delivered.
    pub base: AssetId,
    /// By which trade.
    pub trade: TradeId,
    /// Notional, in minor units of the quote asset: out of a buyer, into a seller.
    pub gross: Amount,
    /// Fee out of either, in the same; negative is a rebate.
    pub fee: Amount,
    /// Minor units of the base asset: into a buyer, out of a seller.
    pub moved: Amount,
    /// What the account owns of the quote asset.
    pub quote_total: Amount,
    /// The part of it that open orders can spend.
    pub quote_locked: Amount,
    /// What the account owns of the base asset.
    pub base_total: Amount,
    /// The part of it that open orders can spend.
    pub base_locked: Amount,
}

/// One change of one balance: an entry of the ledger, and the balance after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalanceChange {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// What the account owns.
    pub total: Amount,
    /// The part of it that open orders can spend.
    pub locked: Amount,
    /// Change of `total`.
    pub delta: Amount,
    /// Why.
    pub cause: Cause,
    /// The order (`Lock`), trade (`Trade`, `Fee`, `Rounding`) behind it; else zero.
    pub reference: u64,
}

impl Settled {
    /// The entries it stands for: notional, fee (if not zero) and base asset of a buyer; base
    /// asset, notional and fee of a seller.
    fn changes(&self) -> [Option<BalanceChange>; 3] {
        let change = |asset, total: i64, locked, delta, cause| BalanceChange {
            account: self.account,
            asset,
            total: Amount(total),
            locked,
            delta: Amount(delta),
            cause,
            reference: self.trade.0,
        };
        let (quote, fee) = (self.quote, self.fee.0);
        let (paid, got) = match self.side {
            Side::Buy => (-self.gross.0, self.moved.0),
            Side::Sell => (self.gross.0, -self.moved.0),
        };
        let before_fee = self.quote_total.0 + fee;
        let notional = change(quote, before_fee, self.quote_locked, paid, Cause::Trade);
        let charged = change(quote, self.quote_total.0, self.quote_locked, -fee, Cause::Fee);
        let charged = (fee != 0).then_some(charged);
        let moved = change(self.base, self.base_total.0, self.base_locked, got, Cause::Trade);
        match self.side {
            Side::Buy => [Some(notional), charged, Some(moved)],
            Side::Sell => [Some(moved), Some(notional), charged],
        }
    }
}

/// One trade of an odd-lot order with the house.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeskTrade {
    /// Number, in the same row as other trades.
    pub trade: TradeId,
    /// Where.
    pub instrument: InstrumentId,
    /// Price per share, before rounding of the settlement.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// The client's side.
    pub side: Side,
    /// The client's order.
    pub order: OrderId,
    /// The client.
    pub account: AccountId,
    /// What the client pays or receives, in minor units of the quote asset, after rounding.
    pub amount: Amount,
    /// Which desk.
    pub desk: Desk,
    /// Shares the house took (bought, if positive) from all odd-lot trades so far.
    pub house_net: Quantity,
}

/// A trade that now stands otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeCorrected {
    /// Which trade.
    pub trade: TradeId,
    /// Where.
    pub instrument: InstrumentId,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
    /// Which correction of this trade, from 1.
    pub number: u32,
    /// How it stands now.
    pub after: TradeTerms,
}

impl Event {
    /// The changes of balances it tells of, in order: each an entry of the ledger.
    pub fn balances(&self) -> impl Iterator<Item = BalanceChange> + use<> {
        let changes = match *self {
            Event::Balance { account, asset, total, locked, delta, cause, reference } => {
                let change =
                    BalanceChange { account, asset, total, locked, delta, cause, reference };
                [Some(change), None, None]
            }
            Event::Settled(settled) => settled.changes(),
            Event::Collected { asset, trade, fees, fees_total, rounding, rounding_total } => {
                let change = |account, total, delta: Amount, cause| BalanceChange {
                    account,
                    asset,
                    total,
                    locked: Amount::ZERO,
                    delta,
                    cause,
                    reference: trade.0,
                };
                let fees = change(AccountId::FEES, fees_total, fees, Cause::Fee);
                let rounding =
                    change(AccountId::ROUNDING, rounding_total, rounding, Cause::Rounding);
                let moved = |change: BalanceChange| (change.delta.0 != 0).then_some(change);
                [moved(fees), moved(rounding), None]
            }
            _ => [None; 3],
        };
        changes.into_iter().flatten()
    }

    /// The instrument whose state it says something about, other than its book and trades.
    pub fn changes_instrument(&self) -> Option<InstrumentId> {
        match *self {
            Event::InstrumentStatusChanged { instrument, .. }
            | Event::PriceLimitsChanged { instrument }
            | Event::LimitsRolled { instrument, .. }
            | Event::PhaseChanged { instrument, .. }
            | Event::CallBounded { instrument, .. }
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
