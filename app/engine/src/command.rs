//! Everything that can change the state, as plain data. One command is one journal record.
//!
//! A command carries ids, never names to be looked up, and never a clock reading: its time
//! is given beside it when it is applied.

use crate::instrument::{InstrumentSpec, TickRule};
use crate::types::*;

/// Bounds of the state, fixed by `Genesis` because what is refused depends on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Accounts, system accounts included (up to 2^31).
    pub accounts: u32,
    /// Instruments (up to 65,536).
    pub instruments: u32,
    /// Assets (up to 65,536).
    pub assets: u32,
    /// Live orders. Together with `answers` below 2^24.
    pub live_orders: u32,
    /// Finished orders and transfers remembered for repeats of their client id. A live
    /// order is always remembered; after that the newest this many are.
    pub answers: u32,
    /// (account, asset) balances.
    pub balances: u32,
}

impl Default for Limits {
    /// A broker's size: 1,000,000 accounts, 5,000 instruments, 10,000,000 live orders.
    fn default() -> Self {
        Limits {
            accounts: 1_100_000,
            instruments: 8_192,
            assets: 8_192,
            live_orders: 10_000_000,
            answers: 4_000_000,
            balances: 16_000_000,
        }
    }
}

/// By which door a client's command came in; kept for the audit trail only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Via {
    /// REST.
    Rest = 0,
    /// WebSocket.
    Stream = 1,
    /// The admin API: a person in the console or an operator's tool.
    Admin = 2,
    /// The platform itself (schedule, replay, batch).
    System = 3,
}

/// Who did it and why, for commands of people and batches. For the record only: nothing in
/// the engine depends on it, and no hash covers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Provenance {
    /// Login of the person who asked, or name of the batch.
    pub actor: Text<64>,
    /// Login of the second person who agreed; empty: none.
    pub approver: Text<64>,
    /// Id of the request this came from (`X-Request-Id`, maker-checker request).
    pub request: Text<64>,
    /// Why.
    pub reason: Text<255>,
}

/// A command that has no room for it, with who gave it and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attributed {
    /// Who and why.
    pub by: Provenance,
    /// What; never attributed itself.
    pub command: Command,
}

/// How a trade was settled, or is: minor units of the quote asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeTerms {
    /// At which price.
    pub price: Price,
    /// How much; zero: the trade was taken back whole.
    pub quantity: Quantity,
    /// What the buyer paid, without the fee.
    pub paid: Amount,
    /// What the seller received, the fee not yet taken off.
    pub got: Amount,
    /// Fee of the buyer; negative: a rebate.
    pub buyer_fee: Amount,
    /// Fee of the seller; negative: a rebate.
    pub seller_fee: Amount,
}

/// A trade that is to stand otherwise, or not at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Correction {
    /// Which trade.
    pub trade: TradeId,
    /// Where it was made.
    pub instrument: InstrumentId,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
    /// How it stands, which must be so.
    pub before: TradeTerms,
    /// At which price it is to stand.
    pub price: Price,
    /// How much of it is to stand, at most what was traded; zero: nothing.
    pub quantity: Quantity,
    /// Whether an odd-lot desk made it: one party is the house, and the other's side is rounded to
    /// the desk's unit.
    pub desk: bool,
}

/// A statement about something kept elsewhere, put on record here: that a list had so many
/// entries and this hash. What is in the journal before it can then be shown not to have been
/// changed after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anchor {
    /// About what: `audit`.
    pub what: Text<16>,
    /// How many entries it had.
    pub count: u64,
    /// Hash over all of them.
    pub hash: [u8; 32],
}

/// A new asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetSpec {
    /// Code, unique.
    pub code: AssetCode,
    /// Minor unit is 10^-`exponent` (0 to 8... 18).
    pub exponent: u8,
}

