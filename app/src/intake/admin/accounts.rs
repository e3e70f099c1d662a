//! Accounts: list, one with what it has, create one or many, change of status.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zaraba_engine::engine::AccountState;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Reject};

use super::assets::code;
use super::guard::Change;
use super::keys::KeyShape;
use super::{BATCH_MAX, accepted, refusal, submit};
use crate::bus::Receipt;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Params, Segment};
use crate::intake::http::fields::{self, Given, choice, required};
use crate::intake::http::history::limit_of;
use crate::intake::http::shapes::{BalanceShape, List, OrderShape};

use crate::platform::Platform;

/// Open orders shown with an account; more are had from the history.
const ORDERS_SHOWN: usize = 100;

/// An account.
#[derive(Serialize)]
pub(super) struct AccountShape {
    account_id: u32,
    code: String,
    /// `active`, `suspended`, `closed`.
    status: &'static str,
}

impl AccountShape {
    fn new(id: AccountId, state: &AccountState) -> AccountShape {
        AccountShape {
            account_id: id.0,
            code: state.code.to_string(),
            status: state.status.as_str(),
        }
    }

    fn find(platform: &Platform, id: AccountId) -> ApiResult<AccountShape> {
        let unknown = || ApiError::plain(Code::UnknownAccount);
        Ok(AccountShape::new(id, &platform.live.account_state(id).ok_or_else(unknown)?))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountsQuery {
    after: Option<String>,
    limit: Option<String>,
}

/// Accounts by number; `after` is the code of the last one of the page before.
pub(super) async fn list(
    State(platform): State<Platform>,
    Params(query): Params<AccountsQuery>,
) -> ApiResult<Json<List<AccountShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let unknown = || ApiError::plain(Code::InvalidCursor).field("after");
    let after = query
        .after
        .as_deref()
        .map(|code| platform.live.account(code).ok_or_else(unknown))
        .transpose()?;
    let seq = platform.live.seq().0;
    let mut page = platform.live.accounts_page(after, limit + 1);
    let more = page.len() > limit;
    page.truncate(limit);
    let next_cursor = page.last().filter(|_| more).map(|(_, state)| state.code.to_string());
    let items = page.iter().map(|(id, state)| AccountShape::new(*id, state)).collect();
    Ok(Json(List { items, next_cursor, seq }))
}

/// An account and what it has.
#[derive(Serialize)]
pub(super) struct AccountDetail {
    #[serde(flatten)]
    account: AccountShape,
    group: u16,
    firm: u32,
    /// Scopes of the kill switches that stop it.
    killed: Vec<&'static str>,
    balances: Vec<BalanceShape>,
    open_order_count: usize,
    /// The first hundred, oldest first.
    open_orders: Vec<OrderShape>,
    keys: Vec<KeyShape>,
    seq: u64,
}

/// One account.
pub(super) async fn one(
    State(platform): State<Platform>,
    Segment(code): Segment,
    _: NoParams,
) -> ApiResult<Json<AccountDetail>> {
    let id = known(&platform, &code)?;
    let (balances, seq) = platform.live.balances_at(id);
    let (orders, ..) = platform.live.open_orders_page(id, None, ORDERS_SHOWN, |_| true);
    let live = &platform.live;
    let (group, firm, killed) = live.rules(|rules| {
        let group = rules.groups.get(&id).copied().unwrap_or(GroupId(0));
        let scopes = [
            (KillScope::Account(id), "account"),
            (KillScope::Group(group), "group"),
            (KillScope::Venue, "venue"),
        ];
        let on = scopes.iter().filter(|(scope, _)| rules.kills.contains(scope));
        let firm = rules.firms.get(&id).copied().unwrap_or(FirmId(0));
        (group, firm, on.map(|(_, word)| *word).collect())
    });
    Ok(Json(AccountDetail {
        account: AccountShape::find(&platform, id)?,
        group: group.0,
        firm: firm.0,
        killed,
        balances: balances.iter().filter_map(|b| BalanceShape::find(b, seq, live)).collect(),
        open_order_count: live.open_order_count(id),
        open_orders: orders.iter().filter_map(|o| OrderShape::find(o, live)).collect(),
        keys: platform.keys.of_account(&code).iter().map(|key| KeyShape::new(key)).collect(),
        seq: seq.0,
    }))
}

/// The account with this code.
pub(super) fn known(platform: &Platform, code: &str) -> ApiResult<AccountId> {
    let unknown = || ApiError::plain(Code::UnknownAccount).field("account");
    platform.live.account(code).ok_or_else(unknown)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
    #[serde(borrow)]
    code: Option<Given<'a>>,
}

/// A new account.
pub(super) async fn create(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<(StatusCode, Json<AccountShape>)> {
    let body: NewAccount<'_> = fields::read(&change.body)?;
    let code: AccountCode = code("code", required(&body.code, "code")?)?;
    let by = change.because(&body.reason)?;
    let receipt = submit(&platform, Command::CreateAccount { code }.given_by(*by)).await?;
    created(&receipt, &code, &platform).map(|account| (StatusCode::CREATED, Json(account)))
}

fn created(receipt: &Receipt, code: &AccountCode, platform: &Platform) -> ApiResult<AccountShape> {
    let has_it = platform.live.account(code.as_str());
    if refusal(receipt) == Some(Reject::AlreadyExists) {
        let has_it = has_it.and_then(|id| AccountShape::find(platform, id).ok());
        let details = json!({"account": has_it});
        return Err(ApiError::plain(Code::AlreadyExists).field("code").details(details));
    }
    accepted(receipt)?;
    let id = has_it.ok_or_else(|| ApiError::plain(Code::InternalError))?;
    AccountShape::find(platform, id)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccounts<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
    #[serde(borrow)]
    codes: Vec<Given<'a>>,
}

/// What became of one of several.
#[derive(Serialize)]
pub(super) struct BatchItem<T: Serialize> {
    /// What the single call would have answered.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<serde_json::Value>,
}

impl<T: Serialize> BatchItem<T> {
    /// An answer as the single call gives it.
    pub(super) fn new(answer: ApiResult<(StatusCode, T)>) -> BatchItem<T> {
        match answer {
            Ok((status, item)) => {
                BatchItem { status: status.as_u16(), result: Some(item), error: None }
            }
            Err(error) => BatchItem {
                status: error.code.status(),
                result: None,
                error: serde_json::to_value(error.shape()).ok(),
            },
        }
    }
}

/// Answers in the order of the request.
#[derive(Serialize)]
pub(super) struct Batch<T: Serialize> {
    pub(super) items: Vec<BatchItem<T>>,
    pub(super) seq: u64,
}

/// Up to a thousand new accounts, each with its own answer.
pub(super) async fn create_batch(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<Json<Batch<AccountShape>>> {
    let body: NewAccounts<'_> = fields::read(&change.body)?;
    within_batch(body.codes.len(), "codes")?;
    let by = change.because(&body.reason)?;
    let mut waiting = Vec::with_capacity(body.codes.len());
    for given in &body.codes {
        waiting.push(code("codes", given).and_then(|code: AccountCode| {
            Ok((platform.gate.enqueue(Command::CreateAccount { code }.given_by(*by))?, code))
        }));
    }
    let mut batch = Batch { items: Vec::with_capacity(waiting.len()), seq: 0 };
    for entry in waiting {
        let item = match entry {
            Ok((receipt, code)) => receipt
                .await
                .map_err(|_| ApiError::plain(Code::OutcomeUnknown))
                .and_then(|receipt| {
                    batch.seq = receipt.step().seq.0;
                    created(&receipt, &code, &platform)
                }),
            Err(error) => Err(error),
        };
        batch.items.push(BatchItem::new(item.map(|account| (StatusCode::CREATED, account))));
    }
    Ok(Json(batch))
}

/// Refuses empty and too large batches.
pub(super) fn within_batch(count: usize, name: &'static str) -> ApiResult<()> {
    if (1..=BATCH_MAX).contains(&count) {
        return Ok(());
    }
    let message = format!("{name} has 1 to {BATCH_MAX} entries, not {count}");
    Err(ApiError::new(Code::InvalidValue, message).field(name))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStatus<'a> {
    #[serde(borrow)]
    status: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// An account after a change.
#[derive(Serialize)]
pub(super) struct Changed {
    #[serde(flatten)]
    account: AccountShape,
    /// Journal sequence of the change.
    seq: u64,
}

/// Changes what an account may do.
pub(super) async fn set_status(
    State(platform): State<Platform>,
    Segment(code): Segment,
    change: Change,
) -> ApiResult<Json<Changed>> {
    let account = known(&platform, &code)?;
    let body: NewStatus<'_> = fields::read(&change.body)?;
    let status = required(&body.status, "status")?;
    let status = choice("status", status, AccountStatus::ALL, AccountStatus::as_str)?;
    let by = change.because(&body.reason)?;
    let receipt = submit(&platform, Command::SetAccountStatus { account, status, by }).await?;
    accepted(&receipt)?;
    let account = AccountShape::find(&platform, account)?;
    Ok(Json(Changed { account, seq: receipt.step().seq.0 }))
}
