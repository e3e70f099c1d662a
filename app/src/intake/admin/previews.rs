//! What a change would do, told before it is done. Nothing is changed here, and what is told
//! holds for the moment only: the change itself is checked again.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use zaraba_engine::Reject;
use zaraba_engine::command::{CancelMany, TransferKind};
use zaraba_engine::engine::{BalanceState, OrderState, OrderStatus};
use zaraba_engine::types::*;

use super::accounts::known;
use super::guard::Question;
use super::orders::{Selection, Which, caught_up};
use super::transfers::NewTransfer;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::Segment;
use crate::intake::http::fields;
use crate::intake::http::shapes::BalanceShape;
use crate::market::text::decimal;
use crate::platform::Platform;

/// Most remembered orders looked at, in pages of some thousand.
const PAGES_MAX: usize = 512;
/// Most orders of one account or key looked at.
const ORDERS_MAX: usize = 200_000;
/// Orders of a key asked for at once.
const PAGE: usize = 1_000;

/// What a mass cancel would hit.
#[derive(Serialize)]
pub(super) struct Hit {
    orders: u64,
    accounts: usize,
    instruments: Vec<HitInstrument>,
    /// Whether these are all; else there are at least so many.
    complete: bool,
    seq: u64,
}

#[derive(Serialize)]
struct HitInstrument {
    symbol: String,
    orders: u64,
    buy_quantity: String,
    sell_quantity: String,
    /// Open quantity at the limits; market orders have none.
    notional: String,
    quote_asset: String,
}

#[derive(Default)]
struct Sums {
    orders: u64,
    quantity: [i128; 2],
    notional: i128,
}

#[derive(Default)]
struct Counted {
    orders: u64,
    accounts: BTreeSet<AccountId>,
    instruments: BTreeMap<InstrumentId, Sums>,
}

impl Counted {
    fn count(&mut self, order: &OrderState) {
        self.orders += 1;
        self.accounts.insert(order.account);
        let open = order.quantity.0 - order.filled.0 - order.prevented.0;
        let sums = self.instruments.entry(order.instrument).or_default();
        sums.orders += 1;
        sums.quantity[order.side as usize] += i128::from(open);
        sums.notional += i128::from(open) * i128::from(order.price.0);
    }

    fn shape(&self, complete: bool, seq: Seq, platform: &Platform) -> Hit {
        let shape = |(instrument, sums): (&InstrumentId, &Sums)| {
            let spec = platform.live.spec(*instrument)?;
            let quote = platform.live.asset(spec.quote_asset)?;
            let quantity = |side: Side| decimal(sums.quantity[side as usize], spec.quantity_digits);
            Some(HitInstrument {
                symbol: spec.symbol.to_string(),
                orders: sums.orders,
                buy_quantity: quantity(Side::Buy),
                sell_quantity: quantity(Side::Sell),
                notional: decimal(sums.notional, spec.price_digits + spec.quantity_digits),
                quote_asset: quote.code.to_string(),
            })
        };
        Hit {
            orders: self.orders,
            accounts: self.accounts.len(),
            instruments: self.instruments.iter().filter_map(shape).collect(),
            complete,
            seq: seq.0,
        }
    }
}

/// Whether a mass cancel is for this order, as the engine has it.
fn matches(filter: &CancelMany, order: &OrderState, group: GroupId) -> bool {
    let price = filter.price == Price::ZERO
        || match (order.price, order.side) {
            (Price::ZERO, _) => order.status != OrderStatus::PendingTrigger,
            (price, Side::Buy) => price >= filter.price,
            (price, Side::Sell) => price <= filter.price,
        };
    price
        && filter.account.is_none_or(|account| account == order.account)
        && filter.instrument.is_none_or(|instrument| instrument == order.instrument)
        && filter.side.is_none_or(|side| side == order.side)
        && filter.group.is_none_or(|of| of == group)
}

/// What cancelling these orders would hit.
pub(super) async fn cancel_many(
    State(platform): State<Platform>,
    Question(body): Question,
) -> ApiResult<Json<Hit>> {
    let body: Which<'_> = fields::read(&body)?;
    match body.selection(&platform)? {
        Selection::Key(key) => of_key(&platform, key).await.map(Json),
        Selection::Filter(filter) => Ok(Json(of_filter(&platform, &filter).await)),
    }
}

async fn of_key(platform: &Platform, key: u32) -> ApiResult<Hit> {
    caught_up(platform).await?;
    let (mut counted, mut after) = (Counted::default(), OrderId(0));
    let seq = platform.live.seq();
    loop {
        let found = platform.history.open_of_key(key, after, PAGE).await?.value;
        let live = found.iter().filter_map(|(_, order)| platform.live.order(*order));
        live.filter(|order| order.status.is_live()).for_each(|order| counted.count(&order));
        match found.last() {
            Some(_) if counted.orders as usize >= ORDERS_MAX => {
                return Ok(counted.shape(false, seq, platform));
            }
            Some((_, last)) if found.len() == PAGE => after = *last,
            _ => return Ok(counted.shape(true, seq, platform)),
        }
    }
}

