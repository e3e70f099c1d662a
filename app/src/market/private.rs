//! What happened to each account, in order: the private channels' events, kept in one
//! bounded ring for all accounts so that `resume` and live delivery read the same thing.
//!
//! Every event has a position `(seq, ordinal)` that is unique per account, ascending, and
//! the same whenever and from wherever it is told: the ordinal follows from the event's
//! place among its command's events (see [`ordinal`]), which the database keeps too.
//! Feeds on released batches only. Knows no client.

use std::collections::{BTreeMap, HashMap, VecDeque};

use zaraba_engine::Event;
use zaraba_engine::command::TradeTerms;
use zaraba_engine::engine::{BalanceState, OrderState};
use zaraba_engine::event::{BalanceChange, CloseReason, DeskTrade, Trade};
use zaraba_engine::types::*;

use crate::bus::Step;
use crate::live::fold;
use crate::queries::Liquidity;

/// Place of a private event in its account's history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Journal sequence of the command.
    pub seq: Seq,
    /// Place among what that command did; see [`ordinal`].
    pub ordinal: u32,
}

impl Position {
    /// After everything that `seq` did.
    pub fn end_of(seq: Seq) -> Position {
        Position { seq, ordinal: u32::MAX }
    }
}

/// How ordinals are made: `4 x index of the event` + one of the constants here; balances,
/// told once per command and asset, come last at `BALANCE + asset number`.
pub mod ordinal {
    /// The order of an order event, and the maker's order of a trade.
    pub const ORDER: u32 = 0;
    /// The maker's fill.
    pub const MAKER_FILL: u32 = 1;
    /// The taker's order of a trade.
    pub const TAKER: u32 = 2;
    /// The taker's fill.
    pub const TAKER_FILL: u32 = 3;
    /// A corrected trade as its buyer is told; a command corrects one.
    pub const CORRECTED_BUY: u32 = BALANCE - 2;
    /// The same, as its seller is told.
    pub const CORRECTED_SELL: u32 = BALANCE - 1;
    /// First ordinal of balances.
    pub const BALANCE: u32 = 1 << 31;

    /// The ordinal of part `part` of a command's event number `index`.
    pub fn of(index: usize, part: u32) -> u32 {
        // A command has far fewer than 2^29 events (at most a few per live order).
        (index as u32).saturating_mul(4).saturating_add(part).min(CORRECTED_BUY - 1)
    }
}

/// One side of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill {
    /// `trade x 2`, + 1 for the taker.
    pub fill: u64,
    /// Whose order.
    pub order: OrderId,
    /// Where.
    pub instrument: InstrumentId,
    /// Side of that order.
    pub side: Side,
    /// At which price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// Fee in the quote asset; negative: rebate.
    pub fee: Amount,
    /// How it came about.
    pub liquidity: Liquidity,
    /// When.
    pub at: Timestamp,
}

/// A trade that now stands otherwise, from one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrected {
    /// Which trade.
    pub trade: TradeId,
    /// Which correction of it, from 1.
    pub number: u32,
    /// Where.
    pub instrument: InstrumentId,
    /// This side.
    pub side: Side,
    /// At which price it stands now.
    pub price: Price,
    /// How much of it stands; zero: it was taken back.
    pub quantity: Quantity,
    /// Fee of this side now, in the quote asset.
    pub fee: Amount,
    /// When it was corrected.
    pub at: Timestamp,
}

impl Corrected {
    /// Both sides of a correction as the accounts are told, the buyer's first; what is the
    /// platform's own is told by balances.
    pub fn told(
        (trade, number, instrument): (TradeId, u32, InstrumentId),
        (buyer, seller): (AccountId, AccountId),
        after: &TradeTerms,
        (seq, at): (Seq, Timestamp),
    ) -> impl Iterator<Item = PrivateEvent> {
        let sides = [
            (buyer, Side::Buy, after.buyer_fee, ordinal::CORRECTED_BUY),
            (seller, Side::Sell, after.seller_fee, ordinal::CORRECTED_SELL),
        ];
        let TradeTerms { price, quantity, .. } = *after;
        sides.into_iter().map(move |(account, side, fee, ordinal)| PrivateEvent {
            account,
            position: Position { seq, ordinal },
            body: Body::Corrected(Corrected {
                trade,
                number,
                instrument,
                side,
                price,
                quantity,
                fee,
                at,
            }),
        })
    }
}

/// What a private event says: a state after the change, a fill, or what became of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// An order as it stands.
    Order(OrderState),
    /// A fill.
    Fill(Fill),
    /// A fill's trade was corrected or taken back.
    Corrected(Corrected),
    /// A balance as it stands.
    Balance(BalanceState),
}

/// Which private channels; a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// None.
    pub const NONE: Kinds = Kinds(0);
    /// `orders`.
    pub const ORDERS: Kinds = Kinds(1);
    /// `fills`.
    pub const FILLS: Kinds = Kinds(2);
    /// `balances`.
    pub const BALANCES: Kinds = Kinds(4);
    /// All three.
    pub const ALL: Kinds = Kinds(7);

    /// Both sets.
    pub fn with(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// This set without the other.
    pub fn without(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }

    /// Whether it contains all of `other`.
    pub fn has(self, other: Kinds) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// One thing that happened to an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PrivateEvent {
    /// Whose.
    pub account: AccountId,
    /// Where in the account's history.
    pub position: Position,
    /// What.
    pub body: Body,
}

