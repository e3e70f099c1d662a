//! Deposits, withdrawals and adjustments. The reference makes a repeat harmless: it gets the
//! first answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use zaraba_engine::command::{Transfer, TransferKind};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::accounts::{Batch, BatchItem, known, within_batch};
use super::guard::Change;
use super::{accepted, submit};
use crate::bus::Receipt;
use crate::intake::http::decimal;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::Segment;
use crate::intake::http::fields::{self, Given, Object, choice, required};
use crate::intake::http::place::client_id;
use crate::intake::http::shapes::{BalanceShape, amount};
use crate::platform::Platform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTransfer<'a> {
    /// In batches only; else in the path.
    #[serde(borrow)]
    account: Option<Given<'a>>,
    /// `deposit`, `withdraw`, `adjust`.
    #[serde(borrow)]
    kind: Option<Given<'a>>,
    #[serde(borrow)]
    asset: Option<Given<'a>>,
    /// Decimal string; of adjustments signed, from the account's view.
    #[serde(borrow)]
    amount: Option<Given<'a>>,
    #[serde(borrow)]
    reference: Option<Given<'a>>,
    /// For batches: in the batch.
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

impl NewTransfer<'_> {
    /// Whether it names its account, as those in batches do.
    pub(super) fn is_in_batch(&self) -> bool {
        self.account.is_some()
    }

    /// The movement.
    ///
    /// # Errors
    /// What is missing, unknown or no number.
    pub(super) fn read(&self, account: AccountId, platform: &Platform) -> ApiResult<Transfer> {
        let kind =
            choice("kind", required(&self.kind, "kind")?, TransferKind::ALL, TransferKind::as_str)?;
        let code = required(&self.asset, "asset")?.text("asset")?;
        let unknown = || ApiError::plain(Code::UnknownAsset).field("asset");
        let asset = platform.live.asset_by_code(code).ok_or_else(unknown)?;
        let exponent = platform.live.asset(asset).ok_or_else(unknown)?.exponent;
        let amount = required(&self.amount, "amount")?.text("amount")?;
        let amount = decimal::parse_signed(amount, exponent)
            .map_err(|_| ApiError::plain(Code::InvalidAmount).field("amount"))?;
        let reference = required(&self.reference, "reference")?.text("reference")?;
        let reference = client_id(reference)
            .ok_or_else(|| ApiError::plain(Code::InvalidClientOrderId).field("reference"))?;
        Ok(Transfer { kind, account, asset, amount: Amount(amount), reference })
    }
}

/// A transfer that is done.
#[derive(Serialize)]
pub(super) struct TransferShape {
    account: String,
    reference: String,
    /// The balance as it stands.
    balance: Option<BalanceShape>,
    seq: u64,
}

fn done(
    receipt: &Receipt,
    transfer: &Transfer,
    platform: &Platform,
) -> ApiResult<(StatusCode, TransferShape)> {
    accepted(receipt).map_err(|error| explained(error, transfer, platform))?;
    let repeated = receipt.events().iter().any(|event| matches!(event, Event::Repeated { .. }));
    let account = platform.live.account_state(transfer.account);
    let (balances, seq) = platform.live.balances_at(transfer.account);
    let balance = balances.iter().find(|balance| balance.asset == transfer.asset);
    let shape = TransferShape {
        account: account.map(|account| account.code.to_string()).unwrap_or_default(),
        reference: transfer.reference.to_string(),
        balance: balance.and_then(|b| BalanceShape::find(b, seq, &platform.live)),
        seq: receipt.step().seq.0,
    };
    Ok((if repeated { StatusCode::OK } else { StatusCode::CREATED }, shape))
}

/// Says whose funds are missing where they are not the account's own: what an adjustment gives, the
/// house pays.
fn explained(error: ApiError, transfer: &Transfer, platform: &Platform) -> ApiError {
    let house_pays = transfer.kind == TransferKind::Adjust && transfer.amount.0 > 0;
    if error.code != Code::InsufficientFunds || !house_pays {
        return error;
    }
    let (balances, _) = platform.live.balances_at(AccountId::HOUSE);
    let held = balances.iter().find(|balance| balance.asset == transfer.asset);
    let asset = platform.live.asset(transfer.asset);
    let available = asset.map(|asset| {
        amount(held.map_or(Amount::ZERO, |held| Amount(held.total.0 - held.locked.0)), &asset)
    });
    let code = asset.map(|asset| asset.code.to_string()).unwrap_or_default();
    let message = format!(
        "an adjustment that adds to an account is paid by the house, which has {} {code} available: \
         deposit to the account `house` first, or adjust by less",
        available.as_deref().unwrap_or("no")
    );
    let details = serde_json::json!({"account": "house", "asset": code, "available": available});
    ApiError::new(Code::InsufficientFunds, message).details(details)
}

/// One movement of value: 201, or 200 for a repeat.
pub(super) async fn create(
    State(platform): State<Platform>,
    Segment(code): Segment,
    change: Change,
) -> ApiResult<(StatusCode, Json<TransferShape>)> {
    let account = known(&platform, &code)?;
    let body: NewTransfer<'_> = fields::read(&change.body)?;
    if body.is_in_batch() {
        return Err(ApiError::plain(Code::UnknownField).field("account"));
    }
    let transfer = body.read(account, &platform)?;
    let by = change.because(&body.reason)?;
    let receipt = submit(&platform, Command::Transfer { transfer, by }).await?;
    done(&receipt, &transfer, &platform).map(|(status, shape)| (status, Json(shape)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTransfers<'a> {
    #[serde(borrow)]
    transfers: Vec<Object<NewTransfer<'a>>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Up to a thousand movements, each with its own answer.
pub(super) async fn create_batch(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<Json<Batch<TransferShape>>> {
    let body: NewTransfers<'_> = fields::read(&change.body)?;
    within_batch(body.transfers.len(), "transfers")?;
    let by = change.because(&body.reason)?;
    let mut waiting = Vec::with_capacity(body.transfers.len());
    for given in &body.transfers {
        let account = required(&given.account, "account").and_then(|code| code.text("account"));
        let transfer = account
            .and_then(|code| known(&platform, code))
            .and_then(|account| given.read(account, &platform));
        waiting.push(transfer.and_then(|transfer| {
            let command = Command::Transfer { transfer, by: by.clone() };
            Ok((platform.gate.enqueue(command)?, transfer))
        }));
    }
    let mut batch = Batch { items: Vec::with_capacity(waiting.len()), seq: 0 };
    for entry in waiting {
        let item = match entry {
            Ok((receipt, transfer)) => receipt
                .await
                .map_err(|_| ApiError::plain(Code::OutcomeUnknown))
                .and_then(|receipt| {
                    batch.seq = receipt.step().seq.0;
                    done(&receipt, &transfer, &platform)
                }),
            Err(error) => Err(error),
        };
        batch.items.push(BatchItem::new(item));
    }
    Ok(Json(batch))
}
