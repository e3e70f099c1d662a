//! Orders of any account: look at one, cancel one, cancel many.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::Command;
use zaraba_engine::command::{Cancel, CancelMany, Provenance, Via};
use zaraba_engine::engine::OrderState;
use zaraba_engine::types::*;

use super::accounts::known;
use super::guard::Change;
use super::instruments::units;
use super::{refusal, submit};
use crate::intake::http::cancel::{Cancelled, cancel_all, instrument_of};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, choice};
use crate::intake::http::orders::{changed, order_id};
use crate::intake::http::shapes::OrderShape;
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
    let by = change.because(&body.reason)?;
    let (account, order) = (state.account, state.order);
    let command = Command::Cancel(Cancel { account, order, via: Via::Admin, key: 0 });
    let receipt = submit(&platform, command.given_by(*by)).await?;
    changed(&receipt, order, account, &platform).await?;
    one(State(platform), Segment(id), NoParams).await
}

/// Filters; all left out means every open order of the platform.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which<'a> {
    #[serde(borrow)]
    account: Option<Given<'a>>,
    #[serde(borrow)]
    group: Option<Given<'a>>,
    #[serde(borrow)]
    symbol: Option<Given<'a>>,
    #[serde(borrow)]
    side: Option<Given<'a>>,
    /// With symbol and side: at this price or better.
    #[serde(borrow)]
    price: Option<Given<'a>>,
    /// An API key; alone.
    #[serde(borrow)]
    session: Option<Given<'a>>,
    #[serde(borrow)]
    pub(super) reason: Option<Given<'a>>,
}

/// Open orders that a change is about.
pub(super) enum Selection {
    /// Those a filter matches.
    Filter(CancelMany),
    /// Those a key signed.
    Key(u32),
}

impl Which<'_> {
    /// What is selected.
    ///
    /// # Errors
    /// Names that are unknown, and combinations that are not offered.
    pub(super) fn selection(&self, platform: &Platform) -> ApiResult<Selection> {
        if let Some(session) = &self.session {
            let others = [&self.account, &self.group, &self.symbol, &self.side, &self.price];
            if others.iter().any(|other| other.is_some()) {
                let message = "session stands alone: a key's orders are of one account anyway";
                return Err(ApiError::new(Code::InvalidValue, message).field("session"));
            }
            return key_of(platform, session.text("session")?).map(Selection::Key);
        }
        let account = self.account.as_ref().map(|account| account.text("account")).transpose()?;
        let symbol = self.symbol.as_ref().map(|symbol| symbol.text("symbol")).transpose()?;
        let group = self.group.as_ref().map(|g| g.integer("group", 0, u16::MAX.into()));
        let instrument = instrument_of(platform, symbol)?;
        let side = self.side.as_ref().map(|it| choice("side", it, Side::ALL, Side::as_str));
        let mut filter = CancelMany {
            account: account.map(|code| known(platform, code)).transpose()?,
            instrument,
            group: group.transpose()?.map(|group| GroupId(group as u16)),
            side: side.transpose()?,
            price: Price::ZERO,
            via: Via::Admin,
            key: 0,
            from: CancelMany::START,
        };
        if let Some(price) = &self.price {
            let spec = instrument.and_then(|instrument| platform.live.spec(instrument));
            let (Some(spec), Some(_)) = (spec, filter.side) else {
                let message = "a price needs symbol and side";
                return Err(ApiError::new(Code::MissingField, message).field("symbol"));
            };
            filter.price = Price(units(price, "price", spec.price_digits, Code::InvalidPrice)?);
            if filter.price.0 <= 0 {
                return Err(ApiError::plain(Code::InvalidPrice).field("price"));
            }
        }
        Ok(Selection::Filter(filter))
    }
}

/// The number of a key that can be used.
pub(super) fn key_of(platform: &Platform, api_key: &str) -> ApiResult<u32> {
    let unknown = || {
        let message =
            "no key of this name can be used; what ended keys signed is cancelled by account";
        ApiError::new(Code::NotFound, message).field("session")
    };
    platform.keys.number_of(api_key).ok_or_else(unknown)
}

/// Cancels all open orders that match.
pub(super) async fn cancel_many(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<Json<Cancelled>> {
    let body: Which<'_> = fields::read(&change.body)?;
    let selection = body.selection(&platform)?;
    let by = change.because(&body.reason)?;
    match selection {
        Selection::Filter(filter) => cancel_all(&platform, filter, Some(&by)).await.map(Json),
        Selection::Key(key) => cancel_of_key(&platform, key, &by).await.map(Json),
    }
}

/// Longest wait for the projection, which alone knows which key signed an order.
const CATCH_UP: Duration = Duration::from_secs(10);
/// Orders of a key asked for at once.
const PAGE: usize = 500;

/// Waits until the tables have what was sequenced so far.
///
/// # Errors
/// `history_unavailable`.
pub(super) async fn caught_up(platform: &Platform) -> ApiResult<()> {
    let wanted = platform.live.seq();
    let within = if platform.status.postgres_ok() { CATCH_UP } else { Duration::ZERO };
    let wait = async {
        while platform.status.projected() < wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(within, wait).await.map_err(|_| {
        let message = "which orders a session has open is told by the database, which is behind \
                       or away; cancel by account instead";
        ApiError::new(Code::HistoryUnavailable, message)
    })
}

/// Cancels what a key signed and is open.
pub(super) async fn cancel_of_key(
    platform: &Platform,
    key: u32,
    by: &Provenance,
) -> ApiResult<Cancelled> {
    caught_up(platform).await?;
    let mut done = Cancelled { cancelled: 0, more: false, seq: platform.live.seq().0 };
    let mut after = OrderId(0);
    loop {
        let found = platform.history.open_of_key(key, after, PAGE).await?.value;
        let mut waiting = Vec::with_capacity(found.len());
        for (account, order) in &found {
            let cancel = Cancel { account: *account, order: *order, via: Via::Admin, key: 0 };
            waiting.push(platform.gate.enqueue(Command::Cancel(cancel).given_by(*by))?);
        }
        for receipt in waiting {
            let receipt = receipt.await.map_err(|_| ApiError::plain(Code::OutcomeUnknown))?;
            done.seq = receipt.step().seq.0;
            done.cancelled += u64::from(refusal(&receipt).is_none());
        }
        match found.last() {
            Some((_, last)) if found.len() == PAGE => after = *last,
            _ => return Ok(done),
        }
    }
}