impl PrivateEvent {
    /// The channel it belongs to.
    pub fn kind(&self) -> Kinds {
        match self.body {
            Body::Order(_) => Kinds::ORDERS,
            Body::Fill(_) | Body::Corrected(_) => Kinds::FILLS,
            Body::Balance(_) => Kinds::BALANCES,
        }
    }
}

/// Follows live orders so that each change can be told as the whole order.
#[derive(Default)]
pub struct Tracker {
    orders: HashMap<OrderId, OrderState>,
    balances: BTreeMap<(AssetId, AccountId), BalanceState>,
}

impl Tracker {
    /// A tracker that knows these orders.
    pub fn new(live: impl Iterator<Item = OrderState>) -> Tracker {
        Tracker {
            orders: live
                .filter(|order| order.status.is_live())
                .map(|order| (order.order, order))
                .collect(),
            balances: BTreeMap::new(),
        }
    }

    /// Appends what `step` did to accounts, in order of position.
    pub fn apply(&mut self, step: &Step, events: &[Event], out: &mut Vec<PrivateEvent>) {
        for (index, event) in events.iter().enumerate() {
            match event {
                Event::Accepted { .. } | Event::Refused { .. } | Event::Attached { .. } => {
                    let made = OrderState::made(&step.command, event, step.at, step.seq);
                    if let Event::Attached { parent, .. } = event
                        && let Some(state) = self.orders.get_mut(parent)
                    {
                        state.follow(&step.command, event, step.at, step.seq);
                    }
                    if let Some(state) = made {
                        if state.status.is_live() {
                            self.orders.insert(state.order, state);
                        }
                        out.push(told(index, ordinal::ORDER, state));
                    }
                }
                Event::Parked { order }
                | Event::Triggered { order, .. }
                | Event::Prevented { order, .. }
                | Event::SetOffRefused { order, .. } => {
                    self.followed(step, index, *order, event, out)
                }
                // Alone it is a repeat: nothing moved, and the tables keep no row of it either.
                Event::Amended { .. } if fold::repeats(events) => {}
                Event::Amended { order, .. } => self.followed(step, index, *order, event, out),
                Event::Trade(trade) => self.traded(step, index, event, trade, out),
                Event::DeskTrade(trade) => self.desk_traded(step, index, event, trade, out),
                Event::Closed { order, reason, .. } => {
                    let Some(state) = self.change(*order, event, step) else { continue };
                    let state = *state;
                    self.orders.remove(order);
                    // The trade that filled it told so already.
                    if *reason != CloseReason::Filled {
                        out.push(told(index, ordinal::ORDER, state));
                    }
                }
                Event::TradeCorrected(now) => out.extend(Corrected::told(
                    (now.trade, now.number, now.instrument),
                    (now.buyer, now.seller),
                    &now.after,
                    (step.seq, step.at),
                )),
                Event::Balance { .. } | Event::Settled(_) => {
                    let customers = event.balances().filter(|b| !b.account.may_go_negative());
                    for BalanceChange { account, asset, total, locked, .. } in customers {
                        let state = BalanceState { account, asset, total, locked };
                        self.balances.insert((asset, account), state);
                    }
                }
                _ => {}
            }
        }
        while let Some(((asset, account), state)) = self.balances.pop_first() {
            let ordinal = ordinal::BALANCE + asset.0;
            let position = Position { seq: step.seq, ordinal };
            out.push(PrivateEvent { account, position, body: Body::Balance(state) });
        }
    }

    fn change(&mut self, order: OrderId, event: &Event, step: &Step) -> Option<&mut OrderState> {
        let Some(state) = self.orders.get_mut(&order) else {
            tracing::error!(
                event = "market.unknown_order",
                order.id = order.0,
                seq = step.seq.0,
                "an event names an order that was never accepted; its owner is not told"
            );
            return None;
        };
        state.follow(&step.command, event, step.at, step.seq);
        Some(state)
    }

    fn followed(
        &mut self,
        step: &Step,
        index: usize,
        order: OrderId,
        event: &Event,
        out: &mut Vec<PrivateEvent>,
    ) {
        if let Some(state) = self.change(order, event, step) {
            out.push(told(index, ordinal::ORDER, *state));
        }
    }

