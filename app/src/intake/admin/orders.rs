//! Orders of any account: look at one, cancel one, cancel many.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::Command;
use zaraba_engine::command::{Cancel, CancelMany, Via};
use zaraba_engine::engine::OrderState;
use zaraba_engine::types::Side;

use super::accounts::known;
use super::guard::Change;
use crate::intake::http::cancel::{Cancelled, cancel_all, instrument_of};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, word};
use crate::intake::http::orders::{changed, order_id};
use crate::intake::http::shapes::OrderShape;
use crate::intake::http::submit;
use crate::platform::Platform;

/// An order and whose it is.
#[derive(Serialize)]
pub(super) struct OwnedOrder {
    account: String,
    #[serde(flatten)]
    order: OrderShape,
}

fn remembered(platform: &Platform, id: &str) -> ApiResult<OrderState> {
    platform.live.order(order_id(id)?).ok_or_else(|| ApiError::plain(Code::OrderNotFound))
}

fn owned(platform: &Platform, state: &OrderState) -> ApiResult<OwnedOrder> {
    let account = platform.live.account_state(state.account);
    let order = OrderShape::find(state, &platform.live);
    Ok(OwnedOrder {
        account: account.map(|account| account.code.to_string()).unwrap_or_default(),
        order: order.ok_or_else(|| ApiError::plain(Code::OrderNotFound))?,
    })
}

/// A remembered order of any account.
pub(super) async fn one(
    State(platform): State<Platform>,
    Segment(id): Segment,
    _: NoParams,
) -> ApiResult<Json<OwnedOrder>> {
    let state = remembered(&platform, &id)?;
    owned(&platform, &state).map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Cancels an order of any account.
pub(super) async fn cancel(
    State(platform): State<Platform>,
    Segment(id): Segment,
    change: Change,
) -> ApiResult<Json<OwnedOrder>> {
    let state = remembered(&platform, &id)?;
    let body: Why<'_> = fields::read(&change.body)?;
    change.note("cancel order", &body.reason)?;
    let (account, order) = (state.account, state.order);
    let command = Command::Cancel(Cancel { account, order, via: Via::Admin, key: 0 });
    let receipt = submit(&platform, command).await?;
    changed(&receipt, order, account, &platform).await?;
    one(State(platform), Segment(id), NoParams).await
}

/// Filters; all left out means every open order of the platform.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which<'a> {
    #[serde(borrow)]
    account: Option<Given<'a>>,
    #[serde(borrow)]
    symbol: Option<Given<'a>>,
    #[serde(borrow)]
    side: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Cancels all open orders that match.
pub(super) async fn cancel_many(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<Json<Cancelled>> {
    let body: Which<'_> = fields::read(&change.body)?;
    let account = body.account.as_ref().map(|account| account.text("account")).transpose()?;
    let symbol = body.symbol.as_ref().map(|symbol| symbol.text("symbol")).transpose()?;
    let side = body.side.as_ref().map(|side| side.text("side")).transpose()?;
    let command = CancelMany {
        account: account.map(|code| known(&platform, code)).transpose()?,
        instrument: instrument_of(&platform, symbol)?,
        group: None,
        side: side
            .map(|side| word("side", side, &[("buy", Side::Buy), ("sell", Side::Sell)]))
            .transpose()?,
        via: Via::Admin,
        key: 0,
        from: CancelMany::START,
    };
    change.note("cancel many", &body.reason)?;
    cancel_all(&platform, command).await.map(Json)
}
