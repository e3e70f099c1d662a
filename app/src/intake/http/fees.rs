//! `GET /v1/fees`: what an account pays now, what that goes by, and what the next step would bring.
//! Volumes are asked of the engine, which charges by them; schedules and pairs come from memory.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zaraba_engine::command::{AssetSpec, FeeTiers};
use zaraba_engine::engine::{Rates, fee_step, fee_step_rates};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

use super::cancel::instrument_of;
use super::error::{ApiResult, ErrorBody};
use super::extract::{Params, Read, Signed};
use super::shapes::amount;
use crate::market::text::decimal;
use crate::platform::Platform;
use crate::sequencer::ASSETS_MAX;

/// Decimals of a rate: parts per million.
const RATE_DIGITS: u8 = 6;

/// Which instruments.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeesQuery {
    /// Only this one.
    symbol: Option<String>,
}

/// An account's fees.
#[derive(Serialize, ToSchema)]
#[schema(as = Fees)]
pub struct FeesShape {
    /// One per asset with a fee schedule.
    tiers: Vec<TierShape>,
    /// One per instrument.
    items: Vec<PairShape>,
    /// Journal sequence the volumes reflect.
    seq: u64,
}

/// Where an account stands in the schedule of a quote asset.
#[derive(Serialize, ToSchema)]
#[schema(as = FeeTier)]
pub struct TierShape {
    /// Quote asset the schedule is of.
    #[schema(example = "JPY")]
    asset: String,
    /// What the account traded over the last 30 finished trading days, as maker and taker.
    #[schema(example = "1250000.0000")]
    volume_30d: String,
    /// Steps reached; zero: none, the instruments' own rates hold.
    tier: u32,
    /// The next step; null on the highest.
    #[schema(required)]
    next: Option<NextShape>,
}

/// The next step of a schedule.
#[derive(Serialize, ToSchema)]
#[schema(as = NextFeeTier)]
pub struct NextShape {
    /// Its number.
    tier: u32,
    /// From which volume it holds.
    volume_30d: String,
    /// What is missing of that.
    missing: String,
}

/// What an account pays in one instrument, as parts of the value: `0.001000` is 0.1%.
#[derive(Serialize, ToSchema)]
#[schema(as = InstrumentFees)]
pub struct PairShape {
    /// Instrument.
    #[schema(example = "BTC_JPY")]
    symbol: String,
    /// Asset the fee is taken in.
    fee_asset: String,
    /// Of orders that rested; negative is a rebate.
    #[schema(example = "-0.000100")]
    maker_rate: String,
    /// Of orders that took, and of both sides of an auction.
    taker_rate: String,
    /// The rates of the next step; null without one.
    #[schema(required)]
    next: Option<RatesShape>,
}

/// Rates of a step.
#[derive(Serialize, ToSchema)]
#[schema(as = FeeRates)]
pub struct RatesShape {
    maker_rate: String,
    taker_rate: String,
}

/// Fee tiers, 30-day volumes and rates of the account.
#[utoipa::path(get, path = "/v1/fees", tag = "account", params(FeesQuery),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "Tier by quote asset, rates by instrument", body = FeesShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "busy, unavailable", body = ErrorBody<'static>)))]
pub async fn fees(
    State(platform): State<Platform>,
    Params(query): Params<FeesQuery>,
    request: Signed<Read>,
) -> ApiResult<Json<FeesShape>> {
    let one = instrument_of(&platform, query.symbol.as_deref())?;
    let specs: Vec<InstrumentSpec> = match one {
        Some(id) => platform.live.spec(id).into_iter().collect(),
        None => platform.live.specs(),
    };
    let schedules: Vec<FeeTiers> = platform.live.rules(|rules| {
        let known = rules.fee_tiers.values().take(ASSETS_MAX);
        known.filter(|tiers| specs.iter().any(|spec| tiered(spec, tiers))).copied().collect()
    });
    let assets = schedules.iter().map(|tiers| tiers.asset).collect();
    let (seq, volumes) = platform.questions.fee_volumes(request.account(), assets).await?;
    let standings: Vec<Standing> = schedules
        .iter()
        .zip(volumes)
        .map(|(tiers, (_, volume))| Standing::new(tiers, volume))
        .collect();
    let asset = |id| platform.live.asset(id);
    let items = specs.iter().filter_map(|spec| {
        let standing = standings.iter().find(|standing| tiered(spec, &standing.tiers));
        Some(pair(spec, &asset(spec.quote_asset)?, standing))
    });
    let tiers = standings.iter().filter_map(|it| Some(it.shape(&asset(it.tiers.asset)?)));
    Ok(Json(FeesShape { tiers: tiers.collect(), items: items.collect(), seq: seq.0 }))
}

/// Whether a schedule holds for an instrument.
fn tiered(spec: &InstrumentSpec, tiers: &FeeTiers) -> bool {
    spec.profile == Profile::Crypto && spec.quote_asset == tiers.asset
}

/// Where the account stands in one schedule.
struct Standing {
    tiers: FeeTiers,
    volume: Amount,
    step: u32,
}

impl Standing {
    fn new(tiers: &FeeTiers, volume: Amount) -> Standing {
        Standing { tiers: *tiers, volume, step: fee_step(tiers, volume) }
    }

    fn next(&self) -> Option<u32> {
        (self.step < u32::from(self.tiers.len)).then_some(self.step + 1)
    }

    fn shape(&self, asset: &AssetSpec) -> TierShape {
        let next = |tier: u32| {
            let from = self.tiers.tiers[tier as usize - 1].volume;
            NextShape {
                tier,
                volume_30d: amount(from, asset),
                missing: amount(Amount(from.0 - self.volume.0), asset),
            }
        };
        TierShape {
            asset: asset.code.to_string(),
            volume_30d: amount(self.volume, asset),
            tier: self.step,
            next: self.next().map(next),
        }
    }
}

fn pair(spec: &InstrumentSpec, quote: &AssetSpec, standing: Option<&Standing>) -> PairShape {
    let own = Rates { maker_ppm: spec.maker_fee_ppm, taker_ppm: spec.taker_fee_ppm };
    let now = standing.map_or(own, |it| fee_step_rates(&it.tiers, it.step, own));
    let next = standing.and_then(|it| Some(fee_step_rates(&it.tiers, it.next()?, own)));
    PairShape {
        symbol: spec.symbol.to_string(),
        fee_asset: quote.code.to_string(),
        maker_rate: rate(now.maker_ppm),
        taker_rate: rate(now.taker_ppm),
        next: next.map(|rates| RatesShape {
            maker_rate: rate(rates.maker_ppm),
            taker_rate: rate(rates.taker_ppm),
        }),
    }
}

fn rate(ppm: i32) -> String {
    decimal(i128::from(ppm), RATE_DIGITS)
}
