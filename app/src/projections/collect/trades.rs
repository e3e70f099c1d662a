//! The rows of trades: fills, and what the orders' own chains say of them.

use zaraba_engine::Event;
use zaraba_engine::event::{DeskTrade, Trade};
use zaraba_engine::types::*;

use super::{OrderEvent, Step};
use crate::projections::bundle::Bundle;
use crate::queries::Liquidity;

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
            self.traded(step, ordinal, trade, side);
        }
        for side in [&maker, &taker] {
            self.fills
                .row(13)
                .at(step.at)
                .id(trade.trade.0 * 2 + u64::from(side.taker))
                .id(step.seq.0)
                .id(trade.trade.0)
                .id(side.order.0)
                .int4(side.account.0)
                .int4(trade.instrument.0)
                .text(side.side.as_str())
                .int8(trade.price.0)
                .int8(trade.quantity.0)
                .int8(side.fee.0)
                .int4(fee_asset.0)
                .text(Liquidity::of(side.taker, trade.auction).as_str());
        }
    }

    /// An odd-lot trade: one fill, the client's.
    pub(super) fn desk_trade(
        &mut self,
        step: &Step<'_>,
        ordinal: u32,
        trade: &DeskTrade,
        asset: AssetId,
    ) {
        self.change(step, trade.order, &Event::DeskTrade(*trade));
        self.order_event(OrderEvent {
            step,
            ordinal,
            order: trade.order,
            account: trade.account,
            instrument: trade.instrument,
            kind: "trade",
            price: trade.price,
            quantity: trade.quantity,
            remaining: Quantity::ZERO,
            trade: Some(trade.trade),
            code: None,
            asked: false,
        });
        self.fills
            .row(13)
            .at(step.at)
            .id(trade.trade.0 * 2 + 1)
            .id(step.seq.0)
            .id(trade.trade.0)
            .id(trade.order.0)
            .int4(trade.account.0)
            .int4(trade.instrument.0)
            .text(trade.side.as_str())
            .int8(trade.price.0)
            .int8(trade.quantity.0)
            .int8(0)
            .int4(asset.0)
            .text(Liquidity::Desk.as_str());
    }

    fn traded(&mut self, step: &Step<'_>, ordinal: u32, trade: &Trade, side: &TradeSide) {
        self.change(step, side.order, &Event::Trade(*trade));
        self.order_event(OrderEvent {
            step,
            ordinal,
            order: side.order,
            account: side.account,
            instrument: trade.instrument,
            kind: "trade",
            price: trade.price,
            quantity: trade.quantity,
            remaining: side.remaining,
            trade: Some(trade.trade),
            code: None,
            asked: false,
        });
    }
}