/// A new order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Who pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long. Market orders are `Ioc` or `Fok`.
    pub time_in_force: TimeInForce,
    /// Refuse instead of taking liquidity (limit `Gtc` and `Day` only).
    pub post_only: bool,
    /// Limit price; zero for market orders.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// The client's own id: a repeat gets the first answer. Empty is refused.
    pub client_id: ClientId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
    /// When it takes part (Tokyo).
    pub condition: Condition,
    /// What it does on meeting an order of its own account.
    pub self_trade: SelfTrade,
    /// Whether a sell is of borrowed shares.
    pub short: ShortSale,
    /// Market buys and sells by quote amount: `quantity` is in minor units of the quote asset.
    pub by_amount: bool,
}

impl Place {
    /// A limit order without any extras, to be changed by struct update.
    pub fn limit(
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        quantity: Quantity,
        client_id: ClientId,
    ) -> Place {
        Place {
            account,
            instrument,
            side,
            kind: OrderKind::Limit,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            price,
            quantity,
            client_id,
            via: Via::System,
            key: 0,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        }
    }
}

/// What an order turns into when its trigger fires while it rests (the other half of an OCO).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopLeg {
    /// What fires it.
    pub trigger: Trigger,
    /// Its limit price then; zero: a market order.
    pub price: Price,
}

/// What follows when an order is done (if-done). Its quantity is what the first order filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Child {
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// Limit price; zero for market orders.
    pub price: Price,
    /// Waits for this once the first order is done (stop kinds).
    pub trigger: Option<Trigger>,
    /// Makes it an OCO.
    pub stop: Option<StopLeg>,
    /// `Day`, `Gtc` or `Gtd`.
    pub time_in_force: TimeInForce,
    /// Last trading day of a period order, yyyymmdd; zero: none.
    pub expires: u32,
    /// Its own client id.
    pub client_id: ClientId,
}

/// The broker's own order kinds: stop, stop-limit, take-profit (`trigger`), OCO (`stop`),
/// period (`expires`), if-done (`child`) and their combinations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contingent {
    /// The order itself; with a `trigger`, what it becomes when that fires.
    pub order: Place,
    /// Waits outside the book for this.
    pub trigger: Option<Trigger>,
    /// Other half of an OCO: fires while the order rests. Never together with `trigger`.
    pub stop: Option<StopLeg>,
    /// Last trading day of a period order (`Gtd`), yyyymmdd; zero: none.
    pub expires: u32,
    /// What follows when it is done.
    pub child: Option<Child>,
}

/// An order of fewer shares than the trading unit, against the house.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OddLot {
    /// Who pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Which desk.
    pub desk: Desk,
    /// How much.
    pub quantity: Quantity,
    /// Worst acceptable price of a principal trade; zero: any. Zero for the batch desk.
    pub price: Price,
    /// The client's own id, in the same space as other orders.
    pub client_id: ClientId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

/// Terms of an instrument's odd-lot desks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OddLotTerms {
    /// Whether the batch desk takes orders.
    pub batch: bool,
    /// Whether the principal desk takes orders.
    pub principal: bool,
    /// Spread of the principal desk from best ask (bid), in parts per million.
    pub spread_ppm: u32,
    /// Most shares of one order.
    pub max_quantity: Quantity,
    /// Most value of one order, in minor units of the quote asset; zero: no cap.
    pub max_value: Amount,
    /// Settlement of an odd-lot trade is rounded to this many minor units (10,000 minor units
    /// of JPY are one yen), up for a buyer and down for a seller.
    pub round_to: Amount,
}

/// When an instrument's circuit breaker calls an auction, and which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Breaker {
    /// Which auction; `Off`: none.
    pub mode: BreakerMode,
    /// The reference is the last price this long ago, in seconds.
    pub window_seconds: u32,
    /// A trade further than this from the reference calls the auction instead, in ppm.
    pub trigger_ppm: u32,
    /// How long the call lasts, in seconds.
    pub call_seconds: u32,
    /// Bound of the auction price around the reference, in ppm (`Bounded` only).
    pub bound_ppm: u32,
}

