//! What people watch who may have to step in: instruments that do not trade freely and by whose
//! doing, and how much of its limits an account, a group or an instrument uses.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::command::{Bound, RiskLimits};
use zaraba_engine::engine::RiskUse;
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;

use super::accounts;
use super::instruments;
use super::risk::{is_value, valued};
use super::rules::All;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Params};
use crate::market::shapes::HALTS;
use crate::market::text::{decimal, time};
use crate::platform::Platform;
use crate::queries::ActionRow;

/// Most open orders of one account looked at.
const ORDERS_MAX: usize = 200_000;

/// An instrument that does not trade freely.
#[derive(Serialize)]
pub(super) struct Halted {
    symbol: String,
    status: &'static str,
    phase: &'static str,
    until: Option<String>,
    /// Kinds and sides that are refused.
    halts: Vec<&'static str>,
    /// Whether its kill switch or the venue's is on.
    killed: bool,
    /// Who last halted it or called the auction; null where nobody did, or the database does
    /// not tell now.
    by: Option<By>,
}

/// Who did something, and why.
#[derive(Serialize)]
pub(super) struct By {
    actor: String,
    approver: String,
    request_id: String,
    reason: String,
    at: String,
}

impl By {
    pub(super) fn new(row: &ActionRow) -> By {
        By {
            actor: row.actor.clone(),
            approver: row.approver.clone(),
            request_id: row.request.clone(),
            reason: row.reason.clone(),
            at: time(row.at),
        }
    }
}

/// Instruments that do not trade freely, by a person's doing or a circuit breaker's.
pub(super) async fn halts(
    State(platform): State<Platform>,
    _: NoParams,
) -> ApiResult<Json<All<Halted>>> {
    let seq = platform.live.seq().0;
    let killed = |id| platform.live.rules(|rules| rules.killed(id));
    let held = |id: InstrumentId, state: &InstrumentState| {
        state.status != InstrumentStatus::Open
            || state.halts != Halts(0)
            || state.phase == Phase::Call
            || killed(id)
    };
    let found: Vec<_> =
        platform.live.instruments().into_iter().filter(|(id, state)| held(*id, state)).collect();
    let ids: Vec<u64> = found.iter().map(|(id, _)| u64::from(id.0)).collect();
    // Without the database the list is as good, but for who did it.
    let by = platform.history.halted_by(&ids).await.unwrap_or_default();
    let items = found.iter().map(|(id, state)| Halted {
        symbol: state.spec.symbol.to_string(),
        status: state.status.as_str(),
        phase: state.phase.as_str(),
        until: (state.until.0 != 0).then(|| time(state.until)),
        halts: HALTS
            .iter()
            .filter(|(_, halt)| state.halts.has(*halt))
            .map(|(word, _)| *word)
            .collect(),
        killed: killed(*id),
        by: by.iter().find(|row| row.target_id == u64::from(id.0)).map(By::new),
    });
    Ok(Json(All { items: items.collect(), seq }))
}

/// Whose usage: exactly one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    account: Option<String>,
    group: Option<String>,
    instrument: Option<String>,
}

/// How much of its limits someone uses.
#[derive(Serialize)]
pub(super) struct Usage {
    scope: serde_json::Value,
    /// Live orders now.
    open_orders: u64,
    /// Whether these are all; else there are at least so many.
    complete: bool,
    /// What is held of each base asset, and would be if all open buys filled.
    positions: Vec<Position>,
    limits: BTreeMap<&'static str, Limit>,
    /// Asset that limits of value are in; null where there are none.
    currency: Option<String>,
    seq: u64,
}

#[derive(Serialize)]
struct Position {
    asset: String,
    held: String,
    open_buys: String,
}

/// A limit that binds here.
#[derive(Serialize)]
struct Limit {
    soft: Option<String>,
    hard: Option<String>,
    /// In the limit's unit: open orders, the largest position, the value traded on the day,
    /// messages of the present (or the last) second; null for measures of one order.
    used: Option<String>,
}

/// What is counted of open orders.
#[derive(Default)]
struct Counted {
    orders: u64,
    /// Minor units of the base asset.
    buys: BTreeMap<AssetId, i128>,
    complete: bool,
}

