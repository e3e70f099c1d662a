//! Groups of accounts, risk limits and kill switches. A kill switch first refuses what is new,
//! then the open orders of its scope are cancelled.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zaraba_engine::Command;
use zaraba_engine::command::{Bound, CancelMany, Provenance, RiskLimits, Via};
use zaraba_engine::types::*;

use super::accounts;
use super::guard::{Change, Question};
use super::instruments::{self, asset_of, units};
use super::orders::{cancel_of_key, key_of};
use super::rules::{All, Giver, Tried, nobody, tried};
use super::watch::By;
use super::{accepted, submit};
use crate::intake::http::cancel::{Cancelled, cancel_all};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, Object, required};
use crate::intake::http::shapes::amount;
use crate::platform::Platform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewGroup<'a> {
    #[serde(borrow)]
    group: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// The group an account is in.
#[derive(Serialize)]
pub(super) struct InGroup {
    account: String,
    group: u16,
    seq: u64,
}

/// Puts an account into a group.
pub(super) async fn set_group(
    State(platform): State<Platform>,
    Segment(code): Segment,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<InGroup>> {
    let account = accounts::known(&platform, &code)?;
    let body: NewGroup<'_> = fields::read(&change.body)?;
    let group = required(&body.group, "group")?.integer("group", 0, u16::MAX.into())? as u16;
    let by = change.because(&body.reason)?;
    let command = Command::SetGroup { account, group: GroupId(group), by };
    let receipt = submit(&platform, command).await?;
    accepted(&receipt)?;
    Ok(Json(InGroup { account: code, group, seq: receipt.step().seq.0 }))
}

/// Whom something is for: exactly one of these fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whom<'a> {
    #[serde(borrow)]
    account: Option<Given<'a>>,
    /// Each account of a group that has no limits of its own (risk limits only).
    #[serde(borrow)]
    members: Option<Given<'a>>,
    #[serde(borrow)]
    group: Option<Given<'a>>,
    #[serde(borrow)]
    instrument: Option<Given<'a>>,
    /// `true` (kill switches only).
    #[serde(borrow)]
    venue: Option<Given<'a>>,
    /// An API key (kill switches only).
    #[serde(borrow)]
    session: Option<Given<'a>>,
}

enum Scope {
    Account(AccountId),
    Members(GroupId),
    Group(GroupId),
    Instrument(InstrumentId),
    Venue,
    Key(u32),
}

fn scope_of(given: &Option<Object<Whom<'_>>>, platform: &Platform) -> ApiResult<Scope> {
    let wrong = || {
        let message =
            "scope has exactly one of account, members, group, instrument, session, venue";
        ApiError::new(Code::InvalidValue, message).field("scope")
    };
    let group = |given: &Given<'_>, name| {
        given.integer(name, 0, u16::MAX.into()).map(|n| GroupId(n as u16))
    };
    let Some(whom) = given else {
        return Err(ApiError::new(Code::MissingField, "scope is required").field("scope"));
    };
    let Whom { account, members, group: of, instrument, venue, session } = &**whom;
    let all = [account, members, of, instrument, venue, session];
    if all.iter().filter(|given| given.is_some()).count() != 1 {
        return Err(wrong());
    }
    match all.map(Option::as_ref) {
        [Some(code), ..] => accounts::known(platform, code.text("account")?).map(Scope::Account),
        [_, Some(n), ..] => group(n, "members").map(Scope::Members),
        [_, _, Some(n), ..] => group(n, "group").map(Scope::Group),
        [_, _, _, Some(symbol), ..] => {
            instruments::known(platform, symbol.text("instrument")?).map(Scope::Instrument)
        }
        [.., Some(on), _] if on.flag("venue")? => Ok(Scope::Venue),
        [.., Some(api_key)] => key_of(platform, api_key.text("session")?).map(Scope::Key),
        _ => Err(wrong()),
    }
}

fn account_code(platform: &Platform, account: AccountId) -> String {
    let state = platform.live.account_state(account);
    state.map(|state| state.code.to_string()).unwrap_or_default()
}

fn symbol(platform: &Platform, instrument: InstrumentId) -> String {
    platform.live.spec(instrument).map(|spec| spec.symbol.to_string()).unwrap_or_default()
}

fn risk_scope(platform: &Platform, scope: RiskScope) -> Value {
    match scope {
        RiskScope::Account(account) => json!({"account": account_code(platform, account)}),
        RiskScope::Members(group) => json!({"members": group.0}),
        RiskScope::Group(group) => json!({"group": group.0}),
        RiskScope::Instrument(instrument) => json!({"instrument": symbol(platform, instrument)}),
    }
}

fn kill_scope(platform: &Platform, scope: KillScope) -> Value {
    match scope {
        KillScope::Account(account) => json!({"account": account_code(platform, account)}),
        KillScope::Group(group) => json!({"group": group.0}),
        KillScope::Instrument(instrument) => json!({"instrument": symbol(platform, instrument)}),
        KillScope::Venue => json!({"venue": true}),
        KillScope::Key(key) => json!({"session": platform.keys.name_of(key), "key_id": key}),
    }
}

