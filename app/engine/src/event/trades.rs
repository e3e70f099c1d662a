//! What a trade was, and what it moved.

use crate::command::TradeTerms;
use crate::types::*;

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