/// How much of its limits an account, a group or an instrument uses now.
pub(super) async fn usage(
    State(platform): State<Platform>,
    Params(whose): Params<Whose>,
) -> ApiResult<Json<Usage>> {
    let (scope, shown) = match (&whose.account, &whose.group, &whose.instrument) {
        (Some(code), None, None) => {
            let account = accounts::known(&platform, code)?;
            (RiskScope::Account(account), serde_json::json!({"account": code}))
        }
        (None, Some(group), None) => {
            let wrong = || {
                ApiError::new(Code::InvalidParameter, "group is a number from 0 to 65535")
                    .field("group")
            };
            let number: u16 = group.parse().map_err(|_| wrong())?;
            (RiskScope::Group(GroupId(number)), serde_json::json!({"group": number}))
        }
        (None, None, Some(symbol)) => {
            let instrument = instruments::known(&platform, symbol)?;
            (RiskScope::Instrument(instrument), serde_json::json!({"instrument": symbol}))
        }
        _ => {
            let message = "one of account, group, instrument";
            return Err(ApiError::new(Code::InvalidParameter, message));
        }
    };
    let (seq, told) = platform.questions.risk_use(scope, platform.clock.now()).await?;
    // A group that was never named has nothing.
    let told = told.unwrap_or(RiskUse { open_orders: 0, day_value: None, messages: None });
    let (counted, positions) = match scope {
        RiskScope::Account(account) => {
            let counted = count(&platform, account);
            let positions = positions(&platform, account, &counted);
            (counted, positions)
        }
        // The engine counts the orders of groups and instruments, and positions are accounts'.
        _ => {
            let orders = told.open_orders.into();
            (Counted { orders, complete: true, ..Counted::default() }, Vec::new())
        }
    };
    let limits = limits_on(&platform, scope);
    let largest = positions.iter().map(|(held, buys, _)| held + buys).max();
    let currency = limits.and_then(|limits| platform.live.asset(limits.currency));
    let digits = currency.map_or(0, |asset| asset.exponent);
    Ok(Json(Usage {
        scope: shown,
        open_orders: counted.orders,
        complete: counted.complete,
        limits: limits
            .map(|limits| shape(&limits, digits, counted.orders, largest, &told))
            .unwrap_or_default(),
        currency: limits.filter(valued).and(currency).map(|asset| asset.code.to_string()),
        positions: positions.into_iter().map(|(.., shape)| shape).collect(),
        seq: seq.0,
    }))
}

/// The limits that bind a scope: of an account that has none, its group's for each member.
fn limits_on(platform: &Platform, scope: RiskScope) -> Option<RiskLimits> {
    platform.live.rules(|rules| {
        let own = rules.risk_limits.get(&scope);
        let members = match scope {
            RiskScope::Account(account) => {
                let group = rules.groups.get(&account).copied().unwrap_or(GroupId(0));
                rules.risk_limits.get(&RiskScope::Members(group))
            }
            _ => None,
        };
        own.or(members).copied()
    })
}

fn shape(
    limits: &RiskLimits,
    digits: u8,
    open: u64,
    largest: Option<i128>,
    told: &RiskUse,
) -> BTreeMap<&'static str, Limit> {
    let set = |number: i64| (number != 0).then_some(number);
    let measures = RiskMeasure::ALL.iter().filter_map(|measure| {
        let bound = limits.bounds[*measure as usize];
        let used = match measure {
            RiskMeasure::OpenOrders => i64::try_from(open).ok(),
            RiskMeasure::Position => largest.and_then(|largest| i64::try_from(largest).ok()),
            RiskMeasure::DayValue => told.day_value.map(|value| value.0),
            RiskMeasure::Messages => told.messages.map(i64::from),
            RiskMeasure::OrderQuantity | RiskMeasure::OrderValue | RiskMeasure::Collar => None,
        };
        // Values as they are set: in the currency, not in its minor units.
        let digits = if is_value(*measure) { digits } else { 0 };
        let text = |units: i64| decimal(i128::from(units), digits);
        let limit = Limit {
            soft: set(bound.soft).map(text),
            hard: set(bound.hard).map(text),
            used: used.map(text),
        };
        (bound != Bound::default()).then_some((measure.as_str(), limit))
    });
    measures.collect()
}

/// Counts an account's open orders and what its buys would bring.
fn count(platform: &Platform, account: AccountId) -> Counted {
    let live = &platform.live;
    let (orders, _, next) = live.open_orders_page(account, None, ORDERS_MAX, |_| true);
    let mut counted = Counted { complete: next.is_none(), ..Counted::default() };
    for order in &orders {
        counted.orders += 1;
        let open = order.quantity.0 - order.filled.0 - order.prevented.0;
        let Some(spec) = live.spec(order.instrument).filter(|_| order.side == Side::Buy) else {
            continue;
        };
        let exponent = live.asset(spec.base_asset).map_or(0, |asset| asset.exponent);
        let digits = u32::from(exponent.saturating_sub(spec.quantity_digits));
        *counted.buys.entry(spec.base_asset).or_default() += i128::from(open) * 10i128.pow(digits);
    }
    counted
}

/// What an account holds of the assets it could trade, minor units and as shown.
fn positions(
    platform: &Platform,
    account: AccountId,
    counted: &Counted,
) -> Vec<(i128, i128, Position)> {
    let bases: std::collections::BTreeSet<AssetId> =
        platform.live.instruments().iter().map(|(_, state)| state.spec.base_asset).collect();
    let balances = platform.live.balances(account);
    let held = |asset| balances.iter().find(|b| b.asset == asset).map_or(0, |b| b.total.0);
    let shape = |asset: &AssetId| {
        let (held, buys) = (held(*asset).into(), counted.buys.get(asset).copied().unwrap_or(0));
        let spec = platform.live.asset(*asset)?;
        let position = Position {
            asset: spec.code.to_string(),
            held: decimal(held, spec.exponent),
            open_buys: decimal(buys, spec.exponent),
        };
        (held != 0 || buys != 0).then_some((held, buys, position))
    };
    bases.iter().filter_map(shape).collect()
}
