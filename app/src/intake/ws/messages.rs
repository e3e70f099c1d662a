//! Private events as messages: the same shapes REST answers with. Pure.

use serde::Serialize;
use zaraba_engine::types::{Seq, TradeId};

use crate::intake::http::shapes::{BalanceShape, FillCorrectionShape, FillShape, OrderShape};
use crate::live::Live;
use crate::market::private::{Body, Fill, PrivateEvent};
use crate::market::shapes::to_json;
use crate::queries::FillRow;

#[derive(Serialize)]
struct Message<T> {
    r#type: &'static str,
    seq: u64,
    ordinal: u32,
    data: T,
}

/// The message of an event; `None` when its instrument or asset is not known, which the
/// live view, being ahead, rules out: it is logged.
pub fn render(event: &PrivateEvent, live: &Live) -> Option<String> {
    let seq = event.position.seq;
    let text = match &event.body {
        Body::Order(order) => {
            OrderShape::find(order, live).map(|data| message("order", event, data))
        }
        Body::Fill(fill) => row(fill, event, live)
            .and_then(|row| FillShape::find(&row, live))
            .map(|data| message("fill", event, data)),
        Body::Corrected(corrected) => FillCorrectionShape::find(corrected, seq, live)
            .map(|data| message("fill_correction", event, data)),
        Body::Balance(balance) => {
            BalanceShape::find(balance, seq, live).map(|data| message("balance", event, data))
        }
    };
    if text.is_none() {
        tracing::error!(
            event = "stream.unknown_reference",
            seq = seq.0,
            "a private event names an instrument or asset that is not known; it is not told"
        );
    }
    text
}

fn message<T: Serialize>(kind: &'static str, event: &PrivateEvent, data: T) -> String {
    let position = event.position;
    to_json(&Message { r#type: kind, seq: position.seq.0, ordinal: position.ordinal, data })
}

fn row(fill: &Fill, event: &PrivateEvent, live: &Live) -> Option<FillRow> {
    let seq: Seq = event.position.seq;
    Some(FillRow {
        fill_id: fill.fill,
        trade: TradeId(fill.fill / 2),
        order: fill.order,
        account: event.account,
        instrument: fill.instrument,
        side: fill.side,
        price: fill.price,
        quantity: fill.quantity,
        fee: fill.fee,
        fee_asset: live.spec(fill.instrument)?.quote_asset,
        liquidity: fill.liquidity,
        at: fill.at,
        seq,
    })
}