    fn traded(
        &mut self,
        step: &Step,
        index: usize,
        event: &Event,
        trade: &Trade,
        out: &mut Vec<PrivateEvent>,
    ) {
        let maker = (trade.maker, trade.maker_account, trade.maker_fee);
        let taker = (trade.taker, trade.taker_account, trade.taker_fee);
        let sides = [
            (maker, trade.taker_side.opposite(), ordinal::ORDER, ordinal::MAKER_FILL, false),
            (taker, trade.taker_side, ordinal::TAKER, ordinal::TAKER_FILL, true),
        ];
        for ((order, account, fee), side, order_part, fill_part, taker) in sides {
            if let Some(state) = self.change(order, event, step) {
                out.push(told(index, order_part, *state));
            }
            let fill = Fill {
                fill: trade.trade.0 * 2 + u64::from(taker),
                order,
                instrument: trade.instrument,
                side,
                price: trade.price,
                quantity: trade.quantity,
                fee,
                liquidity: Liquidity::of(taker, trade.auction),
                at: step.at,
            };
            let position = Position { seq: step.seq, ordinal: ordinal::of(index, fill_part) };
            out.push(PrivateEvent { account, position, body: Body::Fill(fill) });
        }
    }
}

impl Tracker {
    /// An odd-lot order's trade with the house. The house is told by its balances.
    fn desk_traded(
        &mut self,
        step: &Step,
        index: usize,
        event: &Event,
        trade: &DeskTrade,
        out: &mut Vec<PrivateEvent>,
    ) {
        if let Some(state) = self.change(trade.order, event, step) {
            out.push(told(index, ordinal::TAKER, *state));
        }
        let fill = Fill {
            fill: trade.trade.0 * 2 + 1,
            order: trade.order,
            instrument: trade.instrument,
            side: trade.side,
            price: trade.price,
            quantity: trade.quantity,
            fee: Amount::ZERO,
            liquidity: Liquidity::Desk,
            at: step.at,
        };
        let position = Position { seq: step.seq, ordinal: ordinal::of(index, ordinal::TAKER_FILL) };
        out.push(PrivateEvent { account: trade.account, position, body: Body::Fill(fill) });
    }
}

fn told(index: usize, part: u32, state: OrderState) -> PrivateEvent {
    PrivateEvent {
        account: state.account,
        position: Position { seq: state.seq, ordinal: ordinal::of(index, part) },
        body: Body::Order(state),
    }
}

/// The newest private events of all accounts.
pub struct Ring {
    capacity: usize,
    /// Number of the first kept event since the start.
    first: u64,
    events: VecDeque<PrivateEvent>,
    /// Numbers of each account's kept events, ascending.
    index: HashMap<AccountId, VecDeque<u64>>,
    /// Everything up to here is no longer (or never was) in the ring.
    floor: Position,
    /// Everything up to here has been taken in.
    end: Seq,
}

/// A stretch of an account's events.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// In order of position.
    pub events: Vec<PrivateEvent>,
    /// Where to go on: the last event's position, or when `caught_up` the end of
    /// everything released.
    pub next: Position,
    /// Whether there is nothing after it yet.
    pub caught_up: bool,
}

impl Ring {
    /// An empty ring that holds `capacity` (at least one) events from after `start`.
    pub fn new(capacity: usize, start: Seq) -> Ring {
        Ring {
            capacity: capacity.max(1),
            first: 0,
            events: VecDeque::new(),
            index: HashMap::new(),
            floor: Position::end_of(start),
            end: start,
        }
    }

    /// Takes in the events of everything up to `end`.
    pub fn extend(&mut self, events: &[PrivateEvent], end: Seq) {
        for event in events {
            if self.events.len() == self.capacity {
                self.evict();
            }
            let number = self.first + self.events.len() as u64;
            self.events.push_back(*event);
            self.index.entry(event.account).or_default().push_back(number);
        }
        self.end = end;
    }

    fn evict(&mut self) {
        let Some(event) = self.events.pop_front() else { return };
        self.first += 1;
        self.floor = event.position;
        if let Some(numbers) = self.index.get_mut(&event.account) {
            numbers.pop_front();
            if numbers.is_empty() {
                self.index.remove(&event.account);
            }
        }
    }

    /// Everything at or before this is not in the ring.
    pub fn floor(&self) -> Position {
        self.floor
    }

    /// Last sequence taken in.
    pub fn end(&self) -> Seq {
        self.end
    }

    /// At most `max` (at least one) of an account's events after `position` and not after
    /// `until`; `None` when some of them may be gone from the ring.
    pub fn page(
        &self,
        account: AccountId,
        position: Position,
        until: Option<Position>,
        max: usize,
    ) -> Option<Page> {
        if position < self.floor {
            return None;
        }
        let none = VecDeque::new();
        let numbers = self.index.get(&account).unwrap_or(&none);
        let at = |number: &u64| &self.events[(number - self.first) as usize];
        let from = numbers.partition_point(|number| at(number).position <= position);
        let within = |event: &&PrivateEvent| until.is_none_or(|until| event.position <= until);
        let mut rest = numbers.range(from..).map(at).take_while(within);
        let events: Vec<PrivateEvent> = rest.by_ref().take(max.max(1)).copied().collect();
        let end = until.unwrap_or(Position::end_of(self.end)).max(position);
        Some(match (rest.next(), events.last()) {
            (Some(_), Some(last)) => {
                let next = last.position;
                Page { events, next, caught_up: false }
            }
            _ => Page { events, next: end, caught_up: true },
        })
    }
}