async fn of_filter(platform: &Platform, filter: &CancelMany) -> Hit {
    let groups = platform.live.rules(|rules| match filter.group {
        Some(_) => rules.groups.clone(),
        None => Default::default(),
    });
    let group = |account| groups.get(&account).copied().unwrap_or(GroupId(0));
    let mut counted = Counted::default();
    if let Some(account) = filter.account {
        let (orders, seq, next) =
            platform.live.open_orders_page(account, None, ORDERS_MAX, |order| {
                matches(filter, order, group(account))
            });
        orders.iter().for_each(|order| counted.count(order));
        return counted.shape(next.is_none(), seq, platform);
    }
    let mut seq = platform.live.seq();
    for page in 0..=PAGES_MAX {
        let looked = platform.live.scan_live(page, |order| {
            if page < PAGES_MAX && matches(filter, order, group(order.account)) {
                counted.count(order);
            }
        });
        match looked {
            None => return counted.shape(true, seq, platform),
            Some(at) => seq = at,
        }
        tokio::task::yield_now().await;
    }
    counted.shape(false, seq, platform)
}

/// Balances before and after a movement of value, and why it would be refused, if so.
#[derive(Serialize)]
pub(super) struct Moved {
    account: String,
    asset: String,
    before: Option<BalanceShape>,
    after: Option<BalanceShape>,
    other: Other,
    refusal: Option<&'static str>,
    /// Whose funds are missing, where that is the refusal.
    short: Option<String>,
    seq: u64,
}

#[derive(Serialize)]
struct Other {
    account: String,
    before: Option<BalanceShape>,
    after: Option<BalanceShape>,
}

/// What a deposit, withdrawal or adjustment would do.
pub(super) async fn transfer(
    State(platform): State<Platform>,
    Segment(code): Segment,
    Question(body): Question,
) -> ApiResult<Json<Moved>> {
    let account = known(&platform, &code)?;
    let body: NewTransfer<'_> = fields::read(&body)?;
    if body.is_in_batch() {
        return Err(ApiError::plain(Code::UnknownField).field("account"));
    }
    let transfer = body.read(account, &platform)?;
    let (delta, other) = match transfer.kind {
        TransferKind::Deposit => (transfer.amount.0, AccountId::OUTSIDE),
        TransferKind::Withdraw => {
            (transfer.amount.0.checked_neg().unwrap_or(0), AccountId::OUTSIDE)
        }
        TransferKind::Adjust => (transfer.amount.0, AccountId::HOUSE),
    };
    let live = &platform.live;
    let (own, seq) = live.balances_at(account);
    let theirs = live.balances_at(other).0;
    let find = |all: &[BalanceState], account| {
        let none = BalanceState {
            account,
            asset: transfer.asset,
            total: Amount::ZERO,
            locked: Amount::ZERO,
        };
        all.iter().find(|balance| balance.asset == transfer.asset).copied().unwrap_or(none)
    };
    let (own, theirs) = (find(&own, account), find(&theirs, other));
    let changed = |balance: BalanceState, delta: i64| {
        let total = balance.total.0.checked_add(delta).map(Amount);
        total.map(|total| BalanceState { total, ..balance })
    };
    let (after, theirs_after) = (changed(own, delta), changed(theirs, delta.wrapping_neg()));
    let status = live.account_state(account).map(|state| state.status);
    let refusal = refusal(transfer.kind, transfer.amount.0, status, [after, theirs_after]);
    let missing = [after, theirs_after].into_iter().flatten().find(is_short);
    let short = missing.filter(|_| refusal == Some(Reject::InsufficientFunds));
    let short = short.and_then(|balance| live.account_state(balance.account));
    let shape = |balance: Option<BalanceState>| BalanceShape::find(&balance?, seq, live);
    let other_code = live.account_state(other).map(|state| state.code.to_string());
    Ok(Json(Moved {
        account: code,
        asset: live.asset(transfer.asset).map(|spec| spec.code.to_string()).unwrap_or_default(),
        before: shape(Some(own)),
        after: shape(after),
        other: Other {
            account: other_code.unwrap_or_default(),
            before: shape(Some(theirs)),
            after: shape(theirs_after),
        },
        refusal: refusal.map(Reject::code),
        short: short.map(|account| account.code.to_string()),
        seq: seq.0,
    }))
}

/// Whether a movement would leave less than is locked.
fn is_short(balance: &BalanceState) -> bool {
    balance.total < balance.locked && !balance.account.may_go_negative()
}

/// Why the engine would refuse it, as far as that can be told from here.
fn refusal(
    kind: TransferKind,
    amount: i64,
    status: Option<AccountStatus>,
    after: [Option<BalanceState>; 2],
) -> Option<Reject> {
    let is_signed = kind == TransferKind::Adjust;
    if amount == 0 || amount < 0 && !is_signed || amount == i64::MIN {
        return Some(Reject::InvalidAmount);
    }
    match (kind, status) {
        (TransferKind::Adjust, _) => {}
        (_, Some(AccountStatus::Closed)) => return Some(Reject::AccountClosed),
        (TransferKind::Withdraw, Some(AccountStatus::Suspended)) => {
            return Some(Reject::AccountSuspended);
        }
        _ => {}
    }
    let [Some(own), Some(other)] = after else { return Some(Reject::AmountOverflow) };
    (is_short(&own) || is_short(&other)).then_some(Reject::InsufficientFunds)
}
