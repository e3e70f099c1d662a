//! The rows of trades: fills, and what the orders' own chains say of them.

use zaraba_engine::Event;
use zaraba_engine::event::{DeskTrade, Trade};
use zaraba_engine::types::*;

use super::{OrderEvent, Step};
use crate::projections::bundle::Bundle;
use crate::queries::Liquidity;

/// What a trade was of, whoever took part.
struct Terms {
    trade: TradeId,
    instrument: InstrumentId,
    price: Price,
    quantity: Quantity,
    fee_asset: AssetId,
}

/// One side of a trade.
struct TradeSide {
    order: OrderId,
    account: AccountId,
    side: Side,
    remaining: Quantity,
    fee: Amount,
    taker: bool,
}

impl Bundle {
    /// A trade between two orders: a fill and an event of either.
    pub(super) fn trade(
        &mut self,
        step: &Step<'_>,
        ordinal: u32,
        trade: &Trade,
        fee_asset: AssetId,
    ) {
        let Trade { trade: number, instrument, price, quantity, .. } = *trade;
        let terms = Terms { trade: number, instrument, price, quantity, fee_asset };
        let maker = TradeSide {
            order: trade.maker,
            account: trade.maker_account,
            side: trade.taker_side.opposite(),
            remaining: trade.maker_remaining,
            fee: trade.maker_fee,
            taker: false,
        };
        let taker = TradeSide {
            order: trade.taker,
            account: trade.taker_account,
            side: trade.taker_side,
            remaining: trade.taker_remaining,
            fee: trade.taker_fee,
            taker: true,
        };
        // Rows are in order of their keys: fills by side, order events by order number.
        let first_is_maker = trade.maker < trade.taker;
        let by_order = if first_is_maker { [&maker, &taker] } else { [&taker, &maker] };
        for side in by_order {
            self.change(step, side.order, &Event::Trade(*trade));
            self.traded(step, ordinal, &terms, side);
        }
        for side in [&maker, &taker] {
            self.fill(step, &terms, side, Liquidity::of(side.taker, trade.auction));
        }
    }

    /// An odd-lot trade: one fill, the client's.
    pub(super) fn desk_trade(
        &mut self,
        step: &Step<'_>,
        ordinal: u32,
        trade: &DeskTrade,
        fee_asset: AssetId,
    ) {
        let DeskTrade { trade: number, instrument, price, quantity, .. } = *trade;
        let terms = Terms { trade: number, instrument, price, quantity, fee_asset };
        let client = TradeSide {
            order: trade.order,
            account: trade.account,
            side: trade.side,
            remaining: Quantity::ZERO,
            fee: Amount(0),
            taker: true,
        };
        self.change(step, trade.order, &Event::DeskTrade(*trade));
        self.traded(step, ordinal, &terms, &client);
        self.fill(step, &terms, &client, Liquidity::Desk);
    }

    /// What the order's own chain says of it.
    fn traded(&mut self, step: &Step<'_>, ordinal: u32, terms: &Terms, side: &TradeSide) {
        self.order_event(OrderEvent {
            step,
            ordinal,
            order: side.order,
            account: side.account,
            instrument: terms.instrument,
            kind: "trade",
            price: terms.price,
            quantity: terms.quantity,
            remaining: side.remaining,
            trade: Some(terms.trade),
            code: None,
            asked: false,
        });
    }

    fn fill(&mut self, step: &Step<'_>, terms: &Terms, side: &TradeSide, liquidity: Liquidity) {
        self.fills
            .row(13)
            .at(step.at)
            .id(terms.trade.0 * 2 + u64::from(side.taker))
            .id(step.seq.0)
            .id(terms.trade.0)
            .id(side.order.0)
            .int4(side.account.0)
            .int4(terms.instrument.0)
            .text(side.side.as_str())
            .int8(terms.price.0)
            .int8(terms.quantity.0)
            .int8(side.fee.0)
            .int4(terms.fee_asset.0)
            .text(liquidity.as_str());
    }
}