/// Bounds are decimal strings: values in the currency, quantities in minor units of the base
/// asset, the collar in parts per million, the rest plain counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLimits<'a> {
    #[serde(borrow)]
    scope: Option<Object<Whom<'a>>>,
    #[serde(borrow)]
    limits: Option<BTreeMap<Cow<'a, str>, Object<NewBound<'a>>>>,
    /// Asset code; required with a value limit.
    #[serde(borrow)]
    currency: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBound<'a> {
    /// Above this it is taken with a warning.
    #[serde(borrow)]
    soft: Option<Given<'a>>,
    /// Above this it is refused.
    #[serde(borrow)]
    hard: Option<Given<'a>>,
}

/// Limits of one scope.
#[derive(Serialize)]
pub(super) struct LimitsShape {
    scope: Value,
    currency: Option<String>,
    limits: BTreeMap<&'static str, BoundShape>,
}

#[derive(Serialize)]
struct BoundShape {
    soft: Option<String>,
    hard: Option<String>,
}

/// Whether a measure is a value in the currency.
pub(super) fn is_value(measure: RiskMeasure) -> bool {
    matches!(measure, RiskMeasure::OrderValue | RiskMeasure::DayValue)
}

fn limits_of(body: &NewLimits<'_>, platform: &Platform) -> ApiResult<RiskLimits> {
    let given = body.limits.as_ref().ok_or_else(|| {
        ApiError::new(Code::MissingField, "limits is required; {} ends them").field("limits")
    })?;
    let mut limits = RiskLimits::default();
    let mut exponent = 0;
    if body.currency.is_some() {
        limits.currency = asset_of(&body.currency, "currency", platform)?;
        exponent = platform.live.asset(limits.currency).map_or(0, |asset| asset.exponent);
    }
    for (name, bound) in given {
        let measure = RiskMeasure::ALL.iter().copied().find(|it| it.as_str() == name.as_ref());
        let measure = measure.ok_or_else(|| {
            let known: Vec<&str> = RiskMeasure::ALL.iter().map(|it| it.as_str()).collect();
            let message = format!("limits are of: {}", known.join(", "));
            ApiError::new(Code::InvalidValue, message).field(format!("limits.{name}"))
        })?;
        if is_value(measure) && body.currency.is_none() {
            let message = "a value limit needs a currency";
            return Err(ApiError::new(Code::MissingField, message).field("currency"));
        }
        let digits = if is_value(measure) { exponent } else { 0 };
        let read = |given: &Option<Given<'_>>, field| match given {
            Some(given) => units(given, field, digits, Code::InvalidValue)
                .map_err(|error| error.within(&format!("limits.{name}"))),
            None => Ok(0),
        };
        limits.bounds[measure as usize] =
            Bound { soft: read(&bound.soft, "soft")?, hard: read(&bound.hard, "hard")? };
    }
    Ok(limits)
}

/// Limits as given: whose, which, and by whom.
type GivenLimits = (RiskScope, Box<RiskLimits>, Box<Provenance>);

fn given_limits(platform: &Platform, body: &[u8], by: Giver<'_>) -> ApiResult<GivenLimits> {
    let body: NewLimits<'_> = fields::read(body)?;
    let scope = match scope_of(&body.scope, platform)? {
        Scope::Account(account) => RiskScope::Account(account),
        Scope::Members(group) => RiskScope::Members(group),
        Scope::Group(group) => RiskScope::Group(group),
        Scope::Instrument(instrument) => RiskScope::Instrument(instrument),
        Scope::Venue | Scope::Key(_) => {
            let message = "risk limits are of an account, members, a group or an instrument";
            return Err(ApiError::new(Code::InvalidValue, message).field("scope"));
        }
    };
    Ok((scope, Box::new(limits_of(&body, platform)?), by(&body.reason)?))
}

/// Limits after they were set.
#[derive(Serialize)]
pub(super) struct LimitsSet {
    #[serde(flatten)]
    limits: LimitsShape,
    /// Journal sequence of the change.
    seq: u64,
}

