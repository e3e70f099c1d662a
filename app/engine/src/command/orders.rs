//! Orders: new ones of every kind.

use super::Via;
use crate::types::*;

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