impl Breaker {
    /// None.
    pub const OFF: Breaker = Breaker {
        mode: BreakerMode::Off,
        window_seconds: 0,
        trigger_ppm: 0,
        call_seconds: 0,
        bound_ppm: 0,
    };
}

/// Most steps of a fee schedule.
pub const FEE_TIERS_MAX: usize = 8;

/// One step of a fee schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FeeTier {
    /// From this 30-day volume on, in minor units of the quote asset.
    pub volume: Amount,
    /// Maker fee in ppm, at most the instrument's own.
    pub maker_ppm: i32,
    /// Taker fee in ppm, at most the instrument's own.
    pub taker_ppm: i32,
}

/// Fees by 30-day volume for all `crypto` instruments quoted in one asset. Volume below the
/// first step pays the instrument's own fees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeeTiers {
    /// Quote asset.
    pub asset: AssetId,
    /// Steps in use, ascending by volume; the rest is zero.
    pub tiers: [FeeTier; FEE_TIERS_MAX],
    /// How many are in use.
    pub len: u8,
}

/// A soft bound that warns and a hard one that refuses; zero: none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bound {
    /// Above this the order is taken and a warning is raised.
    pub soft: i64,
    /// Above this the order is refused.
    pub hard: i64,
}

/// Risk limits of one scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RiskLimits {
    /// By [`RiskMeasure`] number. Quantities are in minor units of the base asset, values in
    /// minor units of `currency`.
    pub bounds: [Bound; 7],
    /// Value limits count instruments quoted in this asset only.
    pub currency: AssetId,
}

/// A change of a live order to absolute new values (so that a repeat changes nothing).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amend {
    /// Owner; another account's order is "not found".
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// New limit price; zero: unchanged. Another price loses time priority.
    pub price: Price,
    /// New total quantity (filled part included); zero: unchanged. Only smaller, and above
    /// what is filled. Alone it keeps time priority.
    pub quantity: Quantity,
    /// New condition; `None`: unchanged. Another one loses time priority.
    pub condition: Option<Condition>,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

/// A cancel of one order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancel {
    /// Owner; another account's order is "not found".
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

/// Cancels every live order that matches all given filters, oldest first per account or
/// best price first per book, at most [`CANCEL_MANY_SLICE`] per command; the event says
/// whether more remain, and the sender repeats the command `from` there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelMany {
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
    /// Only this side.
    pub side: Option<Side>,
    /// Only of accounts in this group; without an account, in no promised order.
    pub group: Option<GroupId>,
    /// With instrument and side: only orders with a limit at this price or better (bids at it or
    /// above, offers at it or below), and market orders in the book. Zero: any.
    pub price: Price,
    /// Where to go on (the `next` of the last answer); at first [`CancelMany::START`]. Zero,
    /// as in the first journals: from the start, however many orders have to be looked at.
    pub from: OrderId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

impl CancelMany {
    /// `from` the start, looking at no more than [`CANCEL_MANY_LOOKED`] orders.
    pub const START: OrderId = OrderId(1);
}

/// Most orders of an account that one `CancelMany` looks at, unless its `from` is zero.
pub const CANCEL_MANY_LOOKED: u32 = 10_000;

/// Most orders one `CancelMany` or `RollDay` command ends.
pub const CANCEL_MANY_SLICE: u32 = 1_000;

/// Which way value moves between an account and a system account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum TransferKind {
    /// From `OUTSIDE` to the account; amount above zero.
    Deposit = 0,
    /// From the account to `OUTSIDE`; amount above zero, at most what is available.
    Withdraw = 1,
    /// Between the account and `HOUSE`: amount is signed from the account's view; neither
    /// side may end below what it has locked.
    Adjust = 2,
}

/// A movement of value that is not a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Which way.
    pub kind: TransferKind,
    /// Whose balance.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// How much, in minor units.
    pub amount: Amount,
    /// Unique per account (a space apart from order ids): a repeat gets the first answer.
    pub reference: ClientId,
}

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