/// Sets the risk limits of a scope: all of them, in place of those it had.
pub(super) async fn set_limits(
    State(platform): State<Platform>,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<LimitsSet>> {
    let by = |reason: &Option<Given<'_>>| change.because(reason);
    let (scope, limits, by) = given_limits(&platform, &change.body, &by)?;
    let set = shape(&platform, scope, &limits);
    let receipt = submit(&platform, Command::SetRiskLimits { scope, limits, by }).await?;
    accepted(&receipt)?;
    Ok(Json(LimitsSet { limits: set, seq: receipt.step().seq.0 }))
}

/// Tries the risk limits of a scope; changes nothing.
pub(super) async fn preview_limits(
    State(platform): State<Platform>,
    Question(body): Question,
) -> ApiResult<Json<Tried>> {
    let (scope, limits, by) = given_limits(&platform, &body, &nobody)?;
    tried(&platform, Command::SetRiskLimits { scope, limits, by }).await
}

/// Whether a value is limited, so that the currency means something.
pub(super) fn valued(limits: &RiskLimits) -> bool {
    let bound = |measure: &RiskMeasure| limits.bounds[*measure as usize] != Bound::default();
    RiskMeasure::ALL.iter().any(|measure| is_value(*measure) && bound(measure))
}

fn shape(platform: &Platform, scope: RiskScope, limits: &RiskLimits) -> LimitsShape {
    let currency = platform.live.asset(limits.currency);
    let text = |measure, value: i64| {
        (value != 0).then(|| match currency {
            Some(asset) if is_value(measure) => amount(Amount(value), &asset),
            _ => value.to_string(),
        })
    };
    let bounds = RiskMeasure::ALL.iter().filter_map(|measure| {
        let bound = limits.bounds[*measure as usize];
        let shape =
            BoundShape { soft: text(*measure, bound.soft), hard: text(*measure, bound.hard) };
        (bound != Bound::default()).then(|| (measure.as_str(), shape))
    });
    LimitsShape {
        scope: risk_scope(platform, scope),
        currency: currency.filter(|_| valued(limits)).map(|asset| asset.code.to_string()),
        limits: bounds.collect(),
    }
}

/// All risk limits.
pub(super) async fn limits(
    State(platform): State<Platform>,
    _: NoParams,
) -> Json<All<LimitsShape>> {
    let seq = platform.live.seq().0;
    let all: Vec<(RiskScope, RiskLimits)> =
        platform.live.rules(|rules| rules.risk_limits.iter().map(|(s, l)| (*s, *l)).collect());
    Json(All { items: all.iter().map(|(s, l)| shape(&platform, *s, l)).collect(), seq })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKill<'a> {
    #[serde(borrow)]
    scope: Option<Object<Whom<'a>>>,
    #[serde(borrow)]
    on: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// A kill switch that was thrown or released.
#[derive(Serialize)]
pub(super) struct Killed {
    scope: Value,
    on: bool,
    /// Open orders that were cancelled.
    cancelled: u64,
    /// Whether open orders may remain: repeat the request.
    more: bool,
    seq: u64,
}

/// Throws or releases a kill switch. Thrown, it cancels the open orders of its scope.
pub(super) async fn set_kill(
    State(platform): State<Platform>,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<Killed>> {
    let body: NewKill<'_> = fields::read(&change.body)?;
    let mut cancel = CancelMany {
        price: Price(0),
        account: None,
        instrument: None,
        side: None,
        group: None,
        from: CancelMany::START,
        via: Via::Admin,
        key: 0,
    };
    let scope = match scope_of(&body.scope, &platform)? {
        Scope::Account(account) => {
            cancel.account = Some(account);
            KillScope::Account(account)
        }
        Scope::Group(group) => {
            cancel.group = Some(group);
            KillScope::Group(group)
        }
        Scope::Instrument(instrument) => {
            cancel.instrument = Some(instrument);
            KillScope::Instrument(instrument)
        }
        Scope::Venue => KillScope::Venue,
        Scope::Key(key) => KillScope::Key(key),
        Scope::Members(_) => {
            let message = "a kill switch is of an account, a group, an instrument, a session or \
                           the venue";
            return Err(ApiError::new(Code::InvalidValue, message).field("scope"));
        }
    };
    let on = required(&body.on, "on")?.flag("on")?;
    let by = change.because(&body.reason)?;
    let receipt = submit(&platform, Command::SetKill { scope, on, by: by.clone() }).await?;
    accepted(&receipt)?;
    let shown = kill_scope(&platform, scope);
    let seq = receipt.step().seq.0;
    if !on {
        return Ok(Json(Killed { scope: shown, on, cancelled: 0, more: false, seq }));
    }
    let done = match scope {
        // The switch is on: that what the key has open could not be looked up does not undo it.
        KillScope::Key(key) => match cancel_of_key(&platform, key, &by).await {
            Err(error) if error.code == Code::HistoryUnavailable => {
                Cancelled { cancelled: 0, more: true, seq }
            }
            done => done?,
        },
        _ => cancel_all(&platform, cancel, Some(&by)).await?,
    };
    Ok(Json(Killed {
        scope: shown,
        on,
        cancelled: done.cancelled,
        more: done.more,
        seq: done.seq.max(seq),
    }))
}

/// A kill switch that is on: its scope, and who threw it.
#[derive(Serialize)]
pub(super) struct Thrown {
    #[serde(flatten)]
    scope: Value,
    /// Null where the database does not tell now.
    by: Option<By>,
}

/// The kill switches that are on.
pub(super) async fn kills(State(platform): State<Platform>, _: NoParams) -> Json<All<Thrown>> {
    let seq = platform.live.seq().0;
    let all: Vec<KillScope> = platform.live.rules(|rules| rules.kills.iter().copied().collect());
    // Without the database the list is as good, but for who threw them.
    let by = match all.is_empty() {
        true => Vec::new(),
        false => platform.history.killed_by().await.unwrap_or_default(),
    };
    let items = all.iter().map(|scope| {
        let name = crate::projections::rules::kill_scope(*scope);
        let by = by.iter().find(|(of, _)| *of == name).map(|(_, row)| By::new(row));
        Thrown { scope: kill_scope(&platform, *scope), by }
    });
    Json(All { items: items.collect(), seq })
}
