//! What a client sends for a new order, as the API's document describes it. Nothing is read here yet.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::intake::http::fields::{Given, Object};

/// A new order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrder)]
pub struct PlaceBody<'a> {
    /// Your own id, unique per account: 1 to 36 letters, digits, `-`, `_`, `.`, `:`, not
    /// only dots. Repeat a request whose outcome you do not know with the same id.
    #[serde(borrow)]
    #[schema(value_type = String, example = "a-1")]
    pub(super) client_order_id: Option<Given<'a>>,
    /// Instrument code.
    #[serde(borrow)]
    #[schema(value_type = String, example = "7203")]
    pub(super) symbol: Option<Given<'a>>,
    /// `buy` or `sell`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "buy")]
    pub(super) side: Option<Given<'a>>,
    /// `limit`, `market`, `stop`, `stop_limit`, `take_profit`, `take_profit_limit`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "limit")]
    pub(super) r#type: Option<Given<'a>>,
    /// Decimal string, a multiple of the lot size (odd lots: below it). One of `quantity` and
    /// `quote_amount` is required.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "100")]
    pub(super) quantity: Option<Given<'a>>,
    /// Market orders by value: how much of the quote asset to spend (buy) or to raise (sell).
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) quote_amount: Option<Given<'a>>,
    /// Decimal string, a multiple of the tick size; for limit kinds only. Of a principal odd-lot
    /// order: the worst price it may have.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "2530.5")]
    pub(super) price: Option<Given<'a>>,
    /// For stop and take-profit kinds: the last price that sets the order off. A stop fires at
    /// or above it for a buy, at or below it for a sell; a take-profit the other way round.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) stop_price: Option<Given<'a>>,
    /// `day`, `gtc`, `ioc`, `fok`, `gtd` (with `expires_on`). Left out: `gtd` where `expires_on`
    /// is given; `ioc` for market orders by amount or of instruments without sessions; else
    /// `day` for `tse`, `gtc` for `crypto` instruments.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) time_in_force: Option<Given<'a>>,
    /// Last trading day of a `gtd` order, `yyyy-mm-dd`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "2026-12-30")]
    pub(super) expires_on: Option<Given<'a>>,
    /// `none`, `opening`, `closing`, `funari`, `morning_closing`, `morning_funari`: in which
    /// auctions it takes part (Tokyo).
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) condition: Option<Given<'a>>,
    /// Refuse the order rather than take liquidity.
    #[serde(borrow)]
    #[schema(value_type = Option<bool>)]
    pub(super) post_only: Option<Given<'a>>,
    /// `none`, `cancel_taker`, `cancel_maker`, `cancel_both`, `decrement`: what happens when it
    /// meets an order of the same account.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) self_trade_prevention: Option<Given<'a>>,
    /// Of a sell: `none` (owned), `short` (borrowed), `short_exempt` (borrowed, exempt from the
    /// price rule).
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) short_sale: Option<Given<'a>>,
    /// Makes a limit order an OCO: while it rests, reaching `stop_price` turns it into a market
    /// order, or a limit order at this `price`.
    #[serde(borrow)]
    #[schema(value_type = Option<OcoBody<'static>>)]
    pub(super) oco: Option<Object<OcoBody<'a>>>,
    /// What follows when this order is done, for the quantity it filled.
    #[serde(borrow)]
    #[schema(value_type = Option<ChildBody<'static>>)]
    pub(super) if_done: Option<Object<ChildBody<'a>>>,
    /// `batch` (filled at an auction's price) or `principal` (filled at once at the house's
    /// quote): an order of less than the trading unit, against the house.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) odd_lot: Option<Given<'a>>,
}

/// The stop half of an OCO.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOco)]
pub(super) struct OcoBody<'a> {
    /// Last price that sets it off: at or above for a buy, at or below for a sell.
    #[serde(borrow)]
    #[schema(value_type = String)]
    pub(super) stop_price: Option<Given<'a>>,
    /// Limit price from then on; left out: market.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) price: Option<Given<'a>>,
}

/// The order that follows another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewChild)]
pub(super) struct ChildBody<'a> {
    /// Your own id for it, unique per account.
    #[serde(borrow)]
    #[schema(value_type = String, example = "a-1-exit")]
    pub(super) client_order_id: Option<Given<'a>>,
    /// `buy` or `sell`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "sell")]
    pub(super) side: Option<Given<'a>>,
    /// As of the order itself.
    #[serde(borrow)]
    #[schema(value_type = String, example = "limit")]
    pub(super) r#type: Option<Given<'a>>,
    /// As of the order itself.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) price: Option<Given<'a>>,
    /// As of the order itself.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) stop_price: Option<Given<'a>>,
    /// `day`, `gtc`, `gtd`. Left out: `gtd` where `expires_on` is given, else `day` for `tse`,
    /// `gtc` for `crypto` instruments.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) time_in_force: Option<Given<'a>>,
    /// As of the order itself.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) expires_on: Option<Given<'a>>,
    /// Makes it an OCO (if-done-OCO).
    #[serde(borrow)]
    #[schema(value_type = Option<OcoBody<'static>>)]
    pub(super) oco: Option<Object<OcoBody<'a>>>,
}
