//! Whose orders count as one where simultaneous orders share in turns: accounts, or the firms they
//! trade through.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::Command;
use zaraba_engine::types::*;

use super::accounts;
use super::guard::Change;
use super::{accepted, submit};
use crate::intake::http::error::ApiResult;
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, choice, required};
use crate::platform::Platform;

/// Largest number of a firm.
const FIRM_MAX: i64 = i32::MAX as i64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFirm<'a> {
    /// 0: none.
    #[serde(borrow)]
    firm: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// The firm an account trades through.
#[derive(Serialize)]
pub(super) struct OfFirm {
    account: String,
    firm: u32,
    seq: u64,
}

/// Names the firm an account trades through.
pub(super) async fn set_firm(
    State(platform): State<Platform>,
    Segment(code): Segment,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<OfFirm>> {
    let account = accounts::known(&platform, &code)?;
    let body: NewFirm<'_> = fields::read(&change.body)?;
    let firm = required(&body.firm, "firm")?.integer("firm", 0, FIRM_MAX)? as u32;
    let by = change.because(&body.reason)?;
    let receipt = submit(&platform, Command::SetFirm { account, firm: FirmId(firm), by }).await?;
    accepted(&receipt)?;
    Ok(Json(OfFirm { account: code, firm, seq: receipt.step().seq.0 }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewParticipants<'a> {
    /// `account` or `firm`.
    #[serde(borrow)]
    participants: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Whose orders count as one in the auctions of profile `tse`.
#[derive(Serialize)]
pub(super) struct Setting {
    profile: &'static str,
    participants: &'static str,
    /// How many accounts have a firm.
    accounts_with_firm: usize,
    seq: u64,
}

fn setting(platform: &Platform, seq: u64) -> Setting {
    let (participants, accounts_with_firm) =
        platform.live.rules(|rules| (rules.participants, rules.firms.len()));
    Setting {
        profile: Profile::Tse.as_str(),
        participants: participants.as_str(),
        accounts_with_firm,
        seq,
    }
}

/// Whose orders count as one.
pub(super) async fn show(State(platform): State<Platform>, _: NoParams) -> Json<Setting> {
    let seq = platform.live.seq().0;
    Json(setting(&platform, seq))
}

/// Sets whose orders count as one, from the next auction on.
pub(super) async fn set(
    State(platform): State<Platform>,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<Setting>> {
    let body: NewParticipants<'_> = fields::read(&change.body)?;
    let given = required(&body.participants, "participants")?;
    let participants = choice("participants", given, Participants::ALL, Participants::as_str)?;
    let by = change.because(&body.reason)?;
    let command = Command::SetParticipants { profile: Profile::Tse, participants, by };
    let receipt = submit(&platform, command).await?;
    accepted(&receipt)?;
    Ok(Json(setting(&platform, receipt.step().seq.0)))
}
